"""``gateway kos check | show | build`` as one types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import app
from gateway.cli.kos_build import accession_of, patient_of
from gateway.demo.identity import CT, PATIENT, SITE
from gateway.errors import GatewayError, Mismatch
from gateway.kos.build import build
from gateway.model.exam import ImagingRequest
from gateway.model.identifiers import INS_TEST, Identifier
from tests.support.manifests import ct_exam, request

GOLDEN = Path(__file__).parents[1] / "golden"


def run(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in ("kos", *words)])
    if isinstance(result.exception, GatewayError):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    file = tmp_path / "wrong.dcm"
    file.write_bytes((GOLDEN / "manifest-dmp.dcm").read_bytes().replace(b"SEPARATE", b"CONTINUO"))
    return file


def test_check_of_one_file_is_one_object() -> None:
    code, printed = run("check", GOLDEN / "manifest-dmp.dcm", "--json")
    told = json.loads(printed)
    assert (code, told["verdict"], told["findings"], told["profile"]) == (0, "valid", [], "DRIM-M")


def test_check_of_several_files_is_a_list_and_the_worst_decides(wrong: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.dcm"
    broken.write_bytes((GOLDEN / "manifest-dmp.dcm").read_bytes()[:-40])
    code, printed = run("check", GOLDEN / "manifest-ihe.dcm", wrong, broken, "--json")
    told = json.loads(printed)
    assert code == 2
    assert [one["verdict"] for one in told] == ["valid", "invalid", "unreadable"]
    (finding,) = told[1]["findings"]
    assert {"rule", "severity", "path", "message", "source"} <= set(finding)
    assert (finding["rule"], finding["path"]) == ("kos-fixed", "ContinuityOfContent")
    assert run("check", wrong)[0] == 1
    assert told[2]["findings"][0]["rule"] == "dicom_truncated"


def test_show_tells_identities_retrieval_and_counts() -> None:
    code, printed = run("show", GOLDEN / "manifest-dmp.dcm")
    assert code == 0
    for words in (
        "(113030, DCM, Manifest)",
        "281112915104759 (1.2.250.1.213.1.4.10)",
        "accession SC26031204",
        "3 series, 5 instances",
        "/dicom-web-rs/studies/",
        "3 CT Image Storage",
        "3 IMAGE, 1 WAVEFORM, 1 COMPOSITE",
    ):
        assert words in printed


def test_show_as_json() -> None:
    told = json.loads(run("show", GOLDEN / "manifest-key-images.dcm", "--json", "--instances")[1])
    assert told["counts"] == {"studies": 1, "series": 2, "instances": 3, "content": {"IMAGE": 2, "COMPOSITE": 1}}
    assert told["requests"][0]["accession"] == {"value": "SC26031204", "issuer": "1.2.250.1.999.1.1.2"}
    assert len(told["studies"][0]["series"][0]["objects"]) == 2


def test_show_obeys_no_control_character(tmp_path: Path) -> None:
    file = tmp_path / "hostile.dcm"
    file.write_bytes((GOLDEN / "manifest-ihe.dcm").read_bytes().replace(b"Scanner", b"Sc\x1b[31m"))
    assert "\x1b" not in run("show", file)[1]


def test_show_of_what_is_no_manifest_has_a_name(tmp_path: Path) -> None:
    file = tmp_path / "text.dcm"
    file.write_bytes(b"hello")
    with pytest.raises(GatewayError) as caught:
        run("show", file)
    assert caught.value.code == "kos_not_dicom"


def test_what_build_takes_from_the_pacs() -> None:
    exam = ct_exam()
    patient = patient_of(exam, SITE, "281112915104759", production=False)
    assert patient.ins == Identifier(INS_TEST, "281112915104759")
    assert (patient.family, patient.given) == (PATIENT.family, PATIENT.given)
    assert accession_of(exam, SITE, "") == CT.accession
    assert accession_of(exam, SITE, "X").extension == "X"


def test_build_takes_the_accession_number_of_a_request_and_needs_one() -> None:
    from dataclasses import replace

    bare = replace(ct_exam(), accession_number="")
    asked = replace(bare, requests=(ImagingRequest(accession=Identifier("", "SC9")),))
    assert accession_of(asked, SITE, "") == Identifier(SITE.accession_issuer, "SC9")
    with pytest.raises(Mismatch):
        accession_of(bare, SITE, "")
    assert build(asked, request())
