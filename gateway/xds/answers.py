"""What a registry or repository says of a request: busy, refused, done in part, and which attribute it is about.

An answer names errors by code, context and location (ITI TF-3 section 4.2.4). Where they tell which attribute of the
metadata is meant, a person is told so: the ``statutAttributFiche`` of the French imaging-sharing specification.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gateway.errors import PeerRefused, PeerUnreachable
from gateway.model.document import RegistryError
from gateway.texts import TEXTS, sentence
from gateway.xds import constants as c
from gateway.xds import ebrim

BUSY = frozenset(
    {
        "XDSRegistryBusy",
        "XDSRegistryNotAvailable",
        "XDSRegistryOutOfResources",
        "XDSRepositoryBusy",
        "XDSRepositoryOutOfResources",
    }
)
"""Errors that pass by themselves (ITI TF-3 table 4.2.4.1-2)."""
DUPLICATE = "XDSDuplicateUniqueIdInRegistry"
OTHER_HASH = "XDSNonIdenticalHash"
UNRESOLVED = "UnresolvedReferenceException"
UNKNOWN_DOCUMENT = "XDSDocumentUniqueIdError"

_BY_CODE: Mapping[str, str] = {
    "XDSUnknownPatientId": "patientId",
    "XDSPatientIdDoesNotMatch": "patientId",
    "XDSPatientIDReconciliationError": "patientId",
    OTHER_HASH: "hash",
    "XDSNonIdenticalSize": "size",
    DUPLICATE: "uniqueId",
    "XDSRegistryDuplicateUniqueIdInMessage": "uniqueId",
    "XDSRepositoryDuplicateUniqueIdInMessage": "uniqueId",
    "XDSMetadataIdentifierError": "uniqueId",
    UNKNOWN_DOCUMENT: "uniqueId",
    "XDSUnknownRepositoryId": "repositoryUniqueId",
    "XDSUnknownCommunity": "homeCommunityId",
    "XDSMissingHomeCommunityId": "homeCommunityId",
    "XDSMetadataVersionError": "version",
    "XDSRegistryDeprecatedDocumentError": "availabilityStatus",
}
"""What an error is about by its code alone."""

_BY_SCHEME: Mapping[str, str] = {
    c.ENTRY_AUTHOR: "author",
    c.ENTRY_CLASS: "classCode",
    c.ENTRY_CONFIDENTIALITY: "confidentialityCode",
    c.ENTRY_EVENT: "eventCodeList",
    c.ENTRY_FORMAT: "formatCode",
    c.ENTRY_FACILITY: "healthcareFacilityTypeCode",
    c.ENTRY_PRACTICE: "practiceSettingCode",
    c.ENTRY_TYPE: "typeCode",
    c.ENTRY_PATIENT_ID: "patientId",
    c.ENTRY_UNIQUE_ID: "uniqueId",
    c.SET_AUTHOR: "author",
    c.SET_CONTENT_TYPE: "contentTypeCode",
    c.SET_PATIENT_ID: "patientId",
    c.SET_SOURCE_ID: "sourceId",
    c.SET_UNIQUE_ID: "uniqueId",
    c.FOLDER_CODES: "codeList",
    c.FOLDER_PATIENT_ID: "patientId",
    c.FOLDER_UNIQUE_ID: "uniqueId",
}

_DISTINCT = (
    "healthcareFacilityTypeCode",
    "documentAvailability",
    "repositoryUniqueId",
    "authorSpecialty",
    "authorInstitution",
    "authorTelecommunication",
    "availabilityStatus",
    "confidentialityCode",
    "contentTypeCode",
    "homeCommunityId",
    "intendedRecipient",
    "legalAuthenticator",
    "practiceSettingCode",
    "referenceIdList",
    "serviceStartTime",
    "serviceStopTime",
    "sourcePatientInfo",
    "sourcePatientId",
    "lastUpdateTime",
    "submissionTime",
    "eventCodeList",
    "creationTime",
    "languageCode",
    "authorPerson",
    "authorRole",
    "classCode",
    "formatCode",
    "objectType",
    "logicalID",
    "patientId",
    "codeList",
    "mimeType",
    "sourceId",
    "typeCode",
    "uniqueId",
    "entryUUID",
)
"""Attributes whose name is no word of a sentence: they are recognised bare."""
_WORDS = ("author", "comments", "hash", "limitedMetadata", "size", "title", "URI", "version")
"""Attributes whose name may be a word of a sentence: recognised behind the name of an object, or in quotes."""

_QUALIFIED = re.compile(
    r"XDS(?:DocumentEntry|SubmissionSet|Folder)[./:](" + "|".join((*_DISTINCT, *_WORDS)) + r")\b", re.IGNORECASE
)
_QUOTED = re.compile(r"[\"'«“/@\[]\s?(" + "|".join(_WORDS) + r")\s?[\"'»”\]/]")
_BARE = re.compile(r"(?<![A-Za-z])(" + "|".join(_DISTINCT) + r")s?(?![A-Za-z])", re.IGNORECASE)
_SCHEME = re.compile(r"urn:uuid:[0-9a-f-]{36}", re.IGNORECASE)
_SPELLING = {name.lower(): name for name in (*_DISTINCT, *_WORDS)}
_MAXIMUM_TEXT = 10_000
"""Characters of a context that are looked through."""


class RegistryRefused(PeerRefused):
    """A registry said no: ``errors`` are those of its answer, warnings aside."""

    def __init__(self, code: str, errors: Sequence[RegistryError], *, codes: str, words: str) -> None:
        super().__init__(code, codes=codes, words=words)
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True)
class Told:
    """One error of an answer, as a person and a program are told of it."""

    error: RegistryError
    attribute: str
    """Name of the attribute that it concerns (ITI TF-3 section 4.2.3), or empty."""
    object: str
    """The document or other object that it concerns: one of the ids that were asked about, or empty."""

    def words(self, language: str = "fr") -> str:
        """What is wrong and with which attribute, then the peer's own words."""
        meaning = f"xds_error_{self.error.code}"
        parts = [sentence(meaning, {}, language) if meaning in TEXTS else ""]
        if self.attribute:
            label = sentence(f"xds_attribute_{self.attribute}", {}, language)
            parts.insert(0, f"{self.attribute} ({label})" if not label.startswith("xds_") else self.attribute)
        said = " : ".join(part for part in parts if part) if language == "fr" else ": ".join(filter(None, parts))
        peer = " ".join(part for part in (self.error.code, self.error.context) if part)
        return f"{said} [{peer}]" if said else peer

    def as_json(self, language: str = "en") -> dict[str, str]:
        return {
            "code": self.error.code,
            "severity": self.error.severity,
            "context": self.error.context,
            "location": self.error.location,
            "attribute": self.attribute,
            "object": self.object,
            "words": self.words(language),
        }


@dataclass(frozen=True, slots=True)
class AttributeStatus:
    """What became of one attribute of a request (``statutAttributFiche``)."""

    attribute: str
    accepted: bool | None
    """None: the registry says nothing of it, and the request as a whole was refused."""
    errors: tuple[Told, ...] = ()


def told(errors: Sequence[RegistryError], objects: Collection[str] = ()) -> tuple[Told, ...]:
    """*errors* with the attribute and, of *objects* (unique ids, entry ids), the object that each is about."""
    return tuple(Told(error, attribute_of(error), _object_of(error, objects)) for error in errors)


def attribute_of(error: RegistryError) -> str:
    """The attribute that *error* concerns, by its location, its context, then its code; empty when nothing tells."""
    for text in (error.location[:_MAXIMUM_TEXT], error.context[:_MAXIMUM_TEXT]):
        for pattern in (_QUALIFIED, _BARE, _QUOTED):
            if match := pattern.search(text):
                return _SPELLING[match[1].lower()]
        for match in _SCHEME.finditer(text):
            if name := _BY_SCHEME.get(match[0].lower()):
                return name
    return _BY_CODE.get(error.code, "")


def attribute_statuses(stated: Sequence[str], errors: Sequence[RegistryError]) -> tuple[AttributeStatus, ...]:
    """What became of each attribute in *stated*; *errors* are those of the answer, none when it was accepted."""
    by_attribute: dict[str, list[Told]] = {}
    for one in told(severe(errors) if errors else ()):
        by_attribute.setdefault(one.attribute, []).append(one)
    names = dict.fromkeys((*stated, *(name for name in by_attribute if name)))
    return tuple(
        AttributeStatus(name, False if name in by_attribute else (None if errors else True), tuple(by_attribute[name]))
        if name in by_attribute
        else AttributeStatus(name, None if errors else True)
        for name in names
    )


def refuse_failure(response: ebrim.RegistryResponse) -> None:
    """Raises PeerUnreachable when only busyness is reported, RegistryRefused for every other answer but Success.

    A Success that names an error is no success: what is believed to be published or withdrawn might not be.
    """
    if response.success and not response.contradicts:
        return
    errors = severe(response.errors)
    codes = list(dict.fromkeys(error.code for error in errors))
    listed = ", ".join(codes)
    words = "; ".join(_words(error) for error in errors) or response.status
    if codes and BUSY.issuperset(codes):
        raise PeerUnreachable("registry_busy", codes=listed, words=words)
    code = "registry_other_hash" if OTHER_HASH in codes else "registry_refused"
    raise RegistryRefused(code, errors, codes=listed, words=words)


def severe(errors: Sequence[RegistryError]) -> tuple[RegistryError, ...]:
    """The errors without the warnings; all of them when a peer calls every one a warning."""
    return tuple(error for error in errors if error.severity != "Warning") or tuple(errors)


def _words(error: RegistryError) -> str:
    """``code (attribute): context``, the attribute where the rest does not name it."""
    attribute = attribute_of(error)
    known = attribute and attribute.lower() not in error.context.lower()
    code = f"{error.code} ({attribute})" if known else error.code
    return f"{code}: {error.context}" if error.context else code


def _object_of(error: RegistryError, objects: Collection[str]) -> str:
    """The one of *objects* that the location or the context names, whole and not as a part of another id."""
    for text in (error.location, error.context[:_MAXIMUM_TEXT]):
        for identifier in objects:
            if identifier and re.search(rf"(?<![\w.-]){re.escape(identifier)}(?![\w-]|\.\d)", text):
                return identifier
    return ""
