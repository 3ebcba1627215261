"""Where a French DMP and an XDS-I.b registry elsewhere want different metadata: one table, read by ``metadata``.

Sources of ``dmp``: the ANS samples of 2024 (``DRIM-M_DATA``, ITI-41 of a DRIMbox) and the CI-SIS guide "Transmission
d'un document CDA-R2 en HL7v2", page "Mapping VIHF et XDS". Sources of ``ihe``: RAD TF-2 section 4.68, ITI TF-3
section 4.2.3. Where the official samples differ among themselves, the newest is followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.model.codes import Code

FlavourName = Literal["dmp", "ihe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """One column of the table."""

    qualified_identity_only: bool
    """patientId is the national identity (INS), and only a qualified one."""
    patient_id_type: str
    """CX.5 of patientId: the French profile adds it, ITI TF-3 table 4.2.3.1.7-2 forbids it."""
    source_patient_id_type: str
    """CX.5 of a local sourcePatientId."""
    national_names: bool
    """XCN with name type and identifier type, XON with identifier type."""
    patient_info_has_ids: bool
    """``PID-3`` among sourcePatientInfo (ITI TF-3 section 4.2.3.2.23); no official French sample has it."""
    device_is_author: bool
    """The gateway is the author of manifests (newest French samples) instead of who performed the examination."""
    author_telecommunications: bool
    """authorTelecommunication of an author whose report has telecoms; the French tables (003) have no such line."""
    manifest_type_from_act: bool
    """typeCode of a manifest is the procedure's code (RAD TF-2 section 4.68.4.1.2.3.2) instead of ``IMG-KOS``."""
    manifest_title: str
    """title of a manifest; empty: the study's description."""
    manifest_comments: str
    entry_submission_time: bool
    """The slot ``submissionTime`` on entries, a French extension."""
    own_acts_are_events: bool
    """An act's own code (LOINC) is among eventCodeList of a report; in France CCAM alone is (003, table 12)."""
    version: str
    """version of entries (``VersionInfo``): 003 states 1 for the first; elsewhere it is the registry's to give."""
    signature_language: str
    """languageCode of a signature, which has none."""
    signature_format: Code
    signature_class: Code
    signature_of_the_set: bool
    """A signature signs the submission set (the French "lot") instead of each document (DSG)."""
    bare_pdf: Code | None
    """formatCode of a PDF that is not wrapped in a CDA document; None: only wrapped ones are taken."""
    value_sets_bind: bool
    """A code outside its official value set stops the publication instead of travelling as it is."""
    required: frozenset[str]
    """Attributes that XDS leaves optional and that must be known here."""


FLAVOURS: Mapping[FlavourName, Flavour] = {
    "dmp": Flavour(
        qualified_identity_only=True,
        patient_id_type="NH",
        source_patient_id_type="PI",
        national_names=True,
        patient_info_has_ids=False,
        device_is_author=True,
        author_telecommunications=False,
        manifest_type_from_act=False,
        manifest_title="Reference d'Objets d'un Examen d'Imagerie",
        manifest_comments="KOS",
        entry_submission_time=True,
        own_acts_are_events=False,
        version="1",
        signature_language="art",
        signature_format=Code("http://www.w3.org/2000/09/xmldsig#", "URN", "Default Signature Style"),
        signature_class=Code("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN", "Digital Signature"),
        signature_of_the_set=True,
        bare_pdf=None,
        value_sets_bind=True,
        required=frozenset({"modality", "region", "legalAuthenticator", "serviceStartTime"}),
    ),
    "ihe": Flavour(
        qualified_identity_only=False,
        patient_id_type="",
        source_patient_id_type="",
        national_names=False,
        patient_info_has_ids=True,
        device_is_author=False,
        author_telecommunications=True,
        manifest_type_from_act=True,
        manifest_title="",
        manifest_comments="",
        entry_submission_time=False,
        own_acts_are_events=True,
        version="",
        signature_language="art",
        signature_format=Code("urn:ihe:iti:dsg:detached:2014", "1.3.6.1.4.1.19376.1.2.3", "Detached signature"),
        signature_class=Code("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN", "Digital Signature"),
        signature_of_the_set=False,
        bare_pdf=Code("urn:ihe:rad:PDF", "1.3.6.1.4.1.19376.1.2.3", "Imaging report in PDF"),
        value_sets_bind=False,
        required=frozenset(),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataSettings:
    """How a destination wants its metadata."""

    flavour: FlavourName = "ihe"
    environment: Literal["test", "production"] = "test"
    patient_identity: Literal["ins", "local"] = "ins"
    """Which identifier is patientId; ``dmp`` knows the INS alone."""
    destination: str = ""
    """Its name, for the sentences."""
    device_identifier: str = ""
    """Identifier of this gateway as an author; empty: the site's ``source_id``."""
    device_model: str = "DRIMbox"
    device_software: str = "drim-gateway"

    @property
    def table(self) -> Flavour:
        """The column of the table."""
        return FLAVOURS[self.flavour]
