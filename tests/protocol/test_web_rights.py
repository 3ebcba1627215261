"""Links of every form at the web: what opens, for whom, by what; break-glass; masks that come later; sessions."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from werkzeug.test import Client, TestResponse

from gateway.model.access import Kind, Person, Session, Situation
from gateway.model.codes import Code
from gateway.model.exam import KeyObjectNote
from gateway.model.identifiers import Identifier
from gateway.model.rights import ExamFacts, Policy, Right
from gateway.web.app import create_app
from gateway.web.link.display import _AT_ONCE
from gateway.web.tokens import digest, new_token
from tests.fakes.clock import StoppedClock
from tests.support.web import (
    ACCESSION,
    MASKED_STUDY,
    PATIENT,
    RADIOLOGIST,
    REFERRER,
    REPORT,
    STUDY,
    Site,
    build,
    exam,
    known,
)

URL = "http://127.0.0.1:8080"
POLICY = Policy(
    matrix=(Right(professions=frozenset({"10", "60"}), documents=frozenset({"18748-4"})),),
    glass_professions=frozenset({"10"}),
)
PHYSICIAN = Person(
    subject="s", issuer="i", identifier=REFERRER.identifier, name="Dr Test", profession="10", specialty="SM26"
)
NURSE = replace(PHYSICIAN, identifier="nurse", profession="60", specialty="")
OPTICIAN = replace(PHYSICIAN, identifier="optician", profession="28", specialty="")
MYSELF = Person(subject="p", issuer="i", kind=Kind.PATIENT, patient=PATIENT)
PARENT = replace(MYSELF, subject="parent", kind=Kind.REPRESENTATIVE)
SOMEONE = replace(MYSELF, patient=replace(PATIENT, identifiers=(Identifier("1.2.250.1.213.1.4.10", "1"),)))
REASON = "Patient inconscient, antériorités nécessaires"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return build(tmp_path, URL, "http://127.0.0.1:8090", StoppedClock(), policy=POLICY)


def browser(site: Site, person: Person) -> tuple[Client, Session]:
    """A browser that is logged in as *person*."""
    token, now = new_token(), site.parts.clock.now()
    session = Session(id=digest(token), person=person, csrf_token=new_token(), created_at=now, seen_at=now)
    site.sessions.open(session, [])
    one = Client(create_app(site.parts), use_cookies=True)
    one.set_cookie("gateway-session", token, domain="127.0.0.1")
    return one, session


def ask(site: Site, person: Person, **parameters: str) -> TestResponse:
    return browser(site, person)[0].get(f"/IHEInvokeImageDisplay?{urlencode(parameters)}", base_url=URL)


def national(**changes: str) -> dict[str, str]:
    whole = {
        "requestType": "STUDY",
        "studyUID": STUDY,
        "Accessionnumber": ACCESSION.dotted,
        "idCDA": REPORT.root,
    }
    return {**whole, **changes}


def handle_of(site: Site, answer: TestResponse) -> object:
    assert answer.status_code == 303, answer.text
    return site.sessions.handles[digest(answer.headers["Location"].removeprefix("/viewer/"))]


def of_patient(**more: str) -> dict[str, str]:
    known_as = PATIENT.identifiers[0]
    return {"requestType": "PATIENT", "patientID": known_as.cx(), **more}


def add(site: Site, number: int, began: datetime | None = None, *modalities: str, **changes: object) -> None:
    """One more study of the patient."""
    facts = ExamFacts(
        patient=PATIENT,
        type_code="18748-4",
        started_at=began,
        modalities=frozenset(modalities),
        **changes,  # type: ignore[arg-type]
    )
    one = known(f"1.2.77.{number}", Identifier(ACCESSION.root, f"N{number}"))
    site.store.exams.append(replace(one, report_id=f"report-{100 + number}", facts=facts))


# .. the link of a report


@pytest.mark.parametrize("person", [PHYSICIAN, NURSE, MYSELF, PARENT])
@pytest.mark.parametrize("accession", [ACCESSION.dotted, ACCESSION.extension, ACCESSION.cx()])
def test_who_holds_the_report_and_is_entitled_sees_the_images(site: Site, person: Person, accession: str) -> None:
    answer = ask(site, person, **national(Accessionnumber=accession))
    assert re.fullmatch(r"/viewer/[\w-]{43}", answer.headers["Location"])
    assert answer.data == b""
    event = site.events()[-1]
    assert event.study_uid == STUDY
    assert event.facts["kind"] == person.kind.value
    assert event.facts["tie"] == {"professional": "report", "patient": "patient"}.get(person.kind, "representative")


def test_a_profession_without_a_right_is_told_why_and_only_because_it_holds_the_report(site: Site) -> None:
    answer = ask(site, OPTICIAN, **national())
    assert answer.status_code == 403
    assert "matrice d'habilitation" in answer.text.replace("&#39;", "'")
    assert "break-glass" not in answer.text
    assert site.events()[-1].facts["reason"] == "rights_matrix"
    nobody = ask(site, replace(OPTICIAN, profession=""), **national())
    assert nobody.status_code == 403
    assert "profession" in nobody.text
    neutral = ask(site, OPTICIAN, **national(idCDA="1.2.250.1.999.1.9"))
    assert neutral.status_code == 404
    assert ask(site, OPTICIAN, requestType="STUDY", studyUID=STUDY).data == neutral.data


def test_who_is_not_the_patient_gets_the_neutral_page(site: Site) -> None:
    unknown = ask(site, SOMEONE, **national(studyUID="1.2.99"))
    for parameters in (national(), {"requestType": "STUDY", "studyUID": STUDY}, of_patient()):
        answer = ask(site, SOMEONE, **parameters)
        assert (answer.status_code, answer.data) == (404, unknown.data)


@pytest.mark.parametrize(
    ("mask", "open_to"),
    [
        ("MASQUE_PS", {"patient", "representative", "author"}),
        ("INVISIBLE_PATIENT", {"professional", "author"}),
        ("INVISIBLE_REPRESENTANTS_LEGAUX", {"professional", "patient", "author"}),
    ],
)
def test_a_mask_closes_the_link_to_whom_it_names(site: Site, mask: str, open_to: set[str]) -> None:
    site.store.exams[0] = known(masked=frozenset({mask}))
    author = replace(PHYSICIAN, identifier=RADIOLOGIST.identifier)
    people = {"professional": PHYSICIAN, "patient": MYSELF, "representative": PARENT, "author": author}
    opened = {name for name, person in people.items() if ask(site, person, **national()).status_code == 303}
    assert opened == open_to


def test_a_withdrawn_report_leads_to_the_neutral_page(site: Site) -> None:
    unknown = ask(site, PHYSICIAN, **national(studyUID="1.2.99"))
    site.store.withdrawn.add("report-1")
    for person in (PHYSICIAN, MYSELF, replace(PHYSICIAN, identifier=RADIOLOGIST.identifier)):
        assert ask(site, person, **national()).data == unknown.data


# .. several studies, options


def test_several_studies_open_together_in_the_order_asked(site: Site) -> None:
    add(site, 1)
    add(site, 2)
    numbers = f"{ACCESSION.root}.N2,{ACCESSION.dotted};{ACCESSION.root}.N1"
    answer = ask(site, PHYSICIAN, **national(studyUID=f"1.2.77.2;{STUDY},1.2.77.1", Accessionnumber=numbers))
    handle = handle_of(site, answer)
    assert [one.study_uid for one in handle.exams] == ["1.2.77.2", STUDY, "1.2.77.1"]  # type: ignore[attr-defined]
    assert [event.study_uid for event in site.events()[-3:]] == ["1.2.77.2", STUDY, "1.2.77.1"]


def test_of_several_studies_all_are_opened_or_none(site: Site) -> None:
    one = ask(site, PHYSICIAN, **national(studyUID=f"{STUDY},1.2.99"))
    assert one.status_code == 404
    masked = ask(site, PHYSICIAN, **national(studyUID=f"{STUDY},{MASKED_STUDY}"))
    assert (masked.status_code, masked.data) == (404, one.data)
    strange = ask(site, PHYSICIAN, **national(Accessionnumber=f"{ACCESSION.dotted},OTHER"))
    assert (strange.status_code, strange.data) == (404, one.data)


def test_the_viewer_and_its_quality_are_kept_with_the_handle(site: Site) -> None:
    answer = ask(site, PHYSICIAN, **national(viewerType="IHE_BIR", diagnosticQuality="true"))
    options = handle_of(site, answer).options  # type: ignore[attr-defined]
    assert (options.viewer, options.diagnostic, options.key_images) == ("full", True, ())
    assert ask(site, PHYSICIAN, **national(viewerType="HOLOGRAM")).status_code == 501


def test_key_images_are_those_that_the_study_marks_in_its_order(site: Site) -> None:
    code = Code("113000", "DCM", "Of Interest")
    notes = (
        KeyObjectNote(
            sop_instance_uid="1.2.8.1",
            series_uid="1.2.8",
            title=code,
            marked=frozenset({"1.2.2.3", "1.2.2.1", "1.2.99"}),
        ),
        KeyObjectNote(
            sop_instance_uid="1.2.8.2",
            series_uid="1.2.8",
            title=Code("113030", "DCM", "M"),
            marked=frozenset({"1.2.2.9"}),
        ),
        KeyObjectNote(
            sop_instance_uid="1.2.8.3",
            series_uid="1.2.8",
            title=Code("113001", "DCM", "R"),
            marked=frozenset({"1.2.2.1"}),
        ),
    )
    site.found["exam"] = replace(exam(), notes=notes)
    options = handle_of(site, ask(site, PHYSICIAN, **national(keyImagesOnly="true"))).options  # type: ignore[attr-defined]
    assert options.key_images_only
    assert options.key_images == ("1.2.2.3",)


@pytest.mark.parametrize(
    ("frames", "named"),
    [
        (({12}, {3, 12}), ("1.2.2.3/3", "1.2.2.3/12")),
        (({12}, None), ("1.2.2.3",)),
        ((set(),), ()),
    ],
)
def test_a_frame_that_is_marked_is_not_taken_for_the_whole_instance(
    site: Site, frames: tuple[set[int] | None, ...], named: tuple[str, ...]
) -> None:
    notes = tuple(
        KeyObjectNote(
            sop_instance_uid=f"1.2.8.{number}",
            series_uid="1.2.8",
            title=Code("113000", "DCM", "Of Interest"),
            marked=frozenset({"1.2.2.3"}),
            frames={} if one is None else {"1.2.2.3": frozenset(one)},
        )
        for number, one in enumerate(frames)
    )
    site.found["exam"] = replace(exam(), notes=notes)
    options = handle_of(site, ask(site, PHYSICIAN, **national(keyImagesOnly="true"))).options  # type: ignore[attr-defined]
    assert options.key_images == named


# .. requests without a report


def test_a_study_alone_opens_for_who_is_tied_to_it(site: Site) -> None:
    alone = {"requestType": "STUDY", "studyUID": STUDY}
    assert ask(site, MYSELF, **alone).status_code == 303
    assert ask(site, replace(PHYSICIAN, identifier=RADIOLOGIST.identifier), **alone).status_code == 303
    assert ask(site, NURSE, **alone).status_code == 404
    facts = replace(site.store.exams[0].facts, structures=frozenset({"1290099993"}), addressees=frozenset({"nurse"}))
    site.store.exams[0] = replace(site.store.exams[0], facts=facts)
    assert ask(site, NURSE, **alone).status_code == 303
    assert site.events()[-1].facts["tie"] == "addressee"
    colleague = replace(NURSE, identifier="x", structures=frozenset({"1290099993"}))
    assert ask(site, colleague, requestType="STUDY", accessionNumber=ACCESSION.dotted).status_code == 303
    assert site.events()[-1].facts["tie"] == "structure"


def test_one_number_of_two_issuers_opens_nothing_without_its_issuer(site: Site) -> None:
    other = known("1.2.55", Identifier("1.2.250.1.999.77", ACCESSION.extension))
    site.store.exams.append(replace(other, patient_cx="another patient"))
    by_number = {"requestType": "STUDY", "accessionNumber": ACCESSION.extension or ""}
    assert ask(site, MYSELF, **by_number).status_code == 404
    assert ask(site, MYSELF, requestType="STUDY", accessionNumber=ACCESSION.dotted).status_code == 303
    site.store.exams.pop()
    assert ask(site, MYSELF, **by_number).status_code == 303


def test_a_patients_studies_open_the_latest_first_within_the_limits_asked(site: Site) -> None:
    for number, modality in enumerate(("CT", "MR", "CT", "US"), start=1):
        add(site, number, datetime(2026, 1, number, tzinfo=UTC), modality)

    def seen(**more: str) -> list[str]:
        handle = handle_of(site, ask(site, MYSELF, **of_patient(**more)))
        return [one.study_uid.removeprefix("1.2.77.") for one in handle.exams]  # type: ignore[attr-defined]

    undated = [STUDY, MASKED_STUDY]
    assert seen() == ["4", "3", "2", "1", *undated]
    assert seen(mostRecentResults="2") == ["4", "3"]
    assert seen(modalitiesInStudy="CT", mostRecentResults="3") == ["3", "1", STUDY]
    assert seen(lowerDateTime="2026-01-02", upperDateTime="2026-01-03") == ["3", "2", *undated]
    assert seen(patientName="kermarrec lefevre^zoe", patientBirthDate="1981-11-09", mostRecentResults="1") == ["4"]
    for wrong in ({"patientName": "ABGRALL^ZOÉ"}, {"patientBirthDate": "1981-11-10"}):
        assert ask(site, MYSELF, **of_patient(**wrong)).status_code == 404


def test_a_patient_with_many_studies_gets_a_choice_of_parts_and_loses_none(site: Site) -> None:
    for number in range(_AT_ONCE + 3):
        add(site, number, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number))
    answer = ask(site, MYSELF, **of_patient())
    assert answer.status_code == 200
    names = re.findall(r'href="/viewer/([\w-]{43})"', answer.text)
    sizes = [len(site.sessions.handles[digest(name)].exams) for name in names]
    assert sum(sizes) == len(site.store.exams)
    assert sizes[0] == _AT_ONCE
    assert STUDY not in answer.text


def test_a_namespace_of_the_site_stands_for_its_oid(site: Site) -> None:
    parameters = {"requestType": "PATIENT", "patientID": f"{PATIENT.identifiers[0].extension}^^^HOSPITAL"}
    assert ask(site, MYSELF, **parameters).status_code == 404
    names = {"HOSPITAL": PATIENT.identifiers[0].root}
    parts = replace(site.parts, consulting=replace(site.parts.consulting, authorities=names))
    assert ask(replace(site, parts=parts), MYSELF, **parameters).status_code == 303


# .. break-glass


def form(page: TestResponse) -> dict[str, str]:
    fields = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return {name: value.replace("&amp;", "&") for name, value in fields}


def break_glass(one: Client, page: TestResponse, reason: str = REASON, **changes: str) -> TestResponse:
    sent = {**form(page), "reason": reason, **changes}
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    return one.post("/break-glass", data=sent, base_url=URL, headers=headers)


def opened_for_emergency(site: Site, **parameters: str) -> tuple[Client, TestResponse]:
    one, _ = browser(site, PHYSICIAN)
    return one, one.get(f"/IHEInvokeImageDisplay?{urlencode(parameters)}", base_url=URL)


def test_a_reason_as_a_telephone_writes_it_opens(site: Site) -> None:
    """With the spaces of French, a soft hyphen, and what joins the parts of a sign."""
    one, page = opened_for_emergency(site, requestType="STUDY", studyUID=STUDY)
    answer = break_glass(one, page, "Urgence\u00a0: patient incons\u00adcient \u26a0\ufe0f\u200d")
    assert answer.status_code == 303


@pytest.mark.parametrize("parameters", [{"requestType": "STUDY", "studyUID": STUDY}, of_patient()])
def test_a_reason_opens_what_nothing_ties_the_person_to(site: Site, parameters: dict[str, str]) -> None:
    one, page = opened_for_emergency(site, **parameters)
    assert page.status_code == 403
    answer = break_glass(one, page)
    assert [e.study_uid for e in handle_of(site, answer).exams] == [STUDY]  # type: ignore[attr-defined]
    use = site.sessions.glass[0]
    assert (use.actor, use.reason) == (PHYSICIAN.identifier, REASON)
    assert use.asked == parameters["requestType"].lower()
    events = {event.action: event for event in site.events()}
    assert events["glass.broken"].facts["reason"] == REASON
    assert events["glass.broken"].patient == known().patient_cx
    assert events["images.displayed"].facts["tie"] == "break-glass"
    again = one.get(f"/IHEInvokeImageDisplay?{urlencode(parameters)}", base_url=URL)
    assert again.status_code == 303, "the reason holds for this patient while the session lasts"
    _, other = opened_for_emergency(site, **parameters)
    assert other.status_code == 403, "and for no other session"


def test_a_reason_opens_nothing_before_the_situation_is_chosen_nor_by_another_address(site: Site) -> None:
    both = (Situation(profession="10", structure="1290"), Situation(profession="60", structure="1291"))
    link = f"/IHEInvokeImageDisplay?requestType=STUDY&studyUID={STUDY}"
    for person, asked in ((replace(PHYSICIAN, situations=both), link), (PHYSICIAN, link.replace("/IHE", "/x/IHE"))):
        one, session = browser(site, person)
        sent = {"csrf_token": session.csrf_token, "link": asked, "reason": REASON}
        answer = one.post("/break-glass", data=sent, base_url=URL, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 404
    assert (site.sessions.glass, site.sessions.handles) == ([], {})


def test_a_reason_that_was_not_needed_is_on_record_all_the_same(site: Site) -> None:
    one, session = browser(site, replace(PHYSICIAN, identifier=RADIOLOGIST.identifier))
    link = f"/IHEInvokeImageDisplay?requestType=STUDY&studyUID={STUDY}"
    sent = {"csrf_token": session.csrf_token, "link": link, "reason": REASON}
    answer = one.post("/break-glass", data=sent, base_url=URL, headers={"Sec-Fetch-Site": "same-origin"})
    assert handle_of(site, answer)
    assert len(site.sessions.glass) == 1


@pytest.mark.parametrize(("letters", "status"), [(9, 422), (10, 303)])
def test_a_reason_has_ten_letters_and_is_kept_up_to_five_hundred(site: Site, letters: int, status: int) -> None:
    one, page = opened_for_emergency(site, requestType="STUDY", studyUID=STUDY)
    assert break_glass(one, page, "a" * letters).status_code == status
    long = break_glass(one, page, "urgence " * 80)
    assert long.status_code == 303
    assert len(site.sessions.glass[-1].reason) == 500


def test_a_reason_for_one_patient_opens_no_other(site: Site) -> None:
    """Neither alone, nor in one link with the patient for whom it was given."""
    other = replace(
        PATIENT, identifiers=(Identifier("1.2.250.1.213.1.4.10", "255069999999934"),), birth_family="ABGRALL"
    )
    exam = replace(known("1.2.88.1", Identifier(ACCESSION.root, "X1")), report_id="report-x", patient_cx="other")
    site.store.exams.append(replace(exam, facts=replace(exam.facts, patient=other)))
    one, page = opened_for_emergency(site, requestType="STUDY", studyUID=STUDY)
    assert break_glass(one, page).status_code == 303
    link = {"requestType": "STUDY", "studyUID": STUDY}
    assert one.get(f"/IHEInvokeImageDisplay?{urlencode(link)}", base_url=URL).status_code == 303
    for studies in ("1.2.88.1", f"{STUDY},1.2.88.1", f"1.2.88.1,{STUDY}"):
        again = one.get(f"/IHEInvokeImageDisplay?{urlencode({**link, 'studyUID': studies})}", base_url=URL)
        assert again.status_code == 403
        assert 'name="reason"' in again.text
    assert len(site.sessions.handles) == 2
    assert len(site.sessions.glass) == 1


def test_a_reason_is_not_asked_again_where_something_else_ties_to_a_part(site: Site) -> None:
    add(site, 5, structures=frozenset({"1290099993"}))
    one, _ = browser(site, replace(PHYSICIAN, structures=frozenset({"1290099993"})))
    link = f"/IHEInvokeImageDisplay?{urlencode({'requestType': 'STUDY', 'studyUID': f'{STUDY},1.2.77.5'})}"
    answer = break_glass(one, one.get(link, base_url=URL))
    assert len(handle_of(site, answer).exams) == 2  # type: ignore[attr-defined]
    assert [event.study_uid for event in site.events() if event.action == "glass.broken"] == [STUDY]
    assert one.get(link, base_url=URL).status_code == 303


def test_the_page_of_break_glass_is_the_same_for_what_does_not_exist(site: Site) -> None:
    one, session = browser(site, PHYSICIAN)
    pages = [
        one.get(f"/IHEInvokeImageDisplay?requestType=STUDY&studyUID={study}", base_url=URL)
        for study in (STUDY, MASKED_STUDY, "1.2.99")
    ]
    bodies = {re.sub(r"studyUID=[\d.]+", "", page.text) for page in pages}
    assert len(bodies) == 1
    assert {page.status_code for page in pages} == {403}
    assert session.csrf_token in pages[0].text


def test_break_glass_opens_neither_what_is_masked_nor_what_is_not_there(site: Site) -> None:
    one, page = opened_for_emergency(site, requestType="STUDY", studyUID=MASKED_STUDY)
    masked = break_glass(one, page)
    one, page = opened_for_emergency(site, requestType="STUDY", studyUID="1.2.99")
    absent = break_glass(one, page)
    assert (masked.status_code, masked.data) == (404, absent.data)
    assert site.sessions.glass == []
    assert [event.facts.get("reason") for event in site.events() if event.action == "glass.broken"] == [REASON] * 2


@pytest.mark.parametrize("reason", ["", "   ", "x", "........................", "ab cd\x00efghijkl"])
def test_a_reason_must_say_something(site: Site, reason: str) -> None:
    one, page = opened_for_emergency(site, requestType="STUDY", studyUID=STUDY)
    answer = break_glass(one, page, reason)
    assert answer.status_code == 422
    assert form(answer) == form(page)
    assert not site.sessions.handles


def test_break_glass_is_asked_by_our_own_page_and_by_who_may(site: Site) -> None:
    one, page = opened_for_emergency(site, requestType="STUDY", studyUID=STUDY)
    assert break_glass(one, page, csrf_token="x" * 43).status_code == 403
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        forged = one.post("/break-glass", data={**form(page), "reason": REASON}, base_url=URL, headers=headers)
        assert forged.status_code == 403
    assert break_glass(one, page, link="https://evil.example/?requestType=STUDY&studyUID=1.2").status_code == 404
    assert break_glass(one, page, link="/IHEInvokeImageDisplay?requestType=nothing").status_code == 400
    nurse, session = browser(site, NURSE)
    link = f"/IHEInvokeImageDisplay?requestType=STUDY&studyUID={STUDY}"
    assert break_glass(nurse, page, link=link, csrf_token=session.csrf_token).status_code == 404
    assert not site.sessions.handles
    assert one.get("/break-glass", base_url=URL).status_code == 405


# .. the door of the viewer


def test_a_report_that_is_masked_or_withdrawn_later_closes_the_images_that_are_open(site: Site) -> None:
    one, _ = browser(site, PHYSICIAN)
    viewer = one.get(f"/IHEInvokeImageDisplay?{urlencode(national())}", base_url=URL).headers["Location"]
    assert one.get(f"{viewer}/exam.json", base_url=URL).status_code == 200
    site.store.exams[0] = known(masked=frozenset({"MASQUE_PS"}))
    site.parts.clock.forward(6)  # type: ignore[attr-defined]
    assert one.get(f"{viewer}/exam.json", base_url=URL).status_code == 404
    assert one.get(f"{viewer}/frames/0/0", base_url=URL).status_code == 404
    site.store.exams[0] = known()
    site.parts.clock.forward(6)  # type: ignore[attr-defined]
    assert one.get(f"{viewer}/exam.json", base_url=URL).status_code == 200
    site.store.withdrawn.add("report-1")
    site.parts.clock.forward(6)  # type: ignore[attr-defined]
    assert one.get(f"{viewer}/exam.json", base_url=URL).status_code == 404


# .. who opens it


def test_a_link_that_a_page_fetches_or_embeds_as_a_picture_is_not_opened(site: Site) -> None:
    one, _ = browser(site, PHYSICIAN)
    link = f"/IHEInvokeImageDisplay?{urlencode(national())}"
    for mode in ("no-cors", "cors", "same-origin", "websocket"):
        answer = one.get(link, base_url=URL, headers={"Sec-Fetch-Mode": mode})
        assert answer.status_code == 401
    assert not site.sessions.handles
    assert one.get(link, base_url=URL, headers={"Sec-Fetch-Mode": "navigate"}).status_code == 303


def test_head_asks_nothing_and_changes_nothing(site: Site) -> None:
    one, _ = browser(site, PHYSICIAN)
    for link in (national(), national(studyUID="1.2.99"), of_patient()):
        answer = one.head(f"/IHEInvokeImageDisplay?{urlencode(link)}", base_url=URL)
        assert (answer.status_code, answer.data) == (200, b"")
    assert site.store.asked == []
    assert site.events() == []
    assert one.post("/IHEInvokeImageDisplay", base_url=URL).status_code == 405


def test_unknown_and_not_yours_cost_the_same_looks(site: Site) -> None:
    """What can be timed is what is asked of the store; a mask is decided on what was read already."""
    looks = []
    for study in (MASKED_STUDY, "1.2.99"):
        site.store.asked.clear()
        before = len(site.events())
        link = national(studyUID=study, Accessionnumber="1.2.250.1.999.1.2.SC26031205")
        assert ask(site, NURSE, **link).status_code == 404
        looks.append((len(site.store.asked), len(site.events()) - before))
    assert looks[0] == looks[1]


def test_neither_is_answered_before_the_time_that_every_neutral_page_takes(tmp_path: Path) -> None:
    slow = build(tmp_path, URL, "http://127.0.0.1:8090", StoppedClock(), policy=POLICY, neutral_s=0.2)
    for study in (MASKED_STUDY, "1.2.99"):
        link = national(studyUID=study, Accessionnumber="1.2.250.1.999.1.2.SC26031205")
        one, _ = browser(slow, NURSE)
        began = time.monotonic()
        assert one.get(f"/IHEInvokeImageDisplay?{urlencode(link)}", base_url=URL).status_code == 404
        assert time.monotonic() - began >= 0.2


# .. sessions in the console


def test_an_administrator_sees_the_sessions_and_ends_one(site: Site) -> None:
    victim, _ = browser(site, replace(PHYSICIAN, name="Dr <b>Parti</b>"))
    viewer = victim.get(f"/IHEInvokeImageDisplay?{urlencode(national())}", base_url=URL).headers["Location"]
    assert victim.get(f"{viewer}/exam.json", base_url=URL).status_code == 200
    chief, session = browser(site, replace(PHYSICIAN, identifier="chief", roles=frozenset({"administrator"})))
    page = chief.get("/console/sessions", base_url=URL)
    assert page.status_code == 200
    assert "Dr &lt;b&gt;Parti" in page.text
    (ended,) = re.findall(r'name="session" value="([0-9a-f]{64})"', page.text)
    sent = {"csrf_token": session.csrf_token, "session": ended}
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert chief.post("/console/sessions/end", data=sent, base_url=URL).status_code == 303
    # Another process remembers for five seconds whom it has let in.
    site.parts.clock.forward(6)  # type: ignore[attr-defined]
    assert victim.get(f"{viewer}/exam.json", base_url=URL).status_code == 401
    revoked = [event for event in site.events() if event.action == "session.revoked"]
    assert [event.actor for event in revoked] == ["chief"]
    bad = {**sent, "csrf_token": "x"}
    assert chief.post("/console/sessions/end", data=bad, base_url=URL, headers=headers).status_code == 403
    assert chief.post("/console/sessions/end", data={**sent, "session": "'"}, base_url=URL).status_code == 400


def test_the_sessions_are_for_administrators(site: Site) -> None:
    one, session = browser(site, PHYSICIAN)
    assert one.get("/console/sessions", base_url=URL).status_code == 403
    sent = {"csrf_token": session.csrf_token, "session": session.id}
    assert one.post("/console/sessions/end", data=sent, base_url=URL).status_code == 403
    nobody = Client(create_app(site.parts))
    assert nobody.post("/console/sessions/end", data=sent, base_url=URL).status_code == 401


def test_a_spoofed_header_makes_nobody_an_administrator(site: Site) -> None:
    nobody = Client(create_app(site.parts))
    spoofed = {
        "X-Forwarded-User": RADIOLOGIST.identifier,
        "X-SSL-Client-Verify": "SUCCESS",
        "X-SSL-Client-S-DN": "CN=chief",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Host": "127.0.0.1:8080",
        "X-Forwarded-Proto": "https",
    }
    refused = nobody.post("/console/sessions/end", base_url=URL, headers=spoofed)
    assert refused.status_code == 401
    answer = nobody.get(
        f"/IHEInvokeImageDisplay?requestType=STUDY&studyUID={quote(STUDY)}&viewerType=no", headers=spoofed
    )
    assert answer.status_code in (421, 501)
