"""Nothing of a patient in logs."""

from __future__ import annotations

import io
import json
import logging
import threading

import pytest
import structlog

from gateway.log import MASK, configure, mask


@pytest.mark.parametrize(
    "text",
    [
        "281112915104759",
        "2811129151047",
        "IPP-7Q4021^^^&1.2.250.1.999.1.1.1&ISO^PI",
        "GET /IHEInvokeImageDisplay?requestType=STUDY&studyUID=1.2.3&Accessionnumber=1.2.ACC9&idCDA=1.9",
    ],
)
def test_identities_are_masked(text: str) -> None:
    masked = mask(text)
    assert MASK in masked
    for piece in ("281112915104759", "2811129151047", "7Q4021", "1.2.3&", "ACC9"):
        assert piece not in masked


def test_our_own_ids_and_numbers_are_kept() -> None:
    text = "share 9f1c0b7a2d5e4f60 took 12 ms, 15 documents, uid 1.2.250.1.281112915104759.3"
    assert mask(text) == text


def test_a_line_finds_standard_error_where_it_leads_now(monkeypatch: pytest.MonkeyPatch) -> None:
    logger = structlog.get_logger("one")
    try:
        for _ in range(2):
            console = io.StringIO()
            monkeypatch.setattr("sys.stderr", console)
            configure(json=True, level="warning")
            logger.warning("something.happened")
            logging.getLogger("library").warning("so it did")
            assert console.getvalue().count("\n") == 2
            console.close()
        monkeypatch.undo()
        logger.warning("something.happened")
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers.clear()


def test_a_terminal_obeys_nothing_that_others_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    console = io.StringIO()
    monkeypatch.setattr("sys.stderr", console)
    try:
        configure(json=False, level="warning")
        structlog.get_logger("one").warning("something.happened", sender="\x1b]0;owned\x07RIS\r")
        logging.getLogger("library").warning("heard \x1b[2J")
        told = console.getvalue()
        for kept in ("owned", "RIS", "heard"):
            assert kept in told
        for written in ("\x1b]0", "\x1b[2J", "\x07", "\r"):
            assert written not in told
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers.clear()


def test_a_thread_that_breaks_is_told_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    console = io.StringIO()
    monkeypatch.setattr("sys.stderr", console)
    configure(json=True, level="warning")

    def breaks() -> None:
        raise LookupError("DUPONT^MARIE")

    broken = threading.Thread(target=breaks, name="sweep")
    broken.start()
    broken.join()
    told = json.loads(console.getvalue())
    assert (told["event"], told["thread"], told["error"]) == ("thread.broken", "sweep", "LookupError")
    assert "DUPONT" not in console.getvalue()
