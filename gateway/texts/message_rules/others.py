"""Acknowledgements, receipts, merged identities."""

from gateway.texts.text import Text

RULES = {
    "error_missing": Text(
        "Un refus doit porter un segment ERR.",
        "A refusal must carry a segment ERR.",
    ),
    "error_unexpected": Text(
        "Une réponse positive ne porte pas de segment ERR.",
        "A positive answer carries no segment ERR.",
    ),
    "error_text": Text(
        "ERR-3 : le code {value} et son libellé se contredisent ; ce libellé est celui de {expected}.",
        "ERR-3: code {value} and its text contradict each other; the text is that of {expected}.",
    ),
    "error_detail": Text(
        "ERR-3 vaut 207 : le détail va en ERR-5.",
        "ERR-3 is 207: the detail goes into ERR-5.",
    ),
    "error_severity": Text(
        "Un refus (AE, AR) n'a que des erreurs sans gravité ({value}) : il faut E ou F.",
        "A refusal (AE, AR) has errors of no severity only ({value}): it takes E or F.",
    ),
    "visit_event": Text(
        "{value} est un évènement de la venue, non de l'identité : la passerelle ne le lit pas et y répond AE 201.",
        "{value} is an event of the stay, not of the identity: the gateway does not read it and answers it AE 201.",
    ),
    "merge_itself": Text(
        "Un même identifiant est en PID-3 et en MRG-1.",
        "One identifier is in PID-3 and in MRG-1.",
    ),
    "merge_authority": Text(
        "MRG-1 est d'une autre autorité que PID-3.",
        "MRG-1 is of another authority than PID-3.",
    ),
}
