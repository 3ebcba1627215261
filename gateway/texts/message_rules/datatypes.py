"""Values by their data types."""

from gateway.texts.text import Text

RULES = {
    "type_components": Text(
        "{field} a plus de composants que son type de données : un séparateur n'est-il pas échappé ?",
        "{field} has more components than its data type: is a separator not escaped?",
    ),
    "type_time": Text(
        "{field} n'est pas une date ou une heure réelle (AAAAMMJJ[HHMM[SS]]).",
        "{field} is no real date or time (YYYYMMDD[HHMM[SS]]).",
    ),
    "type_birth_date": Text(
        "Le jour ou le mois de naissance ({field}) est écrit 00.",
        "The day or month of birth ({field}) is written 00.",
    ),
    "type_number": Text(
        "{field} n'est pas un nombre de 16 caractères au plus.",
        "{field} is no number of at most 16 characters.",
    ),
    "type_sequence": Text(
        "{field} n'est pas un numéro d'ordre.",
        "{field} is no sequence number.",
    ),
    "type_oid": Text(
        "{field} annonce un OID (ISO), et ce n'en est pas un.",
        "{field} states an OID (ISO), and it is none.",
    ),
    "type_authority": Text(
        "{field} : un identifiant universel et son type (ISO) vont ensemble.",
        "{field}: a universal id and its type (ISO) go together.",
    ),
    "type_empty": Text(
        "{field} est vide alors que le champ est renseigné.",
        "{field} is empty while its field is filled.",
    ),
    "type_no_authority": Text(
        "{field} : un identifiant a une autorité d'affectation.",
        "{field}: an identifier has an assigning authority.",
    ),
    "type_coding_system": Text(
        "{field} : le système de codage accompagne toujours le code.",
        "{field}: the coding system always goes with the code.",
    ),
    "type_table": Text(
        "La valeur de {field} n'est pas de la table de la norme : {expected}.",
        "The value of {field} is not of the standard's table: {expected}.",
    ),
    "type_loinc": Text(
        "{field} n'est pas un code LOINC : le système est LN et la clé de contrôle est fausse.",
        "{field} is no LOINC code: the system is LN and the check digit is wrong.",
    ),
    "type_country": Text(
        "Le pays de {field} s'écrit en trois lettres (FRA).",
        "The country of {field} is written in three letters (FRA).",
    ),
    "sequence": Text(
        "{field} vaut {value} : attendu {expected}.",
        "{field} is {value}: expected {expected}.",
    ),
}
