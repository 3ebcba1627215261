"""Every rule of the header has a wrong document that shows it in each profile that has it; the good one shows none."""

from __future__ import annotations

from copy import deepcopy

import pytest
from lxml import etree

from gateway.cda.elements import path
from gateway.cda.rules import acts, encounter, header, header_imaging, judge, names, order_acts, organizations, people
from gateway.cda.rules import patient as patient_rules
from gateway.cda.rules.engine import Book, Severity
from tests.support.report_documents import Change, altered, missed, said, tree, with_official_traits
from tests.support.rules import (
    ACCESSION,
    ENCOUNTER,
    EVENT,
    PATIENT,
    PERFORMER,
    add,
    at,
    before,
    cut,
    null,
    put,
    says,
    then,
    twice,
)

Wrong = dict[str, Change | dict[str, Change]]

_INS = "recordTarget/patientRole/id"
_CODE = f"{EVENT}/code"
_RELATED = "relatedDocument/parentDocument/id"
_PRACTITIONER = (
    '<encounterParticipant typeCode="ATND"><assignedEntity><id root="1.2.250.1.71.4.2.1" extension="810007000013"/>'
    "</assignedEntity></encounterParticipant>"
)
_DISCHARGE = "<dischargeDispositionCode {} codeSystem='1.2.250.1.213.2.{}'/>"
_INFORMANT = '<informant><assignedEntity><id nullFlavor="UNK"/></assignedEntity></informant>'
_CONSENT = '<authorization><consent><code nullFlavor="NA"/><statusCode code="completed"/></consent></authorization>'
_DEVICE = (
    "<author><time value='20240514'/><assignedAuthor><id root='1.2.3' extension='9'/><assignedAuthoringDevice>"
    "<manufacturerModelName>M</manufacturerModelName><softwareName>S</softwareName></assignedAuthoringDevice>"
    "</assignedAuthor></author>"
)
_SYSTEM = "author[2]/assignedAuthor/assignedAuthoringDevice"
_ENTERER = "<dataEnterer><assignedEntity><id root='1.2.3' extension='9'/></assignedEntity></dataEnterer>"
_SCREENING = (
    "<documentationOf><serviceEvent><code code='Z13.9' codeSystem='2.16.840.1.113883.6.3'/></serviceEvent>"
    "</documentationOf>"
)
_SCOPING = "<scopingOrganization><id root='1.2.3' extension='9'/><name>Cabinet</name></scopingOrganization>"


def _guardian(name: str) -> str:
    return f"<guardian><guardianPerson><name>{name}</name></guardianPerson></guardian>"


HEADER: Wrong = {
    "H-1": put("realmCode", "code", "BE"),
    "H-3": cut("templateId[2]"),
    "H-3b": cut("templateId[6]", "templateId[5]", "templateId[4]", "templateId[3]"),
    "H-3c": {"spec": twice("templateId[3]"), "official": twice("templateId[3]")},
    "H-5": null("id"),
    "H-6": null("code"),
    "H-8": cut("title"),
    "H-9": null("effectiveTime"),
    "H-10": null("confidentialityCode"),
    "H-11": cut("languageCode"),
    "H-12": cut("setId"),
    "H-12b": cut("versionNumber"),
    "P-0": twice("recordTarget"),
    "A-6": cut("custodian"),
    "E-1": cut("componentOf"),
    "A-2": cut("author"),
    "A-11": then(before("custodian", _ENTERER), twice("dataEnterer")),
    "D-1": cut(*["documentationOf"] * 4),
    "H-13": cut("component"),
    "H-6b": put("code", "displayName", None),
    "H-6c": put("code", "code", "00000-0"),
    "H-10b": put("confidentialityCode", "displayName", None),
    "H-10c": put("confidentialityCode", "code", "X"),
    "H-11b": put("languageCode", "code", "french"),
    "H-12c": put("versionNumber", "value", "1.5"),
    "H-9b": put("effectiveTime", "value", None),
    "H-9c": put("effectiveTime", "value", "20240514"),
    "H-9d": put("effectiveTime", "value", "29990514160000+0200"),
    "H-12d": put("versionNumber", "value", "1"),
    "R-1d": add("relatedDocument/parentDocument", '<setId root="1.2.250.1.999.7.8.99"/>'),
    "R-1e": add("relatedDocument/parentDocument", '<versionNumber value="2"/>'),
    "R-1c": lambda root: at(root, _RELATED).set("root", at(root, "id").get("root", "")),
    "H-12e": lambda root: at(root, "setId").set("root", at(root, "id").get("root", "")),
}
IMAGING: Wrong = {
    "H-4": cut("templateId[4]"),
    "H-4b": put("templateId[6]", "extension", "2023.01"),
    "H-4c": put("templateId[3]", "root", "1.2.250.1.213.1.1.1.55"),
    "H-6d": put("code", "code", "11490-0"),
    "H-7": cut("code/translation", "code/translation", "code/translation"),
    "H-7b": put("code/translation", "code", "11502-2"),
}
PATIENTS: Wrong = {
    "P-0b": cut("recordTarget/patientRole"),
    "P-0c": cut(PATIENT),
    "P-1": then(null("recordTarget/patientRole/id[1]"), null("recordTarget/patientRole/id[2]", "NI")),
    "P-1b": put("recordTarget/patientRole/id[2]", "extension", None),
    "P-1c": put("recordTarget/patientRole/id[2]", "extension", ""),
    "P-2": put(f"{PATIENT}/name/family", "qualifier", "CL"),
    "P-2b": put(_INS, "extension", "2840629026017"),
    "P-2c": put(_INS, "extension", "284062902601724"),
    "P-2d": add("recordTarget/patientRole", '<id root="1.2.250.1.213.1.4.9" extension="284062902601723"/>'),
    "P-2e": put(f"{PATIENT}/administrativeGenderCode", "code", "M"),
    "P-2f": says(f"{PATIENT}/birthplace/place/addr/county", "CROZON"),
    "P-3": cut(f"{PATIENT}/name"),
    "P-3b": cut(*[f"{PATIENT}/name/given"] * 3),
    "P-3c": cut(*[f"{PATIENT}/name/family"] * 2),
    "P-3f": put(f"{PATIENT}/name/family[2]", "qualifier", "SP"),
    "P-3g": put(f"{PATIENT}/name/family[2]", "qualifier", None),
    "P-3h": add(f"{PATIENT}/name", '<given qualifier="CL">SOA</given>'),
    "P-3i": says(f"{PATIENT}/name/given[2]", "MARIE"),
    "P-3j": add(f"{PATIENT}/name", '<family qualifier="BR">TANGUY</family>'),
    "P-4": cut(f"{PATIENT}/administrativeGenderCode"),
    "P-4b": put(f"{PATIENT}/administrativeGenderCode", "code", None),
    "P-4c": put(f"{PATIENT}/administrativeGenderCode", "code", "X"),
    "P-5": cut(f"{PATIENT}/birthTime"),
    "P-5b": put(f"{PATIENT}/birthTime", "value", None),
    "P-5c": put(f"{PATIENT}/birthTime", "value", "20340617"),
    "P-5d": put(f"{PATIENT}/birthTime", "value", "18500617"),
    "P-8": before(f"{PATIENT}/birthplace", "<guardian><guardianPerson><name/></guardianPerson></guardian>"),
    "P-8b": before(f"{PATIENT}/birthplace", _guardian("<prefix>M</prefix><prefix>MME</prefix><family>A</family>")),
    "P-8c": before(f"{PATIENT}/birthplace", _guardian('<family qualifier="BR CL">A</family>')),
    "P-9": twice(f"{PATIENT}/birthplace"),
}
for _rule, _part, _words in (("P-3d", "prefix", ("MME", "M")), ("P-3e", "suffix", ("DR", "PR"))):
    PATIENTS[_rule] = then(*(add(f"{PATIENT}/name", f"<{_part}>{_word}</{_part}>") for _word in _words))
PEOPLE: Wrong = {
    "A-2b": cut("author/time"),
    "A-2c": put("author/time", "value", None),
    "A-2d": null("author/assignedAuthor"),
    "A-2e": put("author/functionCode", "codeSystem", None),
    "A-2f": put("author/functionCode", "code", "BOSS"),
    "A-3": cut("author/assignedAuthor/id"),
    "A-3b": put("author/assignedAuthor/id", "extension", None),
    "A-3c": put("author/assignedAuthor/code", "displayName", None),
    "A-3d": put("legalAuthenticator/assignedEntity/code", "code", "G15_10/SM99"),
    "A-3e": put("authenticator/assignedEntity/code", "code", "G15_10/SM99"),
    "A-3f": put("author/assignedAuthor/code", "codeSystem", "1.2.3"),
    "A-3g": then(before("custodian", _DEVICE), cut(f"{_SYSTEM}/manufacturerModelName")),
    "A-3h": then(before("custodian", _DEVICE), cut(f"{_SYSTEM}/softwareName")),
    "A-5": cut("informant/relatedEntity/relatedPerson"),
    "A-5b": put("informant/relatedEntity", "classCode", "EMP"),
    "A-5c": put("informant/relatedEntity/code", "displayName", None),
    "A-5d": put("informant/relatedEntity/code", "code", "BOSS"),
    "A-5e": then(before("custodian", _INFORMANT), add("informant[2]/assignedEntity", "<id nullFlavor='NA'/>")),
    "A-6b": null("custodian/assignedCustodian/representedCustodianOrganization/id"),
    "A-6c": put("custodian/assignedCustodian/representedCustodianOrganization/id", "root", "1.2.3"),
    "A-7": put("legalAuthenticator/signatureCode", "code", "X"),
    "A-7b": cut("legalAuthenticator/time"),
    "A-7c": put("legalAuthenticator/time", "value", None),
    "A-7d": null("legalAuthenticator/assignedEntity/id"),
    "A-7e": put("legalAuthenticator/assignedEntity/id", "extension", None),
    "A-8": put("authenticator/signatureCode", "code", "X"),
    "A-8b": put("authenticator/assignedEntity/id", "root", "1.2.3"),
    "A-9": put("participant", "typeCode", "WIT"),
    "A-9b": cut("participant/time"),
    "A-9c": then(
        before("participant/functionCode", "<templateId root='1.2.3'/>"),
        before("participant/functionCode", "<templateId root='1.2.4'/>"),
    ),
    "A-9d": before("participant/associatedEntity/code", "<id root='1.2.3' extension='9'/>"),
    "A-9e": put("participant/associatedEntity/id", "extension", None),
    "A-9f": put("participant/associatedEntity/code", "displayName", None),
    "A-9g": put("participant/associatedEntity", "classCode", "ECON"),
    "A-3o": cut("author/assignedAuthor/assignedPerson"),
    "A-10": put("informationRecipient/intendedRecipient/id", "extension", None),
}
NAMES: Wrong = {
    "A-1": cut("author/assignedAuthor/assignedPerson/name/family"),
    "A-1b": cut(f"{PERFORMER}/assignedPerson/name/family"),
    "A-1c": twice("author/assignedAuthor/assignedPerson/name/given"),
    "A-1d": says("author/assignedAuthor/assignedPerson/name/prefix", "SIR"),
    "A-1f": says(f"{PERFORMER}/assignedPerson/name/family", "LE BRAS"),
    "A-1e": says("author/assignedAuthor/assignedPerson/name/suffix", "ESQ"),
}
_ORGANIZATION = "author/assignedAuthor/representedOrganization"
ORGANIZATIONS: Wrong = {
    "A-3i": put("author/assignedAuthor/id", "extension", "12"),
    "A-3m": put("author/assignedAuthor/id", "extension", "81000700001"),
    "A-3n": put(f"{_ORGANIZATION}/id", "root", "1.2.250.1.71.4.2.1"),
    "A-3k": put("custodian/assignedCustodian/representedCustodianOrganization/id", "extension", None),
    "A-4b": put(f"{_ORGANIZATION}/id", "extension", "129008880"),
    "A-4c": put(f"{_ORGANIZATION}/id", "extension", None),
    "A-4d": before(f"{_ORGANIZATION}/telecom", "<name>Autre</name>"),
    "A-4e": then(
        add("participant/associatedEntity", _SCOPING),
        add("participant/associatedEntity/scopingOrganization", "<name>Autre</name>"),
    ),
    "A-4f": then(
        add("participant/associatedEntity", _SCOPING),
        before("participant/associatedEntity/scopingOrganization/name", "<id root='1.2.4' extension='9'/>"),
    ),
    "A-4g": put(f"{PERFORMER}/representedOrganization/standardIndustryClassCode", "code", "BAKERY"),
    "A-4h": put(f"{_ORGANIZATION}/standardIndustryClassCode", "code", "BAKERY"),
    "A-4i": put(f"{PERFORMER}/representedOrganization/standardIndustryClassCode", "displayName", None),
}
ENCOUNTERS: Wrong = {
    "E-1b": cut(f"{ENCOUNTER}/location"),
    "E-1c": cut(f"{ENCOUNTER}/effectiveTime"),
    "E-1d": put(f"{ENCOUNTER}/code", "displayName", None),
    "E-1e": put(f"{ENCOUNTER}/code", "code", "PARTY"),
    "E-1f": cut(f"{ENCOUNTER}/location/healthCareFacility/code"),
    "E-1g": put(f"{ENCOUNTER}/location/healthCareFacility/code", "displayName", None),
    "E-1h": put(f"{ENCOUNTER}/location/healthCareFacility/code", "code", "SA999"),
    "E-1j": before(f"{ENCOUNTER}/location", _DISCHARGE.format("displayName='Domicile'", 13)),
    "E-1k": before(f"{ENCOUNTER}/location", _DISCHARGE.format("code='8' displayName='Domicile'", 99)),
    "E-1i": then(
        before(f"{ENCOUNTER}/location", _PRACTITIONER), put(f"{ENCOUNTER}/encounterParticipant", "typeCode", "XXX")
    ),
    "R-1": null(_RELATED),
    "Z-1": then(before("componentOf", _CONSENT), cut("authorization/consent/code")),
}
ACTS: Wrong = {
    "D-2": cut(f"{EVENT}/performer"),
    "D-3c": put(_CODE, "code", None),
    "D-3d": twice(f"{EVENT}/effectiveTime"),
    "D-3e": cut(f"{EVENT}/effectiveTime/low"),
    "D-3f": put(f"{EVENT}/effectiveTime/low", "value", None),
    "D-3g": twice(f"{EVENT}/performer"),
    "D-3h": put(f"{EVENT}/effectiveTime/low", "value", "20240601090000+0200"),
    "D-6d": cut(f"{_CODE}/translation[2]/qualifier/name"),
    "D-9c": cut(f"{PERFORMER}/representedOrganization"),
    "D-9d": cut(f"{PERFORMER}/id"),
    "D-9e": cut(f"{PERFORMER}/representedOrganization/standardIndustryClassCode"),
}
ORDERS: Wrong = {
    "O-1": cut("inFulfillmentOf", "inFulfillmentOf"),
    "O-2": cut("inFulfillmentOf/order/id"),
    "O-2b": put("inFulfillmentOf/order/id", "extension", None),
    "O-3": cut(ACCESSION),
    "O-3b": null(ACCESSION),
    "O-3c": put(ACCESSION, "extension", "A240514-02"),
    "O-4": twice("inFulfillmentOf"),
    "D-1b": cut(*["documentationOf"] * 3),
    "D-1c": then(before("relatedDocument", _SCREENING), before("relatedDocument", _SCREENING)),
    "D-3": cut(f"{EVENT}/effectiveTime/low"),
    "D-4": cut(f"{EVENT}/id"),
    "D-4b": put(f"{EVENT}/id", "root", f"1.2.250.{'9' * 60}"),
    "D-4c": put(f"{EVENT}/id", "extension", "1"),
    "D-4d": put(f"{EVENT}/id", "root", "1.2.250.1.999.7.9.2024.1002"),
    "D-5": put(_CODE, "code", "11502-2"),
    "D-5b": put(f"{_CODE}/translation[2]/qualifier/name", "code", "121138"),
    "D-6": put(f"{_CODE}/translation[2]", "code", "RM"),
    "D-6b": put(f"{_CODE}/translation[2]/qualifier/name", "code", "121138"),
    "D-6f": add(f"{_CODE}/translation[2]/qualifier", "<value code='MR' codeSystem='1.2.840.10008.2.16.4'/>"),
    "D-6c": add(_CODE, "<translation code='1' codeSystem='1.2.3'/>"),
    "D-7": cut(f"{_CODE}/translation[3]"),
    "D-7b": put(f"{_CODE}/translation[3]", "code", "1"),
    "D-8": then(twice(f"{_CODE}/translation"), put(f"{_CODE}/translation", "code", "ZBQK002")),
    "D-8b": put(f"{_CODE}/translation", "code", "SCANNER"),
    "D-8c": put(f"{_CODE}/translation", "codeSystem", "1.2.250.1.215.300.1"),
    "D-9": cut(f"{EVENT}/performer"),
    "D-9b": put(f"{PERFORMER}/id", "extension", None),
    "D-10": cut(f"{PERFORMER}/representedOrganization/id"),
    "A-3j": cut("author/assignedAuthor/code"),
    "A-3l": put("author/assignedAuthor/id", "root", "1.2.250.1.71.4.2.2"),
    "D-10b": put(f"{PERFORMER}/representedOrganization/id", "root", "1.2.250.1.71.4.2.1"),
    "A-4": cut(_ORGANIZATION),
}


@pytest.mark.parametrize(
    ("book", "wrong"),
    [
        (header.BOOK, HEADER),
        (header_imaging.BOOK, IMAGING),
        (patient_rules.BOOK, PATIENTS),
        (people.BOOK, PEOPLE),
        (names.BOOK, NAMES),
        (organizations.BOOK, ORGANIZATIONS),
        (encounter.BOOK, ENCOUNTERS),
        (acts.BOOK, ACTS),
        (order_acts.BOOK, ORDERS),
    ],
    ids=lambda value: value.name if isinstance(value, Book) else "",
)
def test_each_rule_is_said_of_a_document_that_breaks_it_in_each_profile_that_has_it(book: Book, wrong: Wrong) -> None:
    assert missed(book, wrong) == []


@pytest.mark.parametrize("profile", ["spec", "official"])
def test_the_good_report_has_no_error_and_no_warning(profile: str) -> None:
    assert {finding for finding, severity in said(tree(), profile).items() if severity != Severity.ADVICE} == set()


@pytest.mark.parametrize("profile", ["spec", "official"])
def test_what_the_official_example_departs_in_only_warns(profile: str) -> None:
    assert judge(with_official_traits(), profile).verdict == "valid"


def test_the_key_of_a_corsican_matricule_counts_the_department_as_19_or_18() -> None:
    for matricule in ("284062A02601760", "284062B02601790"):
        right = altered(put(_INS, "extension", matricule))
        number = int(matricule[:5] + ("19" if "A" in matricule else "18") + matricule[7:13])
        key = f"{97 - number % 97:02d}"
        at(right, _INS).set("extension", matricule[:13] + key)
        assert "P-2c" not in said(right, "spec")
        at(right, _INS).set("extension", matricule[:13] + f"{(int(key) % 97) + 1:02d}")
        assert said(right, "spec")["P-2c"] == "error"


def test_a_wrong_type_id_silences_the_official_rules_of_the_header() -> None:
    wrong = altered(then(put("typeId", "extension", "POCD_HD000020"), cut("setId")))
    assert judge(wrong, "official").verdict == "valid"
    assert {"H-2": "error", "H-12": "error"}.items() <= said(wrong, "spec").items()


def test_the_version_replaced_may_be_named_in_full() -> None:
    def change(root: etree._Element) -> None:
        parent = at(root, "relatedDocument/parentDocument")
        parent.append(deepcopy(at(root, "setId")))
        add("relatedDocument/parentDocument", '<versionNumber value="1"/>')(root)

    assert said(altered(change), "spec") == {}


@pytest.mark.parametrize(
    ("where", "root_oid"),
    [
        (_INS, "1.2.250.1.71.4.2.1"),
        (_INS, "1.2.250.1.71.4.2.2"),
        ("participant/associatedEntity/scopingOrganization/id", "1.2.250.1.71.4.2.1"),
        (f"{ENCOUNTER}/location/healthCareFacility/id", "1.2.250.1.71.4.2.1"),
        ("legalAuthenticator/assignedEntity/id", "1.2.250.1.71.4.2.2"),
        ("informationRecipient/intendedRecipient/id", "1.2.250.1.71.4.2.2"),
    ],
)
def test_a_number_is_that_of_the_kind_that_bears_it(where: str, root_oid: str) -> None:
    scoping = add("participant/associatedEntity", _SCOPING)
    assert "A-3n" not in said(altered(scoping), "spec")
    assert said(altered(then(scoping, put(where, "root", root_oid))), "spec")["A-3n"] == "error"


def test_a_system_may_be_the_author_and_bear_any_number() -> None:
    assert "A-3o" not in said(altered(before("informant", _DEVICE)), "spec")


def test_a_region_is_no_modality_though_it_is_called_one() -> None:
    change = then(
        put(f"{_CODE}/translation[2]", "code", "774007"),
        put(f"{_CODE}/translation[2]", "codeSystem", "2.16.840.1.113883.6.96"),
    )
    assert said(altered(change), "spec")["D-6"] == "error"


def test_the_sector_of_an_addendums_author_is_judged_too() -> None:
    def change(root: etree._Element) -> None:
        code = root.find(
            ".//" + path("section/author/assignedAuthor/representedOrganization/standardIndustryClassCode")
        )
        assert code is not None
        code.set("code", "BAKERY")

    assert said(altered(change), "spec")["A-4h"] == "error"
    assert "A-4h" not in said(altered(change), "official")


@pytest.mark.parametrize("profile", ["spec", "official"])
def test_a_discharge_is_coded_in_its_own_system(profile: str) -> None:
    right = before(f"{ENCOUNTER}/location", _DISCHARGE.format("code='8' displayName='Domicile'", 14))
    assert said(altered(right), profile) == {}


@pytest.mark.parametrize("value", ["2", "02", "0012"])
def test_zeros_before_a_version_change_nothing(value: str) -> None:
    for profile in ("spec", "official"):
        assert said(altered(put("versionNumber", "value", value)), profile) == {}


@pytest.mark.parametrize("value", ["+2", "2.0", "x"])
def test_a_version_is_digits_alone_in_both_profiles(value: str) -> None:
    for profile in ("spec", "official"):
        assert said(altered(put("versionNumber", "value", value)), profile)["H-12c"] == "error"


def test_a_qualifier_may_say_again_what_its_translation_says() -> None:
    again = "<value code='CT' codeSystem='1.2.840.10008.2.16.4'/>"
    assert "D-6f" not in said(altered(add(f"{_CODE}/translation[2]/qualifier", again)), "spec")


def test_a_template_that_is_no_model_of_the_ci_sis_may_stand_beside() -> None:
    further = before("id", "<templateId root='1.3.6.1.4.1.19376.1.4.1.1.1'/>")
    assert "H-4c" not in said(altered(further), "spec")


def test_who_entered_the_data_has_a_name_and_a_sector_of_the_value_set() -> None:
    person = "<assignedPerson><name><given>Anne</given></name></assignedPerson>"
    sector = (
        "<representedOrganization><standardIndustryClassCode code='BAKERY' codeSystem='1.2.250.1.213.1.1.4.9'/>"
        "</representedOrganization>"
    )

    def entered(more: str) -> Change:
        return before("informant", _ENTERER.replace("</assignedEntity>", f"{more}</assignedEntity>"))

    assert said(altered(entered(person)), "spec")["A-1"] == "error"
    assert said(altered(entered(sector)), "spec")["A-4h"] == "error"
    assert said(altered(entered(person + sector)), "official") == {}


def test_the_author_of_an_addendum_has_the_national_identifier_of_a_professional() -> None:
    author = "component/structuredBody/component/section/author/assignedAuthor"
    change = then(put(f"{author}/id", "root", "1.2.3.4"), put(f"{author}/id", "extension", None))
    assert said(altered(change), "spec")["A-3l"] == "error"
    assert "A-3l" not in said(altered(change), "official")


def test_a_recipient_is_identified_by_root_and_extension() -> None:
    where = "informationRecipient/intendedRecipient/id"
    change = then(put(where, "root", "5B1EFFFF-7C2A-4D10-9A3F-0A0B0C0DFFFF"), put(where, "extension", None))
    assert said(altered(change), "spec")["A-10"] == "error"
    assert "A-10" not in said(altered(null(where)), "spec")


@pytest.mark.parametrize("profile", ["spec", "official"])
def test_a_representative_may_have_three_family_names(profile: str) -> None:
    names = '<prefix>MME</prefix><family qualifier="BR">A</family><family qualifier="CL">B</family><family>C</family>'
    assert said(altered(before(f"{PATIENT}/birthplace", _guardian(names))), profile) == {}
    fourth = _guardian(f"{names}<family>D</family>")
    assert said(altered(before(f"{PATIENT}/birthplace", fourth)), profile) == {"P-8b": "error"}
