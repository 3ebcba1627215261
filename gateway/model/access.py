"""Who is looking: sessions, login transactions, handles. All are rows; a browser holds opaque tokens alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from gateway.model.people import Patient


class Kind(StrEnum):
    """What someone is to the examinations."""

    PROFESSIONAL = "professional"
    PATIENT = "patient"
    REPRESENTATIVE = "representative"
    """Of the patient whose traits the provider states."""
    SYSTEM = "system"
    """Another gateway or tool, known by its certificate or token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One exercise situation of a professional: in which profession, where."""

    profession: str = ""
    """Code of TRE_G15: ``10``."""
    specialty: str = ""
    """Code of TRE_R38: ``SM26``."""
    structure: str = ""
    """National identifier of the structure (``1`` and FINESS, ``3`` and SIRET)."""
    structure_name: str = ""
    sector: str = ""
    """Code of TRE_R02: ``SA07``."""
    legal_structure: str = ""
    """``1`` and the FINESS number of the legal entity, where it is stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone as an identity provider names them; the profession is that of the situation that was chosen."""

    subject: str
    """``sub`` of the ID token."""
    issuer: str
    identifier: str = ""
    """National identifier of the professional, when given."""
    name: str = ""
    profession: str = ""
    roles: frozenset[str] = frozenset()
    """``administrator`` opens the console."""
    kind: Kind = Kind.PROFESSIONAL
    specialty: str = ""
    """Code of TRE_R38."""
    structures: frozenset[str] = frozenset()
    """National identifiers of where the person exercises in the situation chosen."""
    situations: tuple[Situation, ...] = ()
    """Those to choose from; one that is chosen stands alone here."""
    patient: Patient | None = None
    """Of a patient or representative: the identity whose images they may see."""

    @property
    def must_choose(self) -> bool:
        """Whether several exercise situations are open still."""
        return len(self.situations) > 1

    def exercising(self, situation: Situation) -> Person:
        """The person in *situation*."""
        return replace(
            self,
            profession=situation.profession,
            specialty=situation.specialty,
            structures=frozenset({situation.structure, situation.legal_structure}) - {""},
            situations=(situation,),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login. ``id`` is the SHA-256 of the token in the cookie: the store cannot open a session."""

    id: str
    person: Person
    csrf_token: str
    created_at: datetime
    seen_at: datetime
    provider: str = ""
    """Name of the provider that said who it is; empty for the first."""
    provider_session: str = ""
    """Digest of the issuer and its ``sid``, by which the provider ends it (Back-Channel Logout 1.0)."""
    subject_key: str = ""
    """Digest of the issuer and the subject."""
    tokens: str = field(default="", repr=False)
    """The provider's tokens, sealed with the token in the cookie: the store alone cannot open them."""
    refresh_at: datetime | None = None
    """When the tokens are to be asked for again; None: never."""
    agent: str = ""
    """What the browser calls itself, for the list of sessions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAttempt:
    """An authorization request under way (OpenID Connect Core 3.1.2), found by its ``state``, usable once."""

    state: str
    browser: str
    """SHA-256 of the token in the attempt's own cookie: the answer must come from the browser that asked."""
    nonce: str
    code_verifier: str
    next_url: str = field(repr=False)
    """Where to go then; kept here so that no identifier travels through the provider."""
    created_at: datetime
    provider: str = ""
    """Name of the provider that was asked; empty for the first."""
    silent: bool = False
    """Asked with ``prompt=none``: a refusal only means that somebody must be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStudy:
    """One study that a handle opens, as the report that led there names it."""

    site: str
    study_uid: str
    report_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewOptions:
    """How the link asked to see the images (IHE RAD TF-2 4.106.4.1.2)."""

    viewer: Literal["", "light", "full"] = ""
    """``viewerType``; empty: the link does not say, the gateway chooses."""
    diagnostic: bool = False
    """``diagnosticQuality=true``: never reduced pictures."""
    key_images_only: bool = False
    """``keyImagesOnly=true``: :attr:`key_images` and nothing else, where the manifest marks any."""
    key_images: tuple[str, ...] = ()
    """SOP Instance UIDs that the key objects of the studies mark, in their order: to be shown first. Where one frame
    alone is marked, a slash and its number stand behind the UID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """An opaque name of one or several examinations for one session: what stands in viewer URLs, no identifiers.

    ``id`` is the SHA-256 of the token in the URL.
    """

    id: str
    session_id: str
    exams: tuple[ShownStudy, ...]
    """At least one, in the order in which they are shown."""
    created_at: datetime
    options: ViewOptions = ViewOptions()

    @property
    def site(self) -> str:
        """Of the first study."""
        return self.exams[0].site

    @property
    def study_uid(self) -> str:
        """Of the first study."""
        return self.exams[0].study_uid

    @property
    def report_id(self) -> str:
        """Of the first study."""
        return self.exams[0].report_id
