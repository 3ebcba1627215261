"""Which attribute an error of a registry is about, and how people and programs are told."""

from __future__ import annotations

import pytest

from gateway.errors import PeerUnreachable
from gateway.model.document import RegistryError
from gateway.texts import TEXTS
from gateway.xds import answers
from gateway.xds.answers import RegistryRefused, Told, attribute_of, attribute_statuses, refuse_failure, told
from gateway.xds.ebrim import RegistryResponse, ResponseStatus


def error(code: str = "XDSRegistryMetadataError", context: str = "", location: str = "") -> RegistryError:
    return RegistryError(code=code, context=context, location=location)


@pytest.mark.parametrize(
    ("context", "attribute"),
    [
        ("XDSDocumentEntry.typeCode: 123 is not in the value set", "typeCode"),
        ("Validation failed: XDSDocumentEntry.title too long", "title"),
        ("Wrong value of referenceIdList", "referenceIdList"),
        ("Missing attribute 'hash' of DocumentEntry Document01", "hash"),
        ("the hash browns were cold", ""),  # a word of a sentence is no attribute
        ("scheme urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a is required", "classCode"),
        ("URN:UUID:AA543740-BDDA-424E-8C96-DF4873BE8500", "contentTypeCode"),
        ("urn:uuid:00000000-0000-4000-8000-000000000000", ""),
        ("EventCodeList must hold a modality", "eventCodeList"),
        ("confidentialityCodes differ", "confidentialityCode"),
        ("", ""),
    ],
)
def test_the_context_tells_the_attribute(context: str, attribute: str) -> None:
    assert attribute_of(error(context=context)) == attribute


def test_the_location_comes_before_the_context_and_the_code_last() -> None:
    assert attribute_of(error(context="typeCode", location="/ExtrinsicObject[1]/@formatCode")) == "formatCode"
    assert attribute_of(error("XDSUnknownPatientId", "no such person")) == "patientId"
    assert attribute_of(error("XDSRegistryError", "disk")) == ""


def test_an_error_is_told_with_the_object_it_names_and_not_with_one_whose_id_begins_alike() -> None:
    objects = ["1.2.3", "1.2.3.4", "Document01"]
    assert told([error(location="1.2.3.4")], objects)[0].object == "1.2.3.4"
    assert told([error(context="in Document01: wrong")], objects)[0].object == "Document01"
    assert told([error(context="in Document011: wrong")], objects)[0].object == ""
    assert told([error(context="document 1.2.3.")], objects)[0].object == "1.2.3"


def test_words_say_the_attribute_what_is_wrong_and_what_the_peer_said_in_both_languages() -> None:
    one = Told(error(context="18748-9 unknown"), "typeCode", "")
    assert one.words("fr") == (
        "typeCode (type du document) : une métadonnée est refusée [XDSRegistryMetadataError 18748-9 unknown]"
    )
    assert one.words("en") == (
        "typeCode (type of the document): a metadata value is refused [XDSRegistryMetadataError 18748-9 unknown]"
    )
    assert Told(error("Vendor", "x"), "", "").words("fr") == "Vendor x"


def test_every_attribute_that_may_be_told_has_its_name_in_both_languages() -> None:
    names = {*answers._DISTINCT, *answers._WORDS, *answers._BY_CODE.values(), *answers._BY_SCHEME.values()}
    assert {name for name in names if f"xds_attribute_{name}" not in TEXTS} == set()
    assert {code for code in {*answers._BY_CODE, *answers.BUSY} if f"xds_error_{code}" not in TEXTS} == set()


def test_each_attribute_of_a_request_has_its_status() -> None:
    accepted = attribute_statuses(["title", "typeCode"], [])
    assert [(one.attribute, one.accepted) for one in accepted] == [("title", True), ("typeCode", True)]
    refused = attribute_statuses(["title", "typeCode"], [error(context="typeCode"), error("XDSUnknownPatientId")])
    assert [(one.attribute, one.accepted) for one in refused] == [
        ("title", None),
        ("typeCode", False),
        ("patientId", False),
    ]


def test_a_refusal_carries_every_error_and_warnings_are_not_among_them() -> None:
    warning = RegistryError(code="XDSExtraMetadataNotSaved", severity="Warning")
    both = (error(context="typeCode"), warning, error("XDSUnknownPatientId", "x"))
    with pytest.raises(RegistryRefused) as refusal:
        refuse_failure(RegistryResponse(status=ResponseStatus.FAILURE, errors=both))
    assert refusal.value.errors == (both[0], both[2])
    assert refusal.value.facts["words"] == "XDSRegistryMetadataError: typeCode; XDSUnknownPatientId (patientId): x"


def test_busyness_alone_is_no_refusal() -> None:
    with pytest.raises(PeerUnreachable, match="registry_busy"):
        refuse_failure(RegistryResponse(status=ResponseStatus.FAILURE, errors=(error("XDSRepositoryBusy"),)))


def test_a_context_of_any_length_takes_no_time() -> None:
    assert attribute_of(error(context="a" * 5_000_000 + "typeCode")) == ""
