"""Sentences about what comes after a publication: versions, withdrawals, corrections, identities, people's doing."""

from gateway.texts.text import Text

TEXTS = {
    # why a message is refused
    "parent_missing": Text(
        "Le message annonce une nouvelle version, et le document ne dit pas ce qu'il remplace (relatedDocument RPLC).",
        "The message announces a new version, and the document does not say what it replaces (relatedDocument RPLC).",
    ),
    "parent_differs": Text(
        "Le document remplacé selon le message (TXA-13) n'est pas celui que nomme le compte rendu (relatedDocument) "
        ": corrigez celui des deux qui est faux, puis renvoyez-le.",
        "The document that the message says is replaced (TXA-13) is not the one that the report names "
        "(relatedDocument): correct the one that is wrong, then send it again.",
    ),
    "parent_is_itself": Text(
        "Le compte rendu dit se remplacer lui-même : une nouvelle version a un identifiant nouveau.",
        "The report says that it replaces itself: a new version has a new identifier.",
    ),
    # what a share waits for
    "parent_unknown": Text(
        "Ce compte rendu remplace {parent}, qui n'est jamais arrivé ici ; il est attendu.",
        "This report replaces {parent}, which never came here; it is waited for.",
    ),
    "parent_under_way": Text(
        "La version précédente de ce compte rendu est en cours de partage : celle-ci la suit.",
        "The former version of this report is being shared: this one follows it.",
    ),
    "parent_held": Text(
        "La version précédente de ce compte rendu est retenue : celle-ci attend qu'une personne en décide.",
        "The former version of this report is held: this one waits until a person has decided on it.",
    ),
    "parent_other_patient": Text(
        "La version précédente est publiée sous un autre patient : elle est d'abord retirée.",
        "The former version is published under another patient: it is withdrawn first.",
    ),
    "target_unknown": Text(
        "Le compte rendu à retirer, {report}, n'est jamais arrivé ici ; s'il arrive, il ne partira pas.",
        "The report to withdraw, {report}, never came here; if it comes, it will not leave.",
    ),
    "target_under_way": Text(
        "Le compte rendu à retirer est en train de partir : il est retiré dès que le registre a répondu.",
        "The report to withdraw is leaving: it is withdrawn as soon as the registry has answered.",
    ),
    # why it is held
    "parent_unknown_too_late": Text(
        "Ce compte rendu remplace {parent}, qui n'est pas arrivé dans le délai.",
        "This report replaces {parent}, which did not come before the deadline.",
    ),
    "parent_under_way_too_late": Text(
        "La version précédente de ce compte rendu n'a pas pu être partagée dans le délai.",
        "The former version of this report could not be shared before the deadline.",
    ),
    "parent_held_too_late": Text(
        "La version précédente de ce compte rendu est retenue depuis trop longtemps.",
        "The former version of this report has been held for too long.",
    ),
    "target_unknown_too_late": Text(
        "Le compte rendu à retirer, {report}, n'est pas arrivé dans le délai.",
        "The report to withdraw, {report}, did not come before the deadline.",
    ),
    "registry_too_late": Text(
        "Le registre n'a pas répondu avant le délai, malgré les essais. L'envoi a pu arriver.",
        "The registry did not answer before the deadline, in spite of the tries. The submission may have arrived.",
    ),
    "version_not_latest": Text(
        "Ce compte rendu (version {version}) remplace une version déjà remplacée par une plus récente ({standing}).",
        "This report (version {version}) replaces one that a later one has replaced already ({standing}).",
    ),
    "withdrawal_of_a_former_version": Text(
        "La version à retirer a déjà été remplacée : ce que l'on voit est une version plus récente.",
        "The version to withdraw was replaced already: what people see is a later one.",
    ),
    "identity_corrected": Text(
        "L'identité du patient a été corrigée à sa source : ce compte rendu nomme encore l'ancienne. Ce qui était"
        " publié a été retiré.",
        "The patient's identity was corrected at its source: this report names the old one still. What was published"
        " was withdrawn.",
    ),
    # how it ended
    "replaced_by": Text(
        "Une nouvelle version a pris sa place (partage {share}).", "A new version has taken its place (share {share})."
    ),
    "withdrawn_by": Text("Il a été retiré (partage {share}).", "It was withdrawn (share {share})."),
    "given_up": Text("Une personne y a renoncé : « {words} ».", "A person gave it up: “{words}”."),
    # what a person may not do
    "share_reason_needed": Text("Dites pourquoi : un motif est nécessaire.", "Say why: a reason is needed."),
    "share_cannot_be_abandoned": Text(
        "Ce partage est dans l'état « {state} » : on ne renonce qu'à ce qui attend ou est retenu.",
        "This share is {state}: only what waits or is held can be given up.",
    ),
    "share_cannot_be_withdrawn": Text(
        "Ce partage est dans l'état « {state} », ou ne publie rien : il n'y a rien à retirer.",
        "This share is {state}, or publishes nothing: there is nothing to withdraw.",
    ),
    "share_cannot_be_corrected": Text(
        "Ce partage est dans l'état « {state} » : seul ce qui est partagé peut être corrigé au registre.",
        "This share is {state}: only what is shared can be corrected at the registry.",
    ),
    "share_is_out": Text(
        "Le registre a déjà ces documents : retirez le partage au lieu d'y renoncer ou de le corriger.",
        "The registry has these documents already: withdraw the share instead of giving it up or correcting it.",
    ),
    "share_value_not_correctable": Text(
        "« {name} » ne peut pas être précisé ainsi. Possible : {known} ; un code s'écrit code^système^libellé.",
        "“{name}” cannot be stated like this. Possible: {known}; a code is written code^system^name.",
    ),
}
