"""Reading a link."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.identifiers import Identifier
from gateway.model.link import DisplayRequest, national_url
from gateway.web.display import LinkMalformed, PatientAsked, read

STUDY, ACCESSION, REPORT = "1.2.3", "1.2.250.1.999.1.2.SC26", "1.2.250.1.999.1.8"
GOOD = f"requestType=STUDY&studyUID={STUDY}&Accessionnumber={ACCESSION}&idCDA={REPORT}"
WANTED = DisplayRequest(STUDY, ACCESSION, REPORT)


def test_the_national_form_is_read() -> None:
    url = national_url("https://images.example.org", STUDY, Identifier("1.2.250.1.999.1.2", "SC26"), Identifier(REPORT))
    assert read(urlsplit(url).query.encode()).request == WANTED


@pytest.mark.parametrize(
    "query",
    [
        GOOD.replace("Accessionnumber", "accessionNumber"),
        GOOD.upper().replace("STUDYUID", "studyuid"),
        f"{GOOD}&viewerType=IHE_BIR&diagnosticQuality=true&keyImagesOnly=false",
        GOOD.replace("STUDY&", "study&"),
    ],
)
def test_names_are_read_whatever_their_case_and_unknown_ones_are_passed_over(query: str) -> None:
    assert read(query.encode()).request.study_uid == STUDY


def test_a_uuid_may_be_the_root_of_a_report() -> None:
    root = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
    assert read(GOOD.replace(REPORT, root).encode()).request.report_root == root


@pytest.mark.parametrize(
    "query",
    [
        "",
        GOOD.replace("requestType=STUDY&", ""),
        GOOD.replace("STUDY", "SERIES"),
        GOOD.replace(f"studyUID={STUDY}", "studyUID="),
        GOOD.replace(STUDY, "1.2.3,1.2.4"),
        GOOD.replace(STUDY, "1.2.*"),
        GOOD.replace(f"idCDA={REPORT}", "idCDA=../x"),
        GOOD.replace(ACCESSION, ""),
        GOOD.replace(ACCESSION, "A" * 261),
        GOOD.replace(ACCESSION, "SC%0d%0aSet-Cookie:x"),
        GOOD.replace(ACCESSION, "SC%00"),
        GOOD.replace(ACCESSION, "SC%E9"),
        GOOD.replace(ACCESSION, "SC\u00e9"),
        f"{GOOD}&studyUID={STUDY}",
        f"{GOOD}&STUDYUID=1.2.4",
        GOOD + "&a=b" * 70,
    ],
)
def test_a_link_that_is_not_whole_or_says_a_thing_twice_is_malformed(query: str) -> None:
    with pytest.raises(LinkMalformed):
        read(query.encode())


def test_asking_for_a_patient_is_told_apart() -> None:
    with pytest.raises(PatientAsked):
        read(b"requestType=PATIENT&patientID=1%5E%5E%5E%261.2%26ISO")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_link_or_a_named_refusal(query: bytes) -> None:
    try:
        link = read(query)
    except (LinkMalformed, PatientAsked):
        return
    assert read(urlsplit(link.path).query.encode()) == link


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=60).filter(
        str.isprintable
    )
)
def test_what_is_kept_of_a_link_leads_to_the_same_request_and_nowhere_else(accession: str) -> None:
    query = urlencode({"requestType": "STUDY", "studyUID": STUDY, "Accessionnumber": accession, "idCDA": REPORT})
    link = read(query.encode())
    assert link.request.accession == accession
    assert link.path.startswith("/IHEInvokeImageDisplay?")
    assert link.path.isascii()
    assert dict(parse_qsl(urlsplit(link.path).query))["Accessionnumber"] == accession
