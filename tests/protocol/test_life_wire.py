"""The life of a report on the wire: HL7 over MLLP in, our own registry out, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.demo import identity, reports
from gateway.demo.identity import CT
from gateway.demo.ris import transmission
from gateway.flow.accept import Accepting
from gateway.flow.patience import Patience
from gateway.flow.policy import Policy
from gateway.flow.share import Sharing
from gateway.hl7.build import mdm_t02, oru_r01
from gateway.hl7.profiles import Action
from gateway.hl7.reception import Reception
from gateway.model.document import DocumentEntry, Status
from gateway.model.identifiers import INS_TEST, Identifier
from gateway.model.share import Deed, Share
from gateway.registry.app import create_app
from gateway.store.blobs import FileBlobs
from gateway.store.messages import SqlMessages
from gateway.store.sql import SqlStore
from gateway.trust import safexml
from gateway.xds import queries
from gateway.xds.client import DestinationSettings, RegistryClient
from tests.fakes.clock import StoppedClock
from tests.fakes.pacs import FakePacs
from tests.fakes.world import SITE, exam
from tests.support import registry_wire as wire
from tests.support.hl7 import Peer, listening
from tests.support.postgresql import postgresql_server  # noqa: F401
from tests.support.registry import running_service
from tests.support.store import DATABASES, stage, url_of

V = [Identifier(f"1.2.250.1.999.1.1.8.{number}") for number in range(200, 204)]
SET = Identifier("1.2.250.1.999.1.1.9.2")
RIGHT_INS = Identifier(INS_TEST, "279035121518989")
DEPRECATED = str(Status.DEPRECATED)
APPROVED = str(Status.APPROVED)


@dataclass
class Wire:
    """A gateway with a real door and a real registry; the test carries its shares."""

    peer: Peer
    store: SqlStore
    clock: StoppedClock
    pacs: FakePacs
    client: RegistryClient
    sharing: Sharing
    sent: int = 0

    def say(self, kind: str, number: int, action: Action = Action.NEW, **changes: object) -> str:
        """Send version *number* as an ORU or MDM; gives MSA-1 of the answer."""
        replaces = V[number - 2] if number > 1 else None
        draft = reports.Draft(study=CT, document=V[number - 1], version=number, set_id=SET, replaces=replaces)
        content = reports.level3(replace(draft, **changes))  # type: ignore[arg-type]
        self.sent += 1
        said = replace(transmission(CT, f"W{self.sent}"), action=action, document_id=V[number - 1], parent_id=replaces)
        return self.tell((mdm_t02 if kind == "mdm" else oru_r01)(content, said))

    def tell(self, message: bytes) -> str:
        answer = self.peer.exchange(message).decode()
        (acknowledgement,) = [row for row in answer.split("\r") if row.startswith("MSA|")]
        return acknowledgement.split("|")[1]

    def settle(self) -> None:
        """Let everything go on until what is left waits for an hour or more: for what others have to say."""
        for _ in range(200):
            share = self.store.claim(self.clock.now(), 120)
            if share is not None:
                self.sharing.carry(share)
                continue
            due = self.store.next_due()
            if due is None or due - self.clock.now() >= timedelta(hours=1):
                return
            self.clock.at = max(due, self.clock.at)
        raise AssertionError("it never ends")

    def shares(self, deed: Deed = Deed.PUBLISH) -> list[Share]:
        return [row.share for row in reversed(self.store.overviews(limit=20)) if row.share.deed is deed]

    def registered(self, number: int) -> list[DocumentEntry]:
        """Every entry of the version that the registry has, whatever its status."""
        return list(self.client.whole(queries.get_documents(unique_ids=[V[number - 1].unique_id])).entries)

    def statuses(self, number: int) -> list[str]:
        return [entry.status for entry in self.registered(number)]

    def manifests(self) -> list[str]:
        """The status of every manifest that was ever frozen."""
        ids = [
            document.unique_id
            for row in self.store.overviews(limit=20)
            for document in row.documents
            if document.kind == "manifest"
        ]
        return [entry.status for entry in self.client.whole(queries.get_documents(unique_ids=ids)).entries]


@contextmanager
def wired(folder: Path, url: str) -> Iterator[Wire]:
    with (
        stage(url) as on,
        running_service(folder / "registry") as service,
        wire.loopback(create_app(service)) as address,
    ):
        blobs, clock, pacs = FileBlobs(folder / "blobs"), StoppedClock(), FakePacs(exam())
        client = RegistryClient(
            DestinationSettings(
                name="registry", registry_url=f"{address}/registry", repository_url=f"{address}/repository"
            ),
            blobs,
        )
        sites = {SITE.name: replace(SITE, senders=frozenset({"RIS-DEMO|PRESQUILE", "RIS|IMAGERIE"}))}
        accepting = Accepting(
            store=on.store,
            blobs=blobs,
            clock=clock,
            sites=sites,
            parse=safexml.parse,
            flavours={"registry": "ihe"},
        )
        sharing = Sharing(
            store=on.store,
            blobs=blobs,
            clock=clock,
            sites=sites,
            pacs={"pacs": pacs},
            destinations={"registry": client},
            flavours={"registry": "ihe"},
            links={"registry": "missing"},
            parse=safexml.parse,
            patience=Patience(look_interval_s=0),
            policy=Policy(),
        )
        messages = SqlMessages(on.engine, on.writer, blobs.put, blobs.get)
        reception = Reception(accepting.accept_all, clock, messages)
        with listening(accepting.accept_all, reception=reception) as listener, Peer(listener.port) as peer:
            yield Wire(peer, on.store, clock, pacs, client, sharing)
        client.close()


@pytest.fixture(params=DATABASES)
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Wire]:
    with wired(tmp_path, url_of(request.param, tmp_path, request)) as made:
        yield made


def test_new_versions_by_oru_and_mdm_and_a_withdrawal(here: Wire) -> None:
    assert here.say("oru", 1) == "AA"
    here.settle()
    assert here.statuses(1) == [APPROVED]
    assert here.say("oru", 2, Action.REPLACE) == "AA"
    here.settle()
    assert (here.statuses(1), here.statuses(2)) == ([DEPRECATED], [APPROVED])
    assert here.say("mdm", 3, Action.REPLACE) == "AA"
    assert here.say("mdm", 3, Action.REPLACE) == "AA"
    here.settle()
    assert (here.statuses(2), here.statuses(3)) == ([DEPRECATED], [APPROVED])
    assert here.manifests() == [APPROVED]
    assert here.say("mdm", 3, Action.DELETE) == "AA"
    assert here.say("mdm", 3, Action.DELETE) == "AA"
    here.settle()
    assert here.statuses(3) == [DEPRECATED]
    assert here.manifests() == [DEPRECATED], "the manifest goes with the last report"
    assert [share.state.value for share in here.shares()] == ["superseded", "superseded", "withdrawn"]
    assert [share.state.value for share in here.shares(Deed.WITHDRAW)] == ["withdrawn"]


def test_a_withdrawal_by_oru_of_what_has_not_left(here: Wire) -> None:
    held_back = here.pacs.exams.pop(CT.study_uid)
    assert here.say("oru", 1) == "AA"
    assert here.say("oru", 1, Action.DELETE) == "AA"
    here.pacs.exams[CT.study_uid] = held_back
    here.settle()
    assert not here.registered(1)
    assert [share.state.value for share in here.shares()] == ["withdrawn"]


def test_versions_in_the_wrong_order(here: Wire) -> None:
    assert [here.say("mdm", 3, Action.REPLACE), here.say("mdm", 2, Action.REPLACE)] == ["AA", "AA"]
    here.settle()
    assert not here.registered(2)
    assert here.say("mdm", 1) == "AA"
    here.settle()
    assert [here.statuses(number) for number in (1, 2, 3)] == [[DEPRECATED], [DEPRECATED], [APPROVED]]


def test_a_message_and_its_document_agree_on_what_is_replaced(here: Wire) -> None:
    assert here.say("oru", 1, Action.REPLACE) == "AE"
    assert here.say("mdm", 2, Action.REPLACE, replaces=V[2]) == "AE"
    assert not here.shares()


def test_a_merge_by_adt_and_its_consequences(here: Wire) -> None:
    assert here.say("oru", 1) == "AA"
    here.settle()
    wrong = identity.PATIENT.ins
    assert wrong is not None
    adt = "\r".join(
        (
            "MSH|^~\\&|RIS-DEMO|PRESQUILE|DRIMBOX|PRESQUILE|20260301090000||ADT^A40^ADT_A39|A1|T|2.5"
            "|||||FRA|UNICODE UTF-8",
            "EVN||20260301090000",
            f"PID|||{RIGHT_INS.extension}^^^ASIP-SANTE-INS-NIR&{INS_TEST}&ISO^INS||PATIENT^TEST||19800101|F",
            f"MRG|{wrong.extension}^^^ASIP-SANTE-INS-NIR&{INS_TEST}&ISO^INS",
        )
    )
    assert here.tell(adt.encode() + b"\r") == "AA"
    assert here.tell(adt.replace("|A1|", "|A2|").encode() + b"\r") == "AA"
    here.settle()
    assert here.statuses(1) == [DEPRECATED]
    assert [(s.state.value, s.reason) for s in here.shares()][1:] == [("held", "identity_corrected")]
    right = replace(identity.PATIENT, identifiers=(RIGHT_INS, *identity.PATIENT.local_identifiers))
    here.pacs.exams[CT.study_uid] = exam(other_patient_ids=(RIGHT_INS,))
    said = replace(
        transmission(CT, "R2"),
        action=Action.REPLACE,
        document_id=V[1],
        parent_id=V[0],
        identifiers=tuple(
            replace(one, value=RIGHT_INS.extension or "") if one.type_code == "INS" else one
            for one in transmission(CT, "R2").identifiers
        ),
    )
    draft = reports.Draft(study=CT, document=V[1], version=2, set_id=SET, replaces=V[0], patient=right)
    assert here.tell(mdm_t02(reports.level3(draft), said)) == "AA"
    here.settle()
    (entry,) = here.registered(2)
    assert entry.status == APPROVED
    assert (RIGHT_INS.extension or "") in entry.patient_id


def test_another_masking_of_the_same_bytes_is_a_new_version_of_the_metadata(here: Wire) -> None:
    content = reports.level3(reports.Draft(study=CT, document=V[0], set_id=SET))
    said = replace(transmission(CT, "M1"), document_id=V[0])
    assert here.tell(oru_r01(content, said)) == "AA"
    here.settle()
    masked = replace(said, control_id="M2", masks=frozenset({"MASQUE_PS"}))
    assert here.tell(oru_r01(content, masked)) == "AA"
    here.settle()
    current = [entry for entry in here.registered(1) if entry.status == APPROVED]
    assert [entry.version for entry in current] == ["2"]
    assert "MASQUE_PS" in {code.code for code in current[0].confidentiality_codes}
    assert [share.state.value for share in here.shares(Deed.CORRECT)] == ["shared"]


def test_what_was_withdrawn_may_be_published_again_under_the_same_id(here: Wire) -> None:
    assert here.say("oru", 1) == "AA"
    here.settle()
    (share,) = here.shares()
    held = here.sharing.correct_identity(share.id, "someone")
    here.settle()
    assert here.statuses(1) == [DEPRECATED]
    here.sharing.replay(held.id, "someone")
    here.settle()
    assert sorted(here.statuses(1)) == sorted([APPROVED, DEPRECATED])
