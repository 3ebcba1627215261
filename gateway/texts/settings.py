"""Sentences about settings."""

from gateway.texts.text import Text

TEXTS = {
    "settings_unreadable": Text(
        "Le fichier de configuration ne peut pas être lu : {words}. Vérifiez son nom (--config) et le droit de le "
        "lire.",
        "The settings file cannot be read: {words}. Check its name (--config) and the right to read it.",
    ),
    "settings_toml": Text(
        "Le fichier de configuration n'est pas du TOML, ligne {line}, colonne {column} : {words}.",
        "The settings file is no TOML at line {line}, column {column}: {words}.",
    ),
    "settings_not_utf_8": Text(
        "Le fichier de configuration n'est pas en UTF-8, ligne {line}, colonne {column} : enregistrez-le en UTF-8.",
        "The settings file is not in UTF-8 at line {line}, column {column}: save it as UTF-8.",
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
        " production est configuré. Ôtez login.demonstration et nommez le vôtre.",
        "The demonstration identity provider is refused with any public address and in production. Take"
        " login.demonstration out and name your own.",
    ),
    "login_missing": Text(
        "Aucune table [login] : sans elle, personne ne peut ouvrir les images. Donnez issuer et client_id du"
        " fournisseur d'identité.",
        "No [login] table: without it nobody can open images. Give issuer and client_id of the identity provider.",
    ),
}
