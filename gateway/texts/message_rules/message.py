"""How a message is written down, its segments and its fields."""

from gateway.texts.text import Text

RULES = {
    "message_unknown": Text(
        "Ce type de message (MSH-9) n'a pas de profil ici.",
        "This type of message (MSH-9) has no profile here.",
    ),
    "event_unknown": Text(
        "Cet évènement de l'administration des patients (MSH-9.2) n'a pas de profil ici : A08, A31, A40 et A47 changent"
        " une identité ; A01, A03 et A04 sont reconnus.",
        "This event of patient administration (MSH-9.2) has no profile here: A08, A31, A40 and A47 change an identity;"
        " A01, A03 and A04 are recognised.",
    ),
    "profile_way_back": Text(
        "MSH-21 annonce CISIS_CDA_HL7_LPS, le retour d'une plateforme d'intermédiation vers son système : ce profil"
        " n'est pas jugé ici.",
        "MSH-21 states CISIS_CDA_HL7_LPS, the way back from an exchange platform to its system: that profile is not"
        " judged here.",
    ),
    "too_many": Text(
        "Il y a davantage d'anomalies : corrigez celles-ci d'abord.",
        "There are more findings: correct these first.",
    ),
    "too_many_repetitions": Text(
        "Un champ du segment {segment} se répète plus de {expected} fois : le message n'a pas été jugé.",
        "A field of the segment {segment} repeats more than {expected} times: the message was not judged.",
    ),
    "profile_several": Text(
        "MSH-21 annonce plusieurs profils ({value}) : un message n'en suit qu'un.",
        "MSH-21 states several profiles ({value}): a message follows one.",
    ),
    "profile_older": Text(
        "MSH-21 annonce une version antérieure du profil ({value}) : lue comme {expected}.",
        "MSH-21 states an earlier version of the profile ({value}): read as {expected}.",
    ),
    "segment_end": Text(
        "Des segments se terminent par LF : la norme veut CR.",
        "Segments end in LF: the standard wants CR.",
    ),
    "control_character": Text(
        "Le message contient des caractères de contrôle : écrivez-les en séquence d'échappement.",
        "The message holds control characters: write them as escape sequences.",
    ),
    "acknowledgement_mode": Text(
        "{field} demande le mode amélioré : seul le mode original est profilé.",
        "{field} asks for enhanced mode: only original mode is profiled.",
    ),
    "escape": Text(
        "Une séquence d'échappement du segment {segment} est inconnue ou coupée.",
        "An escape sequence of the segment {segment} is unknown or cut short.",
    ),
    "segment_unknown": Text(
        "Le segment {segment} n'est pas du profil : il est ignoré.",
        "The segment {segment} is not of the profile: it is passed over.",
    ),
    "segment_missing": Text(
        "Le segment {segment} est absent : le profil l'exige.",
        "The segment {segment} is missing: the profile requires it.",
    ),
    "segment_order": Text(
        "Le segment {segment} n'est pas à sa place dans la structure du profil.",
        "The segment {segment} is out of its place in the profile's structure.",
    ),
    "segment_repeated": Text(
        "Le segment {segment} est présent une fois de trop.",
        "The segment {segment} is there once too often.",
    ),
    "field_required": Text(
        "{field} est obligatoire et vide.",
        "{field} is required and empty.",
    ),
    "field_forbidden": Text(
        "{field} ne doit pas être renseigné.",
        "{field} must not be filled.",
    ),
    "field_repeated": Text(
        "{field} ne se répète pas : une seule valeur est admise.",
        "{field} does not repeat: one value is allowed.",
    ),
    "field_unknown": Text(
        "{field} n'existe pas dans la norme : y a-t-il un séparateur de trop ?",
        "{field} does not exist in the standard: is there a separator too many?",
    ),
    "value": Text(
        "{field} a la valeur « {value} » ; attendu : {expected}.",
        '{field} has the value "{value}"; expected: {expected}.',
    ),
    "form": Text(
        "La valeur de {field} n'a pas la forme attendue.",
        "The value of {field} has not the form that is expected.",
    ),
    "label_differs": Text(
        "Le libellé de {field} est celui de {expected} alors que le code est {value}.",
        "The words of {field} are those of {expected} while the code is {value}.",
    ),
}
