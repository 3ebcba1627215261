"""``gateway search``: the documents of an examination, asked of the registry by accession number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.errors import InputRejected
from gateway.model.document import REFERENCE_ACCESSION, REFERENCE_STUDY, DocumentEntry
from gateway.model.identifiers import Identifier
from gateway.model.link import national_url
from gateway.wiring.house import House
from gateway.xds.forms import reference
from gateway.xds.metadata import MANIFEST_FORMAT


@dataclass(frozen=True, slots=True)
class Found:
    """What one destination answered."""

    destination: str
    accession: str
    documents: tuple[DocumentEntry, ...]
    links: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "destination": self.destination,
            "accession_number": self.accession,
            "links": list(self.links),
            "documents": [
                {
                    "unique_id": entry.unique_id,
                    "title": entry.title,
                    "mime_type": entry.mime_type,
                    "class_code": entry.class_code.code,
                    "type_code": entry.type_code.code,
                    "format_code": entry.format_code.code,
                    "creation_time": entry.creation_time,
                    "hash": entry.hash,
                    "size_bytes": entry.size,
                    "repository_unique_id": entry.repository_unique_id,
                }
                for entry in self.documents
            ],
        }


def search(house: House, accession: str, *, site: str = "", issuer: str = "", patient: str = "") -> list[Found]:
    """Ask every destination of *site* (the only one when empty) for the documents under *accession*.

    *issuer* is the OID of the accession number, the site's when empty. ITI-18 wants a patient: *patient* is a CX in
    the destination's domain; when empty it is the one under which this gateway shared that accession number. Raises
    InputRejected when there is none, PeerUnreachable or PeerRefused when the registry does not answer or says no.
    """
    chosen = _site(house, site)
    known = Identifier(issuer or chosen.accession_issuer, accession)
    sought = reference(known, REFERENCE_ACCESSION).cxi()
    found = []
    for name in chosen.destinations:
        patients = [patient] if patient else house.store.patient_ids(name, known)
        if not patients:
            raise InputRejected("search_patient_unknown", place="--patient")
        documents = tuple(
            entry for one in patients for entry in house.destinations[name].find_by_reference(one, [sought])
        )
        found.append(Found(name, accession, documents, _links(documents, known, chosen.public_url)))
    return found


def _site(house: House, name: str) -> Any:
    if name:
        if name not in house.sites:
            raise InputRejected("search_site_unknown", place="--site", site=name)
        return house.sites[name]
    if len(house.sites) != 1:
        raise InputRejected("search_site_needed", place="--site", sites=", ".join(house.sites))
    return next(iter(house.sites.values()))


def _links(documents: tuple[DocumentEntry, ...], accession: Identifier, public_url: str) -> tuple[str, ...]:
    """The link of each report to each study that a manifest under the same accession number references."""
    manifests = [entry for entry in documents if entry.format_code.code == MANIFEST_FORMAT]
    reports = [entry for entry in documents if entry.format_code.code != MANIFEST_FORMAT]
    studies = [r.value for m in manifests for r in m.reference_ids if r.type_code == REFERENCE_STUDY]
    return tuple(
        national_url(public_url, study, accession, Identifier(report.unique_id.partition("^")[0]))
        for report in reports
        for study in dict.fromkeys(studies)
    )
