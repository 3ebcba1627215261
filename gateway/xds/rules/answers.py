"""What a registry or a repository answers: status and errors.

Source: ITI TF-3 section 4.2.4 and its tables.
"""

from __future__ import annotations

from lxml import etree

from gateway.xds import constants as c
from gateway.xds.constants import rim
from gateway.xds.rules import values
from gateway.xds.rules.addressing import QUERY_RESPONSE, RETRIEVED, STORED_QUERY_RESPONSE
from gateway.xds.rules.rule import ERROR, TF3, WARNING, Findings, Rule, rule

_RESPONSES = f"{TF3} 4.2.4 and tables 4.2.4.2-1 to 4.2.4.2-4"
STATUS = rule(
    "response.status",
    ERROR,
    _RESPONSES,
    "status d'une réponse vaut « {value} » ; attendu : {expected}.",
    "status of an answer is “{value}”; expected: {expected}.",
)
PARTIAL = rule(
    "response.partial",
    ERROR,
    f"{TF3} tables 4.2.4.2-1 and 4.2.4.2-2",
    "PartialSuccess n'existe pas pour {value}.",
    "PartialSuccess does not exist for {value}.",
)
NO_ERROR = rule(
    "response.without-error",
    ERROR,
    _RESPONSES,
    "La réponse « {value} » ne donne aucune erreur (RegistryError de gravité Error).",
    "The answer “{value}” gives no error (RegistryError of severity Error).",
)
ERROR_IN_SUCCESS = rule(
    "response.success-with-error",
    ERROR,
    _RESPONSES,
    "La réponse est Success et donne l'erreur {value}.",
    "The answer is Success and gives the error {value}.",
)
HIGHEST = rule(
    "response.highest-severity",
    ERROR,
    f"{TF3} 4.2.4",
    "highestSeverity vaut « {value} » ; la plus grave des erreurs est {expected}.",
    "highestSeverity is “{value}”; the most severe of the errors is {expected}.",
)
ERROR_ATTRIBUTE = rule(
    "response.error.attribute",
    ERROR,
    f"{TF3} table 4.2.4.1-1",
    "RegistryError n'a pas {attribute}.",
    "RegistryError lacks {attribute}.",
)
SEVERITY = rule(
    "response.error.severity",
    ERROR,
    f"{TF3} table 4.2.4.1-1",
    "severity vaut « {value} » ; attendu : {expected}.",
    "severity is “{value}”; expected: {expected}.",
)
ERROR_CODE = rule(
    "response.error.code",
    WARNING,
    f"{TF3} table 4.2.4.1-2",
    "errorCode « {value} » n'est pas un code d'erreur d'IHE.",
    "errorCode “{value}” is no error code of IHE.",
)
METADATA_ERROR = rule(
    "response.error.query",
    ERROR,
    f"{TF3} table 4.2.4.1-2 (no SQ, XGQ)",
    "errorCode « {value} » n'existe pas pour une requête.",
    "errorCode “{value}” does not exist for a query.",
)
RETRIEVAL_ERROR = rule(
    "response.error.retrieval",
    ERROR,
    f"{TF3} table 4.2.4.1-2 (no RS, XGR)",
    "errorCode « {value} » n'existe pas pour un retrait de document.",
    "errorCode “{value}” does not exist for a retrieval.",
)
QUERY_ERROR = rule(
    "response.error.submission",
    ERROR,
    f"{TF3} table 4.2.4.1-2 (SQ, XGQ, RS, XGR)",
    "errorCode « {value} » n'existe pas pour la transaction à laquelle cette réponse répond.",
    "errorCode “{value}” does not exist for the transaction that this answer answers.",
)
OBJECTS_IN_FAILURE = rule(
    "response.failure-with-objects",
    ERROR,
    f"{TF3} table 4.2.4.2-3 (Failure: results not returned)",
    "La réponse est Failure et porte {count} objet(s).",
    "The answer is Failure and carries {count} object(s).",
)
ERROR_CODE_MISSPELT = rule(
    "response.error.code-misspelt",
    ERROR,
    f"{TF3} table 4.2.4.1-2",
    "errorCode « {value} » ressemble à {expected} sans en être le nom.",
    "errorCode “{value}” resembles {expected} and is not its name.",
)

STATUSES = (
    "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success",
    "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure",
    c.PARTIAL_SUCCESS,
)
SEVERITIES = (c.ERROR_SEVERITY + "Error", c.ERROR_SEVERITY + "Warning")
_ONE_ACTOR = """DocumentQueued InvalidDocumentContent PartialAppendContentNotProcessed PartialFolderContentNotProcessed
PartialRelationshipContentNotProcessed PartialReplaceContentNotProcessed PartialTransformNotProcessed
PartialTransformReplaceNotProcessed UnresolvedReferenceException ReferencesExistException UnmodifiableMetadataError
XDSDocumentUniqueIdError XDSDuplicateUniqueIdInRegistry XDSExtraMetadataNotSaved XDSMissingDocument
XDSMissingDocumentMetadata XDSMissingHomeCommunityId XDSNonIdenticalHash XDSNonIdenticalSize
XDSPatientIdDoesNotMatch XDSPatientIDReconciliationError XDSRegistryDeprecatedDocumentError
XDSRegistryNotAvailable XDSReplaceFailed XDSResultNotSinglePatient XDSStoredQueryMissingParam
XDSStoredQueryParamNumber XDSTooManyResults XDSUnavailableCommunity XDSUnknownCommunity XDSUnknownPatientId
XDSUnknownRepositoryId XDSUnknownStoredQuery XDSUnreferencedObjectException XDSMetadataUpdateError
XDSMetadataUpdateOperationError XDSMetadataVersionError XDSMetadataIdentifierError XDSMetadataModelException
XDSIRequestError"""
_EACH_ACTOR = ("Busy", "Error", "MetadataError", "OutOfResources", "DuplicateUniqueIdInMessage")
ERROR_CODES = frozenset(_ONE_ACTOR.split()) | {
    f"XDS{actor}{name}" for actor in ("Registry", "Repository") for name in _EACH_ACTOR
}
_SUBMISSION_CODES = """XDSRegistryMetadataError XDSRepositoryMetadataError XDSMissingDocument
XDSMissingDocumentMetadata XDSDuplicateUniqueIdInRegistry XDSRegistryDuplicateUniqueIdInMessage
XDSRepositoryDuplicateUniqueIdInMessage XDSNonIdenticalHash XDSNonIdenticalSize XDSPatientIdDoesNotMatch
XDSRegistryDeprecatedDocumentError XDSReplaceFailed XDSExtraMetadataNotSaved InvalidDocumentContent
PartialAppendContentNotProcessed PartialFolderContentNotProcessed PartialRelationshipContentNotProcessed
PartialReplaceContentNotProcessed PartialTransformNotProcessed PartialTransformReplaceNotProcessed
XDSMetadataUpdateError XDSMetadataUpdateOperationError XDSMetadataVersionError XDSMetadataIdentifierError
XDSPatientIDReconciliationError UnmodifiableMetadataError"""
_OF_SUBMISSIONS = frozenset(_SUBMISSION_CODES.split())
_OF_RETRIEVALS = frozenset({"XDSDocumentUniqueIdError", "XDSUnknownRepositoryId", "XDSMissingHomeCommunityId"})
_NOT_OF_QUERIES = _OF_SUBMISSIONS | {
    "DocumentQueued",
    "UnresolvedReferenceException",
    "ReferencesExistException",
    "XDSUnreferencedObjectException",
    "XDSMetadataModelException",
    "XDSDocumentUniqueIdError",
    "XDSUnknownRepositoryId",
    "XDSRegistryNotAvailable",
    "XDSIRequestError",
}
_OF_BOTH = frozenset({"XDSResultNotSinglePatient"})
"""Codes of queries that a retrieval gives too."""
_UNKNOWN_PATIENT = "XDSUnknownPatientId"
"""Of submissions and of queries between communities, and not of ITI-18."""
_OF_BYTES = frozenset({"XDSMissingDocument", "InvalidDocumentContent"})
"""Codes of submissions that stacks answer of documents that they cannot give, too."""
_OF_QUERIES = frozenset(
    {
        "XDSStoredQueryMissingParam",
        "XDSStoredQueryParamNumber",
        "XDSUnknownStoredQuery",
        "XDSTooManyResults",
        "XDSResultNotSinglePatient",
    }
)
_NO_PARTIAL = (
    "ProvideAndRegister",
    "RegisterDocumentSet",
    "UpdateDocumentSet",
    "RegisterOnDemand",
    "DeleteDocumentSet",
)


def response(element: etree._Element, action: str, findings: Findings) -> None:
    """An rs:RegistryResponse or query:AdhocQueryResponse: status, errors, and both agree."""
    status = (element.get("status") or "").strip()
    if status not in STATUSES:
        findings.add(STATUS, element, value=status, expected=", ".join(STATUSES))
    if status == c.PARTIAL_SUCCESS and any(name in action for name in _NO_PARTIAL):
        findings.add(PARTIAL, element, value=action)
    errors = list(element.iter(f"{{{c.RS}}}RegistryError"))
    foreign, broken = _foreign(element, action)
    for error in errors:
        _error(error, findings)
        if (code := (error.get("errorCode") or "").strip()) in foreign:
            findings.add(broken, error, value=code)
    results = [one for held in element.iterchildren(rim("RegistryObjectList")) for one in held]
    if status == STATUSES[1] and element.tag == QUERY_RESPONSE and results:
        findings.add(OBJECTS_IN_FAILURE, element, count=str(len(results)))
    severe = [one for one in errors if (one.get("severity") or "").endswith(":Error")]
    if status in STATUSES[1:] and not severe:
        findings.add(NO_ERROR, element, value=status)
    if status == STATUSES[0] and severe:
        findings.add(ERROR_IN_SUCCESS, severe[0], value=severe[0].get("errorCode", ""))
    for error_list in element.iterchildren(f"{{{c.RS}}}RegistryErrorList"):
        highest = error_list.get("highestSeverity")
        expected = SEVERITIES[0] if severe else SEVERITIES[1]
        if highest is not None and errors and highest.strip() != expected:
            findings.add(HIGHEST, error_list, value=highest, expected=expected)


def _foreign(element: etree._Element, action: str) -> tuple[frozenset[str], Rule]:
    """The codes that an answer of this kind does not give, and the rule that it breaks with one."""
    if element.tag == QUERY_RESPONSE:
        single = action == STORED_QUERY_RESPONSE
        return _NOT_OF_QUERIES | ({_UNKNOWN_PATIENT} if single else frozenset()), METADATA_ERROR
    if (parent := element.getparent()) is not None and parent.tag == RETRIEVED:
        foreign = (_OF_SUBMISSIONS - _OF_BYTES) | (_OF_QUERIES - _OF_BOTH) | {_UNKNOWN_PATIENT}
        return foreign, RETRIEVAL_ERROR
    submits = any(name in action for name in _NO_PARTIAL[:2])
    return _OF_QUERIES | (_OF_RETRIEVALS if submits else frozenset()), QUERY_ERROR


def _error(error: etree._Element, findings: Findings) -> None:
    for name in ("errorCode", "codeContext", "severity"):
        if not (error.get(name) or "").strip():
            findings.add(ERROR_ATTRIBUTE, error, attribute=name)
    severity, code = (error.get("severity") or "").strip(), (error.get("errorCode") or "").strip()
    if severity and severity not in SEVERITIES:
        findings.add(SEVERITY, error, value=severity, expected=", ".join(SEVERITIES))
    if code and code not in ERROR_CODES:
        near = next((known for known in sorted(ERROR_CODES) if values.resembles(code, known)), "")
        findings.add(ERROR_CODE_MISSPELT if near else ERROR_CODE, error, value=code, expected=near)
