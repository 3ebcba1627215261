"""``gateway kos``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import options
from gateway.cli.options import house_of

if TYPE_CHECKING:
    from gateway.kos.file import Part10
    from gateway.model.finding import Judgement

commands = options.Group(help="Image manifests (DICOM Key Object Selection): build, show, judge.")


@commands.command()
@options.files
@options.as_json
@options.language("fr")
def check(files: tuple[Path, ...], as_json: bool, language: str) -> None:
    """Judge manifests: 0 all valid, 1 one is invalid, 2 one cannot be read."""
    from gateway.cli.checking import check as judge_all

    judge_all(files, judge, language=language, as_json=as_json)


def judge(content: bytes) -> Judgement:
    """The judgement of one file, once the guard has seen every byte of it."""
    from gateway.kos.check import judge_part10

    return judge_part10(_guarded(content))


def _guarded(content: bytes) -> Part10:
    """The file taken apart, unfolded within limits, its lengths and depth walked; raises InputRejected."""
    from gateway.dicom import guard
    from gateway.kos.file import SIZE_BYTES, take_apart

    part10 = take_apart(content)
    # Twelve elements and items a reference: as many references as the size allows.
    limits = guard.Limits(size_bytes=SIZE_BYTES, elements=SIZE_BYTES // 16)
    for _ in guard.walk(part10.body, implicit=part10.implicit, limits=limits):
        pass
    return part10


@commands.command()
@click.argument("file", type=options.PATH, help="A key object selection document.")
@options.as_json
@click.option("--instances", is_flag=True, help="Every instance, not the counts alone.")
def show(
    file: Path,
    as_json: bool,
    instances: bool,
) -> None:
    """Show what a manifest says: identities, requests, where to get it, series and counts."""
    import json

    from gateway.cli.checking import LIMIT_BYTES
    from gateway.errors import InputRejected, InputTooLarge
    from gateway.kos.read import read
    from gateway.kos.show import as_json as told
    from gateway.kos.show import lines

    try:
        if file.stat().st_size > LIMIT_BYTES:
            raise InputTooLarge("file_too_large")
        content = file.read_bytes()
    except OSError as error:
        raise InputRejected("file_unreadable", reason=error.strerror or "unreadable") from None
    _guarded(content)
    document = read(content)
    if as_json:
        print(json.dumps(told(document, instances=instances), ensure_ascii=False))
        return
    for line in lines(document, instances=instances):
        print(line)


@commands.command()
@click.option("--pacs", required=True, help="NAME of the table pacs.NAME in the settings.")
@click.option("--study", required=True, help="Study Instance UID.")
@click.option("--output", "-o", type=options.PATH, required=True, help="Where the manifest is written.")
@options.config
@click.option("--site", default="", help="The site, when several share the PACS.")
@click.option("--accession", default="", help="The accession number, when the PACS has none or several.")
@click.option("--ins", default="", help="The national identity (15 characters), for the flavour dmp.")
@click.option(
    "--flavour", type=click.Choice(("ihe", "dmp")), default="ihe", show_default=True, help="Whose identity comes first."
)
@click.option("--mado", is_flag=True, help="The manifest with description (IHE MADO).")
@click.option("--act", default="", help="What was done, in words, for the description of DRIM-M.")
def build(
    pacs: str,
    study: str,
    output: Path,
    config: Path,
    site: str,
    accession: str,
    ins: str,
    flavour: str,
    mado: bool,
    act: str,
) -> None:
    """Build the manifest of a study as the PACS has it now, and write it to a file."""
    from gateway.cli.kos_build import accession_of, patient_of, site_of
    from gateway.errors import InputRejected
    from gateway.kos.build import ManifestRequest
    from gateway.kos.build import build as manifest
    from gateway.kos.choice import choose
    from gateway.model.identifiers import new_uid

    with house_of(config) as house:
        settled = site_of(house, pacs, site)
        exam = house.pacs[pacs].study(study)
        if exam is None:
            raise InputRejected("kos_build_absent", place="--study", pacs=pacs)
        production = house.settings.environment == "production"
        request = ManifestRequest(
            sop_instance_uid=new_uid(),
            series_instance_uid=new_uid(),
            created_at=datetime.now().astimezone(),
            site=settled,
            patient=patient_of(exam, settled, ins, production=production),
            accession=accession_of(exam, settled, accession),
            flavour=flavour,
            act=act,
            described=mado,
        )
    content = manifest(exam, request)
    try:
        output.write_bytes(content)
    except OSError as error:
        raise InputRejected("kos_build_output", place="--output", reason=error.strerror or "") from None
    choice = choose(exam, settled.manifest)
    print(f"{output}: {len(choice.exam.instances)} instances of {len(choice.exam.series)} series, {len(content)} bytes")
    for reason, count in choice.reasons.items():
        print(f"  left out: {count} ({reason})")
