"""``gateway report show``."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import app
from gateway.errors import InputRejected
from tests.support import rendered


def run(*arguments: str, width: int = 120) -> str:
    words = ["report", "show", *arguments]
    result = CliRunner().invoke(app, words, env={"COLUMNS": str(width)}, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "report.xml"
    path.write_bytes(rendered.xml(rendered.sections()))
    return path


def test_a_report_is_told_in_the_terminal(file: Path) -> None:
    told = run(str(file))
    for part in ("KERMARREC ZOÉ", "281119912345678", "• Nodule du lobe supérieur droit", "642,5 mGy.cm", "LOT-7"):
        assert part in told
    assert "[1] https://images.example.org/IHEInvokeImageDisplay" in told
    assert told.index("Addendum") < told.index("Technique d’imagerie") < told.index("Conclusions")


def test_the_words_around_it_are_english_when_asked(file: Path) -> None:
    assert "Acts performed" in run(str(file), "--lang", "en")


def test_markup_and_controls_of_a_report_do_nothing_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_bytes(
        rendered.xml(rendered.section("1.2.3", "1-1", "[red]t[/red]", "a\u009b31mb [bold]c[/bold] \u202ed"))
    )
    told = run(str(path))
    assert "[red]t[/red]" in told
    assert "a31mb [bold]c[/bold] d" in told


def test_the_page_is_written_where_asked(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    run(str(file), "--html", str(page))
    assert page.read_bytes().startswith(b"<!DOCTYPE html>")
    assert run(str(file), "--html", "-").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "xml_malformed"), (b"<a/>", "report_not_cda"), (b"<!DOCTYPE a><a/>", "xml_doctype")]
)
def test_what_cannot_be_shown_has_a_reason_and_a_place(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "broken.xml"
    path.write_bytes(content)
    with pytest.raises(InputRejected) as refusal:
        run(str(path))
    assert refusal.value.code == code
    assert refusal.value.place.startswith(str(path))


def test_a_file_that_is_not_there_or_cannot_be_written_is_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputRejected, match="file_unreadable"):
        run(str(tmp_path / "absent.xml"))
    with pytest.raises(InputRejected, match="file_not_written"):
        run(str(file), "--html", str(tmp_path / "absent" / "page.html"))
