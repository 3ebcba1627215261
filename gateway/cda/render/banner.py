"""The head of a rendered report: who it is about, what was done, by whom, and where the images are.

Sources: CI-SIS "Structuration minimale des documents de santé"; IMG-CR-IMG 2024.01 technical specification section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from lxml import etree

from gateway.cda.catalog import CATALOG_TEMPLATES, instances, sections, studies
from gateway.cda.elements import PS3_20, attribute, find, has_template, path, text_of
from gateway.cda.render.facts import (
    coded,
    contact,
    each,
    identifier,
    ins_words,
    label,
    modality,
    moment,
    name,
    person,
    translation,
)
from gateway.cda.render.html import h, link, web_address
from gateway.cda.render.words import word
from gateway.model.identifiers import INS_OIDS

_SCREENING = "Z13.9"
_ACCESSION = f"{{{PS3_20}}}accessionNumber"

Pair = tuple[str, str]


def title_of(root: etree._Element, language: str) -> str:
    """The title of the document, or what it is."""
    return text_of(find(root, "title")) or label(find(root, "code")) or word("report", language)


def banner(root: etree._Element, language: str, top: int) -> etree._Element:
    """The whole head as one ``header``; *top* is the level of its heading."""
    made = h("header", class_="banner")
    made.append(h(f"h{top}", title_of(root, language)))
    made.append(_line(root, language))
    made.append(h("div", patient(root, language, top + 1), _document(root, language), class_="identity"))
    made.append(acts(root, language, top + 1))
    return made


def _line(root: etree._Element, language: str) -> etree._Element:
    said = [moment(find(root, "effectiveTime"), language)]
    custodian = text_of(find(root, "custodian/assignedCustodian/representedCustodianOrganization/name"))
    if version := attribute(find(root, "versionNumber"), "value"):
        said.append(f"{word('version', language)} {version}")
    return h("p", " · ".join(filter(None, (custodian, *said))), class_="subtitle")


def patient(root: etree._Element, language: str, level: int) -> etree._Element:
    """The patient's identity: names, sex, birth, age at the act, every identifier."""
    role = find(root, "recordTarget/patientRole")
    who = find(role, "patient")
    birth_family, used_family, birth_given, givens, used_given = _names(find(who, "name"))
    family, given = birth_family or used_family, birth_given or givens.partition(" ")[0] or used_given
    pairs: list[Pair] = []
    if (used_family and used_family != family) or (used_given and used_given != given):
        pairs.append(
            (word("used_name", language), " ".join(filter(None, (used_family or family, used_given or given))))
        )
    if givens and givens != given:
        pairs.append((word("birth_name", language), f"{family} {givens}"))
    sex = attribute(find(who, "administrativeGenderCode"), "code")
    words = {"M": "male", "F": "female", "UN": "unknown_sex"}
    pairs.append((word("sex", language), word(words.get(sex, "not_stated"), language)))
    born = {"F": "born_f", "M": "born_m"}.get(sex, "born")
    told = moment(find(who, "birthTime"), language)
    pairs.append((word(born, language), f"{told}{_age(root, who, language)}" if told else word("not_stated", language)))
    if place := text_of(find(who, "birthplace/place/addr/county")):
        pairs.append((word("birth_place", language), place))
    stated = sorted(each(role, "id"), key=lambda one: attribute(one, "root") not in INS_OIDS)
    pairs += [(ins_words(attribute(one, "root"), language), identifier(one)) for one in stated if identifier(one)]
    heading = h(f"h{level}", " ".join(filter(None, (family, given))) or word("patient", language))
    return h("section", heading, pairs_list(pairs), class_="patient", aria_label=word("patient", language))


def _names(element: etree._Element | None) -> tuple[str, str, str, str, str]:
    """Birth family, used family, birth given, all given names, used given (CI-SIS qualifiers BR, CL)."""
    found: dict[tuple[str, str], str] = {}
    for part in ("family", "given"):
        for one in each(element, part):
            found.setdefault((part, attribute(one, "qualifier")), text_of(one))
    plain_family = found.get(("family", ""), "")
    return (
        found.get(("family", "BR"), "") or plain_family,
        found.get(("family", "CL"), "") or found.get(("family", "SP"), ""),
        found.get(("given", "BR"), ""),
        found.get(("given", ""), ""),
        found.get(("given", "CL"), ""),
    )


def _age(root: etree._Element, who: etree._Element | None, language: str) -> str:
    """The age at the first act, else at the report, in the unit that tells most; nothing when a day is missing."""
    act = find(root, "documentationOf/serviceEvent/effectiveTime")
    born, then = _day(find(who, "birthTime")), _day(act) or _day(find(root, "effectiveTime"))
    if born is None or then is None or then < born:
        return ""
    months = (then.year - born.year) * 12 + then.month - born.month - (then.day < born.day)
    if months >= 24:
        return f" ({word('years', language, age=months // 12)})"
    if months >= 2:
        return f" ({word('months', language, age=months)})"
    return f" ({word('days', language, age=(then - born).days)})"


def _day(element: etree._Element | None) -> date | None:
    value = attribute(element, "value") or attribute(find(element, "low"), "value")
    try:
        return date.fromisoformat(f"{value[:4]}-{value[4:6]}-{value[6:8]}")
    except ValueError:
        return None


def _document(root: etree._Element, language: str) -> etree._Element:
    return h(
        "section", pairs_list(list(_people(root, language))), class_="about", aria_label=word("document", language)
    )


def _people(root: etree._Element, language: str) -> Iterator[Pair]:
    """Who asked, wrote, signed and receives the report, and for which order."""
    requesters = [one for one in each(root, "participant") if attribute(one, "typeCode") == "REF"]
    for one in requesters:
        role = find(one, "associatedEntity")
        yield word("requester", language), ", ".join(filter(None, (person(role), contact(role))))
    orders = list(each(root, "inFulfillmentOf/order"))
    yield from ((word("order", language), identifier(find(one, "id"))) for one in orders)
    yield from ((word("accession", language), identifier(one.find(_ACCESSION))) for one in orders)
    for one in each(root, "author"):
        role = find(one, "assignedAuthor")
        when = moment(find(one, "time"), language)
        yield word("author", language), ", ".join(filter(None, (person(role), contact(role), when)))
    for one in each(root, "legalAuthenticator"):
        who = person(find(one, "assignedEntity"))
        yield word("signed", language), ", ".join(filter(None, (who, moment(find(one, "time"), language))))
    for one in each(root, "informationRecipient/intendedRecipient"):
        yield word("recipient", language), person(one)
    for one in each(root, "participant"):
        told = person(find(one, "associatedEntity"))
        if one not in requesters and told not in (person(find(other, "associatedEntity")) for other in requesters):
            yield word("participant", language), told
    encounter = find(root, "componentOf/encompassingEncounter/location/healthCareFacility")
    where = name(find(encounter, "location/name")) or name(find(encounter, "serviceProviderOrganization/name"))
    if told := ", ".join(filter(None, (where, label(find(encounter, "code"))))):
        yield word("performed_at", language), told
    for one in each(root, "relatedDocument"):
        if attribute(one, "typeCode") == "RPLC":
            yield word("replaces", language), identifier(find(one, "parentDocument/id"))


def pairs_list(pairs: list[Pair]) -> etree._Element:
    """Labels and values; a label that repeats stands once over its values."""
    made = h("dl")
    before = ""
    for about, value in pairs:
        if not value:
            continue
        if about != before:
            group = h("div", h("dt", about))
            made.append(group)
        group.append(h("dd", value))
        before = about
    return made


def acts(root: etree._Element, language: str, level: int) -> etree._Element:
    """The documented acts, each with when, how, where, by whom, and the link to its images."""
    rows: list[etree._Element] = []
    addresses = image_addresses(root)
    screening = False
    for event in each(root, "documentationOf/serviceEvent"):
        code = find(event, "code")
        if attribute(code, "code") == _SCREENING:
            screening = True
            continue
        study = next((uid for one in each(event, "id") if (uid := attribute(one, "root")) in addresses), "")
        rows.append(_act_row(event, addresses.pop(study, None), len(rows) + 1, language))
    for address in addresses.values():
        rows.append(_row("", "", "", "", "", images_link(address, len(rows) + 1, language)))
    made = h("section", h(f"h{level}", word("acts", language)), class_="acts")
    if rows:
        columns = ["act", "date", "modality", "region", "performer", "images_column"]
        if not any(len(row[-1]) for row in rows):
            # As received, a report has no link yet.
            columns.pop()
            for row in rows:
                row.remove(row[-1])
        head = h("thead", h("tr", *(h("th", word(one, language), scope="col") for one in columns)))
        made.append(h("div", h("table", head, h("tbody", *rows)), class_="scroll"))
    if screening:
        made.append(h("p", word("screening", language), class_="quiet"))
    return made


def _act_row(event: etree._Element, address: str | None, number: int, language: str) -> etree._Element:
    code = find(event, "code")
    return _row(
        coded(code) or word("not_stated", language),
        moment(find(event, "effectiveTime"), language),
        modality(code),
        translation(code, "39111-0"),
        name(find(event, "performer/assignedEntity/assignedPerson/name")),
        "" if address is None else images_link(address, number, language),
    )


def _row(*cells: etree._Element | str) -> etree._Element:
    return h("tr", *(h("td", cell) for cell in cells))


def images_link(value: str, number: int, language: str) -> etree._Element:
    """The link to the images of act *number*, or why there is none that can be followed."""
    address = web_address(value)
    if address is None:
        return h("span", word("images_elsewhere", language), class_="quiet")
    made = link(address, word("images", language), class_="images")
    made.set("aria-label", word("images_of", language, number=number))
    return made


def image_addresses(root: etree._Element) -> dict[str, str]:
    """The link of each study of the object catalogs, by its UID."""
    found: dict[str, str] = {}
    for section in sections(root):
        if has_template(section, CATALOG_TEMPLATES):
            for uid, address in addresses_of(section):
                found.setdefault(uid, address)
    return found


def addresses_of(catalog: etree._Element) -> Iterator[tuple[str, str]]:
    """The studies of one object catalog with their links."""
    for study, uids in studies(catalog):
        for instance in instances(study):
            value = attribute(instance.find(path("text/reference")), "value")
            if value and uids:
                yield min(uids), value
