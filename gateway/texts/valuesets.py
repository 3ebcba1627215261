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
        "Vérifiez l'adresse ou le fichier ; un fichier FHIR est lu en JSON.",
        "This file is not a value set in the form of IHE SVS (RetrieveValueSetResponse with at least one Concept). "
        "Check the address or the file; a FHIR file is read as JSON.",
    ),
    "valueset_not_fhir": Text(
        "Ce fichier JSON n'est pas un ValueSet FHIR qui énumère ses codes, ni un CodeSystem complet, ni un ConceptMap. "
        "Demandez au serveur l'expansion du jeu de valeurs ($expand) et donnez-la.",
        "This JSON file is no FHIR ValueSet that lists its codes, no complete CodeSystem and no ConceptMap. "
        "Ask the server for the expansion of the value set ($expand) and give that.",
    ),
    "valueset_system_unknown": Text(
        "Le système de codes « {url} » n'a pas d'OID connu ici. Donnez-le par --system {url}=OID.",
        "The code system '{url}' has no OID known here. Give it by --system {url}=OID.",
    ),
    "valueset_not_fetched": Text(
        "Le serveur n'a pas donné ce fichier ({words}). Vérifiez l'adresse, ou téléchargez le fichier et donnez son "
        "chemin.",
        "The server did not give this file ({words}). Check the address, or download the file and give its path.",
    ),
}
