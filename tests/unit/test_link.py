"""The national link."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.identifiers import Identifier
from gateway.model.link import PATH, national_url


def test_the_link_has_the_form_of_the_specification() -> None:
    url = national_url(
        "https://images.example.org/", "1.2.3.4", Identifier("1.2.250.1.999.2", "ACC 1/é"), Identifier("1.2.9")
    )
    assert url == (
        "https://images.example.org/IHEInvokeImageDisplay?requestType=STUDY&studyUID=1.2.3.4"
        "&Accessionnumber=1.2.250.1.999.2.ACC%201%2F%C3%A9&idCDA=1.2.9"
    )


@given(st.text(min_size=1, max_size=40))
def test_whatever_the_accession_number_it_comes_back_from_the_link(extension: str) -> None:
    if not extension.isprintable():
        return
    url = national_url("https://x", "1.2.3", Identifier("1.2", extension), Identifier("1.9"))
    parts = urlsplit(url)
    assert parts.path == PATH
    assert dict(parse_qsl(parts.query, keep_blank_values=True))["Accessionnumber"] == f"1.2.{extension}"
