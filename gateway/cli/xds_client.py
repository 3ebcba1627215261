"""``gateway xds submit|retrieve``: documents to a repository, and from it (ITI-41, ITI-43, RAD-69)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import options
from gateway.cli.xds_common import client_of, destination, record, site, site_of
from gateway.cli.xds_show import REFUSED, dumped, errors_json, print_errors, refusals

if TYPE_CHECKING:
    from gateway.xds.client import ImagingSeries, RegistryClient, Retrieval

commands = click.Group()

_SUFFIXES = {
    "text/xml": ".xml",
    "application/dicom": ".dcm",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
    "application/xslt+xml": ".xml",
}


@commands.command()
@options.files
@options.config
@destination
@site
@click.option(
    "--replaces", multiple=True, help="Unique id of the document that the first file replaces; again for the second."
)
@click.option("--folder", default="", help="Put the documents into a new folder of this title, or into urn:uuid:….")
@click.option("--folder-code", "folder_codes", multiple=True, help="CODE^^SYSTEM of the new folder; may be repeated.")
@click.option("--qualified", is_flag=True, help="The patient's identity is qualified (INS).")
@options.language("fr")
@options.as_json
def submit(
    files: tuple[Path, ...],
    config: Path,
    destination: str,
    site: str,
    replaces: tuple[str, ...],
    folder: str,
    folder_codes: tuple[str, ...],
    qualified: bool,
    language: str,
    as_json: bool,
) -> None:
    """Publish a report, its image manifests, or a message that is ready (ITI-41, RAD-68).

    The files are one CDA report and the manifests (DICOM) of its examinations, a manifest alone, or one ITI-41 message
    (with or without its HTTP head), which is sent with its metadata as they are. What the registry has already with
    the same bytes is not sent again. Ends with 1 when the registry refuses.
    """
    from gateway.cli import xds_submit as submitting

    given = submitting.sorted_files(files)
    filing = submitting.filing(folder, folder_codes or [], ready=given.message is not None)
    with client_of(config, destination) as (house, client):
        if given.message is not None:
            message = submitting.read_message(given.message)
            with closing(message), refusals(language, as_json=as_json):
                frozen = message.submission
                sent = submitting.send_ready(client, message)
        else:
            publication = submitting.publication(given, site_of(house, site), qualified=qualified)
            frozen = filing(client.prepare(publication))
            for content in (given.report, *given.manifests):
                if content is not None:
                    house.blobs.put(content)
            objects = [one.unique_id for one in frozen.documents] + [one.entry_id for one in frozen.documents]
            with refusals(language, as_json=as_json, objects=objects):
                sent = not (client.settings.ask_first and client.known(frozen))
                if sent:
                    old = dict(zip([one.unique_id for one in frozen.documents], replaces or [], strict=False))
                    client.replace(frozen, old) if old else client.send(frozen, again=False)
        record(house, "xds.submitted" if sent else "xds.known", frozen.patient_id, frozen.submission_set_unique_id)
    documents = [
        {"unique_id": one.unique_id, "mime_type": one.mime_type, "hash": one.hash, "size_bytes": one.size}
        for one in frozen.documents
    ]
    if as_json:
        told = {"sent": sent, "submission_set": frozen.submission_set_unique_id, "documents": documents}
        print(dumped({"destination": client.settings.name, **told}))
        return
    print(f"{client.settings.name}: {'registered' if sent else 'is there already'}")
    for one in documents:
        print(f"  {one['unique_id']}  {one['mime_type']}  {one['size_bytes']} bytes")


@commands.command()
@click.option("--into", type=options.PATH, required=True, help="The folder for the files; made when it is not there.")
@click.argument("unique_ids", nargs=-1, metavar="[UNIQUE_ID...]", help="Unique ids of documents.")
@click.option("--manifest", type=options.PATH, help="A manifest (DICOM) whose images are wanted instead (RAD-69).")
@click.option("--syntax", multiple=True, help="With --manifest: transfer syntaxes that are taken.")
@options.config
@destination
@options.language("fr")
@options.as_json
def retrieve(
    into: Path,
    unique_ids: tuple[str, ...],
    manifest: Path | None,
    syntax: tuple[str, ...],
    config: Path,
    destination: str,
    language: str,
    as_json: bool,
) -> None:
    """Retrieve documents (ITI-43) or the images of a manifest (RAD-69) into a folder, byte for byte.

    Documents are compared with the hash and size in the registry; images come from the imaging sources of the
    settings. Files are named by unique id. One that is missing or differs is named, and the others are kept. Ends with
    1 when one is missing or a peer refuses.
    """
    from gateway.errors import InputRejected

    wanted = list(dict.fromkeys(unique_ids or []))
    if bool(wanted) == (manifest is not None):
        raise InputRejected("xds_option", option="UNIQUE_ID, --manifest", words="one of the two")
    saved: list[dict[str, object]] = []
    errors: list[dict[str, str]] = []
    with client_of(config, destination) as (house, client), refusals(language, as_json=as_json, objects=wanted):
        _make(into)
        for retrieved in _retrievals(client, wanted, manifest, syntax or [], errors, language):
            for document in retrieved.documents:
                path = into / _file_name(document.unique_id, document.mime_type)
                document.save(path)
                size, sha1 = document.size_bytes, document.sha1
                saved.append({"unique_id": document.unique_id, "path": str(path), "size_bytes": size, "sha1": sha1})
                if not as_json:
                    print(f"{path}  {size} bytes")
            errors += errors_json(retrieved.errors, wanted, language)
            if not as_json:
                print_errors(retrieved.errors, wanted, language)
        record(house, "xds.retrieved", "", ", ".join(str(one["unique_id"]) for one in saved)[:500])
    if as_json:
        print(dumped({"documents": saved, "errors": errors}))
    if errors:
        raise SystemExit(REFUSED)


def _retrievals(
    client: RegistryClient,
    unique_ids: Sequence[str],
    manifest: Path | None,
    syntaxes: Sequence[str],
    errors: list[dict[str, str]],
    language: str,
) -> Iterator[Retrieval]:
    """What comes, part by part; documents that the registry does not know are put among *errors*."""
    if manifest is not None:
        yield from client.images(_series(manifest), *([tuple(syntaxes)] if syntaxes else []))
        return
    from gateway.model.document import RegistryError

    found = client.registered(unique_ids)
    absent = [one for one in unique_ids if one not in found]
    unknown = [RegistryError(code="XDSDocumentUniqueIdError", location=one) for one in absent]
    errors += errors_json(unknown, absent, language)
    print_errors(unknown, absent, language)
    if found:
        with client.fetch(list(found.values())) as retrieved:
            yield retrieved


def _series(manifest: Path) -> list[ImagingSeries]:
    from gateway.cli.xds_submit import manifest_of, whole
    from gateway.xds.client import ImagingSeries

    return [
        ImagingSeries(
            study_uid=study.study_uid,
            series_uid=series.series_uid,
            instance_uids=tuple(instance.sop_instance_uid for instance in series.instances),
            retrieve_location_uid=series.retrieve_location_uid,
        )
        for study in manifest_of(whole(manifest)).studies
        for series in study.series
    ]


def _make(folder: Path) -> None:
    import os

    from gateway.errors import Unavailable

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable("xds_save", path=folder, reason=os.strerror(error.errno or 0)) from None


def _file_name(unique_id: str, mime_type: str) -> str:
    """A name that stays in its folder, whatever a peer calls a document."""
    safe = re.sub(r"[^0-9A-Za-z.^_-]", "_", unique_id).lstrip(".")[:200] or "document"
    return safe + _SUFFIXES.get(mime_type.partition(";")[0].strip().lower(), "")
