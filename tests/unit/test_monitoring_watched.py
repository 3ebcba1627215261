"""Adapters whose calls are counted."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.errors import Mismatch, PeerUnreachable
from gateway.model.relay import DeliveryState
from gateway.model.share import ShareState
from gateway.monitoring.figures import Figures
from gateway.monitoring.watched import CountedCarrier, CountedReception, acknowledged, peer
from tests.support.store import NOW, accepted, share


class Registry:
    """A destination that fails when it is told to."""

    settings = "as they are"
    closed = False

    def send(self, frozen: str, *, again: bool) -> str:
        if again:
            raise PeerUnreachable("registry_timeout", peer="x")
        return frozen

    def prepare(self, publication: str) -> str:
        raise Mismatch("modality_unknown")

    def close(self) -> None:
        self.closed = True


def values(figures: Figures) -> dict[str, list[tuple[dict[str, str], Any]]]:
    found: dict[str, list[tuple[dict[str, str], Any]]] = {}
    for one in figures.dump():
        found.setdefault(one["name"], []).append((one["labels"], one.get("value", one.get("counts"))))
    return found


def test_a_watched_adapter_does_what_the_one_inside_does_and_is_counted() -> None:
    figures, inside = Figures(), Registry()
    watched = peer(figures, inside, "destination dmp", quiet=("prepare",))
    assert watched.send("bytes", again=False) == "bytes"
    with pytest.raises(PeerUnreachable):
        watched.send("bytes", again=True)
    with pytest.raises(Mismatch):
        watched.prepare("p")
    assert watched.settings == "as they are"
    watched.close()
    assert inside.closed
    told = values(figures)
    assert told["gateway_peer_errors_total"] == [
        ({"peer": "destination dmp", "operation": "send", "code": "registry_timeout"}, 1)
    ]
    ((labels, counts),) = told["gateway_peer_call_seconds"]
    assert labels == {"peer": "destination dmp", "operation": "send"}
    assert sum(counts) == 2
    assert {name for name in told if "last" in name} == {
        "gateway_peer_last_success_timestamp_seconds",
        "gateway_peer_last_failure_timestamp_seconds",
    }


def test_a_share_that_was_registered_tells_its_whole_delay_once() -> None:
    figures = Figures()
    before = share(accepted(), state=ShareState.SENDING)
    after = share(accepted(), state=ShareState.SHARED, registered_at=NOW + timedelta(minutes=7))
    CountedCarrier(figures, SimpleNamespace(carry=lambda _: after)).carry(before)
    CountedCarrier(figures, SimpleNamespace(carry=lambda _: after)).carry(after)
    told = values(figures)
    assert told["gateway_share_moves_total"] == [({"destination": "dmp", "state": "shared", "reason": ""}, 2)]
    ((_, counts),) = told["gateway_share_delay_seconds"]
    assert sum(counts) == 1
    assert counts[4] == 1  # above 300 s and within 900 s


def test_a_message_of_the_relay_is_counted_by_its_state() -> None:
    figures = Figures()
    held = SimpleNamespace(state=DeliveryState.HELD, reason="relay_refused")
    CountedCarrier(figures, SimpleNamespace(carry=lambda _: held)).carry(held)
    assert values(figures)["gateway_relay_moves_total"] == [({"state": "held", "reason": "relay_refused"}, 1)]


def test_answers_are_counted_by_their_code() -> None:
    figures = Figures()
    answers = iter([b"MSH|^~\\&|A\rMSA|AA|1\r", b"MSH|x\rMSA|AR|1\r", None])
    reception = CountedReception(figures, SimpleNamespace(answer=lambda *_: next(answers), read=lambda _: "read"))
    for _ in range(3):
        reception.answer(b"m", "meeting")
    assert reception.read(b"m") == "read"
    assert {labels["answer"]: count for labels, count in values(figures)["gateway_messages_total"]} == {
        "AA": 1,
        "AR": 1,
        "none": 1,
    }


@pytest.mark.parametrize("answer", [b"", b"MSA|AA", b"MSH|\rMSA|ZZ|1\r", b"MSH|\rMSA"])
def test_what_is_no_acknowledgement_is_counted_as_none(answer: bytes) -> None:
    assert acknowledged(answer) == "none"
