"""Dates in their order."""

from gateway.texts.text import Text

RULES = {
    "dates_future": Text(
        "{field} est après la date du message (MSH-7).",
        "{field} is after the date of the message (MSH-7).",
    ),
    "dates_visit": Text(
        "La sortie (PV1-45) précède l'entrée (PV1-44).",
        "The discharge (PV1-45) is before the admission (PV1-44).",
    ),
    "dates_visit_birth": Text(
        "L'entrée (PV1-44) précède la naissance (PID-7).",
        "The admission (PV1-44) is before the birth (PID-7).",
    ),
    "dates_death": Text(
        "Le décès (PID-29) précède la naissance (PID-7).",
        "The death (PID-29) is before the birth (PID-7).",
    ),
    "dates_age": Text(
        "La date de naissance ({field}) donne plus de {expected} ans.",
        "The birth date ({field}) makes more than {expected} years.",
    ),
    "dates_birth": Text(
        "{field} précède la naissance (PID-7).",
        "{field} is before the birth (PID-7).",
    ),
    "dates_period": Text(
        "{field} précède le début de la même période.",
        "{field} is before the beginning of the same period.",
    ),
    "dates_performed": Text(
        "L'examen (TQ1-7) est après la date du message (MSH-7) : ce flux suit l'examen.",
        "The examination (TQ1-7) is after the date of the message (MSH-7): this flow follows it.",
    ),
}
