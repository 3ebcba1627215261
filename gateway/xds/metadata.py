"""From a report, its examinations and its site to the frozen metadata of one submission (ITI-41, RAD-68).

Pure but for the new unique ids: what comes out is kept before the first byte leaves, and the same bytes are sent on
every try. Values: ITI TF-3 section 4.2.3, RAD TF-2 section 4.68, IMG-CR-IMG 2024.01 technical section 4.1, and the
table of ``flavours``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from lxml import etree

from gateway import valuesets
from gateway.model.codes import Code
from gateway.model.document import (
    Association,
    AssociationType,
    Author,
    DocumentEntry,
    ReferenceId,
    Submission,
    SubmissionSet,
)
from gateway.model.identifiers import new_uid
from gateway.model.report import UNSTRUCTURED_TEMPLATE, Act, Order
from gateway.model.share import FrozenDocument, FrozenSubmission, ManifestDraft, Publication
from gateway.xds import _attributes as attributes
from gateway.xds import ebrim
from gateway.xds import forms as forms
from gateway.xds._identity import document_unique_id, local_identifier, patient_id
from gateway.xds._signature import signed
from gateway.xds.flavours import MetadataSettings

__all__ = ["MetadataSettings", "document_unique_id", "patient_id", "pdf_entry", "prepare", "signed"]

MANIFEST_TYPE = "IMG-KOS"
MANIFEST_FORMAT = "1.2.840.10008.5.1.4.1.1.88.59"
REPORT_TYPE = "18748-4"
REPORT_FORMAT = "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013"
REPORT_MIME_TYPE = "text/xml"
MANIFEST_MIME_TYPE = "application/dicom"
LANGUAGE = "fr-FR"

_SAME_MEDIA_TYPE = {"application/rtf": "text/rtf"}
"""Names of one media type, the second as the official association has it."""

_SET_ID = "SubmissionSet01"


def prepare(publication: Publication, settings: MetadataSettings) -> FrozenSubmission:
    """Make the entries of the report and of each manifest, and fix everything that will be sent.

    Raises Mismatch when a value that the destination requires cannot be known: ``identity_not_qualified``,
    ``identity_wrong_environment``, ``identity_ins_absent``, ``identity_local_absent``, ``modality_unknown``,
    ``region_unknown``, ``metadata_missing``, ``metadata_not_in_value_set``.
    """
    maker = _Maker(publication, settings)
    documents: list[tuple[DocumentEntry, FrozenDocument]] = []
    if publication.report_content is not None:
        documents.append(_frozen(maker.report("Document01"), publication.report_content, "report"))
    for draft in publication.manifests:
        entry = maker.manifest(draft, f"Document{len(documents) + 1:02}")
        documents.append(_frozen(entry, draft.content, "manifest", draft.pairing.study_uid))
    entries = tuple(entry for entry, _ in documents)
    submission_set = maker.submission_set(entries)
    submission = Submission(
        submission_sets=(submission_set,), entries=entries, associations=tuple(_members(entries, submission_set))
    )
    return FrozenSubmission(
        submission_set_unique_id=submission_set.unique_id,
        patient_id=maker.patient_id,
        metadata=etree.tostring(ebrim.write(submission), encoding="UTF-8"),
        documents=tuple(document for _, document in documents),
    )


def pdf_entry(
    publication: Publication, settings: MetadataSettings, content: bytes, unique_id: str, entry_id: str
) -> DocumentEntry:
    """The entry of the report as a PDF of its own, not wrapped in CDA, with hash and size of *content*.

    Raises Mismatch as :func:`prepare`, and ``metadata_missing`` for a flavour that takes wrapped ones only.
    """
    maker = _Maker(publication, settings)
    if maker.flavour.bare_pdf is None:
        raise maker.target.missing("formatCode (application/pdf)")
    wrapped = maker.report(entry_id)
    entry = replace(
        wrapped, unique_id=unique_id, mime_type="application/pdf", format_code=maker.flavour.bare_pdf, extra_slots=()
    )
    return _frozen(entry, content, "report")[0]


class _Maker:
    """Makes the entries of one publication; what they have in common is known once."""

    def __init__(self, publication: Publication, settings: MetadataSettings) -> None:
        self.publication = publication
        self.settings = settings
        self.flavour = settings.table
        self.target = attributes.Target(self.flavour, settings.destination)
        self.patient_id = patient_id(publication, settings)
        self.now = forms.now_dtm(publication.now)
        local = local_identifier(publication)
        self.source_patient_id = (
            forms.cx(local, self.flavour.source_patient_id_type) if local is not None else self.patient_id
        )

    def report(self, entry_id: str) -> DocumentEntry:
        """The entry of the report, without hash and size."""
        report, site = self.publication.report, self.publication.site
        exams = [exam for exam, _ in self.publication.exams]
        pairings = [pairing for _, pairing in self.publication.exams]
        by_study = {exam.study_uid: exam for exam in exams}
        known_modalities: list[Code] = []
        known_regions: list[Code] = []
        for study_uid in dict.fromkeys((*report.study_uids, *by_study)):
            acts = self._acts(study_uid)
            known_modalities += attributes.modalities(acts, by_study.get(study_uid))
            known_regions += attributes.regions(acts, by_study.get(study_uid), site, self.target)
        known_acts = attributes.acts_codes(report.acts, self.target, own=True)
        created = forms.dtm(report.effective_time, site.time_zone) or self.now
        type_code = self.target.code(report.code, valuesets.TYPE, "typeCode")
        return self._entry(
            entry_id,
            acts=report.acts,
            service=attributes.service_times(report.acts, exams, site),
            unique_id=document_unique_id(report.identifier),
            mime_type=REPORT_MIME_TYPE,
            type_code=type_code,
            format_code=self._report_format(),
            creation_time=created,
            title=forms.cut(report.title) or forms.cut(type_code.display),
            authors=tuple(forms.author(person, self.flavour) for person in report.authors),
            event_codes=tuple(dict.fromkeys((*known_modalities, *known_regions, *known_acts))),
            reference_ids=attributes.references(
                (*(pairing.accession for pairing in pairings), *attributes.accession_numbers(report)),
                (*(pairing.study_uid for pairing in pairings), *report.study_uids),
                report.orders,
                site,
            ),
        )

    def manifest(self, draft: ManifestDraft, entry_id: str) -> DocumentEntry:
        """The entry of a manifest, without hash and size."""
        report, site = self.publication.report, self.publication.site
        acts = self._acts(draft.pairing.study_uid)
        orders = [order for order in report.orders if order.accession == draft.pairing.accession]
        carried = [Order(placer=placer, accession=accession) for accession, placer in draft.orders if placer]
        accessions = dict.fromkeys((draft.pairing.accession, *(accession for accession, _ in draft.orders)))
        national_type = attributes.constant(valuesets.TYPE, MANIFEST_TYPE)
        title = self.flavour.manifest_title or forms.cut(draft.exam.description) or national_type.display
        return self._entry(
            entry_id,
            acts=acts,
            service=attributes.service_times(acts, [draft.exam], site),
            unique_id=draft.unique_id,
            mime_type=MANIFEST_MIME_TYPE,
            type_code=self._procedure(acts) if self.flavour.manifest_type_from_act else national_type,
            format_code=attributes.constant(valuesets.FORMAT, MANIFEST_FORMAT),
            creation_time=forms.now_dtm(draft.created_at),
            title=title,
            comments=self.flavour.manifest_comments,
            authors=self._manifest_authors(acts),
            event_codes=attributes.events(acts, draft.exam, site, self.target),
            reference_ids=attributes.references(accessions, [draft.pairing.study_uid], [*orders, *carried], site),
            masked=draft.masked,
        )

    def submission_set(self, entries: Iterable[DocumentEntry]) -> SubmissionSet:
        """The SubmissionSet: made by the gateway, in the name of the site."""
        site = self.publication.site
        if not site.source_id:
            raise self.target.missing("sourceId")
        return SubmissionSet(
            entry_uuid=_SET_ID,
            unique_id=new_uid(),
            source_id=site.source_id,
            patient_id=self.patient_id,
            content_type_code=attributes.content_type(self.publication.report, self.publication.accepted.statements),
            submission_time=self.now,
            authors=(self._submitter(),),
            title=next((entry.title for entry in entries), ""),
        )

    def _entry(
        self,
        entry_id: str,
        *,
        acts: tuple[Act, ...],
        service: tuple[str, str],
        unique_id: str,
        mime_type: str,
        type_code: Code,
        format_code: Code,
        creation_time: str,
        title: str,
        authors: tuple[Author, ...],
        event_codes: tuple[Code, ...],
        reference_ids: tuple[ReferenceId, ...],
        comments: str = "",
        masked: frozenset[str] = frozenset(),
    ) -> DocumentEntry:
        """What report and manifest have in common, with what sets them apart."""
        report, site, target = self.publication.report, self.publication.site, self.target
        statements = self.publication.accepted.statements
        statements = replace(statements, masked=statements.masked | masked)
        signatory = report.legal_authenticator
        legal_authenticator = forms.xcn(signatory, self.flavour) if signatory else ""
        for attribute, value in (("legalAuthenticator", legal_authenticator), ("serviceStartTime", service[0])):
            if not value and attribute in self.flavour.required:
                raise target.missing(attribute)
        facility = attributes.facility_type(report, site)
        practice = attributes.practice_setting(report, acts, site)
        return DocumentEntry(
            entry_uuid=entry_id,
            unique_id=unique_id,
            mime_type=mime_type,
            patient_id=self.patient_id,
            class_code=attributes.class_of(type_code),
            type_code=type_code,
            format_code=format_code,
            healthcare_facility_type_code=target.code(facility, valuesets.FACILITY_TYPE, "healthcareFacilityTypeCode"),
            practice_setting_code=target.code(practice, valuesets.PRACTICE_SETTING, "practiceSettingCode"),
            confidentiality_codes=attributes.confidentiality(report, statements, target),
            creation_time=creation_time,
            language_code=report.language or LANGUAGE,
            source_patient_id=self.source_patient_id,
            source_patient_info=forms.patient_info(report.patient, self.source_patient_id, self.flavour),
            title=title,
            comments=comments,
            authors=tuple(author for author in authors if author != Author()),
            legal_authenticator=legal_authenticator,
            event_codes=event_codes,
            reference_ids=reference_ids,
            service_start_time=service[0],
            service_stop_time=service[1],
            version=self.flavour.version,
            extra_slots=(("submissionTime", (self.now,)),) if self.flavour.entry_submission_time else (),
        )

    def _acts(self, study_uid: str) -> tuple[Act, ...]:
        return tuple(act for act in self.publication.report.acts if act.study_uid == study_uid)

    def _report_format(self) -> Code:
        """Of the body's media type at level 1 (ASS_A12), of the model else (ASS_A11): report, or request of an act."""
        report = self.publication.report
        if report.level == 1:
            media_type = report.media_type.partition(";")[0].strip().lower()
            named = _SAME_MEDIA_TYPE.get(media_type, media_type)
            found = valuesets.associate(valuesets.FORMAT_BY_MEDIA_TYPE, named)
            if not found:
                raise self.target.missing(f"formatCode ({report.media_type or '-'})")
            return found[0]
        models = (model.root for model in report.templates if model.root != UNSTRUCTURED_TEMPLATE)
        found = tuple(code for model in models for code in valuesets.associate(valuesets.FORMAT_BY_MODEL, model))
        return found[0] if found else attributes.constant(valuesets.FORMAT, REPORT_FORMAT)

    def _procedure(self, acts: tuple[Act, ...]) -> Code:
        """The act's own code, else that of an imaging report (what imaging archives send without a procedure)."""
        for code in (act.code for act in acts):
            if code and code.code and code.system:
                return replace(code, display=code.display or code.code)
        return attributes.constant(valuesets.TYPE, REPORT_TYPE)

    def _manifest_authors(self, acts: tuple[Act, ...]) -> tuple[Author, ...]:
        if self.flavour.device_is_author:
            return (self._device(),)
        performers = dict.fromkeys(act.performer for act in acts if act.performer)
        people = tuple(performers) or self.publication.report.authors
        return tuple(forms.author(person, self.flavour) for person in people)

    def _submitter(self) -> Author:
        """Who sent the report, when it is published and its message names them with a structure (PRT ``SB``).

        CI-SIS "Transmission d'un document CDA R2 en HL7 v2" 2.1: the sender is the author of the submission set. A
        manifest alone is the gateway's own submission: the newest samples of DRIM-M have the device as author there.
        """
        sender = self.publication.accepted.sender_person
        if sender is None or sender.organization is None or self.publication.report_content is None:
            return self._device()
        named = forms.author(sender, self.flavour)
        return named if named.person and named.institutions else self._device()

    def _device(self) -> Author:
        return forms.device(self.publication.site, self.settings)


def _frozen(
    entry: DocumentEntry, content: bytes, kind: str, study_uid: str = ""
) -> tuple[DocumentEntry, FrozenDocument]:
    """The entry with hash and size of the very bytes, and what is kept of the document."""
    sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()  # the XDS hash is SHA-1 (ITI TF-3 4.2.3.2.10)
    entry = replace(entry, hash=sha1, size=len(content))
    document = FrozenDocument(
        kind=kind,
        unique_id=entry.unique_id,
        entry_id=entry.entry_uuid,
        mime_type=entry.mime_type,
        type_code=entry.type_code.code,
        format_code=entry.format_code.code,
        digest=hashlib.sha256(content).hexdigest(),
        hash=sha1,
        size=len(content),
        study_uid=study_uid,
        title=entry.title,
    )
    return entry, document


def _members(entries: Iterable[DocumentEntry], submission_set: SubmissionSet) -> Iterable[Association]:
    """HasMember of each entry, submitted with its document (ITI TF-3 section 4.2.2.2.3)."""
    for number, entry in enumerate(entries, 1):
        yield Association(
            entry_uuid=f"Association{number:02}",
            type=AssociationType.HAS_MEMBER,
            source=submission_set.entry_uuid,
            target=entry.entry_uuid,
            slots=(("SubmissionSetStatus", ("Original",)),),
        )
