"""Builds the web over the house: pages, logins, rights."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, ValidationError

from gateway import resources
from gateway.errors import SettingsError
from gateway.flow.consult import Consulting
from gateway.model.rights import Policy, Right
from gateway.monitoring.figures import LIMITED
from gateway.settings.access import ClientTable, LoginTable, PatientLoginTable, RightsTable
from gateway.settings.base import Table
from gateway.settings.toml import parse
from gateway.settings.words import told, why_unreadable
from gateway.texts import sentence
from gateway.wiring.images import image_doors
from gateway.wiring.rights import RegistryAnswers, asked_now
from gateway.wiring.seeing import console_parts

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from gateway.settings import Settings
    from gateway.web.limits import Limits
    from gateway.web.openid.client import OpenIdSettings
    from gateway.web.serve import WebServerSettings
    from gateway.wiring.house import House

MATRIX = "habilitations.toml"
_Codes = Annotated[tuple[str, ...], Field(min_length=1)]


class _Row(Table):
    """[[right]] of the matrix."""

    professions: _Codes
    specialties: tuple[str, ...] = ()
    documents: _Codes


class _Matrix(Table):
    right: tuple[_Row, ...]


def web_application(house: House) -> WSGIApplication:
    """The web of the gateway over *house*; raises SettingsError."""
    from gateway.web.app import IntakeKey, WebParts, WebSettings, create_app
    from gateway.web.openid.client import OpenIdConnect
    from gateway.web.viewer_settings import ViewerSettings

    settings = house.settings
    login, patients = settings.login, settings.patient_login
    if login is None:
        raise SettingsError("login_missing", place="login")
    keys = tuple(
        IntakeKey(name=key.name, sha256_hex=key.sha256, site=key.site, platform=key.platform)
        for key in settings.intake.key
    )
    return create_app(
        WebParts(
            settings=WebSettings(
                public_url=settings.public_url,
                idle_s=login.idle_s,
                hard_s=login.hard_s,
                intake_keys=keys,
                max_report_bytes=settings.web.max_report_bytes,
                frame_ancestors=settings.web.frame_ancestors,
                other_hosts=settings.web.other_hosts,
                frame_slots=max(1, settings.web.threads * 3 // 4),
                viewer=ViewerSettings(
                    first=settings.web.viewer,
                    not_for_diagnosis=settings.web.not_for_diagnosis,
                    ohif_url=settings.web.ohif_url,
                ),
            ),
            store=house.store,
            sessions=house.sessions,
            clock=house.clock,
            login=OpenIdConnect(_professionals(login), house.clock),
            patient_login=OpenIdConnect(_patients(patients), house.clock) if patients else None,
            consulting=consulting(house),
            exams=house.exam,
            images=house.frames,
            accept=house.accepting.accept,
            withdraw_report=house.accepting.withdraw,
            content=house.blobs.get,
            messages=house.messages,
            message_again=house.message_again,
            relay=house.relay.web_parts() if settings.platform else None,
            console=console_parts(house),
            health=house.monitoring.web_parts(),
            limits=limits(house),
            doors=image_doors(settings, house.engine, policy(settings.rights), house.blobs.get),
        )
    )


def limits(house: House) -> Limits:
    """How much may be asked without a session; what is refused is counted."""
    from gateway.web.limits import Limits, LimitSettings

    given = house.settings.limits.model_dump(exclude={"proxies"})
    proxies = tuple(map(ip_network, house.settings.limits.proxies))
    figures = house.monitoring.figures
    return Limits(LimitSettings(proxies=proxies, **given), told=lambda asked: figures.count(LIMITED, asked=asked))


def consulting(house: House) -> Consulting:
    """Who may open what, for every door of *house*; raises SettingsError for a matrix that cannot be read."""
    table = house.settings.rights
    known = Consulting(exams=house.known_exams, policy=policy(table), authorities=table.authorities)
    if table.registry == "ignore":
        return known
    return replace(
        known, standing=RegistryAnswers(lambda exam: asked_now(house, exam), house.clock, table.registry_wait_s)
    )


def policy(table: RightsTable) -> Policy:
    """The policy that the settings state; raises SettingsError (``rights_file``)."""
    matrix = None
    if table.matrix != "none":
        file = resources.config_path() / MATRIX if table.matrix == "default" else Path(table.matrix)
        matrix = read_matrix(file)
    return Policy(matrix=matrix, ask_tie=table.ask_tie, glass_professions=frozenset(table.break_glass))


def read_matrix(file: Path) -> tuple[Right, ...]:
    """The rows of a matrix file; raises SettingsError (``rights_file``)."""
    try:
        rows = _Matrix.model_validate(parse(file.read_bytes(), str(file))).right
    except OSError as error:
        why = why_unreadable(error)
    except ValidationError as error:
        why = told(error, _Matrix)
    except SettingsError as error:
        words, words_fr = (sentence(error.code, error.facts, language).rstrip(".") for language in ("en", "fr"))
        why = {"words": words, "words_fr": words_fr}
    else:
        return tuple(
            Right(
                professions=frozenset(row.professions),
                specialties=frozenset(row.specialties),
                documents=frozenset(row.documents),
            )
            for row in rows
        )
    raise SettingsError("rights_file", **{**why, "place": str(file), "file": str(file)})


def web_server_settings(settings: Settings) -> WebServerSettings:
    """Where the web listens."""
    from gateway.web.serve import WebServerSettings

    table = settings.web
    return WebServerSettings(
        host=table.host,
        port=table.port,
        threads=table.threads,
        certificate=_text(table.certificate),
        key=_text(table.key),
        client_authorities=_text(settings.images.client_ca_file),
    )


def _professionals(table: LoginTable) -> OpenIdSettings:
    return _client(
        table,
        identifier_claims=table.identifier_claims,
        administrators=frozenset(table.administrators),
        readers=frozenset(table.readers),
        silent_first=table.silent_first,
    )


def _patients(table: PatientLoginTable) -> OpenIdSettings:
    from gateway.web.openid.claims import PatientClaims

    return _client(table, patients=PatientClaims(**table.claims.model_dump()))


def _client(table: ClientTable, **more: object) -> OpenIdSettings:
    from gateway.web.openid.client import OpenIdSettings

    return OpenIdSettings(
        issuer=table.issuer,
        client_id=table.client_id,
        client_secret_file=table.client_secret_file,
        certificate=_text(table.certificate),
        key=_text(table.key),
        authorities=_text(table.ca_file),
        scope=" ".join(table.scopes),
        acr_values=table.acr_values,
        refresh=table.refresh,
        **more,  # type: ignore[arg-type]
    )


def _text(path: Path | None) -> str:
    return "" if path is None else str(path)
