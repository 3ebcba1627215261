"""Several ports with different rules: certificates and their names, senders, content, order, a store that is slow."""

from __future__ import annotations

import ssl
import threading
import time
from pathlib import Path

import pytest
import trustme

from gateway.errors import SettingsError
from gateway.flow.events import Event, New
from gateway.hl7 import mllp
from gateway.hl7.listener import Listener, ListenerSettings, run
from gateway.hl7.order import Order
from gateway.hl7.ports import Admission
from gateway.hl7.reception import Reception
from gateway.hl7.sender import Sender, send
from gateway.settings import Settings, load
from gateway.trust.tls import allowed_name, caller, client_context, server_context, validity
from gateway.wiring.care import SystemClock
from gateway.wiring.relay import listener_ports
from tests.support.hl7 import Draft, Peer, Recorder, listening, mdm, value

ORU = Draft().bytes()


def verdict(answer: bytes) -> tuple[str, str, str]:
    return value(answer, "MSA", 1), value(answer, "ERR", 3), value(answer, "ERR", 7)


def from_sender(name: str, **changes: object) -> bytes:
    return Draft(**changes).bytes().replace(b"|RIS-Y|", f"|{name}|".encode())  # type: ignore[arg-type]


# .. who may speak


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


def serving(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.verify_mode = ssl.CERT_REQUIRED
    ca.issue_cert("127.0.0.1").configure_cert(context)
    ca.configure_trust(context)
    return context


def calling(ca: trustme.CA, name: str, common_name: str = "") -> ssl.SSLContext:
    context = ssl.create_default_context()
    ca.configure_trust(context)
    ca.issue_cert(name, common_name=common_name or None).configure_cert(context)
    return context


def test_only_certificates_of_a_listed_name_may_connect(ca: trustme.CA) -> None:
    names = (allowed_name("DNS=ris.example"), allowed_name("CN=Passerelle TLR"))
    recorder = Recorder()
    with listening(recorder, ssl=serving(ca), client_names=names) as listener:
        for known in (calling(ca, "ris.example"), calling(ca, "other.example", "Passerelle TLR")):
            assert verdict(send("127.0.0.1", listener.port, ORU, 20, tls=known))[0] == "AA"
        for stranger in (calling(ca, "other.example"), calling(ca, "x.ris.example", "Autre")):
            with pytest.raises(Exception, match="hl7_peer"):
                send("127.0.0.1", listener.port, ORU, 5, tls=stranger)
    assert len(recorder.events) == 2
    assert [arrival.peer for arrival in recorder.arrivals if arrival][1].find("CN=Passerelle TLR") >= 0


def test_a_caller_without_or_with_an_expired_certificate_does_not_enter(ca: trustme.CA) -> None:
    from datetime import UTC, datetime, timedelta

    without = ssl.create_default_context()
    ca.configure_trust(without)
    expired = ssl.create_default_context()
    ca.configure_trust(expired)
    ca.issue_cert("ris.example", not_after=datetime.now(UTC) - timedelta(days=1)).configure_cert(expired)
    recorder = Recorder()
    with listening(recorder, ssl=serving(ca)) as listener:
        for context in (without, expired, None):
            with pytest.raises(Exception, match="hl7_peer"):
                send("127.0.0.1", listener.port, ORU, 3, tls=context)
        assert verdict(send("127.0.0.1", listener.port, ORU, 20, tls=calling(ca, "ris.example")))[0] == "AA"
    assert len(recorder.events) == 1


def test_names_of_the_allow_list_are_read_and_compared_whole() -> None:
    assert allowed_name("CN=a,O=b").parts == {("2.5.4.3", "a"), ("2.5.4.10", "b")}
    for wrong in ("", "ris.example", "CN", "DNS="):
        with pytest.raises(ValueError, match=r"\w"):
            allowed_name(wrong)
    assert caller(None, ()).allowed
    assert not caller(None, [allowed_name("CN=a")]).allowed
    assert not caller(b"no certificate", [allowed_name("CN=a")]).allowed
    assert not caller(b"no certificate", []).allowed


def test_contexts_are_made_from_files_and_a_bad_file_is_told_by_its_setting(tmp_path: Path, ca: trustme.CA) -> None:
    made = ca.issue_cert("127.0.0.1")
    certificate, key, authority = tmp_path / "c.pem", tmp_path / "k.pem", tmp_path / "ca.pem"
    made.cert_chain_pems[0].write_to_path(str(certificate))
    made.private_key_pem.write_to_path(str(key))
    ca.cert_pem.write_to_path(str(authority))
    assert server_context(certificate, key, authority, place="x").verify_mode is ssl.CERT_REQUIRED
    assert server_context(certificate, key, None, place="x").verify_mode is ssl.CERT_NONE
    assert client_context(authority, certificate, key, place="x").minimum_version is ssl.TLSVersion.TLSv1_2
    assert validity(certificate).days_left() > 0
    for broken in (key, tmp_path / "nothing.pem"):
        with pytest.raises(SettingsError, match=r"tls_files at mllp\.certificate"):
            server_context(broken, key, None, place="mllp.certificate")


def test_a_port_takes_its_own_senders_alone() -> None:
    recorder = Recorder()
    admission = Admission(port="mllp.ris", senders=frozenset({"RIS-Y|Imagerie-Y"}))
    with listening(recorder, admission=admission) as listener, Peer(listener.port) as peer:
        assert verdict(peer.exchange(from_sender("RIS-Z"))) == ("AE", "207", "hl7_sender_not_allowed")
        assert verdict(peer.exchange(ORU))[0] == "AA"
    assert len(recorder.events) == 1


def test_a_port_takes_its_own_content_alone() -> None:
    admission = Admission(content=frozenset({"relay"}))
    with listening(Recorder(), admission=admission) as listener, Peer(listener.port) as peer:
        assert verdict(peer.exchange(ORU)) == ("AE", "200", "hl7_not_on_this_port")
        assert verdict(peer.exchange(mdm().bytes())) == ("AE", "200", "hl7_not_on_this_port")


def test_several_ports_listen_side_by_side_and_end_together() -> None:
    made: list[Listener] = []
    ready = threading.Event()

    def started(listener: Listener) -> None:
        made.append(listener)
        if len(made) == 2:
            ready.set()

    recorder = Recorder()
    ports = [
        ListenerSettings(port=0, admission=Admission(port="mllp")),
        ListenerSettings(port=0, admission=Admission(port="mllp.test", processing_ids=frozenset("P"))),
    ]
    reception = Reception(recorder, SystemClock())
    thread = threading.Thread(target=run, args=(ports, reception), kwargs={"started": started})
    thread.start()
    try:
        assert ready.wait(10)
        assert verdict(send("127.0.0.1", made[0].port, ORU, 10))[0] == "AA"
        assert verdict(send("127.0.0.1", made[1].port, ORU, 10)) == ("AE", "202", "hl7_processing_id")
        assert [arrival.port for arrival in recorder.arrivals if arrival] == ["mllp"]
    finally:
        for listener in made:
            listener.request_stop()
        thread.join(30)
    assert not thread.is_alive()


# .. order and patience


def test_the_messages_of_a_sender_take_effect_in_order_over_several_connections() -> None:
    began, release = threading.Event(), threading.Event()

    def before(event: Event) -> None:
        # The first is slow to be judged; those behind it are quicker, and must not overtake it.
        if isinstance(event, New) and event.received.control_id == "0":
            began.set()
            assert release.wait(20)

    recorder = Recorder(before=before)
    with listening(recorder) as listener:
        peers = [Peer(listener.port) for _ in range(4)]
        peers[0].write(mllp.frame(Draft(control_id="0").bytes()))
        assert began.wait(20)
        for number in (1, 2, 3):
            peers[number].write(mllp.frame(Draft(control_id=str(number)).bytes()))
            time.sleep(0.05)
        # Another sender does not wait.
        assert verdict(send("127.0.0.1", listener.port, from_sender("RIS-Z", control_id="z"), 10))[0] == "AA"
        release.set()
        assert [verdict(peer.read())[0] for peer in peers] == ["AA"] * 4
        for peer in peers:
            peer.socket.close()
    order = [event.received.control_id for event in recorder.events if isinstance(event, New)]
    assert order == ["z", "0", "1", "2", "3"]


def test_a_place_that_was_given_up_lets_the_next_wait_for_those_before() -> None:
    order = Order()
    first, refused, third = (order.place("a") for _ in range(3))
    refused.passed()
    passed = threading.Event()
    thread = threading.Thread(target=lambda: (third.wait(), passed.set()))
    thread.start()
    assert not passed.wait(0.05)
    first.passed()
    assert passed.wait(10)
    thread.join()
    third.passed()
    order.leave("a", third)
    assert order._latest == {}
    assert order.place("a").is_clear is False


def test_a_store_that_is_slow_is_answered_ar_and_the_others_are_served() -> None:
    release = threading.Event()

    def before(event: Event) -> None:
        if isinstance(event, New) and event.received.control_id == "slow":
            release.wait(20)

    with listening(Recorder(before=before), answer_timeout_s=0.3) as listener, Peer(listener.port) as peer:
        assert verdict(peer.exchange(Draft(control_id="slow").bytes())) == ("AR", "207", "hl7_busy")
        assert verdict(send("127.0.0.1", listener.port, from_sender("RIS-Z"), 10))[0] == "AA"
        release.set()
        assert verdict(peer.exchange(Draft(control_id="next").bytes()))[0] == "AA"


def test_what_waited_too_long_to_begin_is_not_done() -> None:
    release = threading.Event()
    recorder = Recorder(before=lambda event: release.wait(20) and None)
    with listening(recorder, answer_timeout_s=0.3, threads=1) as listener, Peer(listener.port) as one:
        one.write(mllp.frame(ORU))
        time.sleep(0.1)
        assert verdict(send("127.0.0.1", listener.port, from_sender("RIS-Z"), 10))[0] == "AR"
        assert verdict(one.read())[0] == "AR"
        release.set()
        assert verdict(one.exchange(Draft(control_id="later").bytes()))[0] == "AA"
    ids = [event.received.control_id for event in recorder.events if isinstance(event, New)]
    assert ids == ["015", "later"]


def test_many_messages_of_one_sender_on_many_connections_all_arrive() -> None:
    recorder = Recorder()
    with listening(recorder, threads=4) as listener:

        def work(number: int) -> None:
            with Sender("127.0.0.1", listener.port, 20) as sender:
                for each in range(20):
                    assert verdict(sender.send(Draft(control_id=f"{number}-{each}").bytes()))[0] == "AA"

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    ids = [event.received.control_id for event in recorder.events if isinstance(event, New)]
    for number in range(8):
        assert [one for one in ids if one.startswith(f"{number}-")] == [f"{number}-{each}" for each in range(20)]


# .. the settings


def write(folder: Path, text: str) -> Path:
    path = folder / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_inside_mllp_is_a_port_with_the_limits_of_mllp(tmp_path: Path) -> None:
    settings = load(
        write(tmp_path, "[mllp]\nport = 3000\nidle_timeout_s = 5.0\n[mllp.tlr]\nport = 3001\nthreads = 2\n")
    )
    first, second = listener_ports(settings)
    assert (first.admission.port, first.port, first.threads) == ("mllp", 3000, 8)
    assert (second.admission.port, second.port, second.threads) == ("mllp.tlr", 3001, 2)
    assert first.idle_timeout_s == second.idle_timeout_s == 5.0
    assert second.admission.processing_ids == frozenset("PTD")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[mllp.x]\nprot = 1", "mllp.x.prot"),
        ("[mllp.x]\nclient_names = ['CN=a']", "client_names needs"),
        ("[mllp.x]\nclient_names = ['ris']\ncertificate = 'c'\nca_file = 'a'", "certificate's name"),
        ("[mllp.x]\nsites = ['nowhere']", "nowhere"),
        ("[mllp.x]\ncontent = ['everything']", "content"),
    ],
)
def test_a_wrong_port_stops_the_start_with_its_name(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, text))
    assert words in caught.value.facts["words"]


def test_a_further_port_in_the_clear_needs_to_be_allowed(tmp_path: Path) -> None:
    from gateway.doors import listening as doors
    from gateway.doors import plain_ports

    text = "[mllp]\n[mllp.wide]\nhost = '0.0.0.0'\nport = 3001\n[mllp.safe]\nhost = '0.0.0.0'\ncertificate = 'c.pem'\n"
    settings: Settings = load(write(tmp_path, text))
    assert plain_ports(settings) == [("mllp.wide", "0.0.0.0", False)]
    assert ("mllp.wide", "0.0.0.0", 3001) in doors(settings, ("intake",))
