"""HL7 v2 data types as XDS attributes write them (ITI TF-3 table 4.2.3.1.7-2): CX, CXi, XCN, XON, DTM, PID fields."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from urllib.parse import unquote

from gateway.model.datatypes import Telecom
from gateway.model.document import Author, ReferenceId
from gateway.model.identifiers import ORGANIZATION_OID, PROFESSIONAL_OID, Identifier
from gateway.model.people import Organization, Patient, Professional
from gateway.model.site import Site
from gateway.model.times import Timestamp
from gateway.xds.flavours import Flavour, MetadataSettings

TITLE_CHARACTERS = 127
"""A title has less than 128 characters (ITI TF-3 section 4.2.3.2.24)."""

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+", re.ASCII)
_ESCAPES = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"})
_NOT_IN_XML = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BLANKS = re.compile(r"\s+")
_NOT_DIALLED = re.compile(r"[\s().-]")
"""What is written between the digits of a number (RFC 3966 section 5.1.1)."""
_NUMBER = re.compile(r"\+?[0-9]{2,20}")
_EQUIPMENT = {"tel": "PH", "fax": "FX"}
_EQUIPMENT_OF_USE = {"MC": "CP", "PG": "BP"}
_USES = {"WP": "WPN", "DIR": "WPN", "PUB": "WPN", "H": "PRN", "HP": "PRN", "HV": "VHN", "EC": "EMR"}


def escape(text: str) -> str:
    """*text* with HL7's delimiters escaped (HL7 v2.5 section 2.7.1) and runs of blanks as one."""
    return _BLANKS.sub(" ", text).strip().translate(_ESCAPES)


def is_oid(root: str) -> bool:
    """Whether *root* may be an assigning authority: XDS knows OIDs alone there."""
    return _OID.fullmatch(root) is not None


def cx(identifier: Identifier, type_code: str = "") -> str:
    """CX of an identifier whose root is an OID."""
    return Identifier(identifier.root, escape(identifier.extension or "")).cx(type_code)


def reference(identifier: Identifier, type_code: str, issuer: str = "") -> ReferenceId:
    """CXi of a number; *issuer* is the OID used where the identifier names none. A UUID cannot be an authority."""
    root = identifier.root or issuer
    if not identifier.extension:
        return ReferenceId(escape(root), "", type_code)
    return ReferenceId(escape(identifier.extension), root if is_oid(root) else "", type_code)


def dtm(time: Timestamp | None, zone: tzinfo) -> str:
    """DTM in UTC, in the precision that was written; empty for none, or for a moment outside the calendar."""
    try:
        return time.dtm(zone) if time else ""
    except OverflowError:
        return ""


def now_dtm(moment: datetime) -> str:
    """DTM of an aware moment, to the second."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def cut(text: str, characters: int = TITLE_CHARACTERS) -> str:
    """*text* on one line in at most *characters*, none that XML cannot carry."""
    return _BLANKS.sub(" ", _NOT_IN_XML.sub(" ", text)).strip()[:characters].strip()


def xcn(person: Professional, flavour: Flavour) -> str:
    """XCN of a professional, or of a device that is named as author; empty when nothing is known of them.

    The French form is ``id^FAMILY^GIVEN^^^^^^&oid&ISO^D^^^IDNPS``; a device's has ``U`` and ``EI``.
    """
    known = [i for i in person.identifiers if i.extension and is_oid(i.root)]
    identifier = next((i for i in known if i.root == PROFESSIONAL_OID), next(iter(known), None))
    family, given = (person.device, "") if person.device and not person.family else (person.family, person.given)
    if identifier is None and not family:
        return ""
    parts = [escape(identifier.extension or "") if identifier else "", escape(family), escape(given)]
    parts += [""] * 5 + [f"&{identifier.root}&ISO" if identifier else ""]
    if flavour.national_names:
        internal = bool(person.device) or bool(identifier and "/" in (identifier.extension or ""))
        national = identifier is not None and identifier.root == PROFESSIONAL_OID
        parts += ["U" if person.device else "D", "", "", ("EI" if internal else "IDNPS") if national else ""]
    return "^".join(parts).rstrip("^")


def xon(organization: Organization, flavour: Flavour) -> str:
    """XON of a structure, ``NAME^^^^^&oid&ISO^IDNST^^^id`` in France; empty when nothing is known of it."""
    known = [i for i in organization.identifiers if i.extension and is_oid(i.root)]
    identifier = next((i for i in known if i.root == ORGANIZATION_OID), next(iter(known), None))
    name = escape(organization.name) or (escape(identifier.extension or "") if identifier else "")
    if identifier is None:
        return name
    kind = "IDNST" if flavour.national_names and identifier.root == ORGANIZATION_OID else ""
    return f"{name}^^^^^&{identifier.root}&ISO^{kind}^^^{escape(identifier.extension or '')}"


def xtn(telecom: Telecom) -> str:
    """XTN of a telephone, fax, pager or e-mail address; empty for another scheme or nothing behind it.

    ``^^Internet^a@b`` and ``^use^equipment^^^^number^extension`` (HL7 v2.5 section 2A.89, tables 0201 and 0202). A
    number keeps its ``+``, which may stand before it (NM), for where its country code ends is not said.
    """
    scheme, _, stated = telecom.value.strip().partition(":")
    number, *parameters = stated.strip().split(";")
    scheme = scheme.lower()
    if scheme == "mailto":
        address = unquote(number.partition("?")[0])
        return f"^^Internet^{escape(address)}" if "@" in address else ""
    digits = _NOT_DIALLED.sub("", number)
    uses = telecom.use.split()
    equipment = next((_EQUIPMENT_OF_USE[use] for use in uses if use in _EQUIPMENT_OF_USE), _EQUIPMENT.get(scheme, ""))
    if not equipment or _NUMBER.fullmatch(digits) is None:
        return ""
    use = next((_USES[use] for use in uses if use in _USES), "")
    extension = next((one.partition("=")[2] for one in parameters if one.lower().startswith("ext=")), "")
    return f"^{use}^{equipment}^^^^{digits}^{escape(extension)}".rstrip("^")


def author(person: Professional, flavour: Flavour) -> Author:
    """author of a document (guide, "Mapping XDS": role from functionCode's displayName, specialty from code)."""
    structure = xon(person.organization, flavour) if person.organization else ""
    specialty = person.specialty
    role = (person.role.display or person.role.code) if person.role else ""
    return Author(
        person=xcn(person, flavour),
        institutions=(structure,) if structure else (),
        roles=(escape(role),) if role else (),
        specialties=(
            (f"{escape(specialty.code)}^{escape(specialty.display)}^{specialty.system}",)
            if specialty and specialty.code
            else ()
        ),
        telecommunications=(
            tuple(filter(None, map(xtn, person.telecoms))) if flavour.author_telecommunications else ()
        ),
    )


def device(site: Site, settings: MetadataSettings) -> Author:
    """This gateway as an author: XCN with model and software, in the name of the site's structure."""
    flavour = settings.table
    identifier = Identifier(PROFESSIONAL_OID, settings.device_identifier or site.source_id)
    named = Professional(
        identifiers=(identifier,) if flavour.national_names else (),
        family=settings.device_model,
        given=settings.device_software,
        device=settings.device_model,
    )
    structure = xon(site.organization, flavour)
    return Author(person=xcn(named, flavour), institutions=(structure,) if structure else ())


def patient_info(patient: Patient, source_patient_id: str, flavour: Flavour) -> tuple[str, ...]:
    """sourcePatientInfo: ``PID-n|value`` each, what is not known left out.

    The place of birth stands in ``PID-11`` with address type ``BDL`` and the INSEE code as county (PAM-FR).
    """
    name = f"{escape(patient.family)}^{escape(patient.given)}^^^^^L" if patient.family else ""
    place = f"^^^^^^BDL^^{escape(patient.birth_place)}" if patient.birth_place else ""
    fields = [
        ("PID-3", source_patient_id if flavour.patient_info_has_ids else ""),
        ("PID-5", name),
        ("PID-7", patient.birth_date[:8]),
        ("PID-8", patient.sex),
        ("PID-11", place),
    ]
    return tuple(f"{name}|{value}" for name, value in fields if value)
