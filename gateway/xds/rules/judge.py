"""The checker: a file in, every finding out (``gateway xds check``).

A file is a SOAP envelope, an MTOM message with or without its HTTP head, or a bare ebRIM element. It is taken apart
leniently, every part is asked every rule that fits it, and all that is wrong comes in one judgement.
"""

from __future__ import annotations

import re

from lxml import etree

from gateway.errors import InputRejected
from gateway.model.document import AssociationType
from gateway.model.finding import Judgement
from gateway.trust import safexml
from gateway.xds import constants as c
from gateway.xds.constants import rim
from gateway.xds.flavours import FlavourName
from gateway.xds.rules import (
    addressing,
    answers,
    documents,
    entries,
    formats,
    manifests,
    objects,
    parts,
    requests,
    schema,
    stored_queries,
    structure,
    submission,
)
from gateway.xds.rules import french as french_rules
from gateway.xds.rules.attributes import Context
from gateway.xds.rules.objects import Objects
from gateway.xds.rules.rule import ERROR, TF3, WARNING, Findings, rule

LIMITS = safexml.Limits(size_bytes=64 * 1024 * 1024, elements=250_000)
MOST_OBJECTS = 5000
"""Of a message; one with more is invalid for that alone, so that judging takes bounded time."""
_SUBMIT = f"{{{c.LCM}}}SubmitObjectsRequest"
_RESPONSE = f"{{{c.RS}}}RegistryResponse"
_LIST = rim("RegistryObjectList")
_MESSAGES = frozenset((*addressing.ACTIONS, _LIST))
_FRENCH_MARKS = re.compile(r"\^NH$|\^IDNPS$|\^IDNST\^|\^U\^\^\^EI$")
_FRENCH_PATIENT = re.compile(r"&ISO\^NH'")
"""In a query, which names the patient once."""
_ENOUGH = 2
"""Marks of a French message from which it is one: a single one may be a slip in either direction."""

MORE = rule(
    "findings.more",
    ERROR,
    "",
    "{value} autres constats ne sont pas listés.",
    "{value} more findings are not listed.",
)
MORE_WARNINGS = rule(
    "findings.more-warnings",
    WARNING,
    "",
    "{value} autres constats ne sont pas listés.",
    "{value} more findings are not listed.",
)
TOO_MANY = rule(
    "submission.too-many",
    ERROR,
    "",
    f"Le message a {{count}} objets, au-delà des {MOST_OBJECTS} qui sont examinés.",
    f"The message has {{count}} objects, above the {MOST_OBJECTS} that are looked at.",
)
NO_LIST = rule(
    "submission.list",
    ERROR,
    f"{TF3} 4.2.1.5",
    "La soumission n'a pas exactement un RegistryObjectList ({count}).",
    "The submission does not have exactly one RegistryObjectList ({count}).",
)


def judge(content: bytes, flavour: FlavourName | None = None) -> Judgement:
    """Every finding of the message *content*; without a *flavour* it is recognised.

    Raises InputRejected (``xds_no_message``, or what ``safexml.parse`` raises) for what no rule can be asked about.
    """
    findings = Findings()
    apart = parts.take_apart(content, findings)
    root = safexml.parse(apart.root, LIMITS)
    message = addressing.unwrap(root, apart.actions, findings)
    body = message.body
    addressing.check_http(body, apart.method, apart.status, findings)
    if not message.in_soap and root.tag not in _MESSAGES:
        raise InputRejected("xds_no_message")
    chosen: FlavourName = flavour or (recognise(body) if body is not None else "ihe")
    if body is not None:
        _message(body, message.action, apart, findings, french=chosen == "dmp")
    if findings.left_out:
        broken = MORE if findings.errors_left_out else MORE_WARNINGS
        # the last word goes where there is room for it: the collector keeps its limit for everything else
        findings.close(broken, value=str(findings.left_out))
    name = etree.QName(body).localname if body is not None else ""
    return Judgement(findings=tuple(findings), about={"flavour": chosen, "message": name})


def recognise(body: etree._Element) -> FlavourName:
    """``dmp`` for a message with the marks of French national identities and names, else ``ihe``."""
    marks = 0
    for element in body.iter(rim("Value"), rim("ExternalIdentifier")):
        text = element.get("value") if element.tag == rim("ExternalIdentifier") else element.text
        marks += bool(text and _FRENCH_MARKS.search(text.strip()))
        if marks >= _ENOUGH or (text and _FRENCH_PATIENT.search(text)):
            return "dmp"
    return "ihe"


def _message(body: etree._Element, action: str, apart: parts.Apart, findings: Findings, *, french: bool) -> None:
    schema.check(body, findings)
    if body.tag == addressing.PROVIDE:
        found = documents.contents(body, apart, findings)
        for request in list(body.iterchildren(_SUBMIT))[:1]:
            _submission(request, Context.PROVIDE, found, findings, french=french)
    elif body.tag == _SUBMIT:
        _submission(body, addressing.context_of(action), None, findings, french=french)
    elif body.tag == _LIST:
        held = objects.read(body)
        _objects(held, _of_bare(held), None, findings, french=french)
    elif body.tag == addressing.QUERY_REQUEST:
        stored_queries.check(body, action, findings, french=french)
    elif body.tag == addressing.QUERY_RESPONSE:
        answers.response(body, action, findings)
        for one in list(body.iterchildren(_LIST))[:1]:
            _objects(objects.read(one), addressing.answered(action), None, findings, french=french)
    elif body.tag == _RESPONSE:
        answers.response(body, action, findings)
    elif body.tag == addressing.RETRIEVED:
        for response in body.iterchildren(_RESPONSE):
            answers.response(response, action, findings)
        requests.answer(body, apart, findings)
    elif body.tag in (addressing.RETRIEVE, addressing.REMOVE_DOCUMENTS):
        requests.named(body, findings)
    elif body.tag == addressing.RETRIEVE_IMAGING:
        requests.images(body, findings)
    elif body.tag == addressing.REMOVE:
        requests.removal(body, findings)


def _submission(
    request: etree._Element,
    context: Context,
    found: dict[str, bytes | None] | None,
    findings: Findings,
    *,
    french: bool,
) -> None:
    lists = list(request.iterchildren(_LIST))
    if len(lists) != 1:
        findings.add(NO_LIST, request, count=str(len(lists)))
    for one in lists[:1]:
        held = objects.read(one)
        stated = _of_bare(held) if context is Context.BARE else context
        _objects(held, stated, found, findings, french=french)


def _of_bare(held: Objects) -> Context:
    """What a submission without its envelope is there for: an update when it asks for something of one."""
    marks = (AssociationType.UPDATE_STATUS, AssociationType.SUBMIT_ASSOCIATION)
    asks = (one.attribute("associationType") in marks or "PreviousVersion" in one.slots for one in held.associations)
    return Context.UPDATE if any(asks) else Context.BARE


def _objects(
    held: Objects,
    context: Context,
    found: dict[str, bytes | None] | None,
    findings: Findings,
    *,
    french: bool,
) -> None:
    if (count := len(held.all)) > MOST_OBJECTS:
        findings.add(TOO_MANY, held.element, count=str(count))
        return
    structure.check(held, context, findings)
    entries.check(held, context, found or {}, findings, french=french)
    submission.check(held, context, findings, french=french)
    if found is not None:
        documents.check(held, found, findings)
    formats.check(held, found or {}, findings, french=french)
    manifests.check(held, found or {}, findings, french=french)
    if french:
        french_rules.check(held, context, findings)
