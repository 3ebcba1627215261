"""Sentences about settings."""

from gateway.texts.text import Text

TEXTS = {
    "settings_unreadable": Text(
        "Le fichier de configuration ne peut pas être lu : {words}. Vérifiez son nom (--config) et le droit de le "
        "lire.",
        "The settings file cannot be read: {words}. Check its name (--config) and the right to read it.",
    ),
    "settings_toml": Text(
        "Le fichier de configuration n'est pas du TOML, ligne {line}, colonne {column} : {words}. Corrigez cette "
        "ligne.",
        "The settings file is no TOML at line {line}, column {column}: {words}. Correct that line.",
    ),
    "settings_not_utf_8": Text(
        "Le fichier de configuration n'est pas en UTF-8, ligne {line}, colonne {column} : enregistrez-le en UTF-8.",
        "The settings file is not in UTF-8 at line {line}, column {column}: save it as UTF-8.",
    ),
    "settings_wrong": Text("Configuration à corriger : {words}.", "Settings to correct: {words}."),
    # What is wrong with one key, behind its name: no capital, no full stop.
    "setting_oid": Text("un OID est attendu, tel que 1.2.250.1.999.1", "must be an OID, such as 1.2.250.1.999.1"),
    "setting_time_zone": Text(
        "un fuseau horaire est attendu, tel que Europe/Paris", "must be a time zone, such as Europe/Paris"
    ),
    "setting_url": Text(
        "une URL est attendue, qui commence par https:// (ou http:// sur la boucle locale)",
        "must be a URL that begins with https:// (or http:// on loopback)",
    ),
    "setting_issuer": Text(
        "l'émetteur (issuer) du fournisseur d'identité est attendu : une URL, exactement comme il l'écrit",
        "must be the provider's issuer, a URL, exactly as the provider writes it",
    ),
    "setting_sha256": Text(
        "un SHA-256 est attendu : 64 chiffres hexadécimaux en minuscules (gateway key en fait un)",
        "must be a SHA-256 in 64 lower-case hexadecimal digits (gateway key makes one)",
    ),
    "setting_ae_title": Text(
        "un AE title est attendu : 1 à 16 caractères ASCII sans barre oblique inverse",
        "must be an AE title of 1 to 16 ASCII characters without a backslash",
    ),
    "setting_network": Text(
        "une adresse IP ou un réseau est attendu, tel que 10.1.2.3 ou 10.1.2.0/24",
        "must be an IP address or network, such as 10.1.2.3 or 10.1.2.0/24",
    ),
    "setting_certificate_name": Text(
        "un nom de certificat est attendu, tel que CN=ris.example,O=Clinique ou DNS=ris.example",
        "must be a certificate's name, such as CN=ris.example,O=Clinique or DNS=ris.example",
    ),
    "setting_mail_address": Text(
        "une seule adresse de courrier est attendue, telle que imagerie@clinique.example",
        "must be one mail address, such as imaging@clinic.example",
    ),
    "setting_mail_password": Text(
        "username et password_file vont ensemble : donnez les deux, ou ôtez les deux",
        "username and password_file go together: give both, or take both out",
    ),
    "setting_mail_in_the_clear": Text(
        'un mot de passe ne part pas en clair : écrivez tls = "starttls" ou tls = "tls"',
        'a password does not go in the clear: write tls = "starttls" or tls = "tls"',
    ),
    "setting_images_peer": Text(
        "rien ne dit à quoi ce système se reconnaît : donnez key_sha256 ou certificate_sha256",
        "nothing says how this system is known: give key_sha256 or certificate_sha256",
    ),
    "setting_introspection": Text(
        "introspection_url demande client_id : donnez celui de la passerelle chez ce fournisseur",
        "introspection_url needs client_id: give the gateway's own at that provider",
    ),
    "setting_receive_peer": Text(
        "un AE title ne prouve rien : donnez addresses ou certificate_sha256",
        "an AE title proves nothing: give addresses or certificate_sha256",
    ),
    "setting_receive_certificates": Text(
        "certificate_sha256 d'un pair demande certificate et ca_file de [receive] : sans eux, aucun certificat n'est "
        "demandé à personne",
        "certificate_sha256 of a peer needs certificate and ca_file of [receive]: nobody is asked for one else",
    ),
    "setting_client_names": Text(
        "client_names demande certificate et ca_file : sans eux, aucun certificat n'est demandé à personne",
        "client_names needs certificate and ca_file: nobody is asked for a certificate else",
    ),
    "setting_ca_file_alone": Text(
        "ca_file demande certificate : sans lui, le port est en clair ; donnez certificate et key, ou ôtez ca_file",
        "ca_file needs certificate: without it the port is in the clear; give certificate and key, or take ca_file out",
    ),
    "setting_delivery_mllp": Text(
        'delivery = "mllp" demande host et port : donnez-les, ou écrivez delivery = "pull" pour que l\'autre bout '
        "vienne chercher",
        'delivery = "mllp" needs host and port: give them, or write delivery = "pull" and the other end fetches',
    ),
    "setting_delivery_pull": Text(
        'delivery = "pull" n\'envoie rien : ôtez {unused}', 'delivery = "pull" sends nothing: take out {unused}'
    ),
    "setting_intake_key_ends": Text(
        "une clé est celle d'un seul bout : écrivez site, ou platform",
        "a key is of one end: write site, or platform",
    ),
    "setting_unknown_name": Text(
        "il n'y a pas de table [{kind}.{name}] : ajoutez-la, ou écrivez l'un des noms définis ({known})",
        "there is no table [{kind}.{name}]: add it, or write one of the names that are defined ({known})",
    ),
    "setting_no_pacs": Text(
        "les examens de ce site ne peuvent être cherchés nulle part : ajoutez une table [pacs.NOM]",
        "the studies of this site can be looked for nowhere: add a table [pacs.NAME]",
    ),
    "setting_record_in_production": Text(
        "record garde les messages en clair, ce qui est refusé en production : ôtez-le",
        "record keeps messages in the clear, which is refused in production: take it out",
    ),
    "setting_associations": Text(
        "doit être au moins {least} : la moitié des associations se partage entre les {processes} processus de [work] "
        "(processes) ; augmentez l'un ou réduisez l'autre",
        "must be {least} at least: half of the associations are shared by the {processes} processes of [work]; raise "
        "the one or lower the other",
    ),
    "setting_blobs": Text(
        "doit être un autre dossier que store.blobs : chacun balaie ce qu'il ne connaît pas",
        "must be another folder than store.blobs: each sweeps what it does not know",
    ),
    "setting_fetches_without_key": Text(
        '[{end}.{name}] vient chercher ses messages (delivery = "pull") : ajoutez une table [[intake.key]] avec '
        '{end} = "{name}" (gateway key fait la clé)',
        '[{end}.{name}] fetches its messages (delivery = "pull"): add an [[intake.key]] with {end} = "{name}" '
        "(gateway key makes the key)",
    ),
    "setting_public_url": Text(
        "est nécessaire pour le lien : écrivez l'adresse que les navigateurs ouvrent, telle que "
        "https://images.exemple.fr",
        "is needed for the link: write the address that browsers open, such as https://images.example.org",
    ),
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
