"""Sentences about settings."""

from gateway.texts.text import Text

TEXTS = {
    "settings_unreadable": Text(
        "Le fichier de configuration ne peut pas être lu : {words}.", "The settings file cannot be read: {words}."
    ),
    "settings_wrong": Text("Configuration à corriger : {words}.", "Settings to correct: {words}."),
    "plain_port": Text(
        "{port} écoute en clair hors de la machine ({host}). Donnez un certificat, ou écrivez allow_plain = true si un"
        " équipement de confiance chiffre devant.",
        "{port} listens in the clear outside this machine ({host}). Give a certificate, or write allow_plain = true if"
        " a trusted device encrypts in front.",
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
