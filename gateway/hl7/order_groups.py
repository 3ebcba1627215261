"""The groups of segments that begin with an ORC: one order each (HL7 v2.5.1 sections 4.4.1 and 7.3.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.hl7.er7 import Message, Segment

Order = tuple[Segment, ...]


def orders(message: Message) -> tuple[Order, ...]:
    """The segments from each ORC to the next, or to the end."""
    starts = [index for index, segment in enumerate(message.segments) if segment.name == "ORC"]
    ends = [*starts[1:], len(message.segments)]
    return tuple(message.segments[start:end] for start, end in zip(starts, ends, strict=False))


def of(order: Sequence[Segment], name: str) -> Segment | None:
    """The first segment of that name in an order."""
    return next((segment for segment in order if segment.name == name), None)


def all_of(order: Sequence[Segment], name: str) -> Iterator[Segment]:
    """The segments of that name in an order."""
    return (segment for segment in order if segment.name == name)
