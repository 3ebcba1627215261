"""The metadata of one submission, whole, for both flavours, with a reading of every attribute beside it.

The golden files are what leaves (indented here for the eye). They are read by XPath, not by ``gateway.xds.ebrim``: a
writer and a reader that share an error would agree.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from gateway.model.share import FrozenSubmission
from gateway.trust.safexml import parse
from gateway.xds import metadata
from gateway.xds.flavours import FlavourName
from gateway.xds.metadata import MetadataSettings
from tests.support.publications import PUBLICATION

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
FLAVOURS: tuple[FlavourName, ...] = ("dmp", "ihe")
NS = {"rim": "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"}

INS = "279035121518989^^^&1.2.250.1.213.1.4.10&ISO"
LOCAL = "IPP101^^^&1.2.250.1.213.4.5.2.4&ISO"
STRUCTURE = "Imagerie du Parc^^^^^&1.2.250.1.71.4.2.2&ISO"
PERSON = "&1.2.250.1.71.4.2.1&ISO"
SPECIALTY = "G15_10/SM44^Médecin - Radio-diagnostic (SM)^1.2.250.1.213.1.1.4.5"
TITLE = "CR d'imagerie médicale - IRM du genou, scanner du thorax"
AUTHORITY = "^^^&1.2.250.1.213.4.5.2.5&ISO^urn:ihe:iti:xds:2013:accession"
ORDER = "^^^&1.2.250.1.213.4.5.2.6&ISO^urn:ihe:iti:xds:2013:order"
STUDY = "^^^^urn:ihe:iti:xds:2016:studyInstanceUID"
MR = "MR^^1.2.840.10008.2.16.4 Résonance magnétique"
CT = "CT^^1.2.840.10008.2.16.4 Tomodensitométrie"
LEG = "61685007^^2.16.840.1.113883.6.96 Membre inférieur"
KNEE_ACT = "24802-1^^2.16.840.1.113883.6.1 RM genou"
THORAX_ACT = "24627-2^^2.16.840.1.113883.6.1 TDM thorax"
CHEST = "67734004^^2.16.840.1.113883.6.96 segment thoracique du tronc"

SCHEMES = {
    "classCode": "41a5887f-8865-4c09-adf7-e362475b143a",
    "typeCode": "f0306f51-975f-434e-a61c-c59651d33983",
    "formatCode": "a09d5840-386c-46f2-b5ad-9c3699a4309d",
    "healthcareFacilityTypeCode": "f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1",
    "practiceSettingCode": "cccf5598-8b07-4b77-a05e-ae952c785ead",
    "confidentialityCode": "f4f85eac-e6cb-4883-b524-f2705394840f",
    "eventCodeList": "2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4",
    "contentTypeCode": "aa543740-bdda-424e-8c96-df4873be8500",
}
IDENTIFIERS = {
    "patientId": ("58a6f841-87b3-4a3e-92fd-a8ffeff98427", "6b5aea1a-874d-4603-a4bc-96a0a7b38446"),
    "uniqueId": ("2e82c1f6-a085-4c72-9da3-8640a32e42ab", "96fdda7c-d067-4183-912e-bf5ee74998a8"),
    "sourceId": ("554ac39e-e3fe-47fe-b233-965d2a147832",),
}
AUTHORS = ("93606bcf-9494-43ec-9b4e-a7748d1a838d", "a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d")


def frozen(flavour: FlavourName, monkeypatch: pytest.MonkeyPatch) -> FrozenSubmission:
    monkeypatch.setattr(metadata, "new_uid", lambda: "2.25.41")
    return metadata.prepare(PUBLICATION, MetadataSettings(flavour=flavour, destination="registre"))


def reading(golden: etree._Element, object_id: str) -> dict[str, list[str]]:
    """Every attribute of the object, by its name in the standard."""
    (found,) = golden.xpath("//*[@id=$id]", id=object_id)
    values: dict[str, list[str]] = {}
    for slot in found.xpath("rim:Slot", namespaces=NS):
        values[slot.get("name")] = slot.xpath("rim:ValueList/rim:Value/text()", namespaces=NS)
    for name, tag in (("title", "Name"), ("comments", "Description")):
        values[name] = found.xpath(f"rim:{tag}/rim:LocalizedString/@value", namespaces=NS)
    for name, scheme in SCHEMES.items():
        values[name] = [
            "{}^^{} {}".format(
                code.get("nodeRepresentation"),
                code.xpath("string(rim:Slot[@name='codingScheme'])", namespaces=NS).strip(),
                code.xpath("string(rim:Name/rim:LocalizedString/@value)", namespaces=NS),
            )
            for code in found.xpath(
                "rim:Classification[@classificationScheme=$s]", namespaces=NS, s=f"urn:uuid:{scheme}"
            )
        ]
    for scheme in AUTHORS:
        for slot in found.xpath(
            "rim:Classification[@classificationScheme=$s]/rim:Slot", namespaces=NS, s=f"urn:uuid:{scheme}"
        ):
            values[slot.get("name")] = slot.xpath("rim:ValueList/rim:Value/text()", namespaces=NS)
    for name, schemes in IDENTIFIERS.items():
        values[name] = [
            value
            for scheme in schemes
            for value in found.xpath(
                "rim:ExternalIdentifier[@identificationScheme=$s]/@value", namespaces=NS, s=f"urn:uuid:{scheme}"
            )
        ]
    values["version"] = found.xpath("rim:VersionInfo/@versionName", namespaces=NS)
    values["mimeType"] = [found.get("mimeType", "")]
    values["objectType"] = [found.get("objectType", "")]
    return {name: found_values for name, found_values in values.items() if any(found_values)}


def entry(flavour: FlavourName, **changes: list[str]) -> dict[str, list[str]]:
    """What every entry of the submission says."""
    dmp = flavour == "dmp"
    names = ["PID-5|PAT-TROIS^DOMINIQUE^^^^^L", "PID-7|19790328", "PID-8|F", "PID-11|^^^^^^BDL^^51215"]
    values = {
        "objectType": ["urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"],
        "patientId": [INS + ("^NH" if dmp else "")],
        "sourcePatientId": [LOCAL + ("^PI" if dmp else "")],
        "sourcePatientInfo": names if dmp else [f"PID-3|{LOCAL}", *names],
        "languageCode": ["fr-FR"],
        "classCode": ["31^^1.2.250.1.213.1.1.4.1 Imagerie médicale"],
        "healthcareFacilityTypeCode": ["SA08^^1.2.250.1.71.4.2.4 Cabinet de groupe"],
        "practiceSettingCode": ["AMBULATOIRE^^1.2.250.1.213.1.1.4.9 Ambulatoire"],
        "confidentialityCode": ["N^^2.16.840.1.113883.5.25 Normal"],
        "legalAuthenticator": [f"801234560804^PAT-CHEF^Anne^^^^^^{PERSON}" + ("^D^^^IDNPS" if dmp else "")],
    }
    if dmp:
        values["submissionTime"] = ["20210108101900"]
        values["version"] = ["1"]
    return {**values, **changes}


def radiologist(flavour: FlavourName) -> dict[str, list[str]]:
    dmp = flavour == "dmp"
    return {
        "authorPerson": [f"801234560801^PAT-RADIO^Alain^^^^^^{PERSON}" + ("^D^^^IDNPS" if dmp else "")],
        "authorInstitution": [STRUCTURE + ("^IDNST^^^1120456789" if dmp else "^^^^1120456789")],
        "authorRole": ["Référent"],
        "authorSpecialty": [SPECIALTY],
    }


def gateway_itself(flavour: FlavourName) -> dict[str, list[str]]:
    dmp = flavour == "dmp"
    national = f"1.2.250.1.999.1.1.8121^DRIMbox^drim-gateway^^^^^^{PERSON}^U^^^EI"
    return {
        "authorPerson": [national if dmp else "^DRIMbox^drim-gateway"],
        "authorInstitution": [STRUCTURE + ("^IDNST^^^1120456789" if dmp else "^^^^1120456789")],
    }


def expected(flavour: FlavourName) -> dict[str, dict[str, list[str]]]:
    dmp = flavour == "dmp"
    manifest_author = gateway_itself(flavour) if dmp else radiologist(flavour)
    manifest = {
        "mimeType": ["application/dicom"],
        "creationTime": ["20210108101900"],
        "formatCode": [
            "1.2.840.10008.5.1.4.1.1.88.59^^1.2.840.10008.2.6.1 "
            "Document Références d'objets d'un examen d'imagerie selon profil IHE RAD XDS-I"
        ],
        "size": ["8"],
        "hash": ["efc61f677deb246ae931fef52cdfec0544b9fe8c"],
        **manifest_author,
    }
    kos = ["IMG-KOS^^1.2.250.1.213.1.1.4.12 Reference d'objets d'un examen d'imagerie"]
    kos_title = ["Reference d'Objets d'un Examen d'Imagerie"]
    documents = {
        "Document01": entry(
            flavour,
            uniqueId=["1.2.250.1.213.4.5.4.402"],
            mimeType=["text/xml"],
            typeCode=["18748-4^^2.16.840.1.113883.6.1 CR d'imagerie médicale"],
            formatCode=[
                "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013^^1.3.6.1.4.1.19376.1.2.3 "
                "Compte-rendu d'imagerie médicale"
            ],
            creationTime=["20210108101700"],
            title=[TITLE],
            eventCodeList=[MR, CT, LEG, CHEST] if dmp else [MR, CT, LEG, CHEST, KNEE_ACT, THORAX_ACT],
            serviceStartTime=["20210108092500"],
            serviceStopTime=["20210108104500"],
            size=["19"],
            hash=["c85265e6ac3b2d64573ddbf593d5e8c38411b5ae"],
            **radiologist(flavour),
            **{
                "urn:ihe:iti:xds:2013:referenceIdList": [
                    f"ACN102{AUTHORITY}",
                    f"ACN103{AUTHORITY}",
                    f"1.2.250.1.213.4.5.2.1.102{STUDY}",
                    f"1.2.250.1.213.4.5.2.1.103{STUDY}",
                    f"OPN102{ORDER}",
                    f"OPN103{ORDER}",
                ]
            },
        ),
        "Document02": entry(
            flavour,
            uniqueId=["2.25.11"],
            typeCode=kos if dmp else ["24802-1^^2.16.840.1.113883.6.1 RM genou"],
            title=kos_title if dmp else ["Examen MR"],
            eventCodeList=[MR, LEG],
            serviceStartTime=["20210108092500"],
            serviceStopTime=["20210108101700"],
            **manifest,
            **{
                "urn:ihe:iti:xds:2013:referenceIdList": [
                    f"ACN102{AUTHORITY}",
                    f"1.2.250.1.213.4.5.2.1.102{STUDY}",
                    f"OPN102{ORDER}",
                ]
            },
        ),
        "Document03": entry(
            flavour,
            uniqueId=["2.25.12"],
            typeCode=kos if dmp else ["24627-2^^2.16.840.1.113883.6.1 TDM thorax"],
            title=kos_title if dmp else ["Examen CT"],
            eventCodeList=[CT, CHEST],
            serviceStartTime=["20210108103000"],
            serviceStopTime=["20210108104500"],
            **manifest,
            **{
                "urn:ihe:iti:xds:2013:referenceIdList": [
                    f"ACN103{AUTHORITY}",
                    f"1.2.250.1.213.4.5.2.1.103{STUDY}",
                    f"OPN103{ORDER}",
                ]
            },
        ),
    }
    for name in ("Document02", "Document03"):
        if dmp:
            documents[name]["comments"] = ["KOS"]
    documents["SubmissionSet01"] = {
        "objectType": ["urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:RegistryPackage"],
        "submissionTime": ["20210108101900"],
        "title": [TITLE],
        "contentTypeCode": ["07^^1.2.250.1.213.2.2 Consultation Soins Externes"],
        "patientId": [INS + ("^NH" if dmp else "")],
        "sourceId": ["1.2.250.1.999.1.1.8121"],
        "uniqueId": ["2.25.41"],
        **gateway_itself(flavour),
    }
    return documents


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_what_leaves_is_what_the_golden_file_says(flavour: FlavourName, monkeypatch: pytest.MonkeyPatch) -> None:
    bytes_ = frozen(flavour, monkeypatch).metadata
    assert bytes_.startswith(b"<lcm:SubmitObjectsRequest ")
    shown = etree.tostring(parse(bytes_), encoding="UTF-8", pretty_print=True)
    assert shown == (GOLDEN / f"iti41-metadata-{flavour}.xml").read_bytes()


@pytest.mark.parametrize("object_id", ["SubmissionSet01", "Document01", "Document02", "Document03"])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_attribute_of_the_golden_file_is_the_one_expected(flavour: FlavourName, object_id: str) -> None:
    golden = parse((GOLDEN / f"iti41-metadata-{flavour}.xml").read_bytes())
    assert reading(golden, object_id) == expected(flavour)[object_id]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_golden_submission_set_has_every_document_as_an_original_member(flavour: FlavourName) -> None:
    golden = parse((GOLDEN / f"iti41-metadata-{flavour}.xml").read_bytes())
    associations = golden.xpath("//rim:Association", namespaces=NS)
    assert {a.get("associationType") for a in associations} == {
        "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
    }
    assert [(a.get("sourceObject"), a.get("targetObject")) for a in associations] == [
        ("SubmissionSet01", f"Document0{number}") for number in (1, 2, 3)
    ]
    for association in associations:
        assert association.xpath("rim:Slot[@name='SubmissionSetStatus']//rim:Value/text()", namespaces=NS) == [
            "Original"
        ]
    nodes = golden.xpath("//rim:RegistryPackage/rim:Classification/@classificationNode", namespaces=NS)
    assert nodes == ["urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"]
