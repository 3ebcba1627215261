"""Sentences about the gateway's own store: database, files, leases."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    "store_unavailable": Text(
        "La passerelle n'accède pas à sa base de données ou à ses fichiers ({cause}). Rien n'a été enregistré ; "
        "renvoyez plus tard. Administrateur : vérifiez que la base répond et que le dossier est accessible.",
        "The gateway cannot reach its database or its files ({cause}). Nothing was recorded; send again later. "
        "Administrator: check that the database answers and that the folder is accessible.",
    ),
    "store_full": Text(
        "Le disque de la passerelle est plein. Rien n'a été enregistré ; renvoyez plus tard. Administrateur : "
        "libérez de l'espace, la reprise est automatique.",
        "The gateway's disk is full. Nothing was recorded; send again later. Administrator: free some space, work "
        "resumes by itself.",
    ),
    "store_busy": Text(
        "La base de données de la passerelle est trop occupée pour répondre à temps. Rien n'a été enregistré ; "
        "renvoyez plus tard.",
        "The gateway's database is too busy to answer in time. Nothing was recorded; send again later.",
    ),
    "store_closed": Text(
        "La passerelle s'arrête et n'enregistre plus rien. Renvoyez quand elle aura redémarré.",
        "The gateway is stopping and records nothing more. Send again once it has restarted.",
    ),
    "store_value": Text(
        "Une valeur reçue ne peut pas être enregistrée (caractère interdit, ou valeur démesurée). Corrigez-la avant "
        "de renvoyer.",
        "A value that was received cannot be recorded (a forbidden character, or an enormous value). Correct it "
        "before sending again.",
    ),
    "store_form": Text(
        "Un enregistrement a été écrit par une version plus récente de la passerelle (forme {version}). Mettez cette "
        "passerelle à jour.",
        "A record was written by a later version of the gateway (form {version}). Upgrade this gateway.",
    ),
    "store_url": Text(
        "L'adresse de la base de données n'est pas utilisable (« {scheme} »). Écrivez sqlite:///chemin/vers/fichier ou "
        "postgresql+psycopg://utilisateur@machine/base.",
        "The address of the database cannot be used ('{scheme}'). Write sqlite:///path/to/file or "
        "postgresql+psycopg://user@host/database.",
    ),
    "store_driver": Text(
        "Le pilote de la base de données ({scheme}) n'est pas installé. Installez drim-gateway[postgresql].",
        "The driver of the database ({scheme}) is not installed. Install drim-gateway[postgresql].",
    ),
    "store_schema_old": Text(
        "La base de données est d'une version antérieure ({current}) ; il faut {head}. Lancez la migration.",
        "The database is of an earlier version ({current}); {head} is needed. Run the migration.",
    ),
    "store_schema_unknown": Text(
        "La base de données est d'une version que cette passerelle ne connaît pas ({current}). Une passerelle plus "
        "récente l'a migrée : mettez celle-ci à jour.",
        "The database is of a version that this gateway does not know ({current}). A later gateway has migrated it: "
        "upgrade this one.",
    ),
    "store_documents_away": Text(
        "Le dossier des documents ({folder}) est vide, alors que la base de données en nomme : son disque ou son "
        "partage n'est sans doute pas monté. Montez-le ; la passerelle reprend d'elle-même. S'il est perdu, "
        "restaurez-le d'une sauvegarde.",
        "The folder of documents ({folder}) is empty, though the database names some: its disk or share is most likely "
        "not mounted. Mount it; the gateway goes on by itself. If it is lost, restore it from a backup.",
    ),
    "store_blob_missing": Text(
        "Le contenu {digest} n'est plus dans le dossier des fichiers. Restaurez ce dossier depuis la sauvegarde de la "
        "même date que la base.",
        "The content {digest} is no longer in the folder of files. Restore that folder from the backup of the same "
        "date as the database.",
    ),
    "store_blob_damaged": Text(
        "Le contenu {digest} a été altéré sur le disque. Vérifiez le disque et restaurez ce fichier depuis une "
        "sauvegarde.",
        "The content {digest} was damaged on the disk. Check the disk and restore this file from a backup.",
    ),
    "store_report_unknown": Text(
        "Aucun compte rendu {report} n'a été accepté par cette passerelle. Vérifiez le numéro.",
        "No report {report} was accepted by this gateway. Check the number.",
    ),
    "store_not_frozen": Text(
        "Rien n'est encore préparé à l'envoi pour le partage {share}. Attendez que ses images soient complètes.",
        "Nothing is prepared for sending yet for share {share}. Wait until its images are complete.",
    ),
    "store_frozen_already": Text(
        "L'envoi du partage {share} est déjà figé et a pu partir : il ne peut plus être remplacé. "
        "Relancez-le tel quel.",
        "The submission of share {share} is frozen already and may have left: it cannot be replaced any more. Replay "
        "it as it is.",
    ),
    "store_manifest_taken": Text(
        "Un autre partage a déjà préparé le manifeste d'une de ces études. Il sera réutilisé au prochain essai.",
        "Another share has already prepared the manifest of one of these studies. It is reused at the next try.",
    ),
    "lease_lost": Text(
        "Le partage {share} a été repris par un autre processus entre-temps ; rien n'a été modifié. Rechargez et "
        "réessayez.",
        "Share {share} was taken over by another process meanwhile; nothing was changed. Reload and try again.",
    ),
    "store_share_unknown": Text(
        "Il n'y a pas de partage « {share} » : gateway share les donne tous.",
        "There is no share “{share}”: gateway share lists them all.",
    ),
}
