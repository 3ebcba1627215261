"""Other people's readers of our manifests: dicom3tools, dcmtk, highdicom."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from highdicom.ko import KeyObjectSelectionDocument
from pydicom import dcmread

from gateway.demo.identity import CT
from gateway.kos.build import build
from tests.support.manifests import ct_exam, request

FLAVOURS = pytest.mark.parametrize("flavour", ["dmp", "ihe"])


def written(folder: Path, flavour: str) -> Path:
    file = folder / f"{flavour}.dcm"
    file.write_bytes(build(ct_exam(), request(flavour)))
    return file


def output(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")


@pytest.mark.dicom3tools
@FLAVOURS
def test_dciodvfy_finds_no_error(tmp_path: Path, flavour: str) -> None:
    lines = output("dciodvfy", written(tmp_path, flavour)).splitlines()
    assert "KeyObjectSelectionDocument" in lines
    assert [line for line in lines if line.startswith("Error")] == []
    warnings = [
        line for line in lines if line.startswith("Warning") and "not present in standard DICOM IOD" not in line
    ]
    assert warnings == []


@pytest.mark.dcmtk
@FLAVOURS
def test_dsrdump_reads_the_content_tree(tmp_path: Path, flavour: str) -> None:
    shown = output("dsrdump", "+U8", "+Pc", written(tmp_path, flavour))
    assert "Key Object Selection Document" in shown
    assert '<CONTAINER:(113030,DCM,"Manifest")=SEPARATE>' in shown
    assert shown.count("contains IMAGE") == 3
    assert shown.count("contains WAVEFORM") == 1
    assert shown.count("contains COMPOSITE") == 1
    assert not [line for line in shown.splitlines() if line.startswith(("E:", "F:"))]


@FLAVOURS
def test_highdicom_takes_the_manifest_as_its_own(flavour: str) -> None:
    # highdicom 0.27 does not know the value type WAVEFORM
    exam = ct_exam(tuple(series for series in ct_exam().series if series.modality != "ECG"))
    dataset = dcmread(BytesIO(build(exam, request(flavour))))
    document = KeyObjectSelectionDocument.from_dataset(dataset)
    for instance in exam.instances:
        study, _, found = document.resolve_reference(instance.sop_instance_uid)
        assert (study, found) == (CT.study_uid, instance.sop_instance_uid)
    references = document.content.get_references()
    assert [item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in references] == [
        instance.sop_instance_uid for instance in exam.instances
    ]
