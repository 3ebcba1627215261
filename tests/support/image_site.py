"""A web whose images come from a real PACS, with the doors for other systems open."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from pathlib import Path
from typing import Any

import requests

from gateway.dicom.fetch import FrameSource
from gateway.dicom.network.pool import Pool
from gateway.dicom.query import PacsClient
from gateway.dicom.settings import PacsSettings
from gateway.model.access import Person
from gateway.model.exam import Exam
from gateway.model.share import SharedStudy
from gateway.web.app import create_app
from gateway.web.door_settings import ImageDoors, ImagePeer
from tests.support.web import Site, known, running

KEY = "k" * 43
MANIFEST = "1.2.826.0.1.3680043.10.511.9.1"
REPOSITORY = "1.2.250.1.999.7.69"
ANY_SYNTAX = 'multipart/related; type="application/dicom"; transfer-syntax=*'


@dataclass
class SharedList:
    """:class:`gateway.web.door_settings.Shared` in memory."""

    studies: dict[str, list[SharedStudy]] = field(default_factory=dict)
    listed: dict[str, Exam] = field(default_factory=dict)

    def study(self, study_uid: str) -> Sequence[SharedStudy]:
        return self.studies.get(study_uid, [])

    def listing(self, study_uid: str, manifest: str) -> Exam | None:
        return self.listed.get(study_uid)

    def add(self, study_uid: str, *, masked: frozenset[str] = frozenset(), manifest: str = MANIFEST) -> None:
        shared = SharedStudy(exam=known(study_uid, masked=masked), manifests=frozenset({manifest}))
        self.studies.setdefault(study_uid, []).append(shared)


@dataclass
class ImageSite:
    """A running one."""

    site: Site
    source: FrameSource
    shared: SharedList

    @property
    def url(self) -> str:
        return f"{self.site.url}/dicom-web"


@contextmanager
def image_site(
    folder: Path,
    settings: PacsSettings,
    *studies: str,
    introspect: Callable[[str], Person | None] | None = None,
    cache_bytes: int = 64 << 20,
    **doors: Any,
) -> Iterator[ImageSite]:
    """The web over the PACS of *settings*, in which *studies* are shared; a peer with the key KEY may fetch them."""
    pool = Pool(settings)
    client = PacsClient(settings, pool)
    source = FrameSource(settings, cache_bytes=cache_bytes, pool=pool)
    shared = SharedList()
    for study in studies:
        shared.add(study)
    chosen = ImageDoors(
        shared=shared,
        peers=(ImagePeer(name="box", key_sha256=hashlib.sha256(KEY.encode()).hexdigest()),),
        introspect=introspect,
        repositories={REPOSITORY: "nord"},
        rad69=True,
        **doors,
    )

    def wrap(site: Site) -> Any:
        parts = replace(
            site.parts, doors=chosen, images=lambda name: source, exams=lambda name, study_uid: client.study(study_uid)
        )
        site.parts = parts
        site.store.exams += [known(study) for study in studies]
        return create_app(parts)

    try:
        with running(folder, wrap) as site:
            yield ImageSite(site, source, shared)
    finally:
        source.close()
        client.close()
        pool.close()


@contextmanager
def box(**headers: str) -> Iterator[requests.Session]:
    """Another system, which shows its key."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers.update({"Authorization": f"Bearer {KEY}", "Accept": ANY_SYNTAX, **headers})
        yield session


def parts_of(answer: requests.Response) -> list[tuple[str, bytes]]:
    """Media type and content of each part, read by the standard library's own parser."""
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    message = message_from_bytes(head + answer.content)
    assert message.is_multipart()
    parts = message.get_payload()
    assert isinstance(parts, list)
    found = []
    for part in parts:
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.append((part["Content-Type"], content))
    return found
