"""The main job as a newcomer runs it, in a process of its own, read by programs that we did not write."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from highdicom.ko import KeyObjectSelectionDocument
from lxml import etree
from pydicom import dcmread

from gateway.cda import link
from gateway.trust import safexml
from tests.support import orthanc

COMMAND = [sys.executable, "-m", "gateway", "demo"]
TIMEOUT_S = 300


@dataclass(frozen=True)
class Told:
    """What one run said and kept."""

    code: int
    line: dict[str, Any]
    kept: Path
    group: int


def _run(kept: Path, *arguments: str) -> Told:
    process = subprocess.Popen(
        [*COMMAND, "--once", "--json", "--keep", str(kept), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=TIMEOUT_S)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    assert process.returncode == 0, err[-3000:]
    return Told(process.returncode, json.loads(out.splitlines()[-1]), kept, process.pid)


def _left(group: int) -> list[str]:
    """Processes of a process group that are still there, a moment after its end: a helper that ends with the last of
    the others takes its time on a busy machine."""
    latest = time.monotonic() + 10
    while True:
        found = subprocess.run(
            ["ps", "-o", "pid=,args=", "-g", str(group)], capture_output=True, text=True, check=False
        )
        left = [line for line in found.stdout.splitlines() if "defunct" not in line]
        if not left or time.monotonic() > latest:
            return left
        time.sleep(0.1)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return _run(tmp_path_factory.mktemp("kept"))


@pytest.mark.timeout(TIMEOUT_S + 60)
def test_the_line_says_what_was_published_and_how_long_it_took(told: Told) -> None:
    line = told.line
    for key in ("accession_number", "study_instance_uid", "report_unique_id", "manifest_unique_id", "registry_url",
                "repository_url", "link"):  # fmt: skip
        assert line[key], key
    for key in ("ack_ms", "shared_ms", "first_image_ms"):
        assert line[key] > 0
    assert {d["unique_id"] for d in line["documents"]} == {line["report_unique_id"], line["manifest_unique_id"]}
    assert {(d["mime_type"], d["format_code"]) for d in line["documents"]} == {
        ("text/xml", "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013"),
        ("application/dicom", "1.2.840.10008.5.1.4.1.1.88.59"),
    }
    assert len(line["level_1"]["documents"]) == 2
    assert all(len(d["hash"]) == 40 and d["size_bytes"] > 0 for d in line["documents"])


def test_nothing_of_it_runs_on(told: Told) -> None:
    assert _left(told.group) == []


def test_the_kept_report_holds_the_link_of_the_line(told: Told) -> None:
    links = link.links_of(safexml.parse((told.kept / "ct-report.xml").read_bytes()))
    assert links == {told.line["study_instance_uid"]: told.line["link"]}
    assert "Accessionnumber=" in told.line["link"]


def test_the_kept_request_is_a_whole_http_message_with_both_documents(told: Told) -> None:
    raw = (told.kept / "iti-41-request-1.http").read_bytes()
    head, _, body = raw.partition(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    assert int(length.split(b":")[1]) == len(body)
    for name in ("ct-report.xml", "ct-manifest.dcm"):
        assert (told.kept / name).read_bytes() in body


def test_the_acknowledgements_are_kept(told: Told) -> None:
    for name in ("ORU-R01", "MDM-T02"):
        assert b"MSA|AA|" in (told.kept / f"ack-{name}.hl7").read_bytes()


@pytest.mark.dicom3tools
@pytest.mark.parametrize("name", ["ct-manifest.dcm", "chest-manifest.dcm"])
def test_dciodvfy_finds_no_error_in_the_manifest(told: Told, name: str) -> None:
    found = subprocess.run(["dciodvfy", str(told.kept / name)], capture_output=True, text=True, check=False)
    assert [line for line in (found.stdout + found.stderr).splitlines() if line.startswith("Error")] == []


@pytest.mark.dcmtk
@pytest.mark.parametrize("name", ["ct-manifest.dcm", "chest-manifest.dcm"])
def test_dsrdump_reads_the_manifest_without_an_error(told: Told, name: str) -> None:
    found = subprocess.run(["dsrdump", str(told.kept / name)], capture_output=True, text=True, check=False)
    assert found.returncode == 0
    assert "Key Object Selection Document" in found.stdout
    # Its two warnings are about itself: it checks neither the VRs of ISO_IR 192 nor templates.
    assert not [line for line in found.stderr.splitlines() if line[:2] in ("E:", "F:")]


def test_highdicom_reads_the_manifest_and_finds_every_image(told: Told) -> None:
    document = KeyObjectSelectionDocument.from_dataset(dcmread(told.kept / "ct-manifest.dcm"))
    assert document.SOPInstanceUID == told.line["manifest_unique_id"]
    (study,) = document.CurrentRequestedProcedureEvidenceSequence
    assert study.StudyInstanceUID == told.line["study_instance_uid"]
    assert sum(len(series.ReferencedSOPSequence) for series in study.ReferencedSeriesSequence) == 240
    assert document.content.get_references()


@pytest.mark.orthanc
@pytest.mark.timeout(TIMEOUT_S + 60)
def test_the_same_story_is_told_against_orthanc(tmp_path: Path) -> None:
    with orthanc.running() as pacs:
        told = _run(tmp_path, "--slices", "12", "--pacs", f"{orthanc.AE_TITLE}@127.0.0.1:{pacs.dicom_port}")
    assert len(told.line["documents"]) == 2
    assert told.line["first_image_ms"] > 0
    manifest = dcmread(tmp_path / "ct-manifest.dcm")
    series = manifest.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert sum(len(one.ReferencedSOPSequence) for one in series) == 24
    assert {one.RetrieveAETitle for one in series} == {orthanc.AE_TITLE}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.timeout(TIMEOUT_S)
def test_the_demo_ends_cleanly_at_a_word_and_leaves_no_orphan(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--slices", "4"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "Gateway: MLLP" in line:
                break
        os.killpg(process.pid, number)
        process.stdout.read()
        assert process.wait(60) in (0, 130)
        deadline = time.monotonic() + 10
        while _left(process.pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert _left(process.pid) == []
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--pacs", "NOWHERE"], "PACS address"),
        (["--registry", "http://127.0.0.1:1/registry"], "--repository"),
        (["--pacs", "GONE@127.0.0.1:1"], "did not take"),
    ],
)
@pytest.mark.timeout(TIMEOUT_S)
def test_what_cannot_be_done_is_an_exit_code_and_a_reason(arguments: list[str], words: str) -> None:
    told = subprocess.run(
        [*COMMAND, "--once", "--json", "--slices", "4", *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert told.returncode != 0
    assert words in told.stderr
    assert not told.stdout


def test_the_metadata_name_the_reference_ids(told: Told) -> None:
    raw = (told.kept / "iti-41-request-1.http").read_bytes()
    envelope = raw[raw.index(b"<?xml") : raw.index(b"</soap-env:Envelope>") + len(b"</soap-env:Envelope>")]
    root = safexml.parse(envelope)
    values = root.xpath("//*[local-name()='Slot'][@name='urn:ihe:iti:xds:2013:referenceIdList']//text()")
    assert isinstance(root, etree._Element)
    assert any(told.line["accession_number"] in value for value in values)
    assert any(told.line["study_instance_uid"] in value for value in values)
