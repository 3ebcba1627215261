"""Advice on the course of things: urgency, remote reading, comparison, archiving (000 3.1.2, 3.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.cda.elements import attribute
from gateway.cda.rules.advice_book import Facts, Place, advise
from gateway.cda.rules.advice_people import people_along
from gateway.cda.rules.looking import find, kids

_URGENT = re.compile(r" (urgent|urgents|urgente|urgentes|urgence|urgences) ")
_NOT_URGENT = re.compile(
    r" (non|pas|sans|hors|aucune?|absence|ni)( d| de| en| caractere)? "
    r"(urgent|urgents|urgente|urgentes|urgence|urgences) "
)
_BY_TELEPHONE = re.compile(r" (telephon\w*|tel|appels?|appele\w*|de vive voix|oralement|verbalement) ")
_TRANSMITTED_TO = re.compile(
    r" (docteur|dr|medecin|chirurgien|interne|urgentiste|sage femme|service|confrere|consoeur|infirmier\w*|professeur"
    r"|pr|patiente?|demandeur) "
)
_PRELIMINARY = re.compile(r" (preliminaire|provisoire|initial|initiaux|premier compte rendu|compte rendu d urgence) ")


def _urgent(facts: Facts) -> bool:
    encounter = attribute(find(facts.root, "componentOf/encompassingEncounter/code"), "code")
    return encounter == "EMER" or _URGENT.search(_NOT_URGENT.sub("  ", facts.everything)) is not None


@advise(
    "AD-23",
    "L'examen est urgent : dire à qui le résultat a été transmis par téléphone.",
    "The examination is urgent: say to whom the result was told by telephone.",
    "000 3.1.2 : « la transmission téléphonique du résultat et à qui » ; 000 3.2.1",
)
def telephone(facts: Facts) -> Iterator[Place]:
    if _urgent(facts) and not (facts.says(_BY_TELEPHONE) and facts.says(_TRANSMITTED_TO)):
        yield facts.root, "component", ""


@advise(
    "AD-24",
    "L'examen urgent a un compte rendu final qui modifie le premier : le résultat initial doit être rappelé.",
    "The urgent examination has a final report that changes the first: the initial result must be named.",
    "000 3.1.2 : « un compte rendu final différent du compte rendu initial » doit être mentionné",
)
def preliminary_result(facts: Facts) -> Iterator[Place]:
    replaced = any(attribute(one, "typeCode") == "RPLC" for one in kids(facts.root, "relatedDocument"))
    if _urgent(facts) and (replaced or "S-1" in facts.sections) and not facts.says(_PRELIMINARY):
        yield facts.root, "component", ""


_REMOTE = re.compile(
    r" (teleradiologie|teleimagerie|tele imagerie|teleinterpretation|tele interpretation|teleexpertise|tele expertise|"
    r"interpretation a distance|lecture a distance|imageur a distance|interprete a distance|lu a distance) "
)
_PRESCRIBED = re.compile(r" (prescri\w*|aucun traitement|sans traitement|traitement administre|produit administre) ")
_INCIDENTS = re.compile(r" (incidents?|complications?|effets? indesirables?|difficultes? techniques?) ")


@advise(
    "AD-25",
    "Lecture à distance : le compte rendu doit aussi dire {value}.",
    "Remote reading: the report must also tell {value}.",
    "000 3.2.2.1 : « les actes et prescriptions médicamenteuses, l'identité des professionnels de santé participant à "
    "l'acte, la date et l'heure de l'acte, le cas échéant les incidents survenus »",
)
def remote_reading(facts: Facts) -> Iterator[Place]:
    if not facts.says(_REMOTE):
        return
    events = kids(facts.root, "documentationOf/serviceEvent/effectiveTime/low")
    named = people_along(facts.root, _PARTICIPANTS) | {
        attribute(one, "extension") for one in kids(facts.root, "participant/associatedEntity/id")
    }
    given = any(kids(act.section, "entry/substanceAdministration") for act in facts.acts)
    lacking = []
    for name, told in (
        ("les professionnels participants / the professionals taking part", len(named) > 1),
        ("l'heure de l'acte / the time of the act", any(len(attribute(one, "value")) >= _HOUR for one in events)),
        ("les prescriptions / the prescriptions", given or facts.says(_PRESCRIBED)),
        ("les incidents / the incidents", facts.says(_INCIDENTS) or _complicated(facts)),
    ):
        if not told:
            lacking.append(name)
    if lacking:
        yield facts.root, "component", ", ".join(lacking)


_HOUR = 10
"""Digits of a time that tells the hour."""
_PARTICIPANTS = (
    "author/assignedAuthor",
    "legalAuthenticator/assignedEntity",
    "authenticator/assignedEntity",
    "documentationOf/serviceEvent/performer/assignedEntity",
)


def _complicated(facts: Facts) -> bool:
    return any(act.complications is not None for act in facts.acts)


_COMPARED = re.compile(
    r" (compar\w+|examens? anterieurs?|documents? anterieurs?|scanner du|irm du|cliches? du|examen du|par rapport"
    r"|precedente?s?|anteriorites?|imagerie anterieure) "
)


@advise(
    "AD-26",
    "Dire avec quels documents antérieurs l'examen est comparé, ou qu'il n'y en a pas.",
    "Say with which earlier documents the examination is compared, or that there are none.",
    "000 3.1.2.2 : « Les comparaisons avec les documents antérieurs (type et date) doivent être mentionnées ainsi que "
    "l'absence éventuelle de ces documents »",
)
def comparison(facts: Facts) -> Iterator[Place]:
    said = "".join(facts.text(key) for key in ("S-2a", "S-3", "S-5", "S-6", "S-7", "S-8"))
    if not facts.text("S-7").strip() and not _COMPARED.search(said):
        yield facts.root, "component", ""


_ARCHIVED = re.compile(r" (archiv\w*|conserve\w*|stocke\w*|pacs|graves? sur|cd rom|entrepot) ")
_INFORMED = re.compile(
    r" (patiente?|representant|parents?|famille|mere|pere) (en )?(a |ont |est |sont )?(ete )?(en )?(ete )?(bien )?"
    r"(informes?|informees?|averti\w*)|(informes?|informees?) (le|la) patiente?|a donne son (accord|consentement) "
)
_INFORMED_WORDS = ("informe", "averti", "a donne son")
"""One of them is in whatever the pattern finds: most reports have none, and the pattern is slow to say so."""


@advise(
    "AD-27",
    "Dire si les images sont archivées, sur quel support, et que le patient en est informé : il manque {value}.",
    "Say whether the images are archived, on which support, and that the patient was told: missing {value}.",
    "000 3.1.2.2 : « Si les images ont fait l'objet d'un archivage … il est suggéré de le mentionner en précisant le "
    "support, et en précisant que le patient a été informé et a donné son accord »",
)
def archiving(facts: Facts) -> Iterator[Place]:
    informed = any(word in facts.everything for word in _INFORMED_WORDS) and facts.says(_INFORMED)
    lacking = [
        name
        for name, told in (
            ("l'archivage / the archiving", facts.says(_ARCHIVED)),
            ("l'information du patient / that the patient was told", informed),
        )
        if not told
    ]
    if lacking:
        yield facts.root, "component", ", ".join(lacking)
