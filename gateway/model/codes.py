"""Coded values (HL7 v3 CD, XDS coded classifications)."""

from __future__ import annotations

from dataclasses import dataclass

LOINC = "2.16.840.1.113883.6.1"
SNOMED_CT = "2.16.840.1.113883.6.96"
DCM = "1.2.840.10008.2.16.4"
CCAM_SYSTEMS = frozenset({"1.2.250.1.213.2.5", "1.2.250.1.215.300.1"})
"""CCAM under the OID of the specification (001 section 3.2) and under that of the official example."""


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a code system; ``display`` is what a person reads."""

    code: str
    system: str
    display: str = ""


_DICOM_MODALITY = {"RM": "MR"}


def dicom_modality(code: str) -> str:
    """The DICOM code of a modality; ``RM``, found in official French reports, means ``MR``."""
    return _DICOM_MODALITY.get(code, code)
