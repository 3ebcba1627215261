"""What ``gateway report|kos|xds|hl7 check`` have in common: files in, findings out, one exit code."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from gateway.errors import GatewayError
from gateway.model.finding import Finding, Judgement, Severity, exit_code, unreadable
from gateway.texts import TEXTS, sentence
from gateway.texts.text import Text

LIMIT_BYTES = 300 * 1024 * 1024
_ENOUGH_FOR_TWO = 50
"""Files from which a second process repays its start."""
_MARKS = {Severity.ERROR: "error  ", Severity.WARNING: "warning", Severity.ADVICE: "advice "}
Judge = Callable[[bytes], Judgement]
"""From a file's bytes; picklable (a function of a module, or a partial of one), because several files are judged by
several processes. A GatewayError that it raises becomes the verdict ``unreadable`` with the error's sentence."""


def words(error: GatewayError) -> Text:
    """The sentence of *error* in both languages."""
    return Text(sentence(error.code, error.facts, "fr"), sentence(error.code, error.facts, "en"))


def judged(
    path: Path, judge: Judge, limit_bytes: int = LIMIT_BYTES, about: Mapping[str, object] | None = None
) -> Judgement:
    """The judgement of one file; what cannot be read, and what *judge* refuses by a GatewayError, is unreadable.

    *about* is what such a judgement says of the whole file, so that every object printed has the same keys.
    """
    told: dict[str, Any] = dict(about or {})
    try:
        size_bytes = path.stat().st_size
        if size_bytes > limit_bytes:
            return unreadable("file", TEXTS["file_too_large"], **told)
        content = path.read_bytes()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        facts = {"reason": reason}
        return unreadable("file", Text(*(sentence("file_unreadable", facts, one) for one in ("fr", "en"))), **told)
    try:
        return judge(content)
    except GatewayError as error:
        return unreadable(error.code, words(error), path=error.place, **told)


def check(
    files: Sequence[Path],
    judge: Judge,
    *,
    language: str,
    as_json: bool,
    about: Mapping[str, object] | None = None,
) -> NoReturn:
    """Judge *files*, print what was found, end with the exit code (0 valid, 1 invalid, 2 unreadable)."""
    verdicts = []
    told: list[dict[str, object]] = []
    for path, judgement in zip(files, _each(files, judge, about), strict=True):
        verdicts.append(judgement.verdict)
        if as_json:
            told.append(judgement.as_json(str(path), language))
        else:
            _print(path, judgement, language)
    if as_json:
        print(json.dumps(told[0] if len(told) == 1 else told, ensure_ascii=False))
    raise SystemExit(exit_code(verdicts))


def _each(files: Sequence[Path], judge: Judge, about: Mapping[str, object] | None) -> Iterator[Judgement]:
    one = partial(judged, judge=judge, about=about)
    if len(files) < _ENOUGH_FOR_TWO:
        yield from map(one, files)
        return
    from concurrent.futures import ProcessPoolExecutor  # its start costs more than judging one file

    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        yield from pool.map(one, files, chunksize=8)


def _print(path: Path, judgement: Judgement, language: str) -> None:
    about = ", ".join(f"{name} {value}" for name, value in judgement.about.items() if value)
    print(f"{path}: {judgement.verdict.value}{f' ({about})' if about else ''}")
    for finding in judgement.findings:
        print(f"  {_MARKS[finding.severity]} {finding.rule}  {_place(finding)}")
        print(f"          {finding.message.en if language == 'en' else finding.message.fr}")
        if finding.source:
            print(f"          [{finding.source}]")


def _place(finding: Finding) -> str:
    return f"line {finding.line}: {finding.path}" if finding.line else finding.path
