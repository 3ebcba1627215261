"""Writing the documents of teleradiology: flow B, third documents and the report (flow E), as the volet says.

Source: CI-SIS "Transmission de document(s) CDA en HL7v2" 2.1, ORU^R01; the guide and the white paper on teleradiology
both send documents by it. What the message says of the patient is what the document's header says.
"""

from __future__ import annotations

from datetime import datetime

from gateway.errors import InputRejected
from gateway.hl7.build import PatientIdentifier, SenderPerson, Transmission, oru_r01
from gateway.hl7.profiles import Action
from gateway.hl7.teleradiology_writer import strict
from gateway.model.identifiers import INS_NIA, INS_OIDS, ORGANIZATION_OID, PROFESSIONAL_OID
from gateway.model.people import Organization, Patient
from gateway.model.report import Report
from gateway.model.teleradiology import Envelope, Transmittal


def build(envelope: Envelope, sent: Transmittal, report: Report, site: Organization, made_at: datetime) -> bytes:
    """The ORU^R01 of *sent*, whose header was read as *report*; *site* is the imaging structure.

    It is sent in the name of who signs the report for the site, whom the DMP asks for. Raises InputRejected:
    ``transmittal_unsigned`` when it goes to the DMP and nobody with a national number signs it, those of
    :func:`gateway.hl7.build.oru_r01`, and ``hl7_refused_by_us`` with place and field.
    """
    person = _signer(report, site)
    if sent.to_dmp and person is None:
        raise InputRejected("transmittal_unsigned", place="/ClinicalDocument/legalAuthenticator")
    patient, visit = report.patient, sent.visit
    transmission = Transmission(
        control_id=envelope.control_id,
        identifiers=_identifiers(patient),
        family=patient.birth_family,
        given=patient.given,
        given_names=patient.given_names,
        birth_date=patient.birth_date[:8],
        sex=patient.sex,
        birth_place=patient.birth_place,
        reliability=sent.reliability,
        visit_class=visit.patient_class,
        visit_number=(visit.number.extension or "") if visit.number else "",
        visit_oid=visit.number.root if visit.number else "",
        action=_action(sent, report),
        masks=sent.masks,
        to_dmp=sent.to_dmp,
        secret_connection=sent.secret_connection,
        document_type=report.code,
        order_number=sent.order_number,
        sender_person=person,
        sending=envelope.sending,
        receiving=envelope.receiving,
        charset=envelope.charset,
        processing_id=envelope.processing_id,
        sent_at=made_at,
    )
    return strict(oru_r01(sent.content, transmission))


def _action(sent: Transmittal, report: Report) -> Action:
    """ORC-1 and OBX-11: a document that replaces another says so itself."""
    if sent.withdraws:
        return Action.DELETE
    return Action.REPLACE if any(each.type_code == "RPLC" for each in report.related) else Action.NEW


def _identifiers(patient: Patient) -> tuple[PatientIdentifier, ...]:
    names = {root: "ASIP-SANTE-INS-NIA" if root == INS_NIA else "ASIP-SANTE-INS-NIR" for root in INS_OIDS}
    return tuple(
        PatientIdentifier(
            value=each.extension or "",
            authority=names.get(each.root, ""),
            oid=each.root,
            type_code="INS" if each.root in INS_OIDS else "PI",
        )
        for each in patient.identifiers
    )


def _signer(report: Report, site: Organization) -> SenderPerson | None:
    """The site's responsible doctor, for the site (PRT ``SB``)."""
    signer = report.legal_authenticator
    person = next((i.extension for i in signer.identifiers if i.root == PROFESSIONAL_OID), None) if signer else None
    structure = next((i.extension for i in site.identifiers if i.root == ORGANIZATION_OID), None)
    if signer is None or not person or not structure:
        return None
    return SenderPerson(
        professional_id=person,
        family=signer.family,
        given=signer.given,
        structure_id=structure,
        structure_name=site.name,
    )
