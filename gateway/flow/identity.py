"""Identity: a patient was corrected or merged, and nothing may stay under the wrong one.

    what an ADT tells is kept, for reports that come later too -> each publication that names the old identity is looked
    at: one under another patient's identifier is withdrawn, and made again under the right one, or held
    -> a report that comes later is published under the identifiers that hold now, or held

A report that names a national identity (INS) that is not the patient's any more is never published again as it is: the
document itself says who the patient is, and only its author may say otherwise, by a new version. A local identifier
is the site's own: what is stated beside the document follows it. What stands under the INS stays where it is when a
local identifier is merged, for the patient is the same: ``sourcePatientId`` says under which number the document was
made, and is not updated (ITI TF-3 section 4.2.3.2.22; ITI-92 counts it among what an update may not change).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.errors import InputRejected, Mismatch
from gateway.flow.deeds import anew
from gateway.flow.events import IdentityChanged
from gateway.flow.policy import Policy
from gateway.flow.ports import Published
from gateway.model.audit import AuditEvent
from gateway.model.identifiers import INS_OIDS
from gateway.model.identity import IdentityChange
from gateway.model.people import Patient
from gateway.model.share import Consequence, Deed, Share, ShareState
from gateway.model.site import Site

_LIVING = frozenset({ShareState.WAITING, ShareState.FROZEN, ShareState.SENDING, ShareState.SHARED, ShareState.HELD})


def changes(event: IdentityChanged, sites: Sequence[Site], now: datetime) -> list[IdentityChange]:
    """What *event* means for each of *sites*: those its sender speaks for, or all where nobody says for which."""
    spoken_for = [site for site in sites if event.sender in site.senders] or sites
    merged = event.into is not None
    holding = event.known or ((event.into,) if event.into is not None else (event.patient,))
    if event.into is not None and event.patient in holding:
        return []
    return [
        IdentityChange(
            site=site.name,
            identifier=event.patient,
            now=holding,
            birth_date=event.birth_date,
            sex=event.sex,
            merged=merged,
            actor=event.sender or "gateway",
            at=now,
        )
        for site in spoken_for
    ]


@dataclass(frozen=True, slots=True)
class Consequences:
    """What follows from a change for what was published."""

    published: Published
    policy: Policy
    seen: set[str] = field(default_factory=set)
    """Publications that something follows for already: one message may name several identifiers of a patient."""

    def of(self, changes: Sequence[IdentityChange]) -> list[Consequence]:
        """The shares that each change begins; nothing is written here."""
        named = self.published.publications([(change.site, change.identifier) for change in changes])
        return [self._of(change, named.get((change.site, change.identifier), ())) for change in changes]

    def _of(self, change: IdentityChange, publications: Sequence[Share]) -> Consequence:
        wrong = [
            one
            for one in publications
            if one.state in _LIVING and one.id not in self.seen and self._is_wrong(one, change)
        ]
        self.seen.update(one.id for one in wrong)
        event = AuditEvent(
            action="identity.merged" if change.merged else "identity.corrected",
            actor=change.actor,
            patient=change.identifier.cx(),
            facts={"site": change.site, "shares": str(len(wrong)), "now": ", ".join(i.cx() for i in change.now)},
        )
        shares = [share for one in wrong for share in anew(one, change.at, self.policy, change.actor)]
        return Consequence(change=change, shares=tuple(shares), events=(event,))

    def _is_wrong(self, publication: Share, change: IdentityChange) -> bool:
        """Whether *publication* stands, or would, under an identity that is not the patient's.

        A national identity that differs is wrong wherever the document went, for the document names it. A local
        identifier that is gone is wrong where the registry knows the patient by it; what has not left yet will be
        stated under the one that holds.
        """
        if publication.state is ShareState.HELD and publication.reason == "identity_corrected":
            return False
        if any(one.deed is Deed.WITHDRAW for one in self.published.amendments(publication.id)):
            return False
        named = self.published.patient_identifiers(publication.report_id)
        if change.merged and change.identifier.root in INS_OIDS:
            return True
        national = {each.root: each for each in change.now if each.root in INS_OIDS}
        if any(each.root in national and each != national[each.root] for each in named):
            return True
        if not change.merged:
            return False
        try:
            sent = self.published.frozen(publication.id).patient_id
        except InputRejected:
            return False
        return sent == change.identifier.cx() or sent.startswith(f"{change.identifier.cx()}^")


def as_it_holds(patient: Patient, known: Iterable[IdentityChange]) -> Patient:
    """*patient* with the identifiers that hold now; raises Mismatch (``identity_corrected``) when a national one does
    not hold any more: the document must be made anew.
    """
    identifiers = patient.identifiers
    for change in known:
        national = {each.root: each for each in change.now if each.root in INS_OIDS}
        gone = change.merged and change.identifier.root in INS_OIDS and change.identifier in identifiers
        if gone or any(each.root in national and each != national[each.root] for each in identifiers):
            raise Mismatch("identity_corrected")
        identifiers = change.translated(identifiers)
    return patient if identifiers == patient.identifiers else replace(patient, identifiers=identifiers)
