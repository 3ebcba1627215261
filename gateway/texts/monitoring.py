"""Sentences about how the gateway is, and about telling people."""

from gateway.texts.text import Text

TEXTS = {
    "health_disk_ok": Text("{free} Mio libres sous {folder}.", "{free} MiB free under {folder}."),
    "health_disk_low": Text(
        "Il ne reste que {free} Mio sous {folder} (alerte sous {warning} Mio) : faites de la place.",
        "Only {free} MiB are left under {folder} (warning below {warning} MiB): make room.",
    ),
    "health_disk_full": Text(
        "Il ne reste que {free} Mio sous {folder}, moins que le minimum de {minimum} Mio : faites de la place"
        " maintenant ; les comptes rendus sont refusés (AR) quand le disque est plein.",
        "Only {free} MiB are left under {folder}, below the minimum of {minimum} MiB: make room now; reports are"
        " refused (AR) when the disk is full.",
    ),
    "health_disk_unreadable": Text(
        "La place sous {folder} ne peut pas être lue : {words}.", "The room under {folder} cannot be read: {words}."
    ),
    "health_not_writable": Text(
        "Rien ne peut être écrit dans {folder} ({words}) : vérifiez le propriétaire du dossier et le disque.",
        "Nothing can be written in {folder} ({words}): check the folder's owner and the disk.",
    ),
    "health_role_ok": Text(
        "Le processus {role} (pid {pid}) vit ; dernier signe il y a {ago} s.",
        "The process {role} (pid {pid}) lives; last sign {ago} s ago.",
    ),
    "health_role_absent": Text(
        "Un processus « {role} » manque sur cette machine : démarrez le service, ou lisez son journal.",
        "A process “{role}” is missing on this machine: start the service, or read its log.",
    ),
    "health_role_silent": Text(
        "Le processus {role} (pid {pid}) n'a plus donné signe depuis {ago} s : lisez son journal, puis redémarrez le"
        " service.",
        "The process {role} (pid {pid}) has given no sign for {ago} s: read its log, then restart the service.",
    ),
    "notice_secret": Text(
        "Le fichier de secret {file} ne peut pas être lu, ou est vide.",
        "The secret's file {file} cannot be read, or is empty.",
    ),
    "notice_mail_unreachable": Text(
        "Le serveur de courriel {host} ne répond pas ou a coupé ({words}). Le message sera renvoyé.",
        "The mail server {host} does not answer or hung up ({words}). The message will be sent again.",
    ),
    "notice_mail_tls": Text(
        "Le serveur de courriel {host} n'a pas pu être joint par TLS ({words}) : vérifiez tls, port et ca_file.",
        "The mail server {host} could not be reached by TLS ({words}): check tls, port and ca_file.",
    ),
    "notice_mail_refused": Text(
        "Le serveur de courriel {host} a refusé (code {status}) : vérifiez l'expéditeur, les destinataires et le mot"
        " de passe.",
        "The mail server {host} refused (code {status}): check the sender, the recipients and the password.",
    ),
    "notice_webhook_unreachable": Text(
        "L'adresse d'alerte {host} ne répond pas ({words}). Le message sera renvoyé.",
        "The webhook {host} does not answer ({words}). The message will be sent again.",
    ),
    "notice_webhook_refused": Text(
        "L'adresse d'alerte {host} a répondu HTTP {status} : vérifiez url et le secret.",
        "The webhook {host} answered HTTP {status}: check url and the secret.",
    ),
    "metrics_token": Text(
        "Le fichier du jeton des métriques ({file}) ne peut pas être lu, ou est vide.",
        "The file of the metrics' token ({file}) cannot be read, or is empty.",
    ),
    # the notice itself
    "notice_subject": Text("Passerelle d'imagerie : {many} à traiter", "Imaging gateway: {many} held for a person"),
    "notice_new": Text(
        "{many} partages ou messages viennent d'être retenus ; rien ne leur arrive avant qu'une personne ait regardé.",
        "{many} shares or messages have just been held; nothing happens to them until a person has looked.",
    ),
    "notice_all": Text("Retenus en tout : {all}.", "Held altogether: {all}."),
    "notice_what": Text("Que faire : {do}", "What to do: {do}"),
    "notice_more": Text("et {many} autres", "and {many} more"),
    "notice_where": Text("La console : {url}", "The console: {url}"),
    "notice_no_patient": Text(
        "Ce message ne nomme aucun patient ; la console et « gateway share » disent de quoi il s'agit.",
        "This message names no patient; the console and “gateway share” tell what it is about.",
    ),
}
