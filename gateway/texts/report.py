"""Sentences about CDA reports."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    # reading a report
    "report_not_cda": Text(
        "Ce document n'est pas un document CDA : sa racine n'est pas ClinicalDocument (urn:hl7-org:v3).",
        "This is not a CDA document: its root is not ClinicalDocument (urn:hl7-org:v3).",
    ),
    "report_id_missing": Text(
        "Le compte rendu n'a pas d'identifiant (élément id) : donnez-lui un identifiant unique.",
        "The report has no identifier (element id): give it a unique one.",
    ),
    "report_id_several": Text(
        "Le compte rendu a plusieurs éléments id : gardez-en un seul.",
        "The report has several id elements: keep one.",
    ),
    "report_identifier_invalid": Text(
        "Un identifiant du compte rendu est inutilisable : il faut un OID ou un UUID dans root, et dans extension au"
        " plus 255 caractères sans ^ & ~ |.",
        "An identifier of the report cannot be used: root must be an OID or a UUID, and extension at most 255"
        " characters without ^ & ~ |.",
    ),
    "report_code_missing": Text(
        "Le compte rendu n'a pas de type de document (élément code) : ajoutez-le.",
        "The report has no document type (element code): add it.",
    ),
    "report_patient_missing": Text(
        "Le compte rendu ne nomme pas de patient (recordTarget/patientRole/patient) : ajoutez-le.",
        "The report names no patient (recordTarget/patientRole/patient): add it.",
    ),
    "report_patient_several": Text(
        "Le compte rendu nomme plusieurs patients : un compte rendu concerne un seul patient.",
        "The report names several patients: a report is about one patient.",
    ),
    "report_patient_id_missing": Text(
        "Le patient du compte rendu n'a aucun identifiant : ajoutez son INS ou son numéro local (patientRole/id).",
        "The patient of the report has no identifier: add the national or the local one (patientRole/id).",
    ),
    "report_study_missing": Text(
        "Le compte rendu ne désigne aucun examen : ajoutez son Study Instance UID"
        " (documentationOf/serviceEvent/id, attribut root).",
        "The report points to no study: add its Study Instance UID (documentationOf/serviceEvent/id, attribute root).",
    ),
    "report_study_invalid": Text(
        "L'identifiant d'examen « {study} » n'est pas un UID DICOM (chiffres et points, 64 caractères au plus).",
        "The study identifier “{study}” is not a DICOM UID (digits and dots, 64 characters at most).",
    ),
    "report_accession_missing": Text(
        "Le compte rendu n'a aucun numéro d'accession"
        " (inFulfillmentOf/order/ps3-20:accessionNumber avec root et extension) : ajoutez-le.",
        "The report has no accession number (inFulfillmentOf/order/ps3-20:accessionNumber with root and extension):"
        " add it.",
    ),
    "report_parent_missing": Text(
        "Un relatedDocument du compte rendu ne donne pas l'identifiant du document visé (parentDocument/id).",
        "A relatedDocument of the report does not give the identifier of its document (parentDocument/id).",
    ),
    "report_version_invalid": Text(
        "Le numéro de version du compte rendu (versionNumber) n'est pas un nombre entier : corrigez-le.",
        "The report's version (versionNumber) is not a whole number: correct it.",
    ),
    "report_time_invalid": Text(
        "Une date du compte rendu est illisible : le format attendu est AAAAMMJJ[hhmmss][+zzzz].",
        "A date of the report cannot be read: the form is YYYYMMDD[hhmmss][+zzzz].",
    ),
    "report_body_missing": Text(
        "Le compte rendu n'a pas de corps (component/structuredBody ou component/nonXMLBody/text) : ajoutez-le.",
        "The report has no body (component/structuredBody or component/nonXMLBody/text): add it.",
    ),
    "report_body_several": Text(
        "Le compte rendu a plusieurs corps : gardez structuredBody ou nonXMLBody.",
        "The report has several bodies: keep structuredBody or nonXMLBody.",
    ),
    "report_too_many": Text(
        "Un élément du compte rendu est répété plus de {limit} fois : allégez-le.",
        "An element of the report is repeated more than {limit} times: make it smaller.",
    ),
    "request_other_model": Text(
        "Ce document n'est pas une demande d'actes d'imagerie (IMG-DA-IMG) : son modèle est « {model} ».",
        "This document is no imaging request (IMG-DA-IMG): its model is “{model}”.",
    ),
    # reading a report whole: what is listed and not kept
    "not_understood_unknown": Text(
        "Cet élément ou attribut n'a pas de place ici dans le modèle : il n'a pas été lu.",
        "This element or attribute has no place here in the model: it was not read.",
    ),
    "not_understood_repeated": Text(
        "Cet élément est répété alors qu'un seul est lu à cette place.",
        "This element is repeated where one is read.",
    ),
    "not_understood_foreign": Text(
        "Cet élément ou attribut est d'un autre espace de noms que CDA : il n'a pas été lu.",
        "This element or attribute is of another namespace than CDA: it was not read.",
    ),
    "not_understood_text": Text(
        "Un texte se trouve là où seuls des éléments sont attendus.",
        "There is text where only elements are expected.",
    ),
    "not_understood_withheld": Text(
        "La valeur est déclarée absente (nullFlavor) ; la raison n'est pas conservée.",
        "The value is declared absent (nullFlavor); the reason is not kept.",
    ),
    "not_understood_template": Text(
        "Aucun templateId connu : la section ou l'entrée est lue sans être comprise.",
        "No known templateId: the section or entry is read without being understood.",
    ),
    "not_understood_no_time": Text(
        "Cette date est illisible : le format attendu est AAAAMMJJ[hhmmss][+zzzz].",
        "This date cannot be read: the form is YYYYMMDD[hhmmss][+zzzz].",
    ),
    "not_understood_base64": Text(
        "Ce contenu n'est pas du base64 : il est gardé tel quel et ne peut pas être ouvert.",
        "This content is no base64: it is kept as it stands and cannot be opened.",
    ),
    "not_understood_too_deep": Text(
        "Les éléments sont imbriqués trop profondément : ce qui est plus bas n'a pas été lu.",
        "The elements are nested too deeply: what is below was not read.",
    ),
    "not_understood_too_many": Text(
        "Le document a trop d'éléments : celui-ci et les suivants n'ont pas été lus.",
        "The document has too many elements: this one and those after it were not read.",
    ),
    "not_understood_more": Text(
        "D'autres éléments n'ont pas été compris ; ils ne sont pas énumérés.",
        "Other elements were not understood; they are not listed.",
    ),
    # the official validator
    "report_official_differs": Text(
        "Le validateur officiel dit {theirs} et notre profil « official » dit {ours}. Il a dit : {words}",
        "The official validator says {theirs} and our profile “official” says {ours}. It said: {words}",
    ),
    "official_unusable": Text(
        "Le validateur officiel ne peut pas être utilisé (il manque : {words}). Donnez le dossier d'une copie complète"
        " de TestContenuCDA et installez l'option « official » (pip install drim-gateway[official]).",
        "The official validator cannot be used (lacking: {words}). Name the folder of a complete checkout of"
        " TestContenuCDA and install the extra “official” (pip install drim-gateway[official]).",
    ),
    "official_slow": Text(
        "Le validateur officiel n'a pas répondu à temps : jugez moins de fichiers à la fois.",
        "The official validator did not answer in time: judge fewer files at once.",
    ),
    "official_failed": Text(
        "Le validateur officiel s'est arrêté avant la fin ({answered} réponses pour {asked} documents) : vérifiez la"
        " copie de TestContenuCDA et la mémoire disponible (1,1 Go).",
        "The official validator stopped before the end ({answered} answers for {asked} documents): check the checkout"
        " of TestContenuCDA and the memory available (1.1 GB).",
    ),
}
