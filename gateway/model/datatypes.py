"""The data types of HL7 v3 as a CDA document writes them: codes, quantities, times, addresses, names, data.

They keep what is written, judged or not: a report is shown and built again from them. Where the header of a report is
read for sharing alone, the shorter ``Code``, ``Identifier`` and ``Timestamp`` are used; :class:`Concept` and
:class:`InstanceId` are the same with everything else that stood beside them. Text is kept with its white space
collapsed. Empty strings and empty tuples mean "not written". Source: HL7 v3 data types Release 1 (CD, II, PQ, IVL, TS,
AD, TEL, PN, ED).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from gateway.model.codes import Code
from gateway.model.identifiers import Identifier
from gateway.model.times import Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceId(Identifier):
    """An II that says more than root and extension, or that is withheld: ``null_flavor`` with an empty root.

    An II of root and extension alone is read as an ``Identifier``.
    """

    null_flavor: str = ""
    assigning_authority: str = ""
    displayable: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A short ED: words, or a reference to where they stand (``#id`` in the narrative of the section, or a URL)."""

    text: str = ""
    reference: str = ""
    media_type: str = ""
    null_flavor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualifier:
    """A CR: what a code is made more precise with; a topographic modifier, the role of a translation."""

    name: Concept | None = None
    value: Concept | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept(Code):
    """A CD with everything that stands beside the code; ``code`` is empty where only words or a nullFlavor stand."""

    system_name: str = ""
    system_version: str = ""
    original_text: Wording | None = None
    translations: tuple[Concept, ...] = ()
    qualifiers: tuple[Qualifier, ...] = ()
    null_flavor: str = ""

    def is_code(self, code: str, system: str) -> bool:
        """Whether this is *code* of *system*, whatever else it says."""
        return (self.code, self.system) == (code, system)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityTranslation:
    """A PQR: the same quantity in another unit, or in words (``concept.original_text``)."""

    value: str = ""
    concept: Concept


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A PQ: ``value`` as written (a decimal point, no rounding) and its UCUM ``unit``."""

    value: str = ""
    unit: str = ""
    null_flavor: str = ""
    translations: tuple[QuantityTranslation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityRange:
    """An IVL_PQ, such as a dose: one ``value``, or bounds. The official example gives a dose by its ``low`` alone."""

    value: Quantity | None = None
    low: Quantity | None = None
    high: Quantity | None = None
    null_flavor: str = ""

    @property
    def stated(self) -> Quantity | None:
        """The quantity to show: the value, else the lower bound, else the upper."""
        return self.value or self.low or self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """A TS as written, right or wrong."""

    value: str = ""
    null_flavor: str = ""

    @property
    def timestamp(self) -> Timestamp | None:
        """The time, or None when none is written or what is written is no time."""
        try:
            return Timestamp.parse_v3(self.value) if self.value else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A TS or IVL_TS as written: one ``value``, or ``low`` and ``high``."""

    value: str = ""
    low: Time | None = None
    high: Time | None = None
    null_flavor: str = ""
    type: str = ""
    """``xsi:type`` where the schema leaves the choice (``IVL_TS``), without its prefix."""

    @property
    def start(self) -> Timestamp | None:
        """The beginning, or the one moment."""
        return (self.low or Time(value=self.value)).timestamp

    @property
    def stop(self) -> Timestamp | None:
        """The end."""
        return self.high.timestamp if self.high else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An AD: its parts in order, named as in CDA (``houseNumber``, ``streetName``, ``postalCode``, ``city``...)."""

    parts: tuple[tuple[str, str], ...] = ()
    text: str = ""
    """What stands outside of parts."""
    use: str = ""
    null_flavor: str = ""

    def part(self, name: str) -> str:
        """The parts called *name*, joined by spaces."""
        return " ".join(value for each, value in self.parts if each == name)

    @property
    def lines(self) -> tuple[str, ...]:
        """The address as a person writes it on an envelope."""
        free = [value for name, value in self.parts if name == "streetAddressLine"]
        street = _joined(self, "houseNumber", "houseNumberNumeric", "streetNameType", "streetNameBase", "streetName")
        more = [_joined(self, name) for name in ("additionalLocator", "unitType", "unitID", "postBox")]
        town = _joined(self, "postalCode", "city")
        lines = [self.text, *free, street, *more, town, self.part("county"), self.part("state"), self.part("country")]
        return tuple(line for line in lines if line)


def _joined(address: Address, *names: str) -> str:
    return " ".join(filter(None, map(address.part, names)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Telecom:
    """A TEL: ``value`` is a URI such as ``tel:0261910042`` or ``mailto:a@b``."""

    value: str = ""
    use: str = ""
    null_flavor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """A PN; several parts of one kind are joined by a space."""

    family: str = ""
    given: str = ""
    prefix: str = ""
    suffix: str = ""
    text: str = ""
    """What stands outside of parts."""
    null_flavor: str = ""

    @property
    def label(self) -> str:
        """The name as one string: prefix, given, family, suffix."""
        return " ".join(filter(None, (self.prefix, self.given, self.family, self.suffix, self.text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A large ED: the body of a level-1 document, an image, an attached document.

    ``content`` holds the decoded bytes of a ``B64`` value, once; ``text`` holds any other value (and a base64 value
    that cannot be decoded, as it stands). Its repr shows sizes only.
    """

    media_type: str = ""
    representation: str = ""
    """``B64``, ``TXT``, or empty."""
    content: bytes = field(default=b"", repr=False)
    text: str = ""
    reference: str = ""
    language: str = ""
    compression: str = ""
    charset: str = ""
    null_flavor: str = ""

    @property
    def size_bytes(self) -> int:
        """The size of the content."""
        return len(self.content) or len(self.text.encode())

    @property
    def sha256(self) -> str:
        """The SHA-256 of the content, in hexadecimal."""
        return hashlib.sha256(self.content or self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """The ``value`` of an observation, by its ``type`` (xsi:type without prefix).

    CD, CE, CV, CO, CS fill ``concept``; PQ ``quantity``; IVL_PQ ``range``; TS, IVL_TS ``period``; ED ``media``;
    II ``identifier``; ST its ``text``; BL, INT, REAL the attribute ``value`` as ``text``.
    """

    type: str
    concept: Concept | None = None
    quantity: Quantity | None = None
    range: QuantityRange | None = None
    period: Period | None = None
    media: Media | None = None
    identifier: Identifier | None = None
    text: str = ""
    null_flavor: str = ""
    """Of an ST, BL, INT or REAL; the other types carry their own."""
