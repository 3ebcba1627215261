"""One message under judgement, and what was found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from gateway.errors import GatewayError, InputRejected
from gateway.hl7 import embedded
from gateway.hl7.er7 import Message, Segment
from gateway.hl7.order_groups import Order, orders
from gateway.hl7.profiles.document import is_document, statement_of
from gateway.hl7.profiles.grammar import Profile
from gateway.model.finding import Finding, Severity
from gateway.model.report import Order as Asked
from gateway.model.report import Report
from gateway.texts import sentence
from gateway.texts.text import Text

if TYPE_CHECKING:
    from lxml import etree

MAX_FINDINGS = 500
_MAX_VALUE_CHARACTERS = 80


class Enough(Exception):
    """There are more findings than anybody reads."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the message: its OBX, and the report when it could be read."""

    row: Segment
    report: Report | None
    error: GatewayError | None


class Case:
    """A message with its profile; collects findings."""

    def __init__(self, message: Message, profile: Profile) -> None:
        self.message = message
        self.profile = profile
        self.older = ""
        """The earlier version of the profile that the message states; empty for the present one."""
        self.findings: list[Finding] = []

    def say(
        self,
        rule: str,
        at: Segment | str,
        field: int = 0,
        /,
        *,
        repetition: int = 0,
        component: int = 0,
        subcomponent: int = 0,
        severity: Severity = Severity.ERROR,
        err3: str = "207",
        err5: str = "",
        source: str = "",
        value: str | None = None,
        expected: str | None = None,
        **facts: str,
    ) -> None:
        """Note a finding; the sentence is that of ``rule_hl7_<rule>``. Raises :class:`Enough`."""
        if len(self.findings) >= MAX_FINDINGS:
            raise Enough
        name = at[:3] if isinstance(at, str) else at.name
        path = _path(at, field, repetition, component, subcomponent)
        shown = None if value is None else value[:_MAX_VALUE_CHARACTERS]
        dotted = (
            f"{name}-{field}" + (f".{component}" if component else "") + (f".{subcomponent}" if subcomponent else "")
        )
        filled = {"segment": name, "field": dotted, "value": shown or "", "expected": expected or "", **facts}
        key = f"rule_hl7_{rule.replace('-', '_')}"
        more = {"segment": name, "field": dotted if field else "", "err3": err3}
        self.findings.append(
            Finding(
                rule=rule,
                severity=severity,
                path=path,
                message=Text(sentence(key, filled, "fr"), sentence(key, filled, "en")),
                source=source or self.profile.source,
                value=shown,
                expected=expected,
                more={**more, "err5": err5} if err5 else more,
            )
        )

    @cached_property
    def orders(self) -> tuple[Order, ...]:
        """The segments from each ORC to the next."""
        return orders(self.message)

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """Every document of the message, read as far as it can be."""
        return tuple(self._read(row) for row in self.message.all("OBX") if is_document(row))

    def _read(self, row: Segment) -> Document:
        from gateway.cda.read import read_document
        from gateway.trust import safexml

        try:
            root = safexml.parse(embedded.content(self.message, row))
            report = read_document(root)
        except GatewayError as error:
            return Document(row, None, error)
        return Document(row, replace(report, orders=_orders(root)), None)

    @property
    def is_first_edition(self) -> bool:
        """Whether the message states a version 1: fewer observations, and neither sender nor recipients (PRT)."""
        return self.older.startswith("1.")

    def statement_of(self, row: Segment) -> str:
        """The name of a metadata observation; one of an earlier version is known where the message states that."""
        return statement_of(row, earlier=bool(self.older))

    def value_of(self, name: str, field: int, component: int = 1) -> str:
        """A value of the first segment of that name."""
        segment = self.message.first(name)
        return segment.text(field, component) if segment else ""


def _orders(root: etree._Element) -> tuple[Asked, ...]:
    """The numbers that the document gives of its orders; what is wrong with one is told where reports are judged."""
    from gateway.cda import acts

    try:
        return acts.orders(root.findall("{urn:hl7-org:v3}inFulfillmentOf"))
    except GatewayError:
        return ()


def components(segment: Segment, field: int, repetition: int = 1) -> tuple[str, ...]:
    """The first components of a repetition, decoded; empty ones at the end left out."""
    values = [segment.text(field, number, 0, repetition) for number in range(1, 24)]
    while values and not values[-1]:
        values.pop()
    return tuple(values)


def _path(segment: Segment | str, field: int, repetition: int, component: int, subcomponent: int) -> str:
    if isinstance(segment, str):
        return segment
    parts = [segment.name, str(segment.sequence)]
    if field:
        parts.append(str(field))
        if repetition or component:
            parts.append(str(repetition or 1))
        if component:
            parts.append(str(component))
        if subcomponent:
            parts.append(str(subcomponent))
    return "^".join(parts)


def refused(error: InputRejected) -> tuple[str, str]:
    """ERR-3 and place of a refusal of the reader."""
    return error.hl7_code, error.place
