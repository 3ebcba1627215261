"""The tags of a Key Object Selection Document, by their keywords (DICOM PS3.6)."""

from __future__ import annotations

# fmt: off
SPECIFIC_CHARACTER_SET                        = 0x00080005
SOP_CLASS_UID                                 = 0x00080016
SOP_INSTANCE_UID                              = 0x00080018
STUDY_DATE                                    = 0x00080020
CONTENT_DATE                                  = 0x00080023
STUDY_TIME                                    = 0x00080030
CONTENT_TIME                                  = 0x00080033
ACCESSION_NUMBER                              = 0x00080050
ISSUER_OF_ACCESSION_NUMBER_SEQUENCE           = 0x00080051
RETRIEVE_AE_TITLE                             = 0x00080054
CODE_VALUE                                    = 0x00080100
CODING_SCHEME_DESIGNATOR                      = 0x00080102
CODE_MEANING                                  = 0x00080104
MAPPING_RESOURCE                              = 0x00080105
TIMEZONE_OFFSET_FROM_UTC                      = 0x00080201
STUDY_DESCRIPTION                             = 0x00081030
REFERENCED_SERIES_SEQUENCE                    = 0x00081115
REFERENCED_SOP_CLASS_UID                      = 0x00081150
REFERENCED_SOP_INSTANCE_UID                   = 0x00081155
RETRIEVE_URL                                  = 0x00081190
REFERENCED_SOP_SEQUENCE                       = 0x00081199
PATIENT_NAME                                  = 0x00100010
PATIENT_ID                                    = 0x00100020
ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE      = 0x00100024
PATIENT_BIRTH_DATE                            = 0x00100030
PATIENT_SEX                                   = 0x00100040
OTHER_PATIENT_IDS_SEQUENCE                    = 0x00101002
STUDY_INSTANCE_UID                            = 0x0020000D
SERIES_INSTANCE_UID                           = 0x0020000E
SERIES_NUMBER                                 = 0x00200011
INSTANCE_NUMBER                               = 0x00200013
NUMBER_OF_FRAMES                              = 0x00280008
ORDER_PLACER_IDENTIFIER_SEQUENCE              = 0x00400026
UNIVERSAL_ENTITY_ID                           = 0x00400032
PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST   = 0x00402016
RELATIONSHIP_TYPE                             = 0x0040A010
VALUE_TYPE                                    = 0x0040A040
CONCEPT_NAME_CODE_SEQUENCE                    = 0x0040A043
TEXT_VALUE                                    = 0x0040A160
REFERENCED_REQUEST_SEQUENCE                   = 0x0040A370
CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE = 0x0040A375
CONTENT_TEMPLATE_SEQUENCE                     = 0x0040A504
CONTENT_SEQUENCE                              = 0x0040A730
TEMPLATE_IDENTIFIER                           = 0x0040DB00
RETRIEVE_LOCATION_UID                         = 0x0040E011
# fmt: on

SEQUENCES = frozenset(
    {
        ISSUER_OF_ACCESSION_NUMBER_SEQUENCE,
        REFERENCED_SERIES_SEQUENCE,
        REFERENCED_SOP_SEQUENCE,
        ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE,
        OTHER_PATIENT_IDS_SEQUENCE,
        ORDER_PLACER_IDENTIFIER_SEQUENCE,
        CONCEPT_NAME_CODE_SEQUENCE,
        REFERENCED_REQUEST_SEQUENCE,
        CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE,
        CONTENT_SEQUENCE,
    }
)
"""Those whose items are read; every other sequence is passed over."""


def name(tag: int) -> str:
    """``(gggg,eeee)``."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
