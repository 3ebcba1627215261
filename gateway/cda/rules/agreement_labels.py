"""What the labels of an act say of it: another technique, another organ, the other side; ``spec`` alone.

The header and the body may code an act a little differently (the official example does: with contrast, without); they
may not tell of different acts. The labels are those of the value set, never those that the document writes beside its
codes. Only what nobody can doubt is said: a side is compared where a code or a modifier says one side alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from lxml import etree

from gateway import valuesets
from gateway.cda.elements import CDA, attribute, text_of
from gateway.cda.rules.agreement_book import BOOK, BodyAct, HeaderAct
from gateway.cda.rules.engine import Context
from gateway.cda.rules.looking import find, kids

OTHER_ACT = BOOK.rule(
    "AG-7b",
    "L'acte du corps ({value}) et celui de l'en-tête ({expected}) ne sont pas le même examen.",
    "The act of the body ({value}) and that of the header ({expected}) are not the same examination.",
    source="001 3.2 : serviceEvent/code ; 001 3.3.4.1 : procedure/code (libellés de JDV_CodesDocumentImagerie_CISIS)",
    official=None,
)
OTHER_SIDE = BOOK.rule(
    "AG-21",
    "L'acte est dit du côté {value} à un endroit et du côté {expected} à un autre.",
    "The act is said to be of the side {value} at one place and of the side {expected} at another.",
    source="001 3.2 : serviceEvent/code ; 001 3.3.4.1 : procedure/code, targetSiteCode/qualifier et les textes "
    "auxquels ils renvoient",
    official=None,
)
_SIDES = {"24028007": "droit", "7771000": "gauche"}
_SIDE = re.compile(r"\b(droit|gauche)e?s?\b")
_NOT_OF_THE_ACT = re.compile(r"decubitus|oblique|inclin|profil|lateral|coeur|ventric|auricul|auriculaire|lobe|hemi")
"""Words beside which left and right are of a position, of an incidence or of a part, not of the act."""
_TECHNIQUES = {
    "ct": "CT",
    "cta": "CT",
    "scanner": "CT",
    "tomodensitometrie": "CT",
    "rm": "MR",
    "angioirm": "MR",
    "echographie": "US",
    "rx": "RX",
    "mg": "RX",
    "mammographie": "RX",
    "mn": "CT",
    "tmn": "CT",
    "pet+ct": "CT",
    "tep": "CT",
}
"""By the first word of a label; nuclear medicine stands with the CT that it is done with, mammography with X-rays."""
_ORGAN = re.compile(r"[a-z]{4,}")
_STEM = 4
"""Letters that two forms of a word have in common (épaule, épaules)."""
_NO_ORGAN = re.compile(
    "droi|gauc|bila|unil|cont|inci|guid|limi|port|nume|dyna|uniq|scan|tomo|echo|dopp|angi|mamm|sans|avec|pour|plus|regi"
)
COMPARED = 100
"""Acts that are compared: more of them are no report, and each may refer to as much text as it likes."""
_HEAD_ENDS = re.compile(r" ; | avec | sans |;")


def labels(context: Context, tied: list[tuple[HeaderAct, BodyAct]], targets: dict[str, etree._Element]) -> None:
    """Technique, organ and side of each act, in the header and in the body; *targets* are what has an ID, by it."""
    for documented, described in tied[:COMPARED]:
        _act(context, documented, described, targets)


def _act(context: Context, documented: HeaderAct, described: BodyAct, targets: dict[str, etree._Element]) -> None:
    technique = described.technique
    if technique is None:
        return
    own = attribute(find(technique, "code"), "code")
    if own != documented.code and differ(own, documented.code):
        value, expected = (f"{code}, {_label(code)}" for code in (own, documented.code))
        context.say(OTHER_ACT, technique, at="code/@code", value=value, expected=expected)
        return
    modifiers = kids(technique, "targetSiteCode/qualifier/value")
    modified = {_SIDES[code] for one in modifiers if (code := attribute(one, "code")) in _SIDES}
    sides = [side for code in (documented.code, own) if (side := _side_of(code))]
    sides += modified if len(modified) == 1 else ()
    if not sides:
        return
    told = [side for words in _words(technique, targets) if (side := _one_side(words))]
    other = next((side for side in (*sides, *told) if side != sides[0]), None)
    if other is not None and len(modified) < len(_SIDES):
        context.say(OTHER_SIDE, technique, value=other, expected=sides[0])


def _words(technique: etree._Element, targets: dict[str, etree._Element]) -> Iterable[str]:
    """The words that the code and the places of an act refer to."""
    places = "; ".join(_told(site, targets) for site in kids(technique, "targetSiteCode"))
    return _told(find(technique, "code"), targets), places


def _told(coded: etree._Element | None, targets: dict[str, etree._Element]) -> str:
    reference = attribute(find(coded, "originalText/reference"), "value").strip()
    target = targets.get(reference.removeprefix("#"))
    return "" if target is None or not str(target.tag).startswith(f"{{{CDA}}}") else text_of(target)


@lru_cache(maxsize=1024)
def _label(code: str) -> str:
    return valuesets.load(valuesets.IMAGING_CODES).display(code)


@lru_cache(maxsize=1024)
def _plain(words: str) -> str:
    """Without accents and case."""
    letters = unicodedata.normalize("NFD", words.replace("œ", "oe").casefold())
    return "".join(one for one in letters if not unicodedata.combining(one))


def differ(code: str, other: str) -> bool:
    """Whether the two codes are of different examinations beyond doubt: technique, or no organ in common."""
    mine, its = _plain(_label(code)), _plain(_label(other))
    if not mine or not its:
        return False
    techniques = {_TECHNIQUES.get(re.split(r"[ .]", label, maxsplit=1)[0], "") for label in (mine, its)}
    if len(techniques) == 2 and "" not in techniques:
        return True
    organs, others = _organs(mine), _organs(its)
    return bool(organs and others) and organs.isdisjoint(others)


def _organs(label: str) -> frozenset[str]:
    head = _HEAD_ENDS.split(label, maxsplit=1)[0]
    return frozenset(word[:_STEM] for word in _ORGAN.findall(head) if not _NO_ORGAN.match(word))


def _side_of(code: str) -> str:
    """The one side that the label of *code* names before its details, or nothing."""
    return _one_side(_HEAD_ENDS.split(_label(code), maxsplit=1)[0])


def _one_side(words: str) -> str:
    plain = _plain(words)
    sides = set(_SIDE.findall(plain))
    return sides.pop() if len(sides) == 1 and not _NOT_OF_THE_ACT.search(plain) else ""
