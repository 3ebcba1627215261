"""Sentences of valuesets."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    "valueset_unknown": Text(
        "Aucun jeu de valeurs ne s'appelle « {name} ». « gateway valuesets list » les donne tous.",
        "No value set is called '{name}'. 'gateway valuesets list' gives them all.",
    ),
    "valueset_ambiguous": Text(
        "Plusieurs jeux de valeurs répondent à « {name} » : {names}. Écrivez un nom entier.",
        "Several value sets answer to '{name}': {names}. Write a whole name.",
    ),
    "valueset_not_svs": Text(
        "Ce fichier n'est pas un jeu de valeurs au format IHE SVS (RetrieveValueSetResponse avec au moins un Concept). "
        "Une association (ASS_…) ou un fichier FHIR ne se convertit pas ainsi.",
        "This file is not a value set in the form of IHE SVS (RetrieveValueSetResponse with at least one Concept). "
        "An association (ASS_...) or a FHIR file is not converted this way.",
    ),
    "valueset_not_fetched": Text(
        "Le serveur n'a pas donné ce fichier ({words}). Vérifiez l'adresse, ou téléchargez le fichier et donnez son "
        "chemin.",
        "The server did not give this file ({words}). Check the address, or download the file and give its path.",
    ),
}
