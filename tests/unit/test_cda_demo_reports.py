"""The demo's reports: what goes in comes out, the same each time, and the PDF is one."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

from gateway.cda.read import read
from gateway.demo.identity import CHEST, CT, PATIENT, PRIOR_CT, SITE, STUDIES
from gateway.demo.reports import Draft, chest_pdf, level1, level3
from gateway.model.identifiers import INS_TEST, Identifier, ins_key_is_right, is_safe_key, is_uid
from gateway.model.report import UNSTRUCTURED_TEMPLATE, RelatedDocument
from gateway.trust import safexml
from tests.support.cda import at


def test_the_demo_patient_is_a_test_identity_with_a_right_key() -> None:
    assert PATIENT.ins is not None
    assert PATIENT.ins.root == INS_TEST
    assert ins_key_is_right(PATIENT.ins.extension or "")


def test_the_demo_identifiers_fit_dicom() -> None:
    for study in STUDIES:
        assert is_uid(study.study_uid)
        assert is_safe_key(study.accession.extension or "")
        assert len(study.accession.extension or "") <= 16
    assert len({study.study_uid for study in STUDIES}) == len({s.accession for s in STUDIES}) == len(STUDIES)


def test_same_arguments_give_same_bytes() -> None:
    assert level3(Draft(study=CT)) == level3(Draft(study=CT))
    assert level1(Draft(study=CHEST)) == level1(Draft(study=CHEST))


def test_what_goes_in_comes_out() -> None:
    patient = replace(PATIENT, birth_family='D"ESSAI & <FILS>', used_family="", used_given="", sex="M")
    draft = Draft(
        study=replace(CT, accession=Identifier("1.2.250.1.999.5", "A'B")),
        patient=patient,
        document=Identifier("1.2.250.1.999.6", "R+1 <2>"),
        version=2,
        set_id=Identifier("1.2.250.1.999.7"),
        replaces=Identifier("1.2.250.1.999.6", "R0"),
    )
    report = read(safexml.parse(level3(draft)))
    assert report.patient == patient
    assert report.accessions == (Identifier("1.2.250.1.999.5", "A'B"),)
    assert report.identifier == draft.document
    assert (report.version, report.set_id) == (2, draft.set_id)
    assert report.related == (RelatedDocument(type_code="RPLC", identifier=Identifier("1.2.250.1.999.6", "R0")),)


def test_a_report_names_the_site_as_custodian() -> None:
    for content in (level3(Draft(study=CT)), level1(Draft(study=CHEST))):
        report = read(safexml.parse(content))
        assert report.custodian is not None
        assert {identifier.unique_id for identifier in report.custodian.identifiers} == SITE.custodians


def test_the_ct_is_compared_with_the_prior_one_when_there_is_one() -> None:
    number = (PRIOR_CT.accession.extension or "").encode()
    assert number in level3(Draft(study=CT))
    assert number not in level3(Draft(study=CT), None)


def test_a_level_1_report_declares_exactly_its_three_templates() -> None:
    report = read(safexml.parse(level1(Draft(study=CHEST))))
    assert len(report.templates) == 3
    assert report.templates[-1].root == UNSTRUCTURED_TEMPLATE


def test_the_pdf_in_the_report_is_whole() -> None:
    content = base64.b64decode(at(safexml.parse(level1(Draft(study=CHEST))), "component/nonXMLBody/text").text or "")
    assert content == chest_pdf(Draft(study=CHEST))
    assert content.startswith(b"%PDF-1.4\n")
    assert content.endswith(b"%%EOF\n")
    assert "KERMARREC-LEFÈVRE".encode("cp1252") in content
    found = re.search(rb"startxref\n(\d+)\n", content)
    assert found is not None
    table = content[int(found.group(1)) :]
    assert table.startswith(b"xref\n0 8\n")
    for number, offset in enumerate(re.findall(rb"(\d{10}) 00000 n \n", table), start=1):
        assert content[int(offset) :].startswith(b"%d 0 obj\n" % number)
