"""Other people's readers of our manifests: dicom3tools, dcmtk, highdicom, pydicom."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from highdicom.ko import KeyObjectSelectionDocument
from pydicom import dcmread

from gateway.demo.identity import ACCESSION_ISSUER, CT
from gateway.kos.build import ManifestRequest, build
from gateway.kos.sop_classes import value_type
from gateway.model.exam import Exam
from gateway.model.identifiers import Identifier
from tests.support.manifests import ct_exam, key_image_exam, odd_exams, request

_SECOND = Identifier(ACCESSION_ISSUER, "SC26031205")
_OTHER_ISSUER = Identifier("1.2.250.1.999.9.9", CT.accession.extension)


def _cases() -> dict[str, tuple[Exam, ManifestRequest]]:
    """Each kind of study for each flavour, with key images, several accession numbers, two issuers of one number."""
    cases = {}
    for flavour in ("dmp", "ihe"):
        for name, exam in odd_exams().items():
            cases[f"{name}-{flavour}"] = exam, request(flavour)
        cases[f"key-images-{flavour}"] = key_image_exam(), request(flavour)
        for name, other in (("multi-accession", _SECOND), ("two-issuers", _OTHER_ISSUER)):
            orders = ((CT.accession, CT.placer), (other, None))
            cases[f"{name}-{flavour}"] = ct_exam(), replace(request(flavour), orders=orders)
    return cases


CASES = _cases()
EVERY_CASE = pytest.mark.parametrize("name", CASES)


def written(folder: Path, name: str, *, described: bool = False) -> Path:
    exam, asked = CASES[name]
    file = folder / f"{name}.dcm"
    file.write_bytes(build(exam, replace(asked, described=described)))
    return file


def output(*command: str | Path) -> list[str]:
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return (done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")).splitlines()


@pytest.mark.dicom3tools
@EVERY_CASE
def test_dciodvfy_finds_no_error(tmp_path: Path, name: str) -> None:
    lines = output("dciodvfy", written(tmp_path, name))
    assert "KeyObjectSelectionDocument" in lines
    assert [line for line in lines if line.startswith("Error")] == []
    warnings = [
        line for line in lines if line.startswith("Warning") and "not present in standard DICOM IOD" not in line
    ]
    assert warnings == []


@pytest.mark.dcmtk
@EVERY_CASE
def test_dsrdump_reads_the_content_tree(tmp_path: Path, name: str) -> None:
    file = written(tmp_path, name)
    lines = output("dsrdump", "+U8", "+Pc", file)
    shown = "\n".join(lines)
    assert '<CONTAINER:(113030,DCM,"Manifest")=SEPARATE>' in shown
    kinds = [item.ValueType for item in dcmread(file).ContentSequence]
    for kind in ("IMAGE", "WAVEFORM", "COMPOSITE", "TEXT"):
        assert shown.count(f"contains {kind}") == kinds.count(kind)
    assert not [line for line in lines if line.startswith(("E:", "F:"))]


@pytest.mark.dicom3tools
def test_dciodvfy_knows_no_description_yet_and_finds_nothing_else(tmp_path: Path) -> None:
    """Its tables are older than the change proposal that adds the value type NUM to the document (CP-2595)."""
    lines = output("dciodvfy", written(tmp_path, "pet-ct-ihe", described=True))
    errors = {line for line in lines if line.startswith("Error")}
    assert errors == {
        f"Error - Unrecognized enumerated value <{kind}> for value 1 of attribute <Value Type>"
        for kind in ("NUM", "DATE", "TIME")
    }


@pytest.mark.dcmtk
def test_dcmtk_reads_the_file_of_a_manifest_with_description(tmp_path: Path) -> None:
    """dsrdump of this version refuses a container in a key object document, which the change proposal adds."""
    file = written(tmp_path, "pet-ct-ihe", described=True)
    assert any("Invalid by-value Relationship" in line for line in output("dsrdump", "+U8", file))
    lines = output("dcmdump", file)
    assert not [line for line in lines if line.startswith(("E:", "F:"))]
    assert sum("[126200]" in line for line in lines) == 2


@EVERY_CASE
def test_highdicom_takes_the_manifest_as_its_own(name: str) -> None:
    exam, asked = CASES[name]
    # highdicom 0.27 does not know the value type WAVEFORM
    exam = replace(exam, series=tuple(series for series in exam.series if series.modality != "ECG"))
    document = KeyObjectSelectionDocument.from_dataset(dcmread(BytesIO(build(exam, asked))))
    references = [item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in document.content.get_references()]
    for uid in references:
        study, _, found = document.resolve_reference(uid)
        assert (study, found) == (CT.study_uid, uid)
    shared = [i for i in exam.instances if name.startswith("key-images") is False or i.sop_instance_uid in references]
    shared.sort(key=lambda i: value_type(i.sop_class_uid) != "IMAGE")
    assert references == [instance.sop_instance_uid for instance in shared]


@EVERY_CASE
def test_pydicom_reads_what_was_asked_for(name: str) -> None:
    exam, asked = CASES[name]
    found = dcmread(BytesIO(build(exam, asked)))
    numbers = [
        (item.AccessionNumber, item.IssuerOfAccessionNumberSequence[0].UniversalEntityID)
        for item in found.ReferencedRequestSequence
    ]
    assert numbers == [(accession.extension, accession.root) for accession, _ in asked.orders]
    assert (found.AccessionNumber == "") == (asked.flavour == "dmp" or len(asked.orders) > 1)
    (study,) = found.CurrentRequestedProcedureEvidenceSequence
    named = {i.ReferencedSOPInstanceUID for s in study.ReferencedSeriesSequence for i in s.ReferencedSOPSequence}
    selected = {
        i.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for i in found.ContentSequence if i.ValueType != "TEXT"
    }
    assert named == selected
