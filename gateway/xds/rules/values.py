"""The forms of values: each function takes a value and gives the fault, in both languages, or nothing.

The words name the component that is wrong, as the standard numbers it (``CX.4``, ``XON.10``).

Sources: ITI TF-3 table 4.2.3.1.7-2 and section 4.2.3.1.5; HL7 v2.5 section 2.7.1 (escapes); RFC 5646, 6838, 3986.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from datetime import datetime

from gateway.model.identifiers import exceeds_uuid, is_uid
from gateway.texts.text import Text
from gateway.xds.constants import VALUE_LENGTH

Form = Callable[[str], Text | None]

UNIQUE_ID_BYTES = 128
"""Of DocumentEntry.uniqueId at most (ITI TF-3 section 4.2.3.2.26)."""

_DTM = re.compile(r"[0-9]{4}(?:[0-9]{2}){0,5}")
_ZONE = re.compile(r"(?:\.[0-9]+)?(?:Z|[+-][0-9]{4})?")
_OFFSET = re.compile(r"[+-](?:0[0-9]|1[0-4])[0-5][0-9]\Z")
_EARLIEST = "00000101000000"
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HASH = re.compile(r"[0-9A-Fa-f]{40}")
_SIZE = re.compile(r"\+?[0-9]{1,18}")
_LANGUAGE = re.compile(
    r"[a-z]{2,3}(?:-[a-z]{3}){0,3}"  # language and extended languages; none of four letters or more is registered
    r"(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"  # script, region
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"  # variants
    r"(?:-[a-wy-z0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"  # extensions, private use
    r"|x(?:-[a-z0-9]{1,8})+",
    re.IGNORECASE,
)
_LANGUAGES = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee
el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io
is it iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk
ml mn mo mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc
sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve
vi vo wa wo xh yi yo za zh zu
"""
_ISO_639_1 = frozenset(_LANGUAGES.split())
_LONGER = """
aar abk afr aka alb amh ara arg arm asm ava ave aym aze bak bam baq bel ben bih bis bod bos bre bul bur
cat ces cha che chi chu chv cor cos cre cym cze dan deu div dut dzo ell eng epo est eus ewe fao fas fij
fin fra fre fry ful geo ger gla gle glg glv gre grn guj hat hau heb her hin hmo hrv hun hye ibo ice ido
iii iku ile ina ind ipk isl ita jav jpn kal kan kas kat kau kaz khm kik kin kir kom kon kor kua kur lao
lat lav lim lin lit ltz lub lug mac mah mal mao mar may mkd mlg mlt mon mri msa mya nau nav nbl nde ndo
nep nld nno nob nor nya oci oji ori orm oss pan per pli pol por pus que roh ron rum run rus sag san sin
slk slo slv sme smo sna snd som sot spa sqi srd srp ssw sun swa swe tah tam tat tel tgk tgl tha tib tir
ton tsn tso tuk tur twi uig ukr urd uzb ven vie vol wel wln wol xho yid yor zha zho zul
"""
_ISO_639_2 = frozenset(_LONGER.split())
"""Codes of three letters whose language has one of two: RFC 5646 section 2.2.1 wants the shorter."""
_EXTENDED = frozenset(["ar", "kok", "lv", "ms", "sgn", "sw", "uz", "zh"])
"""Languages that have extended ones of three letters behind them (RFC 5646 section 2.2.2)."""
_REGIONS = """
ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt bv bw by bz ca cc cd
cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et eu fi fj fk fm fo fr ga gb gd ge
gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km
kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz
na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh
si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug um us uy uz va vc ve
vg vi vn vu wf ws xk ye yt za zm zw
"""
_ISO_3166_1 = frozenset(_REGIONS.split())
_MIME = re.compile(
    r"(?:application|audio|example|font|haptics|image|message|model|multipart|text|video)"
    r"/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}(?:\s*;.*)?",
    re.IGNORECASE,
)
_URI = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=|-]|%[0-9A-Fa-f]{2})+")
_URN = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:[^\s]+", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+")
_OID_LIKE = re.compile(r"[0-9.]+")
_ALMOST_OID = re.compile(r"[^\s:/]?[0-9]+(?:\.[0-9]+){3,}[^\s:/]?")


def both(fr: str, en: str) -> Text:
    return Text(fr, en)


NOT_OID = both(
    "n'est pas un OID (entiers séparés par des points, sans zéro en tête, 64 caractères au plus)",
    "is not an OID (integers separated by dots, no leading zero, 64 characters at most)",
)
EMPTY = both("est vide", "is empty")


def joined(fr: str, en: str, fault: Text) -> Text:
    return Text(f"{fr} {fault.fr}", f"{en} {fault.en}")


def short(value: str) -> Text | None:
    """No longer than a slot value may be (ITI TF-3 section 4.2.3.1.1)."""
    if len(value) <= VALUE_LENGTH:
        return None
    return both(f"a plus de {VALUE_LENGTH} caractères", f"is longer than {VALUE_LENGTH} characters")


def full_time(dtm: str) -> str:
    """*dtm* to the second, the earliest moment it may mean."""
    return (dtm + _EARLIEST[len(dtm) :])[:14]


def days_between(earlier: str, later: str) -> float:
    """Days from one DTM to another, each to the precision of the coarser; negative when *later* is not."""
    common = min(len(earlier), len(later), 8) if min(len(earlier), len(later)) < 14 else 14
    moments = [datetime.strptime(full_time(one[:common]), "%Y%m%d%H%M%S") for one in (earlier, later)]  # noqa: DTZ007
    return (moments[1] - moments[0]).total_seconds() / 86_400


def same_moment(one: str, other: str) -> bool:
    """Whether two DTM are equal as far as both are precise."""
    common = min(len(one), len(other))
    return one[:common] == other[:common]


def is_dtm(value: str) -> bool:
    """Whether *value* is a DTM that exists."""
    return dtm(value) is None


def dtm(value: str) -> Text | None:
    """``YYYY[MM[DD[hh[mm[ss]]]]]`` in UTC, a time that exists."""
    match = _DTM.match(value)
    if match is None or match.end() != len(value):
        if match and _ZONE.fullmatch(value[match.end() :]):
            return both(
                "a une fraction ou un fuseau : un DTM d'XDS est en UTC, sans fuseau",
                "has a fraction or a zone: a DTM of XDS is in UTC, without a zone",
            )
        return both("n'est pas AAAA[MM[JJ[hh[mm[ss]]]]]", "is not YYYY[MM[DD[hh[mm[ss]]]]]")
    try:
        datetime.strptime(full_time(value), "%Y%m%d%H%M%S")  # noqa: DTZ007 - only whether it exists
    except ValueError:
        return both("est une date ou une heure qui n'existe pas", "is a date or time that does not exist")
    return None


def has_zone(value: str) -> bool:
    """Whether *value* would be a DTM without its offset from UTC (``+0100``): what some French samples write."""
    return _OFFSET.search(value) is not None and is_dtm(value[:-5])


def dtm_to_the_second(value: str) -> Text | None:
    """A DTM with 14 digits (Folder.lastUpdateTime)."""
    fault = dtm(value)
    if fault is None and len(value) < 14:
        return both("n'a pas la précision de la seconde", "is not precise to the second")
    return fault


def oid(value: str) -> Text | None:
    """An OID, as far as its form tells.

    Public conformance samples use roots that nobody could register (3.4.5, 129.6, and 1.42, above the forty arcs that
    ITU-T X.660 gives to 1): the form alone counts. Below 2.25 stands a UUID as a number (X.667 section 7).
    """
    if not is_uid(value):
        return NOT_OID
    if exceeds_uuid(value):
        return both("n'est pas un UUID sous 2.25 (plus de 128 bits)", "is no UUID under 2.25 (more than 128 bits)")
    return None


def coding_scheme(value: str) -> Text | None:
    """Any name may stand for a scheme; what is all but an OID can only be one that is wrong."""
    if "^" in value:
        return both(
            "contient un ^, qui sépare code et système dans une requête",
            "holds a ^, which parts code and scheme in a query",
        )
    almost = _OID_LIKE.fullmatch(value) or value.startswith("urn:oid:") or _ALMOST_OID.fullmatch(value)
    return oid(value) if almost else None


def uuid(value: str) -> Text | None:
    """``urn:uuid:`` and a UUID in lower case."""
    if _UUID.fullmatch(value):
        return None
    if _UUID.fullmatch(value.lower()):
        return both(
            "a des majuscules : un UUID d'XDS est en minuscules", "has capitals: a UUID of XDS is in lower case"
        )
    return both("n'est pas urn:uuid: suivi d'un UUID", "is not urn:uuid: followed by a UUID")


def is_uuid(value: str) -> bool:
    """Whether *value* is a well-formed UUID in URN form."""
    return _UUID.fullmatch(value) is not None


def is_bare_uuid(value: str) -> bool:
    """Whether *value* is a UUID without ``urn:uuid:``."""
    return is_uuid(f"urn:uuid:{value.lower()}")


def object_id(value: str) -> Text | None:
    """A UUID, or a symbolic id (anything that does not begin with ``urn:uuid:``)."""
    if value.lower().startswith("urn:"):
        return uuid(value)
    return short(value)


def unique_id(value: str) -> Text | None:
    """DocumentEntry.uniqueId: an OID, ``root^extension``, a UUID or another URI (section 4.2.3.2.26).

    A UUID without ``urn:uuid:`` is unique all the same, so no more than a warning (:func:`is_bare_uuid`).
    """
    if len(value.encode("utf-8")) > UNIQUE_ID_BYTES:
        return both(f"a plus de {UNIQUE_ID_BYTES} octets", f"is longer than {UNIQUE_ID_BYTES} bytes")
    root, caret, extension = value.partition("^")
    if not caret and (value.lower().startswith("urn:uuid:")):
        return uuid(value)
    if value.lower().startswith("urn:oid:"):
        return both("est un OID sous forme d'URN : écrivez l'OID seul", "is an OID as a URN: write the OID alone")
    if not caret and (is_bare_uuid(value) or (_SCHEME.fullmatch(value) and not _OID_LIKE.fullmatch(value))):
        return None
    if fault := oid(root):
        return joined("a une racine qui", "has a root that", fault)
    if caret and (not extension.strip() or "^" in extension):
        return both("a une extension vide, ou plusieurs ^", "has an empty extension, or more than one ^")
    return None


def home_community(value: str) -> Text | None:
    """``urn:oid:`` and an OID."""
    if value.startswith("urn:oid:") and not oid(value[8:]):
        return None
    return both("n'est pas urn:oid: suivi d'un OID", "is not urn:oid: followed by an OID")


def sha1(value: str) -> Text | None:
    """40 hexadecimal digits in either case."""
    if _HASH.fullmatch(value):
        return None
    return both("n'est pas 40 chiffres hexadécimaux (SHA-1)", "is not 40 hexadecimal digits (SHA-1)")


def sha1_of_base64(value: str) -> str:
    """The hexadecimal form of a SHA-1 in base64, or empty."""
    try:
        digest = binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        return ""
    return digest.hex() if len(digest) == 20 else ""


def size(value: str) -> Text | None:
    """A whole number of bytes."""
    if _SIZE.fullmatch(value):
        return None
    return both("n'est pas un nombre entier d'octets", "is not a whole number of bytes")


def language(value: str) -> Text | None:
    """A language tag (RFC 5646) whose two-letter language is one of ISO 639-1."""
    if _LANGUAGE.fullmatch(value) is None:
        return both("n'est pas une étiquette de langue comme fr-FR", "is not a language tag such as fr-FR")
    first, *others = value.lower().split("-")
    if len(first) == 2 and first not in _ISO_639_1:
        return both(f"a une langue inconnue ({first})", f"has an unknown language ({first})")
    if first in _ISO_639_2:
        return both(
            f"donne trois lettres ({first}) à une langue qui en a deux",
            f"gives three letters ({first}) to a language that has two",
        )
    if others and len(others[0]) == 3 and others[0].isalpha() and first not in _EXTENDED:
        return both(f"n'a pas de sous-langue {others[0]}", f"has no extended language {others[0]}")
    private = next((number for number, part in enumerate(others) if len(part) == 1), len(others))
    region = next((part for part in others[:private] if len(part) == 2), "")
    if region and region not in _ISO_3166_1:
        return both(f"a une région inconnue ({region})", f"has an unknown region ({region})")
    return None


def mime_type(value: str) -> Text | None:
    """``type/subtype`` under a registered type."""
    if _MIME.fullmatch(value):
        return None
    return both("n'est pas un type MIME comme text/xml", "is not a MIME type such as text/xml")


def uri(value: str) -> Text | None:
    """A URI reference (RFC 3986)."""
    if _URI.fullmatch(value):
        return None
    return both("contient un caractère qu'une URI ne permet pas", "has a character that a URI does not allow")


def status(value: str) -> Text | None:
    """An availabilityStatus: a URN; of those of ebRIM and of the DMP only the ones that exist."""
    oasis, french = "urn:oasis:names:tc:ebxml-regrep:StatusType:", "urn:asip:ci-sis:2010:StatusType:"
    known = [oasis + name for name in ("Approved", "Deprecated", "Submitted")]
    known += [french + name for name in ("Deleted", "Archived")]
    named = is_urn(value) and ":StatusType:" in value
    if value in known or (named and not value.startswith((oasis, french))):
        return None
    return both(f"n'est pas un statut ({known[0]}…)", f"is no status ({known[0]}…)")


def resembles(name: str, known: str) -> bool:
    """Whether *name* is *known* in other capitals, or with one character more, less or another, or two exchanged."""
    one, other = name.lower(), known.lower()
    if one == other:
        return True
    if abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < 4:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, wanted = one[start:], other[start:]
    return (
        rest[1:] == wanted[1:]
        or rest[1:] == wanted
        or rest == wanted[1:]
        or (rest[2:] == wanted[2:] and rest[:2] == wanted[1::-1])
    )


def is_urn(value: str) -> bool:
    """Whether *value* is a URN."""
    return _URN.fullmatch(value) is not None


def is_uri(value: str) -> bool:
    """Whether *value* is an absolute URI."""
    return _SCHEME.fullmatch(value) is not None
