"""What the metadata say against what the document sent with them says, altered on one side; in both flavours."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from lxml import etree

from gateway.model.finding import Severity
from gateway.xds import constants as c
from gateway.xds.rules.judge import judge
from tests.support import xds_messages as m
from tests.support.xds_changes import Element, add_association, classified, drop, entry, slot, told, twice, value

Change = Callable[[Element], object]
REFERENCES = c.REFERENCE_ID_LIST
ISSUED = "&1.2.250.1.71.4.2.1&ISO"
STRUCTURE = "&1.2.250.1.71.4.2.2&ISO"


def weights(flavour: m.Flavour, change: Change, report: bytes = m.REPORT) -> dict[str, Severity]:
    """Rules of the documents' contents, of a message whose metadata or report are changed."""
    root = m.envelope(m.request(flavour))
    change(root)
    if report != m.REPORT:
        document = next(root.iter(f"{{{c.XDSB}}}Document"))
        drop(document[0])
        document.text = base64.b64encode(report).decode()
    found = judge(m.packed(root, flavour)[0], flavour).findings
    return {one.rule: one.severity for one in found if one.rule.startswith(("report.", "manifest."))}


def author(root: Element) -> Element:
    return classified(entry(root), c.ENTRY_AUTHOR)


def person(name: str, number: str = "801234560804") -> Change:
    """Another legalAuthenticator."""
    return lambda r: told(entry(r), "legalAuthenticator", f"{number}^{name}^Anne^^^^^^{ISSUED}^D^^^IDNPS")


def writer(number: str, family: str = "PAT-RADIO", kind: str = "D^^^IDNPS") -> Change:
    return lambda r: told(author(r), "authorPerson", f"{number}^{family}^Alain^^^^^^{ISSUED}^{kind}")


def coded(scheme: str, code: str) -> Change:
    return lambda r: classified(entry(r), scheme).set("nodeRepresentation", code)


def patient(text: str) -> Change:
    """Another field of the patient, in every entry, so that they agree."""

    def change(root: Element) -> None:
        for number in (1, 2, 3):
            for one in slot(entry(root, number), "sourcePatientInfo").iter("{*}Value"):
                if (one.text or "").partition("|")[0] == text.partition("|")[0]:
                    one.text = text

    return change


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda r: None, ""),
        # who signed
        (person("Pat Chef"), ""),
        (person("AUTRE"), "report.person"),
        (person("PAT-CHEF", "801234560899"), "report.person"),
        # who wrote, and in which structure
        (writer("801234560801", "Pat-Radio"), ""),
        (writer("801234560802"), "report.person"),
        (writer("1.2.3", "DRIMBox", "U^^^EI"), ""),  # the device that made the metadata
        (lambda r: told(author(r), "authorInstitution", f"Parc^^^^^{STRUCTURE}^IDNST^^^1120456789"), ""),
        (
            lambda r: told(author(r), "authorInstitution", f"Parc^^^^^{STRUCTURE}^IDNST^^^1120456780"),
            "report.structure",
        ),
        (
            lambda r: told(author(r), "authorSpecialty", "G15_10/SM26^Qualifié en médecine^1.2.250.1.213.1.1.4.5"),
            "report.specialty",
        ),
        # confidentiality: stricter is right, less strict is not
        (coded(c.ENTRY_CONFIDENTIALITY, "R"), ""),
        (coded(c.ENTRY_CONFIDENTIALITY, "L"), "report.confidentiality"),
        # the place and the sector of care
        (coded(c.ENTRY_FACILITY, "SA07"), "report.place"),
        (coded(c.ENTRY_PRACTICE, "ETABLISSEMENT"), "report.place"),
        # numbers and their issuers
        (
            lambda r: told(entry(r), REFERENCES, "OPN109^^^&1.2.250.1.213.4.5.2.6&ISO^urn:ihe:iti:xds:2013:order", 5),
            "report.reference",
        ),
        (
            lambda r: told(entry(r), REFERENCES, "ACN102^^^&1.2.250.1.213.4.5.2.9&ISO^urn:ihe:iti:xds:2013:accession"),
            "report.reference",
        ),
        # times
        (lambda r: told(entry(r), "serviceStopTime", "202101081045"), ""),
        (lambda r: told(entry(r), "serviceStopTime", "20210108104600"), "report.service-time"),
    ],
)
def test_an_attribute_that_the_document_gives_is_the_document_s(change: Change, wrong: str) -> None:
    for flavour, weight in (("dmp", Severity.ERROR), ("ihe", Severity.WARNING)):
        found = {rule: given for rule, given in weights(flavour, change).items() if rule.startswith("report.")}
        assert found == ({wrong: weight} if wrong else {})


@pytest.mark.parametrize("flavour", ["dmp", "ihe"])
@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("PID-5|PAT-TROIS^Marie-Louise^^^^^L", {"manifest.name"}),  # one of the report's, and not the manifest's
        ("PID-5|PAT-TROIS^Dominique Marie^^^^^L", set()),
        ("PID-5|PAT-TROIS^Alice^^^^^L", {"report.name", "manifest.name"}),
        ("PID-11|^^^^^^BDL^^51215", set()),
        ("PID-11|^^^^^^BDL^^75056", {"report.traits"}),
        ("PID-11|1 rue^^REIMS^^51100^^H", set()),
    ],
)
def test_the_patient_is_the_document_s(flavour: m.Flavour, text: str, wrong: set[str]) -> None:
    weight = Severity.ERROR if flavour == "dmp" else Severity.WARNING
    assert weights(flavour, patient(text)) == dict.fromkeys(wrong, weight)


@pytest.mark.parametrize("flavour", ["dmp", "ihe"])
@pytest.mark.parametrize(
    ("number", "entry_number", "wrong"),
    [
        ("IPP101^^^&1.2.250.1.213.4.5.2.4&ISO", 1, ""),
        ("IPP102^^^&1.2.250.1.213.4.5.2.4&ISO", 1, "report.patient"),
        ("IPP102^^^&1.2.250.1.213.4.5.2.5&ISO", 1, ""),  # of another domain, which the report does not know
        ("279035121518989^^^&1.2.250.1.213.1.4.10&ISO", 2, ""),
        ("279035121518990^^^&1.2.250.1.213.1.4.10&ISO", 2, "manifest.patient"),
    ],
)
def test_the_number_of_the_patient_at_the_source_is_the_document_s(
    flavour: m.Flavour, number: str, entry_number: int, wrong: str
) -> None:
    kind = "^PI" if flavour == "dmp" else ""
    found = weights(flavour, lambda r: told(entry(r, entry_number), "sourcePatientId", number + kind))
    assert found == ({wrong: Severity.ERROR} if wrong else {})


@pytest.mark.parametrize("flavour", ["dmp", "ihe"])
@pytest.mark.parametrize(
    ("created", "right"),
    [("20210108101900", True), ("20210109", True), ("2021", True), ("20210106", False), ("20210110101900", False)],
)
def test_a_manifest_is_created_when_it_says(flavour: m.Flavour, created: str, right: bool) -> None:
    found = weights(flavour, lambda r: told(entry(r, 2), "creationTime", created))
    assert found == ({} if right else {"manifest.creation-time": Severity.ERROR})


def manifest_with(old: bytes, new: bytes, flavour: m.Flavour) -> dict[str, Severity]:
    """What is found when the bytes of the first manifest are others of the same length, stated as such."""
    content = m._parts(flavour)[1][1].content
    assert isinstance(content, bytes)
    assert content.count(old) >= 1
    assert len(old) == len(new)

    def change(root: Element) -> None:
        for name in ("hash", "size"):
            drop(slot(entry(root, 2), name))
        document = list(root.iter(f"{{{c.XDSB}}}Document"))[1]
        drop(document[0])
        document.text = base64.b64encode(content.replace(old, new, 1)).decode()

    return weights(flavour, change)


@pytest.mark.parametrize("flavour", ["dmp", "ihe"])
@pytest.mark.parametrize(
    ("title", "weight"),
    [
        (b"113030", None),
        (b"113031", None),  # a signed manifest
        (b"113000", Severity.WARNING),  # key images
        (b"113001", Severity.ERROR),  # rejected for quality reasons
    ],
)
def test_a_note_that_rejects_images_is_no_manifest(flavour: m.Flavour, title: bytes, weight: Severity | None) -> None:
    assert manifest_with(b"113030", title, flavour).get("manifest.title") is weight


@pytest.mark.parametrize("flavour", ["dmp", "ihe"])
def test_a_manifest_belongs_to_the_study_that_it_lists(flavour: m.Flavour) -> None:
    study = b"1.2.250.1.213.4.5.2.1.102"
    tag = b"\x20\x00\x0d\x00UI"
    own = tag + b"\x1a\x00" + study + b"\0"
    assert manifest_with(own, own, flavour) == {}
    found = manifest_with(own, own.replace(b"1.102", b"1.109"), flavour)
    assert found["manifest.study"] is Severity.ERROR


def test_an_examination_of_another_week_is_wrong_in_france() -> None:
    for flavour, weight in (("dmp", Severity.ERROR), ("ihe", Severity.WARNING)):
        found = weights(flavour, lambda r: told(entry(r, 2), "serviceStartTime", "20201201"))
        assert found["manifest.service-time"] is weight


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>', b""),
        (b'<code code="SA08" codeSystem="1.2.250.1.71.4.2.4"/>', b'<code nullFlavor="UNK"/>'),
        (b'<code code="SA08" codeSystem="1.2.250.1.71.4.2.4"/>', b'<code code="HOSP" codeSystem="1.2.3"/>'),
        (b"<standardIndustryClassCode code=", b"<standardIndustryClassCode nullFlavor="),
        (b'<id root="1.2.250.1.71.4.2.1" extension="801234560804"/>', b'<id nullFlavor="UNK"/>'),
        (b'<id root="1.2.250.1.71.4.2.1" extension="801234560804"/>', b'<id root="1.2.9" extension="7"/>'),
        (b"<family>PAT-CHEF</family>", b""),
        (b'<id root="1.2.250.1.71.4.2.2" extension="1120456789"/>', b'<id root="1.2.9" extension="7"/>'),
        (b"<county>51215</county>", b""),
        (b'<code code="G15_10/SM44" codeSystem="1.2.250.1.213.1.1.4.5"/>', b""),
        (b'<id root="1.2.250.1.213.4.5.2.6" extension="OPN102"/>', b'<id nullFlavor="NI"/>'),
        (b'<id root="1.2.250.1.213.4.5.2.6" ', b'<id root="0f8fad5b-d9cb-469f-a165-70867728950e" '),
    ],
)
def test_what_the_document_does_not_say_is_no_contradiction(old: bytes, new: bytes) -> None:
    assert old in m.REPORT
    changed = m.REPORT.replace(old, new)

    def sized(root: Element) -> None:
        drop(slot(entry(root), "hash"))
        drop(slot(entry(root), "size"))

    for flavour in ("dmp", "ihe"):
        assert weights(flavour, sized, changed) == {}


@pytest.mark.parametrize(("born", "right"), [("20210109", True), ("20210111", False), ("2021", True)])
def test_nobody_is_examined_before_he_is_born(born: str, right: bool) -> None:
    root = m.full()
    told(entry(root), "sourcePatientInfo", f"PID-7|{born}", 3)
    told(entry(root), "creationTime", "20210120")
    found = {one.rule for one in judge(etree.tostring(root), "ihe").findings}
    assert ("DocumentEntry.sourcePatientInfo.born-later" not in found) is right


CCAM = '<translation code="NZQN001" codeSystem="1.2.250.1.215.300.1"/>'


@pytest.mark.parametrize(("code", "right"), [("NZQN001", True), ("NFQJ001", False), ("61685007", True)])
def test_an_act_of_the_entry_is_one_of_the_document_s(code: str, right: bool) -> None:
    def change(root: Element) -> None:
        one = twice(classified(entry(root), c.ENTRY_EVENT))
        one.set("nodeRepresentation", code)
        told(one, "codingScheme", "1.2.250.1.213.2.5")

    report = m.REPORT.replace(b'<code code="24628-0">', f'<code code="24628-0">{CCAM}'.encode())
    for flavour in ("dmp", "ihe"):
        assert ("report.events" not in weights(flavour, change, report)) is right
        assert "report.events" not in weights(flavour, change)


@pytest.mark.parametrize("flavour", ["dmp", "ihe"])
def test_an_act_after_its_report_is_right_when_the_report_says_so(flavour: m.Flavour) -> None:
    report = m.REPORT.replace(b'<low value="20210108102500+0100"/>', b'<low value="20210120102500+0100"/>')
    report = report.replace(b'<high value="20210108114500+0100"/>', b'<high value="20210120114500+0100"/>')

    def change(root: Element) -> None:
        told(entry(root), "serviceStartTime", "20210120092500")
        told(entry(root), "serviceStopTime", "20210120104500")

    for content, weight in ((report, Severity.WARNING), (m.REPORT, Severity.ERROR)):
        root = m.envelope(m.request(flavour))
        change(root)
        document = next(root.iter(f"{{{c.XDSB}}}Document"))
        drop(document[0])
        document.text = base64.b64encode(content).decode()
        found = [one.severity for one in judge(etree.tostring(root), flavour).findings if one.rule.endswith("s.later")]
        assert found == [weight, weight]


ACT = b"<documentationOf><serviceEvent><code code='Z13.9'/></serviceEvent></documentationOf>"


@pytest.mark.parametrize(
    ("acts", "study", "right"),
    [
        (0, "1.2.250.1.213.4.5.2.1.103", True),
        (0, "1.2.3", False),
        (1, "1.2.3", False),  # in place of one that the document gives
        (1, "", True),
    ],
)
def test_an_act_without_a_study_is_no_leave_to_name_another(acts: int, study: str, right: bool) -> None:
    """French reports document why, in an act that has no study of its own."""
    report = m.REPORT.replace(b"<componentOf>", ACT * acts + b"<componentOf>", 1)

    def change(root: Element) -> None:
        if study:
            told(entry(root), REFERENCES, f"{study}^^^^urn:ihe:iti:xds:2016:studyInstanceUID", 4)
        else:
            more = twice(value(entry(root), REFERENCES, 4))
            more.text = "1.2.3^^^^urn:ihe:iti:xds:2016:studyInstanceUID"

    for flavour in ("dmp", "ihe"):
        assert ("report.reference" not in weights(flavour, change, report)) is right


@pytest.mark.parametrize(
    ("stated", "association", "right"),
    [
        ("RPLC", "RPLC", True),
        ("RPLC", "XFRM_RPLC", True),
        ("APND", "APND", True),
        ("", "RPLC", True),
        ("RPLC", "", True),  # what it replaces was never shared
        ("APND", "RPLC", False),
        ("RPLC", "APND", False),
        ("RPLC", "signs", True),
    ],
)
def test_a_document_is_joined_to_the_other_as_it_says(stated: str, association: str, right: bool) -> None:
    related = f'<relatedDocument typeCode="{stated}"><parentDocument/></relatedDocument>'.encode() if stated else b""
    report = m.REPORT.replace(b"<componentOf>", related + b"<componentOf>", 1)

    def change(root: Element) -> None:
        if association:
            kind = f"urn:ihe:iti:2007:AssociationType:{association}"
            add_association(root, kind, "Document01", "urn:uuid:99999999-2222-4333-8444-555555555555")

    for flavour, weight in (("dmp", Severity.ERROR), ("ihe", Severity.WARNING)):
        assert weights(flavour, change, report).get("report.related") is (None if right else weight)


def test_the_entry_that_the_cases_change_is_that_of_the_report() -> None:
    assert value(entry(m.request("ihe")), "size").text == str(len(m.REPORT))


def test_what_a_document_says_in_plenty_is_not_repeated_in_full() -> None:
    start, end = m.REPORT.index(b"<inFulfillmentOf>"), m.REPORT.rindex(b"<inFulfillmentOf>")
    order = m.REPORT[start:end]
    many = b"".join(order.replace(b"102", b"%05d" % number) for number in range(2000))
    root = m.envelope(m.request("dmp"))
    document = next(root.iter(f"{{{c.XDSB}}}Document"))
    drop(document[0])
    document.text = base64.b64encode(m.REPORT[:start] + many + m.REPORT[end:]).decode()
    told(entry(root), REFERENCES, "X^^^&1.2.250.1.213.4.5.2.5&ISO^urn:ihe:iti:xds:2013:accession")
    found = [one for one in judge(etree.tostring(root), "dmp").findings if one.rule == "report.reference"]
    assert found
    assert all(len(one.expected or "") <= 2001 and len(one.message.fr) < 3000 for one in found)
