"""One share: its life line by line, what it sent, who touched it; and the buttons of an administrator.

Each button leads to a page that says what will happen and asks once more; the post behind it is guarded against
forgery, done by the story, and recorded by it with the person's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask_babel import gettext

from gateway.errors import GatewayError, InputRejected
from gateway.kos import read as read_manifest
from gateway.kos.selection import KeyObjectSelection
from gateway.model.access import Session
from gateway.model.audit import AuditEvent
from gateway.model.codes import Code
from gateway.model.overview import ShareHistory
from gateway.model.share import Deed, FrozenDocument, Share, ShareState, Step
from gateway.texts import sentence
from gateway.texts.seeing import happening as happening_words
from gateway.valuesets.tables import load
from gateway.web.console.common import console_of, fragment_guarded, guarded, labels, may_act, page, told
from gateway.web.console.metadata import MetadataObject, described
from gateway.web.login.session import Access, actor
from gateway.web.pages import language
from gateway.web.parts import ConsoleParts, WebParts

_REASON_LENGTH = 300
_CORRECTABLE = ("region", "type_code")
_INSTANCES = 200
"""Of a series, named in the tree of a manifest; the count of the rest is told."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the timeline."""

    at: datetime
    last_at: datetime
    times: int
    state: str
    what: str
    words: str
    """Why, in a sentence, or the registry's own words."""
    actor: str


@dataclass(frozen=True, slots=True)
class Button:
    """What can be done to a share."""

    act: str
    label: str
    consequence: str
    strong: bool = False


def add_routes(routes: Blueprint, parts: WebParts, access: Access) -> None:
    """The page of a share, what it sent, its buttons."""

    def shown(session: Session, share_id: str, **facts: str) -> None:
        event = AuditEvent(action="share.shown", actor=actor(session.person), facts={"share": share_id, **facts})
        parts.store.record(event)

    @routes.get("/console/shares/<share_id>")
    def share(share_id: str) -> Response:
        session = guarded(access, "console.share")
        if isinstance(session, Response):
            return session
        history = _history(parts, share_id)
        shown(session, share_id)
        return page("console_share.html", session=session, **_told(history, session))

    @routes.get("/console/shares/<share_id>/now")
    def share_now(share_id: str) -> Response:
        session = fragment_guarded(access)
        if isinstance(session, Response):
            return session
        return page("console_share_inside.html", session=session, **_told(_history(parts, share_id), session))

    @routes.get("/console/shares/<share_id>/manifest/<int:number>")
    def manifest(share_id: str, number: int) -> Response:
        session = guarded(access, "console.share")
        if isinstance(session, Response):
            return session
        history = _history(parts, share_id)
        document = _document(history, number)
        shown(session, share_id, part=f"manifest {number}")
        return page(
            "console_manifest.html",
            session=session,
            history=history,
            document=document,
            tree=_tree(parts, document),
            shown=_INSTANCES,
        )

    @routes.get("/console/shares/<share_id>/metadata")
    def metadata(share_id: str) -> Response:
        session = guarded(access, "console.share")
        if isinstance(session, Response):
            return session
        history = _history(parts, share_id)
        if history.submission is None:
            abort(HTTPStatus.NOT_FOUND)
        objects: tuple[MetadataObject, ...] = described(history.submission.metadata)
        shown(session, share_id, part="metadata")
        return page("console_metadata.html", session=session, history=history, objects=objects)

    @routes.get("/console/shares/<share_id>/do/<act>")
    def confirm(share_id: str, act: str) -> Response:
        session = guarded(access, "console.act", acting=True)
        if isinstance(session, Response):
            return session
        return _asking(session, _history(parts, share_id), act)

    @routes.post("/console/shares/<share_id>/do/<act>")
    def done(share_id: str, act: str) -> Response:
        session = guarded(access, "console.act", acting=True)
        if isinstance(session, Response):
            return session
        access.check_post(session)
        history = _history(parts, share_id)
        try:
            moved = _do(console_of(parts), act, share_id, actor(session.person))
        except GatewayError as error:
            return _asking(session, history, act, sentence(error.code, error.facts, language()))
        address = url_for("console.share", share_id=moved.id)
        return redirect(address, code=HTTPStatus.SEE_OTHER, Response=Response)  # type: ignore[return-value]


def _history(parts: WebParts, share_id: str) -> ShareHistory:
    try:
        return console_of(parts).overview.history(share_id)
    except InputRejected:
        abort(HTTPStatus.NOT_FOUND)


def _told(history: ShareHistory, session: Session) -> dict[str, object]:
    return {
        "history": history,
        "overview": history.overview,
        "lines": tuple(timeline(history)),
        "buttons": buttons(history.overview.share) if may_act(session) else (),
        "actions": actions(),
        "moving": history.overview.share.state in (ShareState.WAITING, ShareState.FROZEN, ShareState.SENDING),
        "registry_words": _registry_words(history),
    }


def timeline(history: ShareHistory) -> Iterator[Line]:
    """The history of the share, oldest first; of one that an earlier release carried, what its row tells."""
    overview, share = history.overview, history.overview.share
    if not history.steps:
        yield _line(overview.received_at, ShareState.WAITING, gettext("Compte rendu reçu"))
        if share.registered_at:
            yield _line(share.registered_at, ShareState.SHARED, happening_words("REGISTERED", language()))
        elif share.state is not ShareState.WAITING:
            why = told(share.reason, share.facts) if share.reason else ""
            yield _line(share.updated_at, share.state, labels()[share.state.value], why)
    for step in history.steps:
        yield Line(
            at=step.at,
            last_at=step.last_at,
            times=step.times,
            state=step.state.value,
            what=happening_words(step.happening, language(), share.deed.value),
            words=_words(step),
            actor="" if step.actor == "gateway" else step.actor,
        )


def _line(at: datetime, state: ShareState, what: str, words: str = "") -> Line:
    return Line(at=at, last_at=at, times=1, state=state.value, what=what, words=words, actor="")


def _words(step: Step) -> str:
    return told(step.reason, step.facts) if step.reason else ""


def _registry_words(history: ShareHistory) -> tuple[tuple[datetime, str], ...]:
    """What the registry said, of the tries that had an answer which was not a yes."""
    said = [(step.last_at, step.facts["words"]) for step in history.steps if step.facts.get("words")]
    share = history.overview.share
    if not said and share.facts.get("words"):
        said = [(share.updated_at, share.facts["words"])]
    return tuple({words: (at, words) for at, words in said}.values())


def buttons(share: Share) -> tuple[Button, ...]:
    """What may be done to *share* as it stands."""
    held = share.state is ShareState.HELD
    may_leave = share.state in (ShareState.WAITING, ShareState.FROZEN, ShareState.HELD)
    out = share.deed is Deed.PUBLISH and share.state in (ShareState.SHARED, ShareState.HELD)
    every = every_button()
    wanted = (
        ("replay", held),
        ("correct", held and share.deed is Deed.PUBLISH),
        ("abandon", may_leave),
        ("withdraw", out),
    )
    return tuple(every[act] for act, offered in wanted if offered)


def every_button() -> dict[str, Button]:
    """Every button, with what it does."""
    return {
        "replay": Button(
            "replay",
            gettext("Relancer"),
            gettext(
                "Le partage reprend là où il s'est arrêté. Si quelque chose a pu partir, le registre est interrogé"
                " avant tout nouvel envoi : rien n'est publié deux fois."
            ),
            strong=True,
        ),
        "correct": Button(
            "correct",
            gettext("Corriger et relancer"),
            gettext("Les valeurs saisies remplacent ce que disent le compte rendu et le PACS, pour ce partage."),
        ),
        "abandon": Button(
            "abandon",
            gettext("Abandonner"),
            gettext("Plus rien ne sera fait pour ce partage : ce compte rendu ne sera pas publié à cette destination."),
        ),
        "withdraw": Button(
            "withdraw",
            gettext("Retirer"),
            gettext(
                "Ce que ce partage a publié est retiré du registre de la destination : les professionnels et le patient"
                " ne l'y trouveront plus."
            ),
        ),
    }


def actions() -> dict[str, str]:
    """Actions of the audit trail as people call them."""
    return {
        "report.accepted": gettext("Compte rendu accepté"),
        "report.shown": gettext("Compte rendu consulté"),
        "share.shown": gettext("Partage consulté"),
        "share.frozen": gettext("Documents et métadonnées fixés"),
        "share.sending": gettext("Envoi"),
        "share.registered": gettext("Enregistré au registre"),
        "share.held": gettext("Mis en attente d'une personne"),
        "share.replayed": gettext("Relancé"),
        "share.abandoned": gettext("Abandonné"),
        "share.withdrawn": gettext("Retiré"),
        "share.superseded": gettext("Remplacé"),
        "images.displayed": gettext("Images consultées"),
    }


def _asking(session: Session, history: ShareHistory, act: str, refused: str = "") -> Response:
    button = every_button().get(act)
    if button is None:
        abort(HTTPStatus.NOT_FOUND)
    answer = page(
        "console_confirm.html",
        session=session,
        history=history,
        overview=history.overview,
        button=button,
        refused=refused,
        offered=button in buttons(history.overview.share),
        sent=request.form,
        longest=_REASON_LENGTH,
        regions=load("JDV_RegionAnatomique_CISIS").codes if act == "correct" else (),
        type_codes=sorted(load("JDV_J07_XdsTypeCode_CISIS").codes, key=_display) if act == "correct" else (),
    )
    answer.status_code = HTTPStatus.CONFLICT if refused else HTTPStatus.OK
    return answer


def _display(code: Code) -> str:
    return code.display.casefold()


def _do(console: ConsoleParts, act: str, share_id: str, who: str) -> Share:
    sent = {name: " ".join(request.form.get(name, "").split())[:_REASON_LENGTH] for name in ("reason", *_CORRECTABLE)}
    done: dict[str, Callable[[], Share]] = {
        "replay": lambda: console.replay(share_id, who),
        "abandon": lambda: console.abandon(share_id, sent["reason"], who),
        "withdraw": lambda: console.withdraw(share_id, who),
        "correct": lambda: console.correct(share_id, {name: sent[name] for name in _CORRECTABLE}, who),
    }
    if act not in done:
        abort(HTTPStatus.NOT_FOUND)
    return done[act]()


def _document(history: ShareHistory, number: int) -> FrozenDocument:
    documents = history.overview.documents
    if not 0 <= number < len(documents) or documents[number].kind != "manifest":
        abort(HTTPStatus.NOT_FOUND)
    return documents[number]


def _tree(parts: WebParts, document: FrozenDocument) -> KeyObjectSelection | None:
    """What the manifest says; None when its bytes are gone or are no manifest."""
    if parts.content is None:
        return None
    try:
        return read_manifest.read(parts.content(document.digest))
    except GatewayError:
        return None
