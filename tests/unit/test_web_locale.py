"""The interface speaks French and English throughout."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

import gateway.web
from gateway.texts import TEXTS
from gateway.web.viewer.words import _SENTENCES

WEB = Path(gateway.web.__file__).parent
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]


def messages() -> set[str]:
    found = extract_from_dir(WEB, METHODS)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def test_every_label_has_its_english() -> None:
    with (WEB / "locale/en/LC_MESSAGES/messages.po").open("rb") as text:
        catalogue = read_po(text)
    translated = {str(message.id): message.string for message in catalogue if message.id}
    wanted = messages()
    assert len(wanted) > 40
    assert sorted(wanted - translated.keys()) == []
    assert sorted(translated.keys() - wanted) == [], "labels that nobody uses any more"
    assert [name for name, english in translated.items() if not english] == []


def test_labels_keep_their_placeholders_in_english() -> None:
    with (WEB / "locale/en/LC_MESSAGES/messages.po").open("rb") as text:
        for message in read_po(text):
            for name in ("{width}", "{centre}", "{number}", "{group}"):
                assert (name in str(message.id)) == (name in str(message.string))


def test_the_catalogue_compiles() -> None:
    with (WEB / "locale/en/LC_MESSAGES/messages.po").open("rb") as text:
        binary = BytesIO()
        write_mo(binary, read_po(text))
    binary.seek(0)
    assert read_mo(binary).get("Se déconnecter").string == "Sign out"  # type: ignore[union-attr]


def test_every_code_that_the_web_may_say_has_its_sentence() -> None:
    named = re.compile(r'"((?:link|login|viewer|intake|console|web)_[a-z_]+)"')
    found = {code for path in WEB.glob("*.py") for code in named.findall(path.read_text(encoding="utf-8"))}
    assert len(found) > 40
    # login_required is a word of OpenID Connect (Core 1.0 section 3.1.2.6).
    assert sorted(found - TEXTS.keys() - {"login_required"}) == []


def test_every_sentence_that_the_viewer_may_say_exists() -> None:
    assert [code for code in _SENTENCES if code not in TEXTS] == []
