"""Hostile links at a whole gateway: one neutral page for whatever is wrong, and images for nobody but their reader.

Three reports are shared: the CT; the chest radiograph, under an accession number that holds dots; and the earlier CT,
masked to professionals, which its author sees and the referrer does not.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from html import unescape
from itertools import product
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from pydicom import dcmread

from gateway.demo import phantom, reports
from gateway.demo.identity import ACCESSION_ISSUER, CHEST, CT, PATIENT, PRIOR_CT, RADIOLOGIST, REFERRER, DemoStudy
from gateway.demo.ris import transmission
from gateway.hl7.build import oru_r01
from gateway.hl7.sender import send
from gateway.model.identifiers import Identifier
from gateway.model.link import PATH, national_url
from gateway.model.people import Professional
from tests.support.gateway import Running, message, planned

DOTTED = replace(CHEST, accession=Identifier(ACCESSION_ISSUER, "RX.26.03.1611"))
MASKED = PRIOR_CT
TIMEOUT_S = 30.0
SLICES = 4

Query = list[tuple[str, str]]


@pytest.fixture(scope="module")
def here() -> Iterator[Running]:
    with planned() as world:
        phantom.sample_studies(world.world.studies, slices=SLICES, prior_slices=2)
        _number_with_dots(world)
        with world.world.settings_file.open("a", encoding="utf-8") as settings:
            settings.write('[rights]\nregistry = "ask"\nregistry_wait_s = 30.0\n')
        world.start_pacs()
        world.start_registry()
        world.start_identity_provider()
        world.start_gateway()
        masked = oru_r01(
            reports.level3(reports.Draft(study=MASKED), prior=None),
            replace(transmission(MASKED, "MASKED"), masks=frozenset({"MASQUE_PS"})),
        )
        for sent in (message(CT), message(DOTTED), masked):
            assert b"MSA|AA|" in send("127.0.0.1", world.mllp_port, sent, TIMEOUT_S)
        for study in (CT, DOTTED, MASKED):
            world.wait_for(study, "shared")
        yield world


def _number_with_dots(here: Running) -> None:
    """The chest radiograph of the PACS gets the accession number of its report."""
    files = [file for file in here.world.studies.rglob("*.dcm") if dcmread(file).StudyInstanceUID == CHEST.study_uid]
    assert files
    for file in files:
        image = dcmread(file)
        image.AccessionNumber = DOTTED.accession.extension
        image.save_as(file)


# .. a reader and what they ask


@dataclass(frozen=True)
class Reader:
    """A browser on our side of the wire."""

    session: requests.Session
    origin: str

    def ask(self, path: str, method: str = "GET", **headers: str) -> requests.Response:
        """One answer, redirects not followed."""
        return self.session.request(
            method, f"{self.origin}{path}", headers=headers, allow_redirects=False, timeout=TIMEOUT_S
        )

    def token(self, study: DemoStudy) -> str:
        """The name of the images of *study* for this session, by its link."""
        answer = self.ask(link(query_of(study)))
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"].removeprefix("/viewer/")


def _reader(here: Running, person: Professional | None) -> Reader:
    """Signed in as *person* through the provider's form; None: nobody."""
    session = requests.Session()
    session.trust_env = False
    reader = Reader(session, here.world.public_url)
    if person is not None:
        choice = session.get(f"{reader.origin}{link(query_of(CT))}", timeout=TIMEOUT_S)
        page = session.get(f"{choice.url}&provider=professionals", timeout=TIMEOUT_S)
        fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
        form = {name: unescape(value) for name, value in fields}
        form["subject"] = f"f:demo:{person.identifiers[0].extension}"
        images = session.post(f"{here.world.issuer}/authorize", data=form, timeout=TIMEOUT_S)
        assert "/viewer/" in images.url, images.text
    return reader


@pytest.fixture(scope="module")
def referrer(here: Running) -> Iterator[Reader]:
    reader = _reader(here, REFERRER)
    yield reader
    reader.session.close()


@pytest.fixture(scope="module")
def radiologist(here: Running) -> Iterator[Reader]:
    reader = _reader(here, RADIOLOGIST)
    yield reader
    reader.session.close()


@pytest.fixture
def stranger(here: Running) -> Iterator[Reader]:
    reader = _reader(here, None)
    yield reader
    reader.session.close()


def query_of(study: DemoStudy, accession: DemoStudy | None = None, report: DemoStudy | None = None) -> Query:
    """The parameters of the link of *study*, mixed with the accession number and the report of others."""
    url = national_url("", study.study_uid, (accession or study).accession, (report or study).report)
    return parse_qsl(urlsplit(url).query)


def link(query: Query) -> str:
    return f"{PATH}?{urlencode(query)}"


def _with(name: str, value: str, study: DemoStudy = CT) -> Query:
    return [(known, value if known == name else old) for known, old in query_of(study)]


def _without(name: str) -> Query:
    return [(known, old) for known, old in query_of(CT) if known != name]


def _looks(answer: requests.Response) -> tuple[bytes, dict[str, str]]:
    """Everything of an answer that its reader could tell it from another by."""
    return answer.content, {name: value for name, value in answer.headers.items() if name != "Date"}


@pytest.fixture(scope="module")
def neutral(referrer: Reader) -> tuple[bytes, dict[str, str]]:
    """The page for an examination that no report has ever named."""
    answer = referrer.ask(link(_with("studyUID", "2.25.404")))
    assert answer.status_code == 404
    return _looks(answer)


# .. the links


@pytest.mark.parametrize(("study", "images"), [(CT, SLICES), (DOTTED, 1)], ids=["ct", "dotted"])
def test_the_link_of_a_report_leads_to_its_images(referrer: Reader, study: DemoStudy, images: int) -> None:
    exam = referrer.ask(f"/viewer/{referrer.token(study)}/exam.json")
    assert exam.status_code == 200
    assert [len(series["frames"]) for series in exam.json()["series"]] == [images, images]


def test_an_accession_number_that_holds_dots_is_compared_whole(referrer: Reader) -> None:
    assert dict(query_of(DOTTED))["Accessionnumber"] == f"{ACCESSION_ISSUER}.RX.26.03.1611"
    frame = referrer.ask(f"/viewer/{referrer.token(DOTTED)}/frames/0/0")
    assert frame.status_code == 200
    assert len(frame.content) > 10_000


MALFORMED: dict[str, Query] = {
    **{f"no {name}": _without(name) for name, _ in query_of(CT)},
    **{f"an empty {name}": _with(name, "") for name, _ in query_of(CT)},
    **{f"{name} twice": [*query_of(CT), (name, value)] for name, value in query_of(CT)},
    **{f"{name} with a NUL": _with(name, f"{value}\x00") for name, value in query_of(CT)},
    "nothing": [],
    "a request for a series": _with("requestType", "SERIES"),
    "a study that is a wildcard": _with("studyUID", "*"),
    "a study that is a list": _with("studyUID", f"{CT.study_uid}\\{DOTTED.study_uid}"),
    "a study that is a path": _with("studyUID", "../../console"),
    "a report that is SQL": _with("idCDA", "1.2' OR '1'='1"),
    "an accession number above all measure": _with("Accessionnumber", "1" * 300),
    "a flood of parameters": [*query_of(CT), *((f"x{number}", "") for number in range(100))],
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_link_that_cannot_be_ours_is_a_400_with_the_neutral_page(
    referrer: Reader, stranger: Reader, neutral: tuple[bytes, dict[str, str]], name: str
) -> None:
    for reader in (referrer, stranger):
        answer = reader.ask(link(MALFORMED[name]))
        assert answer.status_code == 400
        assert _looks(answer) == neutral


KNOWN = (CT, DOTTED, MASKED)
UNKNOWN: dict[str, Query] = {
    **{
        f"{study.key}, number of {accession.key}, report of {report.key}": query_of(study, accession, report)
        for study, accession, report in product(KNOWN, repeat=3)
        if not study is accession is report
    },
    "a study that nobody named": _with("studyUID", "2.25.99"),
    "a report that nobody sent": _with("idCDA", "1.2.250.1.999.9.9"),
    "a report that is a UUID": _with("idCDA", "D52DE737-9C4E-4D0A-8E0F-2D6B3B1F9A11"),
    "a number that nobody gave": _with("Accessionnumber", f"{ACCESSION_ISSUER}.SC00000000"),
    "a report with an extension that it does not have": _with("idCDA", f"{CT.report.root}^1"),
    "a number of another issuer": _with("Accessionnumber", f"{ACCESSION_ISSUER}.7.{CT.accession.extension}"),
    "an issuer without a number": _with("Accessionnumber", ACCESSION_ISSUER),
    "a number cut at a dot": _with("Accessionnumber", f"{ACCESSION_ISSUER}.RX.26.03", DOTTED),
    "a number cut before its dots": _with("Accessionnumber", f"{ACCESSION_ISSUER}.RX", DOTTED),
    "the end of a number with dots": _with("Accessionnumber", "26.03.1611", DOTTED),
    "the number of another study without its issuer": _with("Accessionnumber", CHEST.accession.extension or ""),
    "a number that is a wildcard": _with("Accessionnumber", f"{ACCESSION_ISSUER}.*"),
    "a number with a wildcard": _with("Accessionnumber", f"{CT.accession.dotted[:-1]}?"),
    "a number that is a pattern of SQL": _with("Accessionnumber", "%"),
    "a number as XDS writes an identifier": _with("Accessionnumber", CT.accession.unique_id),
    "a number in lower case": _with("Accessionnumber", CT.accession.dotted.lower()),
    "a number and a blank": _with("Accessionnumber", f"{CT.accession.dotted} "),
    "a study of another length": _with("studyUID", f"{CT.study_uid}.1"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_link_that_fits_no_report_is_a_404_with_the_neutral_page(
    referrer: Reader, neutral: tuple[bytes, dict[str, str]], name: str
) -> None:
    answer = referrer.ask(link(UNKNOWN[name]))
    assert answer.status_code == 404
    assert _looks(answer) == neutral


def test_an_examination_that_is_not_yours_is_one_that_does_not_exist(
    referrer: Reader, radiologist: Reader, neutral: tuple[bytes, dict[str, str]]
) -> None:
    assert radiologist.token(MASKED)
    answer = referrer.ask(link(query_of(MASKED)))
    assert answer.status_code == 404
    assert _looks(answer) == neutral


@pytest.mark.parametrize("language", ["en-GB,en;q=0.8", "fr", "br", "*"])
def test_the_neutral_page_does_not_follow_the_readers_language(
    referrer: Reader, neutral: tuple[bytes, dict[str, str]], language: str
) -> None:
    for query in (query_of(MASKED), _with("studyUID", "2.25.99"), _without("idCDA")):
        assert _looks(referrer.ask(link(query), **{"Accept-Language": language})) == neutral


def test_the_neutral_page_quotes_nothing_of_the_link(neutral: tuple[bytes, dict[str, str]]) -> None:
    page = neutral[0].decode()
    for value in ("2.25", ACCESSION_ISSUER, "SC26031204", CT.report.root, "KERMARREC"):
        assert value not in page


def test_before_the_login_every_wellformed_link_is_answered_alike(stranger: Reader, here: Running) -> None:
    """Only a login away: who has no session learns nothing, not even from the address of the provider."""
    told = []
    for query in (query_of(CT), query_of(MASKED), _with("studyUID", "2.25.99"), query_of(CT, DOTTED)):
        answer = stranger.ask(link(query))
        choice = urlsplit(answer.headers["Location"])
        login = stranger.ask(f"{answer.headers['Location']}&provider=professionals")
        address = urlsplit(login.headers["Location"])
        told.append((answer.status_code, answer.content, choice.path, sorted(dict(parse_qsl(choice.query)))))
        told[-1] += (login.status_code, address.netloc, sorted(dict(parse_qsl(address.query))))
        assert f"http://{address.netloc}" == here.world.issuer
        for value in (CT.study_uid, ACCESSION_ISSUER, CT.report.root):
            assert value not in answer.headers["Location"] + login.headers["Location"]
    assert told == [told[0]] * len(told)


PATIENT_ID = f"{PATIENT.identifiers[1].cx()}"


def test_each_opens_those_examinations_of_the_patient_that_are_theirs_to_see(
    referrer: Reader, radiologist: Reader
) -> None:
    """The radiologist wrote all of them; the referrer asked for them, and one is masked."""
    for reader, images in ((radiologist, 2 * SLICES + 2 + 2), (referrer, 2 * SLICES + 2)):
        answer = reader.ask(link([("requestType", "PATIENT"), ("patientID", PATIENT_ID)]))
        assert answer.status_code == 303
        exam = reader.ask(f"{answer.headers['Location']}/exam.json").json()
        assert sum(len(series["frames"]) for series in exam["series"]) == images
    for patient, status in (("7", 400), ("7^^^&1.2.3&ISO", 403)):
        assert referrer.ask(link([("requestType", "PATIENT"), ("patientID", patient)])).status_code == status


CASES: dict[str, Callable[[str], str]] = {
    "as written": str,
    "lower": str.lower,
    "upper": str.upper,
    "swapped": str.swapcase,
    "title": str.title,
}


@pytest.mark.parametrize("case", CASES)
def test_names_of_parameters_are_read_in_any_case(referrer: Reader, case: str) -> None:
    query = [(CASES[case](name), value) for name, value in query_of(DOTTED)]
    for sent in (query, query[::-1], [*query, ("viewerType", "IHE_BIR"), ("diagnosticQuality", "true")]):
        assert referrer.ask(link(sent)).headers.get("Location", "").startswith("/viewer/")


def test_one_name_in_two_cases_is_one_name_twice(referrer: Reader) -> None:
    assert referrer.ask(link([*query_of(CT), ("STUDYUID", DOTTED.study_uid)])).status_code == 400


# .. HEAD


def _everything(here: Running) -> dict[str, int]:
    """How many rows every table has."""
    with closing(sqlite3.connect(f"file:{here.database}?mode=ro", uri=True, timeout=10)) as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        return {name: database.execute(f"select count(*) from {name}").fetchone()[0] for name in tables}  # noqa: S608


def test_head_has_no_effect_and_tells_nothing(here: Running, referrer: Reader, stranger: Reader) -> None:
    before = _everything(here)
    assert before["handles"]
    assert before["audit_events"]
    told = []
    for reader, query in product((referrer, stranger), (query_of(CT), query_of(MASKED), _with("studyUID", "2.25.99"))):
        answer = reader.ask(link(query), "HEAD")
        assert answer.status_code == 200
        assert not {"Location", "Set-Cookie"} & set(answer.headers)
        told.append(_looks(answer))
    assert told == [told[0]] * len(told)
    assert stranger.ask(link(_without("idCDA")), "HEAD").status_code == 400
    assert _everything(here) == before


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused_without_effect(here: Running, referrer: Reader, method: str) -> None:
    before = _everything(here)
    assert referrer.ask(link(query_of(CT)), method).status_code == 405
    assert _everything(here) == before


# .. the images


PLACES = ("", "/exam.json", "/frames/0/0")


@pytest.mark.parametrize("place", PLACES)
def test_without_a_session_a_handle_opens_nothing(referrer: Reader, stranger: Reader, place: str) -> None:
    path = f"/viewer/{referrer.token(CT)}{place}"
    assert referrer.ask(path).status_code == 200
    assert stranger.ask(path).status_code == 401
    (name,) = [one.name for one in referrer.session.cookies if one.name.endswith("gateway-session")]
    for value in ("", "A" * 43, "x", "A" * 5000):
        answer = stranger.ask(path, Cookie=f"{name}={value}")
        assert answer.status_code == 401
        assert b"KERMARREC" not in answer.content


@pytest.mark.parametrize("place", PLACES)
def test_the_handle_of_another_session_is_one_that_does_not_exist(
    referrer: Reader, radiologist: Reader, place: str
) -> None:
    token = radiologist.token(CT)
    assert radiologist.ask(f"/viewer/{token}{place}").status_code == 200
    theirs, invented = (referrer.ask(f"/viewer/{name}{place}") for name in (token, "A" * 43))
    assert (theirs.status_code, invented.status_code) == (404, 404)
    assert _looks(theirs) == _looks(invented)


@pytest.mark.parametrize(
    "place", ["/frames/9/0", f"/frames/0/{SLICES}", "/frames/0/0/2", "/frames/0/999999", "/frames/0/-1", "/frames/a/b"]
)
def test_a_place_that_the_examination_does_not_have_is_a_404(referrer: Reader, place: str) -> None:
    assert referrer.ask(f"/viewer/{referrer.token(CT)}{place}").status_code == 404


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE"])
def test_frames_are_only_got(referrer: Reader, method: str) -> None:
    answer = referrer.ask(f"/viewer/{referrer.token(CT)}/frames/0/0", method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET"
