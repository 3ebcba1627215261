"""What a site's or a platform's system hands in as JSON: it becomes a message in the other end's terms, and passes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.demo.identity import RADIOLOGIST, SITE
from gateway.errors import InputRejected, Unavailable
from gateway.hl7 import er7
from gateway.model.message import KeptMessage
from gateway.model.relay import RequestState
from gateway.web import relay_form
from gateway.web.once import Once, once
from gateway.web.parts import IntakeKey, Submitted
from gateway.wiring.relay_desk import Desk
from tests.fakes import world as worlds
from tests.support.relay import NUMBER, READER, SITE_ADDRESS, Stage, report, stage

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
DIGEST = "0" * 64
OF_SITE = IntakeKey(name="ris", sha256_hex=DIGEST, site=worlds.SITE.name)
OF_PLATFORM = IntakeKey(name="tlr", sha256_hex=DIGEST, platform="lecture")


def example(name: str, **changes: Any) -> dict[str, Any]:
    form = json.loads((EXAMPLES / f"relay-{name}.json").read_text(encoding="utf-8"))
    return {**form, **changes}


def desk(here: Stage, **changes: Any) -> Desk:
    relaying = replace(here.relaying, **changes)
    return Desk(
        relaying=relaying,
        log=here.messages,
        accept=here.world.accepting.accept_all,
        clock=here.world.clock,
        sites=relaying.sites,
        addresses=dict.fromkeys(relaying.platforms, ("TLR", "LECTURE")),
        processing_id="T",
    )


def hand_in(here: Stage, key: IntakeKey, form: dict[str, Any], **changes: Any) -> Submitted:
    return desk(here, **changes).submit(key, relay_form.read(json.dumps(form).encode()))


def hand_in_once(here: Stage, key: IntakeKey, form: dict[str, Any], name: str = "k1", **changes: Any) -> Submitted:
    body = json.dumps(form).encode()
    return desk(here, **changes).submit(key, relay_form.read(body), once(f'"{name}"', body))


def refused(here: Stage, key: IntakeKey, form: dict[str, Any], **changes: Any) -> tuple[str, str]:
    with pytest.raises(InputRejected) as refusal:
        hand_in(here, key, form, **changes)
    return refusal.value.code, refusal.value.place


def report_form(content: bytes, **changes: Any) -> dict[str, Any]:
    said = {"value": NUMBER.extension, "issuer": NUMBER.root}
    return {"kind": "report", "order": said, "content": base64.b64encode(content).decode(), **changes}


def cda_of(message: bytes) -> bytes:
    return base64.b64decode(er7.parse(message).all("OBX")[0].text(5, 5))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, check_pacs=False) as made:
        yield made


@pytest.fixture
def on_paper(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, check_pacs=False, white_paper=True) as made:
        yield made


def test_a_whole_exchange_without_a_word_of_hl7_at_either_end(here: Stage) -> None:
    made = hand_in(here, OF_SITE, example("request"))
    assert hand_in(here, OF_PLATFORM, example("answer")).request_id == made.request_id
    done = hand_in(here, OF_SITE, example("complement"))
    assert "examinations.0.doses" in done.left_out
    cda = cda_of(report())
    assert hand_in(here, OF_PLATFORM, report_form(cda)).request_id == made.request_id
    request = here.request()
    assert (request.id, request.state) == (made.request_id, RequestState.REPORTED)
    assert (request.protocol, request.reader) == (
        "Sans injection, puis avec injection si saignement écarté",
        READER.identifiers[0].extension,
    )
    here.forward()
    kinds = [er7.parse(one).header.text(9) for one in here.platform.sent]
    assert kinds == ["ORM", "OMI"]
    answer, carried = here.site.sent
    assert er7.parse(answer).header.text(3) == "TLR"
    assert (er7.parse(answer).header.text(5), er7.parse(answer).header.text(6)) == SITE_ADDRESS
    assert cda_of(carried) == cda
    assert request.report_id


def test_an_end_that_follows_the_white_paper_is_told_in_its_terms(on_paper: Stage) -> None:
    for key, name in ((OF_SITE, "request"), (OF_PLATFORM, "answer"), (OF_SITE, "complement")):
        hand_in(on_paper, key, example(name))
    assert on_paper.request().state is RequestState.PERFORMED
    on_paper.forward()
    for message in (*on_paper.platform.sent, *on_paper.site.sent):
        header = er7.parse(message).header
        assert (header.text(9), header.text(21)) == ("ORM", "")
    assert er7.parse(on_paper.platform.sent[1]).all("ZDS")
    hand_in(on_paper, OF_SITE, example("cancellation", order={"value": "OPN-78"}))
    assert refused(on_paper, OF_PLATFORM, example("refusal"))[0] == "white_paper_refusal"


def test_a_document_goes_to_the_platform_and_is_not_shared(here: Stage) -> None:
    content = base64.b64encode(cda_of(report())).decode()
    said = {"value": NUMBER.extension, "issuer": NUMBER.root}
    hand_in(here, OF_SITE, {"kind": "document", "order": said, "content": content})
    here.forward()
    assert len(here.platform.sent) == 1
    assert here.request().report_id == ""


@pytest.mark.parametrize(
    ("key", "name"), [(OF_SITE, "answer"), (OF_PLATFORM, "request"), (OF_PLATFORM, "cancellation")]
)
def test_each_end_says_what_is_its_own_to_say(here: Stage, key: IntakeKey, name: str) -> None:
    assert refused(here, key, example(name)) == ("relay_not_this_end", "kind")
    assert here.requests() == []


def test_a_report_whose_roles_are_wrong_enters_nothing(here: Stage) -> None:
    lone = cda_of(report(authors=(RADIOLOGIST,)))
    assert refused(here, OF_PLATFORM, report_form(lone))[0] == "relay_reader_not_author"
    assert here.requests() == []


@pytest.mark.parametrize("content", [b"<a/>", b"hello", b"%PDF-1.4"])
def test_what_is_no_cda_is_refused_by_name(here: Stage, content: bytes) -> None:
    code, _ = refused(here, OF_PLATFORM, report_form(content))
    assert code.startswith(("report_not_cda", "xml_"))


def test_a_report_for_the_dmp_needs_who_signs_it(here: Stage) -> None:
    unsigned = cda_of(report()).replace(b"1.2.250.1.71.4.2.1", b"1.2.250.1.999.71")
    assert refused(here, OF_PLATFORM, report_form(unsigned))[0] == "transmittal_unsigned"


def test_a_platform_that_reads_for_several_sites_is_understood_by_the_request(here: Stage) -> None:
    other = replace(SITE, name="nord", senders=frozenset({"RIS|NORD"}))
    sites = {**here.relaying.sites, "nord": other}
    platform = replace(here.relaying.platforms["lecture"], sites=(worlds.SITE.name, "nord"))
    several = {"sites": sites, "platforms": {"lecture": platform}}
    assert refused(here, OF_PLATFORM, example("answer"), **several) == ("relay_platform_site", "site")
    assert refused(here, OF_PLATFORM, example("answer", site="sud"), **several) == ("relay_platform_site", "site")
    key = replace(OF_SITE, site="nord")
    made = hand_in(here, key, example("request"), **several)
    assert hand_in(here, OF_PLATFORM, example("answer"), **several).request_id == made.request_id
    assert here.request().site == "nord"
    # Another site's number is not this one's.
    assert refused(here, OF_SITE, example("request"), **several)[0] == "relay_order_elsewhere"


def test_a_site_names_its_platform_when_it_has_several(here: Stage) -> None:
    platform = here.relaying.platforms["lecture"]
    second = replace(platform, name="autre", addresses=frozenset({"TLR|AUTRE"}))
    several = {"platforms": {"lecture": platform, "autre": second}}
    assert refused(here, OF_SITE, example("request"), **several) == ("relay_site_platform", "platform")
    hand_in(here, OF_SITE, example("request", platform="autre"), **several)
    assert here.request().platform == "autre"


def test_a_site_without_a_system_that_writes_hl7_can_ask(here: Stage) -> None:
    silent = {worlds.SITE.name: replace(here.relaying.sites[worlds.SITE.name], senders=frozenset())}
    made = hand_in(here, OF_SITE, example("request"), sites=silent)
    content = base64.b64encode(cda_of(report())).decode()
    said = {"value": "OPN-77", "issuer": SITE.order_issuer}
    again = hand_in(here, OF_SITE, {"kind": "document", "order": said, "content": content}, sites=silent)
    assert again.request_id == made.request_id
    here.forward()
    assert [er7.parse(one).header.text(3) for one in here.platform.sent] == ["GATEWAY", "GATEWAY"]


def test_the_same_request_with_its_key_is_answered_as_before_and_has_no_second_effect(here: Stage) -> None:
    first = hand_in_once(here, OF_SITE, example("request"))
    here.world.clock.forward(60)
    assert hand_in_once(here, OF_SITE, example("request")) == first
    assert len(here.store.messages(first.request_id)) == len(here.messages.find(limit=9)) == 1
    hand_in_once(here, OF_SITE, example("request"), "k2")
    hand_in(here, OF_SITE, example("request"))
    assert len(here.store.messages(first.request_id)) == 3
    assert len({one.control_id for one in here.messages.find(limit=9)}) == 3


def test_a_key_is_of_one_content_and_of_one_system(here: Stage) -> None:
    made = hand_in_once(here, OF_SITE, example("request"))
    with pytest.raises(InputRejected) as refusal:
        hand_in_once(here, OF_SITE, example("request", justification="Autre motif"))
    assert (refusal.value.code, refusal.value.http_status) == ("idempotency_key_reused", 422)
    assert hand_in_once(here, OF_PLATFORM, example("answer")).request_id == made.request_id
    assert len(here.store.messages(made.request_id)) == 2


def test_what_was_refused_may_be_mended_under_its_key(here: Stage) -> None:
    with pytest.raises(InputRejected):
        hand_in_once(here, OF_SITE, example("request", platform="nowhere"))
    assert hand_in_once(here, OF_SITE, example("request")).request_id
    assert len(here.messages.find(limit=9)) == 1


def test_a_report_with_its_key_enters_the_share_once(here: Stage) -> None:
    made = hand_in(here, OF_SITE, example("request"))
    form = report_form(cda_of(report()))
    assert hand_in_once(here, OF_PLATFORM, form) == hand_in_once(here, OF_PLATFORM, form)
    assert here.store.request(made.request_id).state is RequestState.REPORTED
    assert [one.relay_id for one in here.messages.find(limit=9)] == [made.request_id] * 2


class BlindAtFirst:
    """A log in which a message is not seen before the same request has been kept beside."""

    def __init__(self, here: Stage, beside: Callable[[], object]) -> None:
        self._here = here
        self._beside: list[Callable[[], object]] = [beside]

    def message(self, message_id: str) -> KeptMessage:
        if self._beside:
            self._beside.pop()()
            raise InputRejected("message_unknown", message=message_id)
        return self._here.messages.message(message_id)


def test_of_the_same_request_twice_at_once_one_is_kept_and_both_are_answered(here: Stage) -> None:
    body = json.dumps(example("request")).encode()
    form, again = relay_form.read(body), once('"k1"', body)
    blind = BlindAtFirst(here, lambda: desk(here).submit(OF_SITE, form, again))
    made = replace(desk(here), log=blind).submit(OF_SITE, form, again)  # type: ignore[arg-type]
    assert len(here.store.messages(made.request_id)) == 1


def test_a_store_that_fails_is_no_answer_of_before(here: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> bool:
        raise Unavailable("store_full")

    monkeypatch.setattr(here.store, "enter", full)
    with pytest.raises(Unavailable):
        hand_in_once(here, OF_SITE, example("request"))


def test_a_key_may_be_written_with_or_without_its_quotes() -> None:
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert once('"a-1"', b"") == once(" a-1 ", b"") == Once("a-1", digest)
    assert once(None, b"") is None
