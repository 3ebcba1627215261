"""Other people's readers of the reports that we build: dcmtk's reader of CDA, and expat by way of the standard library.

dcmtk reads the patient, the document's code and its identifier out of a report by itself; the standard library's tree
is made by another parser than ours.
"""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from lxml import etree
from pydicom import Dataset, dcmread

from gateway.demo import reports
from gateway.report_form import build, read_value
from gateway.trust import safexml

CDA = "{urn:hl7-org:v3}"
_PDF = b"%PDF-1.4 un essai"
CASES = (*reports.EXAMS, "level-1")
EVERY_REPORT = pytest.mark.parametrize("name", CASES)


def form(name: str) -> dict[str, Any]:
    told: dict[str, Any] = reports.examples()["radiography" if name == "level-1" else name]
    return told


@cache
def report(name: str) -> bytes:
    return build(read_value(form(name)), pdf=_PDF if name == "level-1" else None)


def encapsulated(folder: Path, name: str, content: bytes) -> Dataset:
    """What dcmtk makes of a report: a DICOM object with what it has read there."""
    (folder / f"{name}.xml").write_bytes(content)
    command = ["cda2dcm", str(folder / f"{name}.xml"), str(folder / f"{name}.dcm")]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return dcmread(folder / f"{name}.dcm")


@pytest.mark.dcmtk
@EVERY_REPORT
def test_dcmtk_reads_the_patient_and_the_document_out_of_our_reports(tmp_path: Path, name: str) -> None:
    told = form(name)
    found = encapsulated(tmp_path, name, report(name))
    patient = told["patient"]
    # dcmtk writes the bytes of the names as they are in the report, UTF-8, and says ISO 8859-1
    family, given, *_ = str(found.PatientName).encode("latin-1").decode("utf-8").split("^")
    assert family in (patient["birth_family"], patient["used_family"])
    assert patient["birth_given"] in given.split()
    assert found.PatientID == patient["identifiers"][0]["extension"]
    assert found.PatientSex == patient["sex"]
    assert found.PatientBirthDate == patient["birth_date"].replace("-", "")
    (title,) = found.ConceptNameCodeSequence
    assert (title.CodeValue, title.CodingSchemeDesignator) == ("18748-4", "LN")
    assert found.HL7InstanceIdentifier.partition("^")[0] == told["document"]["id"]["root"]
    assert bytes(found.EncapsulatedDocument).rstrip(b"\0") == report(name)


@pytest.mark.dcmtk
def test_dcmtk_finds_no_patient_where_there_is_none(tmp_path: Path) -> None:
    content = report("ct")
    begin, end = content.index(b"<recordTarget"), content.index(b"</recordTarget>") + len(b"</recordTarget>")
    found = encapsulated(tmp_path, "without", content[:begin] + content[end:])
    assert not found.get("PatientID")
    assert not str(found.get("PatientName", "")).strip("^")


@EVERY_REPORT
def test_another_parser_reads_the_same_document(name: str) -> None:
    ours = etree.tostring(safexml.parse(report(name)), method="c14n2").decode()
    assert ElementTree.canonicalize(report(name).decode()) == ours


@EVERY_REPORT
def test_another_parser_finds_every_study_order_and_reference(name: str) -> None:
    root = ElementTree.fromstring(report(name))
    study, _ = reports.EXAMS["radiography" if name == "level-1" else name]
    events = [one.get("root") for one in root.iterfind(f"{CDA}documentationOf/{CDA}serviceEvent/{CDA}id")]
    assert events == [study.study_uid]
    (accession,) = root.iterfind(f"{CDA}inFulfillmentOf/{CDA}order/{{urn:dicom-org:ps3-20}}accessionNumber")
    assert (accession.get("root"), accession.get("extension")) == (study.accession.root, study.accession.extension)
    anchors = [one.get("ID") for one in root.iter() if one.get("ID")]
    assert len(anchors) == len(set(anchors))
    pointed = [one.get("value", "") for one in root.iter(f"{CDA}reference")]
    assert {one[1:] for one in pointed if one.startswith("#")} <= set(anchors)
    sections = list(root.iter(f"{CDA}section"))
    assert bool(sections) == (name != "level-1")
    for section in sections:
        text = section.find(f"{CDA}text")
        assert text is not None
        assert "".join(text.itertext()).strip() or section.find(f"{CDA}component") is not None
