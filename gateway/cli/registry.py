"""``gateway registry [import | export | verify | patients]``: the document registry and repository, and its upkeep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import options

if TYPE_CHECKING:
    from gateway.registry.service import RegistryService

folder_argument = click.argument("folder", type=options.PATH, metavar="FOLDER", help="A folder of submissions.")
_SWEPT_AGE_H = 24


@click.group(cls=options.Group, invoke_without_command=True)
@click.pass_context
@options.config
def commands(context: click.Context, config: Path) -> None:
    """Run the document registry and repository that ships with the gateway; a command beside it looks after it."""
    if context.invoked_subcommand is None:
        from gateway.serve import serve_registry

        raise SystemExit(serve_registry(config))


@commands.command("export")
@folder_argument
@options.config
def export_folder(folder: Path, config: Path) -> None:
    """Write everything the registry holds into an empty folder, a sub-folder a submission."""
    from gateway.registry.export import export

    with _service(config) as service:
        written = export(service.engine, service.files, service.repository_unique_id, folder)
    print(f"{written.submissions} submissions, {written.documents} documents")


@commands.command("import")
@folder_argument
@options.config
def import_folder(folder: Path, config: Path) -> None:
    """Take in a folder of submissions: an export as it was, any other as ITI-41 and ITI-42 would.

    A sub-folder holds metadata.xml (a SubmitObjectsRequest) and documents/1.xml, documents/2.dcm…, the bytes of its
    documents in their order. Ends with 1 when a submission was refused; the others are in.
    """
    from gateway.registry.restore import refused, restore

    taken = known = failed = 0
    with _service(config) as service:
        for one in restore(service, folder):
            failed += refused(one)
            known += one.known
            taken += not refused(one) and not one.known
            for error in one.errors:
                print(f"{one.name}: {error.severity} {error.code}: {error.context}")
    print(f"{taken} submissions taken in, {known} known already, {failed} refused")
    raise SystemExit(1 if failed else 0)


@commands.command()
@click.option("--sweep", is_flag=True, help="Remove files that nothing names, a day old or more.")
@options.language("fr")
@options.as_json
@options.config
def verify(
    sweep: bool,
    language: str,
    as_json: bool,
    config: Path,
) -> None:
    """Compare every hash and follow every reference. Ends with 0 when all is whole, 1 when something is not."""
    import json
    from dataclasses import asdict
    from datetime import UTC, datetime, timedelta

    from gateway.registry.verify import Looked
    from gateway.registry.verify import verify as look
    from gateway.texts import sentence

    looked, faults = Looked(), 0
    with _service(config) as service:
        for fault in look(service.engine, service.files, service.repository_unique_id, looked):
            faults += 1
            words = sentence(fault.code, {**dict(fault.facts), "name": fault.name}, language)
            print(
                json.dumps({"code": fault.code, "name": fault.name, "words": words}, ensure_ascii=False)
                if as_json
                else f"{fault.name}: {words}"
            )
        before = datetime.now(UTC) - timedelta(hours=_SWEPT_AGE_H)
        swept = service.files.sweep(before, service.is_referenced) if sweep else 0
    if as_json:
        print(json.dumps({**asdict(looked), "faults": faults, "swept": swept}))
    else:
        counted = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in asdict(looked).items())
        print(f"{counted}; {faults} faults" + (f"; {swept} files swept" if sweep else ""))
    raise SystemExit(1 if faults else 0)


@commands.group()
def patients() -> None:
    """The patients that the registry knows, where registry.patients is "listed"."""


@patients.command("list")
@options.config
def list_patients(config: Path) -> None:
    """Print the list: a CX a line, and into whom a patient was merged."""
    from gateway.registry import patients
    from gateway.store.engine import reading

    with _service(config) as service, reading(service.engine) as connection:
        for one in patients.listed(connection):
            print(one.patient_id + (f" -> {one.merged_into}" if one.merged_into else ""))


@patients.command("import")
@click.argument("file", type=options.PATH, help="A CX a line: 123^^^&1.2.250.1.213.1.4.10&ISO.")
@options.config
def import_patients(
    file: Path,
    config: Path,
) -> None:
    """Put the patients of a file into the list; those of it that are known stay as they are."""
    from gateway.errors import InputRejected
    from gateway.registry import forms

    wanted = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        patient_id = line.strip()
        if not patient_id or patient_id.startswith("#"):
            continue
        if wrong := forms.cx(patient_id):
            raise InputRejected("registry_patient_file", place=f"{file}:{number}", words=wrong)
        wanted.append(patient_id)
    with _service(config) as service:
        print(f"{service.add_patients(wanted)} new of {len(wanted)}")


@patients.command("merge")
@click.argument("survivor", help="The CX that stays.")
@click.argument("subsumed", nargs=-1, required=True, help="The CXs that are merged into it.")
@options.config
def merge_patients(
    survivor: str,
    subsumed: tuple[str, ...],
    config: Path,
) -> None:
    """Give everything of some patients to another, as a merge of ITI-44 does."""
    from gateway.errors import InputRejected
    from gateway.registry import forms

    for patient_id in (survivor, *subsumed):
        if wrong := forms.cx(patient_id):
            raise InputRejected("registry_patient_file", words=wrong)
    with _service(config) as service:
        print(f"{service.merge_patients(survivor, subsumed)} objects moved")


@contextmanager
def _service(config: Path) -> Iterator[RegistryService]:
    """The registry's service, its tables brought to this version."""
    from gateway import log
    from gateway.registry.setup import build_service, prepare
    from gateway.serve import registry_settings
    from gateway.settings import load

    settings = load(config)
    log.configure(level="warning")
    table = registry_settings(settings)
    prepare(table)
    service = build_service(table)
    try:
        yield service
    finally:
        service.close()
