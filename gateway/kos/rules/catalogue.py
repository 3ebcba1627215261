"""Every rule of ``gateway kos check``: id, how much it weighs, where it is written.

An id is also the key of the rule's sentences in ``gateway.texts.manifest``.
"""

from __future__ import annotations

from gateway.model.finding import Severity

ERROR, WARNING, ADVICE = Severity.ERROR, Severity.WARNING, Severity.ADVICE

_PART10 = "DICOM PS3.10, 7.1 (DICOM File Meta Information)"
_VR = "DICOM PS3.5, 6.2 (Value Representation)"
_CHARSET = "DICOM PS3.3, C.12.1.1.2 (Specific Character Set); PS3.5, 6.1"
_ELEMENTS = "DICOM PS3.5, 7.1 (Data Elements)"
_IOD = "DICOM PS3.3, A.35.4 (Key Object Selection Document IOD)"
_TYPES = "DICOM PS3.5, 7.4 (Data Element Type); PS3.3, A.35.4"
_PATIENT = "DICOM PS3.3, C.7.1.1 (Patient Module); IHE RAD TF-3, 4.68.4.1.2.3"
_INS = "ANS, Référentiel INS"
_REQUEST = "DICOM PS3.3, C.17.6.2 and table C.17-3c (Referenced Request); IHE RAD TF-3, 4.68.4.1.2.3"
_EVIDENCE = "DICOM PS3.3, C.17.6.2 (Current Requested Procedure Evidence Sequence), table C.17-3"
_RETRIEVAL = "IHE RAD TF-3, 4.68.4.1.2.3 (XDS-I.b manifest: retrieval); DICOM PS3.3, table C.17-3"
_UID = "DICOM PS3.5, 9 (Unique Identifiers)"
_TEMPLATE = "DICOM PS3.16, TID 2010 (Key Object Selection)"
_CONTENT = "DICOM PS3.3, C.17.3 (SR Document Content Module), A.35.4.3.1"
_TIMES = "DICOM PS3.3, C.12.1.1.8 (Timezone Offset From UTC)"
_MADO = "IHE RAD Supplement MADO 1.1, 6.X.2; DICOM CP-2595"
_DRIM = "DRIM-M, official manifests"

RULES: dict[str, tuple[Severity, str]] = {
    # the file
    "kos-meta-missing": (ERROR, _PART10),
    "kos-meta-value": (ERROR, _PART10),
    "kos-meta-class": (ERROR, _PART10),
    "kos-meta-instance": (ERROR, _PART10),
    "kos-meta-length": (ERROR, _PART10),
    "kos-transfer-syntax": (ERROR, "DICOM PS3.5, A (Transfer Syntax Specifications)"),
    "kos-transfer-encoding": (ERROR, "DICOM PS3.5, A (Transfer Syntax Specifications)"),
    "kos-deflated": (WARNING, "DICOM PS3.5, A.5 (Deflated Explicit VR Little Endian)"),
    "kos-preamble": (WARNING, "DICOM PS3.10, 7.1 and 7.5 (preamble and its security)"),
    # every element
    "kos-twice": (ERROR, _ELEMENTS),
    "kos-order": (ERROR, _ELEMENTS),
    "kos-odd": (ERROR, _ELEMENTS),
    "kos-vr": (ERROR, _VR),
    "kos-vr-unknown": (WARNING, "DICOM PS3.5, 6.2.2 (Unknown (UN) Value Representation)"),
    "kos-value": (ERROR, _VR),
    "kos-long": (ERROR, _VR),
    "kos-several": (ERROR, "DICOM PS3.5, 6.4 (Value Multiplicity); PS3.6"),
    "kos-padding": (ERROR, _VR),
    "kos-charset": (ERROR, _CHARSET),
    "kos-charset-missing": (ERROR, _CHARSET),
    "kos-charset-bytes": (ERROR, _CHARSET),
    "kos-charset-utf8": (ERROR, _CHARSET),
    "kos-charset-escape": (WARNING, "DICOM PS3.5, 6.1.2.5 (Code Extension Techniques)"),
    "kos-attribute-unknown": (WARNING, "DICOM PS3.6 (Data Dictionary)"),
    "kos-private": (ERROR, "DICOM PS3.5, 7.8.1 (Private Data Element Tags)"),
    "kos-pixels": (ERROR, _IOD),
    "kos-group": (ERROR, "DICOM PS3.5, 7.1 and 7.8 (groups that are no part of a data set)"),
    "kos-text-lost": (WARNING, _CHARSET),
    # what must be there
    "kos-missing": (ERROR, _TYPES),
    "kos-empty": (ERROR, _TYPES),
    "kos-items": (ERROR, _TYPES),
    "kos-fixed": (ERROR, _IOD),
    "kos-class": (ERROR, _IOD),
    "kos-code": (ERROR, "DICOM PS3.3, 8.8 (Code Sequence Macro)"),
    "kos-code-concept": (ERROR, "SNOMED CT, SCTID: partition and check digit; DICOM PS3.16, 8.1"),
    "kos-institution": (ADVICE, "DICOM PS3.3, C.7.5.1 (General Equipment Module)"),
    # who
    "kos-patient-id": (ERROR, _PATIENT),
    "kos-patient-issuer": (ERROR, _PATIENT),
    "kos-issuer": (ERROR, "DICOM PS3.3, tables 10-17 and 10-18 (HL7v2 Hierarchic Designator, Issuer of Patient ID)"),
    "kos-ins-form": (ERROR, _INS),
    "kos-ins-key": (ERROR, _INS),
    "kos-ins-name": (ERROR, _INS),
    "kos-ins-two": (ERROR, _INS),
    "kos-ins-traits": (WARNING, _INS),
    "kos-traits": (WARNING, _PATIENT),
    "kos-other-id-twice": (WARNING, _PATIENT),
    # which request
    "kos-request-missing": (ERROR, _REQUEST),
    "kos-request-none": (WARNING, _REQUEST),
    "kos-request-accession": (ERROR, _REQUEST),
    "kos-request-study": (ERROR, _REQUEST),
    "kos-request-twice": (ERROR, _REQUEST),
    "kos-accession-issuer": (ERROR, _REQUEST),
    "kos-accession-several": (ERROR, _REQUEST),
    "kos-accession-differs": (ERROR, _REQUEST),
    "kos-order-issuer": (ERROR, _REQUEST),
    "kos-issuer-alone": (WARNING, _REQUEST),
    # when
    "kos-zone": (ERROR, _TIMES),
    "kos-zone-missing": (WARNING, _TIMES),
    "kos-zone-national": (ERROR, _DRIM),
    "kos-before-study": (ERROR, "DICOM PS3.3, C.17.6.2 (Content Date), C.7.2.1 (Study Date)"),
    "kos-born-after": (ERROR, "DICOM PS3.3, C.7.1.1 (Patient's Birth Date), C.7.2.1 (Study Date)"),
    "kos-created-before": (ERROR, "DICOM PS3.3, C.12.1 (Instance Creation Date), C.17.6.2 (Content Date)"),
    # the evidence
    "kos-study-other": (ERROR, _EVIDENCE),
    "kos-study-twice": (ERROR, _EVIDENCE),
    "kos-series-twice": (ERROR, _EVIDENCE),
    "kos-instance-twice": (ERROR, _EVIDENCE),
    "kos-own-series": (ERROR, "IHE RAD TF-3, 4.68.4.1.2.3: a manifest has a series of its own"),
    "kos-own-instance": (ERROR, _EVIDENCE),
    "kos-uid-reused": (ERROR, _UID),
    "kos-uid-standard": (ERROR, f"{_UID}: 1.2.840.10008 is the standard's own"),
    "kos-sop-class": (ERROR, "DICOM PS3.4, B.5 (Standard SOP Classes)"),
    "kos-sop-class-unknown": (WARNING, "DICOM PS3.4, B.5 (Standard SOP Classes)"),
    "kos-identical": (ERROR, "DICOM PS3.3, C.17.6.2.1 (Identical Documents)"),
    "kos-identical-missing": (ERROR, "DICOM PS3.3, C.17.6.2.1 (Identical Documents)"),
    "kos-identical-needless": (ERROR, "DICOM PS3.3, C.17.6.2.1 (Identical Documents)"),
    "kos-retrieval-missing": (ERROR, _RETRIEVAL),
    "kos-retrieval-uneven": (ERROR, _RETRIEVAL),
    "kos-url": (ERROR, _RETRIEVAL),
    "kos-url-study": (ERROR, _RETRIEVAL),
    "kos-url-series": (ERROR, _RETRIEVAL),
    "kos-url-clear": (WARNING, "IHE RAD TF-3, 4.68.4.1.2.3; IHE ITI ATNA"),
    "kos-number": (ERROR, "DICOM PS3.3, C.7.6.6 (Number of Frames)"),
    "kos-mark": (ERROR, f"{_DRIM} (key images)"),
    "kos-mark-title": (ERROR, f"{_DRIM} (key images); DICOM PS3.16, CID 7010"),
    "kos-mark-words": (WARNING, f"{_DRIM} (key images)"),
    # the content
    "kos-title": (ERROR, f"{_TEMPLATE}; IHE RAD TF-3, 4.68.4.1.2.3"),
    "kos-title-meaning": (ERROR, "DICOM PS3.16, CID 7010"),
    "kos-title-signed": (ERROR, "DICOM PS3.16, D (113031, DCM, Signed Manifest)"),
    "kos-template-missing": (ERROR, "DICOM PS3.3, C.18.8.1.2 (Template Identification), A.35.4.3.1.3"),
    "kos-template-drim": (WARNING, "DICOM PS3.3, C.18.8.1.2 (Template Identification)"),
    "kos-relationship": (ERROR, "DICOM PS3.3, A.35.4.3.1.2 (Relationship Constraints)"),
    "kos-by-reference": (ERROR, "DICOM PS3.3, A.35.4.3.1.2 (Relationship Constraints)"),
    "kos-content-type": (ERROR, "DICOM PS3.3, A.35.4.3.1.1 (Value Type)"),
    "kos-content-name": (ERROR, _TEMPLATE),
    "kos-content-value": (ERROR, _CONTENT),
    "kos-content-foreign": (ERROR, _CONTENT),
    "kos-purpose": (ERROR, f"{_TEMPLATE}: the purpose of reference shall not be present"),
    "kos-description-several": (ERROR, _TEMPLATE),
    "kos-description-none": (WARNING, _DRIM),
    "kos-description-meaning": (WARNING, _TEMPLATE),
    "kos-description-series": (WARNING, _DRIM),
    "kos-description-other": (ERROR, f"{_EVIDENCE}; {_DRIM}"),
    "kos-reference-one": (ERROR, "DICOM PS3.3, C.18.3 (Composite Object Reference Macro)"),
    "kos-reference-none": (ERROR, f"{_TEMPLATE}: at least one of rows 7, 8 and 9"),
    "kos-value-type": (ERROR, _TEMPLATE),
    "kos-content-twice": (ERROR, f"{_EVIDENCE}; {_TEMPLATE}"),
    "kos-content-unknown": (ERROR, _EVIDENCE),
    "kos-content-lacks": (ERROR, f"{_EVIDENCE}: the evidence is what the content selects"),
    "kos-class-differs": (ERROR, _EVIDENCE),
    "kos-nested": (ERROR, _TEMPLATE),
    # the manifest with description
    "kos-described": (ERROR, _MADO),
    "kos-library-missing": (ERROR, _MADO),
    "kos-library-several": (ERROR, _MADO),
    "kos-library-series": (ERROR, _MADO),
    "kos-library-instance": (ERROR, _MADO),
    "kos-library-name": (ERROR, _MADO),
    "kos-library-unit": (ERROR, "DICOM PS3.3, C.18.1 (Numeric Measurement Macro)"),
    "kos-library-count": (ERROR, _MADO),
    "kos-library-lacks": (WARNING, _MADO),
    "kos-library-twice": (ERROR, _MADO),
    "kos-library-modality": (ERROR, _MADO),
    "kos-library-value": (ERROR, f"{_MADO}; DICOM PS3.16, CID 33, 244 and 4031"),
    "kos-library-meaning": (WARNING, _MADO),
    "kos-library-continuity": (WARNING, "DICOM PS3.3, C.18.8 (Container Macro)"),
    "kos-other-ids": (ERROR, "IHE RAD Supplement MADO 1.1, 6.X.2.5.1.1.2"),
}
