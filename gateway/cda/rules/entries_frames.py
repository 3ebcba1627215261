"""Purposes of reference and frames of an object: not used in France, judged when they are there (N-17)."""

from __future__ import annotations

from lxml import etree

from gateway import valuesets
from gateway.cda.elements import attribute, name_of
from gateway.cda.rules.engine import Context
from gateway.cda.rules.entries_common import (
    BOOK,
    DCM,
    XSI_TYPE,
    Coding,
    Entry,
    frame,
    framed,
    in_set,
    is_coded,
    shown,
)
from gateway.cda.rules.looking import declares, find, kids

_FRENCH = "1.2.250.1.213.1.1.3."
PURPOSE = Entry(
    key="N-17",
    name="FR-DICOM-Objectifs-de-reference",
    element="observation",
    class_code="OBS",
    templates=(f"{_FRENCH}163",),
    exact=True,
    source="001 4.2.4.5.1.1.1 (sous-entrées non utilisées en France) ; DICOM PS3.20",
)
FRAME = frame(PURPOSE)
PURPOSE_CODE = BOOK.rule(
    "N-17d",
    "Le code de cette entrée est fixé à {expected} ; trouvé : {value}.",
    "The code of this entry is fixed to {expected}; found: {value}.",
    source="DICOM PS3.20 sections 10.8 et 10.11",
)
PURPOSE_VALUE = BOOK.rule(
    "N-17e",
    "La valeur de cette entrée manque, ou n'est pas celle attendue ({expected}) ; trouvé : {value}.",
    "The value of this entry is missing, or is not what is expected ({expected}); found: {value}.",
    source="DICOM PS3.20 sections 10.8 et 10.11 ; JDV_ImagerieObjectifsReference_CISIS (1.2.250.1.213.1.1.5.672)",
)
FRAMES_FORM = BOOK.rule(
    "N-17f",
    "Cette entrée doit être un élément {expected} ; trouvé : {value}.",
    "This entry must be an element {expected}; found: {value}.",
    source="DICOM PS3.20 sections 10.8 et 10.11",
)

_REGION = Coding(code="121190", system=DCM, display="Referenced Frames")
_SHOWN_FRAMES = Coding(code="113036", system=DCM, display="Group of Frames for Display")


@BOOK.template(f"{_FRENCH}163")
def purpose(element: etree._Element, context: Context) -> None:
    """Why an object is referred to."""
    framed(element, context, PURPOSE, FRAME)
    if attribute(find(element, "code"), "code") != "ASSERTION":
        context.say(PURPOSE_CODE, element, at="code", value=shown(find(element, "code")), expected="ASSERTION")
    values = kids(element, "value")
    if len(values) != 1 or not in_set(values[0], valuesets.REFERENCE_PURPOSE):
        told = shown(values[0]) if values else "—"
        context.say(PURPOSE_VALUE, element, at="value", value=told, expected=valuesets.REFERENCE_PURPOSE)


@BOOK.template(f"{_FRENCH}164")
def region(element: etree._Element, context: Context) -> None:
    """Which frames of an object are meant."""
    if name_of(element) != "observation" or attribute(element, "classCode") != "ROIBND":
        context.say(FRAMES_FORM, element, value=name_of(element), expected="observation[@classCode=ROIBND]")
    if not is_coded(find(element, "code"), _REGION):
        context.say(PURPOSE_CODE, element, at="code", value=shown(find(element, "code")), expected=str(_REGION))
    relations = [one for one in kids(element, "entryRelationship") if attribute(one, "typeCode") == "COMP"]
    inner = [one for relation in relations for one in kids(relation, "observation")]
    if not any(declares(one, f"{_FRENCH}166") for one in inner):
        context.say(PURPOSE_VALUE, element, at="entryRelationship", value="—", expected=f"{_FRENCH}166")


@BOOK.template(f"{_FRENCH}166")
def shown_frames(element: etree._Element, context: Context) -> None:
    """The numbers of the frames."""
    if name_of(element) != "observation" or attribute(element, "classCode") != "OBS":
        context.say(FRAMES_FORM, element, value=name_of(element), expected="observation[@classCode=OBS, @moodCode=EVN]")
    if not is_coded(find(element, "code"), _SHOWN_FRAMES):
        context.say(PURPOSE_CODE, element, at="code", value=shown(find(element, "code")), expected=str(_SHOWN_FRAMES))
    if not any(one.get(XSI_TYPE) == "IVL_INT" for one in kids(element, "value")):
        context.say(PURPOSE_VALUE, element, at="value", value="—", expected="IVL_INT")
