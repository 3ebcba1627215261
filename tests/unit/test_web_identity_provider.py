"""The demo's identity provider keeps to loopback."""

from __future__ import annotations

import pytest

from gateway.demo.identity_provider import ADMINISTRATOR, PROFESSIONALS, IdentityProviderSettings, run
from gateway.errors import SettingsError


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "images.example.org", ""])
def test_it_listens_nowhere_but_on_loopback(host: str) -> None:
    with pytest.raises(SettingsError) as raised:
        run(IdentityProviderSettings(host=host, port=0, client_secret="s", redirect_uris=()))
    assert raised.value.code == "identity_provider_loopback"


def test_its_people_are_those_of_the_demo() -> None:
    assert [person.family_name for person in PROFESSIONALS] == ["LE BIHAN", "QUÉMÉNER"]
    assert PROFESSIONALS[1].identifier == ADMINISTRATOR
    assert "hidden" not in repr(IdentityProviderSettings(client_secret="hidden", redirect_uris=()))
