"""Images that change after their publication: Orthanc has them, storescu tells, the registry gets the new manifest."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from pydicom.dataset import Dataset

from gateway.demo import headers, identity
from gateway.demo.identity import CT
from gateway.flow.events import New
from gateway.hl7.ports import Admission
from gateway.hl7.sender import send
from gateway.kos import read as kos
from gateway.kos.selection import KeyObjectSelection
from gateway.model.document import Status
from gateway.model.share import Deed, Share, ShareState
from gateway.settings import load
from gateway.store import migrations
from gateway.wiring.house import House
from tests.fakes.world import received
from tests.support import dicom_corpus as corpus
from tests.support import gateway as whole
from tests.support import orthanc
from tests.support.dicom_dcmqrscp import serving
from tests.support.dicom_objects import encoded
from tests.support.hl7_messages import RIGHT, message, put

pytestmark = [pytest.mark.orthanc, pytest.mark.dcmtk]

TITLE = "MODALITY"
RECEIVE = f"""
[receive]
enabled = true
port = 0
[[receive.peer]]
ae_title = "{TITLE}"
addresses = ["127.0.0.1"]
"""


@dataclass
class Scene:
    """The gateway's own rooms, over an Orthanc and the registry; its steps are taken one by one."""

    house: House
    pacs: orthanc.Orthanc
    receiver_port: int
    folder: Path

    def settle(self, hours: float = 0.0) -> list[Share]:
        """Look and carry until nothing is due, looking *hours* ahead; what was carried."""
        done: list[Share] = []
        looking = self.house.life.looking(self.house.sharing)
        for _ in range(40):
            now = self.house.clock.now()
            watch = self.house.life.watches.claim(now + timedelta(hours=hours), 900)
            hours = 0.0
            if watch is not None:
                looking.carry(watch)
            share = self.house.store.claim(now, 120)
            if share is not None:
                done.append(self.house.sharing.carry(share))
            elif watch is None:
                return done
        raise AssertionError("it does not come to rest")

    def tell(self) -> list[Share]:
        """The PACS says by OMI^O23 that the images changed."""
        rows = put(RIGHT["drim-omi-o23"], "IPC^1^3", CT.study_uid)
        reception = self.house.reception
        answer = reception.answer(message(rows), reception.meeting(Admission(), "127.0.0.1"))
        assert answer is not None
        assert b"MSA|AA|" in answer
        return self.settle()

    def manifest(self) -> KeyObjectSelection:
        """What the registry gives of the study: the one approved manifest."""
        standing = self.house.store.manifest("demo", CT.study_uid)
        assert standing is not None
        (entry,) = self.house.destinations["demo"].registered([standing.unique_id]).values()
        assert entry.status == Status.APPROVED
        (document,) = self.house.destinations["demo"].retrieve([entry])
        return kos.read(document.content)

    def numbers(self) -> set[int]:
        found = [one for study in self.manifest().studies for series in study.series for one in series.instances]
        return {int(one.sop_instance_uid.rpartition(".")[2]) for one in found}

    def status(self, unique_id: str) -> str:
        return self.house.destinations["demo"].registered([unique_id])[unique_id].status


def slice_(number: int) -> Dataset:
    """One small image of the demo's CT."""
    image = headers.ct(CT, identity.PATIENT, 2)
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"1.2.250.1.999.5.{number}"
    image.InstanceNumber = number
    image.Rows = image.Columns = 8
    image.PixelData = bytes(128)
    return image


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with orthanc.running() as pacs, whole.planned(pacs) as here:
        pacs.store(encoded(slice_(number)) for number in (1, 2, 3))
        with here.world.settings_file.open("a", encoding="utf-8") as file:
            file.write(RECEIVE)
        here.start_registry()
        settings = load(here.world.settings_file)
        house = House(settings)
        try:
            migrations.upgrade(house.engine)
            with serving(house.receiver()) as port:
                scene = Scene(house, pacs, port, tmp_path)
                house.accepting.accept(New(received()))
                (share,) = scene.settle()
                assert share.state is ShareState.SHARED
                assert scene.numbers() == {1, 2, 3}
                yield scene
        finally:
            house.close()


def test_late_images_replace_the_manifest_at_the_registry(scene: Scene) -> None:
    before = scene.manifest().sop_instance_uid
    scene.pacs.store([encoded(slice_(4))])
    (share,) = scene.tell()
    assert (share.deed, share.state) == (Deed.MANIFEST, ShareState.SHARED)
    assert scene.numbers() == {1, 2, 3, 4}
    assert scene.status(before) == Status.DEPRECATED


def test_a_rejection_note_by_storescu_takes_its_images_out_of_the_manifest(scene: Scene) -> None:
    before = scene.manifest().sop_instance_uid
    note = corpus.key_object(CT.study_uid, [slice_(2)], corpus.REJECTED_FOR_QUALITY, series=91)
    file = scene.folder / "note.dcm"
    file.write_bytes(encoded(note))
    command = ["storescu", "-aet", TITLE, "-aec", "GATEWAY", "127.0.0.1", str(scene.receiver_port), str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    (share,) = scene.settle()
    assert (share.deed, share.state) == (Deed.MANIFEST, ShareState.SHARED)
    assert scene.numbers() == {1, 3}
    assert scene.status(before) == Status.DEPRECATED


def test_a_study_that_was_deleted_is_reported_and_then_withdrawn_by_hand(scene: Scene) -> None:
    before = scene.manifest().sop_instance_uid
    session = requests.Session()
    session.trust_env = False
    (study,) = session.get(f"{scene.pacs.url}/studies", timeout=20).json()
    session.delete(f"{scene.pacs.url}/studies/{study}", timeout=20).raise_for_status()
    session.close()
    scene.settle(hours=2)
    (held,) = [one.share for one in scene.house.store.overviews(limit=9, states=["held"])]
    assert (held.deed, held.reason, held.facts["lost"]) == (Deed.MANIFEST, "images_lost", "3")
    assert scene.status(before) == Status.APPROVED
    scene.house.sharing.replay(held.id, "a person")
    scene.settle()
    assert scene.status(before) != Status.APPROVED
    assert scene.house.store.manifest("demo", CT.study_uid) is None


def test_a_running_gateway_replaces_the_manifest_when_it_is_told() -> None:
    """All processes as ``gateway serve`` starts them: a report and an OMI^O23 by MLLP, and nothing by hand."""
    with orthanc.running() as pacs, whole.planned(pacs) as here:
        pacs.store(encoded(slice_(number)) for number in (1, 2, 3))
        here.start_registry()
        here.start_gateway()
        assert b"MSA|AA|" in send("127.0.0.1", here.mllp_port, whole.message(CT), 20)
        here.wait_for(CT, "shared")
        house = House(load(here.world.settings_file))
        try:
            before = house.store.manifest("demo", CT.study_uid)
            pacs.store([encoded(slice_(4))])
            told = message(put(RIGHT["drim-omi-o23"], "IPC^1^3", CT.study_uid))
            assert b"MSA|AA|" in send("127.0.0.1", here.mllp_port, told, 20)
            deadline = time.monotonic() + 60
            while (now := house.store.manifest("demo", CT.study_uid)) is None or not now.shared or now == before:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert before is not None
            assert now.replaces == before.unique_id
            found = house.destinations["demo"].registered([before.unique_id, now.unique_id])
            assert found[before.unique_id].status == Status.DEPRECATED
            assert found[now.unique_id].status == Status.APPROVED
        finally:
            house.close()
