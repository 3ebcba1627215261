"""Frames: by C-GET and by WADO-RS, cut and described rightly, kept within bounds, refused by name."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from gateway.demo.pacs import DemoPacs
from gateway.dicom.cache import Cache
from gateway.dicom.fetch import FrameSource
from gateway.dicom.pixels import frames
from gateway.dicom.values import Values
from gateway.errors import (
    GatewayError,
    InputRejected,
    NotSupportedYet,
    PeerMisbehaved,
    PeerRefused,
    PeerUnreachable,
)
from gateway.model.image import Frame
from tests.support.dicom_objects import STRUCTURED_REPORT, STUDY, ULTRASOUND_MULTIFRAME, body, image, write
from tests.support.dicom_scp import answering, settings

JPEG_2000 = "1.2.840.10008.1.2.4.90"
SINGLE = image(1, 1)
MULTIPLE = image(3, 1, sop_class_uid=ULTRASOUND_MULTIFRAME, modality="US", frames=7)


def compressed() -> Dataset:
    dataset = image(4, 1)
    dataset.file_meta.TransferSyntaxUID = JPEG_2000
    dataset.PixelData = encapsulate([b"\xff\x4f\xff\x51"])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return dataset


def report() -> Dataset:
    dataset = image(5, 1, sop_class_uid=STRUCTURED_REPORT, modality="SR")
    for keyword in ("Rows", "Columns", "PixelData"):
        delattr(dataset, keyword)
    return dataset


def ids(dataset: Dataset) -> tuple[str, str, str, str]:
    return (
        str(dataset.StudyInstanceUID),
        str(dataset.SeriesInstanceUID),
        str(dataset.SOPClassUID),
        str(dataset.SOPInstanceUID),
    )


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoPacs]:
    folder = tmp_path_factory.mktemp("pacs")
    write(folder, [SINGLE, MULTIPLE, compressed(), report()])
    running = DemoPacs(folder, "PACS")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def source(pacs: DemoPacs) -> Iterator[FrameSource]:
    made = FrameSource(settings(pacs.port))
    yield made
    made.close()


def test_a_frame_comes_with_what_is_needed_to_draw_it(source: FrameSource) -> None:
    assert source.frame(*ids(SINGLE), 1) == Frame(
        rows=8,
        columns=8,
        samples_per_pixel=1,
        photometric_interpretation="MONOCHROME2",
        bits_allocated=16,
        bits_stored=12,
        signed=False,
        rescale_slope=1.0,
        rescale_intercept=-1024.0,
        windows=((40.0, 400.0), (-600.0, 1500.0)),
        pixel_spacing=(0.7, 0.8),
        pixels=SINGLE.PixelData,
    )


def test_frames_of_one_instance_are_cut_out_of_it(source: FrameSource) -> None:
    size = 8 * 8 * 2
    for number in (1, 4, 7):
        pixels = source.frame(*ids(MULTIPLE), number).pixels
        assert pixels == MULTIPLE.PixelData[size * (number - 1) : size * number]


@pytest.mark.parametrize("number", [0, -1, 8, 10**9])
def test_a_frame_that_is_not_there_is_said_so(source: FrameSource, number: int) -> None:
    with pytest.raises(InputRejected, match="image_frame_unknown"):
        source.frame(*ids(MULTIPLE), number)


def test_an_image_that_is_not_there_is_said_so(source: FrameSource) -> None:
    with pytest.raises(InputRejected, match="image_unknown"):
        source.frame(*ids(SINGLE)[:3], "1.2.3.4", 1)


def test_a_codec_that_nobody_undoes_is_named(source: FrameSource) -> None:
    with pytest.raises(NotSupportedYet, match="image_codec") as caught:
        source.frame(*ids(compressed()), 1)
    assert caught.value.facts["syntax"] == JPEG_2000


def test_a_report_has_no_pixels(source: FrameSource) -> None:
    with pytest.raises(InputRejected, match="image_no_pixels"):
        source.frame(*ids(report()), 1)


def test_keys_with_a_wildcard_never_leave(source: FrameSource) -> None:
    with pytest.raises(InputRejected, match="pacs_key_unsafe"):
        source.frame(STUDY, "*", ids(SINGLE)[2], "1.2.3", 1)


def test_a_pacs_without_c_get_is_a_refusal() -> None:
    with answering(contexts=("1.2.840.10008.1.1",)) as port:
        source = FrameSource(settings(port))
        with pytest.raises(PeerRefused, match="pacs_no_service"):
            source.frame(*ids(SINGLE), 1)
        source.close()


def test_an_instance_above_the_limit_is_ended(pacs: DemoPacs) -> None:
    source = FrameSource(settings(pacs.port, instance_limit_bytes=500))
    with pytest.raises(PeerMisbehaved, match="pacs_answer_too_large"):
        source.frame(*ids(MULTIPLE), 1)
    source.close()


def test_the_same_instance_is_fetched_once_for_all_who_wait(pacs: DemoPacs) -> None:
    source = FrameSource(settings(pacs.port))
    fetched = 0
    retrieve = source._retrieve

    def counted(key: object) -> object:
        nonlocal fetched
        fetched += 1
        return retrieve(key)  # type: ignore[arg-type]

    source._retrieve = counted  # type: ignore[assignment, method-assign]
    with ThreadPoolExecutor(7) as threads:
        given = list(threads.map(lambda number: source.frame(*ids(MULTIPLE), number), range(1, 8)))
    source.close()
    assert fetched == 1
    assert b"".join(frame.pixels for frame in given) == MULTIPLE.PixelData


# What is described


def layout_of(dataset: Dataset) -> frames.Pixels:
    return frames.layout(Values.read(body(dataset), implicit=False))


@pytest.mark.parametrize(
    "change",
    [
        {"PhotometricInterpretation": "PALETTE COLOR"},
        {"PhotometricInterpretation": "YBR_FULL_422", "SamplesPerPixel": 3},
        {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0},
        {"HighBit": 15},
        {"SamplesPerPixel": 4, "PhotometricInterpretation": "CMYK"},
        {"BitsStored": 0},
    ],
)
def test_pixels_that_a_viewer_could_not_draw_are_refused(change: dict[str, object]) -> None:
    dataset = image()
    for keyword, value in change.items():
        setattr(dataset, keyword, value)
    with pytest.raises(NotSupportedYet, match="image_kind"):
        layout_of(dataset)


def test_planes_of_colour_are_woven() -> None:
    dataset = image()
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.Rows, dataset.Columns = 1, 2
    assert frames.frame(layout_of(dataset), 1, b"rRgGbB").pixels == b"rgbRGB"


def test_each_frame_has_its_own_rescale_where_it_states_one() -> None:
    def group(intercept: float) -> Dataset:
        transformation, item = Dataset(), Dataset()
        transformation.RescaleIntercept, transformation.RescaleSlope = intercept, 2
        item.PixelValueTransformationSequence = [transformation]
        return item

    dataset = image(frames=2)
    measures, shared = Dataset(), Dataset()
    measures.PixelSpacing = [0.5, 0.25]
    shared.PixelMeasuresSequence = [measures]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = [group(-10), group(-20)]
    pixels = layout_of(dataset)
    first, second = (frames.frame(pixels, number, b"") for number in (1, 2))
    assert (first.rescale_intercept, second.rescale_intercept, second.rescale_slope) == (-10.0, -20.0, 2.0)
    assert first.pixel_spacing == (0.5, 0.25)


def test_windows_without_sense_are_left_out() -> None:
    dataset = image()
    dataset.WindowCenter, dataset.WindowWidth = [40, 50, 60], [0, -5, 100]
    assert frames.frame(layout_of(dataset), 1, b"").windows == ((60.0, 100.0),)


# What is kept


def test_the_cache_keeps_within_its_bytes_and_drops_the_oldest() -> None:
    cache: Cache[int, int] = Cache(100)
    for key in range(5):
        cache.get(key, lambda key=key: (key, 40))
    assert cache.size_bytes == 80
    loaded: list[int] = []
    for key in (3, 4, 0):
        cache.get(key, lambda key=key: (loaded.append(key) or key, 40))
    assert loaded == [0]


def test_what_is_larger_than_the_cache_is_handed_out_all_the_same() -> None:
    cache: Cache[int, bytes] = Cache(10)
    assert cache.get(1, lambda: (b"x" * 100, 100)) == b"x" * 100
    assert cache.size_bytes == 0


def test_one_thing_that_is_large_is_kept_alone() -> None:
    cache: Cache[int, int] = Cache(10, 50)
    loads = []

    def load(key: int, size: int) -> int:
        return cache.get(key, lambda: (loads.append(key) or key, size))

    assert [load(1, 5), load(2, 40), load(2, 40), load(3, 60), load(3, 60)] == [1, 2, 2, 3, 3]
    assert (loads, cache.size_bytes) == ([1, 2, 3, 3], 40)
    load(4, 5)
    assert cache.size_bytes == 5


def test_an_error_reaches_all_who_wait_and_is_not_kept() -> None:
    cache: Cache[int, int] = Cache(10)
    entered, go = threading.Event(), threading.Event()

    def fails() -> tuple[int, int]:
        entered.set()
        go.wait(10)
        raise PeerUnreachable("pacs_lost")

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(cache.get, 1, fails)
        entered.wait(10)
        second = threads.submit(cache.get, 1, lambda: (7, 1))
        go.set()
        with pytest.raises(PeerUnreachable):
            first.result()
        # The second either waited for the first and shares its error, or came after it and loads anew.
        error = second.exception()
        assert error is None or isinstance(error, PeerUnreachable)
    assert cache.get(1, lambda: (7, 1)) == 7


# WADO-RS

Respond = Callable[[str], tuple[int, str, bytes]]


@contextmanager
def web(respond: Respond) -> Iterator[str]:
    """An HTTP server whose answers a test writes: status, content type, body by path."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, content_type, content = respond(self.path)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            if 300 <= status < 400:
                self.send_header("Location", "http://example.invalid/")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/dicom-web"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def multipart(content: bytes, content_type: str = "application/octet-stream") -> tuple[int, str, bytes]:
    body_bytes = b"--b\r\nContent-Type: " + content_type.encode() + b"\r\n\r\n" + content + b"\r\n--b--"
    return 200, 'multipart/related; type="application/octet-stream"; boundary=b', body_bytes


def metadata(dataset: Dataset) -> tuple[int, str, bytes]:
    header = json.loads(dataset.to_json(bulk_data_threshold=10, bulk_data_element_handler=lambda element: "x"))
    return 200, "application/dicom+json", json.dumps([header]).encode()


def by_web(respond: Respond, dataset: Dataset = MULTIPLE, number: int = 2, port: int = 1) -> Frame:
    with web(respond) as url:
        source = FrameSource(replace(settings(port), dicomweb_url=url))
        try:
            return source.frame(*ids(dataset), number)
        finally:
            source.close()


def rightly(path: str) -> tuple[int, str, bytes]:
    if path.endswith("/metadata"):
        return metadata(MULTIPLE)
    number = int(path.rpartition("/")[2])
    return multipart(MULTIPLE.PixelData[128 * (number - 1) : 128 * number])


def test_a_frame_comes_by_wado_as_it_comes_by_c_get(source: FrameSource) -> None:
    assert by_web(rightly) == source.frame(*ids(MULTIPLE), 2)


def test_a_frame_holding_the_boundary_is_not_cut_by_it() -> None:
    content = (b"\r\n--b--\r\n--b" * 20)[:128]
    answer = by_web(lambda path: metadata(MULTIPLE) if path.endswith("/metadata") else multipart(content))
    assert answer.pixels == content


def test_a_single_part_is_taken_too() -> None:
    answer = by_web(
        lambda path: metadata(MULTIPLE) if path.endswith("a") else (200, "application/octet-stream", b"x" * 128)
    )
    assert answer.pixels == b"x" * 128


@pytest.mark.parametrize(
    ("answer", "code", "family"),
    [
        ((404, "text/plain", b""), "image_unknown", InputRejected),
        ((403, "text/plain", b""), "pacs_web_refused", PeerRefused),
        ((302, "text/plain", b""), "pacs_web_refused", PeerRefused),
        ((503, "text/plain", b""), "pacs_web_failed", PeerUnreachable),
        ((200, "application/dicom+json", b"["), "pacs_answer_malformed", PeerMisbehaved),
        ((200, "application/dicom+json", b"[" * 100_000), "pacs_answer_malformed", PeerMisbehaved),
        ((200, "application/dicom+json", b"[]"), "pacs_answer_malformed", PeerMisbehaved),
        ((200, "application/dicom+json", b"[{}]"), "pacs_other_instance", PeerMisbehaved),
    ],
)
def test_metadata_that_does_not_come_is_a_named_error(
    answer: tuple[int, str, bytes], code: str, family: type[GatewayError]
) -> None:
    with pytest.raises(family, match=code):
        by_web(lambda path: answer)


def test_a_header_of_another_study_is_not_believed_though_the_instance_bears_its_name() -> None:
    other = deepcopy(MULTIPLE)
    other.StudyInstanceUID = f"{MULTIPLE.StudyInstanceUID}.9"
    with pytest.raises(PeerMisbehaved, match="pacs_other_instance"):
        by_web(lambda path: metadata(other) if path.endswith("/metadata") else rightly(path))
    del other.StudyInstanceUID
    assert by_web(lambda path: metadata(other) if path.endswith("/metadata") else rightly(path)) == by_web(rightly)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (multipart(b"x" * 127), "pacs_answer_malformed"),
        (multipart(b"x" * 200), "pacs_answer_malformed"),
        ((200, "multipart/related; boundary=b", b"--b\r\n"), "pacs_answer_malformed"),
        ((200, "multipart/related; boundary=b", b""), "pacs_answer_malformed"),
        ((200, "application/octet-stream", b"x" * 300_000), "pacs_answer_too_large"),
    ],
)
def test_a_frame_of_another_size_is_not_used(answer: tuple[int, str, bytes], code: str) -> None:
    with pytest.raises(PeerMisbehaved, match=code):
        by_web(lambda path: metadata(MULTIPLE) if path.endswith("/metadata") else answer)


@pytest.mark.parametrize("answer", [(406, "text/plain", b""), (500, "text/plain", b""), multipart(b"x", "image/jp2")])
def test_what_wado_does_not_give_uncompressed_is_asked_by_c_get(pacs: DemoPacs, answer: tuple[int, str, bytes]) -> None:
    def respond(path: str) -> tuple[int, str, bytes]:
        return metadata(MULTIPLE) if path.endswith("/metadata") else answer

    assert by_web(respond, port=pacs.port).pixels == MULTIPLE.PixelData[128:256]


def test_nobody_listening_is_unreachable(tmp_path: Path) -> None:
    source = FrameSource(settings(1, dicomweb_url="http://127.0.0.1:1/dicom-web"))
    with pytest.raises(PeerUnreachable, match="pacs_web_failed"):
        source.frame(*ids(SINGLE), 1)
    source.close()
