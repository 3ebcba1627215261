"""Registration alone, updates, removals and the patient feed over loopback, in messages written by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from lxml import etree

from gateway.model.document import ON_DEMAND, STABLE
from gateway.registry.app import create_app
from gateway.registry.rules import Policy
from tests.support import registry_wire as wire
from tests.support.registry import REPOSITORY, new_unique_id, running_service, sha1

GET_DOCUMENTS = "5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
GET_ASSOCIATIONS = "a7ae438b-4bc2-4642-93e9-be891f7bb155"
STATUS = "urn:oasis:names:tc:ebxml-regrep:StatusType:"
ELSEWHERE = wire.slot("hash", sha1(b"elsewhere")) + wire.slot("size", "9") + wire.slot("repositoryUniqueId", "1.2.3.4")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_service(tmp_path_factory.mktemp("registry")) as service, wire.loopback(create_app(service)) as address:
        yield address


def register(url: str, unique_id: str, slots: str = ELSEWHERE) -> requests.Response:
    body = wire.submit_objects(wire.extrinsic_object(unique_id, slots=slots))
    return wire.post(f"{url}/registry", wire.ITI_42, body)


def entries(url: str, unique_id: str) -> list[etree._Element]:
    """Every version of the entry of a document, in order."""
    slots = wire.slot("$XDSDocumentEntryUniqueId", f"('{unique_id}')") + wire.slot("$MetadataLevel", "2")
    answer = wire.post(f"{url}/registry", wire.ITI_18, wire.stored_query(GET_DOCUMENTS, slots))
    found = wire.root_of(answer).iter("{*}ExtrinsicObject")
    return sorted(found, key=lambda one: str(one.find("{*}VersionInfo").get("versionName")))


def outcome(answer: requests.Response) -> tuple[int, str, list[str]]:
    return answer.status_code, wire.status_of(answer), wire.errors_of(answer)


def test_metadata_are_registered_alone(url: str) -> None:
    unique_id = new_unique_id()
    answer = register(url, unique_id)
    assert outcome(answer) == (200, "Success", [])
    assert wire.root_of(answer).findtext(".//{*}Action") == "urn:ihe:iti:2007:RegisterDocumentSet-bResponse"
    assert answer.headers["Content-Type"].startswith("application/soap+xml")
    (found,) = entries(url, unique_id)
    assert found.get("lid") == found.get("id")
    assert found.find("{*}VersionInfo").get("versionName") == "1"


def test_what_is_registered_alone_and_lacks_its_hash_is_refused(url: str) -> None:
    assert outcome(register(url, new_unique_id(), slots="")) == (200, "Failure", ["XDSRegistryMetadataError"] * 3)


def test_an_on_demand_entry_has_its_own_action(url: str) -> None:
    unique_id = new_unique_id()
    objects = wire.extrinsic_object(unique_id, slots=wire.slot("repositoryUniqueId", "1.2.3.4"))
    body = wire.submit_objects(objects.replace(STABLE, ON_DEMAND))
    assert outcome(wire.post(f"{url}/registry", wire.ITI_42, body))[1] == "Failure"
    assert outcome(wire.post(f"{url}/registry", wire.ITI_61, body)) == (200, "Success", [])


@pytest.mark.parametrize("action", [wire.ITI_57, wire.ITI_92])
def test_a_new_version_is_submitted_and_found(url: str, action: str) -> None:
    unique_id = new_unique_id()
    assert outcome(register(url, unique_id))[1] == "Success"
    (first,) = entries(url, unique_id)
    changed = wire.extrinsic_object(unique_id, slots=ELSEWHERE).replace(
        '<rim:ExtrinsicObject id="Document01"', f'<rim:ExtrinsicObject id="Document01" lid="{first.get("lid")}"'
    )
    changed = changed.replace("Scanner de Noël", "Scanner corrigé")
    body = wire.submit_objects(changed, slots=wire.slot("PreviousVersion", "1"))
    answer = wire.post(f"{url}/registry", action, body)
    assert outcome(answer) == (200, "Success", [])
    assert wire.root_of(answer).findtext(".//{*}Action") == f"{action}Response"
    one, two = entries(url, unique_id)
    assert (one.get("status"), two.get("status")) == (f"{STATUS}Deprecated", f"{STATUS}Approved")
    assert one.get("lid") == two.get("lid") == first.get("id")
    assert two.find("{*}Name/{*}LocalizedString").get("value") == "Scanner corrigé – œdème"
    again = wire.submit_objects(changed, slots=wire.slot("PreviousVersion", "1"))
    assert outcome(wire.post(f"{url}/registry", action, again)) == (200, "Failure", ["XDSMetadataVersionError"])
    without_lid = body.replace(f' lid="{first.get("lid")}"', "")
    assert outcome(wire.post(f"{url}/registry", action, without_lid))[2][0] == "XDSMetadataUpdateError"


@pytest.mark.parametrize("new", [f"{STATUS}Deprecated", "urn:asip:ci-sis:2010:StatusType:Deleted"])
def test_a_document_is_withdrawn_by_its_status(url: str, new: str) -> None:
    unique_id = new_unique_id()
    assert outcome(register(url, unique_id))[1] == "Success"
    (first,) = entries(url, unique_id)
    slots = wire.slot("OriginalStatus", f"{STATUS}Approved") + wire.slot("NewStatus", new)
    kind = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
    change = wire.association(kind, "set", str(first.get("id")), slots)
    body = wire.submit_objects("", more=change)
    assert outcome(wire.post(f"{url}/registry", wire.ITI_57, body)) == (200, "Success", [])
    (found,) = entries(url, unique_id)
    assert found.get("status") == new
    again = wire.submit_objects("", more=change)
    assert outcome(wire.post(f"{url}/registry", wire.ITI_57, again)) == (200, "Failure", ["XDSMetadataUpdateError"])


def test_objects_are_removed_by_their_ids(url: str) -> None:
    unique_id = new_unique_id()
    assert outcome(register(url, unique_id))[1] == "Success"
    (first,) = entries(url, unique_id)
    uuid = str(first.get("id"))
    refused = wire.post(f"{url}/registry", wire.ITI_62, wire.remove_objects(uuid))
    assert outcome(refused) == (200, "Failure", ["ReferencesExistException"])
    slots = wire.slot("$uuid", f"('{uuid}')")
    found = wire.root_of(wire.post(f"{url}/registry", wire.ITI_18, wire.stored_query(GET_ASSOCIATIONS, slots)))
    (link,) = found.iter("{*}Association")
    all_of_it = (uuid, str(link.get("id")), str(link.get("sourceObject")))
    assert outcome(wire.post(f"{url}/registry", wire.ITI_62, wire.remove_objects(*all_of_it))) == (200, "Success", [])
    assert entries(url, unique_id) == []
    gone = wire.post(f"{url}/registry", wire.ITI_62, wire.remove_objects(*all_of_it))
    assert outcome(gone) == (200, "Failure", ["UnresolvedReferenceException"] * 3)
    empty = wire.post(f"{url}/registry", wire.ITI_62, wire.remove_objects())
    assert outcome(empty) == (200, "Failure", ["XDSRegistryError"])


def test_documents_are_removed_and_what_is_not_there_is_told(url: str) -> None:
    unique_id, unknown = new_unique_id(), new_unique_id()
    body = wire.provide_and_register(wire.extrinsic_object(unique_id), wire.by_part())
    assert outcome(wire.post(f"{url}/repository", wire.ITI_41, body, {"d1@hand": b"<a/>"}))[1] == "Success"
    wanted = wire.remove_documents((REPOSITORY, unique_id), (REPOSITORY, unknown))
    answer = wire.post(f"{url}/repository", wire.ITI_86, wanted)
    assert outcome(answer) == (200, "PartialSuccess", ["XDSDocumentUniqueIdError"])
    gone = wire.post(f"{url}/repository", wire.ITI_43, wire.retrieve((REPOSITORY, unique_id)), {})
    assert outcome(gone) == (200, "Failure", ["XDSDocumentUniqueIdError"])
    again = wire.post(f"{url}/repository", wire.ITI_86, wire.remove_documents((REPOSITORY, unique_id)))
    assert outcome(again) == (200, "Failure", ["XDSDocumentUniqueIdError"])
    empty = wire.post(f"{url}/repository", wire.ITI_86, wire.remove_documents())
    assert outcome(empty) == (200, "Failure", ["XDSRepositoryError"])
    assert len(entries(url, unique_id)) == 1


def feed(url: str, message: str, patient: str, replaced: str = "", **more: str) -> etree._Element:
    body = wire.identity_feed(message, patient, replaced, **more)
    answer = wire.post(f"{url}/registry", f"urn:hl7-org:v3:{message}", body)
    assert answer.status_code == 200
    root = wire.root_of(answer)
    assert root.findtext(".//{*}Action") == "urn:hl7-org:v3:MCCI_IN000002UV01"
    return next(root.iter("{*}MCCI_IN000002UV01"))


def code_of(acknowledgement: etree._Element) -> str:
    return str(acknowledgement.find("{*}acknowledgement/{*}typeCode").get("code"))


def test_the_feed_makes_patients_known_and_merges_them(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("fed")
    policy = Policy(listed_patients=True)
    with running_service(folder, policy=policy) as service, wire.loopback(create_app(service)) as url:
        first = new_unique_id()
        assert outcome(register(url, first)) == (200, "Failure", ["XDSUnknownPatientId"] * 2)
        added = feed(url, "PRPA_IN201301UV02", "279035121518989")
        assert code_of(added) == "CA"
        assert added.find("{*}acknowledgement/{*}targetMessage/{*}id").get("root") == "2.25.4711"
        assert added.find("{*}receiver/{*}device/{*}id").get("root") == "1.2.840.2"
        assert outcome(register(url, first))[1] == "Success"
        assert code_of(feed(url, "PRPA_IN201302UV02", "279035121518989")) == "CA"
        assert code_of(feed(url, "PRPA_IN201304UV02", "160012B12345678", "279035121518989")) == "CA"
        patients = entries(url, first)[0].find("{*}ExternalIdentifier").get("value")
        assert patients == "160012B12345678^^^&1.2.250.1.213.1.4.10&ISO"
        assert outcome(register(url, new_unique_id())) == (200, "Failure", ["XDSUnknownPatientId"] * 2)


@pytest.mark.parametrize(
    ("message", "patient", "replaced", "root"),
    [
        ("PRPA_IN201301UV02", "", "", "1.2.3"),
        ("PRPA_IN201301UV02", "1", "", "DOMAIN"),
        ("PRPA_IN201301UV02", "a^b", "", "1.2.3"),
        ("PRPA_IN201301UV02", "a&amp;b", "", "1.2.3"),
        ("PRPA_IN201304UV02", "1", "", "1.2.3"),
    ],
)
def test_a_feed_that_names_no_patient_is_refused_with_its_reason(
    url: str, message: str, patient: str, replaced: str, root: str
) -> None:
    refused = feed(url, message, patient, replaced, root=root)
    assert code_of(refused) == "CE"
    assert refused.findtext("{*}acknowledgement/{*}acknowledgementDetail/{*}text")
