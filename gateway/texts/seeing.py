"""What people are told who look at shares: what happened to one, and what they may not do."""

from gateway.texts.text import Text

TEXTS = {
    "console_looking_only": Text(
        "Vous pouvez regarder la console, pas agir : demandez ce droit au responsable du site.",
        "You may look at the console, not act: ask the person in charge of the site for that right.",
    ),
    "share_filter_state": Text("Il n'y a pas d'état « {state} » : {known}.", "There is no state “{state}”: {known}."),
    "share_filter_date": Text(
        "« {value} » n'est pas une date : écrivez AAAA-MM-JJ.", "“{value}” is not a date: write YYYY-MM-DD."
    ),
    # what happened to a share, by the name of the happening in the state table; nothing is its arrival
    "happened_": Text("Compte rendu reçu", "Report received"),
    "happened_manifest": Text("Nouveau manifeste à publier", "New manifest to be published"),
    "happened_correct": Text("Correction à porter", "Correction to be made"),
    "happened_withdraw": Text("Retrait demandé", "Withdrawal asked for"),
    "happened_STUDY_INCOMPLETE": Text("Examen pas encore complet au PACS", "Study not whole in the PACS yet"),
    "happened_PACS_AWAY": Text("Le PACS n'a pas répondu", "The PACS did not answer"),
    "happened_MANIFEST_UNDER_WAY": Text(
        "Un autre partage publie le manifeste de l'examen", "Another share publishes the manifest of the study"
    ),
    "happened_PREDECESSOR_AWAITED": Text(
        "Ce qu'il modifie n'est pas encore arrivé ou parti", "What it amends has not come or left yet"
    ),
    "happened_NOTHING_TO_SEND": Text("Tout était déjà enregistré", "Everything was registered already"),
    "happened_FROZEN": Text(
        "Examen complet : documents et métadonnées fixés", "Study whole: documents and metadata fixed"
    ),
    "happened_DEPARTURE": Text("Envoi à la destination", "Sent to the destination"),
    "happened_UNANSWERED": Text("Le registre n'a pas répondu", "The registry did not answer"),
    "happened_REGISTERED": Text("Enregistré par le registre", "Registered by the registry"),
    "happened_REFUSED": Text("Refusé par le registre", "Refused by the registry"),
    "happened_MISMATCH": Text("Deux sources ne s'accordent pas", "Two sources do not agree"),
    "happened_TOO_LATE": Text("Délai dépassé", "Deadline passed"),
    "happened_REPLACED": Text("Remplacé par une nouvelle version", "Replaced by a new version"),
    "happened_TAKEN_BACK": Text("Retiré", "Taken back"),
    "happened_NEVER_LEFT": Text("Ce qu'il retire n'était jamais parti", "What it withdraws had never left"),
    "happened_NOTHING_LOST": Text(
        "Ce qui manquait au PACS y est revenu, ou a été rejeté depuis",
        "What the PACS had lost is there again, or was rejected since",
    ),
    "happened_TAKEN_UP": Text("Relancé depuis le début", "Replayed from the beginning"),
    "happened_SENT_AGAIN": Text("Relancé : le registre est d'abord interrogé", "Replayed: the registry is asked first"),
    "happened_GIVEN_UP": Text("Abandonné", "Abandoned"),
}


def happening(name: str, language: str, deed: str = "publish") -> str:
    """What happened, by the name of a ``flow.states.Happening``; a name that is not known here is shown as it is.

    *deed*: of the share (``model.share.Deed``), which says how one arrives that is no report's own.
    """
    text = TEXTS.get(f"happened_{name or ('' if deed == 'publish' else deed)}")
    if text is None:
        return name.replace("_", " ").lower()
    return text.en if language == "en" else text.fr
