"""Reading a link."""

from __future__ import annotations

from datetime import UTC, date, datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.identifiers import Identifier
from gateway.model.link import PatientRequest, StudyRequest, names_accession, names_report, national_url
from gateway.web.link.query import LinkMalformed, ViewerUnknown, read

STUDY, ACCESSION, REPORT = "1.2.3", "1.2.250.1.999.1.2.SC26", "1.2.250.1.999.1.8"
GOOD = f"requestType=STUDY&studyUID={STUDY}&Accessionnumber={ACCESSION}&idCDA={REPORT}"
WANTED = StudyRequest(study_uids=(STUDY,), accessions=(ACCESSION,), report=REPORT)
PATIENT = "requestType=PATIENT&patientID=" + quote("IPP-7^^^&1.2.250.1.999.1.1&ISO")


def study(query: str) -> StudyRequest:
    request = read(query.encode()).request
    assert isinstance(request, StudyRequest)
    return request


def patient(query: str) -> PatientRequest:
    request = read(query.encode()).request
    assert isinstance(request, PatientRequest)
    return request


def test_the_national_form_is_read() -> None:
    url = national_url("https://images.example.org", STUDY, Identifier("1.2.250.1.999.1.2", "SC26"), Identifier(REPORT))
    assert study(urlsplit(url).query) == WANTED
    assert WANTED.holds_report


@pytest.mark.parametrize(
    "query",
    [
        GOOD.replace("Accessionnumber", "accessionNumber"),
        GOOD.replace("Accessionnumber", "AccessionNumber").replace("idCDA", "IDCDA"),
        GOOD.upper().replace("STUDYUID", "studyuid"),
        f"{GOOD}&viewerType=IHE_BIR&diagnosticQuality=true&keyImagesOnly=false&other=1",
        GOOD.replace("STUDY&", "study&"),
    ],
)
def test_names_are_read_whatever_their_case_and_unknown_ones_are_passed_over(query: str) -> None:
    assert study(query) == WANTED


@pytest.mark.parametrize(
    "written",
    [
        REPORT,
        f"{REPORT}^CR-7",
        f"{REPORT}_CR-7",
        f"{REPORT}.CR-7",
        f"{REPORT}.7",
        "D52DE737-9C4E-4D0A-8E0F-2D6B3B1F9A11",
    ],
)
def test_the_report_may_be_written_in_every_form_that_is_in_use(written: str) -> None:
    assert study(GOOD.replace(REPORT, quote(written))).report == written


@pytest.mark.parametrize("joint", ["^", "_", "."])
def test_a_report_is_its_root_or_root_and_extension(joint: str) -> None:
    report = Identifier(REPORT, "CR_7.a")
    assert names_report(REPORT, report)
    assert names_report(f"{REPORT}{joint}CR_7.a", report)
    assert not names_report(f"{REPORT}{joint}CR_7.b", report)
    assert not names_report(f"{REPORT}{joint}", report)
    assert not names_report(f"{REPORT}{joint}1", Identifier(REPORT))


def test_an_accession_number_is_bare_or_with_its_issuer() -> None:
    accession = Identifier("1.2.250.1.999.1.2", "SC.26")
    for written in ("1.2.250.1.999.1.2.SC.26", "SC.26", "SC.26^^^&1.2.250.1.999.1.2&ISO"):
        assert names_accession(written, accession)
    for written in ("26", "2.SC.26", "sc.26", "SC.26 ", "1.2.250.1.999.1.2", ""):
        assert not names_accession(written, accession)


@pytest.mark.parametrize("separator", [",", ";", "%2C", "%3B"])
def test_lists_are_written_with_commas_or_semicolons(separator: str) -> None:
    request = study(f"requestType=STUDY&studyUID=1.2.3{separator}1.2.4{separator}1.2.3")
    assert request.study_uids == ("1.2.3", "1.2.4")
    assert not request.holds_report
    assert study(f"requestType=STUDY&accessionNumber=A1{separator}A2").accessions == ("A1", "A2")


@pytest.mark.parametrize(
    "query",
    [
        "",
        GOOD.replace("requestType=STUDY&", ""),
        GOOD.replace("STUDY", "SERIES"),
        f"{GOOD}&requestType=PATIENT",
        GOOD.replace(f"studyUID={STUDY}", "studyUID="),
        GOOD.replace(STUDY, "1.2.*"),
        GOOD.replace(STUDY, "1.2.3,"),
        GOOD.replace(STUDY, "1.2.3,,1.2.4"),
        GOOD.replace(STUDY, ",".join(f"1.2.{n}" for n in range(40))),
        GOOD.replace(f"idCDA={REPORT}", "idCDA=../x"),
        GOOD.replace(f"idCDA={REPORT}", f"idCDA={REPORT}^"),
        GOOD.replace(f"idCDA={REPORT}", f"idCDA={REPORT}_" + "9" * 400),
        GOOD.replace(ACCESSION, ""),
        GOOD.replace(ACCESSION, "A" * 261),
        GOOD.replace(ACCESSION, "SC%0d%0aSet-Cookie:x"),
        GOOD.replace(ACCESSION, "SC%00"),
        GOOD.replace(ACCESSION, "SC%E9"),
        GOOD.replace(ACCESSION, "SC\u00e9"),
        f"{GOOD}&studyUID={STUDY}",
        f"{GOOD}&STUDYUID=1.2.4",
        f"{GOOD}&keyImagesOnly=maybe",
        f"{GOOD}&patientID=1",
        GOOD + "&a=b" * 70,
        "requestType=PATIENT",
        "requestType=PATIENT&patientID=1",
        "requestType=PATIENT&patientID=" + quote("^^^&1.2.3&ISO"),
        "requestType=PATIENT&patientID=" + quote("7^^^&no oid&ISO"),
        f"{PATIENT}&studyUID=1.2.3",
        f"{PATIENT}&mostRecentResults=0",
        f"{PATIENT}&mostRecentResults=-1",
        f"{PATIENT}&lowerDateTime=yesterday",
        f"{PATIENT}&patientBirthDate=19811109x",
        f"{PATIENT}&patientBirthDate=19811109",
        f"{PATIENT}&patientBirthDate=1981-13-09",
        PATIENT.replace("PATIENT", "SERIES"),
        "requestType=PATIENT&patientID=7%5E%5E%5E",
        "requestType=STUDY",
        "requestType=STUDY&studyUID=&accessionNumber=A1",
        "requestType=STUDY&accessionNumber=A1,,A2",
        f"{PATIENT}&modalitiesInStudy=CT,%2A",
    ],
)
def test_a_link_that_is_not_whole_or_says_a_thing_twice_is_malformed(query: str) -> None:
    with pytest.raises(LinkMalformed):
        read(query.encode())


@pytest.mark.parametrize(
    "query",
    [
        f"requestType=STUDY&studyUID={STUDY}&Accessionnumber={ACCESSION}",
        f"requestType=STUDY&studyUID={STUDY}&Accessionnumber={ACCESSION}&idCDA=",
        f"requestType=STUDY&studyUID={STUDY}&idCDA={REPORT}",
        f"requestType=STUDY&Accessionnumber={ACCESSION}&idCDA={REPORT}",
    ],
)
def test_a_partial_link_that_never_got_its_report_is_not_opened(query: str) -> None:
    with pytest.raises(LinkMalformed):
        read(query.encode())


def test_a_partial_link_that_got_its_report_later_is_the_link_of_the_report() -> None:
    partial = f"requestType=STUDY&studyUID={STUDY}&Accessionnumber={ACCESSION}"
    assert study(f"{partial}&idCDA={REPORT}^CR-7").report == f"{REPORT}^CR-7"


def test_the_viewer_and_how_to_show_are_read() -> None:
    options = read(f"{GOOD}&viewertype=ihe_bir&diagnosticquality=TRUE&KeyImagesOnly=1".encode()).options
    assert (options.viewer, options.diagnostic, options.key_images_only) == ("full", True, True)
    assert read(f"{GOOD}&viewerType=light".encode()).options.viewer == "light"
    with pytest.raises(ViewerUnknown):
        read(f"{GOOD}&viewerType=HOLOGRAM".encode())


def test_a_request_for_a_patient_is_read_whole() -> None:
    request = patient(
        f"{PATIENT}&patientName=LEF%C3%88VRE%5EZO%C3%89&patientBirthDate=1981-11-09&lowerDateTime=2026-01-01"
        "&upperDateTime=2026-03-12T10:00:00%2B01:00&mostRecentResults=3&modalitiesInStudy=ct;MR"
    )
    assert request.patient == Identifier("1.2.250.1.999.1.1", "IPP-7")
    assert (request.family, request.given, request.birth_date) == ("LEFÈVRE", "ZOÉ", "19811109")
    assert request.lower is not None
    assert request.lower.astimezone(UTC) == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert request.upper == datetime(2026, 3, 12, 9, tzinfo=UTC)
    assert request.most_recent == 3
    assert request.modalities == {"CT", "MR"}
    named = patient("requestType=PATIENT&patientID=" + quote("7^^^HOSPITAL"))
    assert named.patient == Identifier("HOSPITAL", "7")
    whole_day = patient(f"{PATIENT}&upperDateTime=2026-03-12").upper
    assert whole_day is not None
    assert whole_day.hour == 23


@pytest.mark.parametrize(
    "query",
    [
        GOOD,
        f"requestType=STUDY&studyUID={STUDY}",
        f"requestType=STUDY&studyUID={STUDY};1.2.4",
        f"requestType=STUDY&accessionNumber={ACCESSION},B2",
        f"{PATIENT}&modalitiesInStudy=MR,CT",
        "requestType=PATIENT&patientID=" + quote("7^^^HOSPITAL"),
    ],
)
@pytest.mark.parametrize("options", ["", "&viewerType=light", "&diagnosticQuality=1", "&keyImagesOnly=true"])
def test_what_is_kept_of_a_link_during_the_login_is_all_of_it(query: str, options: str) -> None:
    link = read(f"{query}{options}".encode())
    assert read(urlsplit(link.path).query.encode()) == link
    names = {name for name, value in parse_qsl(urlsplit(link.path).query, keep_blank_values=True) if not value}
    assert not names


@pytest.mark.parametrize(
    ("name", "longest"),
    [
        (f"requestType=STUDY&studyUID={STUDY}&idCDA={REPORT}&Accessionnumber=", "A" * 260),
        (f"requestType=STUDY&studyUID={STUDY}&Accessionnumber={ACCESSION}&idCDA=", f"{REPORT}^".ljust(400, "9")),
        ("requestType=PATIENT&patientID=", "7^^^".ljust(260, "H")),
        ("requestType=STUDY&studyUID=", ",".join(f"1.2.{number}" for number in range(1, 33))),
        (f"{GOOD}&x=1" + "&y=1" * 58 + "&z=", "1"),
    ],
)
def test_a_value_may_be_so_long_and_no_longer(name: str, longest: str) -> None:
    assert read((name + longest).encode())
    more = {",": ",1.2.99", "1": "1&w=1"}.get(longest[-1] if longest == "1" else ("," if "," in longest else ""), "9")
    with pytest.raises(LinkMalformed):
        read((name + longest + more).encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_a_link_or_a_named_refusal(query: bytes) -> None:
    try:
        link = read(query)
    except (LinkMalformed, ViewerUnknown):
        return
    assert read(urlsplit(link.path).query.encode()) == link


WORDS = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters=",;^&"),
    min_size=1,
    max_size=60,
).filter(str.isprintable)


@given(WORDS)
def test_what_is_kept_of_a_link_leads_to_the_same_request_and_nowhere_else(accession: str) -> None:
    query = urlencode({"requestType": "STUDY", "studyUID": STUDY, "Accessionnumber": accession, "idCDA": REPORT})
    link = read(query.encode())
    assert isinstance(link.request, StudyRequest)
    assert link.request.accessions == (accession,)
    assert link.path.startswith("/IHEInvokeImageDisplay?")
    assert link.path.isascii()
    assert dict(parse_qsl(urlsplit(link.path).query))["Accessionnumber"] == accession


@given(WORDS, WORDS, st.dates(date(1900, 1, 1)), st.integers(1, 9999))
def test_what_is_kept_of_a_request_for_a_patient_is_the_same_request(a: str, b: str, day: object, count: int) -> None:
    query = urlencode(
        {
            "requestType": "PATIENT",
            "patientID": f"{a}^^^&1.2.3&ISO",
            "patientName": f"{a}^{b}",
            "patientBirthDate": str(day),
            "lowerDateTime": f"{day}T10:00:00+05:30",
            "mostRecentResults": count,
        }
    )
    link = read(query.encode())
    assert read(urlsplit(link.path).query.encode()) == link
