"""The names of the tables: one short constant a value set or association, used by the code that needs it.

Sources: CI-SIS IMG-CR-IMG 2024.01 functional specification (000) section 3 and technical specification (001)
section 3; CI-SIS "Structuration minimale des documents" for the header; "Partage de documents de santé" for the XDS
metadata.

One association that the specification names is not here: ASS_CorrespondanceLocalisationAnatomique_RegionAnatomique
(OID 1.2.250.1.213.1.1.5.696), the region of each location, was never published with data. A region is therefore
taken from the report and only checked against :data:`REGION`; a site may give its own mapping in its settings.
"""

from __future__ import annotations

from typing import Final

# The metadata of documents and submissions (XDS), and the header of a document.
AUTHOR_SPECIALTY: Final = "JDV_J01_XdsAuthorSpecialty_CISIS"
FACILITY_TYPE: Final = "JDV_J02_XdsHealthcareFacilityTypeCode_CISIS"
PRACTICE_SETTING: Final = "JDV_J04_XdsPracticeSettingCode_CISIS"
CLASS: Final = "JDV_J06_XdsClassCode_CISIS"
TYPE: Final = "JDV_J07_XdsTypeCode_CISIS"
DMP_TYPE: Final = "JDV_J66_TypeCode_DMP"
"""What of :data:`TYPE` the DMP takes."""
CONFIDENTIALITY: Final = "JDV_J08_XdsConfidentialityCode_CISIS"
FORMAT: Final = "JDV_J10_XdsFormatCode_CISIS"
RELATION: Final = "JDV_J11_RelationPatient_CISIS"
FUNCTION_CODE: Final = "JDV_J47_FunctionCode_CISIS"
ENCOUNTER_PARTICIPATION: Final = "JDV_J140_EncounterParticipationType_CISIS"
ROLE_CLASS: Final = "JDV_J141_RoleClass_CISIS"
ENCOUNTER_TYPE: Final = "JDV_J142_TypeRencontre_CISIS"
GENDER: Final = "JDV_J143_AdministrativeGender_CISIS"
PARTICIPATION: Final = "JDV_J144_ParticipationType_CISIS"
REFERENCE_ID_TYPE: Final = "JDV_J197_XdsTypesIdentifiantsReferenceId_CISIS"
PREFIX: Final = "JDV_J245_Civilite_CISIS"
SUFFIX: Final = "JDV_J246_Titre_CISIS"
CONTENT_TYPE: Final = "TRE_R209_TypeActivite"
HL7_CONFIDENTIALITY: Final = "HL7_Confidentiality"
"""What a CDA header may say; :data:`CONFIDENTIALITY` is what the XDS metadata may."""

# The body of an imaging report.
IMAGING_CODES: Final = "JDV_CodesDocumentImagerie_CISIS"
CONTRAINDICATION: Final = "JDV_Contre_indications_CISIS"
REFERENCE_PURPOSE: Final = "JDV_ImagerieObjectifsReference_CISIS"
LATERALITY: Final = "JDV_LateraliteTechniqueImagerie_CISIS"
"""What the official validator reads where the specification says :data:`TOPOGRAPHIC_MODIFIER`."""
LOCATION: Final = "JDV_LocalisationAnatomique_CISIS"
MODALITY: Final = "JDV_ModaliteAcquisition_CISIS"
TOPOGRAPHIC_MODIFIER: Final = "JDV_ModificateurTopographique_CISIS"
EXPOSURE_QUANTITY: Final = "JDV_QuantiteExpositionRayonnements_CISIS"
RADIOPHARMACEUTICAL: Final = "JDV_Radiopharmaceutique_CISIS"
REGION: Final = "JDV_RegionAnatomique_CISIS"
ROUTE: Final = "JDV_RouteofAdministration_CISIS"
SOP_CLASS: Final = "JDV_SOPClass_CISIS"
PREGNANCY: Final = "JDV_StatutGrossesse_CISIS"

# The messages of teleradiology (CI-SIS "Téléradiologie", HL7 v2).
REQUESTED_MODALITY: Final = "JDV_ModaliteDemandeActeImagerie_CISIS"
"""Names of three code systems: of the CI-SIS (radiography, ultrasound), of DICOM, of SNOMED CT (interventions)."""

# Associations.
CLASS_BY_TYPE: Final = "ASS_X04_CorrespondanceType_Classe_CISIS"
FORMAT_BY_MODEL: Final = "ASS_A11_CorresModeleCDA_XdsFormatCode_CISIS"
FORMAT_BY_MEDIA_TYPE: Final = "ASS_A12_CorresMediaTypeCDANonStructure_XdsFormatCode_CISIS"

SHORT: Final[dict[str, str]] = {name: value for name, value in globals().items() if name.isupper()}
"""The name of the table by the name of its constant."""
SETS: Final = tuple(name for name in SHORT.values() if not name.startswith("ASS_"))
"""Every value set, in the order above."""
ASSOCIATIONS: Final = tuple(name for name in SHORT.values() if name.startswith("ASS_"))
