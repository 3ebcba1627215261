"""Messages as systems in the field write them: the border between another way of writing and a mistake."""

from __future__ import annotations

import base64

import pytest

from tests.support.hl7_messages import DOCUMENT_ID, RIGHT, cda, errors, found, message, put, without

ORU, MDM = RIGHT["cda-oru-r01"], RIGHT["cda-mdm-t02"]
_HEAD, _ORDER = ORU[:3], ORU[3:5]
_DOCUMENT = ORU[5]
_PARTICIPATIONS = [row for row in ORU if row.startswith("PRT")]
_STATEMENTS = [row for row in ORU if row.startswith("OBX") and "^MetaDMPMSS||" in row and "|ED|" not in row]
_OTHER = base64.b64encode(cda("1.2.250.1.999.7.3", level=3)).decode()


def _numbered(*rows: str) -> list[str]:
    """*rows* with OBX-1 counted anew."""
    told, number = [], 0
    for row in rows:
        if row.startswith("OBX"):
            number += 1
            row = "|".join(["OBX", str(number), *row.split("|")[2:]])
        told.append(row)
    return told


def _second() -> str:
    before, data, after = _DOCUMENT.rpartition("^Base64^")[0], _OTHER, _DOCUMENT[_DOCUMENT.index("||||||F") :]
    return f"{before}^Base64^{data}{after}"


def _behind(rows: list[str], start: str, *new: str) -> list[str]:
    at = next(index for index, row in enumerate(rows) if row.startswith(start))
    return [*rows[: at + 1], *new, *rows[at + 1 :]]


@pytest.mark.parametrize("name", [name for name, rows in RIGHT.items() if any(row.startswith("PID") for row in rows)])
def test_two_quotes_are_a_value_of_every_type(name: str) -> None:
    assert errors(put(RIGHT[name], "PID^1^18", '""')) == []
    assert ("field-required", "PID^1^3", "101") in found(put(RIGHT[name], "PID^1^3", '""'))


def test_each_of_two_documents_has_its_own_address_of_reply() -> None:
    both = _numbered(*_HEAD, *_ORDER, _DOCUMENT, *_PARTICIPATIONS, _second(), *_PARTICIPATIONS, *_STATEMENTS)
    assert errors(both) == []
    again = [*both[: both.index(_PARTICIPATIONS[2]) + 1], _PARTICIPATIONS[2], *both[9:]]
    assert ("segment-repeated", "PRT^4", "198") in found(again)


def test_each_of_two_orders_may_state_what_becomes_of_its_document() -> None:
    first = _numbered(*_ORDER, _DOCUMENT, *_PARTICIPATIONS, *_STATEMENTS)
    second = _numbered(*_ORDER, _second(), *_PARTICIPATIONS, *_STATEMENTS)
    assert errors([*_HEAD, *first, *second]) == []
    assert errors([*_HEAD, *first, *second[:6]]) == []
    masked = [row.replace("||N^", "||Y^") if "MASQUE_PS" in row else row for row in second]
    assert ("statement-twice", "OBX^13^3", "198") in found([*_HEAD, *first, *masked])
    twice = _numbered(*_ORDER, _DOCUMENT, *_PARTICIPATIONS, *_STATEMENTS, _STATEMENTS[0])
    assert ("statement-twice", "OBX^12^3", "198") in found([*_HEAD, *twice])


def test_a_document_does_not_replace_itself() -> None:
    def replacing(parent: str) -> list[str]:
        encoded = base64.b64encode(cda(replaces=parent)).decode()
        row = _DOCUMENT.split("^Base64^")[0] + f"^Base64^{encoded}||||||C"
        return [*_HEAD, "ORC|RO", _ORDER[1], row, *ORU[6:]]

    assert errors(replacing("1.2.250.1.999.7.1")) == []
    assert ("replaces-itself", "OBX^1^5^1^5", "207") in found(replacing(DOCUMENT_ID))


def test_evn_tells_of_the_event_of_the_message_or_of_none() -> None:
    assert errors(put(MDM, "EVN^1^1", "T02")) == []
    assert ("value", "EVN^1^1^1", "103") in found(put(MDM, "EVN^1^1", "T10"))


@pytest.mark.parametrize("before", ["MSH", "PV1", "ORC"])
def test_a_comment_out_of_its_place_is_said_as_such(before: str) -> None:
    assert found(_behind(ORU, before, "NTE|1||note")) == {("segment-order", "NTE^1", "100")}


@pytest.mark.parametrize("before", ["PID", "OBR", "PRT||UC||REPLY", "OBX|9"])
def test_a_comment_in_its_place_is_none_of_our_business(before: str) -> None:
    assert errors(_behind(ORU, before, "NTE|1||note")) == []


def test_who_is_merged_away_is_kept_by_no_pair_of_the_message() -> None:
    rows = RIGHT["adt-a40"]
    patient = rows[2].replace("IPP101", "IPP102")
    assert errors([*rows, patient, "MRG|IPP8^^^CABINET&1.2.250.1.999.4.2&ISO^PI"]) == []
    told = found([*rows, patient, "MRG|IPP101^^^CABINET&1.2.250.1.999.4.2&ISO^PI"])
    assert ("merge-itself", "MRG^2^1", "103") in told


@pytest.mark.parametrize("unit", ["mGy.cm", "mGycm", "mGy*cm", "uGy.m", "1^mGy.cm^UCUM"])
def test_a_dose_has_a_unit_of_dose(unit: str) -> None:
    assert errors(put(RIGHT["lb-d"], "OBX^1^6", unit)) == []


@pytest.mark.parametrize("unit", ["kg", "cm", "mSv"])
def test_another_unit_is_none_of_this_dose(unit: str) -> None:
    assert ("value", "OBX^1^6", "103") in found(put(RIGHT["lb-d"], "OBX^1^6", unit))


def test_a_number_of_images_has_no_unit() -> None:
    rows = RIGHT["lb-d"]
    assert errors([*rows[:-1], "OBX|2|NM|113731^Nombre d'images^DCM||12||||||F", rows[-1]]) == []


@pytest.mark.parametrize("name", RIGHT)
def test_a_control_id_has_199_characters_at_most(name: str) -> None:
    assert not [finding for finding in errors(put(RIGHT[name], "MSH^1^10", "9" * 199)) if "10" in finding.path]
    assert [
        finding for finding in errors(put(RIGHT[name], "MSH^1^10", "9" * 200)) if finding.path.startswith("MSH^1^10")
    ]


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r\r"])
def test_ends_of_lines_trailing_separators_and_local_segments_are_no_mistake(name: str, end: str) -> None:
    rows = RIGHT[name]
    assert errors(message([row + "|||" for row in rows], end)) == []
    assert errors(message([rows[0], "ZXX|1|a", *rows[1:], "ZYY|"], end)) == []


def test_a_visit_is_no_need_of_an_oru() -> None:
    assert errors(without(ORU, "PV1")) == []
    assert ("segment-missing", "PV1^1", "100") in found(without(MDM, "PV1"))
