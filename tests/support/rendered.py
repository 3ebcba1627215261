"""A report with every section of IMG-CR-IMG, pictures and a document attached, to be shown."""

from __future__ import annotations

import base64
import struct
import zlib

from lxml import etree

from gateway.demo.pdf import Line, page
from gateway.trust import safexml

LINK = (
    "https://images.example.org/IHEInvokeImageDisplay?requestType=STUDY&amp;studyUID=1.2.250.1.999.5.1"
    "&amp;Accessionnumber=1.2.250.1.999.1.2.SC26031204&amp;idCDA=1.2.250.1.999.1.8.1"
)
LOINC = 'codeSystem="2.16.840.1.113883.6.1"'
DCM = 'codeSystem="1.2.840.10008.2.16.4"'


def picture(side: int = 160) -> bytes:
    """A PNG of one grey disc."""
    rows = b"".join(
        b"\0" + bytes(40 + 160 * ((x - side / 2) ** 2 + (y - side / 2) ** 2 < (side / 3) ** 2) for x in range(side))
        for y in range(side)
    )

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def document() -> bytes:
    """A PDF of one page."""
    return page("Compte rendu", [Line("Compte rendu antérieur", size=16), Line("Scanner thoracique du 3 avril 2025.")])


def section(template: str, code: str, title: str, text: str, more: str = "", entries: str = "") -> str:
    """A section within its component; *more* stands after the text, *entries* last."""
    system = DCM if code == "121181" else LOINC
    return (
        f'<component><section><templateId root="{template}"/><id root="1.2.250.1.999.9.{zlib.crc32(title.encode())}"/>'
        f'<code code="{code}" {system} displayName="{title}"/><title>{title}</title>'
        f"<text>{text}</text>{more}{entries}</section></component>"
    )


def person(role: str, given: str, family: str, title: str = "DR", where: str = "Imagerie de la Rade") -> str:
    return (
        f'<{role}><id root="1.2.250.1.71.4.2.1" extension="899700000001"/>'
        '<code code="G15_10/SM44" codeSystem="1.2.250.1.213.1.1.4.5" displayName="Radio-diagnostic (SM)"/>'
        f'<telecom value="tel:0261910042"/><assignedPerson><name><prefix>M</prefix><given>{given}</given>'
        f"<family>{family}</family><suffix>{title}</suffix></name></assignedPerson>"
        f"<representedOrganization><name>{where}</name></representedOrganization></{role}>"
    )


HEADER = f"""
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="1.2.250.1.213.1.1.1.45" extension="2024.01"/><id root="1.2.250.1.999.1.8.1"/>
<code code="18748-4" {LOINC} displayName="CR d'imagerie médicale"/>
<title>Scanner thoraco-abdomino-pelvien avec injection</title><effectiveTime value="20260312113000+0100"/>
<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="fr-FR"/>
<versionNumber value="2"/>
<recordTarget><patientRole><id root="1.2.250.1.999.1.1" extension="IPP0042"/>
<id root="1.2.250.1.213.1.4.10" extension="281119912345678"/><patient><name>
<family qualifier="BR">KERMARREC</family><given>ZOÉ ANNE</given><given qualifier="BR">ZOÉ</given>
<family qualifier="CL">LEFÈVRE</family></name><administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/>
<birthTime value="19811109"/><birthplace><place><addr><county>29042</county></addr></place></birthplace>
</patient></patientRole></recordTarget>
<author><time value="20260312113000+0100"/>{person("assignedAuthor", "Yann", "LE GOFF")}</author>
<custodian><assignedCustodian><representedCustodianOrganization><name>Imagerie de la Rade</name>
</representedCustodianOrganization></assignedCustodian></custodian>
<informationRecipient><intendedRecipient><informationRecipient><name><given>Maëlle</given><family>RIOU</family>
<suffix>DR</suffix></name></informationRecipient></intendedRecipient></informationRecipient>
<legalAuthenticator><time value="20260312114500+0100"/><signatureCode code="S"/>
{person("assignedEntity", "Yann", "LE GOFF")}</legalAuthenticator>
<participant typeCode="REF"><associatedEntity classCode="PROV">
<code code="G15_10/SM26" codeSystem="1.2.250.1.213.1.1.4.5" displayName="Médecine générale (SM)"/>
<telecom value="tel:0261910007"/><associatedPerson><name><given>Maëlle</given><family>RIOU</family><suffix>DR</suffix>
</name></associatedPerson></associatedEntity></participant>
<inFulfillmentOf><order><id root="1.2.250.1.999.1.3" extension="D26031204"/>
<ps3-20:accessionNumber root="1.2.250.1.999.1.2" extension="SC26031204"/></order></inFulfillmentOf>
<documentationOf><serviceEvent classCode="ACT"><id root="1.2.250.1.999.5.1"/>
<code code="87869-4" {LOINC} displayName="Scanner thorax, abdomen et pelvis avec contraste IV">
<translation code="CT" {DCM} displayName="Tomodensitométrie"><qualifier><name code="121139" {DCM}/></qualifier>
</translation>
<translation code="67734004" codeSystem="2.16.840.1.113883.6.96" displayName="segment thoracique du tronc">
<qualifier><name code="39111-0" {LOINC}/></qualifier></translation></code>
<effectiveTime><low value="20260312102500+0100"/></effectiveTime>
<performer typeCode="PRF">{person("assignedEntity", "Yann", "LE GOFF")}</performer></serviceEvent></documentationOf>
<relatedDocument typeCode="RPLC"><parentDocument><id root="1.2.250.1.999.1.8.0"/></parentDocument></relatedDocument>
<componentOf><encompassingEncounter><location><healthCareFacility>
<code code="SA08" codeSystem="1.2.250.1.71.4.2.4" displayName="Cabinet de groupe"/>
<location><name>Imagerie de la Rade</name></location></healthCareFacility></location>
</encompassingEncounter></componentOf>
"""

PRODUCT = """<entry><substanceAdministration classCode="SBADM" moodCode="EVN">
<templateId root="1.2.250.1.213.1.1.3.151"/><routeCode code="20045000" displayName="Voie intraveineuse"/>
<doseQuantity><low value="120" unit="mL"/></doseQuantity><consumable><manufacturedProduct><manufacturedMaterial>
<code><translation code="3400936915657" displayName="XENETIX 350" codeSystem="1.2.250.1.213.2.3.2"/></code>
<name>XENETIX 350</name><lotNumberText>LOT-7</lotNumberText></manufacturedMaterial></manufacturedProduct></consumable>
</substanceAdministration></entry>"""
DOSES = f"""<entry><procedure classCode="PROC" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.165"/>
<participant typeCode="RESP"><participantRole><playingEntity><name><given>Yann</given><family>LE GOFF</family>
<suffix>DR</suffix></name></playingEntity></participantRole></participant></procedure></entry>
<entry><observation classCode="OBS" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.150"/>
<code code="364320009" codeSystem="2.16.840.1.113883.6.96"/>
<value xsi:type="CD" code="60001007" codeSystem="2.16.840.1.113883.6.96" displayName="absence de grossesse"/>
</observation></entry><entry><observation classCode="OBS" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.154"/>
<code code="113813" {DCM} displayName="PDL total"/><value xsi:type="PQ" value="642.5" unit="mGy.cm"/>
<targetSiteCode code="416949008" displayName="abdomen et pelvis"/></observation></entry>"""
CATALOG = f"""<entry><act classCode="ACT" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.155"/>
<id root="1.2.250.1.999.5.1"/><code code="113014" {DCM}/><entryRelationship typeCode="COMP"><act>
<templateId root="1.2.250.1.213.1.1.3.156"/><entryRelationship typeCode="COMP"><observation classCode="DGIMG">
<templateId root="1.2.250.1.213.1.1.3.157"/><text mediaType="application/dicom"><reference value="{LINK}"/></text>
</observation></entryRelationship></act></entryRelationship></act></entry>"""


def attached(name: str, media_type: str, content: bytes) -> str:
    """An entry FR-Document-attache."""
    return (
        '<entry><organizer classCode="CLUSTER" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.18"/>'
        '<component><observation><text><reference value="#titre"/></text></observation></component><component>'
        f'<observationMedia classCode="OBS" moodCode="EVN" ID="{name}"><value mediaType="{media_type}" '
        f'representation="B64">{base64_of(content)}</value></observationMedia></component></organizer></entry>'
    )


def sections() -> str:
    """Every section, in another order than the specification's."""
    history = (
        "<paragraph>Antécédents : <content styleCode='Bold'>tabagisme sevré</content>, appendicectomie.</paragraph>"
    )
    results = (
        "À l'étage thoracique :<br/><list><item>Nodule du lobe supérieur droit de 6 mm, stable.</item>"
        "<item>Pas d'épanchement.</item></list><table><caption>Cibles</caption><thead><tr><th>Lésion</th><th>12/03/2026"
        "</th></tr></thead><tbody><tr><td>Nodule LSD</td><td align='right'>6 mm</td></tr></tbody></table>"
        "<renderMultiMedia referencedObject='IMG1'/>"
    )
    act = section(
        "1.2.250.1.213.1.1.2.206",
        "55111-9",
        "Technique d’imagerie",
        "<paragraph>Acquisition hélicoïdale après injection de produit de contraste iodé.</paragraph>",
        "",
        PRODUCT
        + section("1.2.250.1.213.1.1.2.217", "121181", "Catalogue d’objets DICOM", "", "", CATALOG)
        + section("1.2.250.1.213.1.1.2.214", "55109-3", "Complications", "Aucune.")
        + section("1.2.250.1.213.1.1.2.215", "73569-6", "Exposition aux rayonnements", "<paragraph/>", "", DOSES),
    )
    device = """<entry><supply><templateId root="1.2.250.1.213.1.1.3.20"/><participant typeCode="DEV"><participantRole>
<id root="1.2.3" extension="UDI-77"/><playingDevice><code code="Z11039014" codeSystem="1.2.250.1.213.2.68"
 displayName="Injecteur"/></playingDevice></participantRole></participant></supply></entry>"""
    clinical = section(
        "1.2.250.1.213.1.1.2.205",
        "55752-0",
        "Informations cliniques",
        "",
        "",
        section("1.2.250.1.213.1.1.2.213", "11329-0", "Antécédents", history)
        + section("1.2.250.1.213.1.1.2.211", "55115-0", "Demande d’examen", "Surveillance d'un nodule pulmonaire."),
    )
    conclusion = "<paragraph>Nodule stable. Contrôle dans 12 mois.</paragraph>"
    author = f"<author><time value='20260313090000+0100'/>{person('assignedAuthor', 'Nolwenn', 'TANGUY')}</author>"
    documents = "<content ID='titre'>Scanner thoracique du 03/04/2025</content>"
    return "".join(
        (
            section("1.2.250.1.213.1.1.2.209", "19005-8", "Conclusions", conclusion),
            section("1.2.250.1.213.1.1.2.107", "34895-3", "Informations du patient", "Patiente informée."),
            section("1.2.250.1.213.1.1.2.1", "46264-8", "Dispositifs médicaux", "", "", device),
            act,
            section(
                "1.2.250.1.213.1.1.2.37",
                "55107-7",
                "Documents liés",
                documents,
                "",
                attached("DOC1", "application/pdf", document()),
            ),
            section(
                "1.2.250.1.213.1.1.2.208",
                "59776-5",
                "Résultats de l’acte",
                results,
                "",
                f"<entry><observationMedia classCode='OBS' moodCode='EVN' ID='IMG1'><value mediaType='image/png' "
                f"representation='B64'>{base64_of(picture())}</value></observationMedia></entry>",
            ),
            section("1.2.250.1.213.1.1.2.150", "30954-2", "Résultats d'examens antérieurs", "Scanner du 03/04/2025."),
            section("1.2.250.1.213.1.1.2.207", "18834-2", "Examen de comparaison radiologique", "Stabilité."),
            section("1.2.250.1.213.1.1.2.210", "55107-7", "Addendum", "Taille du nodule corrigée : 6 mm.", author),
            clinical,
        )
    )


def xml(body: str, header: str = HEADER) -> bytes:
    """A document around the sections *body*."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ClinicalDocument xmlns="urn:hl7-org:v3" '
        'xmlns:ps3-20="urn:dicom-org:ps3-20" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{header}<component><structuredBody>{body}</structuredBody></component></ClinicalDocument>"
    ).encode()


def full_report() -> etree._Element:
    """The whole of it, parsed."""
    return safexml.parse(xml(sections()))


def with_text(text: str, entries: str = "") -> etree._Element:
    """A report whose results have the narrative *text*."""
    return safexml.parse(xml(section("1.2.250.1.213.1.1.2.208", "59776-5", "Résultats", text, "", entries)))


def unstructured(media_type: str, content: bytes) -> etree._Element:
    """A level-1 report around *content*."""
    body = f'<nonXMLBody><text mediaType="{media_type}" representation="B64">{base64_of(content)}</text></nonXMLBody>'
    return safexml.parse(xml("").replace(b"<structuredBody></structuredBody>", body.encode()))
