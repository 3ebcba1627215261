"""PRT: who sends a document, whom it goes to, where answers go."""

from gateway.texts.text import Text

RULES = {
    "participation_place": Text(
        "Un PRT suit une autre observation que le document.",
        "A PRT follows another observation than the document.",
    ),
    "sender_missing": Text(
        "DESTDMP vaut Y : l'expéditeur (PRT, SB) est obligatoire.",
        "DESTDMP is Y: the sender (PRT, SB) is required.",
    ),
    "sender_twice": Text(
        "Il y a deux expéditeurs (PRT, SB).",
        "There are two senders (PRT, SB).",
    ),
    "sender_nobody": Text(
        "L'expéditeur n'est ni une personne (PRT-5) ni un dispositif (PRT-10).",
        "The sender is neither a person (PRT-5) nor a device (PRT-10).",
    ),
    "recipient_missing": Text(
        "Un envoi MSSanté est demandé sans destinataire (PRT, RCT).",
        "Secure mail is asked for without a recipient (PRT, RCT).",
    ),
    "participation_order": Text(
        "Les PRT vont dans l'ordre du profil : expéditeur (SB), destinataires (RCT), réponse (REPLY).",
        "The PRT go in the profile's order: sender (SB), recipients (RCT), reply (REPLY).",
    ),
    "recipient_twice": Text(
        "La même adresse (PRT-15) est donnée à deux destinataires.",
        "The same address (PRT-15) is given for two recipients.",
    ),
    "recipient_differs": Text(
        "Le patient destinataire (PRT-5) n'est pas celui de PID-3, ou son matricule INS est faux.",
        "The patient who is the recipient (PRT-5) is not the one of PID-3, or the INS is wrong.",
    ),
    "mail_address": Text(
        "{field} n'est pas une adresse de la messagerie sécurisée (mssante.fr).",
        "{field} is no address of the secure mail (mssante.fr).",
    ),
    "address_shifted": Text(
        "L'adresse est en PRT-16 : il y a un séparateur de trop avant PRT-15.",
        "The address is in PRT-16: there is a separator too many before PRT-15.",
    ),
}
