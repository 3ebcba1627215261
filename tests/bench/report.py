"""Judging a report: warm, from a cold start, a thousand at once, and beside the official schematrons.

The report is our own whole one, brought to the measures of the official example, because judging costs by elements
and not by bytes: 1,541 elements and 389 comments (the results get a table with a comment beside its rows), 350 kB (by
a PDF). Before that it had 1,075 elements and no comment, which made the row a third easier than what it stands for. The
official schematrons are measured when the extra ``official`` is installed and ``GATEWAY_OFFICIAL`` names a checkout of
the ANS validator.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from base64 import b64encode
from pathlib import Path

from gateway.check_report import judge_bytes
from tests.bench.rows import Row, median_ms, milliseconds
from tests.support.report_documents import good

_WARM_MS = 10.0
_COMMAND_MS = 600.0
_FASTER = 80.0
_DOCUMENTS = 1000
_PDF_BYTES = 205_000
_ROWS, _CELLS = 58, 7
_COMMENTS = 389
_ROW = f"<tr>{'<td>Segment sans anomalie</td>' * _CELLS}</tr>"


def document() -> bytes:
    """A whole report with as many elements, comments and bytes as the official example."""
    attached = b64encode(b"%PDF-1.4\n" + bytes(_PDF_BYTES)).decode()
    begin, _, end = good().decode().rpartition("</observationMedia>")
    if not begin:
        return good()
    head, mark, _ = begin.rpartition("<value ")
    opening = begin[len(head) + len(mark) :].partition(">")[0]
    return _with_rows(f"{head}{mark}{opening}>{attached}</value></observationMedia>{end}").encode()


def _with_rows(report: str) -> str:
    """*report* with a table at the end of its results, and comments among the rows."""
    begin, mark, end = report.partition("Pas de nodule pulmonaire.")
    results, close, rest = end.partition("</text>")
    each, left = divmod(_COMMENTS, _ROWS)
    comment = "<!-- Relevé par segment -->"
    rows = (_ROW + comment * each) * _ROWS + comment * left
    return f"{begin}{mark}{results}<table><tbody>{rows}</tbody></table>{close}{rest}"


def run() -> list[Row]:
    """The rows of judging."""
    content = document()
    warm = median_ms(lambda: judge_bytes(content), times=50, warm_up=5)
    rows = [
        Row(
            row="report warm",
            what="one report judged",
            ours=warm,
            against=None,
            unit="ms",
            goal="< 10",
            met=warm < _WARM_MS,
        )
    ]
    with tempfile.TemporaryDirectory() as folder:
        files = _copies(content, Path(folder))
        command = [sys.executable, "-m", "gateway", "report", "check"]
        cold = median_ms(lambda: _checked([*command, str(files[0])]), times=5)
        rows.append(
            Row(
                row="report command",
                what="start to verdict",
                ours=cold,
                against=None,
                unit="ms",
                goal="< 600",
                met=cold < _COMMAND_MS,
            )
        )
        rows.append(_many(command, files, warm))
        rows += _official(files[0], warm)
    return rows


def _many(command: list[str], files: list[Path], warm: float) -> Row:
    """A thousand in one call, against one process that judges them one after the other."""
    together = milliseconds(lambda: _checked([*command, "--json", *(str(file) for file in files)])) / _DOCUMENTS
    cores = len(os.sched_getaffinity(0))
    met = cores < 2 or together < warm
    return Row(
        row="report thousand", what=f"one of {_DOCUMENTS} in one call, {cores} cores", ours=together, against=warm,
        unit="ms", goal="< one after the other", met=met,
    )  # fmt: skip


def _official(file: Path, warm: float) -> list[Row]:
    checkout = os.environ.get("GATEWAY_OFFICIAL")
    if not checkout:
        return []
    from gateway.official_validator import Validator

    validator = Validator(Path(checkout).resolve(), Path(tempfile.gettempdir()) / "drim-gateway-official")
    theirs = median_ms(lambda: validator.errors(file), times=5)
    return [
        Row(
            row="report official",
            what="one report, their schematrons once loaded",
            ours=warm,
            against=theirs,
            unit="ms",
            goal="≤ 1/80",
            met=warm * _FASTER <= theirs,
        )
    ]


def _copies(content: bytes, folder: Path) -> list[Path]:
    files = [folder / f"{number}.xml" for number in range(_DOCUMENTS)]
    for file in files:
        file.write_bytes(content)
    return files


def _checked(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)
