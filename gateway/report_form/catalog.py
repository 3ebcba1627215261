"""The object catalog of an act: the study, one generic series, one object that carries the link.

Source: IMG-CR-IMG 2024.01 technical specification section 3.3.4.5.
"""

from __future__ import annotations

from gateway.cda.catalog import instance_uid, usual_sop_class
from gateway.model.codes import DCM, dicom_modality
from gateway.model.datatypes import Concept, Qualifier, Wording
from gateway.model.identifiers import Identifier
from gateway.model.report_body import ObjectCatalog
from gateway.model.report_entries import CatalogInstance, CatalogSeries, CatalogStudy
from gateway.report_form import schema
from gateway.report_form.narrative import Cell, blocks, marked, part, refer, table
from gateway.report_form.parts import Names, at, coded, entry, section


def catalog(act: schema.Act, names: Names, number: int, link: str) -> ObjectCatalog:
    """The catalog of *act*; without *link* its object has no text yet, and the gateway puts the link in."""
    key = f"examen-{number:02}"
    modality = act.modalities[0]
    anchor = [part("linkHtml", "Voir les images", href=link)] if link else []
    images = part("content", *anchor, ID=f"{key}-images")
    rows: list[list[Cell]] = [
        [f"Study Instance UID : {act.study_uid}", marked(f"{key}-modalite", modality.display or ""), images]
    ]
    words = blocks(table(["Examen", "Modalité d'acquisition", "Lien vers les images"], rows))
    return section(ObjectCatalog, names, f"{key}-catalogue", words, entries=(_study(act, key, link),))


def _study(act: schema.Act, key: str, link: str) -> CatalogStudy:
    return entry(
        CatalogStudy,
        "ACT",
        identifiers=(Identifier(act.study_uid),),
        code=coded("113014", DCM, "Examen"),
        time=at(act.images.taken_at or act.started_at),
        relations=(_series(act, key, link),),
    )


def _series(act: schema.Act, key: str, link: str) -> CatalogSeries:
    modality = act.modalities[0]
    value = coded(
        dicom_modality(modality.code), DCM, modality.display or "", original_text=refer(f"{key}-modalite", "text/plain")
    )
    qualifier = Qualifier(name=coded("121139", DCM, "Modalité"), value=value)
    return entry(
        CatalogSeries,
        "ACT",
        link="COMP",
        identifiers=(Identifier(instance_uid(act.study_uid, "series")),),
        code=coded("113015", DCM, "Séries", qualifiers=(qualifier,)),
        time=at(act.images.taken_at or act.started_at),
        relations=(_instance(act, key, link),),
    )


def _instance(act: schema.Act, key: str, link: str) -> CatalogInstance:
    stated = act.images.sop_class
    code = usual_sop_class(act.modalities[0].code) if stated is None else stated.concept
    return entry(
        CatalogInstance,
        "DGIMG",
        link="COMP",
        identifiers=(Identifier(instance_uid(act.study_uid, "instance")),),
        code=Concept(code.code, code.system, code.display, system_name="DCMUID", original_text=refer(f"{key}-images")),
        text=Wording(reference=link, media_type="application/dicom") if link else None,
        time=at(act.images.taken_at or act.started_at),
    )
