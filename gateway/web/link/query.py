"""The query of an Invoke Image Display request, read and written.

Sources: IHE RAD TF-2 4.106.4.1.2 (parameters); the national form in ``gateway.model.link``, where ``Accessionnumber``
is written so and other systems write it otherwise: names of parameters are read whatever their case. Parameters that
are not known are passed over, as the profile asks. Lists are written with commas, by some viewers with semicolons.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode
from zoneinfo import ZoneInfo

from gateway.model.access import ViewOptions
from gateway.model.identifiers import Identifier, is_root, is_uid
from gateway.model.link import PATH, PatientRequest, StudyRequest

_NAMES = {
    name.lower(): name
    for name in (
        "requestType",
        "studyUID",
        "Accessionnumber",
        "idCDA",
        "patientID",
        "patientName",
        "patientBirthDate",
        "lowerDateTime",
        "upperDateTime",
        "mostRecentResults",
        "modalitiesInStudy",
        "viewerType",
        "diagnosticQuality",
        "keyImagesOnly",
    )
}
_PARAMETERS = 64
_ACCESSION = 260
"""An OID of 128 characters, a dot, and an extension of any sane length."""
_REPORT = 400
_LIST = 32
_VIEWERS: dict[str, Literal["", "light", "full"]] = {"": "", "ihe_bir": "full", "full": "full", "light": "light"}
"""IHE_BIR is Basic Image Review, which measures and compares: the full viewer."""
_CX = re.compile(r"([^^&]+)\^\^\^([^^&]*)(?:&([^^&]+)&ISO)?(?:\^.*)?")
_MODALITY = re.compile(r"[A-Z]{2,16}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
ZONE = ZoneInfo("Europe/Paris")
"""Of a moment that is written without one."""
_AS_USUAL = ViewOptions()


class LinkMalformed(ValueError):
    """The link cannot be one of ours."""


class ViewerUnknown(ValueError):
    """The link asks for a kind of viewer that there is not."""


@dataclass(frozen=True, slots=True)
class Link:
    """A well-formed link."""

    request: StudyRequest | PatientRequest
    options: ViewOptions = _AS_USUAL

    @property
    def path(self) -> str:
        """The link again, with nothing else of what was sent."""
        wanted, options = self.request, self.options
        pairs = _study(wanted) if isinstance(wanted, StudyRequest) else _patient(wanted)
        pairs += [("viewerType", options.viewer)] if options.viewer else []
        pairs += [("diagnosticQuality", "true")] if options.diagnostic else []
        pairs += [("keyImagesOnly", "true")] if options.key_images_only else []
        return f"{PATH}?{urlencode(pairs, quote_via=quote)}"


def read(query: bytes) -> Link:
    """The link that *query* (the raw query string) states; raises LinkMalformed or ViewerUnknown."""
    found = _parameters(query)
    kind = found.get("requestType", "").upper()
    if kind == "STUDY":
        request: StudyRequest | PatientRequest = _study_request(found)
    elif kind == "PATIENT":
        request = _patient_request(found)
    else:
        raise LinkMalformed
    viewer = found.get("viewerType", "").lower()
    if viewer not in _VIEWERS:
        raise ViewerUnknown
    options = ViewOptions(
        viewer=_VIEWERS[viewer],
        diagnostic=_truth(found, "diagnosticQuality"),
        key_images_only=_truth(found, "keyImagesOnly"),
    )
    return Link(request, options)


def _parameters(query: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_PARAMETERS,
        )
    except ValueError:
        raise LinkMalformed from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if not (name + value).isprintable():
            raise LinkMalformed
        known = _NAMES.get(name.lower())
        if known is None:
            continue
        if known in found:
            raise LinkMalformed
        found[known] = value
    return found


def _study_request(found: dict[str, str]) -> StudyRequest:
    studies = _list(found.get("studyUID", ""))
    accessions = tuple(_accession(each) for each in _list(found.get("Accessionnumber", "")))
    report = found.get("idCDA", "")
    if not all(map(is_uid, studies)) or not (studies or accessions) or "patientID" in found:
        raise LinkMalformed
    if any(name in found and not found[name] for name in ("studyUID", "Accessionnumber", "idCDA")):
        raise LinkMalformed
    if report and not _is_report(report):
        raise LinkMalformed
    # A study and its accession number without the report: the link that a platform is given to put its report's id
    # behind (URL_PARTIELLE_VIEWER). It opens nothing until that is done; nor does a report without both.
    if bool(studies and accessions) != bool(report):
        raise LinkMalformed
    return StudyRequest(study_uids=studies, accessions=accessions, report=report)


def _patient_request(found: dict[str, str]) -> PatientRequest:
    if any(name in found for name in ("studyUID", "Accessionnumber", "idCDA")):
        raise LinkMalformed
    match = _CX.fullmatch(found.get("patientID", ""))
    if match is None or len(found["patientID"]) > _ACCESSION or not (match[2] or match[3]):
        raise LinkMalformed
    if match[3] and not is_root(match[3]):
        raise LinkMalformed
    family, _, rest = found.get("patientName", "").partition("^")
    count = found.get("mostRecentResults", "")
    modalities = frozenset(each.upper() for each in _list(found.get("modalitiesInStudy", "")))
    born = found.get("patientBirthDate", "")
    if (count and not _NUMBER.fullmatch(count)) or not all(map(_MODALITY.fullmatch, modalities)):
        raise LinkMalformed
    if born and (_DAY.fullmatch(born) is None or _moment(born) is None):
        raise LinkMalformed
    return PatientRequest(
        patient=Identifier(match[3] or match[2], match[1]),
        family=family.strip(),
        given=rest.partition("^")[0].strip(),
        birth_date=born.replace("-", ""),
        lower=_limit(found, "lowerDateTime"),
        upper=_limit(found, "upperDateTime"),
        most_recent=int(count) if count else None,
        modalities=modalities,
    )


def _list(text: str) -> tuple[str, ...]:
    parts = tuple(dict.fromkeys(re.split("[,;]", text))) if text else ()
    if len(parts) > _LIST or "" in parts:
        raise LinkMalformed
    return parts


def _accession(text: str) -> str:
    """An accession number as written; a CX becomes ``root.extension``."""
    if not 0 < len(text) <= _ACCESSION:
        raise LinkMalformed
    match = _CX.fullmatch(text)
    return Identifier(match[3], match[1]).dotted if match and match[3] else text


def _is_report(text: str) -> bool:
    """Whether *text* begins with a root, and holds nothing after it but an extension behind ``^``, ``_`` or a dot."""
    root, joint, extension = text, "", ""
    if cut := re.search("[\\^_]", text):
        root, joint, extension = text[: cut.start()], cut[0], text[cut.end() :]
    if len(text) > _REPORT or (joint and not extension):
        return False
    return is_root(root) or (not joint and is_root(root.partition(".")[0])) or _begins_with_oid(root)


def _begins_with_oid(text: str) -> bool:
    """Whether an OID stands before the last dots of *text*: ``1.2.250.1.999.8.CR-7``."""
    parts = text.split(".")
    return any(is_uid(".".join(parts[:count])) for count in range(2, len(parts))) and "" not in parts


def _truth(found: dict[str, str], name: str) -> bool:
    value = found.get(name, "false").lower()
    if value not in ("true", "false", "1", "0"):
        raise LinkMalformed
    return value in ("true", "1")


def _limit(found: dict[str, str], name: str) -> datetime | None:
    text = found.get(name, "")
    if not text:
        return None
    moment = _moment(text)
    if moment is None:
        raise LinkMalformed
    if _DAY.fullmatch(text) and name == "upperDateTime":
        # A day alone: to its end.
        return moment.replace(hour=23, minute=59, second=59, microsecond=999999)
    return moment


def _moment(text: str) -> datetime | None:
    """An xsd:dateTime (or a day); without a zone it is ours."""
    # A plus sign that was not encoded has become a blank.
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        return moment.replace(tzinfo=ZONE) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _study(wanted: StudyRequest) -> list[tuple[str, str]]:
    pairs = [("requestType", "STUDY")]
    pairs += [("studyUID", ",".join(wanted.study_uids))] if wanted.study_uids else []
    pairs += [("Accessionnumber", ",".join(wanted.accessions))] if wanted.accessions else []
    return pairs + ([("idCDA", wanted.report)] if wanted.report else [])


def _patient(wanted: PatientRequest) -> list[tuple[str, str]]:
    known = wanted.patient
    written = known.cx() if is_root(known.root) else f"{known.extension}^^^{known.root}"
    born = wanted.birth_date
    pairs = [
        ("requestType", "PATIENT"),
        ("patientID", written),
        ("patientName", f"{wanted.family}^{wanted.given}" if wanted.family or wanted.given else ""),
        ("patientBirthDate", f"{born[:4]}-{born[4:6]}-{born[6:]}" if born else ""),
        ("lowerDateTime", wanted.lower.isoformat() if wanted.lower else ""),
        ("upperDateTime", wanted.upper.isoformat() if wanted.upper else ""),
        ("mostRecentResults", str(wanted.most_recent or "")),
        ("modalitiesInStudy", ",".join(sorted(wanted.modalities))),
    ]
    return [(name, value) for name, value in pairs if value]
