"""Looking down from an element: children are listed once while a document is judged, and never elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.cda.elements import CDA, path
from gateway.cda.rules import judge, looking, structure_grammar, walk
from gateway.cda.rules.datatypes import is_base64
from gateway.cda.rules.engine import Context, Model, Profile
from gateway.cda.rules.looking import declarations, declares, family, find, is_alone, kids, remembering, tagged
from gateway.cda.rules.structure_grammar import shapes
from tests.support.report_documents import tree

_NAMES = st.sampled_from(["a", "b", "templateId", "{urn:other}a", "<!---->"])
_TREES: st.SearchStrategy[tuple[str, list[object]]] = st.recursive(
    _NAMES.map(lambda name: (name, [])), lambda inner: st.tuples(_NAMES, st.lists(inner))
)


def _made(told: tuple[str, list[object]]) -> etree._Element:
    name, inner = told
    if name == "<!---->":
        return etree.Comment("")
    made = etree.Element(name if name.startswith("{") else path(name), root=str(len(inner)))
    made.extend(_made(one) for one in inner)  # type: ignore[arg-type]
    return made


@given(_TREES.filter(lambda told: told[0] != "<!---->"), st.sampled_from(["a", "a/b", "b/a/a", "a/b/a/templateId"]))
def test_what_is_remembered_is_what_the_library_finds(told: tuple[str, list[object]], steps: str) -> None:
    root = _made(told)
    for way in (False, True):
        with remembering() if way else pytest.MonkeyPatch.context():
            for _ in range(2):
                assert kids(root, steps) == root.findall(path(steps))
                assert find(root, steps) is root.find(path(steps))
                assert tagged(root, "{urn:other}a") == root.findall("{urn:other}a")
                templates = root.findall(path("templateId"))
                assert declarations(root) == [one.get("root") for one in templates]
                assert declares(root, "0") == any(one.get("root") == "0" for one in templates)
                assert all(is_alone(one) == (len(root.findall(one.tag)) == 1) for one in root.iterchildren("*"))


def test_nothing_is_remembered_once_a_document_is_judged() -> None:
    root = tree()
    judge(root)
    before = len(kids(root, "author"))
    root.append(etree.SubElement(root, f"{{{CDA}}}author"))
    assert len(kids(root, "author")) == before + 1
    with pytest.raises(RuntimeError):
        _interrupted(root)
    root.append(etree.SubElement(root, f"{{{CDA}}}author"))
    assert len(kids(root, "author")) == before + 2


def _interrupted(root: etree._Element) -> None:
    with remembering():
        family(root)
        raise RuntimeError


def test_an_altered_document_is_judged_anew() -> None:
    root = tree()
    assert judge(root).verdict.value == "valid"
    title = find(root, "title")
    assert title is not None
    root.remove(title)
    root.append(title)
    assert judge(root).verdict.value == "invalid"


def test_a_stranger_cannot_make_more_and_more_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "_SHARED", len(looking._shared) + 5)
    root = etree.Element(f"{{{CDA}}}ClinicalDocument")
    names = walk.tables_of(Model.OTHER)
    judge(root)
    visits, plans = len(names._visits), sum(len(one.plans) for one in names._visits.values())
    for number in range(300):
        etree.SubElement(root, f"{{{CDA}}}x{number}")
        judge(root)
    assert len(looking._shared) <= looking._SHARED
    assert len(names._visits) <= visits + 1
    assert sum(len(one.plans) for one in names._visits.values()) <= plans + 5


@pytest.mark.parametrize(
    ("content", "right"),
    [
        ("QUJD", True),
        ("QUI=", True),
        ("QQ==", True),
        (" QU\r\n\tJD ", True),
        ("QUJD" * 50_000, True),
        ("QUJ", False),
        ("Q===", False),
        ("QU=D", False),
        ("QUJ-", False),
        ("QUJ\x01", False),
        ("QUJ\x00", False),
        ("QUJé", False),
        ("QUJD" * 50_000 + "Q", False),
    ],
)
def test_base64_is_known_without_being_decoded(content: str, right: bool) -> None:
    assert is_base64(content) is right


def test_values_of_strangers_are_not_kept_without_end() -> None:
    root = shapes()["II"].attributes["root"]
    assert isinstance(root.right, set)
    for number in range(structure_grammar._REMEMBERED + 50):
        root.remember(f"1.2.{number}")
    assert len(root.right) <= structure_grammar._REMEMBERED
    root.right.clear()
    root.remember("1." + "2" * structure_grammar._LONGEST)
    assert not root.right


def test_an_id_is_never_remembered_because_it_is_gathered_each_time() -> None:
    id_of_section = shapes()["Section"].attributes["ID"]
    id_of_section.remember("a")
    assert "a" not in id_of_section.right


def test_what_a_document_says_of_itself_is_asked_once() -> None:
    asked: list[etree._Element] = []

    def ask(root: etree._Element) -> int:
        asked.append(root)
        return len(asked)

    context = Context(root=tree(), profile=Profile.SPEC, model=Model.CR_IMG, level=3)
    assert [context.once(ask), context.once(ask)] == [1, 1]
    assert asked == [context.root]
