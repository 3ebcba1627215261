"""Sentences about settings."""

from gateway.texts.text import Text

TEXTS = {
    "settings_unreadable": Text(
        "Le fichier de configuration ne peut pas être lu : {words}.", "The settings file cannot be read: {words}."
    ),
    "settings_wrong": Text("Configuration à corriger : {words}.", "Settings to correct: {words}."),
    "plain_port": Text(
        "{port} écoute en clair hors de la machine ({host}). Écrivez allow_plain = true si un équipement de confiance"
        " chiffre devant ; pour le web, vous pouvez aussi donner un certificat.",
        "{port} listens in the clear outside this machine ({host}). Write allow_plain = true if a trusted device"
        " encrypts in front; for the web you may give a certificate instead.",
    ),
    "port_taken": Text(
        "Le port {port} de {host} ne peut pas être ouvert : {words}. Arrêtez ce qui l'occupe ou changez de port.",
        "Port {port} of {host} cannot be opened: {words}. Stop what uses it, or change the port.",
    ),
    "demonstration_provider": Text(
        "Le fournisseur d'identité de démonstration est refusé dès qu'une adresse publique ou l'environnement de"
        " production est configuré.",
        "The demonstration identity provider is refused with any public address and in production.",
    ),
    "secret_unreadable": Text(
        "Le fichier secret {path} ne peut pas être lu : {words}.", "The secret file {path} cannot be read: {words}."
    ),
    "login_missing": Text(
        "Aucune table [login] : sans elle, personne ne peut ouvrir les images.",
        "No [login] table: without it nobody can open images.",
    ),
}
