"""Sentences about who may see what: links, logins, pages."""

from gateway.texts.text import Text

TEXTS = {
    # the link of a report
    "link_unknown": Text(
        "Ce lien ne mène pas à des images que vous pouvez voir ici. Rouvrez-le depuis le compte rendu, en entier, ou"
        " demandez le compte rendu le plus récent à la structure d'imagerie qui l'a rédigé.",
        "This link does not lead to images that you can see here. Open it again from the report, whole, or ask the"
        " imaging centre that wrote the report for its latest version.",
    ),
    # login
    "login_provider_away": Text(
        "Le service d'identification ne répond pas. Réessayez dans quelques instants en rouvrant le lien ; si cela"
        " persiste, prévenez votre service informatique.",
        "The identity provider does not answer. Try again in a moment by opening the link again; if this lasts, tell"
        " your IT department.",
    ),
    "login_provider_misbehaved": Text(
        "La réponse du service d'identification est incohérente ; par prudence, la connexion a été refusée. Prévenez"
        " votre service informatique.",
        "The answer of the identity provider is inconsistent; to be safe, the login was refused. Tell your IT"
        " department.",
    ),
    "login_token_wrong": Text(
        "L'identité reçue n'a pas pu être vérifiée ; par prudence, la connexion a été refusée. Rouvrez le lien pour"
        " recommencer.",
        "The identity received could not be verified; to be safe, the login was refused. Open the link again to start"
        " over.",
    ),
    "login_refused": Text(
        "Le service d'identification a refusé la connexion. Rouvrez le lien pour recommencer ; si cela persiste,"
        " prévenez votre service informatique.",
        "The identity provider refused the login. Open the link again to start over; if this lasts, tell your IT"
        " department.",
    ),
    "login_cancelled": Text(
        "La connexion a été annulée. Rouvrez le lien pour recommencer.",
        "The login was cancelled. Open the link again to start over.",
    ),
    "login_answer_wrong": Text(
        "La réponse de connexion est incomplète. Rouvrez le lien pour recommencer.",
        "The answer to the login is incomplete. Open the link again to start over.",
    ),
    "login_attempt_unknown": Text(
        "Cette connexion a déjà servi, a expiré ou vient d'un autre navigateur. Rouvrez le lien pour recommencer, et"
        " acceptez les cookies de ce site.",
        "This login was used before, has expired or comes from another browser. Open the link again to start over,"
        " and accept the cookies of this site.",
    ),
    "login_signed_out": Text(
        "Votre session est terminée. Fermez cette fenêtre, surtout sur un poste partagé.",
        "Your session is over. Close this window, above all on a shared computer.",
    ),
    "login_issuer": Text(
        "L'adresse du service d'identification (issuer) doit être en https, et client_id renseigné.",
        "The address of the identity provider (issuer) must be https, and client_id must be set.",
    ),
    "login_secret_file": Text(
        "Le fichier du secret OpenID Connect (client_secret_file) ne peut pas être lu.",
        "The file with the OpenID Connect secret (client_secret_file) cannot be read.",
    ),
    # the viewer
    "viewer_session_over": Text(
        "Votre session est terminée. Rouvrez le lien du compte rendu pour vous identifier à nouveau.",
        "Your session is over. Open the link of the report again to log in.",
    ),
    "viewer_handle_over": Text(
        "L'accès à ces images a expiré. Rouvrez le lien du compte rendu.",
        "The access to these images has expired. Open the link of the report again.",
    ),
    "viewer_study_absent": Text(
        "L'examen n'est plus dans le PACS du site, ou n'y est pas encore. Réessayez plus tard ou appelez la structure"
        " d'imagerie.",
        "The study is no longer in the site's PACS, or not yet. Try again later or call the imaging centre.",
    ),
    "viewer_exam_empty": Text(
        "Cet examen ne contient aucune image qui puisse être affichée ici : demandez-le au centre d'imagerie.",
        "This study holds no image that can be shown here: ask the imaging centre for it.",
    ),
    "viewer_exam_changed": Text(
        "Les images de cet examen ont changé : la liste est relue.",
        "The images of this study have changed: the list is read again.",
    ),
    "viewer_image_absent": Text(
        "Cette image n'est pas dans le PACS du site. Passez à la suivante ou réessayez.",
        "This image is not in the site's PACS. Go to the next one or try again.",
    ),
    "viewer_codec": Text(
        "Cette image est enregistrée dans un format de compression que cette visionneuse ne lit pas. Demandez-la à la"
        " structure d'imagerie ; les autres images restent consultables.",
        "This image is stored in a compression format that this viewer cannot read. Ask the imaging centre for it;"
        " the other images can still be seen.",
    ),
    "viewer_pixels": Text(
        "Cette image est d'un type que cette visionneuse ne sait pas afficher. Les autres images restent consultables.",
        "This image is of a kind that this viewer cannot show. The other images can still be seen.",
    ),
    "viewer_pacs_away": Text(
        "Le PACS du site ne répond pas. Réessayez dans quelques instants.",
        "The site's PACS does not answer. Try again in a moment.",
    ),
    "viewer_pacs_refused": Text(
        "Le PACS du site n'a pas donné cette image correctement. Réessayez ; si cela persiste, appelez la structure"
        " d'imagerie.",
        "The site's PACS did not give this image properly. Try again; if this lasts, call the imaging centre.",
    ),
    "viewer_network": Text(
        "La connexion est interrompue. Vérifiez le réseau, puis réessayez.",
        "The connection is interrupted. Check the network, then try again.",
    ),
    "viewer_busy": Text(
        "Beaucoup d'images sont demandées en ce moment. Réessayez dans quelques secondes.",
        "Many images are being asked for now. Try again in a few seconds.",
    ),
    # reports over HTTP
    "intake_key_unknown": Text(
        "Clé absente ou inconnue : envoyez « Authorization: Bearer » suivi de la clé que la passerelle a donnée à ce"
        " système.",
        "The key is missing or unknown: send “Authorization: Bearer” and the key that the gateway gave to this system.",
    ),
    "intake_key_of_platform": Text(
        "Cette clé est celle d'une plateforme de lecture : elle sert à /api/relay, et non aux comptes rendus d'un "
        "site.",
        "This key is a reading platform's: it is for /api/relay, and not for a site's reports.",
    ),
    "intake_media_type": Text(
        "Le corps doit être un document CDA, en application/xml ou text/xml : corrigez Content-Type.",
        "The body must be a CDA document, as application/xml or text/xml: correct Content-Type.",
    ),
    "intake_encoding": Text(
        "Le corps doit être envoyé sans compression : retirez Content-Encoding.",
        "The body must be sent uncompressed: remove Content-Encoding.",
    ),
    "intake_too_large": Text(
        "Le document dépasse la taille permise ({limit} octets) : allégez les pièces jointes.",
        "The document is above the size allowed ({limit} bytes): make its attachments lighter.",
    ),
    "intake_length": Text(
        "La longueur du document n'est pas indiquée : envoyez Content-Length, ou un corps en « chunked ».",
        "The length of the document is not stated: send Content-Length, or a chunked body.",
    ),
    "intake_body_late": Text(
        "Le document n'est pas arrivé en entier ; rien n'en est gardé. Renvoyez-le.",
        "The document did not arrive whole; nothing of it is kept. Send it again.",
    ),
    "intake_empty": Text("Le corps est vide : envoyez le document CDA.", "The body is empty: send the CDA document."),
    "intake_report_unknown": Text(
        "Aucun compte rendu de ce site ne porte cet identifiant : vérifiez l'adresse rendue à l'envoi, et la clé.",
        "No report of this site has this identifier: check the address that was given when it was sent, and the key.",
    ),
    "intake_parameter_unknown": Text(
        "Un paramètre de l'adresse n'est pas connu : vérifiez son nom, par exemple « Document-Masks ».",
        "A parameter of the address is not known: check its name, such as “Document-Masks”.",
    ),
    "intake_statement_twice": Text(
        "Cette indication est donnée deux fois avec des valeurs différentes : n'en gardez qu'une.",
        "This statement is made twice with different values: keep one.",
    ),
    "intake_reliability": Text(
        "Identity-Reliability doit être VALI, PROV, DOUTE ou FICTI.",
        "Identity-Reliability must be VALI, PROV, DOUTE or FICTI.",
    ),
    "intake_masks": Text(
        "Document-Masks n'accepte que MASQUE_PS, INVISIBLE_PATIENT et INVISIBLE_REPRESENTANTS_LEGAUX, séparés par des"
        " virgules.",
        "Document-Masks takes MASQUE_PS, INVISIBLE_PATIENT and INVISIBLE_REPRESENTANTS_LEGAUX only, separated by"
        " commas.",
    ),
    "intake_yes_or_no": Text("Cette indication doit être true ou false.", "This statement must be true or false."),
    "intake_visit_class": Text(
        "Visit-Class doit être un code de PV1-2, tel que I ou O.",
        "Visit-Class must be a code of PV1-2, such as I or O.",
    ),
    "intake_resource": Text(
        "Cette adresse ou cette méthode n'existe pas : envoyez les comptes rendus par POST à /api/reports.",
        "There is no such address or method: send reports by POST to /api/reports.",
    ),
    # the console
    "console_forbidden": Text(
        "La console est réservée aux administrateurs de la passerelle. Demandez ce droit au responsable du site.",
        "The console is for the administrators of the gateway. Ask the person in charge of the site for that right.",
    ),
    # any page
    "web_page_unknown": Text(
        "Cette page n'existe pas. Pour voir des images, ouvrez le lien du compte rendu.",
        "There is no such page. To see images, open the link of the report.",
    ),
    "web_method": Text("Cette adresse ne répond pas à cette méthode.", "This address does not answer to this method."),
    "web_forbidden": Text(
        "Cette action a été refusée : elle ne vient pas d'une page de ce site, ou vous n'en avez pas le droit."
        " Rechargez la page et recommencez.",
        "This action was refused: it does not come from a page of this site, or you may not do it. Reload the page and"
        " try again.",
    ),
    "web_too_large": Text(
        "La demande est trop volumineuse : envoyez moins, ou voyez l'exploitant de la passerelle.",
        "The request is too large: send less, or ask the gateway's operator.",
    ),
    "web_unavailable": Text(
        "La passerelle ne peut pas répondre en ce moment. Réessayez dans quelques instants.",
        "The gateway cannot answer now. Try again in a moment.",
    ),
    "web_too_many": Text(
        "Trop de demandes sans connexion sont venues de votre réseau en peu de temps. Attendez une minute, puis"
        " rouvrez le lien depuis le compte rendu ; ce qui est déjà ouvert dans une autre fenêtre le reste. Si cela"
        " persiste, prévenez votre service informatique.",
        "Too many requests without a login have come from your network in a short time. Wait a minute, then open the"
        " link again from the report; what is open in another window stays so. If this lasts, tell your IT"
        " department.",
    ),
    "web_failed": Text(
        "Un problème est survenu dans la passerelle. Réessayez ; si cela persiste, prévenez le service informatique.",
        "Something went wrong in the gateway. Try again; if this lasts, tell your IT department.",
    ),
    # settings
    "web_intake_key": Text(
        "L'empreinte d'une clé de dépôt doit être un SHA-256 de 64 chiffres hexadécimaux en minuscules.",
        "The digest of an intake key must be a SHA-256 of 64 hexadecimal digits in lower case.",
    ),
    "web_public_url": Text(
        "public_url doit être une origine seule, telle que https://images.exemple.fr, sans chemin ni barre finale.",
        "public_url must be an origin alone, such as https://images.example.org, without a path or a final slash.",
    ),
    "web_public_url_clear": Text(
        "public_url doit être en https : en clair, seule une adresse de bouclage est acceptée.",
        "public_url must be https: in the clear, only a loopback address is accepted.",
    ),
    "web_frame_ancestors": Text(
        "frame_ancestors n'accepte que des origines http(s) ou 'self'.",
        "frame_ancestors takes http(s) origins or 'self' only.",
    ),
    "web_other_hosts": Text(
        "other_hosts n'accepte que des noms d'hôte, avec un port au besoin.",
        "other_hosts takes host names only, with a port if need be.",
    ),
    "web_languages": Text("languages n'accepte que fr et en.", "languages takes fr and en only."),
    "web_certificate": Text(
        "Le certificat ou la clé du serveur web ne peut pas être lu.",
        "The certificate or the key of the web server cannot be read.",
    ),
    # the demo's identity provider
    "identity_provider_loopback": Text(
        "Le fournisseur d'identité de démonstration n'écoute que sur l'interface de bouclage.",
        "The demonstration identity provider listens on the loopback interface only.",
    ),
}
