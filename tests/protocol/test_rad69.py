"""RAD-69 at the gateway's own address: instances with MTOM, an error for each that is not given."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
import requests
from lxml import etree
from werkzeug.test import Client

from gateway.demo.pacs import DemoPacs
from gateway.errors import PeerMisbehaved, PeerUnreachable, Unavailable
from gateway.model.access import Person
from gateway.model.image import StoredInstance
from gateway.trust import safexml
from gateway.web.app import create_app
from gateway.web.doors import rad69, rad69_messages
from gateway.web.limits import Limits, LimitSettings
from gateway.xds import ebrim, mtom, retrieval
from gateway.xds.envelope import read_envelope
from gateway.xds.retrieval import XDSI, ImagingSeries
from tests.support.dicom_objects import STUDY, image, whole_study, write
from tests.support.dicom_scp import settings
from tests.support.image_site import KEY, REPOSITORY, ImageSite, box, image_site

HIDDEN = f"{STUDY}.78"
EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageSite]:
    folder = tmp_path_factory.mktemp("pacs")
    write(folder, [*whole_study(), *whole_study(HIDDEN)])
    pacs = DemoPacs(folder, "PACS")
    pacs.start()
    with image_site(tmp_path_factory.mktemp("web"), settings(pacs.port), STUDY) as made:
        made.shared.add(HIDDEN, masked=frozenset({"MASQUE_PS"}))
        yield made
    pacs.stop()


def asked(*instances: str, study: str = STUDY, series: str = f"{STUDY}.1", repository: str = REPOSITORY,
          syntaxes: tuple[str, ...] = (EXPLICIT,)) -> etree._Element:  # fmt: skip
    return retrieval.imaging_request(
        [ImagingSeries(study_uid=study, series_uid=series, instance_uids=instances, retrieve_location_uid=repository)],
        syntaxes,
    )


def envelope(action: str, body: etree._Element) -> bytes:
    """A request as SOAP 1.2 with WS-Addressing."""
    soap, addressing = "http://www.w3.org/2003/05/soap-envelope", "http://www.w3.org/2005/08/addressing"
    root = etree.Element(f"{{{soap}}}Envelope")
    header = etree.SubElement(root, f"{{{soap}}}Header")
    for name, value in (("Action", action), ("MessageID", "urn:uuid:0fbfdced-6c01-4d09-a110-2201afedaa02")):
        etree.SubElement(header, f"{{{addressing}}}{name}").text = value
    etree.SubElement(root, f"{{{soap}}}Body").append(body)
    return etree.tostring(root)


def posted(site: ImageSite, request: etree._Element, token: str = KEY) -> requests.Response:
    body = envelope(rad69_messages.ACTION, request)
    with box(Authorization=f"Bearer {token}") as session:
        headers = {"Content-Type": f'application/soap+xml; charset=UTF-8; action="{rad69_messages.ACTION}"'}
        return session.post(f"{site.site.url}/rad69", data=body, headers=headers, timeout=30)


def answered(answer: requests.Response) -> tuple[ebrim.RegistryResponse, dict[str, bytes]]:
    assert answer.status_code == 200, answer.text
    reader = mtom.Reader(answer.headers["Content-Type"], mtom.DEFAULT)
    reader.feed(answer.content)
    with reader.finish() as incoming:
        root = read_envelope(safexml.parse(incoming.root.read()))
        assert root.body is not None
        parts = mtom.resolve(root.root, incoming)
        found = {}
        for one in root.body.iterchildren("{urn:ihe:iti:xds-b:2007}DocumentResponse"):
            uid = one.findtext("{urn:ihe:iti:xds-b:2007}DocumentUniqueId") or ""
            document = one.find("{urn:ihe:iti:xds-b:2007}Document")
            assert document is not None
            found[uid] = mtom.content(document, parts).read()
        return ebrim.read_response(root.body), found


def test_instances_come_with_their_bytes(site: ImageSite) -> None:
    wanted = [f"{STUDY}.1.{number}" for number in range(1, 6)]
    response, found = answered(posted(site, asked(*wanted)))
    assert response.success
    assert sorted(found) == wanted
    for uid, content in found.items():
        dataset = pydicom.dcmread(io.BytesIO(content))
        assert dataset.SOPInstanceUID == uid
        assert dataset.PixelData == image(1, int(uid[-1])).PixelData


def test_a_large_answer_is_sent_while_it_comes(site: ImageSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rad69, "_FETCHED_FIRST_BYTES", 1)
    response, found = answered(posted(site, asked(*(f"{STUDY}.1.{number}" for number in range(1, 6)))))
    assert response.success
    assert len(found) == 5


def test_an_archive_that_is_away_is_asked_once_and_not_for_each_instance(
    site: ImageSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[str] = []

    def away(*where: str) -> None:
        asked_for.append(where[-1])
        raise PeerUnreachable("pacs_unreachable")

    monkeypatch.setattr(site.source, "instance", away)
    response, found = answered(posted(site, asked(f"{STUDY}.1.1", f"{STUDY}.1.2")))
    assert not found
    assert [error.code for error in response.errors] == ["XDSRepositoryError"] * 2
    assert len(asked_for) == 1


def test_a_person_with_a_token_is_judged_by_what_ties_them(tmp_path: Path) -> None:
    """A professional whom nothing ties to the patient gets nothing, the report's author does."""
    people = {"a" * 40: "899700000011", "b" * 40: "811999999999"}

    def introspect(token: str) -> Person | None:
        return Person(subject=token[:1], issuer="i", identifier=people[token], profession="10")

    folder = tmp_path / "pacs"
    folder.mkdir()
    write(folder, whole_study())
    pacs = DemoPacs(folder, "PACS")
    pacs.start()
    try:
        with image_site(tmp_path, settings(pacs.port), STUDY, introspect=introspect) as made:
            (shared,) = made.shared.studies[STUDY]
            exam = replace(shared.exam, authors=frozenset({people["a" * 40]}))
            made.shared.studies[STUDY] = [replace(shared, exam=exam)]
            for token, count in (("a" * 40, 1), ("b" * 40, 0)):
                response, found = answered(posted(made, asked(f"{STUDY}.1.1"), token))
                assert len(found) == count
                assert response.success is bool(count)
    finally:
        pacs.stop()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"repository": "1.2.3"}, "XDSUnknownRepositoryId"),
        ({"series": f"{STUDY}.2"}, "XDSDocumentUniqueIdError"),
        ({"study": f"{STUDY}.99"}, "XDSDocumentUniqueIdError"),
        ({"study": HIDDEN, "series": f"{HIDDEN}.1"}, "XDSDocumentUniqueIdError"),
        ({"series": ""}, "XDSIRequestError"),
        ({"study": ""}, "XDSIRequestError"),
        ({"syntaxes": ("",)}, "XDSRepositoryError"),
        ({"syntaxes": ("x.y",)}, "XDSRepositoryError"),
        ({"syntaxes": ("1.2.840.10008.1.2.4.70",)}, "XDSRepositoryError"),
    ],
)
def test_each_failure_has_its_code(site: ImageSite, changes: dict[str, str], code: str) -> None:
    response, found = answered(posted(site, asked(f"{STUDY}.1.1", **changes)))  # type: ignore[arg-type]
    assert not response.success
    assert response.status.endswith("Failure")
    assert [error.code for error in response.errors] == [code]
    assert not found


def test_one_that_is_unknown_does_not_hide_the_others(site: ImageSite) -> None:
    response, found = answered(posted(site, asked(f"{STUDY}.1.1", f"{STUDY}.1.88")))
    assert response.status.endswith("PartialSuccess")
    assert [(error.code, error.location) for error in response.errors] == [
        ("XDSDocumentUniqueIdError", f"{STUDY}.1.88")
    ]
    assert list(found) == [f"{STUDY}.1.1"]


def test_one_that_cannot_be_read_does_not_hide_the_others(site: ImageSite, monkeypatch: pytest.MonkeyPatch) -> None:
    sent_as, wrong = site.source.sent_as, f"{STUDY}.1.2"

    def sent(instance: StoredInstance, *asked: Any) -> StoredInstance:
        if instance.sop_instance_uid == wrong:
            raise PeerMisbehaved("pacs_answer_malformed", pacs="PACS", words="pixel data")
        return sent_as(instance, *asked)

    monkeypatch.setattr(site.source, "sent_as", sent)
    response, found = answered(posted(site, asked(*(f"{STUDY}.1.{number}" for number in range(1, 6)))))
    assert response.status.endswith("PartialSuccess")
    assert [(error.code, error.location) for error in response.errors] == [("XDSRepositoryError", wrong)]
    assert len(found) == 4
    monkeypatch.setattr(rad69, "_FETCHED_FIRST_BYTES", 1)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        # It has been promised already: better no answer than one that looks whole.
        posted(site, asked(*(f"{STUDY}.1.{number}" for number in range(1, 6))))


def test_who_asks_too_often_with_tokens_that_nobody_knows_is_told_to_wait(site: ImageSite) -> None:
    parts = site.site.parts
    assert parts.doors is not None
    limits = Limits(LimitSettings(refused=1))
    application = create_app(replace(parts, limits=limits, doors=replace(parts.doors, introspect=lambda token: None)))
    client = Client(application)
    for path, method in (("/rad69", "POST"), (f"/dicom-web/studies/{STUDY}", "GET")):
        headers = {"Authorization": f"Bearer {'z' * 40}", "Accept-Language": "fr"}
        answers = [client.open(path, method=method, base_url=site.site.url, headers=headers) for _ in range(2)]
        assert answers[-1].status_code == 429
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 61
    assert "Attendez une minute" in answers[-1].get_json(force=True)["title"]


def test_nobody_known_gets_nothing(site: ImageSite) -> None:
    assert requests.post(f"{site.site.url}/rad69", data=b"x", timeout=10).status_code == 401
    assert requests.get(f"{site.site.url}/rad69", timeout=10).status_code == 405


@pytest.mark.parametrize("body", [b"", b"<x/>", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"])
def test_what_is_no_soap_is_a_fault(site: ImageSite, body: bytes) -> None:
    with box() as session:
        answer = session.post(
            f"{site.site.url}/rad69", data=body, headers={"Content-Type": "application/soap+xml"}, timeout=10
        )
    assert answer.status_code in (400, 500)
    assert b"Fault" in answer.content


def test_another_element_is_a_fault(site: ImageSite) -> None:
    answer = posted(site, etree.Element(f"{{{XDSI}}}Other"))
    assert b"Fault" in answer.content


@pytest.mark.parametrize("first_bytes", [0, 64 << 20])
def test_an_answer_that_cannot_be_written_costs_no_place(
    site: ImageSite, monkeypatch: pytest.MonkeyPatch, first_bytes: int
) -> None:
    """Whether it would have been sent while it comes, or whole."""
    write, fails = rad69.soap.write_response, [True] * 20

    def written(*given: Any, **named: Any) -> Any:
        if fails:
            fails.pop()
            raise Unavailable("store_full")
        return write(*given, **named)

    monkeypatch.setattr(rad69, "_FETCHED_FIRST_BYTES", first_bytes)
    monkeypatch.setattr(rad69, "_WAIT_S", 0.05)
    monkeypatch.setattr(rad69.soap, "write_response", written)
    while fails:
        assert "soap" in posted(site, asked(f"{STUDY}.1.1")).headers["Content-Type"]
    assert posted(site, asked(f"{STUDY}.1.1")).status_code == 200
