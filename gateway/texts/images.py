"""Sentences about the PACS and its images."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    "pacs_ae_title": Text(
        "Le titre d'entité « {value} » ({key}) n'est pas un AE title : 1 à 16 caractères ASCII, sans barre oblique "
        "inverse. Corrigez le réglage.",
        "The title “{value}” ({key}) is not an AE title: 1 to 16 ASCII characters, no backslash. Correct the setting.",
    ),
    "pacs_port": Text(
        "Le port {value} du PACS n'est pas entre 1 et 65535. Corrigez le réglage.",
        "The PACS port {value} is not between 1 and 65535. Correct the setting.",
    ),
    "pacs_associations": Text(
        "Il faut permettre au moins une association avec le PACS. Corrigez le réglage.",
        "At least one association with the PACS must be allowed. Correct the setting.",
    ),
    "pacs_key_unsafe": Text(
        "Un identifiant d'examen n'est pas un UID DICOM (chiffres et points, 64 caractères au plus) : il n'est pas "
        "envoyé au PACS. Corrigez-le dans le compte rendu.",
        "An examination identifier is not a DICOM UID (digits and dots, at most 64 characters): it is not sent to the "
        "PACS. Correct it in the report.",
    ),
    "pacs_unreachable": Text(
        "Le PACS {pacs} ({host}:{port}) n'est pas joignable ({words}). Vérifiez qu'il est démarré et que le réseau le "
        "permet ; nouvel essai automatique.",
        "The PACS {pacs} ({host}:{port}) cannot be reached ({words}). Check that it runs and that the network allows "
        "it; it is tried again automatically.",
    ),
    "pacs_tls": Text(
        "Le PACS {pacs} ({host}:{port}) et cette passerelle ne s'accordent pas sur TLS ({words}). Vérifiez ca_file, "
        "certificate, key et tls_name, et que ce port du PACS parle TLS.",
        "The PACS {pacs} ({host}:{port}) and this gateway do not agree on TLS ({words}). Check ca_file, certificate, "
        "key and tls_name, and that this port of the PACS speaks TLS.",
    ),
    "tls_files": Text(
        "Les fichiers TLS de ce réglage ne peuvent pas être lus ({words}). Vérifiez leurs chemins, leurs droits et que "
        "la clé va avec le certificat.",
        "The TLS files of this setting cannot be read ({words}). Check their paths, their permissions and that the key "
        "goes with the certificate.",
    ),
    "instance_differs": Text(
        "Une instance de même SOP Instance UID et de contenu différent a déjà été reçue : celle-ci est refusée. "
        "Faites-la envoyer sous un nouvel identifiant.",
        "An instance with the same SOP Instance UID and other content was received before: this one is refused. "
        "Have it sent under a new identifier.",
    ),
    "pacs_character_set": Text(
        "« {value} » n'est pas un jeu de caractères de DICOM (PS3.3 C.12.1.1.2), par exemple ISO_IR 192. Corrigez le "
        "réglage.",
        "“{value}” is not a character set of DICOM (PS3.3 C.12.1.1.2), such as ISO_IR 192. Correct the setting.",
    ),
    "pacs_needs_dicomweb": Text(
        'upstream = "dicomweb" et query = "qido-rs" ont besoin de dicomweb_url.',
        'upstream = "dicomweb" and query = "qido-rs" need dicomweb_url.',
    ),
    "pacs_needs_destination": Text(
        "C-MOVE a besoin de move_destination (l'AE title sous lequel le PACS connaît le récepteur de cette passerelle) "
        "et de la table [receive].",
        "C-MOVE needs move_destination (the AE title under which the PACS knows this gateway's receiver) and the table "
        "[receive].",
    ),
    "pacs_move_destination": Text(
        "Le PACS {pacs} ne connaît pas la destination « {title} ». Déclarez-y le récepteur de cette passerelle, avec "
        "son adresse et son port.",
        "The PACS {pacs} does not know the destination “{title}”. Declare this gateway's receiver there, with its "
        "address and port.",
    ),
    "spool_unavailable": Text(
        "Le dossier des images reçues ne peut pas être écrit ({words}). Faites de la place ou corrigez ses droits.",
        "The folder of received images cannot be written ({words}). Make room or correct its permissions.",
    ),
    "pacs_other_patient": Text(
        "Le PACS {pacs} a répondu au sujet d'un autre patient que celui de l'examen : rien de sa réponse n'est "
        "utilisé. Vérifiez l'examen dans le PACS.",
        "The PACS {pacs} has answered about another patient than that of the study: nothing of its answer is used. "
        "Check the study in the PACS.",
    ),
    "pacs_wrong_character_set": Text(
        "Une réponse du PACS {pacs} n'est pas écrite dans le jeu de caractères qu'elle déclare ({declared}) : rien "
        "n'en est utilisé. Indiquez le bon dans answer_character_set.",
        "An answer of the PACS {pacs} is not written in the character set that it declares ({declared}): nothing of it "
        "is used. State the right one in answer_character_set.",
    ),
    "pacs_answers_short": Text(
        "Le PACS {pacs} compte {declared} images et n'en donne que {found} : l'examen arrive encore, ou le PACS limite "
        "ses réponses. Nouvel essai automatique ; si cela dure, levez cette limite dans le PACS, ou mettez "
        "count_instances = false si ses comptes sont faux.",
        "The PACS {pacs} counts {declared} images and gives {found} only: the study is still arriving, or the PACS "
        "limits its answers. It is tried again automatically; if this lasts, lift that limit in the PACS, or set "
        "count_instances = false if its counts are wrong.",
    ),
    "pacs_not_available": Text(
        "Le PACS {pacs} dit que des images de l'examen ne sont pas disponibles (UNAVAILABLE). Nouvel essai "
        "automatique.",
        "The PACS {pacs} says that images of the study are not available (UNAVAILABLE). It is tried again "
        "automatically.",
    ),
    "pacs_note_unreadable": Text(
        "Une note de sélection (KO) de l'examen dans le PACS {pacs} n'est pas lisible ({words}) : elle pourrait "
        "rejeter des images. Vérifiez-la, ou mettez open_notes = false pour ne pas lire ces notes.",
        "A key object of the study in the PACS {pacs} cannot be read ({words}): it might reject images. Check it, or "
        "set open_notes = false to leave these notes unread.",
    ),
    "pacs_lost": Text(
        "Le PACS {pacs} ({host}:{port}) a coupé la connexion avant d'avoir répondu. Nouvel essai automatique ; si cela "
        "dure, regardez le journal du PACS.",
        "The PACS {pacs} ({host}:{port}) ended the connection before it had answered. It is tried again automatically; "
        "if this lasts, look at the log of the PACS.",
    ),
    "pacs_timeout": Text(
        "Le PACS {pacs} ({host}:{port}) n'a pas répondu en {seconds} secondes. Nouvel essai automatique.",
        "The PACS {pacs} ({host}:{port}) has not answered within {seconds} seconds. It is tried again automatically.",
    ),
    "pacs_all_busy": Text(
        "Toutes les associations permises avec le PACS {pacs} sont occupées. Nouvel essai automatique ; si cela dure, "
        "augmentez max_associations.",
        "Every association allowed with the PACS {pacs} is in use. It is tried again automatically; if this lasts, "
        "raise max_associations.",
    ),
    "pacs_rejected": Text(
        "Le PACS {pacs} refuse l'association avec « {called} » : {words}. Déclarez cette passerelle dans le PACS et "
        "vérifiez les AE titles.",
        "The PACS {pacs} rejects the association with “{called}”: {words}. Declare this gateway in the PACS and check "
        "the AE titles.",
    ),
    "pacs_rejected_for_now": Text(
        "Le PACS {pacs} ({host}:{port}) refuse l'association pour l'instant : {words}. Nouvel essai automatique.",
        "The PACS {pacs} ({host}:{port}) rejects the association for now: {words}. It is tried again automatically.",
    ),
    "pacs_no_service": Text(
        "Le PACS {pacs} n'offre pas le service {service} à cette passerelle. Faites-le autoriser dans le PACS.",
        "The PACS {pacs} does not offer the service {service} to this gateway. Have it allowed in the PACS.",
    ),
    "pacs_failed": Text(
        "Le PACS {pacs} a répondu à {service} par l'échec {status}. Cherchez ce code dans la déclaration de conformité "
        "et le journal du PACS.",
        "The PACS {pacs} has answered {service} with the failure {status}. Look this code up in the conformance "
        "statement and the log of the PACS.",
    ),
    "pacs_other_study": Text(
        "Le PACS {pacs} a répondu au sujet d'un autre examen que celui demandé : rien de sa réponse n'est utilisé. "
        "Signalez-le à son fournisseur.",
        "The PACS {pacs} has answered about another study than the one asked for: nothing of its answer is used. "
        "Report it to its vendor.",
    ),
    "pacs_other_series": Text(
        "Le PACS {pacs} a répondu au sujet d'une autre série que celle demandée : rien de sa réponse n'est utilisé. "
        "Signalez-le à son fournisseur.",
        "The PACS {pacs} has answered about another series than the one asked for: nothing of its answer is used. "
        "Report it to its vendor.",
    ),
    "pacs_other_instance": Text(
        "Le PACS {pacs} a livré une autre image que celle demandée : elle n'est pas utilisée. Signalez-le à son "
        "fournisseur.",
        "The PACS {pacs} has delivered another image than the one asked for: it is not used. Report it to its vendor.",
    ),
    "pacs_contradicts": Text(
        "Les réponses du PACS {pacs} se contredisent ({what}) : rien n'en est utilisé. Vérifiez l'examen dans le PACS.",
        "The answers of the PACS {pacs} contradict each other ({what}): nothing of them is used. Check the study in "
        "the PACS.",
    ),
    "pacs_no_sop_class": Text(
        "Le PACS {pacs} ne dit pas la classe (SOP Class UID) de {count} images, et aucun autre moyen ne l'a "
        "donnée : le manifeste ne peut pas être fait. Permettez C-GET, C-MOVE ou DICOMweb à cette passerelle, ou "
        "demandez au fournisseur de répondre à cette clé au niveau IMAGE.",
        "The PACS {pacs} does not tell the class (SOP Class UID) of {count} images, and no other way has given it: "
        "the manifest cannot be made. Allow this gateway C-GET, C-MOVE or DICOMweb, or ask the vendor to answer this "
        "key at the IMAGE level.",
    ),
    "pacs_protocol": Text(
        "Le PACS {pacs} ne suit pas le protocole DICOM ({words}) : rien de sa réponse n'est utilisé. Voyez le "
        "fournisseur du PACS.",
        "The PACS {pacs} does not follow the DICOM protocol ({words}): nothing of its answer is used. See the "
        "vendor of the PACS.",
    ),
    "pacs_answer_malformed": Text(
        "Une réponse du PACS {pacs} n'est pas lisible ({words}) : rien n'en est utilisé.",
        "An answer of the PACS {pacs} cannot be read ({words}): nothing of it is used.",
    ),
    "pacs_answer_too_large": Text(
        "Une réponse du PACS {pacs} dépasse la taille permise : elle a été interrompue. Voyez l'administrateur du "
        "PACS.",
        "An answer of the PACS {pacs} is above the size allowed: it was ended. See the administrator of the PACS.",
    ),
    "pacs_too_many_answers": Text(
        "Le PACS {pacs} donne plus de {limit} réponses à une seule question : elle a été interrompue. Voyez "
        "l'administrateur du PACS.",
        "The PACS {pacs} gives more than {limit} answers to a single query: it was ended. See the administrator of "
        "the PACS.",
    ),
    "pacs_web_refused": Text(
        "Le service DICOMweb du PACS {pacs} refuse la demande (HTTP {status}). Vérifiez dicomweb_url et les droits de "
        "cette passerelle.",
        "The DICOMweb service of the PACS {pacs} refuses the request (HTTP {status}). Check dicomweb_url and the "
        "rights of this gateway.",
    ),
    "pacs_web_failed": Text(
        "Le service DICOMweb du PACS {pacs} n'a pas répondu ({words}). Nouvel essai automatique.",
        "The DICOMweb service of the PACS {pacs} has not answered ({words}). It is tried again automatically.",
    ),
    "image_unknown": Text(
        "Cette image n'est pas dans le PACS. L'examen a peut-être changé : rouvrez-le.",
        "This image is not in the PACS. The examination may have changed: open it again.",
    ),
    "image_frame_unknown": Text(
        "L'image n'a pas de vue n° {number} (elle en a {frames}).",
        "The image has no frame {number} (it has {frames}).",
    ),
    "image_codec": Text(
        "L'image est compressée (syntaxe de transfert {syntax}) et le PACS ne la décompresse pas : cette version ne "
        "sait pas l'afficher. Demandez cette image au centre d'imagerie.",
        "The image is compressed (transfer syntax {syntax}) and the PACS does not decompress it: this version "
        "cannot show it. Ask the imaging centre for this image.",
    ),
    "image_rendering": Text(
        "Cette image n'est pas rendue sous cette forme : demandez image/jpeg ou image/png.",
        "This image is not rendered in that form: ask for image/jpeg or image/png.",
    ),
    "image_no_document": Text(
        "Cet objet ne contient ni document ni vidéo.",
        "This object holds neither a document nor a video.",
    ),
    "images_closing": Text(
        "La passerelle s'arrête : redemandez les images dans un instant.",
        "The gateway is stopping: ask for the images again in a moment.",
    ),
    "images_ended": Text(
        "Le transfert des images a été interrompu : redemandez-les.",
        "The transfer of the images was ended: ask for them again.",
    ),
    "images_left_out": Text(
        "Le PACS n'a pas livré toutes les images de l'examen. Redemandez-les ; si cela dure, vérifiez l'examen dans le "
        "PACS.",
        "The PACS has not delivered all images of the study. Ask for them again; if this lasts, check the study in the "
        "PACS.",
    ),
    "image_no_pixels": Text(
        "Cet objet n'a pas de pixels à afficher (rapport, forme d'onde ou objet non pris en charge).",
        "This object has no pixels to show (a report, a waveform or an object not supported).",
    ),
    "image_kind": Text(
        "Cette sorte de pixels n'est pas encore affichée ({what}). Demandez cette image au centre d'imagerie.",
        "This kind of pixels is not shown yet ({what}). Ask the imaging centre for this image.",
    ),
    "dicom_too_large": Text(
        "Le jeu de données DICOM dépasse la taille permise ({size} octets pour {limit}).",
        "The DICOM data set is above the size allowed ({size} bytes of {limit}).",
    ),
    "dicom_too_deep": Text(
        "Le jeu de données DICOM imbrique plus de {limit} séquences.",
        "The DICOM data set nests more than {limit} sequences.",
    ),
    "dicom_too_many_elements": Text(
        "Le jeu de données DICOM contient plus de {limit} éléments.",
        "The DICOM data set has more than {limit} elements.",
    ),
    "dicom_truncated": Text(
        "Le jeu de données DICOM annonce plus d'octets qu'il n'en contient (position {offset}).",
        "The DICOM data set declares more bytes than it has (offset {offset}).",
    ),
    "dicom_malformed": Text(
        "Le jeu de données DICOM est mal formé (position {offset}, {words}).",
        "The DICOM data set is malformed (offset {offset}, {words}).",
    ),
    "dicom_not_a_file": Text(
        "Ce n'est pas un fichier DICOM (PS3.10) : donnez le fichier tel que le PACS l'exporte.",
        "This is not a DICOM file (PS3.10): give the file as the PACS exports it.",
    ),
    "dicom_polyglot": Text(
        "Le préambule du fichier DICOM n'est ni vide ni celui d'un TIFF : ce fichier peut être aussi un programme ou "
        "une page, il est refusé.",
        "The preamble of the DICOM file is neither empty nor that of a TIFF: the file may also be a program or a page, "
        "and is refused.",
    ),
    "dicom_deflated": Text(
        "Le fichier DICOM est compressé par deflate, ce qui est refusé : envoyez-le en Explicit VR Little Endian.",
        "The DICOM file is deflated, which is refused: send it in Explicit VR Little Endian.",
    ),
    "dicom_big_endian": Text(
        "Le fichier DICOM est en big endian, ce qui n'est pas encore lu : envoyez-le en Explicit VR Little Endian.",
        "The DICOM file is big endian, which this version does not read: send it in Explicit VR Little Endian.",
    ),
}
