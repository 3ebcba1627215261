"""The rules of a submission, one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import pytest

from gateway.model.codes import Code
from gateway.model.document import (
    ON_DEMAND,
    Association,
    AssociationType,
    Author,
    DocumentEntry,
    RegistryError,
    Submission,
)
from gateway.registry import findings, rules
from gateway.registry.rules import Context, Measured
from tests.support.registry import (
    OTHER_PATIENT,
    PATIENT,
    REPOSITORY,
    Bytes,
    accession,
    contents,
    entry,
    member,
    sha1,
    submission,
    with_folder,
)

EVERY_PATIENT = rules.Policy()


def measure(name: str, document: Bytes) -> Measured:
    content = document.read()
    return Measured(name, sha1(content), hashlib.sha256(content).hexdigest(), len(content))


def all_findings(
    submitted: Submission, measured: Sequence[Measured], policy: rules.Policy = EVERY_PATIENT
) -> list[RegistryError]:
    of_metadata = rules.metadata_findings(submitted, policy, Context.PROVIDE)
    return [*of_metadata, *rules.document_findings(submitted, measured)]


def found(submitted: Submission, content: bytes = b"<a/>", policy: rules.Policy = EVERY_PATIENT) -> set[str]:
    measured = [measure(name, one) for name, one in contents(submitted, content).items()]
    return {error.code for error in all_findings(submitted, measured, policy)}


def words(submitted: Submission, context: Context = Context.PROVIDE) -> str:
    return "\n".join(error.context for error in rules.metadata_findings(submitted, EVERY_PATIENT, context))


def test_a_right_submission_has_no_findings() -> None:
    assert found(submission(entry("Document01"), entry("Document02"))) == set()


def test_every_fault_is_told_in_one_answer() -> None:
    one = entry(patient_id="123", creation_time="2026-11-20", language_code="", hash="00" * 20, size=1)
    two = entry("Document02", unique_id=one.unique_id, format_code=Code("", ""))
    submitted = replace(submission(one, two), associations=())
    measured = [measure("Document01", Bytes(b"<a/>")), measure("Document03", Bytes(b"<b/>"))]
    codes = [error.code for error in all_findings(submitted, measured)]
    assert set(codes) == {
        "XDSRegistryMetadataError",
        "XDSRepositoryMetadataError",
        "XDSRepositoryDuplicateUniqueIdInMessage",
        "XDSPatientIdDoesNotMatch",
        "XDSMissingDocument",
        "XDSMissingDocumentMetadata",
    }
    assert len(codes) >= 11


def test_the_source_of_a_submission_is_not_one_of_its_objects() -> None:
    right = submission(entry())
    (submission_set,) = right.submission_sets
    for unique_id in (submission_set.unique_id, right.entries[0].unique_id):
        wrong = replace(right, submission_sets=(replace(submission_set, source_id=unique_id),))
        assert found(wrong) == {"XDSRegistryMetadataError"}
        assert f"sourceId “{unique_id}” is the uniqueId of an object too" in words(wrong)


def test_a_document_without_an_entry_and_an_entry_without_a_document_are_two_errors() -> None:
    errors = rules.document_findings(submission(entry("Document01")), [measure("Document02", Bytes(b"x"))])
    assert [(error.code, error.location) for error in errors] == [
        ("XDSMissingDocumentMetadata", "Document02"),
        ("XDSMissingDocument", "Document01"),
    ]


def test_an_empty_document_is_refused() -> None:
    assert found(submission(entry()), b"") == {"XDSRepositoryMetadataError"}


@pytest.mark.parametrize("digest", [sha1(b"<a/>"), sha1(b"<a/>").upper()])
def test_a_right_hash_is_accepted_in_either_case(digest: str) -> None:
    assert found(submission(entry(hash=digest, size=4))) == set()


@pytest.mark.parametrize(("attribute", "value"), [("hash", sha1(b"<b/>")), ("hash", "abc"), ("size", 5)])
def test_a_wrong_hash_or_size_is_the_repositorys_error(attribute: str, value: object) -> None:
    assert found(submission(entry(**{attribute: value}))) == {"XDSRepositoryMetadataError"}


def test_patients_that_differ_between_set_and_entry_are_refused() -> None:
    assert found(submission(entry(), patient_id=OTHER_PATIENT)) == {"XDSPatientIdDoesNotMatch"}


def test_the_type_code_of_a_cx_does_not_make_another_patient() -> None:
    assert found(submission(entry(), patient_id=PATIENT.removesuffix("^NH"))) == set()


def test_only_the_authorities_of_the_policy_are_known_when_it_names_some() -> None:
    assert found(submission(entry()), policy=rules.Policy(frozenset({"1.2.3"}))) == {"XDSUnknownPatientId"}


@pytest.mark.parametrize("attribute", ["unique_id", "mime_type", "patient_id", "creation_time", "language_code"])
def test_a_mandatory_attribute_that_is_missing_is_named(attribute: str) -> None:
    name = {"unique_id": "uniqueId", "mime_type": "mimeType", "patient_id": "patientId"}.get(attribute)
    name = name or {"creation_time": "creationTime", "language_code": "languageCode"}[attribute]
    assert f"DocumentEntry.{name} is missing" in words(submission(entry(**{attribute: ""})))


@pytest.mark.parametrize(
    ("attribute", "name"),
    [
        ("class_code", "classCode"),
        ("type_code", "typeCode"),
        ("format_code", "formatCode"),
        ("healthcare_facility_type_code", "healthcareFacilityTypeCode"),
        ("practice_setting_code", "practiceSettingCode"),
    ],
)
def test_a_code_without_a_value_or_without_its_scheme_is_named(attribute: str, name: str) -> None:
    assert f"{name} is missing" in words(submission(entry(**{attribute: Code("", "1.2")})))
    assert f"{name} “X” lacks its codingScheme" in words(submission(entry(**{attribute: Code("X", "")})))


@pytest.mark.parametrize("value", ["IPP101", "IPP101^^^domain", "IPP101^^^domain^PI", "IPP101^^^&1.2.3&ISO^PI"])
def test_the_senders_own_number_of_a_patient_may_have_a_word_or_nothing_for_its_authority(value: str) -> None:
    assert words(submission(entry(source_patient_id=value))) == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "sourcePatientId is missing"),
        ("^^^domain", "has an empty CX.1"),
        ("IPP101^^^1.2.3", "has CX.4 '1.2.3', which is not &OID&ISO"),
        ("IPP101^^^&domain", "has CX.4 '&domain', which is not &OID&ISO"),
        ("IPP101^^^&1.2.03&ISO", "has in CX.4 '1.2.03', which is not an OID"),
        ("IPP101^1", "lacks CX.4"),
        ("IPP101^^^^PI", "lacks CX.4"),
        ("1" * 257, "is longer than 256 characters"),
    ],
)
def test_an_authority_of_it_that_is_meant_for_an_oid_must_be_one(value: str, expected: str) -> None:
    assert expected in words(submission(entry(source_patient_id=value)))


def test_an_entry_without_confidentiality_is_refused() -> None:
    assert "confidentialityCode is missing" in words(submission(entry(confidentiality_codes=())))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"patient_id": "1"}, "patientId “1” lacks CX.4"),
        ({"patient_id": "1^^^&1.02&ISO"}, "has in CX.4 '1.02', which is not an OID"),
        ({"patient_id": "1^^^&1.2&DNS"}, "has in CX.4 the type 'DNS', which must be ISO"),
        ({"patient_id": "1^^^NS&1.2&ISO"}, "has in CX.4 a namespace"),
        ({"patient_id": "^^^&1.2&ISO"}, "has an empty CX.1"),
        ({"unique_id": "1.2.03"}, "uniqueId “1.2.03” has a root that is not an OID"),
        ({"unique_id": "1.2.3^"}, "has an empty extension"),
        ({"creation_time": "20261301"}, "creationTime “20261301” is a date or time that does not exist"),
        ({"creation_time": "20261120101500+0100"}, "without a zone"),
        ({"service_start_time": "20261121"}, "serviceStartTime “20261121” is later than serviceStopTime"),
        ({"language_code": "français de France"}, "is not a language tag"),
        ({"mime_type": "pdf"}, "is not of the form type/subtype"),
        ({"legal_authenticator": "^^Hélène"}, "has neither XCN.1 (the id) nor XCN.2"),
        ({"authors": (Author(person="1^A^B^^^^^^1.2.3"),)}, "has XCN.9 '1.2.3', which is not &OID&ISO"),
        ({"authors": (Author(institutions=("^^^^^^^^^1.2",)),)}, "has an empty XON.1"),
        ({"authors": (Author(institutions=("A^^^^^^^^^12",)),)}, "no authority in XON.6"),
        ({"reference_ids": (accession("A", "1.2.x"),)}, "has in CXi.4 '1.2.x', which is not an OID"),
        ({"reference_ids": (accession("A" * 257),)}, "is longer than 256 characters"),
        ({"source_patient_info": ("5|A",)}, "sourcePatientInfo “5|A” is not of the form PID-n|value"),
        ({"home_community_id": "1.2.3"}, "is not urn:oid: followed by an OID"),
        ({"object_type": ON_DEMAND}, "is not that of a stable document"),
        ({"entry_uuid": "urn:uuid:X"}, "is not urn:uuid: followed by a UUID"),
    ],
)
def test_the_wrong_component_is_quoted_and_named(changes: dict[str, object], expected: str) -> None:
    assert expected in words(submission(entry(**changes)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"unique_id": "1.2^3"}, "SubmissionSet.uniqueId “1.2^3” is not an OID"),
        ({"source_id": ""}, "SubmissionSet.sourceId is missing"),
        ({"submission_time": "2026112010160"}, "SubmissionSet.submissionTime"),
        ({"content_type_code": Code("", "")}, "SubmissionSet.contentTypeCode is missing"),
    ],
)
def test_a_submission_set_is_checked_too(changes: dict[str, object], expected: str) -> None:
    assert expected in words(submission(entry(), **changes))


def test_times_of_another_precision_are_not_called_contradictory() -> None:
    assert found(submission(entry(service_start_time="20261120", service_stop_time="20261120091500"))) == set()


def test_one_unique_id_twice_in_a_message_is_refused() -> None:
    one = entry()
    two = entry("Document02", unique_id=one.unique_id)
    submitted = submission(one, two)
    assert found(submitted) == {"XDSRepositoryDuplicateUniqueIdInMessage"}
    registering = rules.metadata_findings(submitted, EVERY_PATIENT, Context.REGISTER)
    assert "XDSRegistryDuplicateUniqueIdInMessage" in {error.code for error in registering}
    of_set = submission(one, unique_id="1.2.3", source_id="1.2")
    same = replace(of_set, entries=(replace(one, unique_id="1.2.3"),))
    assert found(same) == {"XDSRegistryDuplicateUniqueIdInMessage"}


def test_one_object_id_twice_in_a_message_is_refused() -> None:
    submitted = submission(entry())
    again = replace(submitted, associations=(replace(submitted.associations[0], entry_uuid="Document01"),))
    assert found(again) == {"XDSRegistryMetadataError"}


@pytest.mark.parametrize("sets", [0, 2])
def test_a_submission_has_exactly_one_set(sets: int) -> None:
    submitted = submission(entry())
    assert "exactly one SubmissionSet" in words(replace(submitted, submission_sets=submitted.submission_sets * sets))


def _with(submitted: Submission, **changes: object) -> Submission:
    return replace(submitted, associations=(replace(submitted.associations[0], **changes),))  # type: ignore[arg-type]


def test_every_entry_is_a_member_of_the_set_exactly_once() -> None:
    submitted = submission(entry())
    assert "no HasMember joins" in words(replace(submitted, associations=()))
    twice = replace(submitted, associations=(member("Document01", 1), member("Document01", 2)))
    assert "2 HasMember associations have the target" in words(twice)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"slots": ()}, "SubmissionSetStatus “” of a document sent along must be Original"),
        ({"slots": (("SubmissionSetStatus", ("Reference",)),)}, "must be Original"),
        ({"source": "Document01"}, "HasMember source “Document01” is not the SubmissionSet"),
        ({"target": "Document09"}, "HasMember target “Document09” is no object of the submission"),
        ({"target": "urn:uuid:" + "0" * 8 + "-0000-4000-8000-" + "0" * 12}, "outside the message must be Reference"),
    ],
)
def test_a_has_member_joins_the_set_and_a_document(changes: dict[str, object], expected: str) -> None:
    assert expected in words(_with(submission(entry()), **changes))


@pytest.mark.parametrize("kind", ["urn:x:APND_TXFM", AssociationType.UPDATE_STATUS, AssociationType.SUBMIT_ASSOCIATION])
def test_an_association_that_no_submission_holds_is_refused_by_name(kind: str) -> None:
    submitted = submission(entry())
    other = replace(submitted.associations[0], entry_uuid="as9", type=kind)
    submitted = replace(submitted, associations=(*submitted.associations, other))
    errors = rules.metadata_findings(submitted, EVERY_PATIENT, Context.PROVIDE)
    assert [error.code for error in errors] == ["XDSRegistryMetadataError"]
    assert str(kind) in errors[0].context


REGISTERED = "urn:uuid:0a1b2c3d-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("kind", "source", "target", "expected"),
    [
        ("RPLC", "Document01", REGISTERED, ""),
        ("XFRM_RPLC", "Document01", REGISTERED, ""),
        ("APND", "Document01", "Document02", ""),
        ("XFRM", "Document01", "Document02", ""),
        ("APND", "Document01", "SubmissionSet01", "APND target “SubmissionSet01” is not the UUID of a registered"),
        ("RPLC", "Document01", "Document02", "RPLC target “Document02” is not the UUID of a registered DocumentEntry"),
        ("XFRM_RPLC", "Document01", "Document02", "XFRM_RPLC target “Document02” is not the UUID of a registered"),
        ("RPLC", REGISTERED, "Document01", "RPLC source “" + REGISTERED + "” is not a DocumentEntry"),
        ("XFRM", "SubmissionSet01", REGISTERED, "XFRM source “SubmissionSet01” is not a DocumentEntry"),
        ("RPLC", "Document01", "Document01", "RPLC joins “Document01” to itself"),
        ("signs", "Document01", "Document02", ""),
        ("signs", "Document01", "SubmissionSet01", ""),
        ("signs", "Document01", REGISTERED, ""),
        ("signs", "Document01", "as1", "signs target “as1” is not the UUID"),
    ],
)
def test_a_relationship_joins_a_document_of_the_message_to_what_its_type_allows(
    kind: str, source: str, target: str, expected: str
) -> None:
    submitted = submission(entry("Document01"), entry("Document02"))
    relation = Association(
        entry_uuid="as9", type=f"urn:ihe:iti:2007:AssociationType:{kind}", source=source, target=target
    )
    said = words(replace(submitted, associations=(*submitted.associations, relation)))
    assert (expected in said) if expected else (said == "")


def test_a_folder_is_a_member_of_the_set_and_holds_documents_alone() -> None:
    whole = with_folder(submission(entry("Document01")), "Document01")
    assert words(whole) == ""
    assert "no HasMember joins the Folder" in words(replace(whole, associations=(whole.associations[0],)))
    holds_itself = replace(whole.associations[-1], target="Folder01")
    wrong = replace(whole, associations=(*whole.associations[:-1], holds_itself))
    assert "a Folder's HasMember has the target “Folder01”, no document" in words(wrong)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"unique_id": "abc"}, "Folder.uniqueId “abc” is not an OID"),
        ({"patient_id": ""}, "Folder.patientId is missing"),
        ({"codes": ()}, "Folder.codeList is missing"),
        ({"title": ""}, "Folder.title is missing"),
        ({"codes": (Code("X", ""),)}, "codeList “X” lacks its codingScheme"),
        ({"logical_id": REGISTERED}, "a first version is submitted here"),
    ],
)
def test_a_folder_is_checked_too(changes: dict[str, object], expected: str) -> None:
    whole = with_folder(submission(entry("Document01")), "Document01")
    wrong = replace(whole, folders=(replace(whole.folders[0], **changes),))  # type: ignore[arg-type]
    assert expected in words(wrong)


def test_what_is_registered_alone_says_where_the_document_is_and_what_it_weighs() -> None:
    said = words(submission(entry()), Context.REGISTER)
    assert all(f"DocumentEntry.{name} is missing" in said for name in ("hash", "size", "repositoryUniqueId"))
    whole = entry(hash=sha1(b"a"), size=1, repository_unique_id=REPOSITORY)
    assert words(submission(whole), Context.REGISTER) == ""
    assert "is not that of an on-demand document" in words(submission(whole), Context.REGISTER_ON_DEMAND)
    on_demand = entry(object_type=ON_DEMAND, repository_unique_id=REPOSITORY, creation_time="")
    assert words(submission(on_demand), Context.REGISTER_ON_DEMAND) == ""


def test_a_submission_above_the_numbers_taken_is_refused_at_once() -> None:
    few = rules.Policy(objects=1, values=1)
    assert "holds 2 objects of one kind" in rules.oversize(submission(entry(), entry("Document02")), few)[0].context
    assert "eventCodeList holds 2 values" in rules.oversize(submission(entry()), few)[0].context


def test_a_long_list_of_errors_is_cut_and_says_so() -> None:
    many = [entry(f"Document{number}", language_code="") for number in range(300)]
    errors = findings.bounded(rules.metadata_findings(submission(*many), EVERY_PATIENT, Context.PROVIDE))
    assert len(errors) == 201
    assert errors[-1].context == "100 more errors are not listed"


def test_a_long_value_is_quoted_in_part() -> None:
    (error,) = rules.metadata_findings(submission(entry(language_code="x" * 5000)), EVERY_PATIENT, Context.PROVIDE)
    assert len(error.context) < 300


def test_the_repository_of_another_is_no_error_because_it_is_replaced() -> None:
    assert found(submission(entry(repository_unique_id=REPOSITORY + ".9"))) == set()


def test_what_is_found_does_not_depend_on_the_order_of_entries() -> None:
    one, two = entry("Document01", language_code=""), entry("Document02", size=1)

    def codes(*entries: DocumentEntry) -> set[str]:
        return found(submission(*entries))

    assert codes(one, two) == codes(two, one)
