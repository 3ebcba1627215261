"""Codes of the systems that everyone shares: each system's own form and check digit, whatever the value set.

A value set is the affinity domain's to choose, so a code that no table here knows is no fault; a code that its own
system cannot have is one, in every domain.

Sources: LOINC Users' Guide (codes, mod 10 check digit); SNOMED International, SNOMED CT Release File Specifications
(SCTID, Verhoeff check digit); DICOM PS3.16 table 8-1 (SRT codes under the OID of SNOMED), CID 29 and its retired terms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from gateway import valuesets
from gateway.model.codes import CCAM_SYSTEMS, DCM, LOINC, SNOMED_CT
from gateway.texts.text import Text
from gateway.xds.rules.values import both

_LOINC = re.compile(r"(?:L[AGLP])?([0-9]{1,7})-([0-9])")
_SCTID = re.compile(r"[1-9][0-9]{5,17}")
_SRT = re.compile(r"[A-Z]{1,2}-[0-9A-F]{2,8}")
_DCM_NUMBER = re.compile(r"[0-9]{5,6}")
_NO_ACQUISITION_NAMES = """ANN AS ASMT AU CD CF CP CS CTPROTOCOL DD DF DM DOC DS EC FA FID FS HC KER KO LEN LP M3D MA
MS OAM OP OPR OSS OT PLAN POS PR REG RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SEG SMR SR
SRF ST STAIN TEXTUREMAP TG VA VF XAPROTOCOL"""
_NO_ACQUISITION = frozenset(_NO_ACQUISITION_NAMES.split())
"""Modalities of DICOM, current and retired, that the French value set of acquisition leaves out."""
_CCAM = re.compile(r"[A-Z]{4}[0-9]{3}(?:[^0-9A-Za-z].*)?|[0-9]+")
"""Four letters and three digits, perhaps an extension behind; digits are regions, which samples have under its OID."""
_MULTIPLIED = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_PERMUTED = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)


def fault(code: str, system: str) -> Text | None:
    """What *system* cannot have in *code*; nothing for a system that is not known here."""
    form = _FORMS.get(system)
    return form(code) if form else None


def _loinc(code: str) -> Text | None:
    match = _LOINC.fullmatch(code)
    if match is None:
        return both("n'est pas un code LOINC (chiffres, tiret, clé)", "is no LOINC code (digits, hyphen, check digit)")
    doubled = sum(sum(divmod(int(digit) * 2, 10)) for digit in match[1][::-2])
    if (doubled + sum(int(digit) for digit in match[1][-2::-2])) * 9 % 10 != int(match[2]):
        return both("n'est pas un code LOINC : sa clé est fausse", "is no LOINC code: its check digit is wrong")
    return None


def _snomed(code: str) -> Text | None:
    if _SRT.fullmatch(code):
        return None
    if _SCTID.fullmatch(code) is None:
        return both("n'est pas un identifiant SNOMED CT", "is no SNOMED CT identifier")
    check = 0
    for position, digit in enumerate(reversed(code)):
        check = int(_MULTIPLIED[check][int(_PERMUTED[position % 8][int(digit)])])
    if check:
        return both(
            "n'est pas un identifiant SNOMED CT : sa clé est fausse",
            "is no SNOMED CT identifier: its check digit is wrong",
        )
    return None


def _dicom(code: str) -> Text | None:
    if code in valuesets.load(valuesets.MODALITY) or code in _NO_ACQUISITION or _DCM_NUMBER.fullmatch(code):
        return None
    return both("n'est pas un code de DICOM (CID 29 : CT, MR…)", "is no code of DICOM (CID 29: CT, MR…)")


def _ccam(code: str) -> Text | None:
    if _CCAM.fullmatch(code):
        return None
    return both(
        "n'est pas un code CCAM (quatre lettres, trois chiffres)", "is no CCAM code (four letters, three digits)"
    )


_FORMS: Mapping[str, Callable[[str], Text | None]] = {
    LOINC: _loinc,
    "LN": _loinc,
    SNOMED_CT: _snomed,
    "SCT": _snomed,
    DCM: _dicom,
    "DCM": _dicom,
    **dict.fromkeys(CCAM_SYSTEMS, _ccam),
}
