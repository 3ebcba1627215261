"""Who may see what: masks, identity, matrix, tie, break-glass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import resources
from gateway.flow.rights import entitled, may_see, plain_name, same_patient
from gateway.model.access import Kind, Person, Situation
from gateway.model.identifiers import INS_NIR, INS_TEST, Identifier
from gateway.model.people import Patient
from gateway.model.rights import Door, ExamFacts, Grounds, Policy, Right, Tie
from gateway.model.share import KnownExam
from gateway.texts import TEXTS
from gateway.wiring.web import read_matrix

ZOE = Patient(
    identifiers=(Identifier(INS_TEST, "281112915104759"), Identifier("1.2.3", "IPP")),
    birth_family="KERMARREC-LEFÈVRE",
    birth_given="ZOÉ",
    birth_date="19811109",
    sex="F",
    birth_place="29151",
)
EXAM = KnownExam(
    report_id="r",
    site="nord",
    study_uid="1.2.3",
    accession=Identifier("1.2", "A"),
    report=Identifier("1.3"),
    patient_cx="x",
    authors=frozenset({"author"}),
    facts=ExamFacts(
        patient=ZOE,
        type_code="18748-4",
        structures=frozenset({"1290099993"}),
        addressees=frozenset({"asked"}),
    ),
)
PHYSICIAN = Person(subject="s", issuer="i", identifier="p", profession="10", specialty="SM26")
PATIENT = Person(subject="s", issuer="i", kind=Kind.PATIENT, patient=ZOE)
PARENT = replace(PATIENT, kind=Kind.REPRESENTATIVE)
SYSTEM = Person(subject="box", issuer="certificate", kind=Kind.SYSTEM)
MATRIX = (
    Right(professions=frozenset({"10"}), documents=frozenset({"*"})),
    Right(professions=frozenset({"40"}), specialties=frozenset({"SCD01"}), documents=frozenset({"18748-4"})),
)
STRICT = Policy(matrix=MATRIX, glass_professions=frozenset({"10", "40"}))
HOLDS = Grounds(holds_report=True)


def masked(*masks: str) -> KnownExam:
    return replace(EXAM, masked=frozenset(masks))


@pytest.mark.parametrize("door", list(Door))
@pytest.mark.parametrize("grounds", [HOLDS, Grounds(holds_report=True, broken_glass=True)])
def test_a_mask_closes_every_door_to_professionals_whatever_they_bring(door: Door, grounds: Grounds) -> None:
    answer = may_see(PHYSICIAN, masked("MASQUE_PS"), door, policy=STRICT, grounds=grounds)
    assert not answer
    assert answer.neutral
    assert not answer.breakable
    assert not may_see(SYSTEM, masked("MASQUE_PS"), door)
    author = replace(PHYSICIAN, identifier="author", profession="")
    assert may_see(author, masked("MASQUE_PS"), door, policy=STRICT).tie is Tie.AUTHOR


@pytest.mark.parametrize("door", list(Door))
@pytest.mark.parametrize(
    ("mask", "patient", "parent"),
    [
        ("INVISIBLE_PATIENT", False, False),
        ("INVISIBLE_REPRESENTANTS_LEGAUX", True, False),
        ("MASQUE_PS", True, True),
    ],
)
def test_what_is_hidden_from_whom(door: Door, mask: str, patient: bool, parent: bool) -> None:
    assert bool(may_see(PATIENT, masked(mask), door)) is patient
    assert bool(may_see(PARENT, masked(mask), door)) is parent
    if mask != "MASQUE_PS":
        assert may_see(PHYSICIAN, masked(mask), door, grounds=HOLDS)


def test_someone_without_an_identifier_is_no_author() -> None:
    nameless = replace(PHYSICIAN, identifier="")
    assert not may_see(nameless, replace(masked("MASQUE_PS"), authors=frozenset({""})), Door.LINK)


@pytest.mark.parametrize(
    "changed",
    [
        {"identifiers": (Identifier(INS_TEST, "281112915104760"),)},
        {"identifiers": (Identifier(INS_NIR, "281112915104759"),)},
        {"identifiers": (), "birth_place": ""},
        {"birth_family": "ABGRALL"},
        {"birth_given": "ANNE"},
        {"birth_date": "19811110"},
        {"sex": "M"},
        {"birth_place": "29152"},
    ],
)
def test_a_patient_sees_only_what_is_theirs(changed: dict[str, object]) -> None:
    other = replace(PATIENT, patient=replace(ZOE, **changed))  # type: ignore[arg-type]
    answer = may_see(other, EXAM, Door.LINK)
    assert not answer
    assert answer.neutral


def test_a_patient_is_known_by_the_matricule_or_by_all_five_traits() -> None:
    assert may_see(PATIENT, EXAM, Door.LINK).tie is Tie.SELF
    assert may_see(PARENT, EXAM, Door.LINK).tie is Tie.REPRESENTATIVE
    only_ins = Patient(identifiers=ZOE.identifiers[:1])
    assert same_patient(only_ins, ZOE)
    plain = replace(ZOE, identifiers=(), birth_family="Kermarrec Lefevre", birth_given="Zoe")
    assert same_patient(plain, ZOE)
    assert not same_patient(replace(plain, birth_place=""), ZOE)
    assert not same_patient(Patient(identifiers=()), ZOE)
    assert not same_patient(Patient(identifiers=()), Patient(identifiers=()))
    assert not may_see(replace(PATIENT, patient=None), EXAM, Door.LINK)


def test_a_first_name_that_stands_in_the_list_alone_is_compared_too() -> None:
    listed = replace(ZOE, birth_given="", given_names="ZOÉ ANNE")
    assert same_patient(ZOE, listed)
    assert same_patient(replace(ZOE, identifiers=()), listed)
    assert not same_patient(replace(ZOE, birth_given="ANNE"), listed)
    assert not same_patient(ZOE, replace(listed, given_names="MARIE ZOÉ"))


@given(
    st.sampled_from(["birth_family", "birth_given", "birth_date", "sex", "birth_place"]),
    st.text(alphabet="BCDFGHJK0123456789", min_size=1),
)
def test_no_trait_that_is_stated_may_differ(trait: str, value: str) -> None:
    assert same_patient(replace(ZOE, **{trait: value}), ZOE) is (value == getattr(ZOE, trait))


def test_the_matrix_is_profession_specialty_and_type() -> None:
    assert entitled(PHYSICIAN, "18748-4", MATRIX)
    assert entitled(PHYSICIAN, "", MATRIX)
    dentist = replace(PHYSICIAN, profession="40", specialty="SCD01")
    assert entitled(dentist, "18748-4", MATRIX)
    assert not entitled(dentist, "11488-4", MATRIX)
    assert not entitled(replace(dentist, specialty=""), "18748-4", MATRIX)
    assert not entitled(replace(PHYSICIAN, profession=""), "18748-4", MATRIX)
    assert not entitled(
        replace(PHYSICIAN, profession=""),
        "18748-4",
        (Right(professions=frozenset({"*", ""}), documents=frozenset({"*"})),),
    )


def test_a_profession_that_the_matrix_leaves_out_is_told_why_when_it_holds_the_report() -> None:
    optician = replace(PHYSICIAN, profession="28")
    answer = may_see(optician, EXAM, Door.LINK, policy=STRICT, grounds=HOLDS)
    assert (answer.allowed, answer.reason, answer.neutral, answer.breakable) == (False, "rights_matrix", False, False)
    assert may_see(optician, EXAM, Door.LINK, policy=STRICT).neutral
    nobody = may_see(replace(optician, profession=""), EXAM, Door.LINK, policy=STRICT, grounds=HOLDS)
    assert nobody.reason == "rights_no_profession"


@pytest.mark.parametrize(
    ("person", "grounds", "tie"),
    [
        (PHYSICIAN, HOLDS, Tie.REPORT),
        (replace(PHYSICIAN, identifier="asked"), Grounds(), Tie.ADDRESSEE),
        (replace(PHYSICIAN, structures=frozenset({"1290099993"})), Grounds(), Tie.STRUCTURE),
        (PHYSICIAN, Grounds(broken_glass=True), Tie.GLASS),
        (PHYSICIAN, Grounds(), None),
        (replace(PHYSICIAN, structures=frozenset({""})), Grounds(), None),
    ],
)
def test_something_ties_a_professional_to_the_patient(person: Person, grounds: Grounds, tie: Tie | None) -> None:
    answer = may_see(person, EXAM, Door.LINK, policy=STRICT, grounds=grounds)
    assert answer.tie is tie
    assert bool(answer) is (tie is not None)
    if tie is None:
        assert answer.reason == "rights_no_tie"
        assert answer.neutral
        assert answer.breakable


def test_break_glass_is_for_the_professions_that_the_site_names() -> None:
    dentist = replace(PHYSICIAN, profession="40")
    broken = Grounds(broken_glass=True)
    assert may_see(dentist, EXAM, Door.LINK, policy=STRICT, grounds=broken).tie is Tie.GLASS
    assert not may_see(replace(dentist, profession="28"), EXAM, Door.LINK, policy=STRICT, grounds=broken)
    assert not may_see(replace(dentist, profession=""), EXAM, Door.LINK, policy=STRICT, grounds=broken)
    assert not may_see(PATIENT, replace(EXAM, facts=ExamFacts()), Door.LINK, policy=STRICT, grounds=broken)


def test_a_system_comes_by_the_doors_of_systems() -> None:
    assert may_see(SYSTEM, EXAM, Door.WADO_RS)
    assert may_see(SYSTEM, EXAM, Door.RAD_69)
    assert not may_see(SYSTEM, EXAM, Door.LINK)
    assert not may_see(SYSTEM, EXAM, Door.VIEWER)


def test_the_matrix_that_ships_opens_imaging_to_those_who_care_for_patients() -> None:
    matrix = read_matrix(resources.config_path() / "habilitations.toml")
    for profession in ("10", "21", "40", "50", "60", "70", "98"):
        assert entitled(replace(PHYSICIAN, profession=profession), "18748-4", matrix), profession
    assert entitled(PHYSICIAN, "11488-4", matrix)
    assert not entitled(replace(PHYSICIAN, profession="28"), "18748-4", matrix)
    assert not entitled(replace(PHYSICIAN, profession="60"), "11488-4", matrix)


def test_a_trait_that_one_side_does_not_state_contradicts_nothing_beside_the_same_matricule() -> None:
    for empty in ("birth_family", "birth_given", "birth_date", "sex", "birth_place"):
        assert same_patient(ZOE, replace(ZOE, **{empty: ""}))  # type: ignore[arg-type]
        assert same_patient(replace(ZOE, **{empty: ""}), ZOE)  # type: ignore[arg-type]


def test_without_a_matricule_every_strict_trait_is_stated_by_both() -> None:
    """A report that leaves one out may be anybody's of the same name."""
    nameless = replace(ZOE, identifiers=())
    assert same_patient(nameless, ZOE)
    for empty in ("birth_family", "birth_given", "birth_date", "sex", "birth_place"):
        assert not same_patient(nameless, replace(ZOE, **{empty: ""}))  # type: ignore[arg-type]
        assert not same_patient(replace(nameless, **{empty: ""}), ZOE)  # type: ignore[arg-type]


def test_a_name_is_compared_as_the_national_identity_writes_it() -> None:
    for written in ("LEFÈVRE-D'ŒUVRE", "Lefe\u0300vre d’œuvre", "  LEFEVRE  D OEUVRE ", "lefevre_d.oeuvre"):
        assert plain_name(written) == "LEFEVRE D OEUVRE"
    assert plain_name("Ægir Cæsar") == "AEGIR CAESAR"
    assert plain_name("LEFEVRE") != plain_name("LE FEVRE")


def test_break_glass_is_said_only_of_what_would_be_closed_without_it() -> None:
    broken = Grounds(broken_glass=True)
    assert may_see(PHYSICIAN, EXAM, Door.LINK, policy=STRICT, grounds=broken).tie is Tie.GLASS
    tied = replace(PHYSICIAN, structures=frozenset({"1290099993"}))
    assert may_see(tied, EXAM, Door.LINK, policy=STRICT, grounds=broken).tie is Tie.STRUCTURE
    held = Grounds(holds_report=True, broken_glass=True)
    assert may_see(PHYSICIAN, EXAM, Door.LINK, policy=STRICT, grounds=held).tie is Tie.REPORT
    unentitled = replace(PHYSICIAN, profession="40", specialty="SCD99")
    assert may_see(unentitled, EXAM, Door.LINK, policy=STRICT, grounds=held).tie is Tie.GLASS
    nobody = replace(PHYSICIAN, profession="60")
    assert may_see(nobody, EXAM, Door.LINK, policy=STRICT, grounds=held).reason == "rights_matrix"


def test_every_refusal_has_its_reason_in_words_that_there_are() -> None:
    refusals = {
        "rights_masked": may_see(PHYSICIAN, masked("MASQUE_PS"), Door.LINK),
        "rights_door": may_see(SYSTEM, EXAM, Door.LINK),
        "rights_matrix": may_see(replace(PHYSICIAN, profession="60"), EXAM, Door.LINK, policy=STRICT, grounds=HOLDS),
        "rights_no_profession": may_see(replace(PHYSICIAN, profession=""), EXAM, Door.LINK, policy=STRICT),
        "rights_no_tie": may_see(PHYSICIAN, EXAM, Door.LINK),
        "rights_not_yours": may_see(PATIENT, masked("INVISIBLE_PATIENT"), Door.LINK),
    }
    assert {code: answer.reason for code, answer in refusals.items()} == {code: code for code in refusals}
    assert set(refusals) <= set(TEXTS)


def test_a_situation_that_is_chosen_replaces_what_stood_before() -> None:
    two = (
        Situation(profession="10", specialty="SM44", structure="1290099993", legal_structure="1290000000"),
        Situation(profession="40"),
    )
    person = replace(PHYSICIAN, situations=two, structures=frozenset({"1111111111"}))
    assert person.must_choose
    chosen = person.exercising(two[0])
    assert not chosen.must_choose
    assert chosen.structures == {"1290099993", "1290000000"}
    assert (chosen.profession, chosen.specialty) == ("10", "SM44")


def test_where_anybody_may_break_the_glass_it_is_anybody_with_a_profession() -> None:
    anybody = replace(STRICT, glass_professions=frozenset({"*", ""}))
    broken = Grounds(broken_glass=True)
    assert may_see(replace(PHYSICIAN, profession="28"), EXAM, Door.LINK, policy=anybody, grounds=broken).allowed
    assert not may_see(replace(PHYSICIAN, profession=""), EXAM, Door.LINK, policy=anybody, grounds=broken)


def test_a_site_may_ask_for_no_tie() -> None:
    unasked = may_see(PHYSICIAN, EXAM, Door.LINK, policy=replace(STRICT, ask_tie=False))
    assert (unasked.allowed, unasked.tie) == (True, None)


def test_a_matricule_agrees_with_no_report_that_has_none_and_an_empty_one_with_nothing() -> None:
    nameless = replace(ZOE, identifiers=())
    assert not same_patient(ZOE, nameless), "the report's patient may be somebody of the same traits"
    empty = replace(ZOE, identifiers=(Identifier(INS_TEST, ""),))
    assert not same_patient(empty, empty)


def test_nobody_is_addressed_by_an_empty_number() -> None:
    addressed = replace(EXAM, facts=replace(EXAM.facts, addressees=frozenset({""})))
    assert not may_see(replace(PHYSICIAN, identifier=""), addressed, Door.LINK, policy=STRICT)
