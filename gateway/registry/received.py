"""The body of a request to values, with everything that is wrong with its form."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from gateway.errors import GatewayError, InputRejected
from gateway.model.document import RegistryError, Submission
from gateway.registry import presence
from gateway.registry.findings import metadata_error
from gateway.registry.retrieval import DocumentRequest
from gateway.texts import sentence
from gateway.xds import ebrim
from gateway.xds.constants import LCM, RIM, XDSB

_SUBMIT = f"{{{LCM}}}SubmitObjectsRequest"
_LIST = f"{{{RIM}}}RegistryObjectList"
_JUDGED = 4_000
"""Objects of a submission whose gaps are filled to find what else is wrong."""


@dataclass(frozen=True, slots=True)
class Received:
    """A submission, and what is wrong with it already; then it is there to be judged and not to be written.

    Without a submission there is nothing to judge.
    """

    submission: Submission | None
    errors: tuple[RegistryError, ...] = ()
    warnings: tuple[RegistryError, ...] = ()
    """What is left out of a submission that may be written all the same."""


def submission(body: etree._Element) -> Received:
    """The submission of an ITI-41, ITI-42, ITI-57, ITI-61 or ITI-92 request."""
    request = body if body.tag == _SUBMIT else body.find(_SUBMIT)
    objects = None if request is None else request.find(_LIST)
    if objects is None:
        return Received(None, (metadata_error("the request holds no SubmitObjectsRequest with a RegistryObjectList"),))
    presence.name_associations(objects)
    reason: RegistryError | None = None
    try:
        read, whole = ebrim.read_whole(objects)
    except InputRejected as error:
        errors = presence.unreadable(objects)
        reason = RegistryError(code="XDSRegistryMetadataError", context=words(error), location=error.place)
    else:
        if whole:
            return Received(read)
        errors = presence.unreadable(objects)
        if not errors:
            return Received(read, warnings=presence.lost(objects))
    return _completed(objects, (*presence.missing(objects), *errors), reason)


def _completed(objects: etree._Element, errors: tuple[RegistryError, ...], reason: RegistryError | None) -> Received:
    """What can be judged of a submission that cannot be read; *reason* is told when nothing better is."""
    if len(objects) > _JUDGED:
        return Received(None, errors)
    try:
        return Received(ebrim.read(presence.completed(objects)), errors or ((reason,) if reason else ()))
    except InputRejected as error:
        named = RegistryError(code="XDSRegistryMetadataError", context=words(error), location=error.place)
        return Received(None, (*errors, named))


def object_refs(body: etree._Element) -> tuple[str, ...]:
    """The ids of the ObjectRefList of a RemoveObjectsRequest (ITI-62)."""
    found = body.find(f"{{{RIM}}}ObjectRefList")
    refs = [] if found is None else list(found.iterchildren(f"{{{RIM}}}ObjectRef"))
    return tuple((ref.get("id") or "").strip() for ref in refs)


def document_requests(body: etree._Element) -> tuple[DocumentRequest, ...]:
    """The DocumentRequests of ITI-43 or ITI-86."""
    return tuple(
        DocumentRequest(_text(one, "RepositoryUniqueId"), _text(one, "DocumentUniqueId"))
        for one in body.iterchildren(f"{{{XDSB}}}DocumentRequest")
    )


def words(error: GatewayError) -> str:
    """What an answer says of *error*."""
    return sentence(error.code, error.facts, "en")


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(f"{{{XDSB}}}{name}") or "").strip()
