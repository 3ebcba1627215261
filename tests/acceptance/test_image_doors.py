"""The whole gateway: a study is shared, then fetched by other systems by WADO-RS and RAD-69, and after no longer."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator

import pydicom
import pytest
import requests

from gateway.demo import identity
from gateway.demo.identity import DemoStudy
from gateway.hl7.sender import send
from gateway.kos.read import read
from gateway.xds import retrieval
from gateway.xds.retrieval import ImagingSeries
from tests.bench.studies import named, slices
from tests.protocol.test_rad69 import answered, envelope
from tests.support import orthanc
from tests.support.gateway import Running, message, planned
from tests.support.image_site import ANY_SYNTAX, KEY, parts_of

pytestmark = pytest.mark.orthanc
STUDY = named("doors")
ACTION = "urn:ihe:rad:2009:RetrieveImagingDocumentSet"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with orthanc.running() as pacs:
        pacs.store(slices(STUDY, 12, size=64, series=2))
        pacs.store(slices(named("doors-other"), 4, size=64, series=1))
        with planned(pacs, dicomweb=True) as here:
            digest = hashlib.sha256(KEY.encode()).hexdigest()
            text = here.world.settings_file.read_text(encoding="utf-8")
            text += "\n[images]\nrad69 = true\nadd_identity = true\n[[images.peer]]\n"
            text += f'name = "box"\nkey_sha256 = "{digest}"\n'
            here.world.settings_file.write_text(text, encoding="utf-8")
            here.start_registry()
            here.start_identity_provider()
            here.start_gateway()
            yield here


def fetched(running: Running, study: DemoStudy, path: str = "") -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": f"Bearer {KEY}", "Accept": ANY_SYNTAX}
        url = f"{running.world.public_url}/dicom-web/studies/{study.study_uid}{path}"
        return session.get(url, headers=headers, timeout=60)


def test_a_study_is_given_to_others_once_it_is_shared(running: Running) -> None:
    assert fetched(running, STUDY).status_code == 404
    send("127.0.0.1", running.mllp_port, message(STUDY), 30)
    running.wait_for(STUDY, "shared")
    answer = fetched(running, STUDY)
    assert answer.status_code == 200, answer.text
    found = [pydicom.dcmread(io.BytesIO(content)) for _, content in parts_of(answer)]
    assert len(found) == 12
    assert {one.StudyInstanceUID for one in found} == {STUDY.study_uid}
    ins = next(one for one in identity.PATIENT.identifiers if one.root == "1.2.250.1.213.1.4.10")
    for one in found:
        assert ins.extension in [item.PatientID for item in one.OtherPatientIDsSequence]
    assert fetched(running, named("doors-other")).status_code == 404


def test_the_manifest_is_the_list_of_what_is_given_by_rad_69(running: Running) -> None:
    blobs = [path for path in running.world.folder.rglob("*") if path.is_file()]
    manifests = []
    for path in blobs:
        content = path.read_bytes()
        if content[128:132] == b"DICM" and STUDY.study_uid.encode() in content:
            manifests.append(read(content))
    (study,) = manifests[0].studies
    first = study.series[0]
    wanted = tuple(one.sop_instance_uid for one in first.instances)
    request = retrieval.imaging_request(
        [ImagingSeries(study_uid=STUDY.study_uid, series_uid=first.series_uid, instance_uids=wanted,
                       retrieve_location_uid=first.retrieve_location_uid)],
        ["1.2.840.10008.1.2.1"],
    )  # fmt: skip
    with requests.Session() as session:
        session.trust_env = False
        headers = {
            "Authorization": f"Bearer {KEY}",
            "Content-Type": f'application/soap+xml; charset=UTF-8; action="{ACTION}"',
        }
        url = f"{running.world.public_url}/rad69"
        response, found = answered(session.post(url, data=envelope(ACTION, request), headers=headers, timeout=60))
    assert response.success, response.errors
    assert sorted(found) == sorted(wanted)
    assert pydicom.dcmread(io.BytesIO(found[wanted[0]])).SOPInstanceUID == wanted[0]
