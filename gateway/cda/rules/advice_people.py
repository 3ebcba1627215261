"""Advice on who: readers, requester, function, date, recipients (000 3.1.2, 3.2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from gateway.cda.elements import attribute, text_of
from gateway.cda.rules.advice_book import Facts, Place, advise
from gateway.cda.rules.looking import find, kids

_REREAD = re.compile(
    r" (relus?|relues?|relectures?|seconde? lectures?|deuxieme lectures?|double lectures?|deux lecteurs|second avis|"
    r"deuxieme avis) "
)
_SIGNERS = (
    "author/assignedAuthor",
    "legalAuthenticator/assignedEntity",
    "authenticator/assignedEntity",
    "component/structuredBody/component/section/author/assignedAuthor",
)


def people_along(root: etree._Element, steps: tuple[str, ...]) -> set[str]:
    """The professionals named along *steps*, told apart by their identifier, else by their name."""
    found = set()
    for one in (one for step in steps for one in kids(root, step)):
        name = text_of(find(one, "assignedPerson/name"))
        if name:
            found.add(attribute(find(one, "id"), "extension") or name)
    return found


@advise(
    "AD-7",
    "Le compte rendu parle d'une relecture : les deux lecteurs doivent être nommés.",
    "The report speaks of a second reading: both readers must be named.",
    "000 3.1.2 : « En cas de relecture, par un tiers, les identités respectives doivent être mentionnées »",
)
def both_readers(facts: Facts) -> Iterator[Place]:
    if facts.says(_REREAD) and len(people_along(facts.root, _SIGNERS)) < 2:
        yield facts.root, "authenticator", ""


@advise(
    "AD-8",
    "Le demandeur n'est pas complet : {value}.",
    "The requester is not complete: {value}.",
    "000 3.1.2 : « Identité du demandeur, sa spécialité et ses coordonnées »",
)
def requester(facts: Facts) -> Iterator[Place]:
    requesters = [one for one in kids(facts.root, "participant") if attribute(one, "typeCode") in ("REF", "REFB")]
    if not requesters:
        yield facts.root, "participant", "participant REF"
    for one in requesters[:1]:
        entity = find(one, "associatedEntity")
        reachable = any(attribute(telecom, "value") for telecom in kids(entity, "telecom"))
        lacking = [
            name
            for name, told in (
                ("associatedPerson/name", bool(text_of(find(entity, "associatedPerson/name")))),
                ("code (spécialité / specialty)", bool(attribute(find(entity, "code"), "code"))),
                ("telecom, addr", reachable or bool(text_of(find(entity, "addr")))),
            )
            if not told
        ]
        if lacking:
            yield one, "associatedEntity", ", ".join(lacking)


@advise(
    "AD-9",
    "La fonction du radiologue n'est pas dite (assignedAuthor/code).",
    "The function of the radiologist is not told (assignedAuthor/code).",
    "000 3.1.2 : « Identité du ou des radiologues et leur fonction »",
)
def function(facts: Facts) -> Iterator[Place]:
    for author in kids(facts.root, "author/assignedAuthor"):
        if find(author, "assignedPerson") is not None and not attribute(find(author, "code"), "code"):
            yield author, "code", ""


@advise(
    "AD-10",
    "La date du compte rendu n'est pas complète (effectiveTime) : {value}.",
    "The date of the report is not complete (effectiveTime): {value}.",
    "000 3.1.2 : « Date du compte rendu »",
)
def report_date(facts: Facts) -> Iterator[Place]:
    value = attribute(find(facts.root, "effectiveTime"), "value")
    if not re.match(r"[0-9]{8}", value):
        yield facts.root, "effectiveTime", value or "—"


@advise(
    "AD-11",
    "Le nom du signataire n'est pas en toutes lettres : {value}.",
    "The name of who signs is not written in full: {value}.",
    "000 3.1.2 : « La signature du radiologue doit être éclairée du nom en toutes lettres »",
)
def full_name(facts: Facts) -> Iterator[Place]:
    for name in kids(facts.root, "legalAuthenticator/assignedEntity/assignedPerson/name"):
        given = text_of(find(name, "given"))
        if len(given.strip(". ")) < 2 or not text_of(find(name, "family")):
            yield name, "given", text_of(name)


@advise(
    "AD-12",
    "Le médecin traitant n'est pas parmi les destinataires du compte rendu.",
    "The treating physician is not among the recipients of the report.",
    "000 3.2.1 : « l'information du médecin demandeur, du médecin traitant et des médecins impliqués dans le suivi … "
    "est également obligatoire »",
)
def treating_physician(facts: Facts) -> Iterator[Place]:
    named = any(attribute(one, "code") == "PCP" for one in kids(facts.root, "participant/functionCode"))
    if not named:
        yield facts.root, "participant/functionCode", ""


@advise(
    "AD-13",
    "Le compte rendu ne nomme aucun destinataire (informationRecipient) ni demandeur.",
    "The report names no recipient (informationRecipient) and no requester.",
    "000 3.2.1 : « Le radiologue doit s'assurer de la transmission de son compte-rendu »",
)
def recipients(facts: Facts) -> Iterator[Place]:
    told = kids(facts.root, "informationRecipient/intendedRecipient")
    if not told and not kids(facts.root, "participant"):
        yield facts.root, "informationRecipient", ""
