"""Who the patient is, and when things happened."""

from __future__ import annotations

import re
from datetime import date, timedelta

from gateway.kos import tags as t
from gateway.kos.elements import is_date
from gateway.kos.rules.context import Context, Path, name, under
from gateway.kos.tree import Node
from gateway.model.identifiers import INS_NIA, INS_OIDS, ins_key_is_right, is_uid

_MATRICULE = re.compile(r"[0-9]{6}[0-9AB][0-9]{8}", re.ASCII)
_LOCAL_NAMES = {"ASIP-SANTE-INS-NIR": INS_OIDS - {INS_NIA}, "ASIP-SANTE-INS-NIA": frozenset({INS_NIA})}
_ZONE = re.compile(r"([+-])([0-9]{2})([0-5][0-9])")


def check(context: Context) -> None:
    """Identifiers with their issuers, the national identity, zone and dates."""
    _identifiers(context)
    _zone(context)
    _dates(context)


def _identifiers(context: Context) -> None:
    root = context.root
    number = context.text(root, t.PATIENT_ID)
    if not number:
        if t.PATIENT_ID in root.by_tag:
            context.say("kos-patient-id", under("", t.PATIENT_ID))
    else:
        _issuer(context, root, "")
    missing = [tag for tag in (t.PATIENT_NAME, t.PATIENT_BIRTH_DATE, t.PATIENT_SEX) if not root.has(tag)]
    if t.PATIENT_NAME not in missing and not context.text(root, t.PATIENT_NAME).strip("^= "):
        missing.append(t.PATIENT_NAME)
    for tag in missing:
        context.say("kos-traits", under("", tag), name=name(tag))
    national = {number} if number and context.national else set()
    seen = set()
    for index, item in enumerate(root.items(t.OTHER_PATIENT_IDS_SEQUENCE)):
        path = under("", t.OTHER_PATIENT_IDS_SEQUENCE, index)
        other = context.text(item, t.PATIENT_ID)
        if not other:
            continue
        _issuer(context, item, path)
        issuer = context.issuer(item, t.ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE)
        if (issuer, other) in seen:
            context.say("kos-other-id-twice", path)
        seen.add((issuer, other))
        if issuer in INS_OIDS:
            national.add(other)
    if len(national) > 1:
        context.say("kos-ins-two", under("", t.OTHER_PATIENT_IDS_SEQUENCE))
    own = (context.issuer(root, t.ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE), number)
    if context.described and number and own not in seen:
        context.say("kos-other-ids", under("", t.OTHER_PATIENT_IDS_SEQUENCE))


def _issuer(context: Context, node: Node, path: Path) -> None:
    """The issuer of one Patient ID; what is national must also look like it."""
    tag = t.ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE
    issuer, local = context.issuer(node, tag), context.text(node, t.ISSUER_OF_PATIENT_ID)
    if not issuer:
        context.say("kos-patient-issuer", under(path, tag))
    elif len(node.items(tag)) == 1 and not is_uid(issuer):
        if node.items(tag)[0].ascii(t.UNIVERSAL_ENTITY_ID_TYPE) == "ISO":
            return  # kos-issuer has said it
        context.say("kos-patient-issuer", under(path, tag))
    if local in _LOCAL_NAMES and issuer and issuer not in _LOCAL_NAMES[local]:
        context.say("kos-ins-name", under(path, t.ISSUER_OF_PATIENT_ID), value=local, expected=issuer)
    if issuer in INS_OIDS:
        if local and local not in _LOCAL_NAMES:
            context.say("kos-ins-name", under(path, t.ISSUER_OF_PATIENT_ID), value=local, expected=issuer)
        _matricule(context, context.text(node, t.PATIENT_ID), under(path, t.PATIENT_ID))


def _matricule(context: Context, number: str, path: Path) -> None:
    if _MATRICULE.fullmatch(number) is None:
        context.say("kos-ins-form", path, value=f"{len(number)}")
        return
    if not ins_key_is_right(number):
        context.say("kos-ins-key", path)
        return
    sex, born = context.root.ascii(t.PATIENT_SEX), context.root.ascii(t.PATIENT_BIRTH_DATE)
    if {number[0], sex} in ({"1", "F"}, {"2", "M"}) or (is_date(born) and born[2:4] != number[1:3]):
        context.say("kos-ins-traits", path)


def _zone(context: Context) -> None:
    tag = t.TIMEZONE_OFFSET_FROM_UTC
    zone = context.root.ascii(tag)
    if not zone:
        context.say("kos-zone-national" if context.national else "kos-zone-missing", under("", tag))
        return
    match = _ZONE.fullmatch(zone)
    minutes = int(match[2]) * 60 + int(match[3]) if match else 0
    if match is None or zone == "-0000" or not (-720 <= int(f"{match[1]}{minutes}") <= 840):
        context.say("kos-zone", under("", tag), value=zone)


def _day(context: Context, tag: int) -> date | None:
    text = context.root.ascii(tag)
    return date(int(text[:4]), int(text[4:6]), int(text[6:])) if is_date(text) else None


def _dates(context: Context) -> None:
    """Contradictions between dates; a day is allowed for clocks and zones."""
    study, content = _day(context, t.STUDY_DATE), _day(context, t.CONTENT_DATE)
    born, created = _day(context, t.PATIENT_BIRTH_DATE), _day(context, t.INSTANCE_CREATION_DATE)
    if study and content and content < study - timedelta(days=1):
        context.say("kos-before-study", under("", t.CONTENT_DATE), value=f"{content}", expected=f"{study}")
    if born and (last := study or content) and born > last + timedelta(days=1):
        context.say("kos-born-after", under("", t.PATIENT_BIRTH_DATE))
    if created and content and created < content - timedelta(days=1):
        context.say("kos-created-before", under("", t.INSTANCE_CREATION_DATE), value=created.isoformat())
