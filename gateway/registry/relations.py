"""How a submission may join its objects to each other and to registered ones (ITI TF-3 section 4.2.2): pure.

===================  ==========================  =======================================================
type                 source                      target
===================  ==========================  =======================================================
HasMember            the SubmissionSet           anything of the message (Original), or registered (Reference)
HasMember            a Folder                    a DocumentEntry; both of the message or registered
RPLC, XFRM_RPLC      a DocumentEntry, message    a registered DocumentEntry, Approved
APND, XFRM           a DocumentEntry, message    a DocumentEntry of the message, or registered and Approved
signs                a DocumentEntry, message    a DocumentEntry of the message or registered, or the SubmissionSet
IsSnapshotOf         a DocumentEntry, message    a registered on-demand DocumentEntry
===================  ==========================  =======================================================

Only a replacement wants a document that is there already ("an existing DocumentEntry", section 4.2.2.2.3): a report
and its transform, or its addendum, may come in one message, for all of it is Approved at once. A transformation is not
added to (section 4.2.2.2.1): the original is. It may be transformed again, and an addendum may have addenda.

Whether what is registered exists, and in which state, is asked of the database (:mod:`gateway.registry.conflicts`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from gateway.model.document import RELATIONSHIPS, Association, AssociationType, RegistryError, Submission
from gateway.registry import forms
from gateway.registry.findings import metadata_error, quote, repeated
from gateway.registry.rows import Kind

ORIGINAL = "Original"
REFERENCE = "Reference"
STATUS_SLOT = "SubmissionSetStatus"

REPLACING = frozenset({AssociationType.REPLACE.value, AssociationType.TRANSFORM_AND_REPLACE.value})
"""What deprecates its target."""
DEPENDING = frozenset({AssociationType.APPEND.value, AssociationType.TRANSFORM.value})
"""What is deprecated with its target."""
LIFECYCLE = REPLACING | DEPENDING
_INNER_TARGETS: Mapping[str, tuple[Kind, ...]] = {
    AssociationType.APPEND.value: (Kind.ENTRY,),
    AssociationType.TRANSFORM.value: (Kind.ENTRY,),
    AssociationType.SIGNS.value: (Kind.ENTRY, Kind.SUBMISSION_SET),
}
"""What of the same message a relationship may have for its target."""


def findings(submission: Submission) -> Iterator[RegistryError]:
    """What is wrong with the associations of a submission of new objects."""
    kinds = kinds_of(submission)
    members: Counter[str] = Counter()
    for association in submission.associations:
        if association.type == AssociationType.HAS_MEMBER:
            if kinds.get(association.source) is Kind.SUBMISSION_SET:
                members[association.target] += 1
            yield from _member(association, kinds)
        elif association.type in RELATIONSHIPS:
            yield from _relationship(association, kinds)
        else:
            yield _unknown(association)
    for name, kind in kinds.items():
        if kind in (Kind.ENTRY, Kind.FOLDER) and members[name] == 0:
            words = "DocumentEntry" if kind is Kind.ENTRY else "Folder"
            yield metadata_error(f"no HasMember joins the {words} {quote(name)} to the SubmissionSet", name)
    contents = members or submission.entries or submission.folders  # each of those is named above
    for one in () if contents else submission.submission_sets:
        yield metadata_error(
            f"no HasMember joins anything to the SubmissionSet {quote(one.entry_uuid)}", one.entry_uuid
        )
    for target, count in members.items():
        if count > 1:
            yield metadata_error(f"{count} HasMember associations have the target {quote(target)}", target)
    yield from _together(submission)


def _together(submission: Submission) -> Iterator[RegistryError]:
    """What single associations are right in and several contradict.

    One after the other, an addendum to what is replaced would be refused: so it is in one message. Two documents may
    replace one, for nothing in the standard says that a report is not split.
    """
    stated = [(one.type, one.source, one.target) for one in submission.associations if one.type in RELATIONSHIPS]
    for (kind, source, target), count in repeated(stated):
        name = kind.rpartition(":")[2]
        yield metadata_error(f"{count} {name} associations join {quote(source)} to {quote(target)}", source)
    distinct = dict.fromkeys(stated)
    replaced = {target for kind, _, target in distinct if kind in REPLACING}
    transformations = {source for kind, source, _ in distinct if kind == AssociationType.TRANSFORM}
    for kind, _, target in distinct:
        if kind == AssociationType.APPEND and target in transformations:
            yield added_to_transformation(target)
        if kind in DEPENDING and target in replaced:
            context = f"{kind.rpartition(':')[2]} target {quote(target)} is replaced by this submission"
            yield RegistryError(code="XDSRegistryDeprecatedDocumentError", context=context, location=target)


def added_to_transformation(target: str) -> RegistryError:
    """*target* of an APND is "an alternate form of an original document" (section 4.2.2.2.1)."""
    return metadata_error(f"APND target {quote(target)} is a transformation: the original is what is added to", target)


def kinds_of(submission: Submission) -> Mapping[str, Kind]:
    """What each id of the message names."""
    return {
        **{one.entry_uuid: Kind.ASSOCIATION for one in submission.associations},
        **{one.entry_uuid: Kind.ENTRY for one in submission.entries},
        **{one.entry_uuid: Kind.FOLDER for one in submission.folders},
        **{one.entry_uuid: Kind.SUBMISSION_SET for one in submission.submission_sets},
    }


def slot(association: Association, name: str) -> tuple[str, ...]:
    """The values of a slot of *association*, perhaps none."""
    return tuple(value for stated, values in association.slots if stated == name for value in values)


def member_status(association: Association) -> str:
    """SubmissionSetStatus of a HasMember: Original, Reference, or what else stands there (perhaps nothing)."""
    return ", ".join(slot(association, STATUS_SLOT))


def _member(association: Association, kinds: Mapping[str, Kind]) -> Iterator[RegistryError]:
    where = association.entry_uuid or association.target
    yield from _id(association, where)
    source, target = kinds.get(association.source), kinds.get(association.target)
    if source is Kind.SUBMISSION_SET:
        yield from _of_set(association, target, where)
    elif source is Kind.FOLDER or (source is None and forms.is_uuid(association.source)):
        if target not in (None, Kind.ENTRY) or (target is None and not forms.is_uuid(association.target)):
            yield metadata_error(f"a Folder's HasMember has the target {quote(association.target)}, no document", where)
    else:
        words = f"HasMember source {quote(association.source)} is not the SubmissionSet of the message, nor a Folder"
        yield metadata_error(words, where)


def _of_set(association: Association, target: Kind | None, where: str) -> Iterator[RegistryError]:
    status = member_status(association)
    if target is Kind.SUBMISSION_SET:
        yield metadata_error("a SubmissionSet is no member of itself", where)
    elif target is Kind.ENTRY:
        if status != ORIGINAL:
            yield metadata_error(f"{STATUS_SLOT} {quote(status)} of a document sent along must be {ORIGINAL}", where)
    elif target is not None:
        if status not in ("", ORIGINAL):
            yield metadata_error(f"{STATUS_SLOT} {quote(status)} of an object sent along must be {ORIGINAL}", where)
    elif not forms.is_uuid(association.target):
        yield metadata_error(f"HasMember target {quote(association.target)} is no object of the submission", where)
    elif status != REFERENCE:
        words = f"{STATUS_SLOT} {quote(status)} of an object outside the message must be {REFERENCE}"
        yield metadata_error(words, where)


def _relationship(association: Association, kinds: Mapping[str, Kind]) -> Iterator[RegistryError]:
    where = association.entry_uuid or association.target
    name = association.type.rpartition(":")[2]
    yield from _id(association, where)
    if kinds.get(association.source) is not Kind.ENTRY:
        words = f"{name} source {quote(association.source)} is not a DocumentEntry of the submission"
        yield metadata_error(words, where)
    if association.source == association.target:
        yield metadata_error(f"{name} joins {quote(association.source)} to itself", where)
        return
    target = kinds.get(association.target)
    if target is None and forms.is_uuid(association.target):
        return
    if target not in _INNER_TARGETS.get(association.type, ()):
        words = f"{name} target {quote(association.target)} is not the UUID of a registered DocumentEntry"
        yield metadata_error(words, where)


def _id(association: Association, where: str) -> Iterator[RegistryError]:
    if association.entry_uuid and (wrong := forms.entry_uuid(association.entry_uuid)):
        yield metadata_error(f"Association id {quote(association.entry_uuid)} {wrong}", where)


def _unknown(association: Association) -> RegistryError:
    # Refused by name: an association that is dropped in silence would leave two approved versions of one document.
    operations = (AssociationType.UPDATE_STATUS, AssociationType.SUBMIT_ASSOCIATION)
    why = "belongs to an update (ITI-57)" if association.type in operations else "is not known to IHE"
    words = f"the association type {quote(association.type)} {why}"
    return metadata_error(words, association.entry_uuid)
