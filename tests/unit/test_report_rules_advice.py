"""Each advice with one right and one wrong report; advice never decides a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from lxml import etree

from gateway.cda.elements import find, path
from gateway.cda.rules import judge
from gateway.cda.rules.advice import BOOK
from gateway.cda.rules.advice_book import words
from tests.support.report_documents import Change, Content, one, remove, said, tree
from tests.support.report_parts import ct, mr

ACT, EXPOSURE = "1.2.250.1.213.1.1.2.206", "1.2.250.1.213.1.1.2.215"
PRODUCT, QUANTITY = "1.2.250.1.213.1.1.3.151", "1.2.250.1.213.1.1.3.154"
COMPARISON = "1.2.250.1.213.1.1.2.207"


@dataclass(frozen=True, slots=True)
class Case:
    """A report: other content, then a change of its tree."""

    content: Content | None = None
    change: Change | None = None

    def root(self) -> etree._Element:
        root = tree(self.content)
        if self.change is not None:
            self.change(root)
        return root


def _c(**told: object) -> Case:
    return Case(replace(Content(), **told))  # type: ignore[arg-type]


def _drop(steps: str) -> Change:
    def change(root: etree._Element) -> None:
        for element in root.findall(path(steps)):
            remove(element)

    return change


def _set(steps: str, name: str, value: str) -> Change:
    def change(root: etree._Element) -> None:
        element = find(root, steps)
        assert element is not None
        element.set(name, value)

    return change


def _without_second(root: etree._Element) -> None:
    _drop("authenticator")(root)
    for section in root.iter(path("section")):
        for author in section.findall(path("author")):
            remove(author)


def _requester(steps: str) -> Change:
    def change(root: etree._Element) -> None:
        for element in root.findall(path("participant"))[1].findall(path(steps)):
            remove(element)

    return change


def _ct(**told: object) -> tuple[object, ...]:
    first, second, third = Content().acts
    return (replace(first, **told), second, third)  # type: ignore[arg-type]


def _equipment(text: str) -> Case:
    return Case(replace(Content(), acts=_ct(equipment=text)), _drop("component/structuredBody/component[6]"))  # type: ignore[arg-type]


_URGENT = "Patiente vue en urgence pour une douleur thoracique ; bilan d'un cancer du sein."
_TOLD = "Résultat transmis par téléphone au docteur Bothorel à 9 h 40. "
_INITIAL = "Le compte rendu initial, préliminaire, concluait à une embolie, non retrouvée. "
_REMOTE = "Interprétation à distance (téléradiologie). "
_CONCLUSION = Content().conclusion


_REREAD = replace(
    Content(), information="Relecture par un second lecteur. Images archivées, la patiente a été informée."
)
_ALONE = replace(
    Content(),
    comparison="",
    indication="Bilan d'un cancer du sein.",
    results="Pas de nodule.",
    conclusion="Urticaire résolue. Examen normal.",
)


def _initial(root: etree._Element) -> None:
    given = find(root, "legalAuthenticator/assignedEntity/assignedPerson/name/given")
    assert given is not None
    given.text = "N."


def _remote_bare(root: etree._Element) -> None:
    _without_second(root)
    _drop("participant")(root)


WRONG: dict[str, Case] = {
    "AD-1": _c(results=""),
    "AD-2": _c(indication="Pas de  renseignements cliniques."),
    "AD-3": _c(conclusion="Urticaire résolue. Nodule, à compléter par une IRM."),
    "AD-4": _c(conclusion=Content().results),
    "AD-5": _c(results="ADP médiastinales, ATCD de BPCO. Fixation homogène."),
    "AD-6": _c(
        results="There is no nodule in the lungs and the heart is of normal size.",
        conclusion="No allergic reactions. There is no evidence of disease in the chest and the bones.",
    ),
    "AD-7": Case(_REREAD, _without_second),
    "AD-8": Case(change=_requester("associatedEntity/code")),
    "AD-9": Case(change=_drop("author/assignedAuthor/code")),
    "AD-10": Case(change=_set("effectiveTime", "value", "2024")),
    "AD-11": Case(change=_initial),
    "AD-12": Case(change=_drop("participant[1]")),
    "AD-13": Case(change=lambda root: (_drop("participant")(root), _drop("informationRecipient")(root))),
    "AD-14": _c(conclusion="Pas d'argument pour une localisation secondaire."),
    "AD-15": Case(change=lambda root: [one(root, QUANTITY, "value", n).attrib.pop("unit") for n in (0, 1)]),
    "AD-16": Case(replace(Content(), acts=_ct(modality="MR"))),  # type: ignore[arg-type]
    "AD-17": _equipment("Appareil non précisé".replace("Appareil ", "")),
    "AD-18": _equipment("Scanner Kerdual Aven 128"),
    "AD-19": Case(change=lambda root: remove(one(root, PRODUCT, "doseQuantity"))),
    "AD-20": _c(contraindications=(("MED-1108", "1.2.250.1.213.1.1.4.322", "Hypersensibilité au PDC ultrasonore"),)),
    "AD-21": _c(sex="M", contraindications=(("77386006", "2.16.840.1.113883.6.96", "enceinte"),)),
    "AD-22": _c(sex="M"),
    "AD-23": _c(indication=_URGENT),
    "AD-24": _c(indication=_URGENT, conclusion=_TOLD + _CONCLUSION),
    "AD-25": Case(replace(Content(), technique_extra=_REMOTE), _remote_bare),
    "AD-26": Case(_ALONE),
    "AD-27": _c(information="Le compte rendu a été expliqué."),
}  # fmt: skip
RIGHT: dict[str, list[Case]] = {
    "AD-2": [_c(indication="Renseignements cliniques : dyspnée, pas de fièvre.")],
    "AD-3": [_c(conclusion="Urticaire résolue. Nodule, à compléter par une IRM afin de le caractériser.")],
    "AD-5": [_c(results="Adénomégalies médiastinales ; IRM de 2021. Segments II et III normaux.")],
    "AD-7": [Case(_REREAD)],
    "AD-14": [_c(acts=_ct(complications="Aucune complication.", product=""), conclusion="Examen normal.")],
    "AD-15": [Case(replace(Content(), acts=(mr(),)))],
    "AD-19": [_c(acts=_ct(product="", label="CT thorax sans contraste"))],
    "AD-20": [_c(contraindications=(("MED-1117", "1.2.250.1.213.1.1.4.322", "Patient porteur de Pacemaker"),))],
    "AD-21": [_c(contraindications=(("77386006", "2.16.840.1.113883.6.96", "enceinte"),))],
    "AD-22": [Case(replace(Content(), sex="M", acts=(mr(),)))],
    "AD-23": [_c(indication=_URGENT, conclusion=_TOLD + _CONCLUSION), _c(indication="Examen non urgent.")],
    "AD-24": [_c(indication=_URGENT, conclusion=_TOLD + _INITIAL + _CONCLUSION)],
    "AD-25": [_c(technique_extra=_REMOTE + "Aucun incident. ")],
    "AD-26": [_c(comparison="", conclusion="Urticaire résolue. Aucun examen antérieur disponible.")],
}  # fmt: skip


def test_every_advice_has_a_wrong_report() -> None:
    assert {rule.id for rule in BOOK.rules} == set(WRONG)


@pytest.mark.parametrize("rule", sorted(WRONG))
def test_the_wrong_report_is_advised_in_both_profiles(rule: str) -> None:
    root = WRONG[rule].root()
    assert said(root, "spec").get(rule) == "advice"
    assert said(root, "official").get(rule) == "advice"


@pytest.mark.parametrize(("rule", "case"), [(rule, case) for rule, cases in RIGHT.items() for case in cases])
def test_the_right_report_is_not_advised(rule: str, case: Case) -> None:
    assert rule not in said(case.root(), "spec")


def test_the_good_report_gets_no_advice() -> None:
    assert said(tree(), "spec") == {}


@pytest.mark.parametrize("rule", ["AD-2", "AD-14", "AD-20", "AD-23", "AD-27"])
def test_advice_never_decides(rule: str) -> None:
    assert judge(WRONG[rule].root()).verdict.value == "valid"


@pytest.mark.parametrize(
    "sentence",
    [
        "Pas de renseignements cliniques",
        "PAS DE RENSEIGNEMENTS CLINIQUES.",
        "pas de renseignement clinique !",
        "Sans renseignements cliniques",
        "« Pas de renseignements — cliniques »",
    ],
)
def test_the_banned_sentence_is_known_in_any_dress(sentence: str) -> None:
    assert "AD-2" in said(_c(indication=sentence).root(), "spec")


def test_words_lose_accents_case_and_punctuation() -> None:
    assert words("Œdème, d’allure RÉCENTE : 3 cm.") == " oedeme d allure recente 3 cm "


def test_a_report_of_one_ct_alone_gets_no_advice() -> None:
    assert not [rule for rule in said(tree(replace(Content(), acts=(ct(),))), "spec") if rule.startswith("AD-")]
