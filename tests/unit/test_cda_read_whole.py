"""Reading a report whole: everything is in the value, or listed with its path and why."""

from __future__ import annotations

import base64

import pytest
from lxml import etree

from gateway.cda import node
from gateway.cda.build import build
from gateway.cda.read import read
from gateway.cda.whole import read_whole
from gateway.errors import InputRejected
from gateway.model.codes import CCAM_SYSTEMS
from gateway.model.datatypes import InstanceId, Media
from gateway.model.identifiers import Identifier
from gateway.model.report import Report
from gateway.model.report_body import Body, ImagingAct, Section
from gateway.model.report_entries import ReferencePurpose
from gateway.texts import TEXTS
from gateway.trust import safexml
from tests.support.cda import add, at, chest_report, ct_report
from tests.support.report_documents import one, tree
from tests.support.tokens import covered, listed, mark, places, strings, token
from tests.support.whole_body import PDF, STUDY
from tests.support.whole_report import level_1_report, whole_report

NARRATIVE = "{urn:hl7-org:v3}text"


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "LISTED", 1_000_000)


@pytest.fixture(scope="module")
def report() -> Report:
    return read_whole(whole_report())


def body_of(report: Report) -> Body:
    assert report.body is not None
    return report.body


def act_of(report: Report) -> ImagingAct:
    return body_of(report).acts[0]


def decides(element: etree._Element, name: str, value: str) -> bool:
    """Whether what stands there decides how the rest is read, so that it cannot be changed together with it."""
    local = str(element.tag).rpartition("}")[2]
    parent = element.getparent()
    above = "" if parent is None else str(parent.tag).rpartition("}")[2]
    return (
        name.startswith("{")
        or local in ("templateId", "versionNumber", "administrativeGenderCode")
        or name in ("representation", "nullFlavor")
        or (above, local) == ("qualifier", "name")
        or value in CCAM_SYSTEMS
        or value in ("Z13.9", "2.16.840.1.113883.6.3")
        or (above == "observationMedia" and name == "text()")
    )


def kept(report: Report) -> str:
    return "\n".join(strings(report))


@pytest.mark.usefixtures("unlimited")
def test_every_attribute_and_text_is_in_the_value_or_listed() -> None:
    root = whole_report()
    marks = []
    for number, (element, name, value) in enumerate(list(places(root))):
        if decides(element, name, value):
            continue
        marks.append((element, name, token(number, value)))
    for element, name, value in marks:
        mark(element, name, value)
    report = read_whole(root)
    text, known = kept(report), listed(root, report.not_understood)
    lost = [(e.tag, n, v) for e, n, v in marks if v not in text and not covered(e, n, known)]
    assert len(marks) > 1000
    assert lost == []


@pytest.mark.usefixtures("unlimited")
def test_what_decides_is_in_the_value_or_listed_when_it_is_changed_alone() -> None:
    every = enumerate(places(whole_report()))
    deciding = {(e.tag, n, v): i for i, (e, n, v) in every if decides(e, n, v)}.values()
    lost, refused = [], 0
    for position in deciding:
        root = whole_report()
        element, name, value = list(places(root))[position]
        changed = token(position, value)
        if element.getparent() is not None and str(element.getparent().tag).endswith("observationMedia"):  # type: ignore[union-attr]
            changed = base64.b64encode(changed.encode()).decode() if name == "text()" else changed
        mark(element, name, changed)
        try:
            report = read_whole(root)
        except InputRejected:
            refused += 1
            continue
        shown = base64.b64decode(changed).decode() if name == "text()" else changed
        if shown not in kept(report) and not covered(element, name, listed(root, report.not_understood)):
            lost.append((element.tag, name, value))
    assert len(deciding) > 80
    assert refused < 10
    assert lost == []


@pytest.mark.usefixtures("unlimited")
@pytest.mark.parametrize("what", ["attribute", "foreign attribute", "element", "foreign element", "text"])
def test_what_the_model_does_not_foresee_is_listed_wherever_it_stands(what: str) -> None:
    root = whole_report()
    marks = []
    for number, element in enumerate(list(root.iter("*"))):
        value = f"m{number}k"
        if what == "attribute":
            place = (element, "unforeseen", value)
            element.set("unforeseen", value)
        elif what == "foreign attribute":
            place = (element, "{urn:other}unforeseen", value)
            element.set("{urn:other}unforeseen", value)
        elif what == "text":
            place = (element, "text()", value)
            element.text = (element.text or "") + value
        else:
            namespace = "urn:hl7-org:v3" if what == "element" else "urn:other"
            child = etree.SubElement(element, f"{{{namespace}}}unforeseen")
            child.text = value
            place = (child, "text()", value)
        if not str(element.tag).endswith("observationMedia") and element.get("representation") != "B64":
            marks.append(place)
    report = read_whole(root)
    text, known = kept(report), listed(root, report.not_understood)
    lost = [(e.tag, n, v) for e, n, v in marks if v not in text and not covered(e, n, known)]
    assert lost == []


def test_a_conforming_report_leaves_nothing_unread() -> None:
    assert read_whole(whole_report()).not_understood == ()
    assert read_whole(ct_report()).not_understood == ()
    assert read_whole(chest_report()).not_understood == ()


def test_the_short_and_the_whole_reading_agree() -> None:
    short, whole = read(whole_report()), read_whole(whole_report())
    assert short.body is None
    assert short.identifier == whole.identifier
    assert (short.accessions, short.study_uids) == (whole.accessions, whole.study_uids)
    assert (short.version, short.set_id, short.level, short.title) == (2, whole.set_id, whole.level, whole.title)
    assert short.patient.birth_date == whole.patient.birth_date == "19811109"
    assert (short.patient.ins, short.patient.family) == (whole.patient.ins, whole.patient.family)
    assert [each.code for each in short.acts[0].modalities] == [each.code for each in whole.acts[0].modalities]
    assert short.acts[0].performer is not None
    assert whole.acts[0].performer is not None
    assert short.acts[0].performer.identifiers == whole.acts[0].performer.identifiers


def test_the_header_is_kept_whole(report: Report) -> None:
    patient = report.patient
    assert patient.identifiers[1] == InstanceId("1.2.250.1.999.3", "IPP-7Q4021", assigning_authority="Site")
    assert (patient.spouse_family, patient.birth_place, patient.sex_display) == ("LE GOFF", "29151", "Féminin")
    assert patient.birth_address is not None
    assert patient.birth_address.parts == (("city", "MORLAIX"),)
    assert patient.birth_time is not None
    assert patient.birth_time.hl7 == "198111090310+0100"
    assert patient.addresses[0].lines == ("4 quai de la Rade", "29160 CROZON")
    assert [bool(guardian.organization) for guardian in patient.guardians] == [False, True]
    assert report.requester is not None
    assert report.requester.identifiers[0].extension == "810999000028"
    assert report.participants[0].stop is not None
    assert report.treating_physician is not None
    assert (report.treating_physician.time_null, report.treating_physician.identifier_null) == ("NA", "UNK")
    assert [bool(each.related) for each in report.informants] == [True, False]
    assert (report.authors[1].device, report.authors[1].device_software) == ("Modèle Logiciel 3", "Logiciel 3")
    assert report.authors[1].time is not None
    assert report.authors[1].time.hl7 == "20250314101700.250+0100"
    assert report.screening
    assert report.screening_code is not None
    assert (report.orders[0].priority is not None, report.orders[1].accession_null) == (True, "UNK")
    assert report.related[0].version == 1
    assert report.encounter is not None
    assert report.encounter.facility_name == "Centre"
    assert [each.type_code for each in report.encounter.participants] == ["ATND"]
    assert report.authorizations[0].status == "completed"
    assert report.data_enterer is not None
    assert (len(report.authenticators), len(report.recipients), len(report.other_acts)) == (1, 1, 1)


def test_an_act_keeps_its_other_ids_translations_and_performers(report: Report) -> None:
    act = report.acts[0]
    assert (act.study_uid, act.study_extension) == (STUDY, "")
    assert act.more_identifiers == (Identifier("1.2.250.1.999.15", "77"),)
    assert [each.code for each in act.more_translations] == ["L7"]
    assert (act.stop, act.stop_null) == (None, "UNK")
    assert len(act.more_performers) == 1


def test_the_second_form_of_a_study_and_a_time_without_zone_are_kept_as_written() -> None:
    root = ct_report()
    at(root, "documentationOf/serviceEvent/id").set("extension", "studyInstanceUID")
    at(root, "documentationOf/serviceEvent/effectiveTime/low").set("value", "202503140900")
    act = read_whole(root).acts[0]
    assert (act.study_extension, act.more_identifiers) == ("studyInstanceUID", ())
    assert act.start is not None
    assert act.start.hl7 == "202503140900"


def test_a_time_that_is_none_is_listed_where_it_stops_nothing() -> None:
    root = whole_report()
    at(root, "dataEnterer/time").set("value", "hier")
    report = read_whole(root)
    assert report.not_understood == (("/ClinicalDocument/dataEnterer/time/@value", "no_time"),)


def test_what_an_entry_denies_stays_denied() -> None:
    root = tree()
    one(root, "1.2.250.1.213.1.1.3.150", number=2).set("negationInd", "true")
    denied = read_whole(root)
    assert denied.not_understood == ()
    again = read_whole(safexml.parse(build(denied)))
    assert again == denied
    assert again != read_whole(tree())


def test_the_technique_is_read_with_its_modalities_and_locations(report: Report) -> None:
    section = act_of(report)
    technique = section.techniques[0]
    assert technique.code is not None
    assert [each.code for each in technique.code.translations] == ["ACQH004"]
    assert [each.code for each in technique.modalities] == ["CT", "PT"]
    modifier = technique.sites[0].qualifiers[0]
    assert modifier.name is not None
    assert modifier.value is not None
    assert (modifier.name.code, modifier.value.code) == ("106233006", "51440002")
    assert technique.time is not None
    assert (technique.time.start is not None, technique.time.stop is not None) == (True, True)
    assert section.words(technique.comments[0].text) == "Un scanner n° 4 neuf"


def test_products_keep_route_dose_codes_and_lot(report: Report) -> None:
    product = act_of(report).products[0]
    assert product.dose is not None
    assert product.dose.stated is not None
    assert (product.dose.stated.value, product.dose.stated.unit) == ("150.5", "mL")
    assert product.product is not None
    assert product.product.code is not None
    assert [each.system for each in product.product.code.translations] == [
        "1.2.250.1.213.2.3.2",
        "2.16.840.1.113883.6.73",
    ]
    assert (product.product.name, product.product.lot) == ("XENETIX", "L1")
    assert product.route is not None
    assert product.route.code == "20045000"


def test_the_exposure_is_read_with_its_authorisation_pregnancy_and_quantities(report: Report) -> None:
    exposure = act_of(report).exposure
    assert exposure is not None
    assert exposure.authorization is not None
    assert exposure.authorization.professional is not None
    assert exposure.authorization.professional.name is not None
    assert exposure.authorization.professional.name.label == "M Yann TANGUY DR"
    assert exposure.pregnancy is not None
    assert exposure.pregnancy.concept is not None
    assert exposure.pregnancy.concept.code == "60001007"
    quantity = exposure.quantities[0].quantity
    assert quantity is not None
    assert (quantity.value, quantity.unit) == ("1140.26", "mGy.cm")
    activity = exposure.radiopharmaceuticals[0].dose
    assert activity is not None
    assert activity.value is not None
    assert activity.value.unit == "MBq"


def test_the_catalog_is_read_down_to_its_frames(report: Report) -> None:
    catalog = act_of(report).catalog
    assert catalog is not None
    study = catalog.studies[0]
    assert study.uid == STUDY
    series = study.series[0]
    assert series.modality is not None
    assert series.modality.code == "CT"
    instance = series.instances[0]
    assert instance.url == "https://images.example/?studyUID=1&idCDA=2"
    assert instance.key_frames == (3, 5)
    assert isinstance(instance.relations[0], ReferencePurpose)


def test_the_other_sections_are_found_by_their_names(report: Report) -> None:
    body = body_of(report)
    sections = (body.addendum, body.results, body.earlier_results, body.comparison, body.conclusion)
    assert [each.text.text for each in sections if each and each.text] == ["Lu.", "Vu.", "Hier", "Stable", "Normal."]
    assert body.addendum is not None
    assert body.addendum.authors[0].family == "TANGUY"
    clinical = body.clinical_information
    assert clinical is not None
    assert clinical.request is not None
    assert clinical.history is not None
    history = clinical.history
    assert history.words(history.medical[0].values[0].concept.original_text) == "Asthme"  # type: ignore[union-attr]
    assert (len(history.surgical), len(history.contraindications)) == (1, 1)
    assert body.devices is not None
    device = body.devices.devices[0].played
    assert device is not None
    assert device.identifiers == (Identifier("xx", "{01}0084{17}141120"),)
    assert body.documents is not None
    attached = body.documents.documents[0]
    assert attached.kind is not None
    assert attached.files[0].media == Media(media_type="application/pdf", representation="B64", content=PDF)
    assert body.patient_education[0].entries[0].code is not None


def test_a_narrative_is_kept_in_its_canonical_form(report: Report) -> None:
    text = act_of(report).text
    assert text is not None
    assert text.attributes == (("ID", "t1"), ("styleCode", "Bold"))
    assert text.children[0] == "Avant "
    assert [part.name for part in text.parts()][:6] == ["table", "caption", "colgroup", "col", "thead", "tr"]
    found = text.find("#comment")
    assert found is not None
    assert found.get("styleCode") == "Italics"
    assert found.children[0] == "Un scanner "


def test_markup_that_is_not_of_cda_is_listed_and_its_words_kept() -> None:
    root = ct_report()
    text = next(element for element in root.iter(NARRATIVE) if len(element))
    for child in text:
        text.remove(child)
    text.text = "a "
    add(text, '<div>b <script onload="x">c</script></div>').tail = " d"
    report = read_whole(root)
    section = next(s for s in body_of(report).sections for s in (s, *s.sections) if s.text and "b" in s.text.text)
    assert section.text is not None
    assert section.text.children == ("a b c d",)
    assert [why for _, why in report.not_understood] == ["unknown", "unknown"]


def test_a_section_of_an_unknown_template_is_kept_and_listed() -> None:
    root = ct_report()
    add(
        at(root, "component/structuredBody"),
        '<component><section><templateId root="1.2.3"/><title>Autre</title><text>x</text></section></component>',
    )
    report = read_whole(root)
    last = body_of(report).sections[-1]
    assert (type(last), last.title) == (Section, "Autre")
    assert [why for _, why in report.not_understood] == ["template"]


def test_a_level_1_report_keeps_its_document_once() -> None:
    root = level_1_report(
        '<text mediaType="application/pdf" representation="B64">' + base64.encodebytes(PDF * 9).decode() + "</text>"
    )
    report = read_whole(root)
    assert report.not_understood == ()
    media = body_of(report).media
    assert media is not None
    assert (media.content, media.size_bytes, len(media.sha256)) == (PDF * 9, len(PDF * 9), 64)
    assert "%PDF" not in repr(report)


def test_base64_that_is_none_stays_text_and_is_listed() -> None:
    report = read_whole(level_1_report('<text mediaType="application/pdf" representation="B64">é!</text>'))
    media = body_of(report).media
    assert media is not None
    assert (media.content, media.text) == (b"", "é!")
    assert report.not_understood == (("/ClinicalDocument/component/nonXMLBody/text", "base64"),)


def test_every_reason_has_its_sentence_in_both_languages() -> None:
    listed_here = ["unknown", "repeated", "foreign", "text", "withheld", "template", "no_time", "base64"]
    for why in [*listed_here, "too_deep", "too_many", "more"]:
        assert TEXTS[f"not_understood_{why}"].fr, why
        assert TEXTS[f"not_understood_{why}"].en, why
