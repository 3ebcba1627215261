"""The messages of RAD-69: what is asked, what is answered (IHE RAD TF-2 section 4.69, ITI TF-3 table 4.2.4.1-2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lxml import etree

from gateway.errors import InputTooLarge
from gateway.model.document import RegistryError
from gateway.model.identifiers import is_uid
from gateway.xds import ebrim, mtom
from gateway.xds.constants import XDSB
from gateway.xds.ebrim import RegistryResponse, ResponseStatus
from gateway.xds.retrieval import XDSI

ACTION = "urn:ihe:rad:2009:RetrieveImagingDocumentSet"
ANSWER = "urn:ihe:iti:2007:RetrieveDocumentSetResponse"
REQUEST = f"{{{XDSI}}}RetrieveImagingDocumentSetRequest"
MEDIA_TYPE = "application/dicom"
_INSTANCES = 20_000


class Asked(NamedTuple):
    """One DocumentRequest."""

    study_uid: str
    series_uid: str
    repository: str
    unique_id: str


class Sent(NamedTuple):
    """One DocumentResponse."""

    repository: str
    unique_id: str


def read(request: etree._Element) -> tuple[list[Asked], list[RegistryError]]:
    """What is asked, and what of it cannot be: a study or series that is not named. Raises InputTooLarge."""
    asked: list[Asked] = []
    errors: list[RegistryError] = []
    for study in request.iterchildren(f"{{{XDSI}}}StudyRequest"):
        for series in study.iterchildren(f"{{{XDSI}}}SeriesRequest"):
            uids = (study.get("studyInstanceUID", "").strip(), series.get("seriesInstanceUID", "").strip())
            for one in series.iterchildren(f"{{{XDSB}}}DocumentRequest"):
                repository, unique_id = (
                    (one.findtext(f"{{{XDSB}}}{name}") or "").strip()
                    for name in ("RepositoryUniqueId", "DocumentUniqueId")
                )
                if all(map(is_uid, uids)):
                    asked.append(Asked(*uids, repository, unique_id))
                else:
                    errors.append(registry_error("XDSIRequestError", "the study or the series is not named", unique_id))
                if len(asked) + len(errors) > _INSTANCES:
                    raise InputTooLarge("rad69_too_many", limit=_INSTANCES)
    if not asked and not errors:
        errors.append(registry_error("XDSIRequestError", "no instance is named", ""))
    return asked, errors


def syntaxes(request: etree._Element) -> frozenset[str]:
    """The transfer syntaxes that are taken; none where one of them is no UID."""
    found = [
        (one.text or "").strip()
        for listed in request.iterchildren(f"{{{XDSI}}}TransferSyntaxUIDList")
        for one in listed.iterchildren(f"{{{XDSI}}}TransferSyntaxUID")
    ]
    return frozenset(found) if all(map(is_uid, found)) else frozenset()


def response(sent: Iterable[Sent], errors: list[RegistryError]) -> etree._Element:
    """The answer's body: a DocumentResponse for each of *sent*, its content in an attachment."""
    held = tuple(sent)
    status = ResponseStatus.SUCCESS
    if errors:
        status = ResponseStatus.PARTIAL_SUCCESS if held else ResponseStatus.FAILURE
    body = etree.Element(f"{{{XDSB}}}RetrieveDocumentSetResponse", nsmap={"xdsb": XDSB})
    body.append(ebrim.write_response(RegistryResponse(status=status, errors=tuple(errors))))
    for one in held:
        document = etree.SubElement(body, f"{{{XDSB}}}DocumentResponse")
        for name, value in (
            ("RepositoryUniqueId", one.repository),
            ("DocumentUniqueId", one.unique_id),
            ("mimeType", MEDIA_TYPE),
        ):
            etree.SubElement(document, f"{{{XDSB}}}{name}").text = value
        etree.SubElement(document, f"{{{XDSB}}}Document").append(mtom.include(content_id(one.unique_id)))
    return body


def content_id(uid: str) -> str:
    """Content-ID of the attachment that holds an instance."""
    return f"{uid}@images.gateway"


def registry_error(code: str, context: str, location: str) -> RegistryError:
    """What became of the instance *location*."""
    return RegistryError(code=code, context=context, location=location)
