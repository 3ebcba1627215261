"""Reports of every shape as hypothesis makes them: strategies for the whole model, in its canonical form.

What a strategy leaves out is what a document cannot say: a telecom of a person that has no name beside its device, an
end of a participation without the participation.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gateway.cda.build.document import MODALITY_NAME, REGION_NAME, SCREENING, TYPE_ID
from gateway.model import datatypes as dt
from gateway.model import report_entries as entries
from gateway.model.codes import DCM, LOINC, SNOMED_CT
from gateway.model.identifiers import Identifier
from gateway.model.narrative import Narrative, Part
from gateway.model.people import (
    Guardian,
    Informant,
    Organization,
    Participant,
    Patient,
    Professional,
    RelatedPerson,
)
from gateway.model.report import Act, Authorization, Encounter, Order, RelatedDocument, Report
from gateway.model.report_body import SECTIONS, Body, Section
from gateway.model.times import Timestamp

said = st.sampled_from(
    ["x", "É œuvre", "a & b < c > d", "\"q\" 'p'", "]]>", "€ 漢 🩻", "12,5 mL", "a-b/c.(d)", "été", "&amp;", "L'Île"]
)
words = st.just("") | said
token = st.sampled_from(["A", "24727-0", "Z13.9", "x_1", "N18.9", "0"])
nulls = st.sampled_from(["NA", "UNK", "MSK", "NASK"])
oid = st.sampled_from([f"1.2.250.1.999.{number}" for number in range(1, 9)])
uuid_root = st.sampled_from(["3FDCAEC2-8441-11EC-A8A3-0242AC100001", "90e1c8ec-f951-4b26-a305-a34848818dd6"])


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def some(strategy: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


identifier = st.builds(Identifier, oid | uuid_root, optional(token))
full_identifier = st.builds(Identifier, oid, token)
any_identifier = identifier | st.builds(dt.InstanceId, oid, optional(token), assigning_authority=said)
withheld = st.builds(dt.InstanceId, st.just(""), null_flavor=nulls)


_TIMES = ["19811109", "202603121025+0100", "20260312102533-0930", "20260312102533", "20260312102533.25+0000", "2026"]


def timestamps() -> st.SearchStrategy[Timestamp]:
    return st.sampled_from([Timestamp.parse(text) for text in _TIMES])


wording = st.builds(dt.Wording, text=words, media_type=st.sampled_from(["", "text/xml"])) | st.builds(
    dt.Wording, reference=token.map(lambda name: f"#{name}")
)


def concepts(depth: int = 1) -> st.SearchStrategy[dt.Concept]:
    inner = concepts(depth - 1) if depth else st.nothing()
    qualifier = st.builds(dt.Qualifier, name=optional(inner), value=optional(inner))
    return st.builds(
        dt.Concept,
        token,
        oid,
        words,
        system_name=words,
        original_text=optional(wording),
        translations=some(inner, 1) if depth else st.just(()),
        qualifiers=some(qualifier, 1) if depth else st.just(()),
    ) | st.builds(dt.Concept, st.just(""), st.just(""), null_flavor=nulls)


concept = concepts()
plain_concept = st.builds(dt.Concept, token, oid, words, system_name=words)
telecom = st.builds(dt.Telecom, value=token.map(lambda text: f"tel:{text}"), use=st.sampled_from(["", "WP", "H"]))
part_name = st.sampled_from(["houseNumber", "streetName", "postalCode", "city", "country"])
address = st.builds(dt.Address, parts=some(st.tuples(part_name, said), 4), use=st.sampled_from(["", "H"])) | st.builds(
    dt.Address, null_flavor=nulls
)
person_name = st.builds(dt.PersonName, family=said, given=words, prefix=words, suffix=words)
contact = {"addresses": some(address), "telecoms": some(telecom)}
organization = st.builds(
    Organization, identifiers=some(identifier), name=words, sector=optional(plain_concept), **contact
)
measured = st.sampled_from(["0", "612", "1140.26", "0.140"])
quantity = st.builds(
    dt.Quantity,
    value=measured,
    unit=token,
    translations=some(st.builds(dt.QuantityTranslation, value=st.just(""), concept=concepts(0)), 1),
)
plain_quantity = st.builds(dt.Quantity, value=measured, unit=token)
dose = st.builds(dt.QuantityRange, value=quantity) | st.builds(
    dt.QuantityRange, low=plain_quantity, high=optional(plain_quantity)
)
time = st.builds(dt.Time, value=timestamps().map(lambda one: one.hl7)) | st.builds(dt.Time, null_flavor=nulls)
period = (
    st.builds(dt.Period, value=timestamps().map(lambda one: one.hl7))
    | st.builds(dt.Period, low=time, high=optional(time), type=st.sampled_from(["", "IVL_TS"]))
    | st.builds(dt.Period, null_flavor=nulls)
)
media = st.builds(
    dt.Media, media_type=st.just("application/pdf"), representation=st.just("B64"), content=st.binary(min_size=1)
) | st.builds(dt.Media, media_type=st.just("text/plain"), text=said)


@st.composite
def professionals(draw: st.DrawFn, *, person: bool = False, **more: st.SearchStrategy[Any]) -> Professional:
    about: dict[str, Any] = {
        "identifiers": draw(some(identifier)),
        "specialty": draw(optional(plain_concept)),
        "organization": draw(optional(organization)),
        "addresses": draw(some(address, 1)),
        "telecoms": draw(some(telecom, 1)),
    }
    if not person and draw(st.booleans()):
        model, software = draw(said), draw(words)
        about |= {"device": " ".join(filter(None, (model, software))), "device_model": model}
        about |= {"device_software": software, "device_code": draw(optional(plain_concept))}
    else:
        about |= {"family": draw(said), "given": draw(words), "prefix": draw(words), "suffix": draw(words)}
    about |= {name: draw(strategy) for name, strategy in more.items()}
    if not about["identifiers"]:
        about["identifier_null"] = draw(st.sampled_from(["", "UNK"]))
    return Professional(**about)


author = professionals(time=optional(timestamps()), role=optional(plain_concept))
signatory = professionals(person=True, time=optional(timestamps()), signature=st.just("S"))
entity = professionals(person=True)
participation = professionals(person=True, time=timestamps(), role=optional(plain_concept))
recipient = professionals(person=True, specialty=st.none())
value = st.one_of(
    st.builds(dt.Value, type=st.sampled_from(["CD", "CE"]), concept=concept),
    st.builds(dt.Value, type=st.just("PQ"), quantity=quantity),
    st.builds(dt.Value, type=st.just("IVL_PQ"), range=dose),
    st.builds(dt.Value, type=st.just("ST"), text=words),
    st.builds(dt.Value, type=st.sampled_from(["INT", "REAL", "BL"]), text=token),
    st.builds(dt.Value, type=st.just("ED"), media=media),
    st.builds(dt.Value, type=st.just("II"), identifier=identifier),
)


# .. narratives


def _inline(depth: int) -> st.SearchStrategy[Any]:
    leaf = st.sampled_from([Part("br"), Part("renderMultiMedia", (("referencedObject", "M"),))]) | said
    if not depth:
        return leaf
    held = st.lists(_inline(depth - 1), max_size=3)
    content = st.builds(lambda name, inside: Part("content", (("ID", name),), _joined(inside)), token, held)
    link = st.builds(lambda inside: Part("linkHtml", (("href", "http://a?b&c"),), _joined(inside)), held)
    return leaf | content | link


def _joined(children: list[Any]) -> tuple[Any, ...]:
    """Neighbouring words as one."""
    found: list[Any] = []
    for child in children:
        if isinstance(child, str) and found and isinstance(found[-1], str):
            found[-1] = f"{found[-1]} {child}"
        else:
            found.append(child)
    return tuple(found)


_inside = st.lists(_inline(2), max_size=4).map(_joined)
_paragraph = _inside.map(lambda inside: Part("paragraph", (), inside))
_row = st.lists(_inside.map(lambda inside: Part("td", (), inside)), min_size=1, max_size=2)
_table = st.lists(_row.map(lambda cells: Part("tr", (), tuple(cells))), max_size=2).map(
    lambda rows: Part("table", (("border", "0"),), (Part("tbody", (), tuple(rows)),))
)
_list = st.lists(_inside.map(lambda inside: Part("item", (), inside)), max_size=2).map(
    lambda items: Part("list", (), tuple(items))
)
narrative = st.builds(
    Narrative,
    st.lists(_paragraph | _table | _list | said, max_size=3).map(_joined),
    st.sampled_from([(), (("ID", "n"),)]),
)


# .. entries

_participant = st.builds(
    entries.EntryParticipant,
    type_code=st.sampled_from(["RESP", "DEV"]),
    role_class=st.sampled_from(["", "MANU"]),
    time=optional(period),
    identifiers=some(any_identifier | withheld),
    code=optional(plain_concept),
    device=st.just(value=True),
    entity=st.just(value=True),
    entity_class=st.sampled_from(["", "DEV"]),
    entity_code=optional(concept),
    device_model=words,
    device_software=words,
    **contact,
) | st.builds(
    entries.EntryParticipant,
    type_code=st.just("RESP"),
    entity=st.just(value=True),
    name=optional(person_name),
    description=optional(wording),
)
_product = st.builds(
    entries.Product,
    identifiers=some(identifier, 1),
    code=optional(concept),
    name=words,
    lot=words,
    manufacturer=optional(organization),
    link=st.sampled_from(["", "CSM"]),
    class_code=st.sampled_from(["", "MANU"]),
)
_OWN: dict[type[entries.Entry], dict[str, st.SearchStrategy[Any]]] = {
    entries.Procedure: {"methods": some(concept), "approach_sites": some(concept, 1), "sites": some(concept, 1)},
    entries.Observation: {
        "values": some(value),
        "interpretations": some(concept, 1),
        "methods": some(concept, 1),
        "sites": some(concept, 1),
    },
    entries.Administration: {
        "more_times": some(period, 1),
        "route": optional(concept),
        "approach_sites": some(concept, 1),
        "dose": optional(dose),
        "rate": optional(dose),
        "product": optional(_product),
    },
    entries.Supply: {
        "more_times": some(period, 1),
        "quantity": optional(plain_quantity),
        "product": optional(_product),
    },
}
_KINDS = [kind for kind in entries.ENTRIES if kind.TAG != "organizer"]


@st.composite
def clinical_statements(draw: st.DrawFn, depth: int = 1, link: str = "COMP") -> entries.Entry:
    """An entry of any kind, its templates those of its class."""
    kind = draw(st.sampled_from([*_KINDS, entries.Attachment, entries.EmbeddedMedia]))
    common: dict[str, Any] = {
        "link": draw(st.sampled_from(["", link])),
        "class_code": draw(st.sampled_from(["", "OBS"])),
        "mood_code": "EVN",
        "xml_id": draw(st.sampled_from(["", "X1"])),
        "identifiers": draw(some(any_identifier | withheld)),
        "language": draw(st.sampled_from(["", "fr-FR"])),
        "performers": draw(some(entity, 1)),
        "authors": draw(some(author, 1)),
        "participants": draw(some(_participant, 1)),
        "relations": draw(some(clinical_statements(depth - 1, "SUBJ"), 1)) if depth else (),
    }
    if kind is entries.EmbeddedMedia:
        return entries.EmbeddedMedia(**common, media=draw(optional(media)))
    roots = (*kind.INTERNATIONAL, kind.FRENCH)
    if kind.TAG in ("act", "encounter", "observation", "procedure", "substanceAdministration"):
        common["negated"] = draw(st.sampled_from(["", "true", "false"]))
    common |= {
        "templates": tuple(Identifier(root) for root in roots if root),
        "code": draw(optional(concept)),
        "text": draw(optional(wording)),
        "status": draw(st.sampled_from(["", "completed"])),
        "time": draw(period) if "more_times" in kind.__dataclass_fields__ else draw(optional(period)),
        "priority": draw(optional(plain_concept)),
    }
    own = next((fields for base, fields in _OWN.items() if issubclass(kind, base)), {})
    return kind(**common, **{name: draw(strategy) for name, strategy in own.items()})


@st.composite
def sections(draw: st.DrawFn, depth: int = 1, entry_depth: int = -1) -> Section:
    """A section of any kind, with subsections down to *depth*; with an entry unless *entry_depth* is below 0."""
    kind = draw(st.sampled_from(SECTIONS))
    return kind(
        xml_id=draw(st.sampled_from(["", "S1"])),
        templates=tuple(map(Identifier, kind.STANDARD)),
        identifiers=draw(some(identifier)),
        code=draw(optional(concept)),
        title=draw(words),
        text=draw(optional(narrative)),
        confidentiality=draw(optional(plain_concept)),
        language=draw(st.sampled_from(["", "fr-FR"])),
        authors=draw(some(author, 1)),
        entries=() if entry_depth < 0 else (draw(clinical_statements(entry_depth)),),
        sections=draw(some(sections(depth - 1))) if depth else (),
    )


# .. the header


def _named(name: dt.Concept) -> st.SearchStrategy[dt.Concept]:
    code = st.sampled_from([DCM, SNOMED_CT])
    return st.builds(dt.Concept, token, code, words, qualifiers=st.just((dt.Qualifier(name=name),)))


act = st.builds(
    Act,
    study_uid=oid,
    code=st.builds(dt.Concept, token, st.just(LOINC), words, system_name=st.just("LOINC")),
    procedures=some(st.builds(dt.Concept, token, st.just("1.2.250.1.213.2.5"), words), 1),
    modalities=some(_named(MODALITY_NAME)),
    regions=some(_named(REGION_NAME)),
    more_translations=some(plain_concept, 1),
    more_identifiers=some(full_identifier, 1),
    start=optional(timestamps()),
    stop=optional(timestamps()),
    performer=optional(professionals(person=True, time=optional(timestamps()))),
)
order = st.builds(
    Order,
    placer=optional(full_identifier),
    accession=full_identifier,
    code=optional(plain_concept),
    priority=optional(plain_concept),
)
patient = st.builds(
    Patient,
    identifiers=st.lists(full_identifier, min_size=1, max_size=3, unique=True).map(tuple),
    birth_family=said,
    birth_given=words,
    given_names=words,
    used_family=words,
    used_given=words,
    prefix=words,
    suffix=words,
    birth_date=st.sampled_from(["19811109", "198111", "1981"]),
    sex=st.sampled_from("FMU"),
    sex_display=said,
    birth_place=st.sampled_from(["", "29151"]),
    birth_address=st.none() | st.builds(dt.Address, parts=st.tuples(st.tuples(st.just("city"), said))),
    birth_place_name=words,
    guardians=some(
        st.builds(Guardian, identifiers=some(identifier, 1), code=optional(plain_concept), name=person_name, **contact),
        1,
    ),
    provider=optional(organization),
    **contact,
)
informant = st.builds(Informant, professional=entity) | st.builds(
    Informant,
    related=st.builds(
        RelatedPerson,
        class_code=st.just("ECON"),
        code=optional(plain_concept),
        name=optional(person_name),
        start=optional(timestamps()),
        stop=optional(timestamps()),
        **contact,
    ),
)
encounter = st.builds(
    Encounter,
    code=optional(plain_concept),
    start=optional(timestamps()),
    stop=optional(timestamps()),
    facility=optional(identifier),
    facility_type=optional(plain_concept),
    identifiers=some(identifier, 1),
    discharge=optional(plain_concept),
    responsible=optional(entity),
    participants=some(
        st.builds(Participant, type_code=st.just("CON"), professional=professionals(person=True, time=timestamps())),
        1,
    ),
    facility_name=words,
    facility_address=optional(address),
    provider=optional(organization),
)
related = st.builds(
    RelatedDocument,
    type_code=st.sampled_from(["RPLC", "APND", "XFRM"]),
    identifier=identifier,
    more_identifiers=some(identifier, 1),
    code=optional(plain_concept),
    set_id=optional(identifier),
    version=optional(st.integers(1, 999)),
)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """A report of level 1: the whole header, and a document."""
    header: dict[str, Any] = {
        "realm": st.just("FR"),
        "type_id": st.just(TYPE_ID),
        "identifier": identifier,
        "templates": st.lists(identifier, min_size=1, max_size=3, unique=True).map(tuple),
        "code": plain_concept,
        "code_translations": some(plain_concept),
        "title": words,
        "effective_time": optional(timestamps()),
        "confidentiality": optional(plain_concept),
        "language": st.sampled_from(["", "fr-FR"]),
        "set_id": optional(identifier),
        "version": optional(st.integers(0, 999)),
        "patient": patient,
        "authors": some(author),
        "data_enterer": optional(professionals(person=True, time=optional(timestamps()))),
        "informants": some(informant, 1),
        "custodian": optional(organization),
        "recipients": some(st.builds(Participant, type_code=st.just("PRCP"), professional=recipient), 1),
        "legal_authenticator": optional(signatory),
        "authenticators": some(signatory, 1),
        "participants": some(
            st.builds(
                Participant,
                type_code=st.just("REF"),
                class_code=st.just("PROV"),
                professional=participation,
                stop=optional(timestamps()),
            )
        ),
        "orders": st.lists(order, min_size=1, max_size=2).map(tuple),
        "acts": st.lists(act, min_size=1, max_size=2, unique_by=lambda one: one.study_uid).map(tuple),
        "related": some(related, 1),
        "authorizations": some(
            st.builds(
                Authorization,
                identifiers=some(identifier, 1),
                code=optional(plain_concept),
                status=st.just("completed"),
            ),
            1,
        ),
        "encounter": optional(encounter),
    }
    screening, code = draw(st.sampled_from([(False, None), (True, SCREENING)]))
    body = Body(media=draw(media.filter(lambda one: bool(one.content))))
    return Report(
        level=1,
        media_type="application/pdf",
        screening=screening,
        screening_code=code,
        body=body,
        **{name: draw(strategy) for name, strategy in header.items()},
    )
