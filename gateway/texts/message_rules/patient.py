"""The patient and the visit: national identity, reliability, kinds of numbers."""

from gateway.texts.text import Text

RULES = {
    "ins_form": Text(
        "Le matricule INS doit avoir 15 caractères et une clé juste.",
        "The INS must have 15 characters and a right key.",
    ),
    "ins_several": Text(
        "PID-3 contient plusieurs INS.",
        "PID-3 has more than one INS.",
    ),
    "ins_authority": Text(
        "Le nom et l'OID de l'autorité de l'INS (PID-3.4) se contredisent.",
        "Name and OID of the authority of the INS (PID-3.4) contradict each other.",
    ),
    "ins_missing": Text(
        "L'INS (matricule et OID) est absente de PID-3.",
        "The INS (number and OID) is missing from PID-3.",
    ),
    "ins_birth_place": Text(
        "L'INS exige le lieu de naissance : PID-11 de type BDL, code COG en composant 9.",
        "The INS requires the place of birth: PID-11 of type BDL, INSEE code in component 9.",
    ),
    "birth_place_form": Text(
        "Le code COG du lieu de naissance a cinq caractères.",
        "The INSEE code of the place of birth has five characters.",
    ),
    "ins_birth_date": Text(
        "L'INS exige la date de naissance entière (AAAAMMJJ).",
        "The INS requires the whole birth date (YYYYMMDD).",
    ),
    "ins_sex": Text(
        "L'INS exige le sexe M, F ou U.",
        "The INS requires the sex M, F or U.",
    ),
    "ins_reliability": Text(
        "PID-32 doit dire que l'identité est qualifiée (VALI) quand l'INS est transmise.",
        "PID-32 must say that the identity is qualified (VALI) when the INS is sent.",
    ),
    "ins_not_qualified": Text(
        "L'INS n'est transmise que pour une identité qualifiée : PID-32 vaut {value}.",
        "The INS is only sent for a qualified identity: PID-32 is {value}.",
    ),
    "ins_identity_unknown": Text(
        "PID-31 dit l'identité inconnue alors que l'INS est transmise.",
        "PID-31 says the identity is unknown while the INS is sent.",
    ),
    "ins_given_names": Text(
        "La liste des prénoms (PID-5.3) ne commence pas par le premier prénom (PID-5.2).",
        "The list of given names (PID-5.3) does not begin with the first one (PID-5.2).",
    ),
    "ins_traits": Text(
        "{field} n'est pas ce que dit le matricule INS (sexe, année et mois de naissance) : vérifiez l'identité.",
        "{field} is not what the number of the INS says (sex, year and month of birth): check the identity.",
    ),
    "identity_contradicts": Text(
        "PID-32 dit l'identité validée (VALI), et PID-31 ou PID-32 dit le contraire.",
        "PID-32 says that the identity is validated (VALI), and PID-31 or PID-32 says the contrary.",
    ),
    "death_contradicts": Text(
        "PID-30 dit le patient vivant (N) alors que la date du décès (PID-29) est donnée.",
        "PID-30 says that the patient is alive (N) while the date of death (PID-29) is given.",
    ),
    "birth_order": Text(
        "{field} donne un rang de naissance alors que PID-24 dit la naissance unique.",
        "{field} gives a birth order while PID-24 says that the birth was of one.",
    ),
    "number_twice": Text(
        "{field} a plusieurs identifiants d'une même autorité et d'un même type.",
        "{field} has several identifiers of one authority and one type.",
    ),
    "visit_number": Text(
        "PV1-19 est obligatoire quand PV1-2 vaut {value}.",
        "PV1-19 is required when PV1-2 is {value}.",
    ),
}
