"""Slots that the standard does not know (ITI TF-3 section 4.2.3.1.6, "Extra Metadata"): pure.

Kept are those whose name is a URN, as the standard asks of them; they come back in every answer. Others could be an
attribute that is misspelt, and a registry may be told to keep none: what is left out is told by
XDSExtraMetadataNotSaved, and the submission succeeds all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.model.document import DocumentEntry, Folder, RegistryError, Slots, Submission, SubmissionSet
from gateway.registry import forms
from gateway.registry.findings import quote
from gateway.registry.rules import Policy

_LONGEST_NAME = 256


def settled(submission: Submission, policy: Policy) -> tuple[Submission, tuple[RegistryError, ...]]:
    """*submission* with the slots that are kept, and a warning for each that is not."""
    described: list[SubmissionSet | Folder | DocumentEntry] = [*submission.submission_sets, *submission.folders]
    if not any(one.extra_slots for one in (*described, *submission.entries)):
        return submission, ()
    warnings: list[RegistryError] = []

    def kept(item: SubmissionSet | Folder | DocumentEntry) -> Slots:
        dropped = {name for name, values in item.extra_slots if not _is_kept(name, values, policy)}
        warnings.extend(_warnings(item.entry_uuid, dropped))
        return tuple(slot for slot in item.extra_slots if slot[0] not in dropped)

    settled_submission = replace(
        submission,
        submission_sets=tuple(replace(one, extra_slots=kept(one)) for one in submission.submission_sets),
        folders=tuple(replace(one, extra_slots=kept(one)) for one in submission.folders),
        entries=tuple(replace(one, extra_slots=kept(one)) for one in submission.entries),
    )
    return (settled_submission if warnings else submission), tuple(warnings)


def _is_kept(name: str, values: tuple[str, ...], policy: Policy) -> bool:
    fits = len(name) <= _LONGEST_NAME and len(values) <= policy.values
    return policy.keep_extra_slots and name.startswith("urn:") and fits and not any(map(forms.short, values))


def _warnings(where: str, names: set[str]) -> Iterator[RegistryError]:
    for name in sorted(names):
        yield RegistryError(
            code="XDSExtraMetadataNotSaved",
            context=f"the slot {quote(name)} is not one of the standard and was not kept",
            severity="Warning",
            location=where,
        )
