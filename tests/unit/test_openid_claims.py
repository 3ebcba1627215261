"""From the claims of a provider to a person: every claim may be missing, of another kind, or too long."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.access import Kind, Person, Situation
from gateway.model.identifiers import INS_NIA, INS_NIR, Identifier
from gateway.web.openid.claims import PatientClaims, patient, professional, undecided

ISSUER = "https://login.example.org"
NAMES = PatientClaims(
    matricule="ins.value",
    oid="ins.oid",
    birth_family="birth_name",
    birth_given="given",
    birth_date="birthdate",
    sex="gender",
    birth_place="birthplace",
    represents="patient",
)
TRAITS = {
    "ins": {"value": "281112915104759", "oid": INS_NIR},
    "birth_name": "KERMARREC",
    "given": "ZOÉ ANNE",
    "birthdate": "1981-11-09",
    "gender": "female",
    "birthplace": "29151",
}
DOCTOR: dict[str, Any] = {
    "sub": "s",
    "given_name": "Anne",
    "family_name": "MARTIN",
    "SubjectNameID": "899700000001",
    "preferred_username": "other",
    "SubjectRole": ["10^1.2.250.1.213.1.1.5.5", "60^x"],
}


def of(claims: dict[str, Any], **more: Any) -> Person:
    return professional({**DOCTOR, **claims}, ISSUER, ("SubjectNameID", "preferred_username"), **more)


def exercising(*exercises: Any) -> Person:
    return of({"SubjectRefPro": {"exercices": list(exercises)}})


def activity(**values: str) -> dict[str, str]:
    return {"raisonSocialeSite": "CLINIQUE", "codeSecteurDactivite": "SA07^1.2", **values}


# .. professionals


def test_a_professional_is_who_the_claims_name() -> None:
    person = of({})
    assert (person.subject, person.issuer, person.identifier) == ("s", ISSUER, "899700000001")
    assert (person.name, person.profession, person.kind) == ("Anne MARTIN", "10", Kind.PROFESSIONAL)
    assert (person.roles, person.situations, person.structures) == (frozenset(), (), frozenset())


@pytest.mark.parametrize(
    ("claims", "identifier"),
    [
        ({"SubjectNameID": ""}, "other"),
        ({"SubjectNameID": None}, "other"),
        ({"SubjectNameID": ["899700000001"]}, "other"),
        ({"SubjectNameID": "", "preferred_username": 7}, ""),
        ({"SubjectNameID": "9" * 300}, "9" * 255),
    ],
)
def test_the_first_identifier_that_is_one_counts(claims: dict[str, Any], identifier: str) -> None:
    assert of(claims).identifier == identifier


@pytest.mark.parametrize(
    ("role", "profession"),
    [("40^x", "40"), ("40", "40"), ([], ""), ([40], ""), ({"10": 1}, ""), (None, ""), ("\n10\x00^x", "10")],
)
def test_a_profession_is_a_code_or_nothing(role: object, profession: str) -> None:
    assert of({"SubjectRole": role}).profession == profession


def test_the_professions_claim_that_says_something_first_is_believed() -> None:
    claims = {"SubjectRole": None, "profession": "60", "metier": "10"}
    assert of(claims, profession_claims=("SubjectRole", "profession", "metier")).profession == "60"


def test_roles_are_given_by_subject_or_identifier_and_to_nobody_without_either() -> None:
    assert of({}, administrators=frozenset({"s"})).roles == {"administrator"}
    assert of({}, readers=frozenset({"899700000001"})).roles == {"reader"}
    assert of({}, administrators=frozenset({"s"}), readers=frozenset({"s"})).roles == {"administrator", "reader"}
    assert of({}, administrators=frozenset({"other", "Anne MARTIN"})).roles == frozenset()
    nameless = of({"sub": "", "SubjectNameID": "", "preferred_username": ""}, administrators=frozenset({""}))
    assert nameless.roles == frozenset()


def test_one_situation_is_the_persons_and_of_several_none_is() -> None:
    office = {"codeProfession": "10^x", "codeSavoirFaire": "SM44^x", "activities": [activity(numeroFinessSite="29009")]}
    person = exercising(office)
    assert not person.must_choose
    assert (person.profession, person.specialty, person.structures) == ("10", "SM44", {"129009"})
    other = {"codeProfession": "60", "activities": [activity(numeroSiretSite="77567"), activity()]}
    both = exercising(office, other)
    assert both.must_choose
    assert (both.profession, both.specialty, both.structures) == ("10", "", frozenset())
    assert [one.structure for one in both.situations] == ["129009", "377567", ""]


def test_a_situation_is_read_whole() -> None:
    told = activity(
        numeroFinessSite="29009", numeroSiretSite="77567", numeroFinessEtablissementJuridique="29008", unknown="x"
    )
    (found,) = exercising({"codeProfession": "10", "codeSavoirFaire": "SM26", "activities": [told]}).situations
    assert found == Situation(
        profession="10",
        specialty="SM26",
        structure="129009",
        structure_name="CLINIQUE",
        sector="SA07",
        legal_structure="129008",
    )
    del told["raisonSocialeSite"]
    (found,) = exercising(
        {"codeProfession": "10", "activites": [{**told, "enseigneCommercialeSite": "CABINET"}]}
    ).situations
    assert found.structure_name == "CABINET"
    (found,) = exercising({"codeProfession": "10", "activities": [{}]}).situations
    assert (found.structure, found.legal_structure) == ("", "")


@pytest.mark.parametrize(
    ("exercises", "count"),
    [
        ("none", 0),
        ([], 0),
        (["10", None, 7], 0),
        ([{"codeProfession": "10"}], 1),
        ([{"codeProfession": "10", "activities": "none"}], 1),
        ([{"codeProfession": "10", "activities": ["none"]}], 0),
        ([{"codeProfession": "", "activities": [{}]}], 0),
        ([{"codeProfession": "10"}, {"codeProfession": "10"}], 1),
        ([{"codeProfession": str(number)} for number in range(200)], 64),
        ([{"codeProfession": "10", "activities": [{"numeroFinessSite": str(n)} for n in range(200)]}], 64),
        (
            [
                {"codeProfession": str(e), "activities": [{"numeroFinessSite": str(n)} for n in range(9)]}
                for e in range(9)
            ],
            64,
        ),
    ],
)
def test_situations_are_those_with_a_profession_each_once_and_so_many_at_most(exercises: object, count: int) -> None:
    assert len(of({"SubjectRefPro": {"exercices": exercises}}).situations) == count
    assert of({"SubjectRefPro": exercises}).situations == ()


def test_of_who_cannot_be_asked_only_what_all_situations_agree_on_holds() -> None:
    one = {"codeProfession": "60", "codeSavoirFaire": "SM44", "activities": [activity(numeroFinessSite="1")]}
    same, other = {**one, "activities": [activity(numeroFinessSite="2")]}, {**one, "codeSavoirFaire": "SM26"}
    agreed = undecided(exercising(one, same))
    assert (agreed.profession, agreed.specialty) == ("60", "SM44")
    assert (agreed.structures, agreed.situations, agreed.must_choose) == (frozenset(), (), False)
    assert undecided(exercising(one, other)).specialty == ""
    apart = undecided(exercising(one, {**other, "codeProfession": "40"}))
    assert (apart.profession, apart.specialty) == ("10", ""), "the provider's own word"
    alone = exercising(one)
    assert undecided(alone) == alone
    assert undecided(alone).structures == {"11"}


# .. patients


def test_a_patient_is_known_by_their_traits() -> None:
    person = patient({"sub": "p", "name": "Zoé", **TRAITS}, ISSUER, NAMES)
    assert (person.kind, person.subject, person.issuer, person.name) == (Kind.PATIENT, "p", ISSUER, "Zoé")
    assert (person.identifier, person.profession, person.roles) == ("", "", frozenset())
    found = person.patient
    assert found is not None
    assert found.identifiers == (Identifier(INS_NIR, "281112915104759"),)
    assert (found.birth_family, found.birth_given, found.birth_date) == ("KERMARREC", "ZOÉ", "19811109")
    assert (found.sex, found.birth_place) == ("F", "29151")


@pytest.mark.parametrize(
    "ins",
    [
        {"value": "", "oid": INS_NIR},
        {"value": "281112915104759", "oid": ""},
        {"value": "281112915104759", "oid": "1.2.3"},
        {"value": "281112915104759"},
        {"oid": INS_NIR},
        {"value": 281112915104759, "oid": INS_NIR},
        "281112915104759",
        None,
    ],
)
def test_a_matricule_counts_with_a_national_oid_alone(ins: object) -> None:
    found = patient({"sub": "p", **TRAITS, "ins": ins}, ISSUER, NAMES).patient
    assert found is not None
    assert found.identifiers == ()


def test_the_national_oids_are_those_of_the_settings() -> None:
    names = PatientClaims(
        **{**{name: getattr(NAMES, name) for name in NAMES.__slots__}, "national": frozenset({INS_NIA})}
    )
    found = patient({"sub": "p", **TRAITS}, ISSUER, names).patient
    assert found is not None
    assert found.identifiers == ()


@pytest.mark.parametrize(
    ("written", "sex"),
    [("F", "F"), ("2", "F"), ("Male", "M"), ("1", "M"), ("m", "M"), ("other", ""), (None, ""), (2, "")],
)
def test_a_sex_is_one_of_two_words_or_not_known(written: object, sex: str) -> None:
    found = patient({"sub": "p", **TRAITS, "gender": written}, ISSUER, NAMES).patient
    assert found is not None
    assert found.sex == sex


def test_who_represents_a_patient_sees_with_the_patients_traits_and_not_with_their_own() -> None:
    claims = {"sub": "mother", **TRAITS, "birth_name": "MOTHER", "patient": TRAITS}
    person = patient(claims, ISSUER, NAMES)
    assert person.kind is Kind.REPRESENTATIVE
    assert person.patient is not None
    assert person.patient.birth_family == "KERMARREC"
    empty = patient({**claims, "patient": {}}, ISSUER, NAMES)
    assert empty.kind is Kind.REPRESENTATIVE
    assert empty.patient is not None
    assert (empty.patient.identifiers, empty.patient.birth_family) == ((), "")
    for nobody in (None, "x", ["x"], True):
        assert patient({**claims, "patient": nobody}, ISSUER, NAMES).kind is Kind.PATIENT


def test_words_are_printable_and_of_a_length() -> None:
    claims = {"sub": "s" * 300, **TRAITS, "birth_name": " A\x00B\r\n" + "C" * 300}
    person = patient(claims, ISSUER, NAMES)
    assert person.subject == "s" * 255
    assert person.patient is not None
    assert person.patient.birth_family == "AB" + "C" * 198
    assert len(of({"SubjectRole": "1" * 300}).profession) == 32
    assert patient({"sub": "p", "name": "Zoé"}, ISSUER, NAMES).name == "Zoé"
    assert of({"given_name": 7, "family_name": None, "name": "x"}).name == "x"


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted({*TRAITS, "exercices"})), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted({*DOCTOR, *TRAITS, "SubjectRefPro", "patient"} - {"sub"})), _ANYTHING))
def test_any_claims_are_a_person(claims: dict[str, Any]) -> None:
    undecided(of(claims))
    patient({"sub": "p", **claims}, ISSUER, NAMES)
