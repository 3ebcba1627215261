"""Sentences about the viewers."""

from gateway.texts.text import Text

TEXTS = {
    "web_ohif_url": Text(
        "ohif_url doit être l'adresse http ou https de la visionneuse OHIF du site.",
        "ohif_url must be the http or https address of the site's OHIF viewer.",
    ),
}
