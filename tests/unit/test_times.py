"""Time stamps of HL7."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.times import Timestamp

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("text", "dtm"),
    [
        ("20210108102500+0100", "20210108092500"),
        ("20210708102500+0200", "20210708082500"),
        ("20210708102500", "20210708082500"),
        ("20210108102500Z", "20210108102500"),
        ("202101081025+0100", "202101080925"),
        ("20210108", "20210108"),
        ("202101", "202101"),
        ("2021", "2021"),
        ("20210101003000+0100", "20201231233000"),
        ("20210108102500.123-0330", "20210108135500"),
    ],
)
def test_a_time_goes_to_utc_in_its_own_precision(text: str, dtm: str) -> None:
    assert Timestamp.parse(text).dtm(PARIS) == dtm


@pytest.mark.parametrize("text", ["", "20211301", "20210230", "2021-01-08", "20210108250000", "２０２１", "20210108+1"])
def test_what_is_not_a_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Timestamp.parse(text)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        Timestamp.parse(text)
    except ValueError:
        return


@pytest.mark.parametrize(
    ("text", "hl7"),
    [
        ("20210108102500+01", "20210108102500+0100"),
        ("202101081025-03", "202101081025-0300"),
        ("20210108102500+0130", "20210108102500+0130"),
        ("20210108", "20210108"),
    ],
)
def test_a_zone_of_version_3_may_say_its_hours_alone(text: str, hl7: str) -> None:
    assert Timestamp.parse_v3(text).hl7 == hl7


@pytest.mark.parametrize(
    "text",
    [
        "20210108102500+1",
        "20210108102500+013",
        "20210108102500+15",
        "20210108102500+0160",
        "20210108102500+",
        "+02",
        "",
    ],
)
def test_a_zone_of_version_3_is_hours_or_hours_and_minutes(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Timestamp.parse_v3(text)


@pytest.mark.parametrize("text", ["20210108102500+01", "20210108102500-03"])
def test_a_zone_of_version_2_has_its_minutes(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Timestamp.parse(text)
