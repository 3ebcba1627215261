"""Sentences about published studies whose images change."""

from gateway.texts.text import Text

TEXTS = {
    "images_lost": Text(
        "Le PACS n'a plus {lost} des {of} images publiées de l'examen {study}, sans note de rejet ni message qui"
        " l'explique. Le manifeste publié n'a pas changé. Relancez ce partage pour publier ce qui reste (ou retirer le"
        " manifeste s'il ne reste rien) ; abandonnez-le si les images vont revenir.",
        "The PACS no longer has {lost} of the {of} published images of the study {study}, and no rejection note or"
        " message says why. The published manifest has not changed. Replay this share to publish what is left (or to"
        " withdraw the manifest when nothing is); abandon it if the images will come back.",
    ),
    "report_erased": Text(
        "Ce qu'il faut modifier a été effacé d'ici à son échéance : les documents publiés restent au registre, leurs"
        " octets ne sont plus ici. Faites renvoyer le compte rendu par le RIS sous une nouvelle version, retirez le"
        " partage, ou abandonnez cette demande.",
        "What is to be changed was erased here when its time came: the published documents stand at the registry, their"
        " bytes are no longer here. Have the RIS send the report as a new version, withdraw the share, or abandon this"
        " request.",
    ),
    "manifest_report_erased": Text(
        "Les images de l'examen {study} ont changé, mais les comptes rendus publiés ont été effacés d'ici à leur"
        " échéance : un nouveau manifeste ne peut plus être établi en leur nom. Faites renvoyer le compte rendu par le"
        " RIS sous une nouvelle version, ou abandonnez ce partage.",
        "The images of the study {study} changed, but the published reports were erased here when their time came: a"
        " new manifest can no longer be made in their name. Have the RIS send the report as a new version, or abandon"
        " this share.",
    ),
}
