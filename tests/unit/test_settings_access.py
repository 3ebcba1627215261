"""The matrix file and the settings of logins and rights."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.model.rights import Right
from gateway.settings import load
from gateway.settings.access import RightsTable
from gateway.wiring.web import policy, read_matrix


def test_a_matrix_is_read_row_by_row(tmp_path: Path) -> None:
    file = tmp_path / "m.toml"
    file.write_text('[[right]]\nprofessions = ["10"]\nspecialties = ["SM44"]\ndocuments = ["*"]\n', encoding="utf-8")
    row = Right(professions=frozenset({"10"}), specialties=frozenset({"SM44"}), documents=frozenset({"*"}))
    assert read_matrix(file) == (row,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "right = 1",
        "[[right]]\nprofessions = []\ndocuments = ['*']",
        "[[right]]\nprofessions = ['10']",
        "[[right]]\nprofessions = ['10']\ndocuments = ['*']\nprofession = 1",
        "not toml",
    ],
)
def test_a_matrix_that_is_not_one_stops_the_start_with_its_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "m.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refusal:
        read_matrix(file)
    assert refusal.value.code == "rights_file"
    assert refusal.value.place == str(file)


def test_an_absent_matrix_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_matrix(tmp_path / "none.toml")
    assert refusal.value.facts["words"]


def test_the_policy_is_what_the_settings_say() -> None:
    usual = policy(RightsTable())
    assert usual.matrix
    assert usual.ask_tie
    assert usual.glass_professions == {"10"}
    bare = policy(RightsTable(matrix="none", ask_tie=False, break_glass=()))
    assert (bare.matrix, bare.ask_tie, bare.glass_professions) == (None, False, frozenset())


def test_a_matrix_and_the_patients_secret_are_taken_from_the_folder_of_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(
        '[rights]\nmatrix = "own.toml"\n[patient_login]\nissuer = "https://p.example"\nclient_id = "c"\n'
        'client_secret_file = "secret"\n[login]\nissuer = "https://a.example"\nclient_id = "c"\n'
        'profile = "pro-sante-connect"\n',
        encoding="utf-8",
    )
    settings = load(file)
    assert settings.rights.matrix == tmp_path / "own.toml"
    assert settings.patient_login is not None
    assert settings.patient_login.client_secret_file == tmp_path / "secret"
    assert settings.login is not None
    assert (settings.login.acr_values, settings.login.refresh) == ("eidas1", True)


def test_no_session_may_last_longer_than_pro_sante_connect_allows(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text('[login]\nissuer = "https://a.example"\nclient_id = "c"\nhard_s = 14401\n', encoding="utf-8")
    with pytest.raises(SettingsError) as refusal:
        load(file)
    assert refusal.value.place == "login.hard_s"
