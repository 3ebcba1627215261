"""One imaging act as a section: technique, products, complications, radiation, catalog.

Where the specification and the official validator differ, both are satisfied. The specification has one technique an
act with its sites, the validator one site a technique: the technique has the first place, the narrative all of them.
Of the topographic modifiers the validator takes "unilateral" and "bilateral" alone there: right and left are
"unilateral" in the code and themselves in the words it refers to.
Sources: IMG-CR-IMG 2024.01 technical specification section 3.3.4; DICOM PS3.20 sections 9.4 to 9.8.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.model.codes import SNOMED_CT
from gateway.model.datatypes import Qualifier
from gateway.model.narrative import Part
from gateway.model.report_body import Complications, ImagingAct
from gateway.model.report_entries import Technique
from gateway.report_form import schema
from gateway.report_form.catalog import catalog
from gateway.report_form.exposure import exposure_section
from gateway.report_form.fields import Coded
from gateway.report_form.narrative import Cell, Inline, blocks, marked, part, refer, said, table
from gateway.report_form.parts import at, comment, entry, section
from gateway.report_form.places import XML, ActContext, modified, modifier_words, site, worded
from gateway.report_form.products import product_words, products

_LATERAL = {"24028007", "7771000", "66459002"}
_UNILATERAL = Coded(code="66459002", system=SNOMED_CT, display="unilatéral")
_BILATERAL = Coded(code="51440002", system=SNOMED_CT, display="bilatéral")


def imaging_act(act: schema.Act, context: ActContext) -> ImagingAct:
    """The section of an act."""
    parts = [_technique_words(act, context)]
    if act.products:
        parts += [part("br"), product_words(act.products, f"{context.key}-produit", "Produit administré", "Dose")]
    sections = [
        _complications(act, context),
        exposure_section(act, context),
        catalog(act, context.names, context.number, context.link),
    ]
    return section(
        ImagingAct,
        context.names,
        context.key,
        blocks(*parts),
        entries=(_technique(act, context), *products(act, context)),
        sections=tuple(each for each in sections if each is not None),
    )


# .. the technique


def _technique_words(act: schema.Act, context: ActContext) -> Part:
    key = context.key
    what: list[Inline] = [marked(key, f"{act.code.display} [LOINC : {act.code.code}]")]
    if act.ccam is not None:
        what += [part("br"), f"{act.ccam.display} [CCAM : {act.ccam.code}]"]
    modalities: list[Inline] = []
    for number, modality in enumerate(act.modalities, start=1):
        modalities += [part("br")] if modalities else []
        modalities.append(marked(f"{key}-modalite-{number}", modality.display or modality.code))
    rows: list[list[Cell]] = []
    for number, place in enumerate(act.places, start=1):
        first = number == 1
        rows.append(
            [
                what if first else "",
                marked(f"{key}-description", act.description) if first and act.description else "",
                modalities if first else "",
                marked(f"{key}-parametres", act.parameters) if first and act.parameters else "",
                marked(f"{key}-localisation-{number}", place.location.display or place.location.code),
                modifier_words(f"{key}-precision-{number}", place),
            ]
        )
    heads = ["Acte d'imagerie", "Description de l'acte", "Modalité d'acquisition", "Autres paramètres"]
    return table([*heads, "Localisation anatomique", "Précision topographique"], rows)


def _technique(act: schema.Act, context: ActContext) -> Technique:
    """The one technique of the act, at its first place; the words name every place."""
    key = context.key
    first = act.places[0]
    translations = () if act.ccam is None else (act.ccam.concept,)
    methods = [worded(modality, f"{key}-modalite-{number}") for number, modality in enumerate(act.modalities, start=1)]
    return entry(
        Technique,
        "PROC",
        identifiers=context.names.id(f"{key}/technique"),
        code=replace(act.code.concept, original_text=refer(key, XML), translations=translations),
        text=refer(f"{key}-description") if act.description else None,
        time=at(act.started_at),
        methods=tuple(methods),
        sites=(site(first, f"{key}-localisation-1", _lateral(first, f"{key}-precision-1")),),
        relations=(comment(refer(f"{key}-parametres")),) if act.parameters else (),
    )


def _lateral(place: schema.Place, identifier: str) -> tuple[Qualifier, ...]:
    """The two codes that the official validator takes under a technique; all modifiers stand in the words."""
    codes = {modifier.code for modifier in place.modifiers}
    if _BILATERAL.code in codes or {"24028007", "7771000"} <= codes:
        return (modified(_BILATERAL, identifier),)
    return (modified(_UNILATERAL, identifier),) if codes & _LATERAL else ()


def _complications(act: schema.Act, context: ActContext) -> Complications | None:
    if act.complications is None:
        return None
    return section(Complications, context.names, f"{context.key}-complications", said(act.complications))
