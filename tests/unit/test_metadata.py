"""Attribute by attribute: what is taken from the report, what from the PACS, what from the site, and what stops."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from structlog.testing import capture_logs

from gateway import valuesets
from gateway.errors import Mismatch
from gateway.model.codes import DCM, LOINC, SNOMED_CT, Code
from gateway.model.datatypes import Telecom
from gateway.model.document import AssociationType, DocumentEntry, Submission
from gateway.model.exam import Exam
from gateway.model.finding import Severity
from gateway.model.identifiers import Identifier
from gateway.model.people import Organization, Professional
from gateway.model.report import Order, Report
from gateway.model.share import Publication
from gateway.model.times import Timestamp
from gateway.texts import sentence
from gateway.texts.metadata import TEXTS
from gateway.trust.safexml import parse
from gateway.xds import ebrim
from gateway.xds._body_parts import REGIONS_BY_BODY_PART
from gateway.xds.metadata import MetadataSettings, pdf_entry, prepare, signed
from gateway.xds.rules import hl7_values
from gateway.xds.rules.judge import judge
from tests.support.publications import (
    CHEST,
    KNEE,
    KNEE_ACCESSION,
    KNEE_ACT,
    KNEE_EXAM,
    ORDERS,
    PATIENT,
    PRACTICE,
    PUBLICATION,
    RADIOLOGIST,
    REPORT,
    SITE,
    THORAX_ACT,
    THORAX_EXAM,
    exam,
    with_exams,
    with_report,
    with_statements,
)

DMP = MetadataSettings(flavour="dmp", destination="dmp")
IHE = MetadataSettings(flavour="ihe", destination="registre")


def submission(publication: Publication, how: MetadataSettings = DMP) -> Submission:
    return ebrim.read(parse(prepare(publication, how).metadata))


def report_entry(publication: Publication, how: MetadataSettings = DMP) -> DocumentEntry:
    return submission(publication, how).entries[0]


def manifest_entry(publication: Publication, how: MetadataSettings = DMP) -> DocumentEntry:
    return submission(publication, how).entries[1]


def refusal(publication: Publication, how: MetadataSettings = DMP) -> Mismatch:
    with pytest.raises(Mismatch) as caught:
        prepare(publication, how)
    text = TEXTS[caught.value.code]
    for words in (text.fr, text.en):
        assert "?" not in words.format_map(caught.value.facts)
    return caught.value


def knee(**changes: Any) -> Report:
    """The report with its knee act changed."""
    return replace(REPORT, acts=(replace(KNEE_ACT, **changes), THORAX_ACT))


def names(codes: tuple[Code, ...]) -> list[str]:
    return [code.code for code in codes]


# .. what is frozen


def test_what_is_frozen_names_the_bytes_and_the_entries_that_are_sent() -> None:
    frozen = prepare(PUBLICATION, DMP)
    entries = {entry.entry_uuid: entry for entry in ebrim.read(parse(frozen.metadata)).entries}
    contents = [PUBLICATION.report_content or b"", *(draft.content for draft in PUBLICATION.manifests)]
    for document, content in zip(frozen.documents, contents, strict=True):
        entry = entries[document.entry_id]
        assert document.digest == hashlib.sha256(content).hexdigest()
        assert document.hash == entry.hash == hashlib.sha1(content, usedforsecurity=False).hexdigest()
        assert document.size == entry.size == len(content)
        assert (document.unique_id, document.mime_type) == (entry.unique_id, entry.mime_type)
        assert (document.type_code, document.format_code) == (entry.type_code.code, entry.format_code.code)
        assert document.title == entry.title
    assert [document.kind for document in frozen.documents] == ["report", "manifest", "manifest"]
    assert [document.study_uid for document in frozen.documents][:2] == ["", KNEE]
    assert frozen.patient_id == entries["Document01"].patient_id


def test_two_submissions_of_one_publication_differ_in_their_set_alone() -> None:
    first, second = prepare(PUBLICATION, DMP), prepare(PUBLICATION, DMP)
    assert first.submission_set_unique_id != second.submission_set_unique_id
    assert first.documents == second.documents
    old, new = first.submission_set_unique_id.encode(), second.submission_set_unique_id.encode()
    assert first.metadata.replace(old, new) == second.metadata


def test_a_report_that_is_not_published_leaves_the_manifests_alone() -> None:
    found = submission(replace(PUBLICATION, report_content=None))
    assert [entry.format_code.code for entry in found.entries] == ["1.2.840.10008.5.1.4.1.1.88.59"] * 2
    assert [entry.entry_uuid for entry in found.entries] == ["Document01", "Document02"]
    assert [association.target for association in found.associations] == ["Document01", "Document02"]


# .. kinds of report


@pytest.mark.parametrize(
    ("media_type", "format_code"),
    [
        ("application/pdf", "urn:ihe:iti:xds-sd:pdf:2008"),
        ("text/plain", "urn:ihe:iti:xds-sd:text:2008"),
        ("image/jpeg", "urn:ihe:iti-fr:xds-sd:jpeg:2010"),
        ("text/rtf", "urn:ihe:iti-fr:xds-sd:rtf:2010"),
        ("image/tiff", "urn:ihe:iti-fr:xds-sd:tiff:2010"),
        ("Application/PDF; version=1.7", "urn:ihe:iti:xds-sd:pdf:2008"),
    ],
)
@pytest.mark.parametrize("how", [DMP, IHE])
def test_a_level_1_report_has_the_format_of_its_body(media_type: str, format_code: str, how: MetadataSettings) -> None:
    entry = report_entry(with_report(level=1, media_type=media_type), how)
    assert (entry.format_code.code, entry.format_code.system) == (format_code, "1.3.6.1.4.1.19376.1.2.3")
    assert (entry.mime_type, entry.class_code.code) == ("text/xml", "31")


def test_a_level_1_report_of_an_unknown_kind_is_held() -> None:
    error = refusal(with_report(level=1, media_type="video/mp4"))
    assert (error.code, error.facts["attribute"]) == ("metadata_missing", "formatCode (video/mp4)")


# .. codes of events


def test_a_modality_of_the_act_goes_before_the_pacs_and_rm_is_mr() -> None:
    assert names(manifest_entry(with_exams(exam(KNEE, "CT", "KNEE"))).event_codes) == ["MR", "61685007"]


def test_the_pacs_tells_the_modality_where_the_act_does_not_and_ko_sr_pr_do_not_count() -> None:
    study = exam(KNEE, "CT", "KNEE")
    series = tuple(replace(study.series[0], modality=name) for name in ("KO", "SR", "PR", "PT", "CT", "PT", "??", ""))
    publication = with_exams(replace(study, series=series), report=knee(modalities=()))
    codes = manifest_entry(publication).event_codes
    assert codes[:2] == (Code("PT", DCM, codes[0].display), Code("CT", DCM, "Tomodensitométrie"))
    assert codes[0].display


def test_a_modality_nobody_knows_holds_a_dmp_manifest_and_is_left_out_elsewhere() -> None:
    publication = with_exams(exam(KNEE, "SR", "KNEE"), report=knee(modalities=(Code("XYZ", DCM),)))
    assert (refusal(publication).code, refusal(publication).facts) == ("modality_unknown", {"study": KNEE})
    assert names(manifest_entry(publication, IHE).event_codes) == ["61685007"]


def test_the_site_maps_a_body_part_where_the_act_has_no_region() -> None:
    assert names(manifest_entry(with_exams(THORAX_EXAM)).event_codes) == ["CT", "67734004"]
    lower = replace(SITE, region_by_body_part={"chest ": CHEST})
    assert names(manifest_entry(with_exams(THORAX_EXAM, site=lower)).event_codes) == ["CT", "67734004"]


def test_a_region_nobody_knows_holds_a_dmp_manifest_and_is_left_out_elsewhere() -> None:
    publication = with_exams(exam(KNEE, "MR", "EXTREMITY"), report=knee(regions=()))
    error = refusal(publication)
    assert (error.code, error.facts) == ("region_unknown", {"study": KNEE, "body_parts": "EXTREMITY"})
    assert names(manifest_entry(publication, IHE).event_codes) == ["MR"]


@pytest.mark.parametrize(
    ("body_part", "regions"),
    [
        ("knee", ["61685007"]),
        ("CHESTABDPELVIS", ["67734004", "63337009"]),
        ("TSPINE", ["737561001"]),
        ("BREAST", ["76752008"]),
    ],
)
@pytest.mark.parametrize("how", [DMP, IHE])
def test_a_body_part_of_dicom_gives_the_region_where_neither_report_nor_site_names_one(
    body_part: str, regions: list[str], how: MetadataSettings
) -> None:
    publication = with_exams(exam(KNEE, "MR", body_part), report=knee(regions=()))
    found = manifest_entry(publication, how).event_codes
    assert names(found) == ["MR", *regions]
    assert {code.system for code in found[1:]} == {SNOMED_CT}
    assert all(code.display for code in found)


def test_the_mapping_of_body_parts_names_regions_of_the_value_set_alone() -> None:
    known = valuesets.load(valuesets.REGION)
    for term, regions in REGIONS_BY_BODY_PART.items():
        assert term == term.upper()
        assert all(region in known for region in regions)


def test_the_site_maps_the_code_of_an_act_before_the_body_part() -> None:
    spine = Code("737561001", SNOMED_CT, "Rachis")
    site = replace(SITE, region_by_body_part={"lhqn001": spine, "KNEE": CHEST})
    acts = knee(regions=(), procedures=(Code("LHQN001", "1.2.250.1.213.2.5", "Scanner du rachis"),))
    assert "737561001" in names(manifest_entry(with_exams(KNEE_EXAM, report=acts, site=site)).event_codes)


def test_a_region_nobody_knows_does_not_hold_a_report_alone() -> None:
    publication = replace(with_exams(exam(KNEE, "MR", "EXTREMITY"), report=knee(regions=())), manifests=())
    assert "MR" in names(report_entry(publication).event_codes)


def test_a_withdrawn_region_does_not_count_for_the_dmp_and_travels_elsewhere() -> None:
    publication = with_exams(exam(KNEE, "MR", ""), report=knee(regions=(Code("45048000", SNOMED_CT, "Cou"),)))
    assert refusal(publication).code == "region_unknown"
    assert names(manifest_entry(publication, IHE).event_codes) == ["MR", "45048000"]


def test_a_region_under_an_older_scheme_gets_its_own_again_for_the_dmp() -> None:
    publication = with_exams(KNEE_EXAM, report=knee(regions=(Code("61685007", "1.2.250.1.213.2.5"),)))
    assert manifest_entry(publication).event_codes[1] == Code("61685007", SNOMED_CT, "membre inférieur")


def test_acts_are_events_by_their_ccam_code_and_elsewhere_by_their_own_too() -> None:
    ccam = Code("NFQJ001", "1.2.250.1.215.300.1", "IRM du genou")
    publication = with_report(acts=(replace(KNEE_ACT, procedures=(ccam, ccam)), THORAX_ACT))
    expected = Code("NFQJ001", "1.2.250.1.213.2.5", "IRM du genou")
    assert report_entry(publication).event_codes[4:] == manifest_entry(publication).event_codes[2:] == (expected,)
    assert names(report_entry(publication, IHE).event_codes)[4:] == ["24802-1", "NFQJ001", "24627-2"]
    assert manifest_entry(publication, IHE).event_codes[2:] == (ccam,)


# .. other codes


def test_facility_and_practice_come_from_the_report_and_else_from_the_site() -> None:
    site = replace(SITE, facility_type=Code("SA05", ""))
    entry = report_entry(replace(with_report(encounter=None), site=site))
    assert entry.healthcare_facility_type_code.system == "1.2.250.1.71.4.2.4"
    assert entry.healthcare_facility_type_code.display

    nobody = replace(RADIOLOGIST, organization=replace(PRACTICE, sector=None))
    acts = (replace(KNEE_ACT, performer=None), replace(THORAX_ACT, performer=nobody))
    bare = with_report(acts=acts, authors=(nobody,), legal_authenticator=nobody)
    hospital = replace(SITE, organization=replace(PRACTICE, sector=Code("ETABLISSEMENT", "")))
    assert report_entry(replace(bare, site=hospital)).practice_setting_code.code == "ETABLISSEMENT"


@pytest.mark.parametrize("how", [DMP, IHE])
def test_a_facility_type_nobody_gives_holds_the_share(how: MetadataSettings) -> None:
    error = refusal(with_report(encounter=None), how)
    assert (error.code, error.facts["attribute"]) == ("metadata_missing", "healthcareFacilityTypeCode")
    assert how.destination in sentence(error.code, error.facts)


def test_a_code_outside_its_value_set_holds_a_dmp_share_and_travels_elsewhere() -> None:
    publication = with_report(confidentiality=Code("U", "2.16.840.1.113883.5.25"))
    error = refusal(publication)
    assert error.code == "metadata_not_in_value_set"
    assert error.facts["value_set"] == "1.2.250.1.213.1.1.5.463"
    assert report_entry(publication, IHE).confidentiality_codes == (Code("U", "2.16.840.1.113883.5.25", "U"),)


@pytest.mark.parametrize("how", [DMP, IHE])
def test_masks_follow_the_confidentiality_of_the_report_on_every_document(how: MetadataSettings) -> None:
    masked = frozenset({"MASQUE_PS", "INVISIBLE_PATIENT", "SOMETHING_ELSE"})
    for entry in submission(with_statements(masked=masked), how).entries:
        assert names(entry.confidentiality_codes) == ["N", "INVISIBLE_PATIENT", "MASQUE_PS"]
        assert {code.system for code in entry.confidentiality_codes[1:]} == {"1.2.250.1.213.1.1.4.13"}


def test_a_report_without_confidentiality_is_normal() -> None:
    assert names(report_entry(with_report(confidentiality=None)).confidentiality_codes) == ["N"]


@pytest.mark.parametrize(
    ("visit_class", "code"), [("I", "03"), ("O", "07"), ("R", "19"), ("N", "97"), ("E", "07"), ("o", "07"), ("", "07")]
)
def test_the_content_type_follows_the_visit_and_else_the_encounter(visit_class: str, code: str) -> None:
    (found,) = submission(with_statements(visit_class=visit_class)).submission_sets
    assert (found.content_type_code.code, found.content_type_code.system) == (code, "1.2.250.1.213.2.2")


def test_the_content_type_is_undifferentiated_where_nobody_tells() -> None:
    encounter = replace(REPORT.encounter, code=None) if REPORT.encounter else None
    publication = replace(with_statements(visit_class="B"), report=replace(REPORT, encounter=encounter))
    assert submission(publication).submission_sets[0].content_type_code.code == "97"


def test_a_manifest_without_a_procedure_has_the_type_of_an_imaging_report_elsewhere() -> None:
    publication = with_exams(KNEE_EXAM, report=knee(code=None))
    assert manifest_entry(publication, IHE).type_code.code == "18748-4"
    assert manifest_entry(publication, DMP).type_code.code == "IMG-KOS"


# .. times


@pytest.mark.parametrize(
    ("study_date", "study_time", "start"),
    [
        ("20210108", "102501.25", "20210108092501"),
        ("20210708", "102501", "20210708082501"),
        ("20210108", "", "20210108"),
        ("2021.01.08", "10:25:01", "20210108092501"),
        ("20210108", "996199", "20210108"),
    ],
)
def test_a_study_tells_the_time_where_the_act_does_not(study_date: str, study_time: str, start: str) -> None:
    study = replace(KNEE_EXAM, study_date=study_date, study_time=study_time)
    entry = manifest_entry(with_exams(study, report=knee(start=None, stop=None)))
    assert (entry.service_start_time, entry.service_stop_time) == (start, "")


def test_a_time_nobody_knows_holds_a_dmp_share_and_is_left_out_elsewhere() -> None:
    study = replace(KNEE_EXAM, study_date="", study_time="102501")
    publication = with_exams(study, report=knee(start=None, stop=None))
    assert refusal(publication).facts["attribute"] == "serviceStartTime"
    assert manifest_entry(publication, IHE).service_start_time == ""


def test_a_stop_before_its_start_is_left_out_and_said() -> None:
    with capture_logs() as logs:
        entry = manifest_entry(with_exams(KNEE_EXAM, report=knee(stop=Timestamp.parse("20210107"))))
        late = manifest_entry(with_exams(KNEE_EXAM, report=knee(stop=Timestamp.parse("20210108000000+0100"))))
    assert entry.service_start_time == late.service_start_time == "20210108092500"
    assert late.service_stop_time == ""
    assert entry.service_stop_time == ""
    assert "metadata.service_stop_before_start" in [log["event"] for log in logs]


def test_a_moment_outside_the_calendar_does_not_stop_the_work() -> None:
    edge = Timestamp.parse("00010101000000+1400")
    entry = report_entry(with_report(effective_time=edge))
    assert entry.creation_time == "20210108101900"


# .. people


def test_the_dmp_wants_a_signatory_and_others_do_not() -> None:
    publication = with_report(legal_authenticator=None)
    assert refusal(publication).facts["attribute"] == "legalAuthenticator"
    assert report_entry(publication, IHE).legal_authenticator == ""


def test_a_device_that_wrote_the_report_is_named_as_a_device() -> None:
    device = Professional(identifiers=(Identifier("1.2.250.1.71.4.2.1", "3120456789/RIS"),), device="Maker RIS 4")
    (author,) = report_entry(with_report(authors=(device,))).authors
    assert author.person == "3120456789/RIS^Maker RIS 4^^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^EI"


@pytest.mark.parametrize(
    ("value", "use", "expected"),
    [
        ("tel:+33-(0)2.61 91 00 42", "WP", "^WPN^PH^^^^+330261910042"),
        ("tel:0261910042;ext=12", "", "^^PH^^^^0261910042^12"),
        ("TEL:0661910042", "MC", "^^CP^^^^0661910042"),
        ("fax:0261910043", "DIR WP", "^WPN^FX^^^^0261910043"),
        ("mailto:alain.pat-radio%40medecin.mssante.fr", "", "^^Internet^alain.pat-radio@medecin.mssante.fr"),
        ("mailto:a@b.fr?subject=x", "HP", "^^Internet^a@b.fr"),
        ("http://example.org/", "WP", ""),
        ("tel:", "", ""),
        ("tel:sur demande", "", ""),
        ("mailto:", "", ""),
    ],
)
def test_an_authors_telecoms_are_their_telecommunications_as_ihe_writes_them_and_not_in_the_french_tables(
    value: str, use: str, expected: str
) -> None:
    person = replace(RADIOLOGIST, telecoms=(Telecom(value=value, use=use),))
    publication = with_report(authors=(person,))
    (author,) = report_entry(publication, IHE).authors
    assert author.telecommunications == ((expected,) if expected else ())
    assert not expected or hl7_values.xtn(expected) is None
    assert report_entry(publication).authors[0].telecommunications == ()


def test_names_with_delimiters_are_escaped_and_people_without_ids_are_named() -> None:
    person = Professional(family="O^Neil & fils", given="A|B")
    entry = report_entry(with_report(authors=(person,), legal_authenticator=person))
    assert entry.authors[0].person == "^O\\S\\Neil \\T\\ fils^A\\F\\B^^^^^^^D"
    assert report_entry(with_report(authors=(person,)), IHE).authors[0].person == "^O\\S\\Neil \\T\\ fils^A\\F\\B"


def test_a_structure_without_a_name_is_named_by_its_id_and_one_without_an_id_by_its_name() -> None:
    nameless = replace(SITE, organization=replace(PRACTICE, name=""))
    (author,) = submission(replace(PUBLICATION, site=nameless)).submission_sets[0].authors
    assert author.institutions == ("1120456789^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1120456789",)
    unnumbered = replace(SITE, organization=Organization(name="Parc"))
    (author,) = submission(replace(PUBLICATION, site=unnumbered)).submission_sets[0].authors
    assert author.institutions == ("Parc",)


def test_a_manifest_elsewhere_has_the_report_s_author_where_nobody_is_said_to_have_performed() -> None:
    publication = with_exams(KNEE_EXAM, report=knee(performer=None))
    assert manifest_entry(publication, IHE).authors == report_entry(publication, IHE).authors


def test_a_patient_without_a_local_id_is_known_by_the_national_one() -> None:
    publication = with_report(patient=replace(PATIENT, identifiers=PATIENT.identifiers[:1]))
    assert report_entry(publication).source_patient_id == "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"


# .. references


def test_an_order_number_that_is_null_is_left_out_and_said_without_any_value() -> None:
    orders = (Order(placer=None, placer_null="UNK", accession=KNEE_ACCESSION),)
    with capture_logs() as logs:
        entry = manifest_entry(with_exams(KNEE_EXAM, report=replace(REPORT, orders=orders)))
    assert [reference.type_code.rpartition(":")[2] for reference in entry.reference_ids] == [
        "accession",
        "studyInstanceUID",
    ]
    assert next(log for log in logs if log["event"] == "metadata.order_number_absent") == {
        "event": "metadata.order_number_absent",
        "log_level": "warning",
        "null": "UNK",
    }


def test_issuers_that_are_missing_are_the_site_s_and_a_uuid_is_none() -> None:
    orders = (
        Order(placer=Identifier("", "A"), accession=KNEE_ACCESSION),
        Order(placer=Identifier("52DE7370-0000-4000-8000-000000000001", "B"), accession=KNEE_ACCESSION),
        Order(placer=Identifier("1.2.3"), accession=KNEE_ACCESSION),
    )
    publication = with_exams(KNEE_EXAM, report=replace(REPORT, orders=orders), site=replace(SITE, order_issuer=ORDERS))
    found = [reference.cxi().rpartition("^")[0] for reference in manifest_entry(publication).reference_ids[2:]]
    assert found == [f"A^^^&{ORDERS}&ISO", "B^^^", "1.2.3^^^"]


def test_a_manifest_names_its_own_accession_and_order_alone() -> None:
    values = [reference.value for reference in manifest_entry(PUBLICATION).reference_ids]
    assert values == ["ACN102", KNEE, "OPN102"]


def test_a_site_without_a_source_id_is_told_so() -> None:
    error = refusal(replace(PUBLICATION, site=replace(SITE, source_id="")))
    assert error.facts["attribute"] == "sourceId"


# .. anything


def test_a_title_has_less_than_128_characters() -> None:
    assert report_entry(with_report(title="é" * 100)).title == "é" * 100
    assert report_entry(with_report(title="é" * 200)).title == "é" * 127


# .. kinds of document


def test_a_request_of_an_act_has_the_class_type_and_format_of_one() -> None:
    request = Identifier("1.2.250.1.213.1.1.1.47", "2024.01")
    entry = report_entry(with_report(code=Code("55115-0", LOINC, "Demande d'imagerie"), templates=(request,)))
    assert (entry.class_code.code, entry.type_code.code) == ("42", "55115-0")
    assert entry.format_code == valuesets.load(valuesets.FORMAT).code("urn:ans:ci-sis:img-da:2022")


def test_a_pdf_of_its_own_is_an_entry_elsewhere_and_none_of_the_dmp() -> None:
    entry = pdf_entry(PUBLICATION, IHE, b"%PDF-1.7", "2.25.7", "Document09")
    assert (entry.mime_type, entry.format_code.code) == ("application/pdf", "urn:ihe:rad:PDF")
    assert (entry.size, entry.unique_id, entry.class_code.code) == (8, "2.25.7", "31")
    with pytest.raises(Mismatch) as caught:
        pdf_entry(PUBLICATION, DMP, b"%PDF-1.7", "2.25.7", "Document09")
    assert caught.value.facts["attribute"] == "formatCode (application/pdf)"


@pytest.mark.parametrize(("how", "flavour"), [(DMP, "dmp"), (IHE, "ihe")])
def test_a_signature_is_a_member_signs_and_is_valid_metadata(how: MetadataSettings, flavour: Any) -> None:
    whole = signed(submission(PUBLICATION, how), b"<Signature/>", "2.25.77", how)
    entry = whole.entries[-1]
    assert (entry.type_code.code, entry.language_code, entry.title) == ("E1762", "art", "Source")
    assert (entry.size, entry.source_patient_info) == (12, ())
    signs = [one.target for one in whole.associations if one.type == AssociationType.SIGNS]
    assert signs == (["SubmissionSet01"] if flavour == "dmp" else ["Document01", "Document02", "Document03"])
    judgement = judge(etree.tostring(ebrim.write(whole)), flavour)
    assert [one.message.en for one in judgement.findings if one.severity is Severity.ERROR] == []


def test_a_signature_takes_no_id_that_is_there_and_needs_something_to_sign() -> None:
    once = signed(submission(PUBLICATION), b"<Signature/>", "2.25.77", DMP)
    twice = signed(once, b"<Signature/>", "2.25.78", DMP)
    assert ebrim.read(ebrim.write(twice)) == twice
    with pytest.raises(ValueError, match="something to sign"):
        signed(Submission(), b"", "2.25.77", DMP)


@pytest.mark.parametrize("how", [DMP, IHE])
def test_what_is_made_of_a_publication_is_valid_for_the_checker(how: MetadataSettings) -> None:
    for publication in (
        PUBLICATION,
        with_statements(masked=frozenset({"MASQUE_PS"})),
        with_report(level=1, media_type="application/pdf"),
        with_report(title="x" * 300),
    ):
        judgement = judge(prepare(publication, how).metadata, how.flavour)
        assert [one.message.en for one in judgement.findings if one.severity is Severity.ERROR] == []


def test_a_null_accession_number_holds_the_share() -> None:
    orders = (*REPORT.orders, Order(placer=Identifier(ORDERS, "OPN1"), accession_null="UNK"))
    error = refusal(with_report(orders=orders))
    assert (error.code, error.facts) == ("accession_null", {"null": "UNK"})


@given(st.text(max_size=200), st.text(max_size=40), st.text(max_size=20), st.text(max_size=20))
@settings(max_examples=60, deadline=None)
def test_whatever_a_pacs_says_the_metadata_can_be_read_again(
    description: str, body_part: str, date: str, time: str
) -> None:
    study: Exam = replace(
        KNEE_EXAM,
        description=description,
        study_date=date,
        study_time=time,
        series=tuple(replace(series, body_part=body_part) for series in KNEE_EXAM.series),
    )
    publication = with_exams(study, report=knee(start=None, stop=None))
    entry = manifest_entry(publication, IHE)
    assert len(entry.title.encode()) <= 128
    assert entry.title
