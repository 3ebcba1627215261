"""A form to a whole :class:`gateway.model.report.Report`: header, sections in the order of the specification, links.

Where a form leaves something out that the document needs, it is taken from what the form says elsewhere: the signatory
is the first author, the structure of a professional is the document's. Sources: IMG-CR-IMG 2024.01 technical
specification section 3.2; CI-SIS "Structuration minimale".
"""

from __future__ import annotations

from gateway.cda.build.document import SCREENING, TYPE_ID
from gateway.errors import InputRejected
from gateway.model.codes import LOINC
from gateway.model.datatypes import Media
from gateway.model.identifiers import Identifier
from gateway.model.link import national_url
from gateway.model.people import Organization, Participant, Professional
from gateway.model.report import IMG_CR_IMG_TEMPLATE, UNSTRUCTURED_TEMPLATE, Act, Order, RelatedDocument, Report
from gateway.model.report_body import Body, Comparison, Conclusion, EarlierResults, Results, Section
from gateway.report_form import schema, sections
from gateway.report_form.acts import imaging_act
from gateway.report_form.fields import Id
from gateway.report_form.narrative import said
from gateway.report_form.parts import Names, coded, section, stamp
from gateway.report_form.people import encounter, informant, organization, patient, professional
from gateway.report_form.places import ActContext
from gateway.report_form.schema import ReportForm

_COMMON = (Identifier("2.16.840.1.113883.2.8.2.1"), Identifier("1.2.250.1.213.1.1.1.1"))
_LEVEL_3 = (
    *_COMMON,
    Identifier("1.2.840.10008.9.1"),
    Identifier("1.2.840.10008.9.20"),
    Identifier("1.2.840.10008.9.21"),
    Identifier(IMG_CR_IMG_TEMPLATE, "2024.01"),
)
_LEVEL_1 = (*_COMMON, Identifier(UNSTRUCTURED_TEMPLATE))


def compose(form: ReportForm) -> Report:
    """The complete IMG-CR-IMG report (level 3) of *form*.

    Raises InputRejected (``form_missing``, ``form_accession_unknown``...) with the JSON path in ``place``.
    """
    for name in ("clinical_information", "conclusion"):
        if getattr(form, name) is None:
            raise InputRejected("form_missing", place=name)
    return _report(form, level=3, templates=_LEVEL_3, body=Body(sections=tuple(_sections(form))))


def compose_unstructured(form: ReportForm, content: bytes, media_type: str = "application/pdf") -> Report:
    """The report of level 1 around *content*: the header of *form*, the document as it is as the body."""
    media = Media(media_type=media_type, representation="B64", content=content)
    return _report(form, level=1, templates=_LEVEL_1, body=Body(media=media), media_type=media_type)


def _report(
    form: ReportForm, *, level: int, templates: tuple[Identifier, ...], body: Body, media_type: str = ""
) -> Report:
    document = form.document
    names = Names(document.id.identifier)
    if any(document.written_at < act.started_at for act in form.acts):
        raise InputRejected("form_before_act", place="document.written_at")
    studies = [act.study_uid for act in form.acts]
    for number, study_uid in enumerate(studies):
        if study_uid in studies[:number]:
            raise InputRejected("form_study_twice", place=f"acts[{number}].study_uid")
    authors = tuple(_signed(form, one) for one in form.authors)
    signer = form.legal_authenticator or form.authors[0]
    # One for each act; two acts of one kind share theirs: a data type CD has no translation twice (HL7 v3, SET).
    translations = {(one.code, one.system): one for one in (act.code.concept for act in form.acts)}
    return Report(
        realm="FR",
        type_id=TYPE_ID,
        identifier=document.id.identifier,
        level=level,
        media_type=media_type,
        templates=templates,
        code=coded("18748-4", LOINC, "CR d’imagerie médicale"),
        code_translations=tuple(translations.values()),
        title=document.title,
        effective_time=stamp(document.written_at),
        confidentiality=document.confidentiality.concept,
        language=document.language,
        set_id=document.set_id.identifier if document.set_id else names.id("set")[0],
        version=document.version,
        patient=patient(form.patient),
        authors=authors,
        legal_authenticator=_signed(form, signer, signature="S"),
        authenticators=tuple(_signed(form, one, signature="S") for one in form.authenticators),
        custodian=_custodian(form),
        informants=tuple(informant(one) for one in form.near_persons),
        recipients=tuple(Participant(type_code="PRCP", professional=professional(one)) for one in form.recipients),
        participants=tuple(_participants(form)),
        orders=tuple(_order(one) for one in form.orders),
        acts=tuple(_act(form, number, act) for number, act in enumerate(form.acts)),
        screening=form.screening,
        screening_code=SCREENING if form.screening else None,
        encounter=encounter(form),
        related=_replaced(document.replaces),
        body=body,
    )


def _signed(form: ReportForm, value: schema.Professional, signature: str = "") -> Professional:
    """Somebody who wrote or signed, when, and for which structure."""
    return professional(
        value,
        organization=organization(value.organization or form.organization),
        time=stamp(value.at or form.document.written_at),
        signature=signature,
    )


def _custodian(form: ReportForm) -> Organization:
    """The structure, as far as a custodian may say it: one id, one address, one telecom, no sector."""
    held = form.organization
    whole = organization(held)
    return Organization(
        identifiers=whole.identifiers[:1],
        name=whole.name,
        addresses=whole.addresses[:1],
        telecoms=whole.telecoms[:1],
    )


def _participants(form: ReportForm) -> list[Participant]:
    """Requester, treating physician, and others; a participation without a date says that none applies."""
    found = []
    if form.requester is not None:
        found.append(_participant("REF", form.requester))
    if form.treating_physician is not None:
        role = coded("PCP", "2.16.840.1.113883.5.88", "Médecin Traitant")
        found.append(_participant("INF", form.treating_physician, role=role))
    found += [_participant(one.type, one.professional) for one in form.participants]
    return found


def _participant(type_code: str, value: schema.Professional, **more: object) -> Participant:
    when = {"time": stamp(value.at)} if value.at else {"time_null": "NA"}
    about = professional(
        value, organization=organization(value.organization) if value.organization else None, **when, **more
    )
    return Participant(type_code=type_code, class_code="PROV", professional=about)


def _order(value: schema.Order) -> Order:
    placer = value.placer.identifier if value.placer else None
    return Order(placer=placer, placer_null="" if placer else "NA", accession=value.accession.identifier)


def _performer(form: ReportForm, number: int) -> schema.Professional:
    """Who performed an act; the official rules want the specialty, the structure and its sector."""
    act = form.acts[number]
    value = act.performer or form.authors[0]
    place = f"acts[{number}].performer" if act.performer else "authors[0]"
    if value.specialty is None:
        raise InputRejected("form_performer_specialty", place=f"{place}.specialty")
    if (value.organization or form.organization).sector is None:
        where = f"{place}.organization" if value.organization else "organization"
        raise InputRejected("form_performer_sector", place=f"{where}.sector")
    return value


def _act(form: ReportForm, number: int, act: schema.Act) -> Act:
    performer = _performer(form, number)
    return Act(
        study_uid=act.study_uid,
        code=act.code.concept,
        procedures=() if act.ccam is None else (act.ccam.concept,),
        modalities=tuple(one.concept for one in act.modalities),
        regions=tuple(one.concept for one in act.regions),
        start=stamp(act.started_at),
        stop=stamp(act.ended_at) if act.ended_at else None,
        performer=professional(performer, organization=organization(performer.organization or form.organization)),
    )


def _replaced(value: Id | None) -> tuple[RelatedDocument, ...]:
    return () if value is None else (RelatedDocument(type_code="RPLC", identifier=value.identifier),)


# .. the body


def _sections(form: ReportForm) -> list[Section]:
    """The sections in the order of the official example."""
    names = Names(form.document.id.identifier)
    found: list[Section | None] = [
        _addendum(form, names),
        None if form.clinical_information is None else sections.clinical_information(form.clinical_information, names),
        *(_imaging_act(form, number, names) for number in range(len(form.acts))),
        sections.devices(form.devices, form.acts[0].started_at, names) if form.devices else None,
        section(Results, names, "resultats", said(form.results)) if form.results else None,
        section(EarlierResults, names, "anterieurs", said(form.earlier_results)) if form.earlier_results else None,
        section(Comparison, names, "comparaison", said(form.comparison)) if form.comparison else None,
        section(Conclusion, names, "conclusion", said(form.conclusion)) if form.conclusion else None,
        sections.attached_documents(form.attachments, names) if form.attachments else None,
    ]
    if form.patient_information:
        found.append(sections.patient_education(form.patient_information, form.document.written_at, names))
    return [each for each in found if each is not None]


def _addendum(form: ReportForm, names: Names) -> Section | None:
    if form.addendum is None:
        return None
    return sections.addendum(form.addendum, _signed(form, form.addendum.author or form.authors[0]), names)


def _imaging_act(form: ReportForm, number: int, names: Names) -> Section:
    act = form.acts[number]
    context = ActContext(
        names=names,
        number=number + 1,
        sex=form.patient.sex,
        performer=act.performer or form.authors[0],
        link=_link(form, number),
    )
    return imaging_act(act, context)


def _link(form: ReportForm, number: int) -> str:
    act = form.acts[number]
    numbers = [order.accession for order in form.orders]
    accession = act.accession or numbers[0]
    if accession not in numbers:
        raise InputRejected("form_accession_unknown", place=f"acts[{number}].accession")
    if act.images.link or not form.document.images_location:
        return act.images.link or ""
    document = form.document.id.identifier
    return national_url(form.document.images_location, act.study_uid, accession.identifier, document)
