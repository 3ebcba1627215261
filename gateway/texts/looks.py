"""Sentences of ``gateway check``: what was found good, and what is wrong and not told by a code of its own."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    "look_doors": Text(
        "Aucun port n'est ouvert en clair sans que la configuration le dise.",
        "No port is open in the clear that the settings do not allow.",
    ),
    "look_door_plain": Text(
        "{name} écoute en clair sur {host} (allow_plain = true) : seul un équipement de confiance doit l'atteindre.",
        "{name} listens in the clear on {host} (allow_plain = true): only a trusted device should reach it.",
    ),
    "look_store": Text("{place} répond (tables {at}).", "{place} answers (tables {at})."),
    "look_store_tables": Text(
        "{place} répond ; ses tables ({at}) seront portées à {newest} au démarrage (gateway serve).",
        "{place} answers; its tables ({at}) are brought to {newest} at the start (gateway serve).",
    ),
    "look_store_away": Text(
        "La base de données ne s'ouvre pas : {words}. Vérifiez [store] url, que la base tourne, et que l'utilisateur du"
        " service y a ses droits.",
        "The database does not open: {words}. Check [store] url, that the database runs, and that the service's user"
        " has its rights there.",
    ),
    "look_pacs": Text("{aet}@{host}:{port} répond au C-ECHO.", "{aet}@{host}:{port} answers C-ECHO."),
    "look_dicomweb": Text("{url} répond à QIDO-RS.", "{url} answers QIDO-RS."),
    "look_registry": Text("{url} répond aux requêtes (ITI-18).", "{url} answers queries (ITI-18)."),
    "look_repository": Text("{url} rend les documents (ITI-43).", "{url} answers retrievals (ITI-43)."),
    "look_notices": Text("{place} répond.", "{place} answers."),
    "look_peer": Text("{host}:{port} accepte les connexions.", "{host}:{port} takes connections."),
    "look_peer_silent": Text(
        "Rien n'accepte de connexion sur {host}:{port} ({words}) : les messages sont gardés et renvoyés jusque-là. "
        "Vérifiez host et port, et le pare-feu.",
        "Nothing takes connections on {host}:{port} ({words}): messages are kept and tried until then. Check host and "
        "port, and the firewall.",
    ),
    "look_fetches": Text(
        "Lit ses messages lui-même, avec la clé {keys}.", "Reads its messages itself, by the key {keys}."
    ),
    "look_unfetched": Text(
        "Un message attend depuis le {since} d'être lu avec la clé {keys} : vérifiez que ce système interroge encore "
        "GET /api/relay/requests?waiting=true.",
        "A message has waited since {since} to be read by the key {keys}: check that this system still asks "
        "GET /api/relay/requests?waiting=true.",
    ),
    "look_writable": Text("Le dossier est accessible en écriture.", "The folder can be written."),
    "look_status_folder": Text("{folder} est accessible en écriture.", "{folder} can be written."),
    "look_new": Text(
        "{place} n'existe pas encore ; le démarrage (gateway serve) le crée.",
        "{place} is not there yet; the start (gateway serve) makes it.",
    ),
    "look_port": Text("{host}:{port} est à l'écoute.", "{host}:{port} is listened on."),
    "look_port_silent": Text(
        "Personne n'écoute sur {host}:{port} ({words}). Normal avant le démarrage ; sinon, voyez l'état du service"
        " (systemctl status gateway) et son journal.",
        "Nobody listens on {host}:{port} ({words}). As it should be before the start; else see the state of the service"
        " (systemctl status gateway) and its log.",
    ),
    "look_port_other": Text(
        "{host}:{port} est à l'écoute, et aucun processus « {role} » de cette passerelle ne donne signe : un autre"
        " programme tient sans doute ce port (ss -ltnp). Arrêtez-le, ou changez de port.",
        "{host}:{port} is listened on, and no process “{role}” of this gateway gives a sign: another program most"
        " likely holds the port (ss -ltnp). Stop it, or change the port.",
    ),
    "look_provider": Text("{issuer} répond.", "{issuer} answers."),
    "look_provider_away": Text(
        "{address} ne répond pas : personne ne peut s'identifier. Vérifiez issuer, ca_file et le réseau de cette"
        " machine vers le fournisseur d'identité.",
        "{address} does not answer: nobody can sign in. Check issuer, ca_file, and this machine's network to the"
        " identity provider.",
    ),
    "look_provider_other": Text(
        "Le fournisseur se nomme « {found} », et la configuration dit « {issuer} » : écrivez issuer comme lui.",
        "The provider calls itself “{found}”, and the settings say “{issuer}”: write issuer as it does.",
    ),
    "look_clock": Text(
        "L'horloge de cette machine a {seconds} s d'écart avec celle de {issuer} : les identifications et les dates des"
        " documents en souffriront. Vérifiez l'heure (timedatectl) et NTP.",
        "This machine's clock is {seconds} s away from that of {issuer}: sign-ins and the dates of documents will"
        " suffer. Check the time (timedatectl) and NTP.",
    ),
    "look_secret": Text(
        "Le fichier secret {path} ne peut pas être lu ({words}) : vérifiez son nom, et que l'utilisateur du service a"
        " le droit de le lire.",
        "The secret file {path} cannot be read ({words}): check its name, and that the service's user may read it.",
    ),
    "look_certificate": Text("{file} est valable jusqu'au {until}.", "{file} is valid until {until}."),
    "look_certificate_soon": Text(
        "{file} expire le {until}, dans {days} jours : renouvelez-le, puis redémarrez le service.",
        "{file} expires on {until}, in {days} days: renew it, then restart the service.",
    ),
    "look_certificate_ended": Text(
        "{file} a expiré le {until} : remplacez-le, puis redémarrez le service.",
        "{file} expired on {until}: replace it, then restart the service.",
    ),
    "look_certificate_early": Text(
        "{file} n'est valable qu'à partir du {since} : vérifiez l'heure de cette machine, ou le certificat.",
        "{file} is not valid before {since}: check this machine's time, or the certificate.",
    ),
    "look_certificate_unreadable": Text(
        "{file} ne peut pas être lu comme un certificat PEM ({words}) : vérifiez le fichier, et que l'utilisateur du"
        " service a le droit de le lire.",
        "{file} cannot be read as a PEM certificate ({words}): check the file, and that the service's user may read"
        " it.",
    ),
    "look_certificate_key": Text(
        "{file} et sa clé ({key}) ne vont pas ensemble, ou la clé ne peut pas être lue ({words}) : donnez la clé avec"
        " laquelle ce certificat a été demandé.",
        "{file} and its key ({key}) do not go together, or the key cannot be read ({words}): give the key with which"
        " this certificate was asked for.",
    ),
    "look_certificate_name": Text(
        "{file} est au nom de {names}, et public_url dit {host} : les navigateurs le refuseront, sauf derrière un"
        " mandataire. Demandez un certificat à ce nom.",
        "{file} bears the name {names}, and public_url says {host}: browsers will refuse it, unless behind a proxy. Ask"
        " for a certificate with that name.",
    ),
}
