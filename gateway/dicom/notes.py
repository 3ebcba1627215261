"""Key objects of a study: which images they mark, and which they reject (IHE RAD TF, IOCM; DICOM PS3.16 CID 7011).

A rejection note is a Key Object Selection Document whose title says why images are no longer to be used. It comes by
C-STORE, or lies in the PACS among the images it rejects. C-FIND does not tell what a key object says, so each is
retrieved once and remembered; what it says never changes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping

from gateway.dicom.part10 import wrap
from gateway.dicom.retrieve import InstanceKey, Retriever
from gateway.dicom.settings import PacsSettings
from gateway.dicom.storage import KEY_OBJECT_SELECTION
from gateway.errors import InputRejected, PeerMisbehaved
from gateway.kos import read as kos
from gateway.kos.rejections import REJECTIONS, rejected_by
from gateway.kos.selection import KeyObjectSelection
from gateway.model.codes import Code
from gateway.model.exam import Instance, KeyObjectNote

_REMEMBERED = 10_000
ReceivedNotes = Callable[[str], Collection[KeyObjectNote]]
"""By Study Instance UID, the rejection notes that were sent for it."""


def none_received(study_uid: str) -> Collection[KeyObjectNote]:
    """For a gateway that receives none."""
    return ()


def note_of(selection: KeyObjectSelection) -> KeyObjectNote:
    """The note as the model has it."""
    return KeyObjectNote(
        sop_instance_uid=selection.sop_instance_uid,
        series_uid=selection.series_uid,
        title=selection.title or Code("", "", ""),
        description=selection.description,
        marked=frozenset(one.sop_instance_uid for one in selection.references)
        | frozenset(one.sop_instance_uid for one in selection.instances),
        frames=_frames_of(selection),
    )


def _frames_of(selection: KeyObjectSelection) -> dict[str, frozenset[int]]:
    """By SOP Instance UID the frames that are marked, where no reference marks all of the instance."""
    found: dict[str, frozenset[int]] = {}
    whole = {one.sop_instance_uid for one in selection.references if one.frames is None}
    for one in selection.references:
        if one.frames is not None and one.sop_instance_uid not in whole:
            found[one.sop_instance_uid] = found.get(one.sop_instance_uid, frozenset()) | frozenset(one.frames)
    return found


def without_rejected(
    instances: Mapping[str, Mapping[str, Instance]], notes: Collection[KeyObjectNote]
) -> dict[str, dict[str, Instance]]:
    """*instances* by series, without those that a rejection among *notes* names, and without these rejections."""
    gone = rejected_by(notes)
    return {
        series_uid: {uid: instance for uid, instance in found.items() if uid not in gone}
        for series_uid, found in instances.items()
    }


class Notes:
    """The key objects of the studies of one PACS. May be used by several threads at once."""

    def __init__(self, settings: PacsSettings, retriever: Retriever, received: ReceivedNotes) -> None:
        self._settings = settings
        self._retriever = retriever
        self._received = received
        self._lock = threading.Lock()
        self._known: OrderedDict[str, KeyObjectNote] = OrderedDict()

    def of(self, study_uid: str, instances: Mapping[str, Mapping[str, Instance]]) -> tuple[KeyObjectNote, ...]:
        """Those that were received, and those that the PACS has.

        Raises as :meth:`gateway.dicom.retrieve.Retriever.one`: what is not known to be free of a rejection is not
        shared.
        """
        found = {note.sop_instance_uid: note for note in self._received(study_uid)}
        for series_uid, one in instances.items():
            for instance in one.values():
                if instance.sop_class_uid == KEY_OBJECT_SELECTION and instance.sop_instance_uid not in found:
                    if not self._settings.open_notes:
                        continue
                    key = InstanceKey(study_uid, series_uid, instance.sop_class_uid, instance.sop_instance_uid)
                    found[instance.sop_instance_uid] = self._opened(key)
        return tuple(found[uid] for uid in sorted(found))

    def _opened(self, key: InstanceKey) -> KeyObjectNote:
        with self._lock:
            known = self._known.get(key.sop_instance_uid)
        if known is not None:
            return known
        delivery = self._retriever.whole(key)
        self._retriever.read(delivery, key)
        try:
            selection = kos.read(
                wrap(delivery.sop_class_uid, delivery.sop_instance_uid, delivery.transfer_syntax, delivery.data)
            )
            note = note_of(selection)
        except InputRejected as error:
            # A note that may be a rejection and does not say of what could reject any image: its title's code, found
            # anywhere in it, is enough to stop.
            if error.code != "kos_incomplete" or any(code.encode() in bytes(delivery.data) for code in REJECTIONS):
                raise PeerMisbehaved("pacs_note_unreadable", pacs=self._settings.name, words=error.code) from None
            # It selects nothing, so it neither marks nor rejects anything.
            note = KeyObjectNote(
                sop_instance_uid=key.sop_instance_uid, series_uid=key.series_uid, title=Code("", "", "")
            )
        if note.sop_instance_uid != key.sop_instance_uid:
            raise PeerMisbehaved("pacs_other_instance", pacs=self._settings.name)
        with self._lock:
            self._known[key.sop_instance_uid] = note
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return note
