"""The tables that ship with the program, and the script that makes them."""

from __future__ import annotations

import json
import runpy
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from gateway import valuesets
from gateway.cli.valuesets import commands
from gateway.errors import InputRejected, SettingsError
from gateway.model.codes import DCM, SNOMED_CT, Code
from gateway.trust.safexml import parse
from gateway.valuesets.search import find, folded, resolve

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "valuesets"))
SVS = """<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008">
  <ValueSet id="1.2.3" displayName="JDV_Essai.tabs" revisionDate="2024-09-27T12:00:00+01:00"><ConceptList>
    <Concept code="A" codeSystem="1.2" displayName="Été &amp; hiver"/>
    <Concept code="B" codeSystem="1.2" displayName="Fini" dateFin="20200101"/>
  </ConceptList></ValueSet></RetrieveValueSetResponse>"""


@pytest.mark.parametrize("name", valuesets.SETS)
def test_every_table_tells_where_it_comes_from_and_has_no_code_twice(name: str) -> None:
    value_set = valuesets.load(name)
    assert value_set.name == name
    assert value_set.oid.startswith(("1.2.250.1.213.", "2.16.840.1.113883."))
    assert date.fromisoformat(value_set.revision)
    assert value_set.source
    assert all(code.code and code.system and code.display for code in value_set.codes)
    assert len({code.code for code in value_set.codes}) == len(value_set.codes)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        (valuesets.FACILITY_TYPE, 69),
        (valuesets.PRACTICE_SETTING, 12),
        (valuesets.TYPE, 114),
        (valuesets.DMP_TYPE, 108),
        (valuesets.REQUESTED_MODALITY, 11),
        (valuesets.CONFIDENTIALITY, 6),
        (valuesets.MODALITY, 49),
        (valuesets.REGION, 10),
        (valuesets.FORMAT, 68),
        (valuesets.CONTENT_TYPE, 41),
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


def test_a_retired_code_is_recognised_and_not_for_use() -> None:
    radiopharmaceuticals = valuesets.load(valuesets.RADIOPHARMACEUTICAL)
    assert "42417005" not in radiopharmaceuticals
    assert radiopharmaceuticals.retired("42417005") == date(2023, 8, 29)
    assert radiopharmaceuticals.retired(Code("42417005", DCM)) is None
    assert radiopharmaceuticals.display("42417005") == "Carbon (14-C) triolein"
    assert valuesets.load(valuesets.MODALITY).retired("CT") is None


def test_retired_codes_are_counted_apart() -> None:
    radiopharmaceuticals = valuesets.load(valuesets.RADIOPHARMACEUTICAL)
    assert len(radiopharmaceuticals) == 171
    assert len(radiopharmaceuticals.retired_codes) == 120
    assert not {code.code for code, _ in radiopharmaceuticals.retired_codes} & {
        code.code for code in radiopharmaceuticals.codes
    }


@pytest.mark.parametrize("name", valuesets.ASSOCIATIONS)
def test_an_association_leads_into_its_value_set(name: str) -> None:
    table = valuesets.association(name)
    assert date.fromisoformat(table.revision)
    targets = valuesets.load(table.target)
    for code in table.rows:
        assert valuesets.associate(name, code)
        for target in valuesets.associate(name, code):
            assert (target in targets and target.system) or target.code.startswith(_LACKING)


_LACKING = (
    "urn:ihe:pat:apsr:",
    "urn:asip:ci-sis:cva:",
    "urn:asip:ci-sis:dlu-",
    "urn:asip:ci-sis:export-dui:",
)
"""Formats to which the official association leads, and which the official set of the same day lacks."""


def test_the_class_and_the_format_follow_from_the_type_and_the_model() -> None:
    assert [code.code for code in valuesets.associate(valuesets.CLASS_BY_TYPE, "18748-4")] == ["31"]
    formats = valuesets.associate(valuesets.FORMAT_BY_MODEL, "1.2.250.1.213.1.1.1.45")
    assert [code.code for code in formats] == ["urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013"]
    assert valuesets.associate(valuesets.FORMAT_BY_MODEL, "1.2.3") == ()


def test_a_folder_in_the_environment_comes_first_and_lacks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"oid": "1.2", "name": "JDV_Essai", "revision": "2025-01-01", "source": "site", "codes": [["A", "1", "a"]]}
    (tmp_path / f"{valuesets.PREGNANCY}.json").write_text(json.dumps(own))
    monkeypatch.setenv("GATEWAY_VALUESETS", str(tmp_path))
    valuesets.load.cache_clear()
    try:
        assert valuesets.load(valuesets.PREGNANCY).source == "site"
        assert "CT" in valuesets.load(valuesets.MODALITY)
    finally:
        valuesets.load.cache_clear()


def test_a_folder_that_is_not_there_stops_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_VALUESETS", str(tmp_path / "absent"))
    with pytest.raises(SettingsError, match="resource_missing"):
        valuesets.load("JDV_Absent")


@pytest.mark.parametrize(
    "name", ["MODALITY", "modality", "JDV_ModaliteAcquisition_CISIS", "jdv-modaliteacquisition-cisis", "ModaliteAcq"]
)
def test_a_set_is_found_by_any_of_its_names(name: str) -> None:
    assert resolve(name) == valuesets.MODALITY
    assert resolve("1.2.250.1.213.1.1.5.618") == valuesets.MODALITY
    assert resolve("J07") == valuesets.TYPE


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("JDV", "valueset_ambiguous"),
        ("Modalite", "valueset_ambiguous"),
        ("X99", "valueset_unknown"),
        ("", "valueset_unknown"),
    ],
)
def test_a_name_that_means_no_one_set_is_refused(name: str, code: str) -> None:
    with pytest.raises(InputRejected, match=code):
        resolve(name)


def test_codes_are_found_without_accents_or_capitals_across_sets() -> None:
    assert {hit.name for hit in find("TETE ET COU")} >= {valuesets.REGION}
    assert [hit.code.code for hit in find("coeur") if hit.name == valuesets.REGION] == ["80891009"]
    assert {hit.name for hit in find("18748-4")} == {valuesets.TYPE, valuesets.DMP_TYPE}
    assert [hit.retired for hit in find("42417005")] == [date(2023, 8, 29)]
    assert not list(find("  "))


@given(st.text(max_size=40))
def test_any_text_may_be_looked_for(text: str) -> None:
    assert folded(folded(text)) == folded(text)


def test_the_script_converts_a_value_set_and_keeps_retired_codes_apart() -> None:
    table = SCRIPT["table"](parse(SVS.encode()), "somewhere")
    assert table == {
        "oid": "1.2.3",
        "name": "JDV_Essai",
        "revision": "2024-09-27",
        "source": "somewhere",
        "count": 1,
        "system": "1.2",
        "codes": [["A", "Été & hiver"]],
        "retired": [["B", "1.2", "Fini", "2020-01-01"]],
    }
    assert json.loads(SCRIPT["written"](table)) == table


def test_the_script_says_what_changed(tmp_path: Path) -> None:
    assert SCRIPT["kept"](SCRIPT["table"](parse(SVS.encode()), "one"), tmp_path) == "JDV_Essai.json: 1 codes, 1 retired"
    later = SVS.replace('"Été &amp; hiver"', '"Printemps"').replace(
        "</ConceptList>", '<Concept code="C" codeSystem="9" displayName="Neuf"/></ConceptList>'
    )
    told = SCRIPT["kept"](SCRIPT["table"](parse(later.encode()), "two"), tmp_path)
    assert told.splitlines()[1:] == ["  added C: Neuf", "  renamed A: Été & hiver -> Printemps"]
    ended = later.replace('displayName="Neuf"', 'displayName="Neuf" dateFin="20250301120000"')
    told = SCRIPT["kept"](SCRIPT["table"](parse(ended.encode()), "three"), tmp_path)
    assert told.splitlines()[1:] == ["  retired C since 2025-03-01: Neuf"]


@pytest.mark.parametrize(
    "document", ["<other/>", SVS.replace("JDV_Essai.tabs", "../../etc/x"), '<ValueSet xmlns="urn:ihe:iti:svs:2008"/>']
)
def test_the_script_refuses_another_document(document: str) -> None:
    with pytest.raises(InputRejected):
        SCRIPT["table"](parse(document.encode()), "somewhere")


ANS = "https://mos.esante.gouv.fr/NOS/TRE_A11-IheFormatCode/FHIR/TRE-A11-IheFormatCode"
ABOUT = {"identifier": [{"value": "urn:oid:1.2.3"}], "name": "JDV_Essai", "date": "2026-06-29T12:00:00+01:00"}


def converted(resource: dict[str, object], **told: object) -> dict[str, object]:
    table = SCRIPT["converted"](json.dumps({**ABOUT, **resource}).encode(), "essai", **told)
    assert isinstance(table, dict)
    return table


def test_the_script_converts_a_value_set_of_fhir() -> None:
    concepts = [{"code": "A", "display": "Été"}, {"code": "B", "display": "Hiver"}]
    listed = converted({"resourceType": "ValueSet", "compose": {"include": [{"system": ANS, "concept": concepts}]}})
    assert (listed["oid"], listed["revision"], listed["count"]) == ("1.2.3", "2026-06-29", 2)
    assert listed["system"] == "1.3.6.1.4.1.19376.1.2.3"
    assert listed["codes"] == [["A", "Été"], ["B", "Hiver"]]
    expanded = {"resourceType": "ValueSet", "expansion": {"contains": [{**one, "system": ANS} for one in concepts]}}
    assert converted(expanded)["codes"] == listed["codes"]


def test_the_script_keeps_apart_what_a_code_system_of_fhir_has_retired() -> None:
    ended = [{"code": "dateFin", "valueDateTime": "2021-11-26T12:00:00+01:00"}]
    concepts = [
        {"code": "A", "display": "a", "concept": [{"code": "C", "display": "c"}]},
        {"code": "B", "display": "b", "property": ended},
        {"code": "D", "display": "d", "property": [{"code": "status", "valueCode": "deprecated"}]},
    ]
    table = converted({"resourceType": "CodeSystem", "content": "complete", "concept": concepts})
    assert table["codes"] == [["A", "a"], ["C", "c"]]
    assert table["retired"] == [["B", "1.2.3", "b", "2021-11-26"], ["D", "1.2.3", "d", "2026-06-29"]]


def test_the_script_converts_an_association_and_says_what_changed(tmp_path: Path) -> None:
    target = "https://mos.esante.gouv.fr/NOS/JDV_J10-XdsFormatCode-CISIS/FHIR/JDV-J10-XdsFormatCode-CISIS"

    def mapped(*elements: tuple[str, str]) -> dict[str, object]:
        told = [{"code": code, "target": [{"code": to}]} for code, to in elements]
        one = {"identifier": {"value": "urn:oid:1.2.3"}, "targetUri": target, "group": [{"element": told}]}
        return converted({"resourceType": "ConceptMap", **one})

    first = mapped(("1.2", "pdf"), ("1.2", "text"))
    assert (first["target"], first["rows"]) == ("JDV_J10_XdsFormatCode_CISIS", {"1.2": ["pdf", "text"]})
    SCRIPT["kept"](first, tmp_path)
    assert json.loads((tmp_path / "JDV_Essai.json").read_bytes()) == first
    assert "renamed 1.2: pdf, text -> pdf" in SCRIPT["kept"](mapped(("1.2", "pdf")), tmp_path)


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        ({"resourceType": "Patient"}, "valueset_not_fhir"),
        ({"resourceType": "ValueSet", "compose": {"include": [{"system": ANS}]}}, "valueset_not_fhir"),
        ({"resourceType": "CodeSystem", "content": "fragment", "concept": []}, "valueset_not_fhir"),
        ({"resourceType": "ConceptMap"}, "valueset_not_fhir"),
        ({"resourceType": "ValueSet", "compose": {"include": [{"concept": 3}]}}, "valueset_not_fhir"),
        (
            {"resourceType": "ValueSet", "compose": {"include": [{"system": "x", "concept": [{"code": "A"}]}]}},
            "valueset_system_unknown",
        ),
    ],
)
def test_the_script_refuses_what_lists_no_codes(resource: dict[str, object], code: str) -> None:
    with pytest.raises(InputRejected) as caught:
        converted(resource)
    assert caught.value.code == code


def test_a_code_system_that_the_script_does_not_know_is_given_to_it() -> None:
    one = {"resourceType": "ValueSet", "compose": {"include": [{"system": "x", "concept": [{"code": "A"}]}]}}
    assert converted(one, systems={"x": "1.9"})["system"] == "1.9"


def test_the_script_never_goes_to_the_network_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputRejected, match="file_unreadable"):
        SCRIPT["content_of"](str(tmp_path / "absent.xml"))
    with pytest.raises(InputRejected, match="file_unreadable"):
        SCRIPT["content_of"]("http://127.0.0.1:9/in-the-clear.xml")


def test_the_commands_list_show_and_find() -> None:
    run = CliRunner().invoke
    listed = json.loads(run(commands, ["list", "--json"]).stdout)
    assert {one["name"] for one in listed} == {*valuesets.SETS, *valuesets.ASSOCIATIONS}
    assert "JDV_ModaliteAcquisition_CISIS" in run(commands, ["list"]).stdout
    shown = json.loads(run(commands, ["show", "pregnancy", "--json"]).stdout)
    assert [one["code"] for one in shown["codes"]] == ["60001007", "77386006", "261665006"]
    assert "18748-4 -> 31" in run(commands, ["show", "X04"]).stdout
    found = run(commands, ["find", "corps ENTIER", "--json"])
    assert found.exit_code == 0
    assert any(one["code"] == "38266002" for one in json.loads(found.stdout))
    assert run(commands, ["find", "qwertyuiop"]).exit_code == 1
