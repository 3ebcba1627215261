"""How ``gateway xds`` tells what a registry has and what it said, to people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gateway.model.document import DocumentEntry, RegistryError
    from gateway.xds.consumer import Found

REFUSED = 1
"""Exit code when a registry said no, or gave only a part."""
FAILED = 2
"""Exit code when a registry could not be asked, or what it said cannot be used."""


@contextmanager
def refusals(language: str, *, as_json: bool, objects: Collection[str] = ()) -> Iterator[None]:
    """A registry's refusal as every one of its errors, in words and with the attribute concerned; exit code 1.

    Other failures of the peer as :func:`peer_failures`.
    """
    from gateway.xds.answers import RegistryRefused

    try:
        with peer_failures(language, as_json=as_json):
            yield
    except RegistryRefused as refusal:
        if as_json:
            print(dumped({"refused": True, "errors": errors_json(refusal.errors, objects, language)}))
        else:
            print_errors(refusal.errors, objects, language)
        raise SystemExit(REFUSED) from None


@contextmanager
def peer_failures(language: str, *, as_json: bool) -> Iterator[None]:
    """No answer, a fault, an answer that cannot be read: one sentence in *language*, and what to do; exit code 2.

    A refusal of the registry (RegistryRefused) is let through.
    """
    from gateway.errors import PeerMisbehaved, PeerRefused, PeerUnreachable
    from gateway.xds.answers import RegistryRefused

    try:
        yield
    except RegistryRefused:
        raise
    except (PeerMisbehaved, PeerRefused, PeerUnreachable) as failure:
        from gateway.texts import sentence

        told = sentence(failure.code, failure.facts, language)
        if failure.retry:
            told = f"{told} {sentence('xds_run_again', {}, language)}"
        if as_json:
            print(dumped({"refused": False, "failure": failure.code, "words": told}))
        click.echo(told, err=True)
        raise SystemExit(FAILED) from None


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def errors_json(errors: Sequence[RegistryError], objects: Collection[str], language: str) -> list[dict[str, str]]:
    from gateway.xds.answers import told

    return [one.as_json(language) for one in told(errors, objects)]


def print_errors(errors: Sequence[RegistryError], objects: Collection[str], language: str) -> None:
    """On standard error, one line an error."""
    from gateway.xds.answers import told

    for one in told(errors, objects):
        about = f"{one.object}: " if one.object else ""
        click.echo(f"{about}{one.words(language)}", err=True)


def found_json(found: Found, language: str) -> dict[str, Any]:
    """An answer with the attribute names of the standard in the spelling of Python."""
    return {
        "complete": found.complete,
        "entries": [asdict(one) for one in found.entries],
        "submission_sets": [asdict(one) for one in found.submission_sets],
        "folders": [asdict(one) for one in found.folders],
        "associations": [asdict(one) for one in found.associations],
        "references": list(found.references),
        "errors": errors_json(found.errors, (), language),
    }


def print_found(found: Found, language: str) -> None:
    """A few lines an object: what it is, when, by which ids."""
    for entry in found.entries:
        _lines(_status(entry.status), entry.title or entry.type_code.display, entry.unique_id, *_details(entry))
    for package in found.submission_sets:
        kind = package.content_type_code.display or package.content_type_code.code
        told = f"submission set of {package.submission_time}, {kind}"
        _lines(_status(package.status), told, package.unique_id, package.entry_uuid)
    for folder in found.folders:
        _lines(_status(folder.status), f"folder “{folder.title}”", folder.unique_id, folder.entry_uuid)
    for one in found.associations:
        print(f"{one.type.rpartition(':')[2]}: {one.source} -> {one.target}")
    for reference in found.references:
        print(reference)
    if not any((found.entries, found.submission_sets, found.folders, found.associations, found.references)):
        print("Rien." if language == "fr" else "Nothing.")
    print_errors(found.errors, (), language)


def _details(entry: DocumentEntry) -> Iterator[str]:
    events = ", ".join(code.display or code.code for code in entry.event_codes)
    yield f"{entry.type_code.code} {entry.mime_type}, {entry.creation_time}{f', {events}' if events else ''}"
    masks = [code.display or code.code for code in entry.confidentiality_codes if code.code != "N"]
    yield f"confidentiality: {', '.join(masks)}" if masks else ""
    yield "; ".join(f"{one.type_code.rpartition(':')[2]} {one.value}" for one in entry.reference_ids)
    yield f"{entry.entry_uuid}{f' version {entry.version}' if entry.version else ''}"


def _lines(status: str, title: str, *details: str) -> None:
    print(f"{status:<10} {title}")
    for line in filter(None, details):
        print(f"           {line}")


def _status(urn: str) -> str:
    return urn.rpartition(":")[2] or "-"
