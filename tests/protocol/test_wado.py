"""The DICOMweb door: what is given, in which form, to whom, and what each status means."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
import requests
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless
from werkzeug.test import Client

from gateway.demo.pacs import DemoPacs
from gateway.model.access import Person
from gateway.model.exam import Exam, Instance, Series
from gateway.model.rights import Policy, Right
from gateway.web.app import create_app
from gateway.web.doors import wado_accept, wado_instances, wado_paths, wado_views
from tests.support.dicom_objects import STUDY, image, whole_study, write
from tests.support.dicom_scp import settings
from tests.support.image_site import ANY_SYNTAX, KEY, MANIFEST, ImageSite, box, image_site, parts_of
from tests.support.open_viewer import opened

OTHER_STUDY = f"{STUDY}.77"
HIDDEN = f"{STUDY}.78"
GONE = f"{STUDY}.79"
TOKEN = "t" * 40
OFFICIAL_ACCEPT = (
    ",".join(
        f'multipart/related; type="application/dicom";transfer-syntax={syntax};q={q};boundary=**'
        for syntax, q in (
            ("1.2.840.10008.1.2.4.70", "0.9"),
            ("1.2.840.10008.1.2.4.80", "0.8"),
            ("1.2.840.10008.1.2.4.91", "0.6"),
            ("1.2.840.10008.1.2.4.50", "0.5"),
            ("1.2.840.10008.1.2.1", "0.4"),
        )
    )
    + ","
)


def compressed() -> Dataset:
    dataset = image(9, 1)
    dataset.SeriesInstanceUID = f"{STUDY}.9"
    dataset.compress(RLELossless, generate_instance_uid=False)
    return dataset


def unreadable() -> Dataset:
    """JPEG Lossless, which nothing here decodes."""
    dataset = image(9, 2)
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.70"
    dataset.PixelData = encapsulate([b"\xff\xd8\xff\xd9"])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return dataset


def person(token: str) -> Person | None:
    return Person(subject="s", issuer="i", identifier="899700000011", profession="10") if token == TOKEN else None


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoPacs]:
    folder = tmp_path_factory.mktemp("pacs")
    write(folder, [*whole_study(), compressed(), unreadable(), *whole_study(OTHER_STUDY), *whole_study(HIDDEN)])
    running = DemoPacs(folder, "PACS")
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def site(pacs: DemoPacs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageSite]:
    with image_site(tmp_path_factory.mktemp("web"), settings(pacs.port), STUDY, GONE, introspect=person) as made:
        made.shared.add(HIDDEN, masked=frozenset({"MASQUE_PS"}))
        yield made


@pytest.fixture
def peer() -> Iterator[requests.Session]:
    with box() as session:
        yield session


def test_a_series_comes_whole_and_is_the_one_asked_for(site: ImageSite, peer: requests.Session) -> None:
    answer = peer.get(f"{site.url}/studies/{STUDY}/series/{STUDY}.1")
    assert answer.status_code == 200
    found = [pydicom.dcmread(io.BytesIO(content)) for _, content in parts_of(answer)]
    assert sorted(one.SOPInstanceUID for one in found) == [f"{STUDY}.1.{number}" for number in range(1, 6)]
    assert {one.SeriesInstanceUID for one in found} == {f"{STUDY}.1"}
    assert {media_type for media_type, _ in parts_of(answer)} == {
        "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
    }
    assert answer.headers["Content-Type"].startswith('multipart/related; type="application/dicom"; boundary="')
    assert answer.headers["Cache-Control"] == "no-store"


def test_one_instance_comes_as_a_file_where_that_is_asked(site: ImageSite, peer: requests.Session) -> None:
    answer = peer.get(
        f"{site.url}/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.2", headers={"Accept": "application/dicom"}
    )
    assert answer.headers["Content-Type"] == "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
    assert pydicom.dcmread(io.BytesIO(answer.content)).SOPInstanceUID == f"{STUDY}.1.2"


def test_the_official_request_is_answered(site: ImageSite, peer: requests.Session) -> None:
    headers = {"Accept": OFFICIAL_ACCEPT, "Authorization": f"Bearer {TOKEN}", "KOS-SOPInstanceUID": MANIFEST}
    root = site.url.replace("/dicom-web", "/dicom-web-rs")
    answer = peer.get(f"{root}/studies/{STUDY}/series/{STUDY}.1", headers=headers)
    assert answer.status_code == 200
    assert len(parts_of(answer)) == 5


def test_what_is_kept_compressed_goes_out_so_or_decoded(site: ImageSite, peer: requests.Session) -> None:
    url = f"{site.url}/studies/{STUDY}/series/{STUDY}.9/instances/{STUDY}.9.1"
    ((kept, content),) = parts_of(peer.get(url))
    assert kept.endswith(str(RLELossless))
    accept = 'multipart/related; type="application/dicom"'
    ((plain, decoded),) = parts_of(peer.get(url, headers={"Accept": accept}))
    assert plain.endswith("1.2.840.10008.1.2.1")
    one, other = (pydicom.dcmread(io.BytesIO(each)) for each in (content, decoded))
    assert (one.pixel_array == other.pixel_array).all()
    assert one.SOPInstanceUID == other.SOPInstanceUID


def test_what_is_in_no_accepted_syntax_is_left_out_and_said(site: ImageSite, peer: requests.Session) -> None:
    url = f"{site.url}/studies/{STUDY}/series/{STUDY}.9"
    assert len(parts_of(peer.get(url))) == 2
    partial = peer.get(url, headers={"Accept": 'multipart/related; type="application/dicom"'})
    assert partial.status_code == 206
    assert len(parts_of(partial)) == 1
    assert peer.get(f"{url}/instances/{STUDY}.9.2", headers={"Accept": "application/dicom"}).status_code == 406
    assert peer.get(url, headers={"Accept": "multipart/related; type=image/jp2"}).status_code == 406
    assert peer.get(url, headers={"Accept": f"{ANY_SYNTAX};q=0"}).status_code == 406


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"studies/{OTHER_STUDY}", 404),
        (f"studies/{STUDY}/series/1.2.3", 404),
        (f"studies/{STUDY}/series/{STUDY}.1/instances/1.2.3", 404),
        (f"studies/{GONE}", 410),
        ("studies/x", 400),
        (f"studies/{STUDY}/pictures", 400),
        (f"studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1/frames/0", 404),
        (f"studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1/frames/9", 404),
        ("studies", 400),
    ],
)
def test_each_status_says_one_thing(site: ImageSite, peer: requests.Session, path: str, status: int) -> None:
    answer = peer.get(f"{site.url}/{path}", headers={"Accept": "*/*"})
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert STUDY not in answer.text


@pytest.mark.parametrize("header", ["", "Bearer", f"Bearer {'x' * 40}", f"Basic {KEY}", "Bearer a b"])
def test_nobody_known_gets_nothing(site: ImageSite, peer: requests.Session, header: str) -> None:
    answer = peer.get(f"{site.url}/studies/{STUDY}", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_person_names_the_manifest_they_come_from(site: ImageSite, peer: requests.Session) -> None:
    token = {"Authorization": f"Bearer {TOKEN}"}
    url = f"{site.url}/studies/{STUDY}/series/{STUDY}.1"
    assert peer.get(url, headers=token).status_code == 400
    assert peer.get(url, headers={**token, "KOS-SOPInstanceUID": "1.2.3"}).status_code == 404
    assert peer.get(url, headers={**token, "KOS-SOPInstanceUID": MANIFEST}).status_code == 200


def test_a_person_is_held_against_the_matrix_by_the_profession_of_their_token(pacs: DemoPacs, tmp_path: Path) -> None:
    professions = {"p" * 40: "10", "o" * 40: "28", "n" * 40: ""}

    def introspect(token: str) -> Person | None:
        return Person(subject="s", issuer="i", identifier="899700000099", profession=professions[token])

    rows = (Right(professions=frozenset({"10"}), documents=frozenset({"*"})),)
    with (
        image_site(tmp_path, settings(pacs.port), STUDY, introspect=introspect, policy=Policy(matrix=rows)) as site,
        box(**{"KOS-SOPInstanceUID": MANIFEST}) as peer,
    ):
        url = f"{site.url}/studies/{STUDY}/series/{STUDY}.1"
        told = {token: peer.get(url, headers={"Authorization": f"Bearer {token}"}) for token in professions}
        assert [one.status_code for one in told.values()] == [200, 403, 403]


def test_a_mask_closes_this_door_too(site: ImageSite, peer: requests.Session) -> None:
    url = f"{site.url}/studies/{HIDDEN}"
    assert peer.get(url).status_code == 404
    headers = {"Authorization": f"Bearer {TOKEN}", "KOS-SOPInstanceUID": MANIFEST}
    assert peer.get(url, headers=headers).status_code == 404


def test_metadata_is_whole_and_leads_to_bulk_data_of_ours(site: ImageSite, peer: requests.Session) -> None:
    answer = peer.get(f"{site.url}/studies/{STUDY}/metadata", headers={"Accept": "application/dicom+json"})
    assert answer.status_code == 200
    assert len(answer.json()) == 11
    assert answer.json()[0]["00100010"]["Value"][0]["Alphabetic"] == "KERMARREC-LEFÈVRE^ZOÉ"
    assert all("7FE00010" not in one for one in answer.json())


def test_frames_come_as_they_are_kept_or_decoded(site: ImageSite, peer: requests.Session) -> None:
    base = f"{site.url}/studies/{STUDY}/series"
    accept = {"Accept": 'multipart/related; type="application/octet-stream"'}
    several = parts_of(peer.get(f"{base}/{STUDY}.3/instances/{STUDY}.3.1/frames/1,7", headers=accept))
    assert [len(content) for _, content in several] == [128, 128]
    kept = {"Accept": 'multipart/related; type="image/dicom-rle"; transfer-syntax=*'}
    ((media_type, _),) = parts_of(peer.get(f"{base}/{STUDY}.9/instances/{STUDY}.9.1/frames/1", headers=kept))
    assert media_type == "image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5"


def test_frames_that_are_many_are_sent_while_they_are_read_and_none_twice(
    site: ImageSite, peer: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand times the largest frame would not fit into any memory."""
    monkeypatch.setattr(wado_views, "_MADE_FIRST_BYTES", 1)
    url = f"{site.url}/studies/{STUDY}/series/{STUDY}.3/instances/{STUDY}.3.1/frames"
    accept = {"Accept": 'multipart/related; type="application/octet-stream"'}
    several = peer.get(f"{url}/7,1,3", headers=accept)
    assert "Content-Length" not in several.headers
    alone = [parts_of(peer.get(f"{url}/{number}", headers=accept))[0][1] for number in (7, 1, 3)]
    assert [content for _, content in parts_of(several)] == alone
    assert len(set(alone)) == 3
    assert "Content-Length" in peer.get(f"{url}/7", headers=accept).headers
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        peer.get(f"{url}/1,999", headers=accept)
    for twice in ("1,1", "1,2,01", "7,1,7"):
        assert peer.get(f"{url}/{twice}", headers=accept).status_code == 400


def test_so_many_answers_with_frames_are_made_at_one_time_and_each_gives_its_place_back(
    site: ImageSite, peer: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wado_instances, "_WAIT_S", 0.05)
    url = f"{site.url}/studies/{STUDY}/series/{STUDY}.3/instances/{STUDY}.3.1/frames"
    accept = {"Accept": 'multipart/related; type="application/octet-stream"'}
    for first_bytes in (1, 16 << 20):
        monkeypatch.setattr(wado_views, "_MADE_FIRST_BYTES", first_bytes)
        for number in range(12):
            assert peer.get(f"{url}/1,7", headers=accept).status_code == 200, number
        for path, status in (("999,1", 404), ("1,7", 406)):
            refused = {"Accept": "image/png"} if status == 406 else accept
            assert {peer.get(f"{url}/{path}", headers=refused).status_code for _ in range(12)} == {status}


def test_one_frame_waits_for_no_transfer_of_others(
    site: ImageSite, peer: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wado_instances, "_WAIT_S", 0.05)
    parts = site.site.parts
    assert parts.doors is not None
    busy = Client(create_app(replace(parts, doors=replace(parts.doors, streams=0))))
    url = f"/dicom-web/studies/{STUDY}/series/{STUDY}.3/instances/{STUDY}.3.1/frames"
    for numbers, status in (("1", 200), ("1,7", 503)):
        answer = busy.get(f"{url}/{numbers}", base_url=site.site.url, headers={"Authorization": f"Bearer {KEY}"})
        assert answer.status_code == status


def test_pictures_and_thumbnails_are_rendered(site: ImageSite, peer: requests.Session) -> None:
    base = f"{site.url}/studies/{STUDY}/series/{STUDY}.1"
    one = peer.get(f"{base}/instances/{STUDY}.1.1/rendered", headers={"Accept": "image/png, image/jpeg;q=0"})
    assert one.headers["Content-Type"] == "image/png"
    assert peer.get(f"{base}/thumbnail", headers={"Accept": "image/*"}).headers["Content-Type"] == "image/jpeg"
    assert peer.get(f"{base}/instances/{STUDY}.1.1/rendered", headers={"Accept": "image/gif"}).status_code == 406


@pytest.mark.parametrize(
    "query",
    [
        "window=nan,400",
        "window=inf,400",
        "window=40,inf",
        "window=40,nan",
        "window=40,0",
        "viewport=nan,4",
        "quality=0",
    ],
)
def test_a_picture_is_asked_for_in_numbers(site: ImageSite, peer: requests.Session, query: str) -> None:
    base = f"{site.url}/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1"
    for address in (f"{base}/rendered?{query}", f"{base}/frames/1/rendered?{query}"):
        assert peer.get(address, headers={"Accept": "image/png"}).status_code == 400


def test_there_is_no_frame_before_the_first(site: ImageSite, peer: requests.Session) -> None:
    base = f"{site.url}/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1"
    for frames in ("0", "1,0", "0/rendered"):
        assert peer.get(f"{base}/frames/{frames}", headers={"Accept": "*/*"}).status_code == 404, frames


@pytest.mark.parametrize("uid", ["%00", "1.2.3%00", "..", "1.2%5C%00", "x", "1.2.3%0A"])
def test_a_search_names_studies_by_what_can_be_a_uid(site: ImageSite, peer: requests.Session, uid: str) -> None:
    answer = peer.get(f"{site.url}/studies?StudyInstanceUID={uid}", headers={"Accept": "application/dicom+json"})
    assert answer.status_code == 400


def test_a_series_is_rendered_picture_by_picture(site: ImageSite, peer: requests.Session) -> None:
    accept = {"Accept": 'multipart/related; type="image/jpeg"'}
    answer = peer.get(f"{site.url}/studies/{STUDY}/series/{STUDY}.1/rendered?viewport=4,4", headers=accept)
    assert answer.status_code == 200
    found = parts_of(answer)
    assert [media_type for media_type, _ in found] == ["image/jpeg"] * 5
    assert all(content.startswith(b"\xff\xd8") for _, content in found)
    whole = peer.get(f"{site.url}/studies/{STUDY}/rendered", headers={"Accept": "image/png"})
    assert whole.status_code == 206, "one of its images cannot be drawn"
    assert {media_type for media_type, _ in parts_of(whole)} == {"image/png"}
    assert peer.get(f"{site.url}/studies/{STUDY}/rendered", headers={"Accept": "image/gif"}).status_code == 406


def test_many_pictures_are_sent_while_they_are_made(
    site: ImageSite, peer: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wado_views, "_MADE_FIRST_BYTES", 1)
    accept = {"Accept": 'multipart/related; type="image/png"'}
    answer = peer.get(f"{site.url}/studies/{STUDY}/series/{STUDY}.1/rendered", headers=accept)
    assert answer.status_code == 200
    assert "Content-Length" not in answer.headers
    assert len(parts_of(answer)) == 5
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        # One of its images cannot be drawn, which was not known when 200 was said.
        peer.get(f"{site.url}/studies/{STUDY}/series/{STUDY}.9/rendered", headers=accept)


def test_what_is_passed_over_is_said_or_breaks_the_answer_off(pacs: DemoPacs, tmp_path: Path) -> None:
    accept = 'multipart/related; type="application/dicom"; transfer-syntax='
    with image_site(tmp_path, settings(pacs.port), STUDY) as site, box() as peer:
        url = f"{site.url}/studies/{STUDY}/series/{STUDY}.9"
        # The first that comes is not taken: nothing has left yet, so the answer says that it is not everything.
        lossless = peer.get(url, headers={"Accept": f"{accept}1.2.840.10008.1.2.4.70"})
        assert lossless.status_code == 206
        assert [kind[-2:] for kind, _ in parts_of(lossless)] == ["70"]
    with image_site(tmp_path, settings(pacs.port), STUDY) as site, box() as peer:
        # The second is not: 200 stands already.
        url = f"{site.url}/studies/{STUDY}/series/{STUDY}.9"
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            peer.get(url, headers={"Accept": f"{accept}{RLELossless}"})
        assert (
            peer.get(
                f"{site.url}/studies/{STUDY}/series/{STUDY}.1", headers={"Accept": accept + RLELossless}
            ).status_code
            == 406
        )


def test_bulk_data_is_the_value_itself(site: ImageSite, peer: requests.Session) -> None:
    url = f"{site.url}/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1/bulkdata/7FE00010"
    ((_, content),) = parts_of(peer.get(url, headers={"Accept": "*/*"}))
    assert content == bytes(image(1, 1).PixelData)


def test_the_door_says_what_it_can(site: ImageSite) -> None:
    answer = requests.options(f"{site.url}/studies/{STUDY}", timeout=10)
    assert answer.status_code == 200
    assert b"studies/{study}/series/{series}" in answer.content
    assert requests.delete(f"{site.url}/studies/{STUDY}", timeout=10).status_code == 405


def test_a_viewer_sees_the_studies_of_its_handle_and_no_other(site: ImageSite) -> None:
    with requests.Session() as visitor:
        visitor.trust_env = False
        viewer = opened(site.site, visitor, STUDY)
        json = {"Accept": "application/dicom+json"}
        answer = visitor.get(f"{viewer}/dicom-web/studies?PatientID=IPP-7Q4021", headers=json)
        studies = answer.json()
        assert [one["0020000D"]["Value"] for one in studies] == [[STUDY]]
        series = visitor.get(f"{viewer}/dicom-web/studies/{STUDY}/series?Modality=US", headers=json).json()
        assert [one["0020000E"]["Value"] for one in series] == [[f"{STUDY}.3"]]
        assert visitor.get(f"{viewer}/dicom-web/studies?PatientID=OTHER", headers=json).status_code == 204
        assert visitor.get(f"{viewer}/dicom-web/studies/{OTHER_STUDY}/series", headers=json).status_code == 404
        several = visitor.get(f"{viewer}/dicom-web/studies/{STUDY}", headers={"Accept": ANY_SYNTAX})
        assert len(parts_of(several)) == 11


def test_a_frame_that_was_shown_brings_the_rest_of_its_series(pacs: DemoPacs, tmp_path: Path) -> None:
    with image_site(tmp_path, settings(pacs.port), STUDY) as site, requests.Session() as visitor:
        visitor.trust_env = False
        viewer = opened(site.site, visitor, STUDY)
        assert visitor.get(f"{viewer}/frames/0/2").status_code == 200
        exam = site.site.parts.exams("nord", STUDY)
        assert exam is not None
        for _ in range(200):
            here = site.source.whole(exam, f"{STUDY}.1")
            if here is not None:
                break
            time.sleep(0.05)
        assert here is not None
        assert len(here) == 5


def test_the_national_identity_is_put_in_where_the_setting_asks(pacs: DemoPacs, tmp_path: Path) -> None:
    with image_site(tmp_path, settings(pacs.port), STUDY, adds_identity=True) as site, box() as peer:
        answer = peer.get(f"{site.url}/studies/{STUDY}/series/{STUDY}.2")
        found = [pydicom.dcmread(io.BytesIO(content)) for _, content in parts_of(answer)]
        for one in found:
            ids = [(item.PatientID, item.IssuerOfPatientIDQualifiersSequence[0].UniversalEntityID)
                   for item in one.OtherPatientIDsSequence]  # fmt: skip
            assert ids == [("281112915104759", "1.2.250.1.213.1.4.10")]
            assert one.PixelData


@pytest.mark.parametrize(
    ("header", "taken", "refused"),
    [
        ("", {wado_accept.EXPLICIT_LITTLE}, {"1.2.840.10008.1.2.4.80"}),
        (OFFICIAL_ACCEPT, {"1.2.840.10008.1.2.4.80", wado_accept.EXPLICIT_LITTLE}, {"1.2.840.10008.1.2.5"}),
        (ANY_SYNTAX, {"1.2.3.4"}, set()),
        (f"{ANY_SYNTAX}, {ANY_SYNTAX.replace('*', '1.2.5')};q=0", {"1.2.4"}, {"1.2.5"}),
        ("Multipart/Related;TYPE=application/dicom;Transfer-Syntax=1.2.4", {"1.2.4"}, {"1.2.5"}),
        (",,;;q=,/", set(), {wado_accept.EXPLICIT_LITTLE}),
        ('multipart/related; type="application/dicom', set(), set()),
    ],
)
def test_accept_is_read_as_it_is_written(header: str, taken: set[str], refused: set[str]) -> None:
    found = wado_accept.Syntaxes(wado_accept.chosen(wado_accept.ranges(header), wado_accept.DICOM))
    assert all(syntax in found for syntax in taken)
    assert not any(syntax in found for syntax in refused)


def test_addresses_are_read_whole_or_not_at_all() -> None:
    found = wado_paths.resource("/dicom-web/studies/1.2/series/1.3/instances/1.4/frames/1,2/rendered")
    assert found is not None
    assert (found.frames, found.form) == ((1, 2), "rendered")
    for path in ("/dicom-web", "/dicom-web/studies/1.2/series/1.3/../x", "/dicom-web/studies/1.2//series", "/x"):
        assert wado_paths.resource(path) is None


def test_what_the_pacs_has_no_more_breaks_the_first_answer_and_is_left_out_of_the_next(
    pacs: DemoPacs, tmp_path: Path
) -> None:
    listed = Exam(
        study_uid=STUDY,
        series=(
            Series(
                series_uid=f"{STUDY}.1",
                instances=tuple(
                    Instance("1.2.840.10008.5.1.4.1.1.2", f"{STUDY}.1.{number}") for number in (1, 2, 3, 44)
                ),
            ),
        ),
    )
    with image_site(tmp_path, settings(pacs.port), STUDY) as site, box() as peer:
        site.shared.listed[STUDY] = listed
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            peer.get(f"{site.url}/studies/{STUDY}")
        answer = peer.get(f"{site.url}/studies/{STUDY}")
        assert answer.status_code == 206
        found = {pydicom.dcmread(io.BytesIO(content)).SOPInstanceUID for _, content in parts_of(answer)}
        assert found == {f"{STUDY}.1.{number}" for number in (1, 2, 3)}
