"""The one table of a share's life.

Everything that moves a share is here: what it is to do (its deed), where it stands, what happened, what that leads to.
The stories do the work and then ask :func:`after`; a pair that is not in the table is a bug of ours, or something that
a person may not do, and is refused by name, so a new happening cannot slip in without a decision about every state.

A report waits until each of its studies was seen twice with the same instances; then its documents and metadata are
frozen; then it is marked as *sending* before the first byte leaves, because from that moment only the registry knows
whether it has arrived; it ends as shared, or is held until a person has looked and takes it up again: from the
beginning when nothing was fixed, else where the registry is asked first. What is shared ends as superseded, when its
replacement is registered, or as withdrawn.

A withdrawal or a correction freezes nothing: it asks the registry each time for what it changes, so that doing it
twice does what doing it once does; a correction looks at the PACS each time too, and waits until it is done. What has
not left is taken back without a word to the registry.

``scripts/states`` draws it into ``docs/life.md``; a test keeps the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.share import Deed, ShareState


class Happening(StrEnum):
    """What can happen to a share."""

    STUDY_INCOMPLETE = "the study is absent, or changed between two looks"
    PACS_AWAY = "the PACS did not answer, or answered nonsense"
    MANIFEST_UNDER_WAY = "another share is publishing the manifest of the same study"
    PREDECESSOR_AWAITED = "what it amends has not come, or is not out yet"
    NOTHING_TO_SEND = "everything that would be published is registered already"
    FROZEN = "the study is whole and the submission was fixed"
    DEPARTURE = "the submission is about to leave"
    UNANSWERED = "the registry did not answer, or asked to come back later"
    REGISTERED = "the registry has done what was asked"
    REFUSED = "the registry refused"
    MISMATCH = "two sources disagree, or a required value cannot be known"
    TOO_LATE = "the deadline has passed"
    REPLACED = "what takes its place is registered"
    TAKEN_BACK = "it is withdrawn, or made again under another identity"
    NEVER_LEFT = "what it withdraws has never left"
    NOTHING_LOST = "what the PACS had lost of a published study is there again, or was rejected since"
    TAKEN_UP = "a person takes it up again, and nothing was fixed yet"
    SENT_AGAIN = "a person takes it up again, and it may have left already"
    GIVEN_UP = "a person gives it up"


S, H, D = ShareState, Happening, Deed


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table."""

    deeds: frozenset[Deed]
    state: ShareState
    happening: Happening
    next: ShareState
    guard: str = ""
    """What must be so, in words; the stories see to it."""
    action: str = ""
    """What is done with it, in the same transaction unless it says otherwise."""


EVERY = frozenset(Deed)
PUBLISHING = frozenset({D.PUBLISH, D.MANIFEST})
"""Deeds that bring new documents."""
UNFROZEN = frozenset({D.WITHDRAW, D.MANIFEST})
"""Deeds that may leave without anything frozen; a manifest does when nothing is left of its study."""
ONLY_MANIFEST = frozenset({D.MANIFEST})
ONLY_WITHDRAW = frozenset({D.WITHDRAW})
ONLY_CORRECT = frozenset({D.CORRECT})
LEAVING = EVERY - ONLY_CORRECT
STAYING = EVERY - ONLY_WITHDRAW

RULES = (
    # a report waits for its images, an amendment for what it amends
    Rule(PUBLISHING | {D.CORRECT}, S.WAITING, H.STUDY_INCOMPLETE, S.WAITING, action="looked at again"),
    Rule(PUBLISHING | {D.CORRECT}, S.WAITING, H.PACS_AWAY, S.WAITING, action="tried again, later each time"),
    Rule(PUBLISHING, S.WAITING, H.MANIFEST_UNDER_WAY, S.WAITING, action="looked at again"),
    Rule(EVERY, S.WAITING, H.PREDECESSOR_AWAITED, S.WAITING, action="looked at when it comes, or at the deadline"),
    Rule(EVERY, S.WAITING, H.UNANSWERED, S.WAITING, "the registry was asked", "asked again, later each time"),
    Rule(EVERY, S.WAITING, H.REFUSED, S.HELD, "the registry was asked", "a person is told, in the registry's words"),
    Rule(STAYING, S.WAITING, H.NOTHING_TO_SEND, S.SHARED),
    Rule(ONLY_WITHDRAW, S.WAITING, H.NEVER_LEFT, S.WITHDRAWN, "the target may not have left", "the target: withdrawn"),
    Rule(EVERY, S.WAITING, H.MISMATCH, S.HELD, action="a person is told"),
    Rule(EVERY, S.WAITING, H.TOO_LATE, S.HELD, action="a person is told"),
    # it is fixed, and leaves
    Rule(PUBLISHING, S.WAITING, H.FROZEN, S.FROZEN, action="bytes, unique ids and metadata are kept"),
    Rule(PUBLISHING, S.FROZEN, H.DEPARTURE, S.SENDING, action="then it is sent"),
    Rule(UNFROZEN, S.WAITING, H.DEPARTURE, S.SENDING, "the target is registered", "then the registry is told"),
    Rule(ONLY_CORRECT, S.WAITING, H.REGISTERED, S.SHARED, "the registry was asked", "it was told what differs"),
    Rule(LEAVING, S.SENDING, H.UNANSWERED, S.SENDING, action="asked first, then tried again, later each time"),
    Rule(PUBLISHING, S.SENDING, H.REGISTERED, S.SHARED, action="what it replaces: superseded"),
    Rule(ONLY_WITHDRAW, S.SENDING, H.REGISTERED, S.WITHDRAWN, action="the target: withdrawn"),
    Rule(LEAVING, S.SENDING, H.REFUSED, S.HELD, action="a person is told, in the registry's words"),
    Rule(LEAVING, S.SENDING, H.TOO_LATE, S.HELD, action="a person is told"),
    # what comes after it
    Rule(PUBLISHING, S.SHARED, H.REPLACED, S.SUPERSEDED),
    Rule(PUBLISHING, S.WAITING, H.REPLACED, S.SUPERSEDED, "it came after what replaces it", "nothing is ever sent"),
    Rule(PUBLISHING, S.HELD, H.REPLACED, S.SUPERSEDED, "once frozen: the registry was asked, and has it not"),
    Rule(PUBLISHING, S.HELD, H.REGISTERED, S.SHARED, "the registry was asked for its replacement, and has it"),
    Rule(PUBLISHING, S.SHARED, H.TAKEN_BACK, S.WITHDRAWN),
    Rule(PUBLISHING, S.WAITING, H.TAKEN_BACK, S.WITHDRAWN, action="nothing is ever sent"),
    Rule(PUBLISHING, S.SENDING, H.TAKEN_BACK, S.WITHDRAWN, "the registry was asked, and has it not"),
    Rule(PUBLISHING, S.FROZEN, H.TAKEN_BACK, S.WITHDRAWN, action="nothing is ever sent"),
    Rule(PUBLISHING, S.HELD, H.TAKEN_BACK, S.WITHDRAWN, "once frozen: the registry was asked whether it has it"),
    Rule(ONLY_MANIFEST, S.HELD, H.NOTHING_LOST, S.WAITING, "it was held for that loss", "new patience"),
    # what a person does
    Rule(EVERY, S.HELD, H.TAKEN_UP, S.WAITING, "nothing was frozen, or the registry has it not", "new patience"),
    Rule(PUBLISHING, S.HELD, H.SENT_AGAIN, S.SENDING, "something was frozen", "the registry is asked first"),
    Rule(EVERY, S.WAITING, H.GIVEN_UP, S.ABANDONED, action="with a reason"),
    Rule(PUBLISHING, S.FROZEN, H.GIVEN_UP, S.ABANDONED, action="with a reason"),
    Rule(EVERY, S.HELD, H.GIVEN_UP, S.ABANDONED, action="with a reason"),
)

TABLE: dict[tuple[Deed, ShareState, Happening], ShareState] = {
    (deed, rule.state, rule.happening): rule.next for rule in RULES for deed in rule.deeds
}

FINAL = frozenset({S.SHARED, S.HELD, S.SUPERSEDED, S.WITHDRAWN, S.ABANDONED})
"""States in which nothing is due until something happens from outside."""


class Refused(Exception):
    """This cannot happen to a share with that deed in that state."""

    def __init__(self, state: ShareState, happening: Happening, deed: Deed) -> None:
        super().__init__(f"a share ({deed.value}) that is {state.value} cannot meet: {happening.value}")
        self.state = state
        self.happening = happening
        self.deed = deed


def after(state: ShareState, happening: Happening, deed: Deed = Deed.PUBLISH) -> ShareState:
    """The state that follows; raises :class:`Refused` when the table has no such line."""
    try:
        return TABLE[deed, state, happening]
    except KeyError:
        raise Refused(state, happening, deed) from None


def diagram(deed: Deed) -> str:
    """The life of a share with *deed* as a Mermaid state diagram; one arrow a line of the table."""
    lines = ["stateDiagram-v2", "    [*] --> waiting"]
    for rule in RULES:
        if deed in rule.deeds:
            guard = f" [{rule.guard}]" if rule.guard else ""
            lines.append(f"    {rule.state.value} --> {rule.next.value} : {rule.happening.value}{guard}")
    ends = dict.fromkeys(rule.next for rule in RULES if deed in rule.deeds and rule.next in FINAL - {S.HELD})
    return "\n".join([*lines, *(f"    {end.value} --> [*]" for end in ends)])


def listing() -> str:
    """The whole table as Markdown."""
    rows = ["| deed | state | what happened | next state | when | what is done |", "|---|---|---|---|---|---|"]
    for rule in RULES:
        deeds = "every" if rule.deeds == EVERY else ", ".join(deed.value for deed in Deed if deed in rule.deeds)
        cells = (deeds, rule.state.value, rule.happening.value, rule.next.value, rule.guard, rule.action)
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


BEGIN, END = "<!-- the state table: scripts/states writes it -->", "<!-- end of the state table -->"


def drawn(page: str) -> str:
    """*page* with the diagrams and the table between its two marks; raises ValueError for a page without them."""
    before, _, rest = page.partition(BEGIN)
    _, mark, after_it = rest.partition(END)
    if not mark:
        raise ValueError("the page has no place for the table")
    diagrams = (f"### `{deed.value}`\n\n```mermaid\n{diagram(deed)}\n```" for deed in Deed)
    return "\n\n".join([f"{before}{BEGIN}", *diagrams, listing(), f"{END}{after_it}"])
