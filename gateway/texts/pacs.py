"""Sentences of pacs."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    "pacs_unknown": Text(
        "Il n'y a pas de table [pacs.{name}] dans la configuration ; il y a : {known}.",
        "There is no table [pacs.{name}] in the settings; there is: {known}.",
    ),
    "pacs_study_absent": Text(
        "Le PACS {pacs} n'a pas cet examen.",
        "The PACS {pacs} does not have this study.",
    ),
    "pacs_move_nothing": Text(
        "Le PACS {pacs} n'a rien livré à « {title} ». Vérifiez que gateway serve tourne avec [receive], et que le PACS "
        "y est un pair qui peut livrer (deliver).",
        "The PACS {pacs} has delivered nothing to “{title}”. Check that gateway serve runs with [receive], and that "
        "the PACS is a peer there that may deliver.",
    ),
}
