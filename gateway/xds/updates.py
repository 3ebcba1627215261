"""Changes to what is registered, as messages: replacements, new versions of metadata, other statuses, removals.

Nothing here asks anyone; ``amending`` does, with what is built here.

Sources: ITI TF-2 sections 3.57 (Update Document Set), 3.62 (Remove Metadata), 3.86 (Remove Documents); TF-3 sections
4.2.2.2.3 (RPLC), 4.2.2.2.7 and 4.2.2.2.8 (UpdateAvailabilityStatus); DMP TD3.3c: ITI-57 with the status ``Deleted``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from lxml import etree

from gateway import valuesets
from gateway.errors import InputRejected
from gateway.model.codes import Code
from gateway.model.document import (
    Association,
    AssociationType,
    Author,
    DocumentEntry,
    Status,
    Submission,
    SubmissionSet,
)
from gateway.model.identifiers import new_uid
from gateway.model.site import Site
from gateway.trust import safexml
from gateway.xds import constants as c
from gateway.xds import ebrim, forms
from gateway.xds.constants import rim
from gateway.xds.flavours import MetadataSettings

_SET_ID = "SubmissionSet01"
_UNDIFFERENTIATED = "97"
"""contentTypeCode where no act is meant: a change of metadata is none."""
_FIXED = ("unique_id", "patient_id", "object_type", "hash", "size", "repository_unique_id", "mime_type")
"""What an update may not change: another patient or another content is another document (ITI TF-2 3.57.4.1.3)."""
_OF_THE_REGISTRY = frozenset({"entry_uuid", "logical_id", "version", "status", "home_community_id"})
_ATTRIBUTE_NAMES = {"event_codes": "eventCodeList", "reference_ids": "referenceIdList", "authors": "author"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """In whose name metadata are changed: sourceId, contentTypeCode and author of the submission set."""

    source_id: str
    content_type_code: Code
    authors: tuple[Author, ...] = ()


def submitter_of(site: Site, settings: MetadataSettings) -> Submitter:
    """This gateway in the name of *site*, in the form that *settings* ask for.

    Raises InputRejected (``xds_source_id``) for a site without source_id.
    """
    if not site.source_id:
        raise InputRejected("xds_source_id", site=site.name)
    code = valuesets.load(valuesets.CONTENT_TYPE).code(_UNDIFFERENTIATED)
    return Submitter(source_id=site.source_id, content_type_code=code, authors=(forms.device(site, settings),))


def status_changes(entries: Sequence[DocumentEntry], status: str, submitter: Submitter, now: datetime) -> Submission:
    """ITI-57: an UpdateAvailabilityStatus association to each of *entries*, which are one patient's and registered.

    Raises ValueError for no entries or several patients.
    """
    submission_set = _submission_set(_patient_of(entries), submitter, now)
    return Submission(
        submission_sets=(submission_set,),
        associations=tuple(
            Association(
                entry_uuid=f"Association{number:02}",
                type=AssociationType.UPDATE_STATUS,
                source=submission_set.entry_uuid,
                target=entry.entry_uuid,
                slots=(("OriginalStatus", (entry.status or Status.APPROVED,)), ("NewStatus", (str(status),))),
            )
            for number, entry in enumerate(entries, 1)
        ),
    )


def changed_attributes(old: DocumentEntry, new: DocumentEntry) -> tuple[str, ...]:
    """The names, as the standard spells them, of what *new* states otherwise than *old*.

    Raises InputRejected (``xds_update_fixed``, ``facts["attribute"]``) for what an update may not change.
    """
    differing = [
        one.name
        for one in fields(DocumentEntry)
        if one.name not in _OF_THE_REGISTRY and getattr(old, one.name) != getattr(new, one.name)
    ]
    for name in differing:
        if name in _FIXED:
            raise InputRejected("xds_update_fixed", attribute=_standard_name(name))
    return tuple(_standard_name(name) for name in differing)


def new_version(old: DocumentEntry, new: DocumentEntry, submitter: Submitter, now: datetime) -> Submission:
    """ITI-57: *new* as the next version of *old*, as registered now (ITI TF-2 section 3.57.4.1.3.3.1).

    The logicalID is that of the first version, the id is new, and PreviousVersion names the version that is replaced.
    Raises as :func:`changed_attributes`.
    """
    changed_attributes(old, new)
    submission_set = _submission_set(old.patient_id, submitter, now)
    entry = replace(
        new,
        entry_uuid="Document01",
        logical_id=old.logical_id or old.entry_uuid,
        version="",
        status="",
        home_community_id="",
    )
    # A version is a whole number; 1.1 is what the schema of ebRIM puts where nobody counts.
    version = old.version if old.version.isascii() and old.version.isdigit() else "1"
    member = Association(
        entry_uuid="Association01",
        type=AssociationType.HAS_MEMBER,
        source=submission_set.entry_uuid,
        target=entry.entry_uuid,
        slots=(("SubmissionSetStatus", ("Original",)), ("PreviousVersion", (version,))),
    )
    return Submission(submission_sets=(submission_set,), entries=(entry,), associations=(member,))


def with_replacements(metadata: bytes, replaced: Mapping[str, str]) -> bytes:
    """The frozen *metadata* (a SubmitObjectsRequest) with an RPLC association from each entry id to an entryUUID.

    Raises InputRejected as ``safexml.parse``, ValueError for an entry that the metadata do not have.
    """
    request = safexml.parse(metadata)
    objects = request.find(rim("RegistryObjectList"))
    if objects is None:
        raise ValueError("no RegistryObjectList")
    entries = {str(one.get("id")) for one in objects.iterchildren(rim("ExtrinsicObject"))}
    taken = {str(one.get("id")) for one in objects.iter("*") if one.get("id")}
    free = (name for name in (f"Replacement{number:02}" for number in range(1, 10_000)) if name not in taken)
    associations = []
    for source, target in replaced.items():
        if source not in entries:
            raise ValueError("a replacement needs the id of an entry")
        associations.append(
            Association(entry_uuid=next(free), type=AssociationType.REPLACE, source=source, target=target)
        )
    added = ebrim.write(Submission(associations=tuple(associations))).find(rim("RegistryObjectList"))
    objects.extend([] if added is None else list(added))
    return etree.tostring(request, encoding="UTF-8")


def remove_objects(ids: Iterable[str]) -> etree._Element:
    """ITI-62: the lcm:RemoveObjectsRequest of registry objects by their entryUUIDs."""
    request = etree.Element(f"{{{c.LCM}}}RemoveObjectsRequest", nsmap={"lcm": c.LCM, "rim": c.RIM})
    references = etree.SubElement(request, rim("ObjectRefList"))
    for identifier in ids:
        etree.SubElement(references, rim("ObjectRef"), {"id": identifier})
    return request


def remove_documents(entries: Iterable[DocumentEntry], repository: str) -> etree._Element:
    """ITI-86: the rmd:RemoveDocumentsRequest of documents; *repository* is for entries that name none."""
    request = etree.Element(f"{{{c.RMD}}}RemoveDocumentsRequest", nsmap={"rmd": c.RMD, "xdsb": c.XDSB})
    for entry in entries:
        asked = etree.SubElement(request, f"{{{c.XDSB}}}DocumentRequest")
        if entry.home_community_id:
            etree.SubElement(asked, f"{{{c.XDSB}}}HomeCommunityId").text = entry.home_community_id
        etree.SubElement(asked, f"{{{c.XDSB}}}RepositoryUniqueId").text = entry.repository_unique_id or repository
        etree.SubElement(asked, f"{{{c.XDSB}}}DocumentUniqueId").text = entry.unique_id
    return request


def _submission_set(patient_id: str, submitter: Submitter, now: datetime) -> SubmissionSet:
    return SubmissionSet(
        entry_uuid=_SET_ID,
        unique_id=new_uid(),
        source_id=submitter.source_id,
        patient_id=patient_id,
        content_type_code=submitter.content_type_code,
        submission_time=forms.now_dtm(now),
        authors=submitter.authors,
    )


def _patient_of(entries: Sequence[DocumentEntry]) -> str:
    patients = {entry.patient_id for entry in entries}
    if len(patients) != 1:
        raise ValueError("a change of status is one patient's")
    return patients.pop()


def _standard_name(name: str) -> str:
    """``type_code`` to ``typeCode``; lists have names of their own."""
    if name in _ATTRIBUTE_NAMES:
        return _ATTRIBUTE_NAMES[name]
    first, *others = name.removesuffix("s" if name == "confidentiality_codes" else "").split("_")
    return first + "".join(word.capitalize() for word in others)
