"""The form of a report: what it makes of plain facts, and how it says what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway import report_form
from gateway.cda.link import links_of
from gateway.cda.rules import judge
from gateway.cda.whole import read_whole
from gateway.cli import app
from gateway.demo import reports
from gateway.errors import InputRejected
from gateway.model.finding import Severity, Verdict
from gateway.model.report import Report
from gateway.texts import TEXTS
from gateway.trust import safexml

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXAMPLES = reports.examples()
KINDS = sorted(EXAMPLES)
PDF = b"%PDF-1.4\n%%EOF\n"


def example(name: str = "ct") -> dict[str, Any]:
    value: dict[str, Any] = json.loads(json.dumps(EXAMPLES[name]))
    return value


def built(form: dict[str, Any]) -> bytes:
    return report_form.build(report_form.read_value(form))


def whole(form: dict[str, Any]) -> Report:
    return read_whole(safexml.parse(built(form)))


def wrong(form: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(report_form.FormRejected) as refusal:
        report_form.read(json.dumps(form, default=str))
    assert all(one.code in TEXTS for one in refusal.value.wrong)
    return [(one.path, one.code) for one in refusal.value.wrong]


@pytest.mark.parametrize("profile", ["spec", "official"])
@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_report_is_valid_in_both_profiles(name: str, profile: str) -> None:
    judgement = judge(safexml.parse(built(example(name))), profile)
    errors = [finding for finding in judgement.findings if finding.severity is Severity.ERROR]
    assert (judgement.verdict, errors) == (Verdict.VALID, [])
    assert (judgement.about["model"], judgement.about["level"]) == ("IMG-CR-IMG", 3)


@pytest.mark.parametrize("profile", ["spec", "official"])
@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_valid_around_a_pdf_too(name: str, profile: str) -> None:
    content = report_form.build(report_form.read_value(example(name)), pdf=PDF)
    assert judge(safexml.parse(content), profile).verdict is Verdict.VALID


def _everything() -> dict[str, Any]:
    """A form that says all that a form can."""
    form = example("intervention")
    nuclear, second = example("nuclear-medicine"), example("mr")
    person = form["requester"]
    form["document"] |= {"version": 3, "replaces": {"root": "1.2.250.1.999.1.1.8.6"}, "confidentiality": "R"}
    form["document"]["set_id"] = {"root": "1.2.250.1.999.1.1.9"}
    form["patient"] |= {
        "birth_city": "MORLAIX",
        "addresses": [{"use": "H", "lines": ["3 venelle du Puits", "29600 MORLAIX"]}],
        "telecoms": [{"value": "tel:0261910099", "use": "MC"}],
        "guardians": [{"family": "DESMAUX", "given": "Yann", "prefix": "M"}],
    }
    form["authors"].append({**person, "function": "ATTPHYS"})
    form["authenticators"] = [person]
    form["participants"] = [{"type": "CON", "professional": {**person, "at": "2026-03-25T08:10:00+01:00"}}]
    form["near_persons"] = [{"role": "NOK", "relation": "SIS", "family": "DESMAUX", "given": "Aëla"}]
    form["orders"] += nuclear["orders"] + second["orders"]
    form["acts"] += nuclear["acts"] + second["acts"]
    form["acts"][1] |= {"accession": nuclear["orders"][0]["accession"], "complications": "Aucune."}
    form["acts"][2] |= {"accession": second["orders"][0]["accession"], "performer": form["authors"][0]}
    form["acts"][2]["images"] = {"link": "https://images.example.org/x", "sop_class": "1.2.840.10008.5.1.4.1.1.4.1"}
    form["acts"][2]["places"][0]["modifiers"] = ["24028007", "7771000"]
    form["clinical_information"]["contraindications"] = [{"code": "MED-1109"}, {"code": "N18.9", "comment": "Légère."}]
    form["addendum"] = {"text": "Correction du numéro de lot.\n- lot IX26-118\n- lot LD25-902"}
    form["screening"] = True
    form["attachments"] = [
        {"title": "CR du 20/01/2026", "media_type": "application/pdf", "content": "JVBERi0xLjQKJSVFT0YK"},
        {"title": "Image clé", "media_type": "image/png", "content": "iVBORw0KGgo="},
    ]
    return form


@pytest.mark.parametrize("profile", ["spec", "official"])
def test_a_form_that_says_everything_is_valid_and_understood(profile: str) -> None:
    form = _everything()
    judgement = judge(safexml.parse(built(form)), profile)
    assert [f.rule for f in judgement.findings if f.severity is Severity.ERROR] == []
    assert not whole(form).not_understood


def test_everything_that_a_form_says_is_in_the_report() -> None:
    report = whole(_everything())
    assert report.body is not None
    assert (report.version, report.related[0].type_code, report.screening) == (3, "RPLC", True)
    assert [len(report.acts), len(report.orders), len(report.body.acts)] == [3, 3, 3]
    first, bones, knee = report.body.acts
    assert [product.product.lot for product in first.products if product.product] == ["IX26-118", "LD25-902"]
    assert first.exposure is not None
    assert [one.quantity and one.quantity.unit for one in first.exposure.quantities] == ["Gy.cm2", "s"]
    assert first.complications is not None
    assert bones.exposure is not None
    assert bones.exposure.radiopharmaceuticals[0].dose is not None
    assert knee.exposure is None
    assert knee.techniques[0].sites[0].qualifiers[0].value is not None
    assert knee.techniques[0].sites[0].qualifiers[0].value.code == "51440002"
    assert report.body.documents is not None
    assert [one.files[0].media and one.files[0].media.size_bytes for one in report.body.documents.documents] == [15, 8]
    assert report.body.addendum is not None
    assert report.body.addendum.authors[0].family == "QUÉMÉNER"
    assert report.treating_physician is not None
    assert report.requester is not None


def test_a_second_radiopharmaceutical_is_refused_at_its_place() -> None:
    form = example("nuclear-medicine")
    given = form["acts"][0]["exposure"]["radiopharmaceuticals"]
    form["acts"][0]["exposure"]["radiopharmaceuticals"] = given * 2
    assert wrong(form) == [("acts[0].exposure.radiopharmaceuticals", "form_too_many")]


@pytest.mark.parametrize("name", KINDS)
def test_every_reference_of_an_entry_has_its_words(name: str) -> None:
    root = safexml.parse(built(example(name)))
    ids = [str(value) for value in root.xpath("//@ID")]  # type: ignore[union-attr]
    references = [str(value) for value in root.xpath("//*[local-name()='reference']/@value")]  # type: ignore[union-attr]
    assert len(ids) == len(set(ids))
    assert {value[1:] for value in references if value.startswith("#")} <= set(ids)


def test_the_link_is_an_invoke_image_display_of_each_study() -> None:
    form = _everything()
    links = links_of(safexml.parse(built(form)))
    first = form["acts"][0]["study_uid"]
    accession = form["orders"][0]["accession"]
    assert links[first] == (
        f"https://images.example.org/IHEInvokeImageDisplay?requestType=STUDY&studyUID={first}"
        f"&Accessionnumber={accession['root']}.{accession['extension']}&idCDA={form['document']['id']['root']}"
    )
    second = form["orders"][1]["accession"]
    assert f"Accessionnumber={second['root']}.{second['extension']}" in links[form["acts"][1]["study_uid"]]
    assert links[form["acts"][2]["study_uid"]] == "https://images.example.org/x"


def test_without_a_location_the_catalog_awaits_its_link() -> None:
    form = example()
    del form["document"]["images_location"]
    assert links_of(safexml.parse(built(form))) == {}


def test_same_facts_give_same_bytes() -> None:
    assert built(example()) == built(example())
    assert built(example()) == report_form.build(report_form.read(json.dumps(example())))


def test_a_man_is_not_pregnant_and_a_woman_of_whom_nothing_is_said_is_unknown() -> None:
    for sex, code in (("M", "60001007"), ("F", "261665006")):
        form = example()
        form["patient"]["sex"] = sex
        del form["acts"][0]["exposure"]["pregnancy"]
        body = whole(form).body
        assert body is not None
        exposure = body.acts[0].exposure
        assert exposure is not None
        assert exposure.pregnancy is not None
        assert exposure.pregnancy.concept is not None
        assert exposure.pregnancy.concept.code == code


def _at(form: dict[str, Any], path: str) -> tuple[Any, Any]:
    """Where the value at *path* stands, and its key."""
    steps: list[Any] = [int(s) if s.isdigit() else s for s in path.replace("[", ".").replace("]", "").split(".")]
    place: Any = form
    for step in steps[:-1]:
        place = place[step]
    return place, steps[-1]


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(form: dict[str, Any]) -> None:
        place, key = _at(form, path)
        place[key] = value

    return change


def _drop(path: str) -> Callable[[dict[str, Any]], None]:
    def change(form: dict[str, Any]) -> None:
        place, key = _at(form, path)
        del place[key]

    return change


WRONG: list[tuple[str, str, Callable[[dict[str, Any]], None]]] = [
    ("acts[0].products[0].dose.unit", "form_missing", _drop("acts[0].products[0].dose.unit")),
    ("acts[0].products[0].dose.unit", "form_pattern", _set("acts[0].products[0].dose.unit", "m L")),
    ("acts[0].products[0].dose.value", "form_type", _set("acts[0].products[0].dose.value", "beaucoup")),
    ("acts[0].products[0].dose.value", "form_value", _set("acts[0].products[0].dose.value", -1)),
    ("acts[0].products[0]", "form_product_code", _drop("acts[0].products[0].atc")),
    ("acts[0].products[0].atc", "form_code_form", _set("acts[0].products[0].atc", {"code": "V08", "display": "x"})),
    ("acts[0].products[0].route", "form_code_unknown", _set("acts[0].products[0].route", "IV")),
    ("acts[0].modalities[0]", "form_code_unknown", _set("acts[0].modalities[0]", "RM")),
    ("acts[0].modalities", "form_empty", _set("acts[0].modalities", [])),
    ("acts[0].ccam", "form_code_display", _set("acts[0].ccam", "ZZQH033")),
    ("acts[0].ccam", "form_code_system", _set("acts[0].ccam", {"code": "ZZQH033", "display": "x", "system": "1.2"})),
    ("acts[0].code", "form_missing", _drop("acts[0].code")),
    ("acts[0].study_uid", "form_uid", _set("acts[0].study_uid", "1.2.a")),
    ("acts[0].started_at", "form_time_zone", _set("acts[0].started_at", "2026-03-12T10:25:00")),
    ("acts[0].started_at", "form_time", _set("acts[0].started_at", "12/03/2026")),
    ("acts[0]", "form_times", _set("acts[0].ended_at", "2026-03-12T10:25:00+01:00")),
    ("acts[0].technic", "form_unknown_key", _set("acts[0].technic", "x")),
    ("acts", "form_type", _set("acts", "x")),
    ("acts[0].exposure", "form_type", _set("acts[0].exposure", [])),
    ("document.id.root", "form_root", _set("document.id.root", "abc")),
    ("document.version", "form_value", _set("document.version", 0)),
    ("document.title", "form_character", _set("document.title", "a\x00b")),
    ("document.title", "form_empty", _set("document.title", "  ")),
    ("orders[0].accession.extension", "form_extension", _set("orders[0].accession.extension", "A^B")),
    ("patient.sex", "form_choice", _set("patient.sex", "X")),
    ("patient.birth_date", "form_time", _set("patient.birth_date", "31/02/1981")),
    ("patient.birth_date", "form_time", _set("patient.birth_date", "1981-13")),
    ("patient.birth_date", "form_time", _set("patient.birth_date", "")),
    ("conclusion", "form_empty", _set("conclusion", " -- ")),
    ("acts[0].products[0].dose.value", "form_value", _set("acts[0].products[0].dose.value", 0)),
    ("patient", "form_ins_traits", _drop("patient.birth_place")),
    ("screening", "form_type", _set("screening", "peut-être")),
    ("organization.telecoms[0].value", "form_pattern", _set("organization.telecoms[0].value", "https://a.example")),
    ("organization.addresses[0]", "form_address", _set("organization.addresses[0]", {"use": "WP"})),
]


@pytest.mark.parametrize(("path", "code", "change"), WRONG, ids=[f"{path} {code}" for path, code, _ in WRONG])
def test_what_is_wrong_is_told_by_its_path(path: str, code: str, change: Callable[[dict[str, Any]], None]) -> None:
    form = example()
    change(form)
    assert wrong(form) == [(path, code)]


@pytest.mark.parametrize("profile", ["spec", "official"])
def test_what_is_said_twice_stands_once(profile: str) -> None:
    form = example()
    for listed in (form["acts"][0]["modalities"], form["acts"][0]["regions"], form["patient"]["identifiers"]):
        listed += json.loads(json.dumps(listed))
    form["orders"] *= 2
    form["acts"].append({**form["acts"][0], "study_uid": "1.2.250.1.999.1.1.9.77"})  # the same act, once more
    judgement = judge(safexml.parse(built(form)), profile)
    assert [finding for finding in judgement.findings if finding.severity is Severity.ERROR] == []
    report = whole(form)
    assert (len(report.acts), len(report.code_translations), len(report.orders)) == (2, 1, 1)


@pytest.mark.parametrize("born", ["1981", "1981-11", "1981-11-09"])
def test_a_date_of_birth_is_told_as_far_as_it_is_known(born: str) -> None:
    form = example()
    form["patient"]["birth_date"] = born
    assert whole(form).patient.birth_date == born.replace("-", "")
    for profile in ("spec", "official"):
        assert judge(safexml.parse(built(form)), profile).verdict is Verdict.VALID


def test_everything_that_is_wrong_is_told_at_once() -> None:
    form = example()
    _drop("document.title")(form)
    _set("patient.sex", 1)(form)
    _set("acts[0].regions[0]", "1")(form)
    assert {path for path, _ in wrong(form)} == {"document.title", "patient.sex", "acts[0].regions[0]"}


@pytest.mark.parametrize(
    ("path", "code", "change"),
    [
        ("conclusion", "form_missing", _drop("conclusion")),
        ("clinical_information", "form_missing", _drop("clinical_information")),
        ("authors[0].specialty", "form_performer_specialty", _drop("authors[0].specialty")),
        ("organization.sector", "form_performer_sector", _drop("organization.sector")),
        ("document.written_at", "form_before_act", _set("document.written_at", "2020-03-12T11:31:00+01:00")),
        ("acts[1].study_uid", "form_study_twice", lambda form: form["acts"].append(form["acts"][0])),
        ("acts[0].accession", "form_accession_unknown", _set("acts[0].accession", {"root": "1.2", "extension": "Z"})),
    ],
)
def test_what_makes_no_report_is_told_by_its_path(
    path: str, code: str, change: Callable[[dict[str, Any]], None]
) -> None:
    form = example()
    change(form)
    with pytest.raises(InputRejected) as refusal:
        built(form)
    assert (refusal.value.place, refusal.value.code) == (path, code)
    assert code in TEXTS


def test_a_retired_code_is_told_with_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway import valuesets

    real = valuesets.load(valuesets.ROUTE)
    old = valuesets.ValueSet(
        real.name, real.oid, real.revision, real.source, "", {}, {"20045000": ("1.2", "Voie", "2020-01-31")}
    )
    monkeypatch.setattr(
        "gateway.report_form.fields.valuesets.load", lambda name: old if name == real.name else _load(name)
    )
    assert wrong(example()) == [("acts[0].products[0].route", "form_code_retired")]


def _load(name: str) -> Any:
    from gateway.valuesets.tables import load

    return load(name)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a":NaN}', b"[" * 100_000])
def test_what_is_no_form_is_refused(content: bytes) -> None:
    with pytest.raises(report_form.FormRejected):
        report_form.read(content)


def test_only_a_pdf_becomes_the_body_of_level_1() -> None:
    with pytest.raises(InputRejected) as refusal:
        report_form.build(report_form.read_value(example()), pdf=b"hello")
    assert refusal.value.code == "form_pdf"


# -- the command


def test_the_command_writes_the_report(tmp_path: Path) -> None:
    target = tmp_path / "cda.xml"
    source = DOCS / "examples" / "report-ct.json"
    result = CliRunner().invoke(app, ["report", "build", str(source), "-o", str(target)])
    assert (result.exit_code, result.output) == (0, "")
    assert target.read_bytes() == built(example())


def test_the_command_writes_a_level_1_report_around_a_pdf(tmp_path: Path) -> None:
    pdf = tmp_path / "a.pdf"
    pdf.write_bytes(PDF)
    source = DOCS / "examples" / "report-ct.json"
    result = CliRunner().invoke(app, ["report", "build", str(source), "--pdf", str(pdf)])
    assert result.exit_code == 0
    assert read_whole(safexml.parse(result.stdout_bytes)).level == 1


def test_the_command_tells_what_is_wrong_and_ends_with_1(tmp_path: Path) -> None:
    form = example()
    _drop("acts[0].products[0].dose.unit")(form)
    source = tmp_path / "exam.json"
    source.write_text(json.dumps(form), encoding="utf-8")
    told = CliRunner().invoke(app, ["report", "build", str(source), "--lang", "en"])
    assert told.exit_code == 1
    assert told.stderr == "acts[0].products[0].dose.unit: This is missing, and it is needed.\n"
    as_json = CliRunner().invoke(app, ["report", "build", str(source), "--json"])
    assert [one["path"] for one in json.loads(as_json.stdout)] == ["acts[0].products[0].dose.unit"]


# -- what the docs say


def test_the_published_schema_is_that_of_the_code() -> None:
    published = json.loads((DOCS / "report.schema.json").read_text(encoding="utf-8"))
    assert published == json.loads(json.dumps(report_form.json_schema())), "run scripts/report-forms"


@pytest.mark.parametrize("name", KINDS)
def test_the_published_examples_are_those_of_the_demo(name: str) -> None:
    published = json.loads((DOCS / "examples" / f"report-{name}.json").read_text(encoding="utf-8"))
    assert published == EXAMPLES[name], "run scripts/report-forms"
