"""Sentences of the images' doors: pictures for the viewers, WADO-RS and RAD-69 for other systems."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    "wado_address": Text(
        "Cette adresse n'est pas celle d'une ressource DICOMweb de cette passerelle : vérifiez-la (docs/images.md).",
        "This address is not one of a DICOMweb resource of this gateway: check it (docs/images.md).",
    ),
    "wado_unauthorized": Text(
        "Un jeton valide est demandé (Authorization: Bearer), ou un certificat connu. Redemandez un jeton.",
        "A valid token is needed (Authorization: Bearer), or a known certificate. Ask for a new token.",
    ),
    "wado_manifest_missing": Text(
        "L'en-tête KOS-SOPInstanceUID manque : nommez-y le manifeste d'où vient la demande.",
        "The header KOS-SOPInstanceUID is missing: name there the manifest that the request comes from.",
    ),
    "wado_unknown": Text(
        "Cet examen n'est pas partagé, ou pas par ce manifeste : vérifiez l'examen et KOS-SOPInstanceUID.",
        "This study is not shared, or not by that manifest: check the study and KOS-SOPInstanceUID.",
    ),
    "wado_forbidden": Text("Cet examen ne vous est pas ouvert.", "This study is not open to you."),
    "wado_gone": Text(
        "Ces images ont été partagées et ne sont plus dans le PACS : demandez-les au centre d'imagerie.",
        "These images were shared and are no longer in the PACS: ask the imaging centre for them.",
    ),
    "wado_not_acceptable": Text(
        "Ces images n'existent sous aucune des formes acceptées (Accept) : ajoutez transfer-syntax=* ou "
        "1.2.840.10008.1.2.1.",
        "These images are in none of the accepted forms (Accept): add transfer-syntax=* or 1.2.840.10008.1.2.1.",
    ),
    "wado_busy": Text(
        "Trop de transferts sont en cours : réessayez dans quelques secondes.",
        "Too many transfers are under way: try again in a few seconds.",
    ),
    "wado_away": Text(
        "Le PACS ne répond pas pour l'instant : réessayez.",
        "The PACS does not answer at the moment: try again.",
    ),
    "wado_pacs": Text(
        "Le PACS a refusé ces images, ou en a donné d'autres : rien n'est transmis.",
        "The PACS has refused these images, or has given others: nothing is passed on.",
    ),
    "rad69_too_many": Text(
        "Cette demande nomme plus de {limit} images : faites-en plusieurs.",
        "This request names more than {limit} images: make several of it.",
    ),
    "wado_search": Text(
        "Nommez de un à dix examens (StudyInstanceUID) : cette passerelle ne dit pas la liste de ce qu'elle partage.",
        "Name one to ten studies (StudyInstanceUID): this gateway does not tell the list of what it shares.",
    ),
    "images_secret": Text(
        "Le fichier du secret de l'introspection ne peut pas être lu. Vérifiez images.client_secret_file.",
        "The file with the introspection's secret cannot be read. Check images.client_secret_file.",
    ),
    "images_repository": Text(
        "RAD-69 a besoin de l'identifiant de la source : donnez imaging_source_uid à un site.",
        "RAD-69 needs the source's identifier: give a site its imaging_source_uid.",
    ),
    "wado_introspection": Text(
        "Le fournisseur d'identité ne dit pas si le jeton est valable : réessayez ; si cela dure, vérifiez "
        "images.introspection_url.",
        "The identity provider does not tell whether the token is good: try again; if this lasts, check "
        "images.introspection_url.",
    ),
    "web_picture_malformed": Text(
        "La taille, la fenêtre ou la forme demandée pour cette image n'en est pas une.",
        "The size, window or form that is asked of this picture is none.",
    ),
}
