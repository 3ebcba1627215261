"""Whole instances out of a PACS: by C-GET, by C-MOVE to this gateway's receiver, or by WADO-RS.

Sources: DICOM PS3.4 sections C.4.2 and C.4.3, PS3.18 section 10.4. Which way is taken says the setting ``upstream``;
no way is silently replaced by another, but for a single instance that WADO-RS does not give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gateway.dicom.ask import failure
from gateway.dicom.dicomweb import DicomWeb
from gateway.dicom.guard import Limits, is_implicit
from gateway.dicom.keys import SERIES_UID, SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_UID, Identifier, retrieval_keys
from gateway.dicom.network.association import SUCCESS, Delivery, Retrieved
from gateway.dicom.network.pool import Pool
from gateway.dicom.network.proposal import (
    COMPRESSED,
    GET,
    MAX_STORAGE_CONTEXTS,
    MOVING,
    UNCOMPRESSED,
    Proposal,
    retrieval,
)
from gateway.dicom.part10 import unwrap
from gateway.dicom.settings import PacsSettings
from gateway.dicom.spool import Spool
from gateway.dicom.values import Header, Values, text
from gateway.errors import GatewayError, InputRejected, PeerMisbehaved, PeerRefused, SettingsError

Take = Callable[[Delivery], None]
_NO_SUCH_DESTINATION = 0xA801


@dataclass(frozen=True, slots=True)
class InstanceKey:
    """What names one instance."""

    study_uid: str
    series_uid: str
    sop_class_uid: str
    sop_instance_uid: str


class Retriever:
    """Retrievals from one PACS. May be used by several threads at once."""

    def __init__(self, settings: PacsSettings, pool: Pool, web: DicomWeb | None, spool: Spool | None) -> None:
        self.settings = settings
        self._pool = pool
        self._web = web
        self._spool = spool

    # One instance

    def one(self, key: InstanceKey, contexts: tuple[tuple[str, ...], ...] = (UNCOMPRESSED,)) -> Delivery:
        """The instance *key* by C-GET in one of the syntaxes of *contexts*, or by C-MOVE in whichever it has.

        Raises InputRejected ``image_unknown``, PeerUnreachable, PeerRefused, PeerMisbehaved.
        """
        identifier = retrieval_keys(key.study_uid, key.series_uid, (key.sop_instance_uid,))
        delivered: list[Delivery] = []
        if self.settings.images == "c-move":
            ended = self.moved(key.study_uid, identifier, (key.sop_instance_uid,), delivered.append)
            service = "C-MOVE"
        else:
            proposal = retrieval(key.sop_class_uid, contexts)
            ended = self._pool.run(proposal, lambda requestor: requestor.get(identifier, delivered.append))
            service = "C-GET"
        if not delivered:
            if ended.status == SUCCESS:
                raise InputRejected("image_unknown")
            raise failure(ended.status, self.settings, service)
        if len(delivered) != 1 or delivered[0].sop_instance_uid != key.sop_instance_uid:
            raise self._misbehaved("pacs_other_instance")
        return delivered[0]

    def whole(self, key: InstanceKey) -> Delivery:
        """The instance *key* in the syntax the PACS keeps it in, as far as it gives that; raises as :meth:`one`."""
        if self._web is not None and self.settings.images == "dicomweb":
            syntax, data = self._web.instance(key.study_uid, key.series_uid, key.sop_instance_uid)
            return Delivery(key.sop_class_uid, key.sop_instance_uid, syntax, data)
        try:
            return self.one(key)
        except GatewayError as error:
            if error.retry or error.code == "image_unknown":
                raise
        return self.one(key, tuple((syntax,) for syntax in COMPRESSED))

    def kept(self, key: InstanceKey) -> Delivery:
        """The instance *key* as the PACS keeps it, every syntax being offered at once; raises as :meth:`one`."""
        if self._web is not None and self.settings.images == "dicomweb":
            return self.whole(key)
        compressed = tuple((syntax,) for syntax in COMPRESSED)
        try:
            return self.one(key, (UNCOMPRESSED, *compressed))
        except PeerRefused as refusal:
            if self.settings.images == "c-move":
                raise
            try:
                # Some take the first context of a class, whatever the instance is kept in.
                return self.one(key, compressed)
            except (PeerRefused, InputRejected):
                raise refusal from None

    def header(self, key: InstanceKey) -> Header:
        """The attributes of the instance *key*; raises as :meth:`one`."""
        if self._web is not None:
            values, _ = self._web.metadata(key.study_uid, key.series_uid, key.sop_instance_uid)
            return values
        return self.read(self.whole(key), key)

    def read(self, delivery: Delivery, key: InstanceKey) -> Values:
        """The data set of *delivery*, which must be the instance *key*; raises PeerMisbehaved."""
        try:
            values = Values.read(
                memoryview(delivery.data),
                implicit=is_implicit(delivery.transfer_syntax),
                limits=Limits(size_bytes=self.settings.instance_limit_bytes),
            )
        except GatewayError as error:
            raise self._misbehaved("pacs_answer_malformed", words=error.code) from None
        inside = (text(values, STUDY_UID), text(values, SERIES_UID), text(values, SOP_INSTANCE_UID))
        if inside != (key.study_uid, key.series_uid, key.sop_instance_uid):
            raise self._misbehaved("pacs_other_instance")
        return values

    # Many

    def got(self, identifier: Identifier, classes: Iterable[str], syntaxes: tuple[str, ...], take: Take) -> Retrieved:
        """C-GET of what *identifier* names and is of one of *classes* (127 at most) in one of *syntaxes*."""
        storage = tuple((uid, syntaxes) for uid in classes)[:MAX_STORAGE_CONTEXTS]
        return self._pool.run(Proposal(GET, storage), lambda requestor: requestor.get(identifier, take))

    def streamed(
        self, identifier: Identifier, contexts: tuple[tuple[str, tuple[str, ...]], ...], take: Take
    ) -> Retrieved:
        """C-GET of what *identifier* names, with these presentation contexts (127 at most)."""
        return self._pool.run(Proposal(GET, contexts), lambda requestor: requestor.get(identifier, take))

    def moved(
        self, study_uid: str, identifier: Identifier, wanted: Iterable[str], take: Take, *, as_it_comes: bool = False
    ) -> Retrieved:
        """C-MOVE of what *identifier* names, to this gateway's receiver; of it, the instances *wanted*.

        *as_it_comes*: each is given on, and deleted, when the PACS says that one more is delivered.

        Raises SettingsError where there is no receiver, PeerRefused ``pacs_move_destination`` where the PACS does not
        know it.
        """
        if self._spool is None or not self.settings.move_destination:
            raise SettingsError("pacs_needs_destination", place=f"pacs.{self.settings.name}.move_destination")
        self._spool.expect(study_uid)
        destination = self.settings.move_destination
        left = dict.fromkeys(wanted)

        spool = self._spool

        def arrived() -> None:
            # The PACS tells of each of thousands: the folder is read once for it, not once for each that is awaited.
            for sop_instance_uid in sorted(spool.present() & left.keys()):
                content = spool.get(sop_instance_uid)
                if content is not None:
                    del left[sop_instance_uid]
                    if as_it_comes:
                        spool.forget((sop_instance_uid,))
                    take(_from_file(sop_instance_uid, content))

        def goes_on(_: int) -> None:
            spool.expect(study_uid)
            if as_it_comes:
                arrived()

        ended = self._pool.run(MOVING, lambda requestor: requestor.move(identifier, destination, goes_on))
        if ended.status == _NO_SUCH_DESTINATION:
            raise PeerRefused("pacs_move_destination", pacs=self.settings.name, title=destination)
        arrived()
        return ended

    def _misbehaved(self, code: str, **facts: str) -> PeerMisbehaved:
        return PeerMisbehaved(code, pacs=self.settings.name, **facts)


def _from_file(sop_instance_uid: str, content: bytes) -> Delivery:
    """A delivery from the spool, whose files the receiver has written and walked."""
    syntax, data = unwrap(content)
    values = Values.read(data, implicit=is_implicit(syntax), limits=Limits(size_bytes=len(content)))
    return Delivery(text(values, SOP_CLASS_UID), sop_instance_uid, syntax, data)
