"""What is done with what comes to the C-STORE SCP: rejection notes, what a C-MOVE of ours delivers, imports, events.

An AE title is a name, never a proof: a caller must come from an address of its entry, or show its TLS certificate.
Whatever comes is walked by the guard before any of it is believed, and an instance is answered with Success only when
it lies where it belongs (DICOM PS3.4 annexes B and R, F.7.2).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from gateway.dicom.guard import Limits, is_implicit
from gateway.dicom.keys import SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_UID, is_uid_as_found
from gateway.dicom.network import acceptor
from gateway.dicom.network.acceptor import INSTANCE_AVAILABILITY, PERFORMED_STEP, Announcement, Arrival, StepMessage
from gateway.dicom.network.proposal import VERIFICATION
from gateway.dicom.notes import note_of
from gateway.dicom.part10 import wrap
from gateway.dicom.spool import Spool
from gateway.dicom.storage import KEY_OBJECT_SELECTION
from gateway.dicom.values import Values, text
from gateway.errors import GatewayError, InputConflicts, InputRejected, Unavailable
from gateway.flow.ports import Clock
from gateway.kos import read as kos
from gateway.kos.rejections import is_rejection
from gateway.model.exam import KeyObjectNote

_log = structlog.get_logger(__name__)

_SCHEDULED_STEPS, _STEP_STATUS = 0x00400270, 0x00400252
_ENDED = frozenset({"COMPLETED", "DISCONTINUED"})
_REFERENCED_STUDIES = (0x00081115, 0x00081199)
_ANNOUNCEMENT_LIMITS = Limits(size_bytes=16 << 20, elements=400_000)


class Kept(Protocol):
    """Where received instances go. Each method is one transaction: what was kept, and the studies that are looked at
    for it. Raises Unavailable when that cannot be done now, so that the sender comes again."""

    def keep_rejection(
        self, note: KeyObjectNote, study_uids: Sequence[str], content: bytes, *, peer: str, now: datetime
    ) -> bool:
        """Keep a rejection note for every study it speaks of; False when it is there already.

        Raises InputConflicts (``instance_differs``) when other bytes are there under its UID.
        """

    def keep_import(self, study_uid: str, sop_instance_uid: str, content: bytes, *, peer: str, now: datetime) -> bool:
        """Keep an instance of a study; as :meth:`keep_rejection`."""

    def changed(self, study_uids: Sequence[str], *, peer: str, now: datetime) -> int:
        """The images of these studies changed; gives how many of them are published."""

    def begin_step(self, sop_instance_uid: str, study_uids: Sequence[str], *, peer: str, now: datetime) -> bool:
        """Remember which studies a performed procedure step makes; False for one that is known."""

    def end_step(self, sop_instance_uid: str, *, peer: str, now: datetime) -> bool:
        """The step has ended: its studies changed. False for one that is not known, or has ended before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who may send: an AE title, from these networks or with this client certificate, and what it may do."""

    ae_title: str
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    certificate_sha256: str = ""
    may: frozenset[str] = frozenset({"reject", "deliver", "announce"})
    """``reject``: rejection notes; ``deliver``: what was asked for by C-MOVE; ``announce``: availability and performed
    procedure steps; ``import``: anything else, to be kept."""

    def is_at(self, address: str, certificate_sha256: str) -> bool:
        """Whether a connection from *address* with that certificate can be this peer."""
        if self.certificate_sha256:
            return self.certificate_sha256 == certificate_sha256
        found = ipaddress.ip_address(address.partition("%")[0])
        mapped = getattr(found, "ipv4_mapped", None)
        return any((mapped or found) in network for network in self.networks)


class Places:
    """Where things go; shared by all connections."""

    def __init__(self, spool: Spool, kept: Kept, clock: Clock, ring: Callable[[], None] = lambda: None) -> None:
        """*ring* tells the workers that something is due."""
        self.spool = spool
        self.kept = kept
        self.clock = clock
        self.ring = ring


class Intake:
    """What is done with what comes on one connection; see :class:`gateway.dicom.network.acceptor.Receiving`."""

    def __init__(self, peers: tuple[Peer, ...], places: Places) -> None:
        self._peers = {peer.ae_title: peer for peer in peers}
        self._places = places

    def admits(self, calling_aet: str) -> bool:
        return calling_aet in self._peers

    def takes(self, calling_aet: str, sop_class_uid: str) -> bool:
        may = self._peers[calling_aet].may
        if sop_class_uid == VERIFICATION:
            return True
        if sop_class_uid in (INSTANCE_AVAILABILITY, PERFORMED_STEP):
            return "announce" in may
        if sop_class_uid == KEY_OBJECT_SELECTION:
            return bool(may & {"reject", "deliver", "import"})
        return bool(may & {"deliver", "import"})

    def store(self, arrival: Arrival) -> int:
        try:
            values = Values.read(
                arrival.data,
                implicit=is_implicit(arrival.transfer_syntax),
                limits=Limits(size_bytes=len(arrival.data)),
            )
            status = self._store(arrival, values)
        except InputConflicts:
            status = acceptor.DUPLICATE
        except Unavailable as error:
            _log.error("receive.unavailable", code=error.code)
            return acceptor.OUT_OF_RESOURCES
        except GatewayError as error:
            _log.warning("receive.refused", peer=arrival.peer, code=error.code)
            return acceptor.CANNOT_UNDERSTAND
        if status:
            _log.warning("receive.refused", peer=arrival.peer, status=f"0x{status:04X}")
        return status

    def _store(self, arrival: Arrival, values: Values) -> int:
        inside = (text(values, SOP_CLASS_UID), text(values, SOP_INSTANCE_UID))
        if inside != (arrival.sop_class_uid, arrival.sop_instance_uid):
            return acceptor.MISMATCH
        study_uid = text(values, STUDY_UID)
        if not is_uid_as_found(study_uid):
            return acceptor.MISMATCH
        content = wrap(arrival.sop_class_uid, arrival.sop_instance_uid, arrival.transfer_syntax, arrival.data)
        may, places = self._peers[arrival.peer].may, self._places
        rejected = False
        if "reject" in may and arrival.sop_class_uid == KEY_OBJECT_SELECTION:
            rejected = self._reject(arrival.peer, content)
        if "deliver" in may and places.spool.expects(study_uid):
            places.spool.put(arrival.sop_instance_uid, content)
            return acceptor.SUCCESS
        if rejected:
            return acceptor.SUCCESS
        if "import" in may:
            now = places.clock.now()
            if places.kept.keep_import(study_uid, arrival.sop_instance_uid, content, peer=arrival.peer, now=now):
                places.ring()
            return acceptor.SUCCESS
        return acceptor.NOT_AUTHORISED

    def _reject(self, peer: str, content: bytes) -> bool:
        """Keep a rejection note; False for another key object."""
        selection = kos.read(content)
        if not is_rejection(selection.title):
            return False
        studies = tuple(dict.fromkeys(study.study_uid for study in selection.studies))
        places = self._places
        if places.kept.keep_rejection(note_of(selection), studies, content, peer=peer, now=places.clock.now()):
            _log.info("receive.rejection_note", peer=peer)
            places.ring()
        return True

    def announce(self, announcement: Announcement) -> int:
        """Instance Availability Notification (PS3.4 section R.3): the study is looked at again."""
        try:
            values = Values.read(announcement.data, implicit=announcement.implicit, limits=_ANNOUNCEMENT_LIMITS)
            studies = {text(values, STUDY_UID)} | {
                text(item, STUDY_UID) for tag in _REFERENCED_STUDIES for item in values.items(tag)
            }
            found = sorted(uid for uid in studies if is_uid_as_found(uid))
            if found and self._places.kept.changed(found, peer=announcement.peer, now=self._places.clock.now()):
                self._places.ring()
        except Unavailable:
            return acceptor.OUT_OF_RESOURCES
        except InputRejected:
            return acceptor.CANNOT_UNDERSTAND
        return acceptor.SUCCESS if found else acceptor.CANNOT_UNDERSTAND

    def step(self, message: StepMessage) -> int:
        """Modality Performed Procedure Step (PS3.4 F.7.2): when one ends, its studies are looked at."""
        places, now = self._places, self._places.clock.now()
        try:
            values = Values.read(message.data, implicit=message.implicit, limits=_ANNOUNCEMENT_LIMITS)
            if message.begins:
                studies = {text(item, STUDY_UID) for item in values.items(_SCHEDULED_STEPS)}
                found = sorted(uid for uid in studies if is_uid_as_found(uid))
                if not found:
                    return acceptor.CANNOT_UNDERSTAND
                begun = places.kept.begin_step(message.sop_instance_uid, found, peer=message.peer, now=now)
                return acceptor.SUCCESS if begun else acceptor.DUPLICATE
            if text(values, _STEP_STATUS) not in _ENDED:
                return acceptor.SUCCESS
            if not places.kept.end_step(message.sop_instance_uid, peer=message.peer, now=now):
                return acceptor.NO_SUCH_INSTANCE
            places.ring()
        except Unavailable:
            return acceptor.OUT_OF_RESOURCES
        except InputRejected:
            return acceptor.CANNOT_UNDERSTAND
        return acceptor.SUCCESS
