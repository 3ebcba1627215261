"""Share: from a report that arrives to a report and its images that a registry has.

    a report arrives, is read, judged and kept, and only then acknowledged (``accept.py``)
    -> each of its studies is looked at until two looks agree -> patient and accession number must agree
    -> manifests are built, links put in, everything is frozen -> the submission leaves -> the registry has it
    (:meth:`Sharing.carry`, one step at a time, each step committed before the next begins).

Nothing here touches a socket, a file or a database; the ports of ``flow/ports`` do.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from lxml import etree

from gateway.cda import link, pdf_links
from gateway.errors import Mismatch, PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.flow import agree
from gateway.flow.amend import Amending, OtherPatient
from gateway.flow.by_hand import ByHand, stated, stated_by_hand
from gateway.flow.carrying import audit, moved
from gateway.flow.deeds import amendment
from gateway.flow.manifest import Material, Plan, held_now, in_place_of_former, kept_bytes, plan
from gateway.flow.remake import Remaking
from gateway.flow.states import Happening
from gateway.model.link import national_url
from gateway.model.report import Statements
from gateway.model.share import Deed, Publication, Share, ShareState

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Sharing(Amending, Remaking, ByHand):
    """The story of the report; what comes after it is in ``amend.py``, what people do in ``by_hand.py``."""

    def carry(self, share: Share) -> Share:
        """Take a claimed share as far as it goes now, and give it back to the store.

        Every failure of a peer ends in a saved state; only Unavailable (our own store) and bugs come out, and then
        the lease runs out and another try begins where the last saved state stands.
        """
        while share.lease:
            share = self._step(share)
        return share

    def _step(self, share: Share) -> Share:
        """One step; the share that comes back has its lease while there is more to do now."""
        if share.deed is Deed.WITHDRAW:
            return self.take_back(share)
        if share.deed is Deed.CORRECT:
            return self.restate(share)
        if share.deed is Deed.MANIFEST and (share.state is ShareState.WAITING or share.target):
            return self.remake(share)
        if share.state is ShareState.WAITING:
            ended = self.await_parent(share)
            if ended is not None:
                return ended
            found = self.material(share)
            return found if isinstance(found, Share) else self._freeze(share, found)
        if share.state is ShareState.FROZEN:
            return self._depart(share)
        return self._ask_then_send(share)

    # .. the study is awaited

    def _wanted(self, share: Share, statements: Statements) -> None:
        """What the sender said of the DMP binds (CI-SIS, MetaDMPMSS); raises Mismatch."""
        if self.flavours[share.destination] != "dmp":
            return
        if statements.to_dmp is False:
            raise Mismatch("sender_says_not_dmp")
        if statements.secret_connection:
            raise Mismatch("secret_connection_not_supported_yet")

    def material(self, share: Share) -> Material | Share:
        """The report and its studies, when two looks agree; else the share, saved: it waits, or is held."""
        stored = self.store.report(share.report_id)
        content = kept_bytes(self, stored.digest)
        if content is None:
            return self.hold(share, Happening.MISMATCH, Mismatch("report_erased"))
        report = self.report_in(content, stored.digest)
        site = self.sites[share.site].at(share.destination)
        try:
            self._wanted(share, stored.statements)
            report = stated(held_now(self, stored, report), stated_by_hand(self, share, stored.id))
        except Mismatch as error:
            return self.hold(share, Happening.MISMATCH, error)
        try:
            exams = [(uid, self.pacs[site.pacs].study(uid)) for uid in report.study_uids]
        except (PeerUnreachable, PeerRefused, PeerMisbehaved) as error:
            return self.wait(share, Happening.PACS_AWAY, error.code, error.facts)
        absent = [uid for uid, exam in exams if exam is None or not exam.instances]
        if absent:
            return self.wait(share, Happening.STUDY_INCOMPLETE, "study_absent", {"study": absent[0]})
        found = [exam for _, exam in exams if exam is not None]
        try:
            paired = [(exam, agree.report_and_exam(report, exam, site)) for exam in found]
        except Mismatch as error:
            return self.hold(share, Happening.MISMATCH, error)
        look = {exam.study_uid: exam.fingerprint for exam in found}
        if look != share.progress:
            return self.wait(share, Happening.STUDY_INCOMPLETE, "study_settling", {}, progress=look)
        if any(agree.names_differ(report.patient, exam) for exam in found):
            log.warning("share.names_differ", share=share.id)
        return Material(site, stored, report, content, paired)

    def _freeze(self, share: Share, material: Material) -> Share:
        now = self.clock.now()
        root = self.parse(material.content)
        try:
            made: Plan | None = Plan()
            if "kos" in material.site.publish:
                made = plan(self, share, material, now)
            if made is None:
                return self.wait(share, Happening.MANIFEST_UNDER_WAY, "manifest_under_way", {})
            publication = Publication(
                site=material.site,
                accepted=material.stored,
                report=material.report,
                exams=tuple(material.exams),
                report_content=self._linked(share, material, root) if "report" in material.site.publish else None,
                manifests=made.drafts,
                now=now,
            )
            if publication.report_content is None and not made.drafts:
                return self.finish(share, Happening.NOTHING_TO_SEND, material.report)
            frozen = self.destinations[share.destination].prepare(publication)
            share, frozen = self.replacing(share, frozen, material.report)
            if self.stands_for_another(made, frozen):
                return self.wait(share, Happening.MANIFEST_UNDER_WAY, "manifest_under_way", {})
            frozen = in_place_of_former(self, share, made, frozen, now)
        except OtherPatient as error:
            return self._withdraw_first(share, error.standing)
        except Mismatch as error:
            return self.hold(share, Happening.MISMATCH, error)
        except PeerRefused as error:
            return self.hold(share, Happening.REFUSED, error)
        except (PeerUnreachable, PeerMisbehaved) as error:
            return self.unanswered(share, error)
        facts = {"destination": share.destination}
        if publication.report_content is not None:
            published = self.blobs.put(publication.report_content)
            facts |= {"link": self.links[share.destination], "received": material.stored.digest, "published": published}
            in_pdf = pdf_links.links_of_unstructured(root)
            facts |= {"links_in_pdf": str(len(in_pdf))} if in_pdf else {}
        for draft in made.drafts:
            self.blobs.put(draft.content)
        pairings = [pairing for _, pairing in material.exams]
        return self.leave(share, frozen, made.rows, pairings, audit("share.frozen", material.report, facts=facts))

    def _withdraw_first(self, share: Share, standing: Share) -> Share:
        """A corrected report of another patient: what stands under the wrong one goes before this one comes."""
        new = amendment(standing, Deed.WITHDRAW, self.clock.now())
        self.store.begin([new], [self.about("share.wrong_patient", new)])
        return self.wait(share, Happening.PREDECESSOR_AWAITED, "parent_other_patient", {})

    def _linked(self, share: Share, material: Material, root: etree._Element) -> bytes:
        """The report as it is published: with its links where this destination wants them, else the bytes as they came.

        Both forms stay in the store under their digests: the one received is what the RIS and the mailbox hold.
        """
        when = self.links[share.destination]
        if material.report.level != 3 or when == "never":
            return material.content
        links = {
            pairing.study_uid: national_url(
                material.site.public_url, pairing.study_uid, pairing.accession, material.report.identifier
            )
            for _, pairing in material.exams
        }
        return link.linked(material.content, root, links, missing_only=when == "missing")

    # .. the submission leaves

    def _depart(self, share: Share) -> Share:
        """Say first that it may be out, then let it go: after a crash in between, the registry is asked."""
        frozen = self.store.frozen(share.id)
        now = self.clock.now()
        share = moved(share, Happening.DEPARTURE, now, due=now)
        self.store.save(share, [self.about("share.sending", share)], release=False)
        return self.send(share, frozen, again=False)

    def _ask_then_send(self, share: Share) -> Share:
        destination = self.destinations[share.destination]
        frozen = self.store.frozen(share.id)
        try:
            if destination.known(frozen):
                return self.registered(share, self.superseded_by(share))
            if self.is_withdrawn(share):
                return self.end(share, Happening.TAKEN_BACK)
        except PeerRefused as error:
            return self.hold(share, Happening.REFUSED, error)
        except (PeerUnreachable, PeerMisbehaved) as error:
            return self.unanswered(share, error)
        return self.send(share, frozen, again=True)
