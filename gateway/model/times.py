"""Points in time as HL7 writes them (TS): digits of falling significance, then perhaps a zone.

Sources: HL7 v3 data type TS; HL7 v2.5 section 2.A.77; ITI TF-3 table 4.2.3.1.7-2 (DTM is in UTC).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_TS = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\.\d{1,6})?([+-]\d{4}|Z)?", re.ASCII)
_ZONE_OF_HOURS = re.compile(r"[+-]\d\d\Z", re.ASCII)
_FARTHEST_MINUTES = 14 * 60
"""How far a zone may be from UTC (ISO 8601 as XML Schema has it, dateTime)."""
_DIGITS = (4, 6, 8, 10, 12, 14)


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A time with the precision it was written in.

    ``moment`` is naive when no zone was written; ``digits`` tells the precision (4 a year, 8 a day, 14 a second).
    """

    moment: datetime
    digits: int
    fraction: str = ""
    """Digits of a fraction of a second, as written; ``moment`` is without it."""

    @classmethod
    def parse(cls, text: str) -> Timestamp:
        """Read ``YYYY[MM[DD[HH[MM[SS[.f]]]]]][+ZZZZ]``; raises ValueError when it is not a real date and time."""
        match = _TS.fullmatch(text.strip())
        if match is None:
            raise ValueError("not a time stamp of HL7")
        parts = [int(part) for part in match.groups()[:6] if part is not None]
        full = parts + [1, 1, 0, 0, 0][len(parts) - 1 :]
        zone = match.group(8)
        return cls(datetime(*full, tzinfo=_zone(zone)), _DIGITS[len(parts) - 1], (match.group(7) or "")[1:])  # type: ignore[misc, arg-type]

    @classmethod
    def parse_v3(cls, text: str) -> Timestamp:
        """Read a TS of HL7 v3, whose zone may say its hours alone (``+02``); raises ValueError as :meth:`parse`.

        Source: HL7 v3 Data Types (abstract) R1, TS, literal form: digits for the hours and minutes, UTC being "+00".
        """
        return cls.parse(f"{text}00" if _ZONE_OF_HOURS.search(text) else text)

    @property
    def hl7(self) -> str:
        """The TS that was read: digits in the precision given, the fraction, the zone (``Z`` becomes ``+0000``)."""
        text = self.moment.strftime("%Y%m%d%H%M%S").rjust(14, "0")[: self.digits]
        return text + (f".{self.fraction}" if self.fraction else "") + self.moment.strftime("%z")

    def aware(self, default: tzinfo) -> datetime:
        """The moment with a zone: its own, or *default* (the site's) when none was written."""
        return self.moment if self.moment.tzinfo is not None else self.moment.replace(tzinfo=default)

    def dtm(self, default: tzinfo) -> str:
        """The XDS form: digits in UTC, in the precision given (a date alone stays that date)."""
        if self.digits <= 8:
            return self.moment.strftime("%Y%m%d")[: self.digits]
        return self.aware(default).astimezone(UTC).strftime("%Y%m%d%H%M%S")[: self.digits]


def _zone(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    if int(text[3:5]) > 59 or minutes > _FARTHEST_MINUTES:
        raise ValueError("no zone of the world")
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
