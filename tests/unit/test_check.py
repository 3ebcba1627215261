"""``gateway check`` without a gateway: what it says of wrong settings, certificates, secrets and ports, and how."""

from __future__ import annotations

import re
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import check as looking
from gateway.check import Finding, check
from gateway.model.relay import Direction, End
from gateway.texts import looks
from gateway.trust.tls import Validity
from tests.support.relay import request, stage, written

LOGIN = '[login]\nissuer = "http://127.0.0.1:1"\nclient_id = "c"\ndemonstration = true\n'


def _found(folder: Path, text: str, language: str = "en") -> dict[str, Finding]:
    path = folder / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return {finding.subject: finding for finding in check(path, language=language)}


def _certificate(folder: Path, name: str, *, since_days: int = -1, days: int = 300, host: str = "127.0.0.1") -> None:
    """``name.pem`` and ``name.key`` of a certificate that signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now + timedelta(days=since_days))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{name}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))


@pytest.mark.parametrize(
    ("text", "french", "english"),
    [
        ("[web]\nprot = 1", "vouliez-vous dire port ?", "did you mean port?"),
        ("[destinations.d]\nflavour = 'ihe'", "vouliez-vous dire destination ?", "did you mean destination?"),
        ("[pacs.p]\nhost = 'h'\nport = 1\ncalled_aet = 'A'\ncaled_aet = 'B'", "dire called_aet ?", "mean called_aet?"),
        ("[web]\nport = 'x'", "web.port: un nombre entier est attendu", "web.port: Input should be a valid integer"),
        ("[web]\nport = 70000", "web.port: doit être au plus 65535", "less than or equal to 65535"),
        ("[web", "ligne 1, colonne 5 : le nom d'une table n'est pas fermé", "line 1, column 5: the name of a table"),
    ],
)
def test_a_wrong_key_is_named_with_the_one_that_was_meant(tmp_path: Path, text: str, french: str, english: str) -> None:
    assert french in _found(tmp_path, text, "fr")["settings"].words
    assert english in _found(tmp_path, text, "en")["settings"].words


@pytest.mark.parametrize(
    ("made", "key", "state", "code"),
    [
        ({}, "web", "ok", "look_certificate"),
        ({"days": 10}, "web", "warning", "look_certificate_soon"),
        ({"since_days": -20, "days": -2}, "web", "wrong", "look_certificate_ended"),
        ({"since_days": 5}, "web", "wrong", "look_certificate_early"),
        ({"host": "other.example"}, "web", "warning", "look_certificate_name"),
        ({}, "stranger", "wrong", "look_certificate_key"),
        ({}, "absent", "wrong", "look_certificate_key"),
    ],
)
def test_a_certificate_is_looked_at_for_its_dates_its_key_and_its_name(
    tmp_path: Path, made: dict[str, int], key: str, state: str, code: str
) -> None:
    _certificate(tmp_path, "stranger")
    _certificate(tmp_path, "web", **made)  # type: ignore[arg-type]
    text = f'{LOGIN}[web]\nport = 1\ncertificate = "web.pem"\nkey = "{key}.key"\n[mllp]\nenabled = false\n'
    for language in ("fr", "en"):
        finding = _found(tmp_path, text, language)["certificate web"]
        assert finding.state == state
        before, _, after = getattr(looks.TEXTS[code], language).partition("{file}")
        assert finding.words.startswith(before + str(tmp_path))
        assert after.partition("{")[0] in finding.words


def test_what_is_no_certificate_and_a_secret_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "web.pem").write_text("nothing", encoding="utf-8")
    text = f'{LOGIN}client_secret_file = "absent"\n[web]\nport = 1\ncertificate = "web.pem"\n[mllp]\nenabled = false\n'
    found = _found(tmp_path, text)
    assert "cannot be read as a PEM certificate" in found["certificate web"].words
    assert str(tmp_path / "absent") in found["secret login"].words


def test_a_port_that_another_program_holds_is_not_taken_for_ours(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        found = _found(tmp_path, f"{LOGIN}[web]\nport = {port}\n[mllp]\nenabled = false\n")
    assert (found["port web"].state, "ss -ltnp" in found["port web"].words) == ("warning", True)


def test_each_end_of_the_relay_is_looked_at_by_the_way_its_messages_go(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        text = f"""{LOGIN}[mllp]
enabled = false
[pacs.p]
host = "127.0.0.1"
port = 1
called_aet = "P"
[site.s]
organization_id = "1"
organization_name = "o"
pacs = "p"
destinations = []
source_id = "1.2.3"
[site.s.ris]
host = "127.0.0.1"
port = 1
[platform.sent]
host = "127.0.0.1"
port = {there.getsockname()[1]}
addresses = ["A|A"]
sites = ["s"]
[platform.fetching]
delivery = "pull"
addresses = ["B|B"]
sites = ["s"]
[[intake.key]]
name = "tlr"
sha256 = "{"0" * 64}"
platform = "fetching"
"""
        found = _found(tmp_path, text)
    assert (found["platform sent"].state, "takes connections" in found["platform sent"].words) == ("ok", True)
    assert found["ris s"].state == "warning"
    assert (found["platform fetching"].state, "by the key tlr" in found["platform fetching"].words) == ("ok", True)


def test_who_fetches_its_messages_and_does_so_no_more_is_named(tmp_path: Path) -> None:
    with stage(tmp_path, fetching=frozenset({Direction.TO_PLATFORM}), check_pacs=False) as here:
        key = SimpleNamespace(name="tlr", platform="lecture", site="")
        engine = here.world.store._engine
        house = SimpleNamespace(
            settings=SimpleNamespace(intake=SimpleNamespace(key=(key,)), store=SimpleNamespace(url=str(engine.url))),
            relay=SimpleNamespace(store=here.store),
            engine=engine,
            clock=here.world.clock,
            sites=here.relaying.sites,
        )
        end = End(Direction.TO_PLATFORM, "lecture")
        here.take(written(request()))
        here.forward()
        assert looking._fetches(house, end).code == "look_fetches"  # type: ignore[arg-type]
        here.world.clock.forward(3601)
        said = looking._fetches(house, end)  # type: ignore[arg-type]
        assert (said.code, said.state, said.facts["keys"]) == ("look_unfetched", "warning", "tlr")


def test_a_database_that_does_not_open_is_told_in_its_own_words(tmp_path: Path) -> None:
    text = f'{LOGIN}[store]\nurl = "postgresql+psycopg://nobody:secret@/none?host={tmp_path}"\n'
    store = _found(tmp_path, text)["store"]
    assert store.state == "wrong"
    assert "[store] url" in store.words
    assert str(tmp_path) in store.words
    assert "secret" not in store.words


@pytest.mark.parametrize(("minutes", "away"), [(0, False), (10, True), (-10, True)])
def test_a_clock_is_compared_with_the_date_of_an_answer(minutes: int, *, away: bool) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    assert (looking._seconds_away(date) > 60) is away
    assert looking._seconds_away("yesterday") == 0


def test_a_certificate_bears_its_names_and_those_under_a_star() -> None:
    now = datetime.now(UTC)
    names = Validity(now, now, frozenset({"images.example", "*.site.example"}))
    assert names.bears("images.example")
    assert names.bears("Images.Site.example")
    assert not names.bears("site.example")
    assert not names.bears("a.b.site.example")


def test_every_sentence_that_names_something_wrong_says_what_to_do() -> None:
    asked = re.compile(
        r"Vérifiez|vérifiez|renouvelez|remplacez|donnez|Demandez|Arrêtez|écrivez|Normal avant|seul un|répond ;"
    )
    good = {
        "look_doors",
        "look_store",
        "look_pacs",
        "look_dicomweb",
        "look_registry",
        "look_repository",
        "look_notices",
    }
    good |= {
        "look_peer",
        "look_fetches",
        "look_writable",
        "look_status_folder",
        "look_new",
        "look_port",
        "look_provider",
    }
    for code, text in looks.TEXTS.items():
        assert code in good | {"look_certificate"} or asked.search(text.fr), code


def test_before_the_first_start_nothing_is_made(tmp_path: Path) -> None:
    peers = """
[pacs.main]
host = "127.0.0.1"
port = 1
called_aet = "PACS"
[destination.region]
registry_url = "http://127.0.0.1:1/registry"
repository_url = "http://127.0.0.1:1/repository"
"""
    found = _found(tmp_path, f"{LOGIN}{peers}")
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.toml"]
    for subject in ("store", "documents", "status folder"):
        assert found[subject].state == "ok"
        assert "is not there yet" in found[subject].words
    assert found["disk store"].state in ("ok", "warning")
    assert found["destination region"].state == "wrong"


def test_a_place_where_the_store_cannot_be_made_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    found = _found(tmp_path, LOGIN)
    assert found["store"].state == found["documents"].state == "wrong"
    assert str(tmp_path) in found["store"].words
