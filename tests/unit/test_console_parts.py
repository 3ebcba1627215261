"""The console's pure parts: sealed values, the plot of a day, who may look and who may act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.access import Person, Session
from gateway.model.overview import Interval, Picture
from gateway.web.console.common import may, may_act
from gateway.web.console.plot import HEIGHT, WIDTH, begin_of_day, plot
from gateway.web.openid.claims import professional
from gateway.web.sealed import opened, seal

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 12, 11, 0, tzinfo=UTC)


def session(number: int = 1, roles: frozenset[str] = frozenset()) -> Session:
    return Session(
        id=f"{number:064}",
        person=Person(subject="s", issuer="i", roles=roles),
        csrf_token=f"{number:043}",
        created_at=NOW,
        seen_at=NOW,
    )


@given(st.dictionaries(st.sampled_from(["accession", "patient"]), st.text(max_size=128)))
def test_what_is_sealed_is_opened_in_the_same_session_alone(value: dict[str, str]) -> None:
    token = seal(session(), "filter", value)
    assert opened(session(), "filter", token) == value
    assert opened(session(2), "filter", token) is None
    assert opened(session(), "other", token) is None
    assert seal(session(), "filter", value) != token, "one value has no two equal tokens"


@given(st.data())
def test_what_was_changed_is_nothing(data: st.DataObject) -> None:
    token = seal(session(), "filter", {"patient": "279035121518989"})
    place = data.draw(st.integers(0, len(token) - 2))
    letter = data.draw(st.sampled_from("ABCXYZabcxyz0189-_"))
    changed = token[:place] + letter + token[place + 1 :]
    assert opened(session(), "filter", changed) in (None, {"patient": "279035121518989"} if changed == token else None)


@pytest.mark.parametrize("token", ["", "A", "é", "A" * 5000, "====", "%%%", "AAAA" * 20])
def test_rubbish_is_nothing(token: str) -> None:
    assert opened(session(), "filter", token) is None


def picture(day: datetime, hours: float, counts: list[tuple[int, int, float | None]]) -> Picture:
    since = begin_of_day(day, PARIS)
    return Picture(
        at=since + timedelta(hours=hours),
        since=since,
        states={},
        received=0,
        shared=0,
        median_s=None,
        slowest_s=None,
        intervals=tuple(
            Interval(
                start=datetime.fromtimestamp(since.timestamp() + 1800 * n, UTC),
                received=received,
                shared=shared,
                median_s=median,
            )
            for n, (received, shared, median) in enumerate(counts)
        ),
        held=(),
        troubles=(),
        last_registered={},
        last_frozen={},
    )


_COUNTS = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.none() | st.floats(0, 10**7))


@settings(max_examples=40)
@given(st.sampled_from([NOW, datetime(2026, 3, 29, 10, tzinfo=UTC), datetime(2026, 10, 25, 10, tzinfo=UTC)]), st.data())
def test_every_bar_lies_in_the_drawing_on_days_of_23_24_and_25_hours(day: datetime, data: st.DataObject) -> None:
    since = begin_of_day(day, PARIS)
    tomorrow = begin_of_day(since + timedelta(hours=30), PARIS)
    slots = int((tomorrow.timestamp() - since.timestamp()) / 1800)
    counts = data.draw(st.lists(_COUNTS, min_size=slots, max_size=slots))
    made = plot(picture(day, 12, counts), PARIS)
    for bar in (*made.received, *made.shared, *made.delays):
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH + 0.2
        assert 0 <= bar.y <= HEIGHT
        assert bar.y + bar.height == pytest.approx(HEIGHT, abs=0.2)
    assert 0 <= made.now <= WIDTH
    assert len(made.received) == sum(received > 0 for received, _, _ in counts)


def test_an_empty_day_is_drawn_too() -> None:
    made = plot(picture(NOW, 0.1, []), PARIS)
    assert (made.received, made.shared, made.delays, made.table) == ((), (), (), ())
    assert made.most == 2


@pytest.mark.parametrize(("most", "top"), [(0, 2), (2, 2), (3, 4), (5, 10), (11, 20), (35, 40), (999, 1000)])
def test_the_axis_ends_at_a_number_that_is_easy_to_halve(most: int, top: int) -> None:
    assert plot(picture(NOW, 1, [(most, 0, None)]), PARIS).most == top


def test_roles_come_from_the_lists_of_the_settings() -> None:
    def roles(identifier: str) -> frozenset[str]:
        claims = {"sub": "s", "preferred_username": identifier}
        names = ("preferred_username",)
        return professional(claims, "i", names, frozenset({"A", "both"}), frozenset({"R", "both", ""})).roles

    assert roles("A") == {"administrator"}
    assert roles("R") == {"reader"}
    assert roles("both") == {"administrator", "reader"}
    assert roles("nobody") == roles("") == frozenset()


def test_a_reader_looks_and_an_administrator_acts() -> None:
    seen = {role: (may(one), may_act(one)) for role in ("administrator", "reader", "x") if (one := _with(role))}
    assert seen == {"administrator": (True, True), "reader": (True, False), "x": (False, False)}


def _with(role: str) -> Session:
    return session(roles=frozenset({role}))
