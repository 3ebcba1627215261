"""Sentences about rights: why images are not shown to somebody who is known, and what they can do."""

from gateway.texts.text import Text

TEXTS = {
    "rights_masked": Text(
        "Ce compte rendu est masqué aux professionnels de santé autres que ses auteurs.",
        "This report is masked to health professionals other than its authors.",
    ),
    "rights_door": Text(
        "Ce système n'ouvre pas d'images par cette voie.", "This system does not open images by this way."
    ),
    "rights_not_yours": Text(
        "Ces images ne sont pas visibles avec l'identité présentée. Ouvrez le lien du compte rendu, ou voyez le "
        "centre d'imagerie.",
        "These images cannot be seen with the identity presented. Open the link of the report, or ask the imaging "
        "centre.",
    ),
    "rights_matrix": Text(
        "Votre profession ou votre spécialité n'ouvre pas, dans la matrice d'habilitation de ce site, ce type de"
        " document. Si vous exercez aussi dans une autre situation, reconnectez-vous en la choisissant ; sinon,"
        " adressez-vous à la structure d'imagerie.",
        "In this site's matrix of rights, your profession or specialty does not open this type of document. If you"
        " also exercise in another situation, log in again and choose it; otherwise turn to the imaging centre.",
    ),
    "rights_no_profession": Text(
        "Le service d'identification n'indique pas votre profession : vos droits ne peuvent pas être vérifiés."
        " Connectez-vous avec Pro Santé Connect ou demandez à votre service informatique de compléter votre compte.",
        "The identity provider does not state your profession: your rights cannot be checked. Log in with Pro Santé"
        " Connect or ask your IT department to complete your account.",
    ),
    "rights_no_tie": Text(
        "Rien n'indique que vous preniez ce patient en charge : ni le lien d'un compte rendu, ni la structure où vous"
        " exercez, ni une demande ou un envoi à votre nom. Ouvrez le lien qui se trouve dans le compte rendu.",
        "Nothing says that this patient is in your care: neither the link of a report, nor the structure where you"
        " exercise, nor a request or a copy in your name. Open the link in the report.",
    ),
    "rights_not_offered": Text(
        "Le registre qui avait reçu ce compte rendu ne le propose plus.",
        "The registry that was given this report does not offer it any more.",
    ),
    "rights_reason_short": Text(
        "Écrivez en quelques mots pourquoi vous devez voir ces images.",
        "Write in a few words why you must see these images.",
    ),
    "rights_file": Text(
        "La matrice d'habilitation ({file}) ne peut pas être lue : {words}.",
        "The matrix of rights ({file}) cannot be read: {words}.",
    ),
    "link_viewer": Text(
        "Ce lien demande une visionneuse que cette passerelle n'a pas. Ouvrez le lien du compte rendu.",
        "This link asks for a viewer that this gateway does not have. Open the link of the report.",
    ),
    "link_navigate": Text(
        "Ce lien s'ouvre dans une fenêtre du navigateur, pas à l'intérieur d'une autre page : ouvrez-le depuis le "
        "compte rendu.",
        "This link opens in a window of the browser, not inside another page: open it from the report.",
    ),
}

PROFESSIONS = {
    "10": Text("Médecin", "Physician"),
    "21": Text("Pharmacien", "Pharmacist"),
    "26": Text("Audioprothésiste", "Hearing-aid specialist"),
    "28": Text("Opticien-lunetier", "Optician"),
    "40": Text("Chirurgien-dentiste", "Dental surgeon"),
    "50": Text("Sage-femme", "Midwife"),
    "60": Text("Infirmier", "Nurse"),
    "69": Text("Infirmier psychiatrique", "Psychiatric nurse"),
    "70": Text("Masseur-kinésithérapeute", "Physiotherapist"),
    "80": Text("Pédicure-podologue", "Podiatrist"),
    "81": Text("Orthoprothésiste", "Orthotist-prosthetist"),
    "82": Text("Podo-orthésiste", "Foot orthotist"),
    "83": Text("Orthopédiste-orthésiste", "Orthopaedic orthotist"),
    "84": Text("Oculariste", "Ocularist"),
    "85": Text("Épithésiste", "Epithesist"),
    "86": Text("Technicien de laboratoire médical", "Medical laboratory technician"),
    "91": Text("Orthophoniste", "Speech therapist"),
    "92": Text("Orthoptiste", "Orthoptist"),
    "94": Text("Ergothérapeute", "Occupational therapist"),
    "95": Text("Diététicien", "Dietitian"),
    "96": Text("Psychomotricien", "Psychomotor therapist"),
    "98": Text("Manipulateur en électroradiologie médicale", "Radiographer"),
}
"""Professions of TRE_G15, for the page that asks for the exercise situation; others are shown by their code."""
