"""Sentences about waiting for peers, backups, restored stores, reconciliation and erasure."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    "peer_away": Text(
        "« {peer} » ne répond pas. Un partage essaie à intervalles croissants ; les autres attendent sans essayer et "
        "partiront dès sa réponse. Rien à faire si la panne est connue.",
        "“{peer}” does not answer. One share tries at growing intervals; the others wait without trying and leave as "
        "soon as it answers. Nothing to do if the outage is known.",
    ),
    "destination_paced": Text(
        "Le débit fixé pour « {destination} » ({per_minute} envois par minute) est atteint : ce partage attend son "
        "tour. Rien à faire.",
        "The rate set for “{destination}” ({per_minute} submissions a minute) is reached: this share waits for its "
        "turn. Nothing to do.",
    ),
    "report_not_erasable": Text(
        "Le compte rendu {report} ne peut pas être effacé : un de ses partages est en cours ou retenu, ou un compte "
        "rendu plus récent s'appuie sur lui. Terminez ou abandonnez d'abord ces partages.",
        "Report {report} cannot be erased: one of its shares is under way or held, or a later report stands on it. "
        "Finish or abandon those shares first.",
    ),
    "restored_look_first": Text(
        "Ce partage attendait lors de la sauvegarde ; il a pu partir entre-temps. Lancez gateway reconcile : s'il "
        "n'est pas dans le registre, relancez-le ; s'il y est, abandonnez-le.",
        "This share was waiting when the backup was taken; it may have left since. Run gateway reconcile: replay it if "
        "the registry does not have it, abandon it if it does.",
    ),
    "backup_folder": Text(
        "Le dossier {folder} ne peut pas servir à la sauvegarde : {words}. Donnez un dossier vide, ou celui d'une "
        "sauvegarde précédente de la même passerelle.",
        "The folder {folder} cannot be used for the backup: {words}. Give an empty folder, or that of an earlier "
        "backup of the same gateway.",
    ),
    "backup_unreadable": Text(
        "« {name} » de la sauvegarde est illisible ou altéré ({words}). Utilisez une autre sauvegarde.",
        "“{name}” of the backup is unreadable or was changed ({words}). Use another backup.",
    ),
    "backup_locked": Text(
        "La sauvegarde est chiffrée. Donnez la phrase secrète (--passphrase-file) ou la clé privée (--identity) qui "
        "convient.",
        "The backup is encrypted. Give the right passphrase (--passphrase-file) or private key (--identity).",
    ),
    "backup_key": Text(
        "« {name} » n'est pas une clé utilisable : {words}. Une clé se fait par openssl genpkey -algorithm X25519.",
        "“{name}” is not a key that can be used: {words}. A key is made by openssl genpkey -algorithm X25519.",
    ),
    "backup_newer": Text(
        "La sauvegarde vient d'une version plus récente ({revision}) que cette passerelle ({head}). Mettez la "
        "passerelle à jour avant de restaurer.",
        "The backup comes from a later version ({revision}) than this gateway ({head}). Upgrade the gateway before "
        "restoring.",
    ),
    "restore_not_empty": Text(
        "La base de données de destination contient déjà des données ({table}). Restaurez dans une base vide.",
        "The database to restore into already holds data ({table}). Restore into an empty one.",
    ),
    "reconcile_missing": Text(
        "Le registre « {destination} » n'a pas le document {document}.",
        "The registry “{destination}” does not have document {document}.",
    ),
    "reconcile_hash": Text(
        "Le registre « {destination} » a un autre contenu sous l'identifiant du document {document}. Voyez avec "
        "l'exploitant du registre lequel vaut.",
        "The registry “{destination}” has other content under the identifier of document {document}. Find out with "
        "the registry's operator which one holds.",
    ),
    "reconcile_status": Text(
        "Le document {document} est « {found} » dans le registre « {destination} » ; la passerelle attend "
        "« {expected} ».",
        "Document {document} is “{found}” in the registry “{destination}”; the gateway expects “{expected}”.",
    ),
    "reconcile_extra": Text(
        "Le registre « {destination} » a, pour le même examen, le document {document} que cette passerelle ne connaît "
        "pas.",
        "For the same examination the registry “{destination}” has document {document}, which this gateway does not "
        "know.",
    ),
    "reconcile_unexpected": Text(
        "Le registre « {destination} » a le document {document} d'un compte rendu que la passerelle n'a pas encore "
        "envoyé (partage {share}).",
        "The registry “{destination}” has document {document} of a report that the gateway has not sent yet (share "
        "{share}).",
    ),
    "reconcile_bytes": Text(
        "La passerelle n'a plus les octets du document {document}, ou ils sont altérés. Restaurez-les d'une "
        "sauvegarde.",
        "The gateway no longer has the bytes of document {document}, or they were damaged. Restore them from a backup.",
    ),
    "reconcile_images": Text(
        "Les images de l'étude {study} ne sont plus celles du manifeste {document}.",
        "The images of study {study} are no longer those of manifest {document}.",
    ),
    "reconcile_study": Text(
        "Le PACS n'a plus l'étude {study} du manifeste {document}.",
        "The PACS no longer has study {study} of manifest {document}.",
    ),
    "reconcile_not_asked": Text(
        "Le partage {share} n'a pas pu être comparé : {words}",
        "Share {share} could not be compared: {words}",
    ),
}
