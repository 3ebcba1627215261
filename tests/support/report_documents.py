"""A good IMG-CR-IMG report of our own with every section and entry, and the means to alter it.

:func:`good` satisfies the specification and the official validator. Three acts show the three ways in which an act is
told: a CT with contrast, a bone scan with a radiopharmaceutical, an MR without exposure. :func:`with_official_traits`
is the same report with what the official example departs in (other titles, a link that is no Invoke Image Display, an
act coded in two ways, dangling references, ids used twice, entries of another day): all of it warnings.

Everyone and everything in it is invented; the national identity is under the OID reserved for tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache

from lxml import etree

from gateway.cda.elements import CDA, path
from gateway.cda.rules import Profile, judge
from gateway.cda.rules.engine import Book
from gateway.trust import safexml
from tests.support import report_frame
from tests.support.report_parts import LINK, ActData, ct, mr, nm


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a whole report is made of; a test replaces what it wants to see judged."""

    acts: tuple[ActData, ...] = field(default_factory=lambda: (ct(), nm(), mr()))
    sex: str = "F"
    birth: str = "19840617"
    indication: str = (
        "Patiente de 39 ans adressée pour le bilan d'extension d'un cancer du sein gauche ; "
        "douleurs des deux chevilles."
    )
    purpose: str = "Rechercher une atteinte thoracique ou osseuse et une cause locale aux douleurs."
    contraindications: tuple[tuple[str, str, str], ...] = (
        ("MED-1105", "1.2.250.1.213.1.1.4.322", "Hypersensibilité au PDC iodé"),
    )
    results: str = (
        "Pas de nodule pulmonaire. Pas d'adénomégalie médiastinale. Fixation homogène du squelette, sans foyer "
        "suspect. Épanchement minime des deux articulations talo-crurales, sans fracture."
    )
    comparison: str = "Comparaison au scanner thoracique du 12/11/2023 : aspect inchangé du parenchyme pulmonaire."
    conclusion: str = (
        "Urticaire après l'injection du produit de contraste iodé, résolue. Pas d'argument pour une localisation "
        "secondaire thoracique ou osseuse. Épanchement articulaire minime des deux chevilles."
    )
    information: str = (
        "Les images sont archivées sur le serveur du centre pendant vingt ans ; la patiente en a été informée et a "
        "donné son accord. Le compte rendu lui a été expliqué."
    )
    addendum: str = "Correction : le numéro de lot du produit de contraste est KT7731."
    technique_extra: str = ""


def xml(content: Content | None = None) -> str:
    """The report as text."""
    told = content or Content()
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xmlns:ps3-20="urn:dicom-org:ps3-20">{report_frame.header(told)}<component><structuredBody>{report_frame.body(told)}'
        "</structuredBody></component></ClinicalDocument>\n"
    )


def good(content: Content | None = None) -> bytes:
    """The report as bytes."""
    return xml(content).encode()


@cache
def _good_tree() -> etree._Element:
    return safexml.parse(good())


def tree(content: Content | None = None) -> etree._Element:
    """The report parsed, to be altered."""
    return deepcopy(_good_tree()) if content is None else safexml.parse(good(content))


def with_official_traits() -> etree._Element:
    """The report with every departure of the official example: warnings, no error."""
    content = Content()
    first, second, third = content.acts
    root = tree(replace(content, acts=(first, second, replace(third, header_code="26209-7"))))
    titles = {"Résultats de l’acte": "Résultats", "Conclusions": "Conclusion", "Informations du patient": "Information"}
    for title in root.iter(path("title")):
        title.text = titles.get(title.text or "", title.text)
    for reference in root.iter(path("reference")):
        value = reference.get("value") or ""
        if value.startswith(LINK):
            study = next(act.study_uid for act in content.acts if act.study_uid in value)
            wado = f"http://wado.example.org/wado?requestType=WADO &studyUID={study} &seriesUID={study}.1"
            reference.set("value", wado)
        elif value.endswith("-authorised"):
            reference.set("value", f"{value}-elsewhere")
    for identifier in entries_ids(root, "1.2.250.1.213.1.1.3.150"):
        if identifier.get("root", "").endswith("001E"):
            identifier.set("root", "5B1EFFFF-7C2A-4D10-9A3F-0A0B0C0DFFFF")
    for observation in with_template(root, "1.2.250.1.213.1.1.3.154"):
        observation.find(path("effectiveTime")).set("value", "20140913223912")  # type: ignore[union-attr]
    return root


# .. altering


def altered(change: Callable[[etree._Element], object], content: Content | None = None) -> etree._Element:
    """The report after *change* has altered its tree."""
    root = tree(content)
    change(root)
    return root


def with_template(root: etree._Element, template: str) -> list[etree._Element]:
    """Every element that declares *template*, in document order."""
    parents = (one.getparent() for one in root.iter(path("templateId")) if one.get("root") == template)
    return [parent for parent in parents if parent is not None]


def one(root: etree._Element, template: str, steps: str = "", number: int = 0) -> etree._Element:
    """The element along *steps* below the *number*-th element that declares *template*; it must be there."""
    element = with_template(root, template)[number]
    found = element.find(path(steps)) if steps else element
    assert found is not None, f"{template}/{steps}"
    return found


def remove(element: etree._Element) -> None:
    """Take *element* out of its tree."""
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def repeat(element: etree._Element) -> etree._Element:
    """*element* once more, after itself; the copy. Its narrative ids are made new so that they stay unique."""
    copy = deepcopy(element)
    for inner in copy.iter():
        if inner.get("ID"):
            inner.set("ID", f"{inner.get('ID')}-again")
    copy.tail = None
    element.addnext(copy)
    return copy


def below(parent: etree._Element, text: str) -> etree._Element:
    """The element that *text* writes, in the namespaces of a report, appended to *parent*."""
    wrapped = (
        f'<w xmlns="{CDA}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xmlns:ps3-20="urn:dicom-org:ps3-20">{text}</w>'
    )
    element = safexml.parse(wrapped.encode())[0]
    parent.append(element)
    return element


def entries_ids(root: etree._Element, template: str) -> list[etree._Element]:
    """The ids of the elements that declare *template*."""
    return [found for element in with_template(root, template) for found in element.findall(path("id"))]


# .. judging

Change = Callable[[etree._Element], object]


def said(root: etree._Element, profile: str) -> dict[str, str]:
    """The ids of the rules that the document breaks in *profile*, with their severity."""
    return {finding.rule: finding.severity.value for finding in judge(root, profile).findings}


def missed(book: Book, wrong: Mapping[str, Change | Mapping[str, Change]]) -> list[str]:
    """What does not hold of *book* and its documents: a rule without a wrong document, one that is not said of it.

    A wrong document is a change of the good report; one change must show the rule in every profile that has it, or
    there is one change a profile.
    """
    faults = [f"no wrong document for {rule.id}" for rule in book.rules if rule.id not in wrong]
    for rule in book.rules:
        told = wrong.get(rule.id, {})
        for profile in Profile:
            severity = rule.severity(profile)
            if severity is None or not told:
                continue
            change = told if callable(told) else told[profile.value]
            found = said(altered(change), profile.value)
            if found.get(rule.id) != severity.value:
                faults.append(f"{rule.id} is not said in {profile.value}: {sorted(found)}")
    return faults
