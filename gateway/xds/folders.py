"""A submission's documents put into a folder as they are submitted: a new one, or one that the registry has.

Sources: ITI TF-3 sections 4.2.2.1.2 to 4.2.2.1.4 (HasMember of a submission set with a folder, of a folder with a
document, and of the submission set with that membership).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from lxml import etree

from gateway.model.codes import Code
from gateway.model.document import Association, AssociationType, Folder, Submission
from gateway.model.identifiers import new_uid
from gateway.trust import safexml
from gateway.xds import ebrim


def with_new_folder(metadata: bytes, title: str, codes: tuple[Code, ...]) -> bytes:
    """The frozen *metadata* (a SubmitObjectsRequest) with a new folder that holds every document of it.

    Raises InputRejected as ``safexml.parse`` and ``ebrim.read``.
    """
    submission = ebrim.read(safexml.parse(metadata))
    (submission_set,) = submission.submission_sets
    names = _free(submission)
    folder = Folder(
        entry_uuid=next(names), unique_id=new_uid(), patient_id=submission_set.patient_id, codes=codes, title=title
    )
    joined = Association(
        entry_uuid=next(names),
        type=AssociationType.HAS_MEMBER,
        source=submission_set.entry_uuid,
        target=folder.entry_uuid,
    )
    submission = replace(
        submission, folders=(*submission.folders, folder), associations=(*submission.associations, joined)
    )
    return _written(submission, folder.entry_uuid, names)


def with_folder(metadata: bytes, entry_uuid: str) -> bytes:
    """The frozen *metadata* with every document of it in the registered folder *entry_uuid*; raises as
    :func:`with_new_folder`. Whether that folder is there, in use and of this patient is for the registry to say."""
    submission = ebrim.read(safexml.parse(metadata))
    return _written(submission, entry_uuid, _free(submission))


def _written(submission: Submission, folder: str, names: Iterator[str]) -> bytes:
    (submission_set,) = submission.submission_sets
    added: list[Association] = []
    for entry in submission.entries:
        member = Association(
            entry_uuid=next(names), type=AssociationType.HAS_MEMBER, source=folder, target=entry.entry_uuid
        )
        told = Association(
            entry_uuid=next(names),
            type=AssociationType.HAS_MEMBER,
            source=submission_set.entry_uuid,
            target=member.entry_uuid,
        )
        added += [member, told]
    whole = replace(submission, associations=(*submission.associations, *added))
    return etree.tostring(ebrim.write(whole), encoding="UTF-8")


def _free(submission: Submission) -> Iterator[str]:
    """Symbolic ids that nothing of *submission* has."""
    kinds = (submission.submission_sets, submission.folders, submission.entries, submission.associations)
    taken = {one.entry_uuid for kind in kinds for one in kind}
    return (name for name in (f"Folder{number:02}" for number in count(1)) if name not in taken)
