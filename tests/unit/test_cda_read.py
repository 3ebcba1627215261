"""Reading a report: what the model gets, and what is refused with which place."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.cda.elements import PS3_20, REPEATS
from gateway.cda.read import read
from gateway.demo.identity import CHEST, CT, ORGANIZATION, PATIENT, RADIOLOGIST
from gateway.errors import InputRejected, InputTooLarge
from gateway.model.codes import Code
from gateway.model.datatypes import Telecom
from gateway.model.identifiers import Identifier
from gateway.model.report import IMG_CR_IMG_TEMPLATE, Order, RelatedDocument
from tests.support.cda import add, at, chest_report, ct_report, drop

EVENT = "documentationOf/serviceEvent"
ORDER = "inFulfillmentOf/order"


def refusal(root: etree._Element) -> InputRejected:
    with pytest.raises(InputRejected) as caught:
        read(root)
    return caught.value


def test_a_level_3_report_is_read_whole() -> None:
    report = read(ct_report())
    act = report.acts[0]
    assert report.level == 3
    assert report.media_type == ""
    assert report.identifier == CT.report
    assert IMG_CR_IMG_TEMPLATE in {template.root for template in report.templates}
    assert report.code.code == "18748-4"
    assert report.code_translations == (CT.code,)
    assert report.language == "fr-FR"
    assert report.version == 1
    assert report.patient == PATIENT
    assert [one.telecoms for one in report.authors] == [(Telecom(value="tel:0261910042", use="WP"),)]
    assert report.orders == (Order(placer=CT.placer, accession=CT.accession),)
    assert (act.study_uid, act.code, act.procedures) == (CT.study_uid, CT.code, (CT.procedure,))
    assert (act.modalities, act.regions) == ((CT.modality,), CT.regions)
    assert act.start is not None
    assert act.start.moment == CT.started_at
    assert act.stop is not None
    assert act.stop.moment == CT.ended_at
    assert act.performer is not None
    assert act.performer.organization == ORGANIZATION
    assert report.custodian is not None
    assert report.custodian.identifiers == ORGANIZATION.identifiers
    assert report.legal_authenticator is not None
    assert report.legal_authenticator.identifiers == RADIOLOGIST.identifiers
    assert report.encounter is not None
    assert report.encounter.facility_type is not None
    assert report.encounter.facility_type.code == "SA08"
    assert not report.screening


def test_a_level_1_report_tells_its_media_type() -> None:
    report = read(chest_report())
    assert (report.level, report.media_type) == (1, "application/pdf")
    assert report.study_uids == (CHEST.study_uid,)
    assert report.accessions == (CHEST.accession,)


def test_an_author_keeps_names_specialty_and_structure() -> None:
    author = read(ct_report()).authors[0]
    assert (author.prefix, author.given, author.family, author.suffix) == ("MME", "Noëlle", "QUÉMÉNER", "DR")
    assert author.specialty == RADIOLOGIST.specialty
    assert author.organization == ORGANIZATION
    assert author.time is not None


def test_a_device_may_be_an_author() -> None:
    root = ct_report()
    drop(root, "author/assignedAuthor/assignedPerson")
    add(
        at(root, "author/assignedAuthor"),
        "<assignedAuthoringDevice><manufacturerModelName>Modèle</manufacturerModelName>"
        "<softwareName>Logiciel</softwareName></assignedAuthoringDevice>",
    )
    author = read(root).authors[0]
    assert (author.device, author.family) == ("Modèle Logiciel", "")


@pytest.mark.parametrize("extension", ["studyInstanceUID", "17", "n'importe quoi"])
def test_the_study_is_the_root_whatever_the_extension_says(extension: str) -> None:
    root = ct_report()
    at(root, f"{EVENT}/id").set("extension", extension)
    assert read(root).study_uids == (CT.study_uid,)


def test_of_several_ids_the_one_without_extension_names_the_study() -> None:
    root = ct_report()
    event = at(root, EVENT)
    event.insert(0, add(event, '<id root="1.2.250.1.999.77" extension="42"/>'))
    assert read(root).study_uids == (CT.study_uid,)


def test_modality_codes_stay_as_written() -> None:
    root = ct_report()
    for translation in at(root, f"{EVENT}/code"):
        if translation.get("code") == "CT":
            translation.set("code", "RM")
    assert [modality.code for modality in read(root).acts[0].modalities] == ["RM"]


def test_ccam_is_known_under_both_its_systems() -> None:
    root = ct_report()
    at(root, f"{EVENT}/code/translation").set("codeSystem", "1.2.250.1.215.300.1")
    assert [procedure.code for procedure in read(root).acts[0].procedures] == ["ZZQH033"]


def test_a_screening_is_told_and_is_no_act() -> None:
    root = ct_report()
    add(
        root,
        '<documentationOf><serviceEvent classCode="ACT">'
        '<code code="Z13.9" codeSystem="2.16.840.1.113883.6.3"/></serviceEvent></documentationOf>',
    )
    report = read(root)
    assert report.screening
    assert len(report.acts) == 1


def test_an_act_without_study_is_passed_over() -> None:
    root = ct_report()
    add(root, '<documentationOf><serviceEvent><code code="1" codeSystem="1.2"/></serviceEvent></documentationOf>')
    assert read(root).study_uids == (CT.study_uid,)


def test_several_orders_keep_their_null_flavours() -> None:
    root = ct_report()
    add(
        root,
        '<inFulfillmentOf><order><id nullFlavor="NA"/><ps3-20:accessionNumber nullFlavor="UNK"/></order>'
        "</inFulfillmentOf>",
    )
    assert read(root).orders == (
        Order(placer=CT.placer, accession=CT.accession),
        Order(placer_null="NA", accession_null="UNK"),
    )


def test_a_replaced_document_is_told() -> None:
    root = ct_report()
    add(
        root,
        '<relatedDocument typeCode="RPLC"><parentDocument><id root="1.2.250.1.999.8" extension="X"/></parentDocument>'
        "</relatedDocument>",
    )
    assert read(root).related == (RelatedDocument(type_code="RPLC", identifier=Identifier("1.2.250.1.999.8", "X")),)


def test_a_report_without_signature_is_still_read() -> None:
    assert read(drop(ct_report(), "legalAuthenticator")).legal_authenticator is None


def test_a_family_name_without_mark_is_the_used_one() -> None:
    root = ct_report()
    for part in at(root, "recordTarget/patientRole/patient/name"):
        part.attrib.pop("qualifier", None)
    patient = read(root).patient
    assert (patient.birth_family, patient.birth_given) == ("", "")
    assert patient.used_family == "KERMARREC-LEFÈVRE DESMAUX"
    assert patient.given_names.startswith("ZOÉ ANAÏS MARIE")


def test_comments_inside_values_are_not_read() -> None:
    root = ct_report()
    family = at(root, "recordTarget/patientRole/patient/name/family")
    family.text = None
    family.append(etree.Comment("secret"))
    family[0].tail = "  KERMARREC-\n LEFÈVRE "
    assert read(root).patient.birth_family == "KERMARREC- LEFÈVRE"


def test_a_birth_date_with_a_time_keeps_its_day() -> None:
    root = ct_report()
    at(root, "recordTarget/patientRole/patient/birthTime").set("value", "198111090310+0100")
    assert read(root).patient.birth_date == "19811109"


def test_a_code_without_display_name_takes_its_original_text() -> None:
    root = ct_report()
    code = at(root, f"{EVENT}/code")
    code.attrib.pop("displayName")
    add(code, "<originalText> Scanner\n TAP </originalText>")
    assert read(root).acts[0].code == Code(CT.code.code, CT.code.system, "Scanner TAP")


MISSING = [
    ("id", "report_id_missing", "/ClinicalDocument/id"),
    ("code", "report_code_missing", "/ClinicalDocument/code"),
    ("recordTarget", "report_patient_missing", "/ClinicalDocument/recordTarget/patientRole"),
    (
        "recordTarget/patientRole/patient",
        "report_patient_missing",
        "/ClinicalDocument/recordTarget/patientRole/patient",
    ),
    ("recordTarget/patientRole/id", "report_patient_id_missing", "/ClinicalDocument/recordTarget/patientRole/id"),
    (f"{EVENT}/id", "report_study_missing", "/ClinicalDocument/documentationOf/serviceEvent/id"),
    ("documentationOf", "report_study_missing", "/ClinicalDocument/documentationOf/serviceEvent/id"),
    ("inFulfillmentOf", "report_accession_missing", "/ClinicalDocument/inFulfillmentOf/order/accessionNumber"),
    ("component", "report_body_missing", "/ClinicalDocument/component"),
    ("component/structuredBody", "report_body_missing", "/ClinicalDocument/component"),
]


@pytest.mark.parametrize(("steps", "code", "place"), MISSING)
def test_what_a_report_needs_is_missed_at_its_place(steps: str, code: str, place: str) -> None:
    error = refusal(drop(ct_report(), steps))
    assert (error.code, error.place) == (code, place)


def test_another_root_is_no_cda() -> None:
    root = ct_report()
    root.tag = "ClinicalDocument"
    assert refusal(root).code == "report_not_cda"


def test_two_record_targets_or_two_roles_are_two_patients() -> None:
    doubled = ct_report()
    add(doubled, '<recordTarget><patientRole><id root="1.2.3"/></patientRole></recordTarget>')
    assert refusal(doubled).code == "report_patient_several"
    doubled = ct_report()
    add(at(doubled, "recordTarget"), '<patientRole><id root="1.2.3"/></patientRole>')
    assert refusal(doubled).code == "report_patient_several"


def test_two_document_ids_are_refused() -> None:
    root = ct_report()
    add(root, '<id root="1.2.3"/>')
    assert refusal(root).code == "report_id_several"


def test_two_bodies_are_refused() -> None:
    root = ct_report()
    add(at(root, "component"), "<nonXMLBody><text>x</text></nonXMLBody>")
    assert refusal(root).code == "report_body_several"


@pytest.mark.parametrize("value", ["1.2.3/..", "abc", "1..2", "D52DE737-001D-4031-B571-0A0ED7C42300", "1." + "2" * 70])
def test_a_study_that_is_no_uid_is_refused_where_it_stands(value: str) -> None:
    root = ct_report()
    at(root, f"{EVENT}/id").set("root", value)
    error = refusal(root)
    assert (error.code, error.place) == (
        "report_study_invalid",
        "/ClinicalDocument/documentationOf[1]/serviceEvent/id",
    )
    assert error.facts == {"study": value}


@pytest.mark.parametrize("mutation", [{"nullFlavor": "UNK"}, {"root": "1.2.3"}])
def test_accession_numbers_that_say_nothing_are_none(mutation: dict[str, str]) -> None:
    root = ct_report()
    number = at(root, ORDER).find(f"{{{PS3_20}}}accessionNumber")
    assert number is not None
    number.attrib.clear()
    number.attrib.update(mutation)
    assert refusal(root).code == "report_accession_missing"


@pytest.mark.parametrize("extension", ["A^B", "A&B", "A~B", "A|B", "A\nB", "A" * 256])
def test_an_identifier_that_would_break_the_strings_it_goes_into_is_refused(extension: str) -> None:
    root = ct_report()
    at(root, f"{ORDER}/id").set("extension", extension)
    error = refusal(root)
    assert (error.code, error.place) == ("report_identifier_invalid", "/ClinicalDocument/inFulfillmentOf[1]/order/id")


@pytest.mark.parametrize("identifier", ['<id extension="7"/>', '<id root="FINESS" extension="7"/>'])
def test_an_identifier_without_a_good_root_is_refused(identifier: str) -> None:
    root = ct_report()
    add(at(root, "recordTarget/patientRole"), identifier)
    assert refusal(root).code == "report_identifier_invalid"


TIMES = [
    ("effectiveTime", "/ClinicalDocument/effectiveTime"),
    ("recordTarget/patientRole/patient/birthTime", "/ClinicalDocument/recordTarget/patientRole/patient/birthTime"),
    (f"{EVENT}/effectiveTime/low", "/ClinicalDocument/documentationOf[1]/serviceEvent/effectiveTime/low"),
    ("author/time", "/ClinicalDocument/author[1]/time"),
    ("legalAuthenticator/time", "/ClinicalDocument/legalAuthenticator/time"),
    (
        "componentOf/encompassingEncounter/effectiveTime/high",
        "/ClinicalDocument/componentOf/encompassingEncounter/effectiveTime/high",
    ),
]


@pytest.mark.parametrize(("steps", "place"), TIMES)
@pytest.mark.parametrize("value", ["20210230", "2021-01-08", "20210108250000", "hier", "20210108101500+9999"])
def test_an_unreadable_time_is_refused_at_its_place_without_its_value(steps: str, place: str, value: str) -> None:
    root = ct_report()
    at(root, steps).set("value", value)
    error = refusal(root)
    assert (error.code, error.place, error.facts) == ("report_time_invalid", place, {})


def test_a_version_that_is_no_number_is_refused() -> None:
    root = ct_report()
    at(root, "versionNumber").set("value", "1.0")
    assert refusal(root).code == "report_version_invalid"


def test_a_related_document_without_id_is_refused() -> None:
    root = ct_report()
    add(root, '<relatedDocument typeCode="RPLC"><parentDocument/></relatedDocument>')
    assert refusal(root).code == "report_parent_missing"


def test_repetition_is_bounded() -> None:
    root = ct_report()
    event = "<documentationOf><serviceEvent/></documentationOf>"
    for _ in range(REPEATS):
        add(root, event)
    with pytest.raises(InputTooLarge) as caught:
        read(root)
    assert (caught.value.code, caught.value.place) == ("report_too_many", "/ClinicalDocument/documentationOf")


def test_a_level_1_body_without_media_type_is_plain_text() -> None:
    root = chest_report()
    at(root, "component/nonXMLBody/text").attrib.pop("mediaType")
    assert read(root).media_type == "text/plain"
