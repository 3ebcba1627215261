"""``gateway report build``: the facts of an examination, as JSON, to a report."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import options
from gateway.errors import InputRejected

if TYPE_CHECKING:
    from gateway.report_form import Wrong

_STANDARD_OUTPUT = Path("-")


@click.command()
@click.argument("form", type=options.PATH, metavar="EXAM.json", help="The facts (JSON, see docs/report-json.md).")
@click.option("--output", "-o", type=options.PATH, default=_STANDARD_OUTPUT, help="Where the report goes.")
@click.option("--pdf", type=options.PATH, help="Make a report of level 1 around this PDF.")
@options.language("fr")
@options.as_json
def build(
    form: Path,
    output: Path,
    pdf: Path | None,
    language: str,
    as_json: bool,
) -> None:
    """Build a complete IMG-CR-IMG report. Ends with 1 when the facts make no report, 2 when a file is unreadable."""
    content, body = _read(form), None if pdf is None else _read(pdf)
    from gateway import report_form

    try:
        document = report_form.build(report_form.read(content), pdf=body)
    except report_form.FormRejected as error:
        _tell(error.wrong, language, as_json=as_json)
        raise SystemExit(1) from None
    except InputRejected as error:
        _tell([report_form.Wrong(error.place, error.code, error.facts)], language, as_json=as_json)
        raise SystemExit(1) from None
    _write(output, document)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputRejected("file_unreadable", place=str(path), reason=os.strerror(error.errno or 0)) from error


def _write(path: Path, document: bytes) -> None:
    if path == _STANDARD_OUTPUT:
        sys.stdout.buffer.write(document)
        return
    try:
        path.write_bytes(document)
    except OSError as error:
        raise InputRejected("build_unwritable", place=str(path), reason=os.strerror(error.errno or 0)) from error


def _tell(wrong: tuple[Wrong, ...] | list[Wrong], language: str, *, as_json: bool) -> None:
    """What is wrong, each with its place in the JSON; sentences on standard error, JSON on standard output."""
    from gateway.texts import sentence

    told = [{"path": one.path, "code": one.code, "message": sentence(one.code, one.facts, language)} for one in wrong]
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    for one in told:
        print(f"{one['path'] + ': ' if one['path'] else ''}{one['message']}", file=sys.stderr)
