"""What viewers ask beside frames: metadata, pictures, thumbnails; and who may ask."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image

from tests.support.open_viewer import opened
from tests.support.web import Site, running


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running(tmp_path) as made:
        yield made


@pytest.fixture
def visitor(site: Site) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def test_a_picture_is_no_larger_than_asked(site: Site, visitor: requests.Session) -> None:
    viewer = opened(site, visitor)
    answer = visitor.get(f"{viewer}/rendered/0/3?width=40&height=40&window=40,400")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "no-store"
    assert max(Image.open(io.BytesIO(answer.content)).size) == 40


def test_a_picture_comes_as_png_too(site: Site, visitor: requests.Session) -> None:
    viewer = opened(site, visitor)
    answer = visitor.get(f"{viewer}/rendered/0/0?type=png")
    assert Image.open(io.BytesIO(answer.content)).format == "PNG"


@pytest.mark.parametrize("query", ["width=x", "window=1", "window=1,0", "type=gif", "width=99999", "window=nan,3"])
def test_what_is_no_size_and_no_window_is_refused(site: Site, visitor: requests.Session, query: str) -> None:
    viewer = opened(site, visitor)
    assert visitor.get(f"{viewer}/rendered/0/0?{query}").status_code == 400


def test_a_thumbnail_is_small(site: Site, visitor: requests.Session) -> None:
    viewer = opened(site, visitor)
    answer = visitor.get(f"{viewer}/thumbnails/0")
    assert max(Image.open(io.BytesIO(answer.content)).size) <= 128


def test_metadata_has_one_object_an_instance_and_names_nobody(site: Site, visitor: requests.Session) -> None:
    viewer = opened(site, visitor)
    answer = visitor.get(f"{viewer}/metadata/0", headers={"Accept-Encoding": "gzip"})
    exam = visitor.get(f"{viewer}/exam.json").json()
    assert len(answer.json()) == len(exam["series"][0]["frames"])
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "00100010" not in answer.text
    assert answer.json()[0]["00280030"]["Value"] == [0.7, 0.7]


def test_metadata_that_is_known_is_not_sent_again(site: Site, visitor: requests.Session) -> None:
    viewer = opened(site, visitor)
    first = visitor.get(f"{viewer}/metadata/0")
    again = visitor.get(f"{viewer}/metadata/0", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert not again.content


def test_metadata_comes_in_the_clear_where_gzip_is_not_taken(site: Site, visitor: requests.Session) -> None:
    viewer = opened(site, visitor)
    answer = visitor.get(f"{viewer}/metadata/0", headers={"Accept-Encoding": "identity"}, stream=True)
    raw = answer.raw.read()
    assert json.loads(raw)
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(raw)


@pytest.mark.parametrize("path", ["metadata/99", "rendered/0/9999", "thumbnails/99"])
def test_a_place_that_is_not_there_is_said_so(site: Site, visitor: requests.Session, path: str) -> None:
    viewer = opened(site, visitor)
    assert visitor.get(f"{viewer}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["metadata/0", "rendered/0/0", "thumbnails/0", "objects/0/0", "document/0/0"])
def test_another_session_and_none_get_nothing(site: Site, visitor: requests.Session, path: str) -> None:
    viewer = opened(site, visitor)
    with requests.Session() as stranger:
        stranger.trust_env = False
        assert stranger.get(f"{viewer}/{path}").status_code == 401
        other = opened(site, stranger)
        assert stranger.get(f"{other}/metadata/0").status_code == 200
        assert stranger.get(f"{viewer}/{path}").status_code == 404
