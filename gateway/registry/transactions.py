"""The transactions as XML: what a request asks of the service, and the service's word as the body of an answer.

A transaction never raises for what a registry has to say: it answers a failure of its own form (ITI TF-3 section
4.2.4). What it raises (InputRejected of the message's own form) is for a SOAP fault.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO, cast

from lxml import etree

from gateway.errors import GatewayError, InputRejected, Unavailable
from gateway.model.document import RegistryError, Submission
from gateway.registry import feed, findings, received
from gateway.registry.rules import Context
from gateway.registry.service import RegistryService, Retrieval, is_refused
from gateway.xds import ebrim, mtom, queries
from gateway.xds.constants import LCM, QUERY, RMD, XDSB
from gateway.xds.ebrim import RegistryResponse, ResponseStatus
from gateway.xds.mtom import Attachment, include
from gateway.xds.queries import QueryError
from gateway.xds.soap import EnvelopeRejected, Request

_NO_ROOM = frozenset({"store_full", "registry_no_room", "mtom_spool"})


@dataclass(frozen=True, slots=True)
class Reply:
    """The body of an answer, its documents, and for the log its status and error codes."""

    body: etree._Element
    status: str
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
    multipart: bool = False
    """Whether an answer to a multipart request is multipart though it has no documents."""
    tells_unused: bool = False
    """Whether it judges parts that no element names itself."""

    def run(self, service: RegistryService, request: Request) -> Reply:
        """Answer *request*; raises EnvelopeRejected when its body is of another operation."""
        if request.body.tag != self.element:
            expected = etree.QName(self.element).localname
            raise EnvelopeRejected("registry_body", relates_to=request.message_id, expected=expected)
        if request.unused and not self.tells_unused:
            raise mtom.unused_part()
        return self.answer(service, request)


def _provide_and_register(service: RegistryService, request: Request) -> Reply:
    documents = request.documents()
    asked = received.submission(request.body)
    errors = asked.errors
    # A part that no Document names may be the one that an entry lacks, which is for the registry to say.
    if request.unused and asked.submission is not None and _complete(asked.submission, documents):
        raise mtom.unused_part()
    if asked.submission is not None:
        try:
            errors = service.provide_and_register(asked.submission, documents, errors)
        except GatewayError as error:
            errors = (_refusal("Repository", error),)
    return _outcome((*errors, *asked.warnings), len(documents))


def _complete(submission: Submission, documents: Collection[str]) -> bool:
    return all(entry.entry_uuid in documents for entry in submission.entries)


def _register(service: RegistryService, request: Request, *, context: Context) -> Reply:
    asked = received.submission(request.body)
    errors = asked.errors
    count = 0 if asked.submission is None else len(asked.submission.entries)
    if asked.submission is not None:
        change = service.update if context.updates else service.register
        try:
            errors = change(asked.submission, context, errors)
        except GatewayError as error:
            errors = (_refusal("Registry", error),)
    return _outcome((*errors, *asked.warnings), count)


def _remove_metadata(service: RegistryService, request: Request) -> Reply:
    uuids = received.object_refs(request.body)
    if not uuids:
        empty = RegistryError(code="XDSRegistryError", context="the request holds no ObjectRefList with an ObjectRef")
        return _outcome((empty,), 0)
    try:
        errors = service.remove_metadata(uuids)
    except GatewayError as error:
        errors = (_refusal("Registry", error),)
    return _outcome(errors, len(uuids))


def _remove_documents(service: RegistryService, request: Request) -> Reply:
    wanted = received.document_requests(request.body)
    if not wanted:
        empty = RegistryError(code="XDSRepositoryError", context="the request holds no DocumentRequest")
        return _outcome((empty,), 0)
    try:
        removed = service.remove_documents(wanted)
    except GatewayError as error:
        return _outcome((_refusal("Repository", error),), 0)
    return _outcome(removed.errors, removed.documents, partly=removed.documents > 0)


def _outcome(errors: Sequence[RegistryError], objects: int, *, partly: bool = False) -> Reply:
    """A RegistryResponse: Success with warnings at most; *partly* says that something was done all the same."""
    found = findings.bounded(errors)
    refused = is_refused(found)
    failed = ResponseStatus.PARTIAL_SUCCESS if partly else ResponseStatus.FAILURE
    status = failed if refused else ResponseStatus.SUCCESS
    body = ebrim.write_response(RegistryResponse(status=status, errors=found))
    return Reply(body, status, found, objects=0 if refused and not partly else objects)


def _stored_query(service: RegistryService, request: Request, *, known: Collection[str]) -> Reply:
    """ITI-18 or ITI-51, by the queries that are *known* to it."""
    try:
        query = queries.read(request.body)
        if query.query_id not in known:
            raise QueryError("XDSUnknownStoredQuery", query.query_id[:64])
        answer = service.stored_query(query)
    except QueryError as error:
        return _query_failure(RegistryError(code=error.code, context=received.words(error)))
    except GatewayError as error:
        return _query_failure(_refusal("Registry", error))
    if query.return_type == queries.LEAF_CLASS:
        found = ebrim.write_object_list(answer.objects)
    else:
        found = ebrim.write_object_refs(answer.references)
    status = ResponseStatus.SUCCESS
    body = ebrim.write_query_response(RegistryResponse(status=status), found)
    return Reply(body, status, objects=answer.size)


def _query_failure(error: RegistryError) -> Reply:
    status = ResponseStatus.FAILURE
    return Reply(ebrim.write_query_response(RegistryResponse(status=status, errors=(error,))), status, (error,))


def _retrieve(service: RegistryService, request: Request) -> Reply:
    wanted = received.document_requests(request.body)
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
        content = cast(BinaryIO, held.content)
        attachments.append(Attachment(content_id, held.mime_type.partition(";")[0].strip(), content))
    reply = Reply(body, status, errors, attachments, len(attachments))
    reply.files.callback(retrieval.close)
    return reply


def _retrieval_status(retrieval: Retrieval) -> ResponseStatus:
    if not retrieval.errors:
        return ResponseStatus.SUCCESS
    return ResponseStatus.PARTIAL_SUCCESS if retrieval.documents else ResponseStatus.FAILURE


def _feed(service: RegistryService, request: Request) -> Reply:
    message = feed.read(request.body)
    if message.acceptable:
        try:
            if message.subsumed:
                service.merge_patients(message.patients[0], message.subsumed)
            else:
                service.add_patients(message.patients)
        except Unavailable as error:
            return Reply(feed.acknowledge(request.body, received.words(error), retry=True), "Busy")
    return Reply(feed.acknowledge(request.body, message.wrong), "Failure" if message.wrong else "Success")


def _refusal(side: str, error: GatewayError) -> RegistryError:
    """What an XDS answer says of a failure of this program: whether the same request may be sent again."""
    if isinstance(error, Unavailable):
        code = f"XDS{side}OutOfResources" if error.code in _NO_ROOM else f"XDS{side}Busy"
    else:
        code = f"XDS{side}Error"
    return RegistryError(code=code, context=received.words(error))


def _child(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{XDSB}}}{name}")


_SUBMIT = f"{{{LCM}}}SubmitObjectsRequest"
_QUERY_REQUEST = f"{{{QUERY}}}AdhocQueryRequest"


def _ihe(
    name: str,
    action: str,
    element: str,
    answer: Callable[[RegistryService, Request], Reply],
    *,
    multipart: bool = False,
    tells_unused: bool = False,
) -> Transaction:
    named = f"urn:ihe:iti:{action}"
    return Transaction(name, named, f"{named}Response", element, answer, multipart, tells_unused)


def by_action(*transactions: Transaction) -> Mapping[str, Transaction]:
    return {transaction.action: transaction for transaction in transactions}


OF_THE_REGISTRY = by_action(
    _ihe(
        "ITI-18", "2007:RegistryStoredQuery", _QUERY_REQUEST, partial(_stored_query, known=queries.DEFINITIONS.keys())
    ),
    _ihe(
        "ITI-51",
        "2009:MultiPatientStoredQuery",
        _QUERY_REQUEST,
        partial(_stored_query, known=queries.MULTIPLE_PATIENTS.keys()),
    ),
    _ihe("ITI-42", "2007:RegisterDocumentSet-b", _SUBMIT, partial(_register, context=Context.REGISTER)),
    _ihe(
        "ITI-61",
        "2010:RegisterOnDemandDocumentEntry",
        _SUBMIT,
        partial(_register, context=Context.REGISTER_ON_DEMAND),
    ),
    _ihe("ITI-57", "2010:UpdateDocumentSet", _SUBMIT, partial(_register, context=Context.UPDATE)),
    _ihe("ITI-92", "2018:RestrictedUpdateDocumentSet", _SUBMIT, partial(_register, context=Context.RESTRICTED_UPDATE)),
    _ihe("ITI-62", "2010:DeleteDocumentSet", f"{{{LCM}}}RemoveObjectsRequest", _remove_metadata),
    *(
        Transaction("ITI-44", f"{feed.HL7}:{name}", feed.RESPONSE_ACTION, f"{{{feed.HL7}}}{name}", _feed)
        for name in feed.MESSAGES
    ),
)
OF_THE_REPOSITORY = by_action(
    _ihe(
        "ITI-41",
        "2007:ProvideAndRegisterDocumentSet-b",
        f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest",
        _provide_and_register,
        multipart=True,
        tells_unused=True,
    ),
    _ihe("ITI-43", "2007:RetrieveDocumentSet", f"{{{XDSB}}}RetrieveDocumentSetRequest", _retrieve, multipart=True),
    _ihe("ITI-86", "2017:RemoveDocuments", f"{{{RMD}}}RemoveDocumentsRequest", _remove_documents),
)
