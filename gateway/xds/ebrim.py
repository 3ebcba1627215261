"""XDS metadata as ebRIM 3.0 XML, both ways, and the answers of registries and repositories.

``write`` and ``read`` are inverse for what the model holds. Nothing here parses bytes or opens a socket: elements come
from ``gateway.trust.safexml`` and leave to the SOAP layer.

Sources: ITI TF-3 sections 4.2.1 (objects), 4.2.3 (attributes), 4.2.4 (errors), 4.2.5 (UUIDs); OASIS ebRS 3.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from gateway.errors import InputRejected
from gateway.model.document import RegistryError, Submission
from gateway.xds import _ebrim_read, _ebrim_write
from gateway.xds import constants as c
from gateway.xds._ebrim_elements import inner_text
from gateway.xds._ebrim_read import Reading

__all__ = [
    "Reading",
    "RegistryResponse",
    "ResponseStatus",
    "read",
    "read_object_refs",
    "read_response",
    "read_whole",
    "write",
    "write_object_list",
    "write_object_refs",
    "write_query_response",
    "write_response",
]

_REGISTRY_RESPONSE = f"{{{c.RS}}}RegistryResponse"
_QUERY_RESPONSE = f"{{{c.QUERY}}}AdhocQueryResponse"


class ResponseStatus(StrEnum):
    """status of an answer (ITI TF-3 section 4.2.4.2)."""

    SUCCESS = c.RESPONSE_STATUS + "Success"
    FAILURE = c.RESPONSE_STATUS + "Failure"
    PARTIAL_SUCCESS = c.PARTIAL_SUCCESS


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryResponse:
    """What a registry or repository answered: ``status`` (:class:`ResponseStatus`) and the errors with it."""

    status: str
    errors: tuple[RegistryError, ...] = ()

    @property
    def success(self) -> bool:
        """Whether everything that was asked was done; warnings may stand beside it."""
        return self.status == ResponseStatus.SUCCESS

    @property
    def contradicts(self) -> bool:
        """Whether it says that all was done and names an error too, which no answer may (section 4.2.4.2)."""
        return self.success and any(error.severity.lower() == "error" for error in self.errors)


def write(submission: Submission) -> etree._Element:
    """The lcm:SubmitObjectsRequest of *submission*; ids of its parts are symbolic.

    Raises ValueError when two objects share an id or a text holds a character that XML cannot carry.
    """
    root = etree.Element(f"{{{c.LCM}}}SubmitObjectsRequest", nsmap=c.PREFIXES)
    _ebrim_write.object_list(submission, symbolic=True, parent=root)
    return root


def write_object_list(submission: Submission) -> etree._Element:
    """The rim:RegistryObjectList of whole objects (returnType LeafClass); raises as :func:`write`.

    The ids of classifications and external identifiers are UUIDs made from their object's, the same in every answer.
    """
    return _ebrim_write.object_list(submission, symbolic=False)


def write_object_refs(ids: Iterable[str], home: str = "") -> etree._Element:
    """The rim:RegistryObjectList of references (returnType ObjectRef); *home* is the homeCommunityId, or empty."""
    return _ebrim_write.object_refs(ids, home)


def read(element: etree._Element) -> Submission:
    """The objects of an lcm:SubmitObjectsRequest (or what wraps it), a rim:RegistryObjectList or an AdhocQueryResponse.

    An answer without a list holds nothing. A submission is held to more: a reference id that is no CXi is refused
    there, and kept among the extra slots of an answer's entry. Raises InputRejected ``registry_metadata`` (a mandatory
    part is missing) or ``registry_metadata_value`` (a part cannot be read), whose ``place`` is the object and whose
    facts are ``attribute`` and ``object`` (its id).
    """
    return read_whole(element).submission


def read_whole(element: etree._Element) -> Reading:
    """:func:`read`, and whether the objects hold everything that was said of them."""
    found = _ebrim_read.registry_object_list(element)
    if found is None:
        return Reading(Submission(), True)
    return _ebrim_read.objects(found, strict=element is not found and element.tag != _QUERY_RESPONSE)


def read_object_refs(element: etree._Element) -> tuple[str, ...]:
    """The ids of the ObjectRefs of a rim:RegistryObjectList or an AdhocQueryResponse; raises as :func:`read`."""
    found = _ebrim_read.registry_object_list(element)
    return () if found is None else _ebrim_read.object_refs(found)


def write_response(response: RegistryResponse) -> etree._Element:
    """The rs:RegistryResponse of *response*."""
    return _response(_REGISTRY_RESPONSE, response)


def write_query_response(response: RegistryResponse, object_list: etree._Element | None = None) -> etree._Element:
    """The query:AdhocQueryResponse of *response* with *object_list*, which moves into it; none is an empty one.

    The schema wants a list in every answer, a failure's too.
    """
    root = _response(_QUERY_RESPONSE, response)
    root.append(write_object_refs(()) if object_list is None else object_list)
    return root


def read_response(element: etree._Element) -> RegistryResponse:
    """The status and errors of an rs:RegistryResponse, a query:AdhocQueryResponse or an answer that wraps the former.

    Status and severity are read with or without their URN. Raises InputRejected ``registry_metadata`` when *element*
    is no answer or has no status.
    """
    if element.tag not in (_REGISTRY_RESPONSE, _QUERY_RESPONSE):
        inner = element.find(_REGISTRY_RESPONSE)
        if inner is None:
            raise InputRejected("registry_metadata", place="RegistryResponse", attribute="RegistryResponse", object="")
        element = inner
    status = (element.get("status") or "").strip()
    if not status:
        raise InputRejected("registry_metadata", place="RegistryResponse", attribute="status", object="")
    by_name = {_last(known): known.value for known in ResponseStatus}
    errors = tuple(
        _error(child)
        for error_list in element.iterchildren(f"{{{c.RS}}}RegistryErrorList")
        for child in error_list.iterchildren(f"{{{c.RS}}}RegistryError")
    )
    return RegistryResponse(status=by_name.get(_last(status), status), errors=errors)


def _error(element: etree._Element) -> RegistryError:
    context = (element.get("codeContext") or "").strip() or inner_text(element)
    return RegistryError(
        code=(element.get("errorCode") or "").strip(),
        context=context,
        severity=_last((element.get("severity") or "").strip()) or "Error",
        location=(element.get("location") or "").strip(),
    )


def _response(tag: str, response: RegistryResponse) -> etree._Element:
    root = etree.Element(tag, {"status": str(response.status)}, nsmap=c.PREFIXES)
    if not response.errors:
        return root
    error_list = etree.SubElement(root, f"{{{c.RS}}}RegistryErrorList")
    highest = "Error" if any(error.severity == "Error" for error in response.errors) else "Warning"
    error_list.set("highestSeverity", c.ERROR_SEVERITY + highest)
    for error in response.errors:
        attributes = {"errorCode": error.code, "codeContext": error.context, "severity": _severity(error.severity)}
        if error.location:
            attributes["location"] = error.location
        etree.SubElement(error_list, f"{{{c.RS}}}RegistryError", attributes)
    return root


def _severity(text: str) -> str:
    return c.ERROR_SEVERITY + _last(text)


def _last(urn: str) -> str:
    return urn.rpartition(":")[2]
