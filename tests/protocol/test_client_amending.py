"""What the client changes at a registry: each message as it leaves, read by another reader, and what answers mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree

from gateway.errors import GatewayError, InputRejected, PeerMisbehaved, PeerRefused
from gateway.model.codes import Code
from gateway.model.document import Association, AssociationType, Author, DocumentEntry, Status, Submission
from gateway.texts import TEXTS
from gateway.xds import ebrim
from gateway.xds.client import RegistryClient, RegistryRefused, Submitter
from tests.support import client_wire as wire
from tests.support.client_wire import APPROVED, DELETED, DEPRECATED, FAILURE, PARTIAL, Wire
from tests.support.soap import PATIENT, REPOSITORY, Behaviour, client_of, frozen, in_turn, playing

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
BY = Submitter(
    source_id="1.2.250.1.999.5",
    content_type_code=Code("97", "1.2.250.1.213.2.2", "Activité"),
    authors=(Author(person="1^DRIMbox^gateway", institutions=("CLINIQUE",)),),
)
UUID = "urn:uuid:11111111-2222-4333-8444-{:012d}"
_CODE = Code("x", "1.2.250.1.999.3", "X")


def entry(number: int = 1, **changes: object) -> DocumentEntry:
    made = DocumentEntry(
        entry_uuid=UUID.format(number),
        unique_id=f"1.2.250.1.999.1.{number}",
        mime_type="text/xml",
        patient_id=PATIENT,
        class_code=_CODE,
        type_code=_CODE,
        format_code=_CODE,
        healthcare_facility_type_code=_CODE,
        practice_setting_code=_CODE,
        confidentiality_codes=(Code("N", "2.16.840.1.113883.5.25", "Normal"),),
        creation_time="20261120",
        language_code="fr-FR",
        hash="a" * 40,
        size=12,
        repository_unique_id=REPOSITORY,
        title="Scanner",
        status=Status.APPROVED,
        logical_id=UUID.format(900 + number),
        version="3",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def registered(*entries: DocumentEntry) -> Behaviour:
    objects = ebrim.write_object_list(Submission(entries=entries))
    text = "".join(etree.tostring(one, encoding="unicode") for one in objects)
    return wire.saying(wire.query_response(text))


DONE = wire.saying(wire.response())


def refused(code: str, context: str = "", status: str = FAILURE) -> Behaviour:
    return wire.saying(wire.response(status, (code, context, "Error", "")))


def asked(act: Callable[[RegistryClient], object], *behaviours: Behaviour, **settings: object) -> list[Wire]:
    """The messages that *act* sends to a registry that answers with *behaviours* in turn."""
    with playing(in_turn(*behaviours)) as loopback, client_of(loopback, **settings) as client:
        act(client)
        assert len(loopback.seen) == len(behaviours)
        return [wire.read(one) for one in loopback.seen]


def refusal(act: Callable[[RegistryClient], object], *behaviours: Behaviour) -> GatewayError:
    with playing(in_turn(*behaviours)) as loopback, client_of(loopback) as client:
        with pytest.raises(GatewayError) as caught:
            act(client)
        assert len(loopback.seen) == len(behaviours)
    assert caught.value.code in TEXTS
    return caught.value


@pytest.mark.parametrize(("flavour", "status"), [("dmp", DELETED), ("ihe", DEPRECATED)])
def test_a_withdrawal_asks_for_the_entry_and_changes_its_status(flavour: str, status: str) -> None:
    question, change = asked(
        lambda client: client.withdraw(["1.2.250.1.999.1.1"], BY, NOW), registered(entry()), DONE, flavour=flavour
    )
    assert question.slots("AdhocQuery") == {"$XDSDocumentEntryUniqueId": ["('1.2.250.1.999.1.1')"]}
    assert change.action == "urn:ihe:iti:2010:UpdateDocumentSet"
    assert change.content_type.startswith("application/soap+xml; ")
    assert change.attributes("Association", "associationType") == [
        "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
    ]
    (package,) = change.attributes("RegistryPackage", "id")
    assert change.attributes("Association", "sourceObject") == [package]
    assert change.attributes("Association", "targetObject") == [UUID.format(1)]
    assert change.slots("Association") == {"OriginalStatus": [APPROVED], "NewStatus": [status]}
    assert change.slots("RegistryPackage") == {"submissionTime": ["20261122103000"]}
    identifiers = change.attributes("ExternalIdentifier", "value")
    assert identifiers[:2] == [PATIENT, "1.2.250.1.999.5"]
    assert not list(change.body.iter("{*}ExtrinsicObject"))


def test_a_withdrawal_repeated_does_nothing() -> None:
    gone = registered(entry(status=Status.DEPRECATED))
    assert len(asked(lambda client: client.withdraw(["1.2.250.1.999.1.1"], BY, NOW), gone)) == 1
    hidden = registered()
    asked(lambda client: client.withdraw(["1.2.250.1.999.1.1"], BY, NOW, again=True), hidden)


def test_documents_of_two_patients_are_withdrawn_by_two_messages() -> None:
    other = entry(2, patient_id="1^^^&1.2&ISO")
    _, *changes = asked(
        lambda client: client.withdraw([other.unique_id, entry(3).unique_id, entry().unique_id], BY, NOW),
        registered(entry(), other, entry(3)),
        DONE,
        DONE,
    )
    targets = [change.attributes("Association", "targetObject") for change in changes]
    assert targets == [[UUID.format(2)], [UUID.format(3), UUID.format(1)]]


def test_a_withdrawal_may_be_taken_back() -> None:
    _, change = asked(
        lambda client: client.withdraw(["1.2.250.1.999.1.1"], BY, NOW, status=Status.APPROVED),
        registered(entry(status=Status.DELETED)),
        DONE,
    )
    assert change.slots("Association") == {"OriginalStatus": [DELETED], "NewStatus": [APPROVED]}


def test_what_the_registry_does_not_have_cannot_be_withdrawn() -> None:
    error = refusal(lambda client: client.withdraw(["1.2.3"], BY, NOW), registered())
    assert (type(error), error.code, error.facts["unique_id"]) == (PeerRefused, "xds_document_unknown", "1.2.3")


def test_an_update_is_a_new_version_of_the_same_logical_entry() -> None:
    _, change = asked(
        lambda client: client.update("1.2.250.1.999.1.1", lambda old: replace(old, title="Scanner du thorax"), BY, NOW),
        registered(entry()),
        DONE,
    )
    assert change.action == "urn:ihe:iti:2010:UpdateDocumentSet"
    (identifier,) = change.attributes("ExtrinsicObject", "id")
    assert identifier != UUID.format(1)
    assert change.attributes("ExtrinsicObject", "lid") == [UUID.format(901)]
    assert change.attributes("ExtrinsicObject", "status") == ["None"]
    slots = change.slots("ExtrinsicObject")
    assert (slots["hash"], slots["size"], slots["repositoryUniqueId"]) == (["a" * 40], ["12"], [REPOSITORY])
    assert change.slots("Association") == {"SubmissionSetStatus": ["Original"], "PreviousVersion": ["3"]}
    assert change.attributes("Association", "associationType") == [
        "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
    ]
    assert change.attributes("Association", "targetObject") == [identifier]
    assert "Scanner du thorax" in change.attributes("LocalizedString", "value")


def test_an_update_that_changes_nothing_is_not_sent() -> None:
    asked(lambda client: client.update("1.2.250.1.999.1.1", lambda old: old, BY, NOW), registered(entry()))


@pytest.mark.parametrize("version", ["", "1.1"])
def test_an_entry_without_logical_id_or_version_is_taken_for_the_first(version: str) -> None:
    _, change = asked(
        lambda client: client.update("1.2.250.1.999.1.1", lambda old: replace(old, title="x"), BY, NOW),
        registered(entry(logical_id="", version=version)),
        DONE,
    )
    assert change.attributes("ExtrinsicObject", "lid") == [UUID.format(1)]
    assert change.slots("Association")["PreviousVersion"] == ["1"]


def test_of_several_versions_the_newest_that_is_approved_is_changed() -> None:
    versions = (entry(version="9"), entry(2, unique_id="1.2.250.1.999.1.1", version="10"))
    withdrawn = entry(3, unique_id="1.2.250.1.999.1.1", version="11", status=Status.DEPRECATED)
    _, change = asked(
        lambda client: client.withdraw(["1.2.250.1.999.1.1"], BY, NOW), registered(*versions, withdrawn), DONE
    )
    assert change.attributes("Association", "targetObject") == [UUID.format(2)]


@pytest.mark.parametrize(
    ("name", "value", "attribute"),
    [
        ("unique_id", "1.2.3", "uniqueId"),
        ("patient_id", "1^^^&1.2&ISO", "patientId"),
        ("hash", "b" * 40, "hash"),
        ("size", 13, "size"),
        ("repository_unique_id", "1.2.3", "repositoryUniqueId"),
        ("object_type", "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248", "objectType"),
    ],
)
def test_what_an_update_may_not_change_does_not_leave(name: str, value: object, attribute: str) -> None:
    error = refusal(
        lambda client: client.update("1.2.250.1.999.1.1", lambda old: replace(old, **{name: value}), BY, NOW),  # type: ignore[arg-type]
        registered(entry()),
    )
    assert (type(error), error.code, error.facts["attribute"]) == (InputRejected, "xds_update_fixed", attribute)


def test_a_document_that_was_replaced_is_not_updated() -> None:
    error = refusal(
        lambda client: client.update("1.2.250.1.999.1.1", lambda old: replace(old, title="x"), BY, NOW),
        registered(entry(status=Status.DEPRECATED)),
    )
    assert (error.code, error.facts["words"]) == ("xds_document_not_current", "Deprecated")


def test_a_refused_update_tells_every_error() -> None:
    error = refusal(
        lambda client: client.update("1.2.250.1.999.1.1", lambda old: replace(old, title="x"), BY, NOW),
        registered(entry()),
        wire.saying(
            wire.response(
                FAILURE,
                ("XDSMetadataVersionError", "newer", "Error", "Document01"),
                ("XDSRegistryMetadataError", "XDSDocumentEntry.title", "Error", ""),
            )
        ),
    )
    assert isinstance(error, RegistryRefused)
    assert [(one.code, one.location) for one in error.errors] == [
        ("XDSMetadataVersionError", "Document01"),
        ("XDSRegistryMetadataError", ""),
    ]


NEW, OLD = "1.2.250.1.999.1.1", "1.2.250.1.999.1.9"
FIRST_NEW = frozen()


def test_a_replacement_names_the_entry_that_the_registry_has() -> None:
    question, submission = asked(lambda client: client.replace(FIRST_NEW, {NEW: OLD}), registered(entry(9)), DONE)
    assert question.slots("AdhocQuery") == {"$XDSDocumentEntryUniqueId": [f"('{OLD}')"]}
    assert submission.action == "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
    assert submission.attributes("Association", "associationType") == ["urn:ihe:iti:2007:AssociationType:RPLC"]
    assert submission.attributes("Association", "sourceObject") == ["Document01"]
    assert submission.attributes("Association", "targetObject") == [UUID.format(9)]
    assert len(submission.parts) == 2


def test_what_is_kept_of_a_replacement_is_what_is_sent_later() -> None:
    with playing(in_turn(registered(entry(9)), DONE)) as loopback, client_of(loopback) as client:
        kept = client.replacing(FIRST_NEW, {NEW: OLD})
        assert kept.metadata.count(UUID.format(9).encode()) == 1
        assert kept.documents == FIRST_NEW.documents
        client.send(kept, again=False)
        assert UUID.format(9).encode() in loopback.seen[1].body


def test_a_replacement_whose_answer_was_lost_is_not_sent_again() -> None:
    there = [entry(number, unique_id=one.unique_id, hash=one.hash) for number, one in enumerate(FIRST_NEW.documents, 1)]
    asked(lambda client: client.replace(FIRST_NEW, {NEW: OLD}, again=True), registered(*there))


def test_only_a_document_in_force_is_replaced() -> None:
    replaced = registered(entry(9, status=Status.DEPRECATED))
    assert refusal(lambda c: c.replace(FIRST_NEW, {NEW: OLD}), replaced).code == "xds_document_not_current"
    assert refusal(lambda c: c.replace(FIRST_NEW, {NEW: OLD}), registered()).code == "xds_document_unknown"


def test_a_replacement_by_a_document_that_is_not_sent_is_a_mistake_of_ours() -> None:
    with playing(registered()) as loopback, client_of(loopback) as client:
        with pytest.raises(ValueError, match="not of this submission"):
            client.replacing(frozen(), {"1.2.3": OLD})
        assert loopback.seen == []


def test_metadata_alone_are_registered() -> None:
    submission = Submission(
        entries=(entry(),),
        associations=(Association(entry_uuid="a", type=AssociationType.SIGNS, source="s", target="t"),),
    )
    (message,) = asked(lambda client: client.register(submission), DONE)
    assert message.action == "urn:ihe:iti:2007:RegisterDocumentSet-b"
    assert message.body.tag == "{urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0}SubmitObjectsRequest"
    assert message.attributes("ExtrinsicObject", "id") == [UUID.format(1)]


def test_objects_are_deleted_by_their_ids() -> None:
    (message,) = asked(lambda client: client.delete([UUID.format(1), UUID.format(2)]), DONE)
    assert message.action == "urn:ihe:iti:2010:DeleteDocumentSet"
    assert message.body.tag == "{urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0}RemoveObjectsRequest"
    (references,) = message.body
    assert references.tag == "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}ObjectRefList"
    assert message.attributes("ObjectRef", "id") == [UUID.format(1), UUID.format(2)]


def test_objects_that_are_gone_are_an_error_only_at_the_first_try() -> None:
    gone = refused("UnresolvedReferenceException", UUID.format(1))
    assert isinstance(refusal(lambda client: client.delete([UUID.format(1)]), gone), RegistryRefused)
    asked(lambda client: client.delete([UUID.format(1)], again=True), gone)
    still = refused("ReferencesExistException")
    assert isinstance(refusal(lambda client: client.delete([UUID.format(1)], again=True), still), RegistryRefused)


def test_documents_are_removed_from_their_repository() -> None:
    elsewhere = entry(2, repository_unique_id="", home_community_id="urn:oid:1.2.3")
    (message,) = asked(lambda client: client.remove([entry(), elsewhere]), DONE)
    assert message.action == "urn:ihe:iti:2017:RemoveDocuments"
    assert message.body.tag == "{urn:ihe:iti:rmd:2017}RemoveDocumentsRequest"
    assert [one.tag for one in message.body] == ["{urn:ihe:iti:xds-b:2007}DocumentRequest"] * 2
    assert message.texts("DocumentUniqueId") == [entry().unique_id, elsewhere.unique_id]
    assert message.texts("RepositoryUniqueId") == [REPOSITORY, REPOSITORY]
    assert message.texts("HomeCommunityId") == ["urn:oid:1.2.3"]


def test_documents_removed_in_part_are_told() -> None:
    part = refused("XDSDocumentUniqueIdError", "1.2.3", PARTIAL)
    with playing(part) as loopback, client_of(loopback) as client:
        assert [error.context for error in client.remove([entry()])] == ["1.2.3"]
        assert client.remove([entry()], again=True) == ()
    none = refused("XDSDocumentUniqueIdError")
    assert isinstance(refusal(lambda client: client.remove([entry()]), none), RegistryRefused)
    asked(lambda client: client.remove([entry()], again=True), none)


def test_an_answer_that_is_none_is_a_mistake_of_the_registry() -> None:
    other = wire.saying(wire.query_response(""))
    assert isinstance(refusal(lambda client: client.delete([UUID.format(1)]), other), PeerMisbehaved)
