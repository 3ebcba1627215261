"""The attributes of DocumentEntry, SubmissionSet and Folder as one table: where each is written, how often, in which
form, and in which transaction it must or must not be given.

Sources: ITI TF-3 tables 4.2.3.2-1, 4.2.3.3-1, 4.2.3.4-1 (coding), 4.3.1-3 (submissions), 4.3.2.1-3 (answers).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from gateway.xds import constants as c
from gateway.xds.rules import hl7_values, values
from gateway.xds.rules.objects import Kind
from gateway.xds.rules.rule import ERROR, TF3, Rule, rule
from gateway.xds.rules.values import Form


class Where(Enum):
    """How an attribute is written (section 4.2.3.1.8)."""

    SLOT = auto()
    CODE = auto()
    IDENTIFIER = auto()
    XML = auto()
    NAME = auto()
    DESCRIPTION = auto()


class Context(Enum):
    """What the objects are there for."""

    PROVIDE = "ITI-41"
    REGISTER = "ITI-42"
    ON_DEMAND = "ITI-61"
    UPDATE = "ITI-57"
    RESTRICTED_UPDATE = "ITI-92"
    ANSWER = "ITI-18"
    ANSWER_OF_SEVERAL = "ITI-51"
    """Of several patients."""
    ANSWER_BETWEEN_COMMUNITIES = "ITI-38"
    BARE = "SubmitObjectsRequest"
    """A submission without its envelope: judged as what a source sends."""

    @property
    def submits(self) -> bool:
        return not self.answers

    @property
    def updates(self) -> bool:
        return self in (Context.UPDATE, Context.RESTRICTED_UPDATE)

    @property
    def answers(self) -> bool:
        return self in _ANSWERS


_ALL = frozenset(Context)
_ANSWERS = frozenset({Context.ANSWER, Context.ANSWER_OF_SEVERAL, Context.ANSWER_BETWEEN_COMMUNITIES})
_BY_REGISTRANT = frozenset({Context.REGISTER, Context.UPDATE, Context.RESTRICTED_UPDATE}) | _ANSWERS


@dataclass(frozen=True, slots=True)
class Attribute:
    """One row."""

    kind: Kind
    name: str
    where: Where
    key: str
    """Slot name, scheme or XML attribute."""
    section: str
    form: Form | None = None
    many: bool = False
    required: frozenset[Context] = frozenset()
    on_demand: bool = True
    """Whether an on-demand entry has it; False: it must not."""
    always: bool = False
    """Required of limited metadata too (column XDR MS)."""

    @property
    def qualified(self) -> str:
        return f"{self.kind.value}.{self.name}"


E, S, F = Kind.ENTRY, Kind.SET, Kind.FOLDER

TABLE: tuple[Attribute, ...] = (
    Attribute(E, "entryUUID", Where.XML, "id", "4.2.3.2.7", values.object_id),  # its absence is ebrim.attribute.missing
    Attribute(E, "mimeType", Where.XML, "mimeType", "4.2.3.2.15", values.mime_type, required=_ALL, always=True),
    Attribute(E, "objectType", Where.XML, "objectType", "4.2.3.2.30", required=_ALL, always=True),
    Attribute(E, "homeCommunityId", Where.XML, "home", "4.2.3.2.12", values.home_community),
    Attribute(E, "logicalID", Where.XML, "lid", "4.2.3.2 (Metadata Update)", values.object_id),
    Attribute(
        E, "uniqueId", Where.IDENTIFIER, c.ENTRY_UNIQUE_ID, "4.2.3.2.26", values.unique_id, required=_ALL, always=True
    ),
    Attribute(E, "patientId", Where.IDENTIFIER, c.ENTRY_PATIENT_ID, "4.2.3.2.16", hl7_values.cx, required=_ALL),
    Attribute(E, "classCode", Where.CODE, c.ENTRY_CLASS, "4.2.3.2.3", required=_ALL),
    Attribute(E, "typeCode", Where.CODE, c.ENTRY_TYPE, "4.2.3.2.25", required=_ALL),
    Attribute(E, "formatCode", Where.CODE, c.ENTRY_FORMAT, "4.2.3.2.9", required=_ALL),
    Attribute(E, "healthcareFacilityTypeCode", Where.CODE, c.ENTRY_FACILITY, "4.2.3.2.11", required=_ALL),
    Attribute(E, "practiceSettingCode", Where.CODE, c.ENTRY_PRACTICE, "4.2.3.2.17", required=_ALL),
    Attribute(E, "confidentialityCode", Where.CODE, c.ENTRY_CONFIDENTIALITY, "4.2.3.2.5", many=True, required=_ALL),
    Attribute(E, "eventCodeList", Where.CODE, c.ENTRY_EVENT, "4.2.3.2.8", many=True),
    Attribute(E, "creationTime", Where.SLOT, "creationTime", "4.2.3.2.6", values.dtm, required=_ALL, on_demand=False),
    Attribute(E, "languageCode", Where.SLOT, "languageCode", "4.2.3.2.13", values.language, required=_ALL),
    Attribute(E, "sourcePatientId", Where.SLOT, "sourcePatientId", "4.2.3.2.22", required=_ALL),
    Attribute(
        E, "sourcePatientInfo", Where.SLOT, "sourcePatientInfo", "4.2.3.2.23", hl7_values.patient_field, many=True
    ),
    Attribute(E, "serviceStartTime", Where.SLOT, "serviceStartTime", "4.2.3.2.19", values.dtm),
    Attribute(E, "serviceStopTime", Where.SLOT, "serviceStopTime", "4.2.3.2.20", values.dtm),
    Attribute(E, "legalAuthenticator", Where.SLOT, "legalAuthenticator", "4.2.3.2.14", hl7_values.xcn),
    Attribute(E, "hash", Where.SLOT, "hash", "4.2.3.2.10", required=_BY_REGISTRANT, on_demand=False),
    Attribute(E, "size", Where.SLOT, "size", "4.2.3.2.21", values.size, required=_BY_REGISTRANT, on_demand=False),
    Attribute(
        E,
        "repositoryUniqueId",
        Where.SLOT,
        "repositoryUniqueId",
        "4.2.3.2.18",
        values.oid,
        required=_BY_REGISTRANT | {Context.ON_DEMAND},
    ),
    Attribute(E, "URI", Where.SLOT, "URI", "4.2.3.2.27", values.uri),
    Attribute(E, "referenceIdList", Where.SLOT, c.REFERENCE_ID_LIST, "4.2.3.2.28", hl7_values.reference, many=True),
    Attribute(E, "documentAvailability", Where.SLOT, "documentAvailability", "4.2.3.2 (Metadata Update)"),
    Attribute(E, "title", Where.NAME, "Name", "4.2.3.2.24"),
    Attribute(E, "comments", Where.DESCRIPTION, "Description", "4.2.3.2.4"),
    Attribute(S, "entryUUID", Where.XML, "id", "4.2.3.3.5", values.object_id),
    Attribute(S, "homeCommunityId", Where.XML, "home", "4.2.3.3.6", values.home_community),
    Attribute(S, "uniqueId", Where.IDENTIFIER, c.SET_UNIQUE_ID, "4.2.3.3.12", values.oid, required=_ALL, always=True),
    Attribute(S, "sourceId", Where.IDENTIFIER, c.SET_SOURCE_ID, "4.2.3.3.9", values.oid, required=_ALL, always=True),
    Attribute(S, "patientId", Where.IDENTIFIER, c.SET_PATIENT_ID, "4.2.3.3.8", hl7_values.cx, required=_ALL),
    Attribute(S, "contentTypeCode", Where.CODE, c.SET_CONTENT_TYPE, "4.2.3.3.4", required=_ALL),
    Attribute(S, "submissionTime", Where.SLOT, "submissionTime", "4.2.3.3.10", values.dtm, required=_ALL, always=True),
    Attribute(S, "intendedRecipient", Where.SLOT, "intendedRecipient", "4.2.3.3.7", hl7_values.recipient, many=True),
    Attribute(S, "title", Where.NAME, "Name", "4.2.3.3.11"),
    Attribute(S, "comments", Where.DESCRIPTION, "Description", "4.2.3.3.3"),
    Attribute(F, "entryUUID", Where.XML, "id", "4.2.3.4.4", values.object_id),
    Attribute(F, "homeCommunityId", Where.XML, "home", "4.2.3.4.5", values.home_community),
    Attribute(F, "uniqueId", Where.IDENTIFIER, c.FOLDER_UNIQUE_ID, "4.2.3.4.9", values.oid, required=_ALL, always=True),
    Attribute(F, "patientId", Where.IDENTIFIER, c.FOLDER_PATIENT_ID, "4.2.3.4.7", hl7_values.cx, required=_ALL),
    Attribute(F, "codeList", Where.CODE, c.FOLDER_CODES, "4.2.3.4.2", many=True, required=_ALL),
    Attribute(F, "lastUpdateTime", Where.SLOT, "lastUpdateTime", "4.2.3.4.6", values.dtm_to_the_second),
    Attribute(F, "title", Where.NAME, "Name", "4.2.3.4.8", required=_ALL),
    Attribute(F, "comments", Where.DESCRIPTION, "Description", "4.2.3.4.3"),
)


@dataclass(frozen=True, slots=True)
class RulesOf:
    """The rules of one row; one that cannot be broken is not made."""

    missing: Rule | None
    repeated: Rule | None
    form: Rule | None


_FORM_ELSEWHERE = frozenset({"hash", "sourcePatientId"})
"""Attributes whose form ``entries`` judges, because it knows more than one."""


def _rules(one: Attribute) -> RulesOf:
    source = f"{TF3} {one.section}"
    name = one.qualified
    missing = repeated = form = None
    if one.required:
        optionality = f"{TF3} tables 4.3.1-3 and 4.3.2.1-3"
        missing = rule(f"{name}.missing", ERROR, optionality, f"{name} manque.", f"{name} is missing.")
    if not one.many and one.where in (Where.SLOT, Where.CODE, Where.IDENTIFIER):
        fr = f"{name} est donné plusieurs fois ; une seule valeur est permise."
        repeated = rule(f"{name}.repeated", ERROR, source, fr, f"{name} is given several times; one value is allowed.")
    if one.form or one.name in _FORM_ELSEWHERE:
        form = rule(f"{name}.form", ERROR, source, f"{name} « {{value}} » {{fault}}.", f"{name} “{{value}}” {{fault}}.")
    return RulesOf(missing, repeated, form)


RULES: dict[str, RulesOf] = {one.qualified: _rules(one) for one in TABLE}
SLOTS: dict[Kind, frozenset[str]] = {
    kind: frozenset(one.key for one in TABLE if one.kind is kind and one.where is Where.SLOT) for kind in (E, S, F)
}
"""The slots that are attributes, by kind of object."""
SCHEMES: dict[Kind, frozenset[str]] = {
    E: frozenset({one.key for one in TABLE if one.kind is E and one.where is Where.CODE} | {c.ENTRY_AUTHOR}),
    S: frozenset({c.SET_CONTENT_TYPE, c.SET_AUTHOR}),
    F: frozenset({c.FOLDER_CODES}),
    Kind.ASSOCIATION: frozenset({c.ASSOCIATION_DOCUMENTATION}),
    Kind.PACKAGE: frozenset(),
}
"""The classification schemes that an object of a kind may have."""
NODES: dict[Kind, frozenset[str]] = {
    E: frozenset({c.ENTRY_LIMITED_NODE}),
    S: frozenset({c.SUBMISSION_SET_NODE, c.SET_LIMITED_NODE}),
    F: frozenset({c.FOLDER_NODE, c.FOLDER_LIMITED_NODE}),
    Kind.ASSOCIATION: frozenset(),
    Kind.PACKAGE: frozenset(),
}
IDENTIFIERS: dict[Kind, frozenset[str]] = {
    E: frozenset({c.ENTRY_PATIENT_ID, c.ENTRY_UNIQUE_ID}),
    S: frozenset({c.SET_PATIENT_ID, c.SET_SOURCE_ID, c.SET_UNIQUE_ID}),
    F: frozenset({c.FOLDER_PATIENT_ID, c.FOLDER_UNIQUE_ID}),
    Kind.ASSOCIATION: frozenset(),
    Kind.PACKAGE: frozenset(),
}
