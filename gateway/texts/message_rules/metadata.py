"""The metadata observations beside a document: masks, destinations, secure mail."""

from gateway.texts.text import Text

RULES = {
    "statement_missing": Text(
        "L'observation {value} est absente.",
        "The observation {value} is missing.",
    ),
    "statement_twice": Text(
        "L'observation {value} est donnée deux fois.",
        "The observation {value} is given twice.",
    ),
    "statement_order": Text(
        "L'observation {value} n'est pas à sa place dans l'ordre du profil.",
        "The observation {value} is out of the profile's order.",
    ),
    "statement_unknown": Text(
        "L'observation {value} est inconnue du profil.",
        "The observation {value} is not known to the profile.",
    ),
    "mail_invisible": Text(
        "Un document invisible du patient ne lui est pas envoyé : INVISIBLE_PATIENT et DESTMSSANTEPAT.",
        "A document that the patient may not see is not sent to them: INVISIBLE_PATIENT and DESTMSSANTEPAT.",
    ),
    "mail_masked": Text(
        "Un document masqué aux professionnels ne leur est pas envoyé : MASQUE_PS et DESTMSSANTEPS.",
        "A document that is masked to professionals is not sent to them: MASQUE_PS and DESTMSSANTEPS.",
    ),
    "mail_matrix": Text(
        "Cette combinaison de masques et de destinataires MSSanté n'est pas de la liste du guide.",
        "This combination of masks and secure-mail destinations is not of the guide's list.",
    ),
    "mail_base64": Text(
        "Le corps du mail n'est pas du base64 lisible.",
        "The body of the mail is no readable base64.",
    ),
    "mask_change_new": Text(
        "MODIF_CONF_CODE vaut Y pour un document initial.",
        "MODIF_CONF_CODE is Y for a first version.",
    ),
    "dmp_without_ins": Text(
        "DESTDMP vaut Y et PID-3 n'a pas d'INS : le DMP l'exige.",
        "DESTDMP is Y and PID-3 has no INS: the DMP requires it.",
    ),
    "dmp_type": Text(
        "DESTDMP vaut Y et le DMP ne prend pas ce type de document ({value}).",
        "DESTDMP is Y and the DMP does not take this type of document ({value}).",
    ),
    "dmp_confidential": Text(
        "Le document a une confidentialité renforcée (R ou V) : il ne devrait pas être mis en partage (DESTDMP Y).",
        "The document is of raised confidentiality (R or V): it should not be shared (DESTDMP Y).",
    ),
}
