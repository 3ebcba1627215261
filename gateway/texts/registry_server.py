"""Sentences about the document registry and repository that ships with the gateway."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    "registry_body": Text(
        "Le corps SOAP n'est pas celui de l'action demandée : {expected} était attendu. Corrigez le message.",
        "The SOAP body is not the one of the action asked for: {expected} was expected. Correct the message.",
    ),
    "registry_internal": Text(
        "Le registre a rencontré une erreur interne ; rien n'a été enregistré. Renvoyez plus tard et prévenez"
        " l'administrateur, dont le journal en dit plus.",
        "The registry met an internal error; nothing was recorded. Send again later and tell the administrator, whose"
        " log says more.",
    ),
    "registry_too_large": Text(
        "Le message ({size} octets) dépasse la taille permise ({limit} octets). Envoyez moins de documents à la fois,"
        " ou augmentez registry.max_body_bytes.",
        "The message ({size} bytes) is above the size allowed ({limit} bytes). Send fewer documents at once, or raise"
        " registry.max_body_bytes.",
    ),
    "registry_no_room": Text(
        "La place manque sur le disque du registre pour préparer la réponse. Redemandez plus tard ; administrateur :"
        " libérez de l'espace.",
        "There is no room on the registry's disk to prepare the answer. Ask again later; administrator: free some"
        " space.",
    ),
    "registry_port": Text(
        "Le registre ne peut pas écouter sur {host}:{port} ({words}). Arrêtez le programme qui occupe ce port, ou"
        " changez registry.host ou registry.port.",
        "The registry cannot listen on {host}:{port} ({words}). Stop the program that holds this port, or change"
        " registry.host or registry.port.",
    ),
    "registry_plain_port": Text(
        "Le registre écouterait en clair hors de la machine ({host}). Mettez un équipement de confiance qui chiffre"
        " devant et écrivez registry.allow_plain = true, ou gardez 127.0.0.1.",
        "The registry would listen in the clear outside this machine ({host}). Put a trusted device that encrypts in"
        " front and write registry.allow_plain = true, or keep 127.0.0.1.",
    ),
    "registry_repository_id": Text(
        "registry.repository_unique_id n'est pas un OID : {value}. Donnez l'OID de ce dépôt.",
        "registry.repository_unique_id is not an OID: {value}. Give the OID of this repository.",
    ),
    "XDSTooManyResults": Text(
        "La requête trouve trop de documents : {context}.", "The query finds too many documents: {context}."
    ),
    "XDSResultNotSinglePatient": Text(
        "La requête trouve les documents de plusieurs patients : {context}.",
        "The query finds documents of several patients: {context}.",
    ),
}
