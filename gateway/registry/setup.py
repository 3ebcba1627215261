"""What the registry must know to run, and the service made of it: for the server and for the commands beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from gateway.registry.files import DocumentFiles
from gateway.registry.rules import Policy
from gateway.registry.schema import DOCUMENTS
from gateway.registry.service import Bounds, RegistryService
from gateway.store.documents import check_there
from gateway.store.engine import open_engine
from gateway.store.migrations import upgrade
from gateway.xds import mtom


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """What the registry must know to run."""

    host: str = "127.0.0.1"
    port: int = 8090
    """0 lets the system choose; ``ready`` of :func:`run` tells which."""
    database_url: str = "sqlite:///registry.db"
    blobs: Path = Path("registry-blobs")
    """Folder of the documents' bytes: this registry's own."""
    repository_unique_id: str
    """OID of this repository."""
    threads: int = 16
    max_body_bytes: int = 256 * 1024 * 1024
    """Of one request, and of the documents of one answer."""
    max_envelope_bytes: int = 16 * 1024 * 1024
    """Of the XML of one request."""
    socket_timeout_s: float = 15.0
    """How long a thread waits for the next bytes of a peer, either way."""
    stop_timeout_s: int = 30
    """How long requests in flight may go on after TERM."""
    allow_plain: bool = False
    """Listen in the clear outside this machine."""
    patient_authorities: frozenset[str] = frozenset()
    """OIDs of the authorities whose patients are known; empty: those of every authority."""
    listed_patients: bool = False
    """Only patients of the registry's own list are known (ITI-44, ``gateway registry patients``)."""
    keep_extra_slots: bool = True
    """Keep slots that the standard does not know; else they are left out with a warning."""


def prepare(settings: RegistrySettings) -> None:
    """Make the folders of the documents and bring the tables to this version.

    Raises SettingsError, Unavailable (``store_documents_away`` when there are documents, and not in the folder).
    """
    engine = open_engine(settings.database_url, pool_size=1)
    try:
        _open_files(settings.blobs, engine).make_folders()
        upgrade(engine)
    finally:
        engine.dispose()


def build_service(settings: RegistrySettings) -> RegistryService:
    """The service over the database and the documents of *settings*, whose tables exist."""
    engine = open_engine(settings.database_url, pool_size=settings.threads + 2)
    return RegistryService(
        engine,
        _open_files(settings.blobs, engine),
        settings.repository_unique_id,
        policy=Policy(
            patient_authorities=settings.patient_authorities,
            listed_patients=settings.listed_patients,
            keep_extra_slots=settings.keep_extra_slots,
        ),
        bounds=Bounds(document_bytes=settings.max_body_bytes),
    )


def _open_files(folder: Path, engine: Engine) -> DocumentFiles:
    check_there(folder, engine, [DOCUMENTS])
    return DocumentFiles(folder)


def limits(settings: RegistrySettings) -> mtom.Limits:
    """The limits of a request."""
    most = settings.max_body_bytes
    return mtom.Limits(root_bytes=min(settings.max_envelope_bytes, most), part_bytes=most, total_bytes=most)
