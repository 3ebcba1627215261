"""``gateway xds submit|find|get|retrieve|update|withdraw`` as a person types them, against a registry on loopback."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway import cli
from gateway.demo.identity import CT
from gateway.demo.reports import Draft, level3
from gateway.kos.build import build
from gateway.model.codes import Code
from gateway.model.document import Status
from gateway.model.identifiers import new_uid
from gateway.store import migrations
from gateway.store.engine import open_engine
from gateway.xds import ebrim
from gateway.xds.constants import ENTRY_UNIQUE_ID
from tests.protocol.test_client_amending import UUID, entry, registered
from tests.protocol.test_client_consumer import CONTENT, SOURCE, instance, showing, stated
from tests.support import client_wire as wire
from tests.support import manifests
from tests.support.client_wire import APPROVED, DEPRECATED, FAILURE, PARTIAL, Wire
from tests.support.soap import PATIENT, Behaviour, Loopback, Seen, playing, saying

SETTINGS = """
public_url = "https://images.example.test"
log_level = "error"
[store]
url = "sqlite:///{folder}/gateway.db"
blobs = "{folder}/blobs"
[pacs.main]
host = "127.0.0.1"
port = 11112
called_aet = "PACS"
[destination.region]
registry_url = "{url}/registry"
repository_url = "{url}/repository"
repository_unique_id = "1.2.250.1.999.7.1"
imaging_sources = {{ "{source}" = "{url}/images" }}
flavour = "{flavour}"
[site.main]
organization_id = "1920008059"
organization_name = "Imaging centre"
facility_type = {{ code = "SA08", system = "1.2.250.1.71.4.2.4", display = "Cabinet de groupe" }}
practice_setting = {{ code = "AMBULATOIRE", system = "1.2.250.1.213.1.1.4.9", display = "Ambulatoire" }}
accession_issuer = "1.2.250.1.999.2"
destinations = ["region"]
source_id = "1.2.250.1.999.5"
"""
DONE = wire.saying(wire.response())


@dataclass
class Typed:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """A person at a terminal: settings, a registry that answers in turn, and a folder."""

    folder: Path
    loopback: Loopback
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    answers: list[Behaviour] = field(default_factory=list)

    def type(self, *words: str, answers: tuple[Behaviour, ...] = (), flavour: str = "ihe") -> Typed:
        self.answers[:] = answers
        settings = self.folder / "gateway.toml"
        settings.write_text(
            SETTINGS.format(folder=self.folder, url=self.loopback.url, source=SOURCE, flavour=flavour), encoding="utf-8"
        )
        self.monkeypatch.setattr(sys, "argv", ["gateway", "xds", *words, "--config", str(settings)])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended, structlog.testing.capture_logs():
            cli.main()
        told = self.capsys.readouterr()
        assert "Traceback" not in told.err
        assert not self.answers, "an answer was not asked for"
        return Typed(int(ended.value.code or 0), told.out, told.err)

    @property
    def sent(self) -> list[Wire]:
        return [wire.read(one) for one in self.loopback.seen]

    def file(self, name: str, content: bytes) -> str:
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the gateway, made once: the commands would make one each."""
    path = tmp_path_factory.mktemp("commands") / "gateway.db"
    engine = open_engine(f"sqlite:///{path}")
    migrations.upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def desk(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    answers: list[Behaviour] = []

    def behave(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        answers.pop(0)(seen, handler)

    shutil.copy(database, tmp_path / "gateway.db")
    monkeypatch.setenv("COLUMNS", "200")
    with playing(behave) as loopback:
        yield Desk(tmp_path, loopback, capsys, monkeypatch, answers)


def report(desk: Desk) -> str:
    return desk.file("report.xml", level3(Draft(study=CT)))


def manifest(desk: Desk) -> tuple[str, bytes]:
    content = build(manifests.ct_exam(), replace(manifests.request("ihe"), sop_instance_uid=new_uid()))
    return desk.file("manifest.dcm", content), content


NOBODY = registered()


def test_a_report_and_its_manifest_are_submitted(desk: Desk) -> None:
    path, content = manifest(desk)
    told = desk.type("submit", report(desk), path, "--json", answers=(NOBODY, DONE))
    assert told.status == 0, told.err
    first, second = told.json["documents"]
    assert (first["mime_type"], second["mime_type"]) == ("text/xml", "application/dicom")
    assert second["hash"] == hashlib.sha1(content).hexdigest()  # noqa: S324
    assert told.json["sent"] is True
    _, submission = desk.sent
    assert submission.action == "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
    assert sorted(map(len, submission.parts.values())) == sorted([first["size_bytes"], len(content)])
    assert content in submission.parts.values()
    assert "SC26031204" in str(submission.slots("ExtrinsicObject")["urn:ihe:iti:xds:2013:referenceIdList"])


def test_a_manifest_alone_is_submitted_with_what_it_says_of_the_patient(desk: Desk) -> None:
    path, content = manifest(desk)
    told = desk.type("submit", path, answers=(NOBODY, DONE))
    assert told.status == 0, told.err
    assert "registered" in told.out
    submission = desk.sent[-1]
    assert list(submission.parts.values()) == [content]
    assert len(submission.attributes("ExtrinsicObject", "id")) == 1


def test_what_the_registry_has_is_not_sent_again(desk: Desk) -> None:
    path, content = manifest(desk)
    uid = desk.type("submit", path, "--json", answers=(NOBODY, DONE)).json["documents"][0]["unique_id"]
    sha1 = hashlib.sha1(content).hexdigest()  # noqa: S324
    there = registered(entry(unique_id=uid, hash=sha1, size=len(content)))
    told = desk.type("submit", path, "--json", answers=(there,))
    assert (told.status, told.json["sent"]) == (0, False)


def test_a_submission_may_replace_a_document(desk: Desk) -> None:
    path, _ = manifest(desk)
    told = desk.type("submit", path, "--replaces", "1.2.250.1.999.1.9", answers=(NOBODY, registered(entry(9)), DONE))
    assert told.status == 0, told.err
    submission = desk.sent[-1]
    assert "urn:ihe:iti:2007:AssociationType:RPLC" in submission.attributes("Association", "associationType")
    assert UUID.format(9) in submission.attributes("Association", "targetObject")


def test_documents_are_submitted_in_a_new_folder(desk: Desk) -> None:
    path, _ = manifest(desk)
    words = ("--folder", "Épisode 2026", "--folder-code", "IMG^^1.2.250.1.999.5^^Imagerie", "--folder-code", "B^^1.2")
    told = desk.type("submit", report(desk), path, *words, answers=(NOBODY, DONE))
    assert told.status == 0, told.err
    sent = ebrim.read(desk.sent[-1].body)
    (folder,) = sent.folders
    (submission_set,) = sent.submission_sets
    assert (folder.title, folder.patient_id) == ("Épisode 2026", submission_set.patient_id)
    assert folder.codes == (Code("IMG", "1.2.250.1.999.5", "Imagerie"), Code("B", "1.2", "B"))
    joins = {(one.source, one.target): one.entry_uuid for one in sent.associations}
    assert (submission_set.entry_uuid, folder.entry_uuid) in joins
    for one in sent.entries:
        assert (submission_set.entry_uuid, joins[folder.entry_uuid, one.entry_uuid]) in joins


def test_documents_are_submitted_into_a_folder_that_is_there(desk: Desk) -> None:
    path, _ = manifest(desk)
    told = desk.type("submit", path, "--folder", UUID.format(7), answers=(NOBODY, DONE))
    assert told.status == 0, told.err
    submission = desk.sent[-1]
    assert UUID.format(7) in submission.attributes("Association", "sourceObject")


@pytest.mark.parametrize(
    "words",
    [
        ("--folder", "A title"),
        ("--folder", "urn:uuid:7"),
        ("--folder-code", "A^^1.2"),
        ("--folder", UUID.format(7), "--folder-code", "A^^1.2"),
        ("--folder", "A title", "--folder-code", "A"),
    ],
)
def test_options_of_a_folder_that_do_not_go_together_are_refused_before_anything_is_asked(
    desk: Desk, words: tuple[str, ...]
) -> None:
    told = desk.type("submit", manifest(desk)[0], *words)
    assert told.status == 2
    assert "--folder" in told.err


def test_every_error_of_a_refusal_is_told_with_attribute_and_document(desk: Desk) -> None:
    path, _ = manifest(desk)
    no = wire.saying(
        wire.response(
            FAILURE,
            ("XDSRegistryMetadataError", "XDSDocumentEntry.typeCode is odd", "Error", "Document01"),
            ("XDSUnknownPatientId", "", "Error", ""),
        )
    )
    told = desk.type("submit", path, answers=(NOBODY, no))
    assert told.status == 1
    first, second = told.err.strip().splitlines()[-2:]
    assert first.startswith("Document01: typeCode (type du document) : une métadonnée est refusée [")
    assert second.startswith("patientId (identifiant du patient) : le registre ne connaît pas ce patient")
    told = desk.type("submit", path, "--json", "--lang", "en", answers=(NOBODY, no))
    assert told.json["refused"] is True
    assert [(one["code"], one["attribute"]) for one in told.json["errors"]] == [
        ("XDSRegistryMetadataError", "typeCode"),
        ("XDSUnknownPatientId", "patientId"),
    ]


def test_a_message_that_is_ready_is_sent_as_it_is(desk: Desk) -> None:
    path, content = manifest(desk)
    desk.type("submit", path, answers=(NOBODY, DONE))
    first = desk.loopback.seen[-1]
    head = f"POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: {first.headers['content-type']}\r\n\r\n".encode()
    for message in (head + first.body, first.body):
        told = desk.type("submit", desk.file("message.http", message), "--json", answers=(DONE,))
        assert told.status == 0, told.err
        assert [one["size_bytes"] for one in told.json["documents"]] == [len(content)]
        again = desk.sent[-1]
        assert list(again.parts.values()) == [content]
        assert again.attributes("ExternalIdentifier", "value") == wire.read(first).attributes(
            "ExternalIdentifier", "value"
        )
        assert again.headers["MessageID"] != wire.read(first).headers["MessageID"]


def test_a_message_whose_answer_was_lost_is_there_already(desk: Desk) -> None:
    path, content = manifest(desk)
    desk.type("submit", path, answers=(NOBODY, DONE))
    message = desk.file("message", desk.loopback.seen[-1].body)
    identifiers = desk.sent[-1].body.iter("{*}ExternalIdentifier")
    (unique_id,) = [str(one.get("value")) for one in identifiers if one.get("identificationScheme") == ENTRY_UNIQUE_ID]
    duplicate = wire.saying(wire.response(FAILURE, ("XDSDuplicateUniqueIdInRegistry", "set", "Error", "")))
    there = stated(content, unique_id=unique_id)
    for answer, status in ((registered(there), 0), (NOBODY, 1)):
        told = desk.type("submit", message, "--json", answers=(duplicate, answer))
        assert told.status == status
        assert told.json.get("sent", True) is bool(status)
        assert told.json.get("refused", False) is bool(status)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (saying("text/html", b"<h1>Bad Gateway</h1>", 502), "registry_http_busy"),
        (saying("application/soap+xml", b"<e:Envel"), "registry_answer_xml"),
        (saying("text/html", b"<h1>Login</h1>"), "registry_not_soap"),
        (saying("text/html", b"", 302, Location="http://127.0.0.1:1/"), "registry_redirect"),
    ],
)
def test_a_failure_of_the_peer_is_told_in_the_language_asked_for_with_what_to_do(
    desk: Desk, answer: Behaviour, code: str
) -> None:
    words = ("find", "--patient", PATIENT)
    french, english = (desk.type(*words, "--lang", one, answers=(answer,)) for one in ("fr", "en"))
    as_json = desk.type(*words, "--json", answers=(answer,))
    assert [one.status for one in (french, english, as_json)] == [2, 2, 2]
    assert (as_json.json["failure"], as_json.json["words"]) == (code, french.err.strip())
    assert french.err != english.err
    once = ("n'essaie qu'une fois" in french.err, "tries once" in english.err)
    assert once in ((True, True), (False, False))
    assert once[0] is (code != "registry_redirect")  # another try would meet the same


def test_an_update_that_meets_no_registry_says_so_in_the_language_asked_for(desk: Desk) -> None:
    busy = saying("text/html", b"", 503)
    told = desk.type(
        "update", "1.2.250.1.999.1.1", "--title", "T", "--yes", "--json", answers=(registered(stated()), busy)
    )
    assert (told.status, told.json["failure"]) == (2, "registry_http_busy")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty", b""),
        ("text", b"hello"),
        ("query.xml", b'<a xmlns="urn:x"><Envelope/></a>'),
        ("cut", b"--x\r\nContent-ID: <1>\r\n\r\n<Envelope/>"),
        ("dicom", bytes(128) + b"DICM"),
        ("doctype", b"<!DOCTYPE a><ClinicalDocument/>"),
    ],
)
def test_a_file_that_is_none_of_these_is_named(desk: Desk, name: str, content: bytes) -> None:
    told = desk.type("submit", desk.file(name, content))
    assert told.status == 2
    assert told.err.strip()
    assert desk.loopback.seen == []


def test_files_that_do_not_go_together_are_refused(desk: Desk) -> None:
    assert desk.type("submit", report(desk), report(desk)).status == 2
    other = build(
        replace(manifests.ct_exam(), study_uid="1.2.3.4"), replace(manifests.request("ihe"), sop_instance_uid="1.2.3.5")
    )
    told = desk.type("submit", report(desk), desk.file("other.dcm", other))
    assert (told.status, "1.2.3.4" in told.err) == (2, True)
    assert desk.type("submit", str(desk.folder / "absent")).status == 2


def test_documents_are_found_by_numbers_modality_and_date(desk: Desk) -> None:
    told = desk.type(
        "find", "--patient", PATIENT, "--accession", "A1", "--accession", "A2", "--study", "1.2.3", "--modality", "ct",
        "--region", "67734004", "--created", "2026-01-01..", "--status", "any", "--json",
        answers=(registered(entry()),),
    )  # fmt: skip
    assert told.status == 0, told.err
    (found,) = told.json["entries"]
    assert (found["unique_id"], found["title"]) == ("1.2.250.1.999.1.1", "Scanner")
    (asked,) = desk.sent
    slots = [
        (slot.get("name"), [str(value.text) for value in slot.iter("{*}Value")]) for slot in asked.body.iter("{*}Slot")
    ]
    accession = "^^^&1.2.250.1.999.2&ISO^urn:ihe:iti:xds:2013:accession"
    assert slots == [
        ("$XDSDocumentEntryPatientId", [f"'{PATIENT}'"]),
        ("$XDSDocumentEntryStatus", [f"('{APPROVED}','{DEPRECATED}')"]),
        ("$XDSDocumentEntryCreationTimeFrom", ["20260101"]),
        ("$XDSDocumentEntryEventCodeList", ["('CT^^1.2.840.10008.2.16.4')"]),
        ("$XDSDocumentEntryEventCodeList", ["('67734004^^2.16.840.1.113883.6.96')"]),
        ("$XDSDocumentEntryReferenceIdList", [f"('A1{accession}','A2{accession}')"]),
        ("$XDSDocumentEntryReferenceIdList", ["('1.2.3^^^^urn:ihe:iti:xds:2016:studyInstanceUID')"]),
    ]


@pytest.mark.parametrize(
    ("words", "query"),
    [
        (("find", "--patient", PATIENT), "14d4debf"),
        (("find", "--patient", PATIENT, "--order", "O1", "--issuer", "1.2"), "12941a89"),
        (("find", "--patient", PATIENT, "--what", "submission-sets"), "f26abbcb"),
        (("find", "--patient", PATIENT, "--what", "folders"), "958f3006"),
        (("find", "--patient", PATIENT, "--what", "all"), "10b545ea"),
        (("get", "1.2"), "5c4f972b"),
        (("get", "1.2", "--what", "folders"), "5737b14c"),
        (("get", "urn:uuid:1", "--what", "associations"), "a7ae438b"),
        (("get", "1.2", "--what", "documents-and-associations"), "bab9529a"),
        (("get", "urn:uuid:1", "--what", "submission-sets"), "51224314"),
        (("get", "1.2", "--what", "set-contents"), "e8e3cb2c"),
        (("get", "1.2", "--what", "folder-contents"), "b909a503"),
        (("get", "urn:uuid:1", "--what", "folders-of"), "10cae35a"),
        (("get", "1.2", "--what", "related", "--association", "RPLC"), "d90e5407"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_every_stored_query_can_be_typed(desk: Desk, words: tuple[str, ...], query: str) -> None:
    told = desk.type(*words, answers=(NOBODY,))
    assert (told.status, told.out) == (0, "Rien.\n"), told.err
    (asked,) = desk.sent
    assert asked.attributes("AdhocQuery", "id")[0].startswith(f"urn:uuid:{query}")


def test_people_read_a_few_lines_a_document(desk: Desk) -> None:
    told = desk.type("get", "1.2.250.1.999.1.1", "--lang", "en", answers=(registered(entry()),))
    assert told.out.splitlines()[:2] == ["Approved   Scanner", "           1.2.250.1.999.1.1"]


def test_an_answer_in_part_is_shown_and_said_to_be_one(desk: Desk) -> None:
    part = wire.saying(wire.query_response("", PARTIAL, ("XDSUnavailableCommunity", "x", "Error", "")))
    told = desk.type("find", "--patient", PATIENT, answers=(part,))
    assert told.status == 1
    assert "la communauté ne répond pas" in told.err


def delivering(status: str, *errors: tuple[str, str, str, str]) -> Behaviour:
    return wire.saying(wire.retrieved({"1.2.250.1.999.1.1": "d"}, status, *errors), {"d": CONTENT})


def test_documents_are_retrieved_into_a_folder(desk: Desk) -> None:
    into = desk.folder / "out" / "of"
    told = desk.type(
        "retrieve", "1.2.250.1.999.1.1", "--into", str(into), "--json",
        answers=(registered(stated()), delivering(wire.SUCCESS)),
    )  # fmt: skip
    assert told.status == 0, told.err
    assert (into / "1.2.250.1.999.1.1.dcm").read_bytes() == CONTENT
    (document,) = told.json["documents"]
    assert document["sha1"] == hashlib.sha1(CONTENT).hexdigest()  # noqa: S324


def test_what_is_missing_is_told_and_what_came_is_kept(desk: Desk) -> None:
    gone = ("XDSDocumentUniqueIdError", "gone", "Error", "1.2.250.1.999.1.2")
    told = desk.type(
        "retrieve", "1.2.250.1.999.1.1", "1.2.250.1.999.1.2", "1.2.3", "--into", str(desk.folder / "out"),
        answers=(registered(stated(), entry(2)), delivering(PARTIAL, gone)),
    )  # fmt: skip
    assert told.status == 1
    assert (desk.folder / "out" / "1.2.250.1.999.1.1.dcm").read_bytes() == CONTENT
    assert "1.2.3: " in told.err
    assert "gone" in told.err


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "diffère de l'empreinte ou de la taille"), ("en", "differs from the hash or size")]
)
def test_a_document_that_differs_is_named_and_the_others_are_kept(desk: Desk, language: str, words: str) -> None:
    both = {"1.2.250.1.999.1.1": "d", "1.2.250.1.999.1.2": "e"}
    delivered = wire.saying(wire.retrieved(both), {"d": CONTENT, "e": b"other bytes"})
    arguments = ("retrieve", *both, "--into", str(desk.folder / "out"), "--lang", language)
    told = desk.type(*arguments, answers=(registered(stated(), stated(b"", 2)), delivered))
    assert told.status == 1
    assert [path.name for path in (desk.folder / "out").iterdir()] == ["1.2.250.1.999.1.1.dcm"]
    (line,) = told.err.splitlines()
    assert line.startswith("1.2.250.1.999.1.2: ")
    assert words in line
    told = desk.type(*arguments, "--json", answers=(registered(stated(), stated(b"", 2)), delivered))
    assert [(one["code"], one["object"]) for one in told.json["errors"]] == [("registry_hash", "1.2.250.1.999.1.2")]
    assert [one["unique_id"] for one in told.json["documents"]] == ["1.2.250.1.999.1.1"]


def test_the_images_of_a_manifest_are_retrieved(desk: Desk) -> None:
    site = replace(manifests.REMOTE_SITE, imaging_source_uid=SOURCE)
    content = build(manifests.ct_exam(), replace(manifests.request("ihe"), site=site))

    def images(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        wanted = wire.read(seen).texts("DocumentUniqueId")
        wire.saying(showing, {uid: instance(uid) for uid in wanted})(seen, handler)

    path = desk.file("manifest.dcm", content)
    told = desk.type("retrieve", "--manifest", path, "--into", str(desk.folder / "out"), answers=(images,))
    assert told.status == 0, told.err
    uids = {one.sop_instance_uid for series in manifests.ct_exam().series for one in series.instances}
    assert {path.name for path in (desk.folder / "out").iterdir()} == {f"{uid}.dcm" for uid in uids}


def test_an_update_tells_what_became_of_each_attribute(desk: Desk) -> None:
    words = ("update", "1.2.250.1.999.1.1", "--title", "Neu", "--comments", "c", "--yes")
    told = desk.type(*words, answers=(registered(entry()), registered(entry()), DONE))
    assert (told.status, told.out) == (0, "title: modifié\ncomments: modifié\n"), told.err
    no = wire.saying(wire.response(FAILURE, ("XDSRegistryMetadataError", "'title' too long", "Error", "")))
    told = desk.type(*words, "--json", answers=(registered(entry()), registered(entry()), no))
    assert told.status == 1
    assert told.json["updated"] is False
    assert [(one["attribute"], one["accepted"]) for one in told.json["attributes"]] == [
        ("title", False),
        ("comments", None),
    ]


def test_documents_are_withdrawn_once_a_person_has_said_yes(desk: Desk) -> None:
    answers = (registered(entry()), registered(entry()), DONE)
    told = desk.type("withdraw", "1.2.250.1.999.1.1", "--yes", "--json", answers=answers, flavour="dmp")
    assert (told.status, told.json) == (0, {"withdrawn": ["1.2.250.1.999.1.1"], "unchanged": []}), told.err
    assert desk.sent[-1].slots("Association")["NewStatus"] == [str(Status.DELETED)]


def test_without_a_yes_nothing_is_withdrawn(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    told = desk.type("withdraw", "1.2.250.1.999.1.1", answers=(registered(entry()),))
    assert told.status == 1
    assert "Scanner" in told.err
    assert len(desk.sent) == 1


def test_what_is_not_registered_is_named(desk: Desk) -> None:
    told = desk.type("withdraw", "1.2.3", "--yes", answers=(NOBODY,))
    assert told.status == 2
    assert "1.2.3" in told.err


@pytest.mark.parametrize(
    "words",
    [
        ("find", "--patient", PATIENT, "--created", "yesterday"),
        ("find", "--patient", PATIENT, "--status", "gone"),
        ("find", "--patient", PATIENT, "--code", "ClassCode"),
        ("find", "--patient", PATIENT, "--code", "Bogus=1^^2"),
        ("find", "--patient", PATIENT, "--confidentiality", "N"),
        ("find", "--patient", PATIENT, "--destination", "nowhere"),
        ("get", "urn:uuid:1", "1.2.3"),
        ("get", "1", "2", "--what", "set-contents"),
        ("update", "1.2.3"),
        ("update", "1.2.3", "--title", "x", "--site", "nowhere"),
        ("retrieve", "--into", "x"),
        ("retrieve", "1.2.3", "--into", "/dev/null/x"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence_and_nothing_leaves(desk: Desk, words: tuple[str, ...]) -> None:
    told = desk.type(*words)
    assert told.status == 2
    assert len(told.err.strip().splitlines()) == 1, told.err
    assert desk.loopback.seen == []


def test_who_asked_is_in_the_audit_trail(desk: Desk) -> None:
    desk.type("withdraw", "1.2.250.1.999.1.1", "--yes", answers=(registered(entry()), registered(entry()), DONE))
    with sqlite3.connect(desk.folder / "gateway.db") as connection:
        rows = connection.execute("SELECT action, event FROM audit_events").fetchall()
    connection.close()
    (event,) = [json.loads(event) for action, event in rows if action == "xds.withdrawn"]
    assert (event["document"], event["patient"]) == ("1.2.250.1.999.1.1", PATIENT)
    assert event["actor"].startswith("command line (")
