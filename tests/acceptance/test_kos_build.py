"""``gateway kos build`` against Orthanc: from a PACS to a manifest that the gateway's own judge finds right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydicom import dcmread

from gateway.cli import app
from gateway.errors import GatewayError
from tests.support import dicom_objects, orthanc

pytestmark = pytest.mark.orthanc
STUDY = dicom_objects.STUDY


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Settings of one site over an Orthanc that holds a study of CT and ultrasound."""
    folder = tmp_path_factory.mktemp("kos-build")
    with orthanc.running() as pacs:
        pacs.store(map(dicom_objects.encoded, dicom_objects.whole_study()))
        file = folder / "gateway.toml"
        file.write_text(
            f"""
environment = "test"
[pacs.main]
host = "127.0.0.1"
port = {pacs.dicom_port}
called_aet = "{orthanc.AE_TITLE}"
[destination.region]
registry_url = "https://registry.example.org/registry"
repository_url = "https://registry.example.org/repository"
[site.main]
organization_id = "1290099993"
organization_name = "Centre d'imagerie"
patient_id_issuer = "{dicom_objects.IPP_OID}"
accession_issuer = "{dicom_objects.ACCESSION_OID}"
pacs = "main"
destinations = ["region"]
source_id = "1.2.250.1.999.1.1.5"
retrieve_ae_title = "{orthanc.AE_TITLE}"
retrieve_url = "https://box.example/dicom-web"
imaging_source_uid = "1.2.250.1.999.1.1.4"
""",
            encoding="utf-8",
        )
        yield file


def run(*words: str | Path) -> str:
    result = CliRunner().invoke(app, ["kos", *map(str, words)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.mark.parametrize("extra", [(), ("--mado",), ("--flavour", "dmp", "--ins", "281112915104759", "--act", "TDM")])
def test_a_study_of_the_pacs_becomes_a_right_manifest(config: Path, tmp_path: Path, extra: tuple[str, ...]) -> None:
    file = tmp_path / "manifest.dcm"
    printed = run("build", "--pacs", "main", "--study", STUDY, "-o", file, "--config", config, *extra)
    assert "9 instances of 3 series" in printed
    told = json.loads(run("check", file, "--json"))
    assert (told["verdict"], told["findings"]) == ("valid", [])
    shown = json.loads(run("show", file, "--json"))
    assert shown["counts"]["instances"] == 9
    assert shown["study"]["study_uid"] == STUDY
    assert {one.ValueType for one in dcmread(file).ContentSequence} >= {"TEXT", "IMAGE"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--pacs", "other", "--study", STUDY), "kos_build_pacs"),
        (("--pacs", "main", "--study", "1.2.3.4.5"), "kos_build_absent"),
        (("--pacs", "main", "--study", "1.2.*"), "pacs_key_unsafe"),
    ],
)
def test_what_cannot_be_built_has_a_name_and_leaves_no_file(
    config: Path, tmp_path: Path, words: tuple[str, ...], code: str
) -> None:
    file = tmp_path / "manifest.dcm"
    with pytest.raises(GatewayError) as caught:
        run("build", *words, "-o", file, "--config", config)
    assert caught.value.code == code
    assert not file.exists()
