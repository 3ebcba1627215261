"""The names in certificates, however they are written, against a list of names that may speak."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtensionOID, NameOID

from gateway.trust.tls import allowed_name, caller

KEY = ec.generate_private_key(ec.SECP256R1())
BAD_NAMES = bytes.fromhex("3005a303020101")
"""A SubjectAlternativeName with an x400Address, which no library reads."""
NO_SEQUENCE = b"\x04\x03abc"


def certificate(
    *subject: x509.NameAttribute,
    dns: tuple[str, ...] = (),
    raw: bytes | None = None,
    swap: tuple[bytes, bytes] = (b"", b""),
) -> bytes:
    """Signed by itself, for the authority is TLS's affair; *raw*: the value of the extension of names as it stands;
    *swap*: bytes of the certificate for others."""
    name = x509.Name(subject)
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    if dns:
        names = x509.SubjectAlternativeName([x509.DNSName(one) for one in dns])
        builder = builder.add_extension(names, critical=False)
    if raw is not None:
        unread = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, raw)
        builder = builder.add_extension(unread, critical=False)
    made = builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return made.replace(*swap) if swap[0] else made


def name(value: str, kind: _ASN1Type = _ASN1Type.UTF8String) -> x509.NameAttribute:
    return x509.NameAttribute(NameOID.COMMON_NAME, value, kind)


def organisation(value: str) -> x509.NameAttribute:
    return x509.NameAttribute(NameOID.ORGANIZATION_NAME, value)


def fits(made: bytes, *allowed: str) -> bool:
    return caller(made, [allowed_name(one) for one in allowed]).allowed


@pytest.mark.parametrize("kind", [_ASN1Type.UTF8String, _ASN1Type.PrintableString, _ASN1Type.BMPString])
def test_a_name_is_the_same_in_every_encoding(kind: _ASN1Type) -> None:
    assert fits(certificate(name("ris.example", kind)), "CN=ris.example")


@pytest.mark.parametrize(
    "other",
    ["ris.example ", "RIS.example", "ris.example.evil", "xris.example", "ris", "ris.examplе", "ris.example\x00.evil"],
)
def test_a_name_that_looks_alike_is_another(other: str) -> None:
    assert not fits(certificate(name(other)), "CN=ris.example")


def test_every_part_that_is_listed_must_be_there_and_more_may() -> None:
    both = certificate(name("ris"), organisation("Clinique"))
    assert fits(both, "CN=ris,O=Clinique")
    assert fits(both, "CN=ris")
    assert not fits(certificate(name("ris")), "CN=ris,O=Clinique")
    assert not fits(certificate(name("ris"), organisation("Autre")), "CN=ris,O=Clinique")
    assert not fits(certificate(name("Clinique"), organisation("ris")), "CN=ris,O=Clinique")


def test_a_comma_in_a_value_is_no_part_of_its_own() -> None:
    assert not fits(certificate(name("x,O=Clinique")), "O=Clinique")
    assert fits(certificate(name("x,O=Clinique")), r"CN=x\,O\=Clinique")
    assert not fits(certificate(organisation("CN=ris")), "CN=ris")


@pytest.mark.parametrize(
    ("borne", "fit"),
    [
        (("ris.example",), True),
        (("other.example", "RIS.Example"), True),
        (("*.example",), False),
        (("ris.example.evil",), False),
        (("evil\x00ris.example",), False),
        ((), False),
    ],
)
def test_a_dns_name_is_one_of_the_extension_and_stands_for_no_other(borne: tuple[str, ...], fit: bool) -> None:
    assert fits(certificate(name("ris.example"), dns=borne), "DNS=ris.example") is fit


@pytest.mark.parametrize("raw", [BAD_NAMES, NO_SEQUENCE, b"", b"\x30\x80"])
def test_names_that_cannot_be_read_are_nobodys(raw: bytes) -> None:
    assert not fits(certificate(name("ris.example"), raw=raw), "DNS=ris.example")
    assert not fits(certificate(name("ris.example"), raw=raw), "DNS=ris.example", "DNS=other")


def test_a_second_list_of_names_is_none() -> None:
    """Two extensions of one kind: which of them holds is nobody's to say."""
    made = certificate(name("ris.example"), dns=("ris.example",), raw=None)
    usage = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.99"), b"\x30\x02\x82\x00")
    builder = x509.load_der_x509_certificate(made)
    now = datetime.now(UTC)
    twice = (
        x509.CertificateBuilder()
        .subject_name(builder.subject)
        .issuer_name(builder.issuer)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("ris.example")]), critical=False)
        .add_extension(usage, critical=False)
        .sign(KEY, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    doubled = re.sub(re.escape(bytes.fromhex("0603551d63")), bytes.fromhex("0603551d11"), twice)
    assert doubled != twice
    assert fits(twice, "DNS=ris.example")
    assert not fits(doubled, "DNS=ris.example")


def test_a_subject_that_is_no_text_is_nobodys() -> None:
    made = certificate(name("abcdef", _ASN1Type.BMPString), swap=("abcdef".encode("utf-16-be"), b"\xd8\x00" * 6))
    assert not caller(made, [allowed_name("CN=abcdef")]).allowed
    assert caller(made, [allowed_name("CN=abcdef")]).name == ""
