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
    "registry_folder_used": Text(
        "Le dossier n'est pas vide : un export s'écrit dans un dossier neuf. Donnez-en un autre.",
        "The folder is not empty: an export is written into a new one. Give another folder.",
    ),
    "registry_folder_empty": Text(
        "Aucune soumission dans ce dossier : chaque sous-dossier doit contenir metadata.xml.",
        "No submission in this folder: each sub-folder must hold metadata.xml.",
    ),
    "registry_import_form": Text(
        "export.json est illisible ou vient d'une version plus récente. Exportez de nouveau avec cette version.",
        "export.json cannot be read or comes from a later version. Export again with this version.",
    ),
    "registry_import_repository": Text(
        "L'export vient du dépôt {theirs}, ce registre-ci est {ours} : ses fiches désignent l'autre. Donnez à"
        " registry.repository_unique_id la valeur de l'export.",
        "The export is of the repository {theirs}, this one is {ours}: its entries name the other. Give"
        " registry.repository_unique_id the value of the export.",
    ),
    "registry_import_hash": Text(
        "Le document {unique_id} de l'export n'a pas l'empreinte de sa fiche : le fichier a changé. Rien de cette"
        " soumission n'a été repris.",
        "The document {unique_id} of the export does not have the hash of its entry: the file has changed. Nothing of"
        " this submission was taken in.",
    ),
    "registry_import_reference": Text(
        "Une association de l'export désigne {end}, qui n'y est pas. L'export est incomplet : refaites-le.",
        "An association of the export names {end}, which is not in it. The export is incomplete: make it again.",
    ),
    "registry_patient_file": Text(
        "Ce n'est pas un identifiant de patient (CX, id^^^&OID&ISO) : {words}. Corrigez cette ligne du fichier.",
        "This is no patient identifier (CX, id^^^&OID&ISO): it {words}. Correct that line of the file.",
    ),
    "registry_verify_bytes": Text(
        "Le fichier du document {name} n'a plus ses empreintes ou sa taille. Restaurez-le d'une sauvegarde.",
        "The file of the document {name} no longer has its hashes or its size. Restore it from a backup.",
    ),
    "registry_verify_entry": Text(
        "La fiche {name} n'a pas l'empreinte ou la taille de son document {unique_id}.",
        "The entry {name} does not have the hash or the size of its document {unique_id}.",
    ),
    "registry_verify_member": Text(
        "L'objet {name} n'appartient à aucun lot de soumission.",
        "The object {name} is a member of no submission set.",
    ),
    "registry_verify_version": Text(
        "Les versions de l'objet {name} ne disent pas laquelle est la dernière.",
        "The versions of the object {name} do not tell which is the latest.",
    ),
    "registry_verify_reference": Text(
        "L'association {name} désigne {end}, qui n'est pas dans le registre ou n'est pas de ce genre.",
        "The association {name} names {end}, which is not in the registry or not of its kind.",
    ),
    "XDSTooManyResults": Text(
        "La requête trouve trop de documents : {context}.", "The query finds too many documents: {context}."
    ),
    "XDSResultNotSinglePatient": Text(
        "La requête trouve les documents de plusieurs patients : {context}.",
        "The query finds documents of several patients: {context}.",
    ),
}
