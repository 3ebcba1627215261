"""Sentences of the HL7 v2 checker: one a rule, ``rule_hl7_<rule>``."""

from gateway.texts.text import Text

TEXTS = {
    f"rule_hl7_{name}": Text(french, english)
    for name, french, english in (
        # the message and its segments
        (
            "message_unknown",
            "Ce type de message (MSH-9) n'a pas de profil ici.",
            "This type of message (MSH-9) has no profile here.",
        ),
        (
            "too_many",
            "Il y a davantage d'anomalies : corrigez celles-ci d'abord.",
            "There are more findings: correct these first.",
        ),
        (
            "too_many_repetitions",
            "Un champ du segment {segment} se répète plus de {expected} fois : le message n'a pas été jugé.",
            "A field of the segment {segment} repeats more than {expected} times: the message was not judged.",
        ),
        (
            "profile_several",
            "MSH-21 annonce plusieurs profils ({value}) : un message n'en suit qu'un.",
            "MSH-21 states several profiles ({value}): a message follows one.",
        ),
        (
            "profile_older",
            "MSH-21 annonce une version antérieure du profil ({value}) : lue comme {expected}.",
            "MSH-21 states an earlier version of the profile ({value}): read as {expected}.",
        ),
        (
            "segment_end",
            "Des segments se terminent par LF : la norme veut CR.",
            "Segments end in LF: the standard wants CR.",
        ),
        (
            "control_character",
            "Le message contient des caractères de contrôle : écrivez-les en séquence d'échappement.",
            "The message holds control characters: write them as escape sequences.",
        ),
        (
            "acknowledgement_mode",
            "{field} demande le mode amélioré : seul le mode original est profilé.",
            "{field} asks for enhanced mode: only original mode is profiled.",
        ),
        (
            "escape",
            "Une séquence d'échappement du segment {segment} est inconnue ou coupée.",
            "An escape sequence of the segment {segment} is unknown or cut short.",
        ),
        (
            "segment_unknown",
            "Le segment {segment} n'est pas du profil : il est ignoré.",
            "The segment {segment} is not of the profile: it is passed over.",
        ),
        (
            "segment_missing",
            "Le segment {segment} est absent : le profil l'exige.",
            "The segment {segment} is missing: the profile requires it.",
        ),
        (
            "segment_order",
            "Le segment {segment} n'est pas à sa place dans la structure du profil.",
            "The segment {segment} is out of its place in the profile's structure.",
        ),
        (
            "segment_repeated",
            "Le segment {segment} est présent une fois de trop.",
            "The segment {segment} is there once too often.",
        ),
        # fields
        ("field_required", "{field} est obligatoire et vide.", "{field} is required and empty."),
        ("field_forbidden", "{field} ne doit pas être renseigné.", "{field} must not be filled."),
        (
            "field_repeated",
            "{field} ne se répète pas : une seule valeur est admise.",
            "{field} does not repeat: one value is allowed.",
        ),
        (
            "field_unknown",
            "{field} n'existe pas dans la norme : y a-t-il un séparateur de trop ?",
            "{field} does not exist in the standard: is there a separator too many?",
        ),
        (
            "value",
            "{field} a la valeur « {value} » ; attendu : {expected}.",
            '{field} has the value "{value}"; expected: {expected}.',
        ),
        (
            "form",
            "La valeur de {field} n'a pas la forme attendue.",
            "The value of {field} has not the form that is expected.",
        ),
        # data types
        (
            "type_components",
            "{field} a plus de composants que son type de données : un séparateur n'est-il pas échappé ?",
            "{field} has more components than its data type: is a separator not escaped?",
        ),
        (
            "type_time",
            "{field} n'est pas une date ou une heure réelle (AAAAMMJJ[HHMM[SS]]).",
            "{field} is no real date or time (YYYYMMDD[HHMM[SS]]).",
        ),
        (
            "type_birth_date",
            "Le jour ou le mois de naissance ({field}) est écrit 00.",
            "The day or month of birth ({field}) is written 00.",
        ),
        (
            "type_number",
            "{field} n'est pas un nombre de 16 caractères au plus.",
            "{field} is no number of at most 16 characters.",
        ),
        ("type_sequence", "{field} n'est pas un numéro d'ordre.", "{field} is no sequence number."),
        (
            "type_oid",
            "{field} annonce un OID (ISO), et ce n'en est pas un.",
            "{field} states an OID (ISO), and it is none.",
        ),
        (
            "type_authority",
            "{field} : un identifiant universel et son type (ISO) vont ensemble.",
            "{field}: a universal id and its type (ISO) go together.",
        ),
        (
            "type_empty",
            "{field} est vide alors que le champ est renseigné.",
            "{field} is empty while its field is filled.",
        ),
        (
            "type_no_authority",
            "{field} : un identifiant a une autorité d'affectation.",
            "{field}: an identifier has an assigning authority.",
        ),
        (
            "type_coding_system",
            "{field} : le système de codage accompagne toujours le code.",
            "{field}: the coding system always goes with the code.",
        ),
        (
            "type_table",
            "La valeur de {field} n'est pas de la table de la norme : {expected}.",
            "The value of {field} is not of the standard's table: {expected}.",
        ),
        (
            "type_loinc",
            "{field} n'est pas un code LOINC : le système est LN et la clé de contrôle est fausse.",
            "{field} is no LOINC code: the system is LN and the check digit is wrong.",
        ),
        (
            "type_country",
            "Le pays de {field} s'écrit en trois lettres (FRA).",
            "The country of {field} is written in three letters (FRA).",
        ),
        ("sequence", "{field} vaut {value} : attendu {expected}.", "{field} is {value}: expected {expected}."),
        # the patient
        (
            "ins_form",
            "Le matricule INS doit avoir 15 caractères et une clé juste.",
            "The INS must have 15 characters and a right key.",
        ),
        ("ins_several", "PID-3 contient plusieurs INS.", "PID-3 has more than one INS."),
        (
            "ins_authority",
            "Le nom et l'OID de l'autorité de l'INS (PID-3.4) se contredisent.",
            "Name and OID of the authority of the INS (PID-3.4) contradict each other.",
        ),
        (
            "ins_missing",
            "L'INS (matricule et OID) est absente de PID-3.",
            "The INS (number and OID) is missing from PID-3.",
        ),
        (
            "ins_birth_place",
            "L'INS exige le lieu de naissance : PID-11 de type BDL, code COG en composant 9.",
            "The INS requires the place of birth: PID-11 of type BDL, INSEE code in component 9.",
        ),
        (
            "birth_place_form",
            "Le code COG du lieu de naissance a cinq caractères.",
            "The INSEE code of the place of birth has five characters.",
        ),
        (
            "ins_birth_date",
            "L'INS exige la date de naissance entière (AAAAMMJJ).",
            "The INS requires the whole birth date (YYYYMMDD).",
        ),
        ("ins_sex", "L'INS exige le sexe M, F ou U.", "The INS requires the sex M, F or U."),
        (
            "ins_reliability",
            "PID-32 doit dire que l'identité est qualifiée (VALI) quand l'INS est transmise.",
            "PID-32 must say that the identity is qualified (VALI) when the INS is sent.",
        ),
        (
            "ins_not_qualified",
            "L'INS n'est transmise que pour une identité qualifiée : PID-32 vaut {value}.",
            "The INS is only sent for a qualified identity: PID-32 is {value}.",
        ),
        (
            "ins_identity_unknown",
            "PID-31 dit l'identité inconnue alors que l'INS est transmise.",
            "PID-31 says the identity is unknown while the INS is sent.",
        ),
        (
            "ins_given_names",
            "La liste des prénoms (PID-5.3) ne commence pas par le premier prénom (PID-5.2).",
            "The list of given names (PID-5.3) does not begin with the first one (PID-5.2).",
        ),
        (
            "ins_traits",
            "{field} n'est pas ce que dit le matricule INS (sexe, année et mois de naissance) : vérifiez l'identité.",
            "{field} is not what the number of the INS says (sex, year and month of birth): check the identity.",
        ),
        (
            "identity_contradicts",
            "PID-32 dit l'identité validée (VALI), et PID-31 ou PID-32 dit le contraire.",
            "PID-32 says that the identity is validated (VALI), and PID-31 or PID-32 says the contrary.",
        ),
        (
            "death_contradicts",
            "PID-30 dit le patient vivant (N) alors que la date du décès (PID-29) est donnée.",
            "PID-30 says that the patient is alive (N) while the date of death (PID-29) is given.",
        ),
        (
            "birth_order",
            "{field} donne un rang de naissance alors que PID-24 dit la naissance unique.",
            "{field} gives a birth order while PID-24 says that the birth was of one.",
        ),
        (
            "number_twice",
            "{field} a plusieurs identifiants d'une même autorité et d'un même type.",
            "{field} has several identifiers of one authority and one type.",
        ),
        (
            "visit_number",
            "PV1-19 est obligatoire quand PV1-2 vaut {value}.",
            "PV1-19 is required when PV1-2 is {value}.",
        ),
        (
            "dates_future",
            "{field} est après la date du message (MSH-7).",
            "{field} is after the date of the message (MSH-7).",
        ),
        (
            "dates_visit",
            "La sortie (PV1-45) précède l'entrée (PV1-44).",
            "The discharge (PV1-45) is before the admission (PV1-44).",
        ),
        (
            "dates_visit_birth",
            "L'entrée (PV1-44) précède la naissance (PID-7).",
            "The admission (PV1-44) is before the birth (PID-7).",
        ),
        (
            "dates_death",
            "Le décès (PID-29) précède la naissance (PID-7).",
            "The death (PID-29) is before the birth (PID-7).",
        ),
        (
            "dates_age",
            "La date de naissance ({field}) donne plus de {expected} ans.",
            "The birth date ({field}) makes more than {expected} years.",
        ),
        (
            "dates_birth",
            "{field} précède la naissance (PID-7).",
            "{field} is before the birth (PID-7).",
        ),
        (
            "dates_period",
            "{field} précède le début de la même période.",
            "{field} is before the beginning of the same period.",
        ),
        (
            "dates_performed",
            "L'examen (TQ1-7) est après la date du message (MSH-7) : ce flux suit l'examen.",
            "The examination (TQ1-7) is after the date of the message (MSH-7): this flow follows it.",
        ),
        # the transmission of a document
        (
            "trio",
            "ORC-1, OBX-11 et l'évènement se contredisent : NW, F, T02 ; RO, C, T10 ; CA, D, T04 vont ensemble.",
            "ORC-1, OBX-11 and the event contradict each other: NW, F, T02; RO, C, T10; CA, D, T04 go together.",
        ),
        (
            "type_differs",
            "{field} vaut {value} alors que le type du document est {expected}.",
            "{field} is {value} while the type of the document is {expected}.",
        ),
        (
            "type_unknown",
            "Le type de document {value} n'est pas du jeu de valeurs.",
            "The document type {value} is not of the value set.",
        ),
        (
            "label_differs",
            "Le libellé de {field} est celui de {expected} alors que le code est {value}.",
            "The words of {field} are those of {expected} while the code is {value}.",
        ),
        ("document_missing", "Aucun OBX de type ED ne porte le document.", "No OBX of type ED carries the document."),
        (
            "document_too_many",
            "Le message porte {value} documents : {expected} au plus.",
            "The message carries {value} documents: {expected} at most.",
        ),
        (
            "document_not_first",
            "Le document vient après des métadonnées : il est le premier OBX.",
            "The document comes after metadata: it is the first OBX.",
        ),
        (
            "document_levels",
            "Les deux documents sont du même niveau : ils doivent être de niveau 1 et 3.",
            "Both documents are of one level: they must be of level 1 and 3.",
        ),
        ("document_same_id", "Deux documents ont le même identifiant.", "Two documents have the same identifier."),
        (
            "document_base64",
            "Le base64 du document est tronqué ou contient un caractère étranger.",
            "The base64 of the document is cut short or holds a foreign character.",
        ),
        (
            "document_unreadable",
            "Le document n'est pas un CDA lisible : {reason}",
            "The document is no CDA that can be read: {reason}",
        ),
        (
            "document_unsigned",
            "Le document n'a pas de responsable (legalAuthenticator) : il n'est pas validé.",
            "The document has no legal authenticator: it is not validated.",
        ),
        (
            "document_id_differs",
            "{field} n'est pas l'identifiant du document ({expected}).",
            "{field} is not the identifier of the document ({expected}).",
        ),
        (
            "parent_differs",
            "{field} n'est pas le document remplacé selon le CDA ({expected}).",
            "{field} is not the document that the CDA replaces ({expected}).",
        ),
        (
            "parent_unexpected",
            "{field} est renseigné pour un document initial.",
            "{field} is filled for a first version.",
        ),
        ("parent_itself", "TXA-13 nomme le document lui-même.", "TXA-13 names the document itself."),
        (
            "replaces_itself",
            "Le CDA dit se remplacer lui-même : une nouvelle version a un identifiant nouveau.",
            "The CDA says that it replaces itself: a new version has a new identifier.",
        ),
        (
            "replaces_nothing",
            "Le message remplace, et le CDA ne dit pas quel document (relatedDocument RPLC).",
            "The message replaces, and the CDA does not say which document (relatedDocument RPLC).",
        ),
        (
            "replaces_unsaid",
            "Le CDA remplace un document, et le message annonce une version initiale.",
            "The CDA replaces a document, and the message states a first version.",
        ),
        (
            "patient_differs",
            "Un identifiant de PID-3 n'est pas dans le document : PID et CDA parlent-ils du même patient ?",
            "An identifier of PID-3 is not in the document: are PID and CDA about the same patient?",
        ),
        (
            "patient_more",
            "Le document a des identifiants que PID-3 n'a pas : les deux listes doivent être identiques.",
            "The document has identifiers that PID-3 lacks: both lists must be the same.",
        ),
        ("patient_trait", "{field} et le document se contredisent.", "{field} and the document contradict each other."),
        ("statement_missing", "L'observation {value} est absente.", "The observation {value} is missing."),
        ("statement_twice", "L'observation {value} est donnée deux fois.", "The observation {value} is given twice."),
        (
            "statement_order",
            "L'observation {value} n'est pas à sa place dans l'ordre du profil.",
            "The observation {value} is out of the profile's order.",
        ),
        (
            "statement_unknown",
            "L'observation {value} est inconnue du profil.",
            "The observation {value} is not known to the profile.",
        ),
        (
            "mail_invisible",
            "Un document invisible du patient ne lui est pas envoyé : INVISIBLE_PATIENT et DESTMSSANTEPAT.",
            "A document that the patient may not see is not sent to them: INVISIBLE_PATIENT and DESTMSSANTEPAT.",
        ),
        (
            "mail_masked",
            "Un document masqué aux professionnels ne leur est pas envoyé : MASQUE_PS et DESTMSSANTEPS.",
            "A document that is masked to professionals is not sent to them: MASQUE_PS and DESTMSSANTEPS.",
        ),
        (
            "mail_matrix",
            "Cette combinaison de masques et de destinataires MSSanté n'est pas de la liste du guide.",
            "This combination of masks and secure-mail destinations is not of the guide's list.",
        ),
        ("mail_base64", "Le corps du mail n'est pas du base64 lisible.", "The body of the mail is no readable base64."),
        (
            "mask_change_new",
            "MODIF_CONF_CODE vaut Y pour un document initial.",
            "MODIF_CONF_CODE is Y for a first version.",
        ),
        (
            "dmp_without_ins",
            "DESTDMP vaut Y et PID-3 n'a pas d'INS : le DMP l'exige.",
            "DESTDMP is Y and PID-3 has no INS: the DMP requires it.",
        ),
        (
            "number_differs",
            "{field} n'est pas le numéro que le document donne sous la même autorité (demande ou accès).",
            "{field} is not the number that the document gives under the same authority (order or accession).",
        ),
        (
            "dmp_confidential",
            "Le document a une confidentialité renforcée (R ou V) : il ne devrait pas être mis en partage (DESTDMP Y).",
            "The document is of raised confidentiality (R or V): it should not be shared (DESTDMP Y).",
        ),
        (
            "participation_place",
            "Un PRT suit une autre observation que le document.",
            "A PRT follows another observation than the document.",
        ),
        (
            "sender_missing",
            "DESTDMP vaut Y : l'expéditeur (PRT, SB) est obligatoire.",
            "DESTDMP is Y: the sender (PRT, SB) is required.",
        ),
        ("sender_twice", "Il y a deux expéditeurs (PRT, SB).", "There are two senders (PRT, SB)."),
        (
            "sender_nobody",
            "L'expéditeur n'est ni une personne (PRT-5) ni un dispositif (PRT-10).",
            "The sender is neither a person (PRT-5) nor a device (PRT-10).",
        ),
        (
            "recipient_missing",
            "Un envoi MSSanté est demandé sans destinataire (PRT, RCT).",
            "Secure mail is asked for without a recipient (PRT, RCT).",
        ),
        (
            "participation_order",
            "Les PRT vont dans l'ordre du profil : expéditeur (SB), destinataires (RCT), réponse (REPLY).",
            "The PRT go in the profile's order: sender (SB), recipients (RCT), reply (REPLY).",
        ),
        (
            "recipient_twice",
            "La même adresse (PRT-15) est donnée à deux destinataires.",
            "The same address (PRT-15) is given for two recipients.",
        ),
        (
            "recipient_differs",
            "Le patient destinataire (PRT-5) n'est pas celui de PID-3, ou son matricule INS est faux.",
            "The patient who is the recipient (PRT-5) is not the one of PID-3, or the INS is wrong.",
        ),
        (
            "mail_address",
            "{field} n'est pas une adresse de la messagerie sécurisée (mssante.fr).",
            "{field} is no address of the secure mail (mssante.fr).",
        ),
        (
            "address_shifted",
            "L'adresse est en PRT-16 : il y a un séparateur de trop avant PRT-15.",
            "The address is in PRT-16: there is a separator too many before PRT-15.",
        ),
        # teleradiology
        (
            "order_number_differs",
            "{field} doit répéter le même champ de ORC.",
            "{field} must repeat the same field of ORC.",
        ),
        (
            "order_number_several",
            "Les examens d'un message ont le même numéro de demande (ORC-2).",
            "The examinations of a message have the same order number (ORC-2).",
        ),
        ("responsible_differs", "OBR-16 doit répéter ORC-12.", "OBR-16 must repeat ORC-12."),
        (
            "observation_missing",
            "L'observation {value} est obligatoire et absente.",
            "The observation {value} is required and missing.",
        ),
        (
            "observation_twice",
            "L'observation {value} est donnée une fois de trop.",
            "The observation {value} is given once too often.",
        ),
        (
            "observation_unknown",
            "L'observation {value} n'est pas de ce flux.",
            "The observation {value} is not of this flow.",
        ),
        ("sub_id", "OBX-4 vaut « {value} » ; attendu : {expected}.", 'OBX-4 is "{value}"; expected: {expected}.'),
        (
            "facet_missing",
            "L'information {value} ne va pas sans {expected}.",
            "The information {value} does not go without {expected}.",
        ),
        ("code_unknown", "Le code {value} n'est pas du jeu de valeurs.", "The code {value} is not of the value set."),
        (
            "data_base64",
            "Les données de {field} ne sont pas du base64 lisible.",
            "The data of {field} are no readable base64.",
        ),
        (
            "protocol_refused",
            "Un refus (ORC-1 OC) porte un protocole (OBX PROTOCOLE_IMAGERIE).",
            "A refusal (ORC-1 OC) carries a protocol (OBX PROTOCOLE_IMAGERIE).",
        ),
        (
            "reason_accepted",
            "Une acceptation (ORC-1 OK) porte un motif de refus ({field}).",
            "An acceptance (ORC-1 OK) carries a reason of refusal ({field}).",
        ),
        (
            "decisions",
            "La même demande (ORC-2) est acceptée et refusée dans le même message.",
            "One request (ORC-2) is accepted and refused in one message.",
        ),
        (
            "encapsulated_as_text",
            "{field} porte des données encapsulées (^TEXT^^Base64^…) : OBX-2 doit valoir ED.",
            "{field} carries encapsulated data (^TEXT^^Base64^…): OBX-2 must be ED.",
        ),
        (
            "measure",
            "{field} n'est pas une mesure possible : {value}.",
            "{field} is no possible measure: {value}.",
        ),
        (
            "protocol_missing",
            "Le protocole d'imagerie (OBX PROTOCOLE_IMAGERIE) est absent.",
            "The imaging protocol (OBX PROTOCOLE_IMAGERIE) is missing.",
        ),
        (
            "study_twice",
            "Deux examens du message ont le même Study Instance UID.",
            "Two examinations of the message have the same Study Instance UID.",
        ),
        (
            "accession_twice",
            "Deux examens du message ont le même numéro d'accès (IPC-1).",
            "Two examinations of the message have the same accession number (IPC-1).",
        ),
        (
            "modality_differs",
            "{field} vaut {value} alors que l'observation de modalité dit {expected}.",
            "{field} is {value} while the observation of the modality says {expected}.",
        ),
        (
            "pregnant_man",
            "Une grossesse est annoncée (82810-3) alors que PID-8 vaut {value}.",
            "A pregnancy is stated (82810-3) while PID-8 is {value}.",
        ),
        (
            "act_differs",
            "IPC-4 vaut {value} alors que l'acte réalisé est {expected}.",
            "IPC-4 is {value} while the act performed is {expected}.",
        ),
        (
            "viewer_address",
            "URL_PARTIELLE_VIEWER ne donne pas une adresse https.",
            "URL_PARTIELLE_VIEWER gives no https address.",
        ),
        (
            "viewer_parameter",
            "L'adresse de la visionneuse ne dit pas {value}.",
            "The address of the viewer does not state {value}.",
        ),
        (
            "viewer_differs",
            "L'adresse de la visionneuse et IPC se contredisent ({value}).",
            "The address of the viewer and IPC contradict each other ({value}).",
        ),
        (
            "clinical_information",
            "Les informations cliniques sont absentes (OBR-13, OBR-31, NTE, DG1 ou OBX).",
            "The clinical information is missing (OBR-13, OBR-31, NTE, DG1 or OBX).",
        ),
        ("element_missing", "Élément obligatoire absent : {value}.", "Required element missing: {value}."),
        (
            "element_differs",
            "{field} et le même élément dans OBR ou ZDS se contredisent.",
            "{field} and the same element in OBR or ZDS contradict each other.",
        ),
        (
            "dose_missing",
            "La dose d'un examen irradiant est absente (OBX NM avec unité).",
            "The dose of an irradiating examination is missing (OBX NM with its unit).",
        ),
        # acknowledgements, receipts, identities
        ("error_missing", "Un refus doit porter un segment ERR.", "A refusal must carry a segment ERR."),
        (
            "error_unexpected",
            "Une réponse positive ne porte pas de segment ERR.",
            "A positive answer carries no segment ERR.",
        ),
        (
            "error_text",
            "ERR-3 : le code {value} et son libellé se contredisent ; ce libellé est celui de {expected}.",
            "ERR-3: code {value} and its text contradict each other; the text is that of {expected}.",
        ),
        ("error_detail", "ERR-3 vaut 207 : le détail va en ERR-5.", "ERR-3 is 207: the detail goes into ERR-5."),
        (
            "error_severity",
            "Un refus (AE, AR) n'a que des erreurs sans gravité ({value}) : il faut E ou F.",
            "A refusal (AE, AR) has errors of no severity only ({value}): it takes E or F.",
        ),
        ("merge_itself", "Un même identifiant est en PID-3 et en MRG-1.", "One identifier is in PID-3 and in MRG-1."),
        ("merge_authority", "MRG-1 est d'une autre autorité que PID-3.", "MRG-1 is of another authority than PID-3."),
    )
}
