"""Who the patient is in the destination's domain, and what a document is called there."""

from __future__ import annotations

import uuid
from dataclasses import replace

from gateway.errors import Mismatch
from gateway.model.identifiers import INS_PRODUCTION_OIDS, INS_TEST_OIDS, Identifier, is_root
from gateway.model.report import Reliability
from gateway.model.share import Publication
from gateway.xds import forms as forms
from gateway.xds.flavours import MetadataSettings


def document_unique_id(identifier: Identifier) -> str:
    """uniqueId of a CDA document: ``root`` or ``root^extension`` (ITI TF-3 section 4.2.3.2.26).

    uniqueId knows OIDs alone, so a UUID root takes its OID form under 2.25 (ITU-T X.667 section 6.3): the same UUID.
    """
    if "-" in identifier.root and is_root(identifier.root):
        identifier = replace(identifier, root=f"2.25.{uuid.UUID(identifier.root).int}")
    return identifier.unique_id


def patient_id(publication: Publication, settings: MetadataSettings) -> str:
    """patientId, the CX of the patient in the destination's domain.

    A test destination refuses real identities and a production one refuses test identities: neither may ever leak
    into the other. Raises Mismatch with
    ``identity_not_qualified``, ``identity_wrong_environment``, ``identity_ins_absent`` or ``identity_local_absent``.
    """
    flavour = settings.table
    patient = publication.report.patient
    if settings.patient_identity == "local" and not flavour.qualified_identity_only:
        local = local_identifier(publication)
        if local is None:
            raise Mismatch("identity_local_absent", destination=settings.destination)
        return forms.cx(local)
    ins = patient.ins if patient.ins and patient.ins.extension else None
    statements = publication.accepted.statements
    qualified = statements.reliability is Reliability.QUALIFIED and not statements.identity_unknown
    if flavour.qualified_identity_only and (ins is None or not qualified):
        raise Mismatch("identity_not_qualified", destination=settings.destination)
    if ins is None:
        raise Mismatch("identity_ins_absent", destination=settings.destination)
    allowed = INS_PRODUCTION_OIDS if settings.environment == "production" else INS_TEST_OIDS
    if ins.root not in allowed:
        facts = {"oid": ins.root, "environment": settings.environment, "destination": settings.destination}
        raise Mismatch("identity_wrong_environment", **facts)
    return forms.cx(ins, flavour.patient_id_type)


def local_identifier(publication: Publication) -> Identifier | None:
    """The report's first local patient id under an OID, that of the site's own issuer before others."""
    known = [i for i in publication.report.patient.local_identifiers if i.extension and forms.is_oid(i.root)]
    own = publication.site.patient_id_issuer
    return next((i for i in known if i.root == own), next(iter(known), None))
