"""The three transactions as XML: the body of a request to values, the service's word to the body of an answer.

A transaction never raises for what a registry has to say: it answers a failure of its own form (ITI TF-3 section
4.2.4). What it raises (InputRejected of the message's own form) is for a SOAP fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from lxml import etree

from gateway.errors import GatewayError, InputRejected, NotSupportedYet, Unavailable
from gateway.model.document import RegistryError, Submission
from gateway.registry import findings, presence
from gateway.registry.service import DocumentRequest, RegistryService, Retrieval
from gateway.texts import sentence
from gateway.xds import ebrim, queries
from gateway.xds.constants import LCM, QUERY, RIM
from gateway.xds.ebrim import RegistryResponse, ResponseStatus
from gateway.xds.mtom import Attachment, include
from gateway.xds.queries import QueryError
from gateway.xds.soap import EnvelopeRejected, Request

XDSB = "urn:ihe:iti:xds-b:2007"

_NO_ROOM = frozenset({"store_full", "registry_no_room", "mtom_spool"})


@dataclass(frozen=True, slots=True)
class Reply:
    """The body of an answer, its documents, and for the log its status and error codes."""

    body: etree._Element
    status: ResponseStatus
    errors: Sequence[RegistryError] = ()
    attachments: Sequence[Attachment] = ()
    objects: int = 0
    """How many documents were registered, found or given."""
    files: ExitStack = field(default_factory=ExitStack, repr=False)
    """Closed when the answer was sent."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One operation: its actions, the element of its request, and what answers it."""

    name: str
    action: str
    response_action: str
    element: str
    answer: Callable[[RegistryService, Request], Reply]
    multipart: bool
    """Whether an answer to a multipart request is multipart though it has no documents."""

    def run(self, service: RegistryService, request: Request) -> Reply:
        """Answer *request*; raises EnvelopeRejected when its body is of another operation."""
        if request.body.tag != self.element:
            expected = etree.QName(self.element).localname
            raise EnvelopeRejected("registry_body", relates_to=request.message_id, expected=expected)
        return self.answer(service, request)


def _provide_and_register(service: RegistryService, request: Request) -> Reply:
    documents = request.documents()
    submission, errors = _read_submission(request.body)
    if submission is not None:
        try:
            errors = service.provide_and_register(submission, documents)
        except GatewayError as error:
            errors = (_refusal("Repository", error),)
    status = ResponseStatus.FAILURE if errors else ResponseStatus.SUCCESS
    body = ebrim.write_response(RegistryResponse(status=status, errors=errors))
    return Reply(body, status, errors, objects=0 if errors or submission is None else len(submission.entries))


def _read_submission(body: etree._Element) -> tuple[Submission | None, tuple[RegistryError, ...]]:
    """The submission, or every reason why it cannot be read."""
    request = body.find(f"{{{LCM}}}SubmitObjectsRequest")
    objects = None if request is None else request.find(f"{{{RIM}}}RegistryObjectList")
    if request is None or objects is None:
        context = "the request holds no SubmitObjectsRequest with a RegistryObjectList"
        return None, (RegistryError(code="XDSRegistryMetadataError", context=context),)
    unreadable = presence.unreadable(objects)
    try:
        submission = ebrim.read(request)
    except NotSupportedYet as error:
        return None, (RegistryError(code="XDSRegistryError", context=_words(error), location=error.place),)
    except InputRejected as error:
        absent = presence.missing(objects)
        first = RegistryError(code="XDSRegistryMetadataError", context=_words(error), location=error.place)
        return None, findings.bounded((*(absent or (first,)), *unreadable))
    return (None, findings.bounded(unreadable)) if unreadable else (submission, ())


def _stored_query(service: RegistryService, request: Request) -> Reply:
    try:
        query = queries.read(request.body)
        answer = service.stored_query(query)
    except QueryError as error:
        return _query_failure(RegistryError(code=error.code, context=_words(error)))
    except GatewayError as error:
        return _query_failure(_refusal("Registry", error))
    if query.return_type == queries.LEAF_CLASS:
        found = ebrim.write_object_list(Submission(entries=answer.entries))
    else:
        found = ebrim.write_object_refs(answer.references)
    status = ResponseStatus.SUCCESS
    body = ebrim.write_query_response(RegistryResponse(status=status), found)
    return Reply(body, status, objects=len(answer.entries) + len(answer.references))


def _query_failure(error: RegistryError) -> Reply:
    status = ResponseStatus.FAILURE
    return Reply(ebrim.write_query_response(RegistryResponse(status=status, errors=(error,))), status, (error,))


def _retrieve(service: RegistryService, request: Request) -> Reply:
    wanted = [
        DocumentRequest(_text(one, "RepositoryUniqueId"), _text(one, "DocumentUniqueId"))
        for one in request.body.iterchildren(f"{{{XDSB}}}DocumentRequest")
    ]
    try:
        if not wanted:
            raise InputRejected("registry_body", expected="DocumentRequest")
        retrieval = service.retrieve(wanted)
    except GatewayError as error:
        retrieval = Retrieval()
        retrieval.errors.append(_refusal("Repository", error))
    errors = findings.bounded(retrieval.errors)
    status = _retrieval_status(retrieval)
    body = etree.Element(f"{{{XDSB}}}RetrieveDocumentSetResponse", nsmap={"xdsb": XDSB})
    body.append(ebrim.write_response(RegistryResponse(status=status, errors=errors)))
    attachments = []
    for number, held in enumerate(retrieval.documents, 1):
        content_id = f"{number}@documents.gateway"
        response = etree.SubElement(body, f"{{{XDSB}}}DocumentResponse")
        _child(response, "RepositoryUniqueId").text = service.repository_unique_id
        _child(response, "DocumentUniqueId").text = held.unique_id
        _child(response, "mimeType").text = held.mime_type
        _child(response, "Document").append(include(content_id))
        attachments.append(Attachment(content_id, held.mime_type.partition(";")[0].strip(), held.content))
    reply = Reply(body, status, errors, attachments, len(attachments))
    reply.files.callback(retrieval.close)
    return reply


def _retrieval_status(retrieval: Retrieval) -> ResponseStatus:
    if not retrieval.errors:
        return ResponseStatus.SUCCESS
    return ResponseStatus.PARTIAL_SUCCESS if retrieval.documents else ResponseStatus.FAILURE


def _refusal(side: str, error: GatewayError) -> RegistryError:
    """What an XDS answer says of a failure of this program: whether the same request may be sent again."""
    if isinstance(error, Unavailable):
        code = f"XDS{side}OutOfResources" if error.code in _NO_ROOM else f"XDS{side}Busy"
    else:
        code = f"XDS{side}Error"
    return RegistryError(code=code, context=_words(error))


def _words(error: GatewayError) -> str:
    return sentence(error.code, error.facts, "en")


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(f"{{{XDSB}}}{name}") or "").strip()


def _child(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{XDSB}}}{name}")


REGISTRY_STORED_QUERY = Transaction(
    "ITI-18",
    "urn:ihe:iti:2007:RegistryStoredQuery",
    "urn:ihe:iti:2007:RegistryStoredQueryResponse",
    f"{{{QUERY}}}AdhocQueryRequest",
    _stored_query,
    multipart=False,
)
PROVIDE_AND_REGISTER = Transaction(
    "ITI-41",
    "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
    "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse",
    f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest",
    _provide_and_register,
    multipart=True,
)
RETRIEVE = Transaction(
    "ITI-43",
    "urn:ihe:iti:2007:RetrieveDocumentSet",
    "urn:ihe:iti:2007:RetrieveDocumentSetResponse",
    f"{{{XDSB}}}RetrieveDocumentSetRequest",
    _retrieve,
    multipart=True,
)


def by_action(*transactions: Transaction) -> Mapping[str, Transaction]:
    return {transaction.action: transaction for transaction in transactions}


# Register (ITI-42), update (ITI-57), delete (ITI-62) and the others are added to these two lists.
OF_THE_REGISTRY = by_action(REGISTRY_STORED_QUERY)
OF_THE_REPOSITORY = by_action(PROVIDE_AND_REGISTER, RETRIEVE)
