"""The settings of who may see what: the providers of identities, the matrix of rights, break-glass."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from gateway.settings.base import Issuer, Oid, Positive, Table

PRO_SANTE_CONNECT: dict[str, Any] = {
    "scopes": ("openid", "scope_all"),
    "acr_values": "eidas1",
    "identifier_claims": ("SubjectNameID", "preferred_username"),
    "refresh": True,
}
"""What the profile ``pro-sante-connect`` sets where the file does not."""


class ClientTable(Table):
    """How the gateway is known to a provider: what ``[login]`` and ``[patient_login]`` share."""

    issuer: Issuer
    client_id: str
    client_secret_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    ca_file: Path | None = None
    scopes: tuple[str, ...] = ("openid", "profile")
    acr_values: str = ""
    refresh: bool = False


class LoginTable(ClientTable):
    """[login]"""

    profile: Literal["generic", "pro-sante-connect"] = "generic"
    identifier_claims: tuple[str, ...] = ("SubjectNameID", "preferred_username")
    silent_first: bool = False
    administrators: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    idle_s: Positive = 1800.0
    hard_s: Annotated[float, Field(gt=0, le=14_400.0)] = 14_400.0
    demonstration: bool = False

    @model_validator(mode="before")
    @classmethod
    def _by_profile(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("profile") == "pro-sante-connect":
            return {**PRO_SANTE_CONNECT, **given}
        return given


class PatientClaimsTable(Table):
    """[patient_login.claims]"""

    matricule: str = "ins"
    oid: str = "ins_oid"
    birth_family: str = "family_name"
    birth_given: str = "given_name"
    birth_date: str = "birthdate"
    sex: str = "gender"
    birth_place: str = "birthplace"
    represents: str = "represents"


class PatientLoginTable(ClientTable):
    """[patient_login]"""

    claims: PatientClaimsTable = PatientClaimsTable()


class RightsTable(Table):
    """[rights]"""

    matrix: Path | Literal["default", "none"] = "default"
    ask_tie: bool = True
    break_glass: tuple[str, ...] = ("10",)
    registry: Literal["ignore", "ask"] = "ignore"
    registry_wait_s: Positive = 3.0
    authorities: dict[str, Oid] = Field(default_factory=dict)
