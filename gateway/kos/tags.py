"""The tags of a Key Object Selection Document, by their keywords (DICOM PS3.6)."""

from __future__ import annotations

# fmt: off
MEDIA_STORAGE_SOP_CLASS_UID                   = 0x00020002
MEDIA_STORAGE_SOP_INSTANCE_UID                = 0x00020003
TRANSFER_SYNTAX_UID                           = 0x00020010
SPECIFIC_CHARACTER_SET                        = 0x00080005
INSTANCE_CREATION_DATE                        = 0x00080012
INSTANCE_CREATION_TIME                        = 0x00080013
SOP_CLASS_UID                                 = 0x00080016
SOP_INSTANCE_UID                              = 0x00080018
STUDY_DATE                                    = 0x00080020
SERIES_DATE                                   = 0x00080021
CONTENT_DATE                                  = 0x00080023
STUDY_TIME                                    = 0x00080030
SERIES_TIME                                   = 0x00080031
CONTENT_TIME                                  = 0x00080033
ACCESSION_NUMBER                              = 0x00080050
ISSUER_OF_ACCESSION_NUMBER_SEQUENCE           = 0x00080051
RETRIEVE_AE_TITLE                             = 0x00080054
MODALITY                                      = 0x00080060
MANUFACTURER                                  = 0x00080070
INSTITUTION_NAME                              = 0x00080080
INSTITUTION_ADDRESS                           = 0x00080081
REFERRING_PHYSICIAN_NAME                      = 0x00080090
CODE_VALUE                                    = 0x00080100
CODING_SCHEME_DESIGNATOR                      = 0x00080102
CODE_MEANING                                  = 0x00080104
MAPPING_RESOURCE                              = 0x00080105
LONG_CODE_VALUE                               = 0x00080119
URN_CODE_VALUE                                = 0x00080120
TIMEZONE_OFFSET_FROM_UTC                      = 0x00080201
STATION_NAME                                  = 0x00081010
STUDY_DESCRIPTION                             = 0x00081030
MANUFACTURER_MODEL_NAME                       = 0x00081090
REFERENCED_STUDY_SEQUENCE                     = 0x00081110
REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE  = 0x00081111
REFERENCED_SERIES_SEQUENCE                    = 0x00081115
REFERENCED_SOP_CLASS_UID                      = 0x00081150
REFERENCED_SOP_INSTANCE_UID                   = 0x00081155
REFERENCED_FRAME_NUMBER                       = 0x00081160
RETRIEVE_URL                                  = 0x00081190
REFERENCED_SOP_SEQUENCE                       = 0x00081199
PATIENT_NAME                                  = 0x00100010
PATIENT_ID                                    = 0x00100020
ISSUER_OF_PATIENT_ID                          = 0x00100021
TYPE_OF_PATIENT_ID                            = 0x00100022
ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE      = 0x00100024
PATIENT_BIRTH_DATE                            = 0x00100030
PATIENT_SEX                                   = 0x00100040
OTHER_PATIENT_NAMES                           = 0x00101001
OTHER_PATIENT_IDS_SEQUENCE                    = 0x00101002
PATIENT_COMMENTS                              = 0x00104000
DEVICE_SERIAL_NUMBER                          = 0x00181000
SOFTWARE_VERSIONS                             = 0x00181020
STUDY_INSTANCE_UID                            = 0x0020000D
SERIES_INSTANCE_UID                           = 0x0020000E
STUDY_ID                                      = 0x00200010
SERIES_NUMBER                                 = 0x00200011
INSTANCE_NUMBER                               = 0x00200013
NUMBER_OF_FRAMES                              = 0x00280008
REQUESTED_PROCEDURE_DESCRIPTION               = 0x00321060
REQUESTED_PROCEDURE_CODE_SEQUENCE             = 0x00321064
ORDER_PLACER_IDENTIFIER_SEQUENCE              = 0x00400026
ORDER_FILLER_IDENTIFIER_SEQUENCE              = 0x00400027
LOCAL_NAMESPACE_ENTITY_ID                     = 0x00400031
UNIVERSAL_ENTITY_ID                           = 0x00400032
UNIVERSAL_ENTITY_ID_TYPE                      = 0x00400033
MEASUREMENT_UNITS_CODE_SEQUENCE               = 0x004008EA
REQUESTED_PROCEDURE_ID                        = 0x00401001
PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST   = 0x00402016
FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST   = 0x00402017
RELATIONSHIP_TYPE                             = 0x0040A010
VALUE_TYPE                                    = 0x0040A040
CONCEPT_NAME_CODE_SEQUENCE                    = 0x0040A043
CONTINUITY_OF_CONTENT                         = 0x0040A050
DATE_TIME                                     = 0x0040A120
DATE                                          = 0x0040A121
TIME                                          = 0x0040A122
PERSON_NAME                                   = 0x0040A123
UID                                           = 0x0040A124
TEXT_VALUE                                    = 0x0040A160
CONCEPT_CODE_SEQUENCE                         = 0x0040A168
MEASURED_VALUE_SEQUENCE                       = 0x0040A300
NUMERIC_VALUE                                 = 0x0040A30A
REFERENCED_REQUEST_SEQUENCE                   = 0x0040A370
CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE = 0x0040A375
PERTINENT_OTHER_EVIDENCE_SEQUENCE             = 0x0040A385
CONTENT_TEMPLATE_SEQUENCE                     = 0x0040A504
IDENTICAL_DOCUMENTS_SEQUENCE                  = 0x0040A525
CONTENT_SEQUENCE                              = 0x0040A730
TEMPLATE_IDENTIFIER                           = 0x0040DB00
REFERENCED_CONTENT_ITEM_IDENTIFIER            = 0x0040DB73
RETRIEVE_URI                                  = 0x0040E010
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
