"""The sections beside the acts: clinical information, devices, results, conclusion, attached documents, patient.

Sources: IMG-CR-IMG 2024.01 technical specification sections 3.3.2, 3.3.3, 3.3.5 to 3.3.11.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.model.codes import LOINC
from gateway.model.datatypes import Concept, Media, Period, Time, Value
from gateway.model.identifiers import Identifier
from gateway.model.narrative import Narrative, Part
from gateway.model.people import Professional
from gateway.model.report_body import (
    Addendum,
    AttachedDocuments,
    ClinicalInformation,
    Devices,
    MedicalHistory,
    PatientEducation,
    RequestSection,
)
from gateway.model.report_entries import (
    CONTRAINDICATION,
    MEDICAL_HISTORY,
    PATIENT_INFORMATION,
    SURGICAL_HISTORY,
    Attachment,
    Device,
    EmbeddedMedia,
    EntryParticipant,
    Observation,
    SimpleObservation,
)
from gateway.report_form import schema
from gateway.report_form.fields import Moment
from gateway.report_form.narrative import Cell, blocks, marked, part, refer, said, table, titled
from gateway.report_form.parts import Names, at, coded, entry, section

NO_CONTRAINDICATION = "Aucune contre-indication connue"
_MASKED_SITE = Concept("", "", null_flavor="NA")
_TYPE_OF_DOCUMENT = Identifier("1.2.250.1.213.1.1.3.48.18")
"""FR-Type-document-attache, beside the templates of a simple observation."""


def addendum(value: schema.Addendum, author: Professional, names: Names) -> Addendum:
    """Corrections and complements; the official rules want their author."""
    return section(Addendum, names, "addendum", said(value.text), authors=(author,))


def clinical_information(value: schema.ClinicalInformation, names: Names) -> ClinicalInformation:
    """Why the examination was asked for, and what is known of the patient."""
    return section(
        ClinicalInformation,
        names,
        "informations",
        Narrative(),
        sections=(_request(value, names), _history(value, names)),
    )


def _request(value: schema.ClinicalInformation, names: Names) -> RequestSection:
    words = [titled("Justification de la demande d’examen", marked("justification", value.justification))]
    if value.purpose:
        words += [part("br"), titled("Finalité de l'examen", marked("finalite", value.purpose))]
    return section(RequestSection, names, "demande", blocks(*words))


def _history(value: schema.ClinicalInformation, names: Names) -> MedicalHistory:
    rows = [
        [
            marked(f"contre-indication-{number}", one.code.display or one.code.code),
            marked(f"contre-indication-{number}-commentaire", one.comment) if one.comment else "",
        ]
        for number, one in enumerate(value.contraindications, start=1)
    ] or [[marked("contre-indication", NO_CONTRAINDICATION), ""]]
    words = blocks(
        titled("Antécédents médicaux", marked("antecedents-medicaux", value.medical_history)),
        part("br"),
        titled("Antécédents chirurgicaux", marked("antecedents-chirurgicaux", value.surgical_history)),
        part("br"),
        table(["Contre-indication", "Commentaire"], rows),
    )
    entries = (
        _told(names, "antecedents-medicaux", MEDICAL_HISTORY, "Antécédents médicaux"),
        _told(names, "antecedents-chirurgicaux", SURGICAL_HISTORY, "Antécédents chirurgicaux"),
        *_contraindications(value, names),
    )
    return section(MedicalHistory, names, "historique", words, entries=entries)


def _told(names: Names, key: str, code: tuple[str, str], display: str) -> Observation:
    """A history, whose value is words."""
    value = Value(type="CD", concept=Concept("", "", original_text=refer(key)))
    return entry(
        Observation,
        "OBS",
        identifiers=names.id(key),
        code=coded(*code, display),
        text=refer(key),
        status="completed",
        values=(value,),
        sites=(_MASKED_SITE,),
    )


def _contraindications(value: schema.ClinicalInformation, names: Names) -> list[Observation]:
    """One entry each. Where none is known the official rules want an entry all the same, and the value set has no code
    for it: the words say it, in a value of another type, which those rules let pass."""
    if not value.contraindications:
        none = Value(type="ST", text=NO_CONTRAINDICATION)
        return [_contraindication(names, "contre-indication", none, "contre-indication")]
    found = []
    for number, one in enumerate(value.contraindications, start=1):
        key = f"contre-indication-{number}"
        concept = coded(one.code.code, one.code.system or "", one.code.display or "", original_text=refer(key))
        words = f"{key}-commentaire" if one.comment else key
        found.append(_contraindication(names, key, Value(type="CD", concept=concept), words))
    return found


def _contraindication(names: Names, key: str, value: Value, words: str) -> Observation:
    return entry(
        Observation,
        "OBS",
        identifiers=names.id(key),
        code=coded(*CONTRAINDICATION, "Contre-indication"),
        text=refer(words),
        status="completed",
        values=(value,),
        sites=(_MASKED_SITE,),
    )


def devices(values: tuple[schema.Device, ...], default: Moment, names: Names) -> Devices:
    """The devices used; *default* is when, where the form does not say."""
    rows: list[list[Cell]] = []
    entries = []
    for number, one in enumerate(values, start=1):
        key = f"dispositif-{number}"
        label = f"{one.category.display} [EMDN : {one.category.code}]"
        rows.append([marked(key, label), one.udi.extension or one.udi.root])
        used = at(one.used_at or default)
        player = EntryParticipant(
            type_code="DEV",
            role_class="MANU",
            identifiers=(one.udi.identifier,),
            device=True,
            entity=True,
            entity_class="DEV",
            entity_code=one.category.concept,
        )
        entries.append(
            entry(
                Device,
                "SPLY",
                identifiers=names.id(key),
                text=refer(key),
                time=Period(type="IVL_TS", low=Time(value=used.value if used else "")),
                participants=(player,),
            )
        )
    words = blocks(table(["Catégorie de DM", "Identifiant unique du DM"], rows))
    return section(Devices, names, "dispositifs", words, entries=tuple(entries))


def attached_documents(values: tuple[schema.Attachment, ...], names: Names) -> AttachedDocuments:
    """Documents and images within the report."""
    words: list[Part] = []
    entries = []
    for number, one in enumerate(values, start=1):
        title, media = f"titreDoc-{number:02}", f"DOC-{number:03}"
        heading = part("content", one.title, ID=title, styleCode="Bold")
        rows = part("tbody", part("tr", part("td", part("renderMultiMedia", referencedObject=media))))
        words += [part("br")] if words else []
        words.append(part("table", part("thead", part("tr", part("th", heading))), rows, border="0"))
        entries.append(_attachment(one, number, title, media, names))
    return section(
        AttachedDocuments, names, "documents", blocks(*words), entries=tuple(entries), label="Documents ajoutés"
    )


def _attachment(value: schema.Attachment, number: int, title: str, media: str, names: Names) -> Attachment:
    kind = entry(
        SimpleObservation,
        "OBS",
        link="COMP",
        identifiers=names.id(f"document-{number}/type"),
        code=coded("69764-9", LOINC, "Type de document"),
        text=refer(title),
        status="completed",
        time=Period(null_flavor="NA"),
        values=(Value(type="CD", concept=Concept("", "", original_text=refer(title))),),
    )
    typed = replace(kind, templates=(*kind.templates, _TYPE_OF_DOCUMENT))
    content = Media(media_type=value.media_type, representation="B64", content=value.content)
    held = EmbeddedMedia(link="COMP", class_code="OBS", mood_code="EVN", xml_id=media, media=content)
    return entry(
        Attachment,
        "CLUSTER",
        identifiers=names.id(f"document-{number}"),
        code=coded("55107-7", LOINC, "Document attaché"),
        status="completed",
        relations=(typed, held),
    )


def patient_education(text: str, told_at: Moment, names: Names) -> PatientEducation:
    """What the patient was told."""
    observation = entry(
        SimpleObservation,
        "OBS",
        identifiers=names.id("information-patient/observation"),
        code=coded(*PATIENT_INFORMATION, "Informations pour le patient"),
        text=refer("informations-transmises"),
        status="completed",
        time=at(told_at),
    )
    words = blocks(part("paragraph", marked("informations-transmises", text)))
    return section(PatientEducation, names, "information-patient", words, entries=(observation,))
