"""Who the patient is for a destination, and what keeps a report from leaving under the wrong identity."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import Mismatch
from gateway.model.identifiers import Identifier
from gateway.model.report import Reliability
from gateway.model.share import Publication
from gateway.texts.metadata import TEXTS
from gateway.xds.metadata import MetadataSettings, document_unique_id, patient_id, prepare
from tests.support.publications import INS, LOCAL, PATIENT, PUBLICATION, SITE, with_report, with_statements

NIR = Identifier("1.2.250.1.213.1.4.8", "279035121518989")
IPP = Identifier(LOCAL, "IPP101")
DMP = MetadataSettings(flavour="dmp", destination="dmp")


def with_identifiers(*identifiers: Identifier, **statements: Any) -> Publication:
    patient = replace(PATIENT, identifiers=identifiers)
    accepted = with_statements(**statements).accepted if statements else PUBLICATION.accepted
    return replace(with_report(patient=patient), accepted=accepted)


def refusal(publication: Publication, settings: MetadataSettings) -> Mismatch:
    with pytest.raises(Mismatch) as caught:
        prepare(publication, settings)
    assert caught.value.code in TEXTS
    return caught.value


def test_a_qualified_identity_is_the_patient_id_of_the_dmp() -> None:
    assert patient_id(PUBLICATION, DMP) == "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"


@pytest.mark.parametrize("reliability", [r for r in Reliability if r is not Reliability.QUALIFIED])
def test_the_dmp_takes_no_identity_that_is_not_qualified(reliability: Reliability) -> None:
    assert refusal(with_statements(reliability=reliability), DMP).code == "identity_not_qualified"


def test_the_dmp_takes_no_report_without_an_ins_or_with_an_unknown_identity() -> None:
    assert refusal(with_identifiers(IPP), DMP).code == "identity_not_qualified"
    assert refusal(with_statements(identity_unknown=True), DMP).code == "identity_not_qualified"


@pytest.mark.parametrize("flavour", ["dmp", "ihe"])
def test_a_test_identity_is_not_published_in_production_nor_a_real_one_in_test(flavour: Any) -> None:
    production = MetadataSettings(flavour=flavour, environment="production", destination="d")
    test = MetadataSettings(flavour=flavour, environment="test", destination="d")
    assert refusal(PUBLICATION, production).code == "identity_wrong_environment"
    error = refusal(with_identifiers(NIR, IPP), test)
    assert error.code == "identity_wrong_environment"
    assert error.facts == {"oid": NIR.root, "environment": "test", "destination": "d"}
    assert patient_id(with_identifiers(NIR, IPP), production).startswith("279035121518989^^^&1.2.250.1.213.1.4.8&ISO")


def test_the_refusal_holds_no_identity() -> None:
    error = refusal(with_identifiers(NIR, IPP), DMP)
    assert NIR.extension not in " ".join(error.facts.values())


@pytest.mark.parametrize("reliability", list(Reliability))
def test_an_xds_domain_takes_the_ins_however_sure_it_is(reliability: Reliability) -> None:
    publication = with_statements(reliability=reliability)
    assert patient_id(publication, MetadataSettings(flavour="ihe")) == "279035121518989^^^&1.2.250.1.213.1.4.10&ISO"


def test_an_xds_domain_that_identifies_by_ins_needs_one() -> None:
    assert refusal(with_identifiers(IPP), MetadataSettings(flavour="ihe")).code == "identity_ins_absent"


def test_an_xds_domain_may_identify_by_the_local_id_and_sees_no_ins() -> None:
    settings = MetadataSettings(flavour="ihe", patient_identity="local", environment="production")
    frozen = prepare(PUBLICATION, settings)
    assert frozen.patient_id == "IPP101^^^&1.2.250.1.213.4.5.2.4&ISO"
    assert b"279035121518989" not in frozen.metadata


def test_the_local_id_of_the_site_goes_before_others_and_needs_an_oid() -> None:
    settings = MetadataSettings(flavour="ihe", patient_identity="local")
    uuid_id = Identifier("52DE7370-0000-4000-8000-000000000001", "X")
    several = with_identifiers(uuid_id, Identifier("1.2.3", "OTHER"), IPP)
    assert patient_id(several, settings).startswith("IPP101^")
    elsewhere = replace(several, site=replace(SITE, patient_id_issuer=""))
    assert patient_id(elsewhere, settings).startswith("OTHER^")
    assert refusal(with_identifiers(uuid_id, INS), settings).code == "identity_local_absent"


def test_the_dmp_never_identifies_by_the_local_id() -> None:
    assert patient_id(PUBLICATION, replace(DMP, patient_identity="local")).endswith("^NH")


def test_delimiters_in_an_identifier_are_escaped() -> None:
    settings = MetadataSettings(flavour="ihe", patient_identity="local")
    assert patient_id(with_identifiers(Identifier(LOCAL, "A^B&C")), settings).startswith("A\\S\\B\\T\\C^^^&")


@pytest.mark.parametrize(
    ("identifier", "unique_id"),
    [
        (Identifier("1.2.3"), "1.2.3"),
        (Identifier("1.2.3", "a b"), "1.2.3^a b"),
        (Identifier("00000000-0000-0000-0000-0000000000FF"), "2.25.255"),
        (Identifier("00000000-0000-0000-0000-0000000000ff", "1"), "2.25.255^1"),
    ],
)
def test_a_document_is_named_by_its_oid_and_a_uuid_in_its_oid_form(identifier: Identifier, unique_id: str) -> None:
    assert document_unique_id(identifier) == unique_id
