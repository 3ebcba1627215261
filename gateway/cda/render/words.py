"""The words around a rendered report, French and English: labels of the banner, columns, what is said of attachments.

What the report itself says is shown as it is written, whatever the language.
"""

from __future__ import annotations

from gateway.texts.text import Text

_WORDS = {
    "abroad": Text("Document lié à l'extérieur du compte rendu", "Document linked outside the report"),
    "accession": Text("Numéro d'examen", "Accession number"),
    "act": Text("Acte", "Act"),
    "acts": Text("Actes réalisés", "Acts performed"),
    "attachment": Text("Pièce jointe", "Attachment"),
    "author": Text("Auteur", "Author"),
    "authorised": Text("Irradiation autorisée par", "Irradiation authorised by"),
    "birth_name": Text("Identité de naissance", "Identity of birth"),
    "birth_place": Text("Lieu de naissance (INSEE)", "Place of birth (INSEE)"),
    "born": Text("Né(e) le", "Born"),
    "born_f": Text("Née le", "Born"),
    "born_m": Text("Né le", "Born"),
    "comment": Text("Commentaire", "Comment"),
    "contraindication": Text("Contre-indication", "Contra-indication"),
    "custodian": Text("Conservé par", "Kept by"),
    "cut": Text(
        "Ce texte est trop long pour être affiché en entier ; la suite est dans le fichier.",
        "This text is too long to be shown whole; the rest is in the file.",
    ),
    "date": Text("Date", "Date"),
    "devices": Text("Dispositifs et équipements", "Devices and equipment"),
    "device": Text("Dispositif", "Device"),
    "device_id": Text("Identifiant", "Identifier"),
    "document": Text("Document", "Document"),
    "dose": Text("Dose", "Dose"),
    "doses": Text("Exposition aux rayonnements", "Exposure to radiation"),
    "download": Text("Télécharger", "Download"),
    "empty": Text("Rien n'est écrit dans cette section.", "Nothing is written in this section."),
    "entries": Text("Autres données", "Other data"),
    "fact": Text("Donnée", "Fact"),
    "female": Text("Féminin", "Female"),
    "finding": Text("Constat", "Finding"),
    "from_entries": Text("D'après les données codées du compte rendu", "From the coded data of the report"),
    "identifier": Text("Identifiant local", "Local identifier"),
    "image": Text("Image jointe", "Attached image"),
    "images_column": Text("Images", "Images"),
    "images": Text("Voir les images", "See the images"),
    "images_elsewhere": Text(
        "Le lien de ce compte rendu vers les images n'est pas une adresse web utilisable.",
        "The link of this report to the images is no web address that can be used.",
    ),
    "images_of": Text("Voir les images de l'acte {number}", "See the images of act {number}"),
    "ins": Text("Matricule INS", "INS identifier"),
    "ins_test": Text("Matricule INS de test", "Test INS identifier"),
    "location": Text("Localisation", "Location"),
    "lot": Text("Lot", "Lot"),
    "male": Text("Masculin", "Male"),
    "modality": Text("Modalité", "Modality"),
    "no_image": Text("Image jointe qui ne peut pas être affichée", "Attached image that cannot be shown"),
    "no_show": Text(
        "Ce contenu ({type}) ne s'affiche pas ici pour des raisons de sécurité.",
        "This content ({type}) is not shown here, for safety.",
    ),
    "not_stated": Text("non renseigné", "not stated"),
    "open_pdf": Text("Ouvrir le document PDF", "Open the PDF document"),
    "order": Text("Demande", "Order"),
    "others": Text("Autres sections", "Other sections"),
    "participant": Text("Participant", "Participant"),
    "patient": Text("Patient", "Patient"),
    "performed_at": Text("Lieu de l'examen", "Place of the examination"),
    "performer": Text("Réalisé par", "Performed by"),
    "pregnancy": Text("Statut de grossesse", "Pregnancy status"),
    "product": Text("Produit administré", "Administered product"),
    "products": Text("Produits administrés", "Administered products"),
    "quantity": Text("Grandeur", "Quantity"),
    "recipient": Text("Destinataire", "Recipient"),
    "region": Text("Région", "Region"),
    "replaces": Text("Remplace le document", "Replaces document"),
    "report": Text("Compte rendu d'imagerie", "Imaging report"),
    "requester": Text("Demandeur", "Requested by"),
    "route": Text("Voie", "Route"),
    "screening": Text("Examen de dépistage", "Screening examination"),
    "sex": Text("Sexe", "Sex"),
    "show_pdf": Text("Afficher le document PDF", "Show the PDF document"),
    "signed": Text("Validé par", "Signed by"),
    "table": Text("Tableau, à faire défiler", "Table, may be scrolled"),
    "unknown_sex": Text("Indéterminé", "Undetermined"),
    "used_name": Text("Nom utilisé", "Name used"),
    "value": Text("Valeur", "Value"),
    "version": Text("Version", "Version"),
    "years": Text("{age} ans", "{age} years"),
    "months": Text("{age} mois", "{age} months"),
    "days": Text("{age} jours", "{age} days"),
}


def word(key: str, language: str, **facts: object) -> str:
    """The words of *key* in *language* (``fr`` or ``en``)."""
    text = _WORDS[key]
    told = text.en if language == "en" else text.fr
    return told.format(**facts) if facts else told
