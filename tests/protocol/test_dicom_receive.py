"""The receiver: who may send, what is kept, what is told, what is refused, and by which status."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association

from gateway.dicom.folders import take_over
from gateway.dicom.incoming import Peer
from gateway.dicom.keys import retrieval_keys
from gateway.dicom.network.association import Retrieved
from gateway.dicom.notes import without_rejected
from gateway.dicom.retrieve import Retriever
from gateway.dicom.settings import PacsSettings
from gateway.dicom.spool import Spool
from gateway.errors import InputConflicts, Unavailable
from gateway.kos.rejections import REJECTIONS, is_rejection
from gateway.model.codes import Code
from gateway.model.exam import Instance, KeyObjectNote
from gateway.store.blobs import FileBlobs
from gateway.store.received import SqlReceived
from tests.support import dicom_corpus as corpus
from tests.support.dicom_dcmqrscp import RECEIVER_TITLE, receiving
from tests.support.dicom_objects import CT, STUDY, encoded, image
from tests.support.store import NOW, stage

VERIFICATION, AVAILABILITY = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.33"
PERFORMED_STEP = "1.2.840.10008.3.1.2.3.3"
TITLE = "MODALITY"


def associate(port: int, title: str = TITLE, called: str = RECEIVER_TITLE, **others: object) -> Association:
    """pynetdicom as the sender."""
    entity = AE(ae_title=title)
    for uid in (
        VERIFICATION,
        CT,
        corpus.KEY_OBJECT_SELECTION,
        AVAILABILITY,
        PERFORMED_STEP,
        "1.2.840.10008.5.1.4.1.1.4",
    ):
        entity.add_requested_context(uid, ExplicitVRLittleEndian)
    return entity.associate("127.0.0.1", port, ae_title=called, **others)  # type: ignore[arg-type]


def refused(association: Association) -> bool:
    """Whether it did not come about; pynetdicom leaves its socket open then."""
    leftover = association.dul.socket
    if not association.is_established and leftover is not None and leftover.socket is not None:
        leftover.socket.close()
    return not association.is_established


def sent(port: int, dataset: Dataset, title: str = TITLE) -> int:
    association = associate(port, title)
    assert association.is_established
    status = association.send_c_store(dataset)
    association.release()
    return int(status.Status)


def rejection(code: str, *selected: Dataset, number: int = 1) -> Dataset:
    return corpus.key_object(STUDY, selected, (code, REJECTIONS[code]), number=number)


@pytest.mark.parametrize("code", REJECTIONS)
def test_a_rejection_note_is_kept_and_told(tmp_path: Path, code: str) -> None:
    note = rejection(code, image(1, 2), image(2, 1))
    with receiving(tmp_path, TITLE, may=frozenset({"reject"})) as (receiver, places, told):
        assert sent(receiver.port, note) == 0
        assert sent(receiver.port, note) == 0  # the sender did not hear us the first time
        assert isinstance(places.kept, SqlReceived)
        (found,) = places.kept.rejections(STUDY)
        assert places.kept.rejections("1.2.3") == ()
    assert told == [STUDY]
    assert found.title == Code(code, "DCM", REJECTIONS[code])
    assert found.marked == {f"{STUDY}.1.2", f"{STUDY}.2.1"}
    assert found.sop_instance_uid == note.SOPInstanceUID


def test_another_key_object_is_no_rejection(tmp_path: Path) -> None:
    note = corpus.key_object(STUDY, [image(1, 2)], corpus.OF_INTEREST)
    with receiving(tmp_path, TITLE, may=frozenset({"reject"})) as (receiver, places, told):
        assert sent(receiver.port, note) == 0x0124
        assert isinstance(places.kept, SqlReceived)
        assert not places.kept.rejections(STUDY)
    assert told == []


def test_another_note_under_a_known_uid_does_not_take_its_place(tmp_path: Path) -> None:
    with receiving(tmp_path, TITLE) as (receiver, places, _):
        assert sent(receiver.port, rejection("113001", image(1, 1))) == 0
        assert sent(receiver.port, rejection("113001", image(1, 2))) == 0x0111
        assert isinstance(places.kept, SqlReceived)
        (note,) = places.kept.rejections(STUDY)
    assert note.marked == {f"{STUDY}.1.1"}


def test_who_is_not_known_is_rejected(tmp_path: Path) -> None:
    elsewhere = Peer(ae_title="FAR", networks=(ipaddress.ip_network("10.0.0.0/8"),))
    near = Peer(ae_title=TITLE, networks=(ipaddress.ip_network("127.0.0.1/32"),))
    with receiving(tmp_path, peers=(elsewhere, near)) as (receiver, _, _):
        for title, called, reason in (
            ("STRANGER", RECEIVER_TITLE, 3),
            ("FAR", RECEIVER_TITLE, 3),
            (TITLE, "OTHER", 7),
        ):
            association = associate(receiver.port, title, called)
            assert association.is_rejected
            assert refused(association)
            assert association.acceptor.primitive is not None
            assert association.acceptor.primitive.diagnostic == reason
        association = associate(receiver.port)
        assert association.send_c_echo().Status == 0
        association.release()


def test_what_a_peer_may_not_send_is_not_accepted(tmp_path: Path) -> None:
    with receiving(tmp_path, TITLE, may=frozenset({"reject"})) as (receiver, _, _):
        association = associate(receiver.port)
        accepted = {str(context.abstract_syntax) for context in association.accepted_contexts}
        association.release()
    assert accepted == {VERIFICATION, corpus.KEY_OBJECT_SELECTION}


def test_an_image_is_taken_only_when_it_was_asked_for_or_may_be_imported(tmp_path: Path) -> None:
    with receiving(tmp_path, TITLE, may=frozenset({"deliver"})) as (receiver, places, told):
        assert sent(receiver.port, image()) == 0x0124
        places.spool.expect(STUDY)
        assert sent(receiver.port, image()) == 0
        kept = places.spool.get(str(image().SOPInstanceUID))
    assert kept is not None
    assert kept[:132] == b"\0" * 128 + b"DICM"
    assert told == []
    with receiving(tmp_path, TITLE, may=frozenset({"import"})) as (receiver, places, told):
        assert sent(receiver.port, image(1, 7)) == 0
        assert sent(receiver.port, image(1, 7)) == 0
    assert told == [STUDY]


def test_an_availability_notification_is_told(tmp_path: Path) -> None:
    notification = Dataset()
    notification.StudyInstanceUID = STUDY
    notification.ReferencedPerformedProcedureStepSequence = []
    unnamed = Dataset()
    unnamed.ReferencedPerformedProcedureStepSequence = []
    with receiving(tmp_path, TITLE, may=frozenset({"announce"})) as (receiver, _, told):
        association = associate(receiver.port)
        status, _ = association.send_n_create(notification, AVAILABILITY, "1.2.3.4")
        nothing, _ = association.send_n_create(unnamed, AVAILABILITY, "1.2.3.5")
        association.release()
    assert (status.Status, nothing.Status) == (0, 0xC000)
    assert told == [STUDY]


def test_a_performed_step_that_ended_is_told(tmp_path: Path) -> None:
    begun, ended, empty = Dataset(), Dataset(), Dataset()
    scheduled = Dataset()
    scheduled.StudyInstanceUID = STUDY
    begun.ScheduledStepAttributesSequence = [scheduled]
    begun.PerformedProcedureStepStatus = "IN PROGRESS"
    ended.PerformedProcedureStepStatus = "COMPLETED"
    empty.ScheduledStepAttributesSequence = []
    with receiving(tmp_path, TITLE, may=frozenset({"announce"})) as (receiver, _, told):
        association = associate(receiver.port)
        asked = [
            association.send_n_create(begun, PERFORMED_STEP, "1.2.3.4"),
            association.send_n_create(begun, PERFORMED_STEP, "1.2.3.4"),
            association.send_n_create(empty, PERFORMED_STEP, "1.2.3.5"),
            association.send_n_set(begun, PERFORMED_STEP, "1.2.3.4"),
            association.send_n_set(ended, PERFORMED_STEP, "1.2.3.4"),
            association.send_n_set(ended, PERFORMED_STEP, "1.2.3.4"),
        ]
        association.release()
    assert [status.Status for status, _ in asked] == [0, 0x0111, 0xC000, 0, 0, 0x0112]
    assert told == ["step 1.2.3.4"]


def test_a_certificate_proves_who_speaks(tmp_path: Path) -> None:
    import hashlib

    authority = trustme.CA()
    server, client, other = (authority.issue_cert(name) for name in ("localhost", "pacs", "other"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    der = ssl.PEM_cert_to_DER_cert(client.cert_chain_pems[0].bytes().decode())
    peer = Peer(ae_title=TITLE, certificate_sha256=hashlib.sha256(der).hexdigest())
    with receiving(tmp_path, peers=(peer,), tls=context) as (receiver, _, _):
        for certificate, welcome in ((client, True), (other, False)):
            speaking = ssl.create_default_context()
            authority.configure_trust(speaking)
            certificate.configure_cert(speaking)
            association = associate(receiver.port, tls_args=(speaking, "localhost"))
            assert refused(association) is not welcome
            if welcome:
                association.release()
        assert refused(associate(receiver.port))


def test_there_are_never_more_connections_than_allowed(tmp_path: Path) -> None:
    before = threading.active_count()
    with receiving(tmp_path, TITLE, max_associations=1) as (receiver, _, _):
        one = associate(receiver.port)
        assert one.is_established
        assert refused(associate(receiver.port))
        one.release()
    assert threading.active_count() == before


def test_a_connection_that_cannot_be_accepted_ends_that_one_alone(tmp_path: Path) -> None:
    """As when the process has no file left to open: the next one is served."""
    with receiving(tmp_path, TITLE) as (receiver, _, _):
        listener, failures = receiver._listener, [errno.EMFILE, errno.ECONNABORTED]

        class Failing:
            def accept(self) -> object:
                if failures:
                    raise OSError(failures.pop(), "as the system says it")
                return listener.accept()

            def __getattr__(self, name: str) -> object:
                return getattr(listener, name)

        receiver._listener = Failing()  # type: ignore[assignment]
        # The first may be taken by the accept that was under way already.
        for _ in range(2):
            one = associate(receiver.port)
            assert one.send_c_echo().Status == 0x0000
            one.release()
        assert failures == []


def test_the_disk_being_full_asks_the_sender_to_come_again(tmp_path: Path) -> None:
    with receiving(tmp_path, TITLE) as (receiver, _, told):
        (tmp_path / "received" / "blobs").rename(tmp_path / "away")
        (tmp_path / "received" / "blobs").write_text("a file where the folder should be")
        assert sent(receiver.port, image()) == 0xA700
    assert told == []


def test_rejected_instances_and_their_note_are_left_out() -> None:
    found = {"s": {uid: Instance(CT, uid) for uid in ("1", "2", "3", "9")}}
    note = KeyObjectNote(sop_instance_uid="9", series_uid="s", title=Code("113037", "DCM"), marked=frozenset({"2"}))
    assert set(without_rejected(found, [note])["s"]) == {"1", "3"}
    mark = KeyObjectNote(sop_instance_uid="9", series_uid="s", title=Code("113000", "DCM"), marked=frozenset({"2"}))
    assert set(without_rejected(found, [mark])["s"]) == {"1", "2", "3", "9"}
    assert not is_rejection(Code("113001", "99LOCAL"))
    assert not is_rejection(None)


def test_the_spool_forgets(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.sweep()
    assert not spool.expects(STUDY)
    spool.expect(STUDY)
    spool.put("1.2", b"x")
    spool.put("1.3", b"y")
    spool.sweep()
    assert (spool.expects(STUDY), spool.get("1.2"), spool.get("1.9")) == (True, b"x", None)
    for path in (tmp_path / "spool" / "1.2.dcm", tmp_path / "spool" / "expected" / STUDY):
        os.utime(path, (0, 0))
    spool.sweep()
    assert (spool.expects(STUDY), spool.get("1.2"), spool.get("1.3")) == (False, None, b"y")
    assert spool.present() == {"1.3"}
    spool.forget(["1.3", "1.4"])
    assert spool.get("1.3") is None


def test_a_spool_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    assert Spool(folder).present() == set()
    folder.write_bytes(b"a file")
    spool = Spool(folder)
    for ask in (spool.present, lambda: spool.get("1.2"), lambda: spool.expects(STUDY)):
        with pytest.raises(Unavailable):
            ask()


class MovingPool:
    """A PACS that delivers to the spool and tells of each, as the last ones of a long C-MOVE."""

    def __init__(self, spool: Spool, uids: list[str], folder: Path) -> None:
        self._spool, self._uids, self._folder = spool, uids, folder

    def run(self, _: object, question: Callable[[object], Retrieved]) -> Retrieved:
        return question(self)

    def move(self, _: object, __: str, told: Callable[[int], None]) -> Retrieved:
        for number, uid in enumerate(self._uids, 1):
            os.utime(self._folder / "expected" / STUDY, (0, 0))
            told(number - 1)
            assert self._spool.expects(STUDY), "who is still being sent to is still expected"
            self._spool.put(uid, encoded(image(1, number)))
            told(number)
        return Retrieved(status=0, completed=len(self._uids), failed=0)


@pytest.mark.parametrize("as_it_comes", [False, True])
def test_a_long_move_goes_on_as_long_as_the_pacs_tells_of_it(
    tmp_path: Path, as_it_comes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    uids = [str(image(1, number).SOPInstanceUID) for number in range(1, 6)]
    settings = PacsSettings(
        name="p", host="h", port=104, called_aet="P", calling_aet="G", move_destination=RECEIVER_TITLE
    )
    pool = MovingPool(spool, uids, tmp_path)
    retriever = Retriever(settings, pool, None, spool)  # type: ignore[arg-type]
    reads: list[str] = []
    whole = Spool.get

    def read(self: Spool, uid: str) -> bytes | None:
        reads.append(uid)
        return whole(self, uid)

    monkeypatch.setattr(Spool, "get", read)
    came: list[str] = []
    identifier = retrieval_keys(STUDY)
    retriever.moved(STUDY, identifier, uids, lambda one: came.append(one.sop_instance_uid), as_it_comes=as_it_comes)
    assert sorted(came) == sorted(uids)
    assert len(reads) == len(uids), "what is not there yet is not looked for one by one"
    assert spool.present() == (set() if as_it_comes else set(uids))


def test_what_the_release_before_kept_in_files_is_taken_over(tmp_path: Path) -> None:
    note, other = rejection("113039", image(1, 1)), image(1, 7)
    files = {
        tmp_path / "rejections" / STUDY / f"{note.SOPInstanceUID}.dcm": encoded(note),
        tmp_path / "imports" / STUDY / f"{other.SOPInstanceUID}.dcm": encoded(other),
        tmp_path / "rejections" / STUDY / "1.2.3.dcm": b"garbled",
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with stage(f"sqlite:///{tmp_path}/store/gateway.db") as here:
        received = SqlReceived(here.engine, here.writer, FileBlobs(tmp_path / "blobs"))
        assert take_over(tmp_path, received, NOW) == 2
        assert take_over(tmp_path, received, NOW) == 0
        (found,) = received.rejections(STUDY)
        assert found.marked == {f"{STUDY}.1.1"}
        with pytest.raises(InputConflicts):
            received.keep_import(STUDY, str(other.SOPInstanceUID), b"other", peer="", now=NOW)
    assert [path.name for path in tmp_path.glob("*/*/*.dcm")] == ["1.2.3.dcm"]


def test_a_folder_that_cannot_be_looked_through_now_is_swept_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.dicom.receive._SWEEP_S", 0.01)
    swept = threading.Semaphore(0)

    def sweep() -> None:
        swept.release()
        raise OSError(errno.EMFILE, "Too many open files")

    with receiving(tmp_path, TITLE) as (_, places, _):
        monkeypatch.setattr(places.spool, "sweep", sweep)
        for _ in range(3):
            assert swept.acquire(timeout=10)


def test_a_silent_caller_in_its_handshake_does_not_keep_the_receiver_from_ending(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with receiving(tmp_path, TITLE, tls=context, silence_s=60.0) as (receiver, _, _):
        silent = socket.create_connection(("127.0.0.1", receiver.port), 10)
        with silent:
            deadline = time.monotonic() + 10
            while not any(isinstance(one, ssl.SSLSocket) for one in receiver._open.values()):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            began = time.monotonic()
            receiver.stop()
            while receiver._open:
                assert time.monotonic() < began + 20
                time.sleep(0.01)
