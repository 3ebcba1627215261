"""Values and messages at the border of what is right: each wrong one beside the right one next to it."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from lxml import etree

from gateway.model.finding import Verdict
from gateway.xds import constants as c
from gateway.xds import queries
from gateway.xds.constants import rim
from gateway.xds.rules.judge import judge
from tests.support import xds_messages as m
from tests.support.xds_changes import (
    HAS_MEMBER,
    Element,
    add_association,
    add_slot,
    association,
    classified,
    drop,
    entry,
    identifier,
    objects,
    on_demand,
    package,
    slot,
    told,
    twice,
    value,
)

Change = Callable[[Element], object]
STATUS = "urn:oasis:names:tc:ebxml-regrep:StatusType:"
APPROVED, DEPRECATED, SUBMITTED = STATUS + "Approved", STATUS + "Deprecated", STATUS + "Submitted"
OLD, OTHER = (f"urn:uuid:{number}9999999-2222-4333-8444-555555555555" for number in (9, 8))
IHE = "urn:ihe:iti:2007:AssociationType:"
UPDATES_STATUS = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
SUBMITS = "urn:ihe:iti:2010:AssociationType:SubmitAssociation"
UPDATE, RESTRICTED = "urn:ihe:iti:2010:UpdateDocumentSet", "urn:ihe:iti:2018:RestrictedUpdateDocumentSet"
ON_DEMAND = "urn:ihe:iti:2010:RegisterOnDemandDocumentEntry"


def errors(root: Element, action: str = m.REGISTER) -> set[str]:
    judgement = judge(etree.tostring(m.envelope(root, action)), "ihe")
    found = {one.rule for one in judgement.findings if one.severity.value == "error"}
    assert (judgement.verdict is Verdict.VALID) is not found
    return found


def entry_update() -> Element:
    """ITI-57: a new version of one entry."""
    root = m.full()
    for number in (5, 4, 3, 2):
        drop(association(root, number))
    drop(package(root, 2))
    entry(root).set("lid", OLD)
    add_slot(association(root), "PreviousVersion", "1")
    return root


def empty_update() -> Element:
    """An update that asks for nothing yet."""
    root = entry_update()
    drop(association(root))
    drop(entry(root))
    return root


def status_update(root: Element, original: str = APPROVED, new: str = DEPRECATED, target: str = OLD) -> Element:
    made = add_association(root, UPDATES_STATUS, "SubmissionSet01", target, "status")
    add_slot(made, "NewStatus", new)
    add_slot(made, "OriginalStatus", original)
    return made


def added(root: Element, kind: str = HAS_MEMBER, source: str = OLD, target: str = OTHER) -> None:
    """An association that the update adds."""
    add_association(root, kind, source, target, "inner")
    add_association(root, SUBMITS, "SubmissionSet01", "inner", "outer")


def author(root: Element) -> Element:
    return classified(entry(root), c.ENTRY_AUTHOR)


@pytest.mark.parametrize(
    ("change", "right"),
    [
        (lambda r: identifier(entry(r), c.ENTRY_UNIQUE_ID).set("value", "1.2.3^" + "a" * 122), True),
        (lambda r: identifier(entry(r), c.ENTRY_UNIQUE_ID).set("value", "1.2.3^" + "a" * 123), False),
        (lambda r: identifier(entry(r), c.ENTRY_UNIQUE_ID).set("value", "1.2.3^" + "é" * 62), False),
        (lambda r: identifier(entry(r), c.ENTRY_UNIQUE_ID).set("value", OLD), True),
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "A^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:accession"), True),
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "A^^^DEPT^urn:ihe:iti:xds:2013:accession"), True),
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "A^^^1.2.3^urn:ihe:iti:xds:2013:accession"), False),
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "A^^^urn:oid:1.2.3^urn:ihe:iti:xds:2013:accession"), False),
        (lambda r: told(entry(r), "sourcePatientInfo", "PID-3|IPP101^^^1.2.3"), False),
        (lambda r: told(author(r), "authorTelecommunication", "^WPN^PH^^33^1^23456789"), True),
        (lambda r: told(author(r), "authorTelecommunication", "^^CP^^33^6^12345678"), True),
        (lambda r: told(author(r), "authorTelecommunication", "^WORK^PH^^33^1^23456789"), False),
        (lambda r: told(author(r), "authorTelecommunication", "^WPN^TEL^^33^1^23456789"), False),
    ],
)
def test_a_value_is_right_up_to_its_border(change: Change, right: bool) -> None:
    root = m.full()
    change(root)
    assert (errors(root) == set()) is right


@pytest.mark.parametrize(
    "change",
    [
        lambda r: told(entry(r), "sourcePatientInfo", "PID-3|pid1^^^&1.2.250.1.213.4.5.2.4&ISO"),
        lambda r: add_slot(entry(r), "urn:att", "x"),
    ],
)
def test_what_the_test_messages_of_ihe_say_is_no_more_than_a_warning(change: Change) -> None:
    root = m.full()
    identifiers = ((package(root), c.SET_PATIENT_ID), (package(root, 2), c.FOLDER_PATIENT_ID))
    for owner, scheme in (*identifiers, (entry(root), c.ENTRY_PATIENT_ID)):
        identifier(owner, scheme).set("value", "XAD1^^^&1.2.250.1.999.1&ISO")
    change(root)
    assert errors(root) == set()
    told(entry(root), "sourcePatientInfo", "PID-3|XAD2^^^&1.2.250.1.999.1&ISO")
    assert errors(root) == {"source-patient.other"}


def test_a_registry_may_answer_with_a_deprecated_folder_and_never_with_such_a_set() -> None:
    root = m.answer()
    folder = package(m.full(), 2)
    for number, one in enumerate(one for one in folder.iter(etree.Element) if one.get("id")):
        one.set("id", f"urn:uuid:{number:08d}-3333-4333-8444-555555555555")
    for one in folder.iter(rim("Classification"), rim("ExternalIdentifier")):
        one.set("objectType", c.OBJECT_TYPE + etree.QName(one).localname)
        one.set("classifiedObject" if one.get("classifiedObject") else "registryObject", folder.get("id", ""))
    folder.set("status", DEPRECATED)
    objects(root).append(folder)

    def status_errors() -> list[str]:
        return [one.path for one in judge(etree.tostring(root), "ihe").findings if one.rule == "status"]

    assert status_errors() == []
    package(root).set("status", DEPRECATED)
    assert len(status_errors()) == 1


@pytest.mark.parametrize(
    ("format_code", "mime_type", "right"),
    [
        ("urn:ihe:rad:TEXT", "text/plain", True),
        ("urn:ihe:rad:TEXT", "text/xml", True),
        ("urn:ihe:rad:TEXT", "application/pdf", False),
        ("urn:ihe:rad:PDF", "application/pdf", True),
        ("urn:ihe:rad:PDF", "text/xml", False),
    ],
)
def test_a_format_has_its_media_types(format_code: str, mime_type: str, right: bool) -> None:
    root = m.full()
    classified(entry(root), c.ENTRY_FORMAT).set("nodeRepresentation", format_code)
    entry(root).set("mimeType", mime_type)
    assert ("format.mime-type" not in errors(root)) is right


@pytest.mark.parametrize("kind", ["APND", "XFRM"])
def test_what_a_submission_replaces_it_cannot_add_to(kind: str) -> None:
    root = m.full()
    replaced = association(root, 5).get("targetObject", "")
    other = add_association(root, IHE + kind, "Document01", OTHER)
    assert errors(root) == set()
    other.set("targetObject", replaced)
    assert errors(root) == {"relationship.replaced-too"}
    association(root, 5).set("associationType", IHE + "XFRM_RPLC")
    assert errors(root) == {"relationship.replaced-too"}
    association(root, 5).set("associationType", IHE + "signs")
    assert errors(root) == set()


@pytest.mark.parametrize("name", ["PreviousVersion", "OriginalStatus", "NewStatus", "AssociationPropagation"])
def test_what_only_an_update_means_stands_in_no_other_association(name: str) -> None:
    root = m.full()
    add_slot(association(root), name, "1")
    assert errors(root) == {"update.slot"}


def test_an_entry_is_on_demand_in_iti_61_and_nowhere_else() -> None:
    root = m.full()
    assert errors(root, ON_DEMAND) == {"on-demand.stable"}
    on_demand(root)
    for name in ("creationTime", "hash", "size"):
        drop(slot(entry(root), name))
    assert errors(root, ON_DEMAND) == set()
    assert errors(root) == {"on-demand.provided"}


@pytest.mark.parametrize("action", [UPDATE, RESTRICTED])
def test_a_new_version_of_an_entry_is_an_operation_of_both_updates(action: str) -> None:
    root = entry_update()
    assert errors(root, action) == set()
    for propagation, right in (("no", True), ("yes", True), ("No", False), ("false", False)):
        changed = entry_update()
        add_slot(association(changed), "AssociationPropagation", propagation)
        assert (errors(changed, action) == set()) is right


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda r: told(association(r), "PreviousVersion", "0"), "update.previous-version"),
        (lambda r: told(association(r), "PreviousVersion", "1.0"), "update.previous-version"),
        (lambda r: setattr(twice(value(association(r), "PreviousVersion")), "text", "2"), "update.previous-version"),
        (lambda r: told(association(r), "SubmissionSetStatus", "Reference"), "has-member.status"),
        (lambda r: add_slot(association(r), "NewStatus", APPROVED), "update.slot"),
        (lambda r: entry(r).set("lid", "Document01"), "update.logical-id"),
        (lambda r: association(r).set("associationType", IHE + "RPLC"), "update.operation"),
        (lambda r: add_association(r, IHE + "RPLC", "Document01", OTHER), "update.not-submitted"),
        (lambda r: added(r, IHE + "APND", "Document01"), "update.joined"),
        (lambda r: add_association(r, SUBMITS, "SubmissionSet01", "Document01", "outer"), "update.target"),
        (
            lambda r: add_slot(
                add_association(r, HAS_MEMBER, "SubmissionSet01", OTHER), "SubmissionSetStatus", "Reference"
            ),
            "update.target",
        ),
    ],
)
def test_a_new_version_that_is_wrongly_asked_for_is_named(change: Change, wrong: str) -> None:
    root = entry_update()
    change(root)
    assert wrong in errors(root, UPDATE)


def test_what_is_joined_to_a_new_version_that_takes_nothing_over_is_right() -> None:
    root = entry_update()
    add_slot(association(root), "AssociationPropagation", "no")
    added(root, IHE + "APND", "Document01")
    assert errors(root, UPDATE) == set()


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (status_update, ""),
        (lambda r: status_update(r, DEPRECATED, APPROVED), ""),
        (lambda r: status_update(r, new="urn:asip:ci-sis:2010:StatusType:Deleted"), ""),
        (lambda r: (status_update(r), status_update(r, target=OTHER).set("id", "second")), ""),
        (lambda r: status_update(r, new=SUBMITTED), "update.status"),
        (lambda r: status_update(r, new="Deprecated"), "update.status"),
        (lambda r: status_update(r, DEPRECATED), "update.status-same"),
        (lambda r: status_update(r).set("sourceObject", OTHER), "has-member.source"),
        (lambda r: add_slot(status_update(r), "PreviousVersion", "1"), "update.slot"),
        (lambda r: (status_update(r), status_update(r, DEPRECATED, APPROVED).set("id", "second")), "update.repeated"),
        (added, ""),
        (lambda r: added(r, IHE + "RPLC"), ""),
        (lambda r: added(r, IHE + "signs"), ""),
        (lambda r: added(r, UPDATES_STATUS), "has-member.source"),
        (lambda r: added(r, "urn:x:y"), "association.type"),
        (lambda r: added(r, target="SubmissionSet01"), "has-member.target"),
        (lambda r: added(r, IHE + "RPLC", "SubmissionSet01"), "update.operation"),
        (lambda r: add_association(r, SUBMITS, "SubmissionSet01", OTHER, "outer"), "update.target"),
        (lambda r: None, "submission.empty"),
    ],
)
def test_what_changes_without_a_new_version_is_of_iti_57_alone(change: Change, wrong: str) -> None:
    root = empty_update()
    change(root)
    assert wrong in errors(root, UPDATE) if wrong else errors(root, UPDATE) == set()
    assert errors(root, RESTRICTED)
    if not wrong:
        assert "update.operation" in errors(root, RESTRICTED)


def test_an_update_without_its_envelope_is_known_by_what_it_asks_for() -> None:
    root = entry_update()
    assert judge(etree.tostring(root), "ihe").verdict is Verdict.VALID
    told(association(root), "PreviousVersion", "x")
    assert judge(etree.tostring(root), "ihe").verdict is Verdict.INVALID


def test_a_later_version_of_a_french_entry_keeps_the_time_of_its_first_submission() -> None:
    rules = {}
    for lid in ("", OLD):
        root = m.request("dmp")
        told(entry(root), "submissionTime", "20210108101901")
        if lid:
            entry(root).set("lid", lid)
        rules[lid] = {one.rule for one in judge(etree.tostring(root), "dmp").findings}
    assert "dmp.submission-time" in rules[""]
    assert "dmp.submission-time" not in rules[OLD]


def test_a_new_version_of_a_folder_is_of_iti_57_alone() -> None:
    root = m.full()
    for number in (5, 4, 3, 1):
        drop(association(root, number))
    drop(entry(root))
    package(root, 2).set("lid", OLD)
    add_slot(association(root), "PreviousVersion", "1")
    assert errors(root, UPDATE) == set()
    assert errors(root, RESTRICTED) == {"update.target"}


CODED = "authorRole"


@pytest.mark.parametrize(
    ("change", "right"),
    [
        # a Coded String is whole, a String is any
        (lambda r: told(author(r), CODED, "PRF^^^&2.16.840.1.113883.5.90&ISO"), True),
        (lambda r: told(author(r), CODED, "Ear, Nose & Throat"), True),
        (lambda r: told(author(r), CODED, "SM44^Radiologie^1.2.250.1.213.1.1.4.5"), True),
        (lambda r: told(author(r), CODED, "PRF^^^2.16.840.1.113883.5.90"), False),
        (lambda r: told(author(r), CODED, "PRF^^&2.16.840.1.113883.5.90&ISO"), False),
        (lambda r: told(author(r), CODED, "^^^&2.16.840.1.113883.5.90&ISO"), False),
        (lambda r: told(author(r), CODED, "PRF^^^&2.16.840.01&ISO"), False),
        # an order, a referral, an encounter has an authority, an accession number may be unique without
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "A1^^^^urn:ihe:iti:xds:2013:accession"), True),
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "A1^^^^urn:ihe:iti:xds:2013:order"), False),
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "A1^^^DEPT^urn:ihe:iti:xds:2013:order"), True),
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "A1^^^^urn:ihe:iti:xds:2013:referral"), False),
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "A1^^^^urn:ihe:iti:xds:2015:encounterId"), False),
        # RFC 5646: the shorter code of a language, a region that is one
        (lambda r: told(entry(r), "languageCode", "fr"), True),
        (lambda r: told(entry(r), "languageCode", "fil-PH"), True),
        (lambda r: told(entry(r), "languageCode", "fra"), False),
        (lambda r: told(entry(r), "languageCode", "fre-FR"), False),
        (lambda r: told(entry(r), "languageCode", "en-GB"), True),
        (lambda r: told(entry(r), "languageCode", "en-UK"), False),
        # a UUID is unique, with its URN or bare; a part of one is not
        (lambda r: identifier(entry(r), c.ENTRY_UNIQUE_ID).set("value", OLD[9:]), True),
        (lambda r: identifier(entry(r), c.ENTRY_UNIQUE_ID).set("value", OLD[10:]), False),
        # the source's number has its domain and no type
        (lambda r: told(entry(r), "sourcePatientId", "IPP101^^^&1.2.250.1.213.4.5.2.4&ISO^PI"), False),
        (lambda r: told(entry(r), "sourcePatientId", "IPP102^^^&1.2.9&ISO"), True),
        (lambda r: told(entry(r), "sourcePatientId", "IPP102"), False),
        # a telephone number and an e-mail address have their own components
        (lambda r: told(author(r), "authorTelecommunication", "^NET^Internet^a@example.org"), True),
        (lambda r: told(author(r), "authorTelecommunication", "^NET^Internet^a@example.org^33"), False),
        (lambda r: told(author(r), "authorTelecommunication", "^PRN^PH^a@example.org^33^1^23456789"), False),
        # of a reference id
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "A\\T\\B^^^&1.2&ISO^urn:ihe:iti:xds:2013:accession"), True),
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "A&B^^^&1.2&ISO^urn:ihe:iti:xds:2013:accession"), False),
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "A^^^&1.2&ISO^urn:local:number"), True),
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "A^^^&1.2&ISO^accession"), False),
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "1.2.3\\S\\4^^^^urn:ihe:iti:xds:2013:uniqueId"), True),
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "4^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:uniqueId"), True),
        (lambda r: told(entry(r), c.REFERENCE_ID_LIST, "4^^^^urn:ihe:iti:xds:2013:uniqueId"), False),
        # what serves one attribute alone
        (lambda r: told(classified(entry(r), c.ENTRY_PRACTICE), "codingScheme", "1.3.6.1.4.1.19376.1.2.3"), False),
        (lambda r: told(classified(entry(r), c.ENTRY_PRACTICE), "codingScheme", "1.3.6.1.4.1.19376.1.2.33"), True),
    ],
)
def test_what_the_standard_says_of_a_value_is_held(change: Change, right: bool) -> None:
    root = m.full()
    change(root)
    assert (errors(root) == set()) is right


@pytest.mark.parametrize(
    ("written", "right"),
    [("20210108101700", True), ("20210108111700+0100", True), ("20210108101700Z", False), ("20210108101700.5", False)],
)
def test_a_french_service_time_may_have_an_offset_and_nothing_else(written: str, right: bool) -> None:
    root = m.request("dmp")
    told(entry(root), "serviceStartTime", written)
    told(entry(root), "serviceStopTime", "2021")
    found = {one.rule for one in judge(etree.tostring(root), "dmp").findings if one.severity.value == "error"}
    assert ("DocumentEntry.serviceStartTime.form" not in found) is right


@pytest.mark.parametrize(
    ("kind", "right"),
    [("APND", True), ("XFRM", True), ("signs", True), ("RPLC", False), ("XFRM_RPLC", False)],
)
def test_what_is_not_replaced_may_come_in_the_same_submission(kind: str, right: bool) -> None:
    """ITI TF-3 4.2.2.2 (or another DocumentEntry contained in the SubmissionSet), ITI TF-2 3.42.4.1.3.5."""
    root = m.request("ihe")
    add_association(root, IHE + kind, "Document02", "Document01")
    found = {one.rule for one in judge(etree.tostring(root), "ihe").findings if one.severity.value == "error"}
    assert ("relationship.inside" not in found) is right


def test_a_transformation_is_not_added_to() -> None:
    root = m.full()
    association(root, 5).set("associationType", IHE + "XFRM")
    other = add_association(root, IHE + "APND", "Document01", OTHER)
    assert errors(root) == set()
    other.set("targetObject", "Document01")
    other.set("sourceObject", "Document02")
    assert "relationship.transformed" in errors(root)


def _queried(query_id: str, *parameters: tuple[str, str], home: str = "") -> Element:
    root = m.query()
    root[1].set("id", query_id)
    for found in list(root[1]):
        drop(found)
    for parameter in parameters:
        add_slot(root[1], *parameter)
    if home:
        root[1].set("home", home)
    return root


QUERY, SEVERAL = "urn:ihe:iti:2007:RegistryStoredQuery", "urn:ihe:iti:2009:MultiPatientStoredQuery"
BETWEEN = "urn:ihe:iti:2007:CrossGatewayQuery"
STATUSES = ("$XDSDocumentEntryStatus", f"('{APPROVED}')")
ONE = (queries.FIND_DOCUMENTS, STATUSES, ("$XDSDocumentEntryPatientId", "'A^^^&1.2.3&ISO'"))
BY_PATIENTS = ("$XDSDocumentEntryPatientId", "('A^^^&1.2.3&ISO','B^^^&1.2.3&ISO')")
BY_CLASS = ("$XDSDocumentEntryClassCode", "('a^^1.2')")
MANY = "urn:uuid:3d1bdb10-39a2-11de-89c2-2f44d94eaa9f"
BY_UUID = (queries.GET_DOCUMENTS, ("$XDSDocumentEntryEntryUUID", f"('{OLD}')"))


@pytest.mark.parametrize(
    ("root", "action", "wrong"),
    [
        (_queried(*ONE), QUERY, ""),
        (_queried(*ONE), BETWEEN, ""),
        (_queried(*ONE), SEVERAL, "query.transaction"),
        (_queried(MANY, STATUSES, BY_PATIENTS), SEVERAL, ""),
        (_queried(MANY, STATUSES, BY_CLASS), SEVERAL, ""),
        (_queried(MANY, STATUSES), SEVERAL, "query.parameter.missing"),
        (_queried(MANY, STATUSES, BY_PATIENTS), QUERY, "query.transaction"),
        (_queried(*BY_UUID), QUERY, ""),
        (_queried(*BY_UUID, home="urn:oid:1.2.3"), BETWEEN, ""),
        (_queried(*BY_UUID), BETWEEN, "query.home.missing"),
    ],
)
def test_a_query_is_of_its_transaction(root: Element, action: str, wrong: str) -> None:
    assert errors(root, action) == ({wrong} if wrong else set())


def _answered(root: Element, action: str) -> set[str]:
    found = judge(etree.tostring(m.envelope(root, action)), "ihe").findings
    return {one.rule for one in found if not one.rule.startswith("wsa.")}


def test_between_communities_every_object_says_where_it_is() -> None:
    root = m.answer()
    assert _answered(root, "urn:ihe:iti:2007:CrossGatewayQueryResponse") == set()
    entry(root).attrib.pop("home")
    assert _answered(root, "urn:ihe:iti:2007:RegistryStoredQueryResponse") == set()
    assert _answered(root, "urn:ihe:iti:2007:CrossGatewayQueryResponse") == {"home.missing"}


def test_an_answer_points_at_an_object_once() -> None:
    root = m.answer()
    for found in list(objects(root)):
        drop(found)
    for number in (1, 2):
        etree.SubElement(objects(root), rim("ObjectRef")).set("id", OLD if number == 1 else OTHER)
    assert judge(etree.tostring(root), "ihe").verdict is Verdict.VALID
    objects(root)[1].set("id", OLD)
    assert {one.rule for one in judge(etree.tostring(root), "ihe").findings} == {"id.repeated"}


@pytest.mark.parametrize(
    ("code", "action", "right"),
    [
        ("XDSUnknownPatientId", "urn:ihe:iti:2007:RegisterDocumentSet-bResponse", True),
        ("XDSUnknownRepositoryId", "urn:ihe:iti:2007:RegisterDocumentSet-bResponse", False),
        ("XDSDocumentUniqueIdError", "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse", False),
        ("XDSDocumentUniqueIdError", "urn:ihe:iti:2017:RemoveDocumentsResponse", True),
        ("XDSUnknownRepositoryId", "", True),
    ],
)
def test_a_code_of_an_error_is_of_its_transaction(code: str, action: str, right: bool) -> None:
    root = m.refusal()
    next(iter(root.iter(f"{{{c.RS}}}RegistryError"))).set("errorCode", code)
    found = _answered(root, action) if action else {one.rule for one in judge(etree.tostring(root), "ihe").findings}
    assert ("response.error.submission" not in found) is right


@pytest.mark.parametrize("flavour", ["dmp", "ihe"])
@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("PAT-TROIS^DOMINIQUE^^^^^L", True),
        ("Pat Trois^Dominique^^^^^L", True),
        ("PÀT TROIS^DOMINIQUE^^^^^L", True),
        ("PAT-AUTRE^DOMINIQUE^^^^^D~PAT-TROIS^DOMINIQUE^^^^^L", True),
        ("DURAND^DOMINIQUE^^^^^L", False),
    ],
)
def test_the_name_of_an_entry_is_that_of_its_document(flavour: m.Flavour, name: str, right: bool) -> None:
    root = m.request(flavour)
    place = 1 if flavour == "dmp" else 2
    for number in (1, 2, 3):
        told(entry(root, number), "sourcePatientInfo", f"PID-5|{name}", place)
    judgement = judge(m.packed(m.envelope(root), flavour)[0], flavour)
    found = {one.rule: one.severity.value for one in judgement.findings if one.rule.endswith(".name")}
    weight = "error" if flavour == "dmp" else "warning"
    assert found == ({} if right else {"manifest.name": weight, "report.name": weight})
    assert (judgement.verdict is Verdict.VALID) is (right or flavour == "ihe")


def test_a_manifest_and_its_report_name_one_issuer_of_the_accession_number() -> None:
    for issuer, right in (("&1.2.250.1.213.4.5.2.5&ISO", True), ("", True), ("&1.2.250.1.213.4.5.2.9&ISO", False)):
        root = m.request("ihe")
        told(entry(root), c.REFERENCE_ID_LIST, f"ACN102^^^{issuer}^urn:ihe:iti:xds:2013:accession")
        found = {one.rule for one in judge(etree.tostring(root), "ihe").findings}
        assert ("submission.accessions" not in found) is right


@pytest.mark.parametrize(
    ("code", "system", "right"),
    [
        ("NZQN001", "1.2.250.1.213.2.5", True),
        ("NZQN001-01", "1.2.250.1.213.2.5", True),
        ("61685007", "1.2.250.1.213.2.5", True),
        ("nzqn001", "1.2.250.1.213.2.5", False),
        ("NZQN0011", "1.2.250.1.213.2.5", False),
        ("NZQN01", "1.2.250.1.215.300.1", False),
    ],
)
def test_an_act_of_the_ccam_has_four_letters_and_three_digits(code: str, system: str, right: bool) -> None:
    root = m.full()
    event = classified(entry(root), c.ENTRY_EVENT)
    event.set("nodeRepresentation", code)
    told(event, "codingScheme", system)
    assert ("code.form" not in errors(root)) is right


@pytest.mark.parametrize(
    ("order", "right"),
    [
        ('<accessionNumber xmlns="urn:dicom-org:ps3-20" extension="ACN102"/>', True),
        ('<accessionNumber xmlns="urn:dicom-org:ps3-20" extension="ACN109"/>', False),
        ('<accessionNumber xmlns="urn:dicom-org:ps3-20" nullFlavor="UNK"/>', True),
        ("", True),
    ],
)
def test_a_number_that_the_report_lacks_may_be_known_from_elsewhere(order: str, right: bool) -> None:
    root = m.request("ihe")
    start, end = m.REPORT.index(b"<inFulfillmentOf>"), m.REPORT.rindex(b"</inFulfillmentOf>")
    report = m.REPORT[:start] + f"<inFulfillmentOf><order>{order}</order>".encode() + m.REPORT[end:]
    document = next(root.iter(f"{{{c.XDSB}}}Document"))
    drop(document[0])
    document.text = base64.b64encode(report).decode()
    told(entry(root), c.REFERENCE_ID_LIST, "ACN102^^^&1.2.250.1.213.4.5.2.5&ISO^urn:ihe:iti:xds:2013:accession", 2)
    found = {one.rule for one in judge(etree.tostring(root), "ihe").findings}
    assert ("report.reference" not in found) is right
