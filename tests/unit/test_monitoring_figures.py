"""Figures: counted in a process, written in the form that Prometheus reads."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.monitoring import figures
from gateway.monitoring.exposition import Family, Sample, text_of
from gateway.monitoring.figures import ANSWER_DELAY, MESSAGES, PEER_SUCCESS, Figures, families
from tests.support.monitoring import read_exposition


def test_what_was_counted_comes_out_of_json_as_prometheus_reads_it() -> None:
    one = Figures()
    one.count(MESSAGES, answer="AA")
    one.count(MESSAGES, answer="AA")
    one.count(MESSAGES, answer="AE")
    one.put(PEER_SUCCESS, 12.5, peer="pacs main")
    dump = json.loads(json.dumps(one.dump()))
    read = read_exposition(text_of(families([({"role": "intake"}, dump)])))
    assert read["gateway_messages_total"] == {
        (("answer", "AA"), ("role", "intake")): 2,
        (("answer", "AE"), ("role", "intake")): 1,
    }
    assert read[PEER_SUCCESS.name] == {(("peer", "pacs main"), ("role", "intake")): 12.5}


def test_a_histogram_counts_upwards_and_ends_with_everything() -> None:
    one = Figures()
    for value in (0.001, 0.005, 0.02, 3.0, 1000.0):
        one.observe(ANSWER_DELAY, value)
    read = read_exposition(text_of(families([({}, one.dump())])))
    buckets = {dict(labels)["le"]: value for labels, value in read["gateway_message_answer_seconds_bucket"].items()}
    assert buckets["0.005"] == 2  # a bound is within its bucket
    assert buckets["0.025"] == 3
    assert buckets["60"] == 4
    assert buckets["+Inf"] == read["gateway_message_answer_seconds_count"][()] == 5
    assert read["gateway_message_answer_seconds_sum"][()] == pytest.approx(1003.026)
    assert list(buckets.values()) == sorted(buckets.values())


def test_two_processes_are_told_apart_by_their_role() -> None:
    web, work = Figures(), Figures()
    web.count(MESSAGES, answer="AA")
    work.count(MESSAGES, 3, answer="AA")
    read = read_exposition(text_of(families([({"role": "web"}, web.dump()), ({"role": "work"}, work.dump())])))
    assert sorted(read["gateway_messages_total"].values()) == [1, 3]


@pytest.mark.parametrize(
    "foreign",
    [
        {"name": "gateway_of_tomorrow", "labels": {}, "value": 1},
        {"name": ANSWER_DELAY.name, "labels": {}, "counts": [1, 2], "sum": 3},
        {"name": MESSAGES.name, "labels": {}},
    ],
)
def test_what_another_version_wrote_is_left_out(foreign: dict[str, object]) -> None:
    assert text_of(families([({}, [foreign])])) == ""


@given(st.text(), st.floats(allow_nan=False))
def test_any_label_and_any_value_can_be_read_back(label: str, value: float) -> None:
    # Only the line feed ends a line for Prometheus; our reader in the tests splits at others too.
    label = "".join(character for character in label if character == "\n" or character.isprintable())
    text = text_of([Family("gateway_x", "gauge", "words\nof two lines", (Sample(value, {"label": label}),))])
    ((labels, read),) = read_exposition(text)["gateway_x"].items()
    unescaped = dict(labels)["label"].replace("\\\\", "\0").replace("\\n", "\n").replace('\\"', '"').replace("\0", "\\")
    assert unescaped == label
    assert read == value


@pytest.mark.parametrize(("name", "label"), [("gateway x", "a"), ("1x", "a"), ("x", "é"), ("x", "a-b")])
def test_a_name_that_the_form_cannot_hold_is_refused(name: str, label: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        Family(name, "gauge", "", (Sample(1, {label: ""}),))


def test_every_kind_says_what_it_is() -> None:
    for kind in figures.KINDS.values():
        assert kind.words.endswith(".")
        assert (kind.kind == "histogram") == bool(kind.bounds)
        assert kind.name.endswith("_total") == (kind.kind == "counter")
