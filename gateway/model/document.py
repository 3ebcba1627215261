"""What is registered: document entries, submission sets, folders, associations (IHE ITI TF-3 section 4.2).

Attribute names are the standard's. Times are XDS DTM strings (UTC), identifiers of patients are CX strings, people
are XCN strings, structures XON strings: the values that travel, made by ``xds.metadata`` and kept as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from gateway.model.codes import Code

STABLE = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
ON_DEMAND = "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248"

REFERENCE_UNIQUE_ID = "urn:ihe:iti:xds:2013:uniqueId"
REFERENCE_ACCESSION = "urn:ihe:iti:xds:2013:accession"
REFERENCE_REFERRAL = "urn:ihe:iti:xds:2013:referral"
REFERENCE_ORDER = "urn:ihe:iti:xds:2013:order"
REFERENCE_WORKFLOW = "urn:ihe:iti:xdw:2013:workflowInstanceId"
REFERENCE_STUDY = "urn:ihe:iti:xds:2016:studyInstanceUID"
REFERENCE_ENCOUNTER = "urn:ihe:iti:xds:2015:encounterId"

DOCUMENT_ONLINE = "urn:ihe:iti:2010:DocumentAvailability:Online"
DOCUMENT_OFFLINE = "urn:ihe:iti:2010:DocumentAvailability:Offline"


class Status(StrEnum):
    """availabilityStatus (ITI TF-3 section 4.2.3.2.2); ``DELETED`` is the French extension."""

    APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
    DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"
    DELETED = "urn:asip:ci-sis:2010:StatusType:Deleted"


class AssociationType(StrEnum):
    """associationType (ITI TF-3 section 4.2.2.2)."""

    HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
    REPLACE = "urn:ihe:iti:2007:AssociationType:RPLC"
    APPEND = "urn:ihe:iti:2007:AssociationType:APND"
    TRANSFORM = "urn:ihe:iti:2007:AssociationType:XFRM"
    TRANSFORM_AND_REPLACE = "urn:ihe:iti:2007:AssociationType:XFRM_RPLC"
    SIGNS = "urn:ihe:iti:2007:AssociationType:signs"
    IS_SNAPSHOT_OF = "urn:ihe:iti:2010:AssociationType:IsSnapshotOf"
    UPDATE_STATUS = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
    SUBMIT_ASSOCIATION = "urn:ihe:iti:2010:AssociationType:SubmitAssociation"


RELATIONSHIPS = frozenset(
    {
        AssociationType.REPLACE,
        AssociationType.APPEND,
        AssociationType.TRANSFORM,
        AssociationType.TRANSFORM_AND_REPLACE,
        AssociationType.SIGNS,
        AssociationType.IS_SNAPSHOT_OF,
    }
)
"""What joins two entries (ITI TF-3 section 4.2.2.2)."""


@dataclass(frozen=True, slots=True)
class ReferenceId:
    """One CXi of referenceIdList (ITI TF-3 table 4.2.3.1.7-2): id, assigning authority (OID or empty), type."""

    value: str
    authority: str
    type_code: str
    home: str = ""
    """OID of the home community, the sixth component that some stacks write, or empty."""

    def cxi(self) -> str:
        authority = f"&{self.authority}&ISO" if self.authority else ""
        home = f"^&{self.home}&ISO" if self.home else ""
        return f"{self.value}^^^{authority}^{self.type_code}{home}"

    @classmethod
    def parse(cls, text: str) -> ReferenceId:
        """Read a CXi, liberally: an authority without an OID counts as none; ValueError without an id or a type."""
        parts = text.split("^")
        if len(parts) < 5 or not parts[0] or not parts[4]:
            raise ValueError("a reference id needs an id and a type")
        authority = parts[3].split("&")
        home = parts[5].split("&") if len(parts) > 5 else []
        return cls(parts[0], authority[1] if len(authority) > 1 else "", parts[4], home[1] if len(home) > 1 else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """author of an entry or a submission set (ITI TF-3 section 4.2.3.1.4)."""

    person: str = ""
    """XCN."""
    institutions: tuple[str, ...] = ()
    """XON each."""
    roles: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()
    telecommunications: tuple[str, ...] = ()
    """XTN each."""


Slots = tuple[tuple[str, tuple[str, ...]], ...]
"""Names and values, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEntry:
    """DocumentEntry (ITI TF-3 section 4.2.3.2). Empty means: not stated."""

    entry_uuid: str
    """``urn:uuid:…`` as registered, or a symbolic id in a submission."""
    unique_id: str
    mime_type: str
    patient_id: str
    class_code: Code
    type_code: Code
    format_code: Code
    healthcare_facility_type_code: Code
    practice_setting_code: Code
    confidentiality_codes: tuple[Code, ...]
    creation_time: str
    language_code: str
    source_patient_id: str = ""
    source_patient_info: tuple[str, ...] = ()
    """``PID-n|value`` each."""
    title: str = ""
    comments: str = ""
    authors: tuple[Author, ...] = ()
    legal_authenticator: str = ""
    event_codes: tuple[Code, ...] = ()
    reference_ids: tuple[ReferenceId, ...] = ()
    service_start_time: str = ""
    service_stop_time: str = ""
    hash: str = ""
    """SHA-1, 40 hexadecimal digits, of the bytes that are sent."""
    size: int | None = None
    """Bytes."""
    repository_unique_id: str = ""
    home_community_id: str = ""
    uri: str = ""
    status: str = ""
    object_type: str = STABLE
    logical_id: str = ""
    """``lid``: the id of the first version (ITI Metadata Update)."""
    version: str = ""
    document_availability: str = ""
    """:data:`DOCUMENT_ONLINE` or :data:`DOCUMENT_OFFLINE` (ITI Metadata Update)."""
    limited_metadata: bool = False
    """Made by a Metadata-Limited Document Source (section 4.2.3.2.29)."""
    extra_slots: Slots = ()
    """Slots that this model does not name, kept as they came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionSet:
    """SubmissionSet (ITI TF-3 section 4.2.3.3)."""

    entry_uuid: str
    unique_id: str
    source_id: str
    patient_id: str
    content_type_code: Code
    submission_time: str
    authors: tuple[Author, ...] = ()
    title: str = ""
    comments: str = ""
    intended_recipients: tuple[str, ...] = ()
    """``XON|XCN|XTN`` each."""
    status: str = ""
    home_community_id: str = ""
    logical_id: str = ""
    version: str = ""
    limited_metadata: bool = False
    extra_slots: Slots = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Folder (ITI TF-3 section 4.2.3.4)."""

    entry_uuid: str
    unique_id: str
    patient_id: str
    codes: tuple[Code, ...] = ()
    """codeList."""
    title: str = ""
    comments: str = ""
    last_update_time: str = ""
    status: str = ""
    home_community_id: str = ""
    logical_id: str = ""
    version: str = ""
    limited_metadata: bool = False
    extra_slots: Slots = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """Association (ITI TF-3 section 4.2.2)."""

    entry_uuid: str
    type: str
    source: str
    target: str
    slots: Slots = ()
    status: str = ""
    documentation: Code | None = None
    """Why, or which transformation (section 4.2.2.2)."""
    home_community_id: str = ""
    logical_id: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One SubmitObjectsRequest: what ITI-41 sends and ITI-18 answers, as objects."""

    submission_sets: tuple[SubmissionSet, ...] = ()
    entries: tuple[DocumentEntry, ...] = ()
    associations: tuple[Association, ...] = ()
    folders: tuple[Folder, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryError:
    """One RegistryError of an answer (ITI TF-3 section 4.2.4)."""

    code: str
    context: str = ""
    severity: str = "Error"
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievedDocument:
    """One document of an ITI-43 answer."""

    unique_id: str
    repository_unique_id: str
    mime_type: str
    content: bytes = field(repr=False)
