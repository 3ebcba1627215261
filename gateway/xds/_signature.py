"""The entry of a signature document, and how it is joined to what it signs.

The gateway makes no signature yet; this is the metadata of one that is given. France: one XAdES document signs the
submission set as a whole, in the words of the official samples. Elsewhere: a detached signature (ITI DSG) signs each
document.

Sources: ITI TF-3 section 4.2.2.2.5 (signs), 5.5 (DSG metadata); DRIM-M samples of 2024.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from gateway import valuesets
from gateway.model.codes import Code
from gateway.model.document import Association, AssociationType, DocumentEntry, Submission
from gateway.xds.flavours import MetadataSettings

TYPE = "E1762"
_PURPOSE = Code("1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12", "Source")
_CONFIDENTIALITY = ("N", "MASQUE_PS", "INVISIBLE_PATIENT")
"""Of the official samples: nobody is to read a signature."""


def signed(submission: Submission, content: bytes, unique_id: str, settings: MetadataSettings) -> Submission:
    """*submission* with the entry of its signature, whose document is *content*, a member of its submission set.

    Raises ValueError for a submission without exactly one submission set or without an entry.
    """
    if len(submission.submission_sets) != 1 or not submission.entries:
        raise ValueError("a signature needs one submission set and something to sign")
    flavour = settings.table
    (submission_set,), first = submission.submission_sets, submission.entries[0]
    entry_id = _free("Signature01", submission)
    entry = DocumentEntry(
        entry_uuid=entry_id,
        unique_id=unique_id,
        mime_type="text/xml",
        patient_id=first.patient_id,
        class_code=flavour.signature_class,
        type_code=valuesets.load(valuesets.TYPE).code(TYPE),
        format_code=flavour.signature_format,
        healthcare_facility_type_code=first.healthcare_facility_type_code,
        practice_setting_code=first.practice_setting_code,
        confidentiality_codes=tuple(valuesets.load(valuesets.CONFIDENTIALITY).code(one) for one in _CONFIDENTIALITY),
        creation_time=submission_set.submission_time,
        language_code=flavour.signature_language,
        source_patient_id=first.patient_id,
        title="Source",
        authors=submission_set.authors,
        legal_authenticator=first.legal_authenticator,
        event_codes=(_PURPOSE,),
        reference_ids=tuple(dict.fromkeys(one for entry in submission.entries for one in entry.reference_ids)),
        service_start_time=first.service_start_time,
        service_stop_time=first.service_stop_time,
        hash=hashlib.sha1(content, usedforsecurity=False).hexdigest(),  # the XDS hash is SHA-1
        size=len(content),
        version=first.version,
        extra_slots=first.extra_slots,
    )
    documents = [one.entry_uuid for one in submission.entries]
    targets = [submission_set.entry_uuid] if flavour.signature_of_the_set else documents
    joined = [
        Association(
            entry_uuid=_free("SignatureMember01", submission),
            type=AssociationType.HAS_MEMBER,
            source=submission_set.entry_uuid,
            target=entry_id,
            slots=(("SubmissionSetStatus", ("Original",)),),
        )
    ]
    joined += [
        Association(
            entry_uuid=_free(f"Signs{number:02}", submission),
            type=AssociationType.SIGNS,
            source=entry_id,
            target=target,
        )
        for number, target in enumerate(targets, 1)
    ]
    return replace(
        submission,
        entries=(*submission.entries, entry),
        associations=(*submission.associations, *joined),
    )


def _free(name: str, submission: Submission) -> str:
    """*name*, or it with more behind it when an object of *submission* has it."""
    taken = {one.entry_uuid for one in submission.submission_sets} | {one.entry_uuid for one in submission.folders}
    taken |= {one.entry_uuid for one in submission.entries} | {one.entry_uuid for one in submission.associations}
    while name in taken:
        name += "a"
    return name
