"""Submissions to try a registry with: one patient of the test domain, as many documents as wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest

from gateway.model.codes import DCM, LOINC, Code
from gateway.model.document import (
    REFERENCE_ACCESSION,
    REFERENCE_STUDY,
    Association,
    AssociationType,
    Author,
    DocumentEntry,
    Folder,
    ReferenceId,
    Submission,
    SubmissionSet,
)
from gateway.model.identifiers import INS_TEST
from gateway.registry import schema
from gateway.registry.files import DocumentFiles
from gateway.registry.service import RegistryService
from gateway.store.engine import open_engine, transaction

PATIENT = f"279035121518989^^^&{INS_TEST}&ISO^NH"
OTHER_PATIENT = f"160012B12345678^^^&{INS_TEST}&ISO^NH"
REPOSITORY = "1.2.250.1.999.7.1"
ACCESSION_AUTHORITY = "1.2.250.1.999.2"
ROOT = "1.2.250.1.999.1"

_numbers = count(1)


def new_unique_id() -> str:
    """A unique id that no other test of this process uses."""
    return f"{ROOT}.{next(_numbers)}"


@dataclass(frozen=True)
class Bytes:
    """A document in memory, as the service takes it."""

    value: bytes

    @property
    def size_bytes(self) -> int:
        return len(self.value)

    def chunks(self) -> Iterator[bytes]:
        for start in range(0, len(self.value), 7):
            yield self.value[start : start + 7]

    def read(self) -> bytes:
        return self.value


def accession(value: str, authority: str = ACCESSION_AUTHORITY) -> ReferenceId:
    return ReferenceId(value, authority, REFERENCE_ACCESSION)


def study(value: str, authority: str = "") -> ReferenceId:
    return ReferenceId(value, authority, REFERENCE_STUDY)


def entry(name: str = "Document01", **changes: object) -> DocumentEntry:
    """An entry with every attribute right; *changes* replace some."""
    sample = DocumentEntry(
        entry_uuid=name,
        unique_id=new_unique_id(),
        mime_type="text/xml",
        patient_id=PATIENT,
        class_code=Code("31", "1.2.250.1.213.1.1.4.1", "Imagerie médicale"),
        type_code=Code("18748-4", LOINC, "CR d'imagerie médicale"),
        format_code=Code("urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013", "1.3.6.1.4.1.19376.1.2.3", "CR"),
        healthcare_facility_type_code=Code("SA25", "1.2.250.1.71.4.2.4", "Cabinet d'imagerie"),
        practice_setting_code=Code("ETABLISSEMENT", "1.2.250.1.213.1.1.4.9", "Établissement de santé"),
        confidentiality_codes=(Code("N", "2.16.840.1.113883.5.25", "Normal"),),
        creation_time="20261120101500",
        language_code="fr-FR",
        source_patient_id=f"IPP-é1^^^&{ROOT}&ISO^PI",
        source_patient_info=("PID-5|DÉSIRÉE^Noël^^^^^L", "PID-7|19791105", "PID-8|F"),
        title="Scanner thoracique du 20/11/2026 – œdème",
        authors=(Author(person="899700000001^LÉVÊQUE^Hélène^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"),),
        legal_authenticator="899700000001^LÉVÊQUE^Hélène^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
        event_codes=(Code("CT", DCM, "Scanner"), Code("51185008", "2.16.840.1.113883.6.96", "Thorax")),
        reference_ids=(accession("ACC1"), study("1.2.3.4")),
        service_start_time="20261120090000",
        service_stop_time="20261120091500",
    )
    return replace(sample, **changes)  # type: ignore[arg-type]


def submission(*entries: DocumentEntry, patient_id: str = PATIENT, **changes: object) -> Submission:
    """A submission of *entries*, each a member of its set; *changes* replace attributes of the set."""
    submission_set = SubmissionSet(
        entry_uuid="SubmissionSet01",
        unique_id=new_unique_id(),
        source_id=f"{ROOT}.0",
        patient_id=patient_id,
        content_type_code=Code("04", "1.2.250.1.213.2.2", "Acte de consultation"),
        submission_time="20261120101600",
        authors=(Author(institutions=("Imagerie du Château^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1750000001",)),),
    )
    return Submission(
        submission_sets=(replace(submission_set, **changes),),  # type: ignore[arg-type]
        entries=entries,
        associations=tuple(member(one.entry_uuid, number) for number, one in enumerate(entries, 1)),
    )


def member(target: str, number: int = 1, status: str = "Original", source: str = "SubmissionSet01") -> Association:
    slots = ((("SubmissionSetStatus", (status,))),) if status else ()
    return Association(
        entry_uuid=f"as{number}", type=AssociationType.HAS_MEMBER, source=source, target=target, slots=slots
    )


def with_folder(submitted: Submission, *members: str, **changes: object) -> Submission:
    """*submitted* with a new folder that holds the entries *members*; *changes* replace attributes of the folder."""
    folder = Folder(
        entry_uuid="Folder01",
        unique_id=new_unique_id(),
        patient_id=submitted.submission_sets[0].patient_id,
        codes=(Code("IMG", "1.2.250.1.999.5", "Imagerie"),),
        title="Épisode d'imagerie",
    )
    folder = replace(folder, **changes)  # type: ignore[arg-type]
    joins = (
        member(folder.entry_uuid, 80),
        *(member(one, 81 + n, status="", source=folder.entry_uuid) for n, one in enumerate(members)),
    )
    return replace(
        submitted,
        folders=(*submitted.folders, folder),
        associations=(*submitted.associations, *joins),
    )


def related(submitted: Submission, kind: AssociationType, source: str, target: str) -> Submission:
    """*submitted* with a relationship of *source* to *target*."""
    number = len(submitted.associations)
    relation = Association(entry_uuid=f"rel{number}", type=kind.value, source=source, target=target)
    return replace(submitted, associations=(*submitted.associations, relation))


def contents(submitted: Submission, content: bytes = b"<ClinicalDocument/>\r\n") -> dict[str, Bytes]:
    """The same bytes for every entry of *submitted*."""
    return {one.entry_uuid: Bytes(content) for one in submitted.entries}


def sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def make_service(folder: Path, url: str = "", **options: object) -> RegistryService:
    """A service over the database *url* (else a SQLite file under *folder*) and a folder of blobs under *folder*."""
    engine = open_engine(url or f"sqlite:///{folder / 'registry.db'}")
    with transaction(engine) as connection:
        schema.METADATA.create_all(connection)
    return RegistryService(engine, DocumentFiles(folder / "blobs"), REPOSITORY, **options)  # type: ignore[arg-type]


DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))
"""Parameters of a fixture that is to run on both; :func:`database_url` gives the URL of each."""


def database_url(request: pytest.FixtureRequest) -> str:
    """A new database of the kind that ``request.param`` names; empty: the SQLite file of :func:`make_service`."""
    if request.param == "sqlite":
        return ""
    url: str = request.getfixturevalue("postgresql_server").database()
    return url


@contextmanager
def running_service(folder: Path, url: str = "", **options: object) -> Iterator[RegistryService]:
    """:func:`make_service`, its connections closed at the end."""
    service = make_service(folder, url, **options)
    try:
        yield service
    finally:
        service.close()
