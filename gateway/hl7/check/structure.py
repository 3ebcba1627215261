"""Do the segments stand as the profile writes? Missing ones, repeated ones, ones out of their place.

A segment that the structure does not know is passed over with a warning (the profile: what is not in its tables need
not be handled), and a local one (Z..) without a word.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.hl7.check.case import Case
from gateway.hl7.er7 import Segment
from gateway.hl7.profiles.grammar import Group, Row
from gateway.model.finding import Severity


def check(case: Case) -> None:
    """Say what is wrong with the segments of a message."""
    grammar, source = case.profile.grammar, case.profile.structure_source
    known = grammar.names
    for segment in case.message.segments:
        if segment.name not in known and not segment.name.startswith("Z"):
            case.say("segment-unknown", segment, severity=Severity.WARNING, err3="199", source=source)
    matcher = _Matcher([segment for segment in case.message.segments if segment.name in known])
    matcher.group(grammar, frozenset())
    matcher.rest()
    _report(case, matcher, source)


def _report(case: Case, matcher: _Matcher, source: str) -> None:
    """A segment that is missing at one place and stands at another is out of order, and said once."""
    misplaced = {segment.name for segment in matcher.misplaced}
    for name, before in matcher.missing:
        if name not in misplaced:
            case.say("segment-missing", f"{name}^{before}", err3="100", source=source, segment=name)
    missing = {name for name, _ in matcher.missing}
    for segment in matcher.misplaced:
        order = segment.name in missing or segment.sequence == 1 or segment in matcher.late
        rule, err3 = ("segment-order", "100") if order else ("segment-repeated", "198")
        case.say(rule, segment, err3=err3, source=source)


_COMMENT = "NTE"
"""One that stands right before a segment that is due is out of its place itself: nothing is missing."""

_PARTICIPATION = "PRT"
"""Stands behind its OBX and before the NTE of that (CI-SIS "Transmission d'un document CDA R2 en HL7 v2" 2.1, as HL7
v2.9 has it). One that comes later is out of its place: no OBX is missing there."""


@dataclass
class _Matcher:
    """Walks along the segments and the grammar together; never back."""

    segments: list[Segment]

    def __post_init__(self) -> None:
        self.at = 0
        self.missing: list[tuple[str, int]] = []
        self.misplaced: list[Segment] = []
        self.late: list[Segment] = []
        """Of those that are misplaced: behind what they belong before, in the same group."""
        self._seen: dict[str, int] = {}

    @property
    def name(self) -> str:
        """The name of the segment that is looked at; empty at the end."""
        return self.segments[self.at].name if self.at < len(self.segments) else ""

    def group(self, group: Group, follow: frozenset[str]) -> None:
        """One occurrence of a group; *follow*: what may come behind it."""
        members = group.members
        behind = [follow] * (len(members) + 1)
        for index in range(len(members) - 1, -1, -1):
            member = members[index]
            behind[index] = behind[index + 1] | ({member.name} if isinstance(member, Row) else member.names)
        for index, member in enumerate(members):
            after = behind[index + 1]
            if isinstance(member, Row):
                self._row(member, after)
            else:
                self._occurrences(member, after)

    def rest(self) -> None:
        """Whatever no member has taken."""
        while self.name:
            self._skip()

    def _row(self, row: Row, after: frozenset[str]) -> None:
        taken = 0
        while True:
            if self.name == row.name and (row.repeats or not taken):
                self._take()
                taken += 1
            elif self.name and self._in_the_way(row, after, taken):
                self._skip()
            else:
                break
        if row.required and not taken:
            self.missing.append((row.name, self._seen.get(row.name, 0) + 1))

    def _in_the_way(self, row: Row, after: frozenset[str], taken: int) -> bool:
        """Whether the segment can be taken by nothing from here on."""
        if self.name == row.name:
            return taken > 0 and row.name not in after
        strayed = self.name == _COMMENT and self._next == row.name
        return row.required and not taken and (strayed or self.name not in after)

    def _occurrences(self, group: Group, after: frozenset[str]) -> None:
        inside = after | group.names if group.repeats else after
        done = 0
        while self._begins(group, after, done):
            before = self.at
            self.group(group, inside)
            done += 1
            if self.at == before or not group.repeats:
                break
        if not done and group.required:
            self.group(group, inside)

    def _begins(self, group: Group, after: frozenset[str], done: int) -> bool:
        if self.name in group.first:
            return True
        while self.name and (self._strays(group, after, done) or self._comes_late(group, done)):
            self._skip()
        return self.name in group.first or (self.name in group.names and self.name not in after)

    def _strays(self, group: Group, after: frozenset[str], done: int) -> bool:
        """Whether the segment, by which the group would begin, belongs neither into it nor behind it."""
        if self.name == _COMMENT and self._next in group.first:
            return self.name not in group.first | after
        return group.required and not done and self.name not in after | group.names

    def _comes_late(self, group: Group, done: int) -> bool:
        """Whether the segment is a PRT behind the NTE of the same OBX."""
        late = done > 0 and self.name == _PARTICIPATION and _PARTICIPATION in group.names
        if late:
            self.late.append(self.segments[self.at])
        return late

    @property
    def _next(self) -> str:
        """The name of the segment behind the one that is looked at."""
        return self.segments[self.at + 1].name if self.at + 1 < len(self.segments) else ""

    def _take(self) -> None:
        name = self.name
        self._seen[name] = self._seen.get(name, 0) + 1
        self.at += 1

    def _skip(self) -> None:
        self.misplaced.append(self.segments[self.at])
        self._take()
