"""The tables that ship with the program, and the script that makes them."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from gateway import valuesets
from gateway.errors import InputRejected, SettingsError
from gateway.model.codes import DCM, SNOMED_CT, Code
from gateway.trust.safexml import parse

ROOT = Path(__file__).resolve().parents[2]
NAMES = [
    valuesets.FACILITY_TYPE,
    valuesets.PRACTICE_SETTING,
    valuesets.CLASS,
    valuesets.TYPE,
    valuesets.CONFIDENTIALITY,
    valuesets.FORMAT,
    valuesets.MODALITY,
    valuesets.REGION,
    valuesets.CONTENT_TYPE,
]
SVS = """<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008">
  <ValueSet id="1.2.3" displayName="JDV_Essai.tabs" revisionDate="2024-09-27T12:00:00+01:00"><ConceptList>
    <Concept code="A" codeSystem="1.2" displayName="Été &amp; hiver"/>
    <Concept code="B" codeSystem="1.2" displayName="Fini" dateFin="20200101"/>
  </ConceptList></ValueSet></RetrieveValueSetResponse>"""


@pytest.mark.parametrize("name", NAMES)
def test_every_table_tells_where_it_comes_from_and_has_no_code_twice(name: str) -> None:
    value_set = valuesets.load(name)
    assert value_set.name == name
    assert value_set.oid.startswith("1.2.250.1.213.")
    assert value_set.revision
    assert value_set.source
    assert all(code.code and code.system and code.display for code in value_set.codes)
    assert len({code.code for code in value_set.codes}) == len(value_set.codes)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        (valuesets.FACILITY_TYPE, 69),
        (valuesets.PRACTICE_SETTING, 12),
        (valuesets.TYPE, 114),
        (valuesets.CONFIDENTIALITY, 6),
        (valuesets.MODALITY, 49),
        (valuesets.REGION, 10),
    ],
)
def test_the_official_number_of_codes_is_there(name: str, count: int) -> None:
    assert len(valuesets.load(name).codes) == count


def test_a_code_belongs_with_its_system_or_without_any() -> None:
    modality = valuesets.load(valuesets.MODALITY)
    assert Code("CT", DCM) in modality
    assert Code("CT", "") in modality
    assert Code("CT", SNOMED_CT) not in modality
    assert Code("KO", DCM) not in modality


def test_what_a_code_lacks_is_completed_and_what_it_says_is_kept() -> None:
    modality = valuesets.load(valuesets.MODALITY)
    assert modality.complete(Code("CT", "")) == Code("CT", DCM, "Tomodensitométrie")
    assert modality.complete(Code("CT", DCM, "Scanner")).display == "Scanner"
    assert modality.complete(Code("ZZ", "")) == Code("ZZ", "")


def test_a_table_that_is_missing_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        valuesets.load("JDV_Absent")
    assert caught.value.facts == {"name": "JDV_Absent"}


def test_the_script_converts_a_value_set_and_leaves_retired_codes_out(tmp_path: Path) -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "valuesets"))
    table = script["table"](parse(SVS.encode()), "somewhere")
    assert table == {
        "oid": "1.2.3",
        "name": "JDV_Essai",
        "revision": "2024-09-27",
        "source": "somewhere",
        "codes": [["A", "1.2", "Été & hiver"]],
    }
    assert json.loads(script["written"](table)) == table


def test_the_script_refuses_another_document() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "valuesets"))
    with pytest.raises(InputRejected):
        script["table"](parse(b"<other/>"), "somewhere")
