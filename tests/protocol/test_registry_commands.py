"""``gateway registry …`` as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway import cli
from gateway.cli import running
from gateway.errors import InputRejected
from gateway.registry.service import RegistryService
from gateway.registry.setup import RegistrySettings, build_service, prepare
from gateway.serve import registry_settings
from gateway.settings import load
from tests.support.registry import OTHER_PATIENT, PATIENT, contents, entry, submission


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(
        '[registry]\npatients = "listed"\npatient_authorities = ["1.2.250.1.213.1.4.10"]\nkeep_extra_slots = false\n'
    )
    return path


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["registry", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def service(config: Path) -> RegistryService:
    settings = registry_settings(load(config))
    prepare(settings)
    return build_service(settings)


def test_the_settings_say_whose_documents_are_taken(config: Path) -> None:
    settings = registry_settings(load(config))
    assert settings.listed_patients
    assert settings.patient_authorities == {"1.2.250.1.213.1.4.10"}
    assert not settings.keep_extra_slots
    assert settings.blobs == config.parent / "registry-blobs"
    config.write_text("")
    assert registry_settings(load(config)) == RegistrySettings(
        database_url=f"sqlite:///{config.parent / 'registry.db'}",
        blobs=config.parent / "registry-blobs",
        repository_unique_id="1.2.250.1.999.1.1.7.1",
        threads=8,
    )


def test_the_group_runs_the_server_when_nothing_else_is_asked(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr("gateway.serve.serve_registry", lambda path: asked.append(path) or 0)
    assert run("--config", str(config))[0] == 0
    assert asked == [config]
    assert "registry" not in running.commands.commands


def test_patients_are_listed_from_a_file_and_merged(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "patients.txt"
    file.write_text(f"# both\n{PATIENT}\n\n{OTHER_PATIENT}\n")
    options = ("--config", str(config))
    assert run("patients", "import", str(file), *options) == (0, "2 new of 2\n")
    assert run("patients", "import", str(file), *options) == (0, "0 new of 2\n")
    here = service(config)
    submitted = submission(entry())
    assert here.provide_and_register(submitted, contents(submitted)) == ()
    here.close()
    assert run("patients", "merge", OTHER_PATIENT, PATIENT, *options) == (0, "2 objects moved\n")
    code, output = run("patients", "list", *options)
    assert (code, output) == (0, f"{OTHER_PATIENT}\n{PATIENT} -> 160012B12345678^1.2.250.1.213.1.4.10\n")
    file.write_text("279035121518989\n")
    with pytest.raises(InputRejected, match="registry_patient_file"):
        run("patients", "import", str(file), *options)
    assert run("patients")[0] == 2


def test_a_registry_goes_into_a_folder_and_comes_out_of_it_whole(config: Path, tmp_path: Path) -> None:
    options = ("--config", str(config))
    here = service(config)
    here.add_patients([PATIENT])
    submitted = submission(entry("Document01"), entry("Document02"))
    assert here.provide_and_register(submitted, contents(submitted)) == ()
    here.close()
    assert run("export", str(tmp_path / "out"), *options) == (0, "1 submissions, 2 documents\n")
    assert run("import", str(tmp_path / "out"), *options) == (0, "0 submissions taken in, 1 known already, 0 refused\n")
    other = tmp_path / "other" / "gateway.toml"
    other.parent.mkdir()
    other.write_text("")
    there = ("--config", str(other))
    assert run("import", str(tmp_path / "out"), *there) == (0, "1 submissions taken in, 0 known already, 0 refused\n")
    code, output = run("verify", *there)
    assert code == 0
    assert output.startswith(
        "2 documents, 2 entries, 0 folders, 1 submission sets, 2 associations, 0 orphans; 0 faults"
    )


def test_a_submission_that_is_refused_is_told_and_ends_with_1(config: Path, tmp_path: Path) -> None:
    (tmp_path / "in" / "a").mkdir(parents=True)
    metadata = '<SubmitObjectsRequest xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"/>'
    (tmp_path / "in" / "a" / "metadata.xml").write_text(metadata)
    code, output = run("import", str(tmp_path / "in"), "--config", str(config))
    assert code == 1
    assert output.startswith("a: Error XDSRegistryMetadataError: ")
    assert output.endswith("0 submissions taken in, 0 known already, 1 refused\n")


def test_what_is_not_whole_is_told_in_both_languages_and_as_json(config: Path) -> None:
    here = service(config)
    here.add_patients([PATIENT])
    submitted = submission(entry())
    assert here.provide_and_register(submitted, contents(submitted)) == ()
    here.files.put(b"<orphan/>")
    for digest in list(here.files.digests()):
        here.files._path(digest).write_bytes(b"damaged")
    here.close()
    options = ("--config", str(config))
    code, french = run("verify", *options)
    assert code == 1
    assert "n'a plus ses empreintes" in french
    assert "no longer has its hashes" in run("verify", "--lang", "en", *options)[1]
    code, output = run("verify", "--json", "--sweep", *options)
    fault, counted = (json.loads(line) for line in output.splitlines())
    assert (code, fault["code"], fault["name"]) == (1, "registry_verify_bytes", submitted.entries[0].unique_id)
    assert (counted["documents"], counted["faults"], counted["orphans"], counted["swept"]) == (1, 1, 1, 0)
