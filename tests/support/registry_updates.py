"""Updates (ITI-57, ITI-92) to try a registry with."""

from __future__ import annotations

from dataclasses import replace

from gateway.model.document import Association, AssociationType, DocumentEntry, Folder, Status, Submission
from tests.support.registry import PATIENT, submission

APPROVED, DEPRECATED, DELETED = Status.APPROVED.value, Status.DEPRECATED.value, Status.DELETED.value


def new_version(item: DocumentEntry | Folder, **changes: object) -> DocumentEntry | Folder:
    """The next version of a registered *item*, with *changes*."""
    fresh = replace(item, entry_uuid="New01", status="", version="")
    return replace(fresh, **changes)  # type: ignore[arg-type]


def update(
    *items: DocumentEntry | Folder,
    previous: int | str = 1,
    slots: tuple[tuple[str, tuple[str, ...]], ...] | None = None,
    propagate: str = "",
    patient_id: str = PATIENT,
) -> Submission:
    """An update that makes each of *items* the latest version."""
    stated = [("SubmissionSetStatus", ("Original",)), ("PreviousVersion", (str(previous),))]
    if propagate:
        stated.append(("AssociationPropagation", (propagate,)))
    members = tuple(
        Association(
            entry_uuid=f"hm{number}",
            type=AssociationType.HAS_MEMBER.value,
            source="SubmissionSet01",
            target=item.entry_uuid,
            slots=tuple(stated) if slots is None else slots,
        )
        for number, item in enumerate(items)
    )
    empty = submission(patient_id=patient_id)
    return replace(
        empty,
        entries=tuple(item for item in items if isinstance(item, DocumentEntry)),
        folders=tuple(item for item in items if isinstance(item, Folder)),
        associations=members,
    )


def status_change(
    target: str,
    original: str = APPROVED,
    new: str = DEPRECATED,
    *,
    within: Submission | None = None,
    patient_id: str = PATIENT,
) -> Submission:
    """An update of the availabilityStatus of *target*, alone or *within* another update."""
    asked = within or submission(patient_id=patient_id)
    change = Association(
        entry_uuid=f"us{len(asked.associations)}",
        type=AssociationType.UPDATE_STATUS.value,
        source="SubmissionSet01",
        target=target,
        slots=(("OriginalStatus", (original,)), ("NewStatus", (new,))),
    )
    return replace(asked, associations=(*asked.associations, change))


def addition(kind: str, source: str, target: str, *, within: Submission | None = None) -> Submission:
    """An update that adds an association, alone or *within* another update."""
    asked = within or submission()
    number = len(asked.associations)
    inner = Association(entry_uuid=f"in{number}", type=kind, source=source, target=target)
    outer = Association(
        entry_uuid=f"sa{number}",
        type=AssociationType.SUBMIT_ASSOCIATION.value,
        source="SubmissionSet01",
        target=inner.entry_uuid,
    )
    return replace(asked, associations=(*asked.associations, outer, inner))
