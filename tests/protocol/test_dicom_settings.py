"""From the settings file to the parts that speak DICOM."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from gateway.doors import listening, plain_ports
from gateway.errors import SettingsError
from gateway.settings import load
from gateway.wiring.house import House
from gateway.wiring.peers import Part

PACS = '[pacs.{name}]\nhost = "127.0.0.1"\nport = 104\ncalled_aet = "A"\n'
SITE = '[site.{name}]\norganization_id = "1"\norganization_name = "o"\ndestinations = []\nsource_id = "1.2.3"\n{more}\n'


def house(folder: Path, text: str, part: Part = "") -> House:
    file = folder / "gateway.toml"
    file.write_text(text)
    return House(load(file), part=part)


@pytest.mark.parametrize(("allowed", "work", "web"), [(4, 2, 2), (5, 2, 3), (2, 1, 1)])
def test_the_associations_allowed_are_shared_by_the_processes(
    tmp_path: Path, allowed: int, work: int, web: int
) -> None:
    text = PACS.format(name="main") + f"max_associations = {allowed}\n"
    parts: tuple[tuple[Part, int], ...] = (("work", work), ("web", web), ("", allowed))
    for part, count in parts:
        made = house(tmp_path, text, part)
        assert made.pool("main").settings.max_associations == count
        assert made.pacs["main"]._pool is made.pool("main")
        assert made.images["main"]._pool is made.pool("main")
        made.close()


def test_one_association_is_not_enough_for_two_processes(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        house(tmp_path, PACS.format(name="main") + "max_associations = 1\n")
    assert caught.value.place == "pacs.main.max_associations"


def test_each_site_has_its_order_of_pacs(tmp_path: Path) -> None:
    text = "".join(PACS.format(name=name) for name in ("a", "b", "c"))
    for name, more in (("one", 'pacs = "b"'), ("two", 'pacs = ["c", "a"]'), ("any", "")):
        text += SITE.format(name=name, more=more)
    made = house(tmp_path, text)
    try:
        orders = {name: made.everywhere[made.sites[name].pacs] for name in ("one", "two", "any")}
        assert {name: (*one._first, *one._others) for name, one in orders.items()} == {
            "one": ("b", "a", "c"),
            "two": ("c", "a", "b"),
            "any": ("a", "b", "c"),
        }
    finally:
        made.close()
    with pytest.raises(SettingsError) as caught:
        made.pool("d")
    assert caught.value.facts["known"] == "a, b, c"


def test_tls_is_for_both_ways(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    text = PACS.format(name="dicom") + 'tls = true\nca_file = "ca.pem"\n'
    text += PACS.format(name="web") + 'dicomweb_url = "https://localhost/dicom-web"\nca_file = "ca.pem"\n'
    text += PACS.format(name="plain")
    made = house(tmp_path, text)
    got = {
        name: (pool.settings.tls is not None, pool.settings.web_tls is not None) for name, pool in made.pools.items()
    }
    made.close()
    assert got == {"dicom": (True, True), "web": (False, True), "plain": (False, False)}
    with pytest.raises(SettingsError, match="tls_files"):
        _ = house(tmp_path, PACS.format(name="x") + 'tls = true\nca_file = "absent.pem"\n').pools


def test_the_receiver_is_made_from_its_table(tmp_path: Path) -> None:
    text = (
        '[receive]\nenabled = true\nport = 0\nae_title = "IN"\n'
        '[[receive.peer]]\nae_title = "PACS"\naddresses = ["10.0.0.0/8", "::1"]\nmay = ["reject"]\n'
    )
    made = house(tmp_path, text)
    receiver = made.receiver()
    receiver.stop()
    receiver.run()
    (peer,) = receiver._settings.peers
    assert peer.is_at("10.2.3.4", "")
    assert peer.is_at("::ffff:10.2.3.4", "")
    assert peer.is_at("::1", "")
    assert not peer.is_at("11.2.3.4", "")
    assert made.spool is not None
    assert ("receive", "127.0.0.1", 0) in listening(made.settings, ("receive",))
    made.close()
    outside = house(tmp_path, text.replace("port = 0", 'port = 0\nhost = "0.0.0.0"'))
    assert ("receive", "0.0.0.0", False) in plain_ports(outside.settings)


@pytest.mark.parametrize(
    "peer",
    ['ae_title = "A"', 'ae_title = "A"\naddresses = ["x"]', f'ae_title = "A"\ncertificate_sha256 = "{"0" * 64}"'],
)
def test_a_peer_that_cannot_be_proved_is_refused(tmp_path: Path, peer: str) -> None:
    with pytest.raises(SettingsError) as caught:
        house(tmp_path, f"[receive]\nenabled = true\n[[receive.peer]]\n{peer}\n")
    assert caught.value.place.startswith("receive")
