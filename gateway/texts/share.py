"""Sentences about a share: what it waits for, why it is held."""

from gateway.texts.text import Text

TEXTS = {
    # why a report is refused
    "report_not_validated": Text(
        "Le compte rendu n'a pas de responsable (legalAuthenticator) : seul un compte rendu validé est partagé.",
        "The report has no legal authenticator: only a validated report is shared.",
    ),
    "report_conflicts": Text(
        "Un autre contenu a déjà été reçu sous ce même identifiant de document : envoyez une nouvelle version.",
        "Other content was received under this document identifier before: send a new version.",
    ),
    "event_not_supported_yet": Text(
        "Cet évènement n'est pas encore pris en charge : envoyez un nouveau compte rendu, un remplacement ou un "
        "retrait.",
        "This event is not supported yet: send a new report, a replacement or a withdrawal.",
    ),
    "site_unknown": Text(
        "Aucun site de la configuration ne correspond à cet émetteur ni à l'organisation chargée de la conservation :"
        " complétez « senders » ou « custodians » d'une table [site].",
        "No site of the settings fits this sender or the report's custodian: complete “senders” or “custodians” of a"
        " [site] table.",
    ),
    "sender_patient_differs": Text(
        "Les identifiants du patient du message (PID-3) ne sont pas ceux du compte rendu : le message et le compte "
        "rendu doivent être du même patient.",
        "The patient identifiers of the message (PID-3) are not those of the report: message and report must be "
        "about the same patient.",
    ),
    "sender_birth_date_differs": Text(
        "La date de naissance du message (PID-7) n'est pas celle du compte rendu : corrigez celui des deux qui est "
        "faux, puis renvoyez-le.",
        "The birth date of the message (PID-7) is not that of the report: correct the one that is wrong, then send "
        "it again.",
    ),
    "sender_sex_differs": Text(
        "Le sexe du message (PID-8) n'est pas celui du compte rendu : corrigez celui des deux qui est faux, puis "
        "renvoyez-le.",
        "The sex of the message (PID-8) is not that of the report: correct the one that is wrong, then send it again.",
    ),
    "sender_document_differs": Text(
        "L'identifiant de document du message (TXA-12) n'est pas celui du compte rendu : corrigez celui des deux "
        "qui est faux, puis renvoyez-le.",
        "The document identifier of the message (TXA-12) is not that of the report: correct the one that is wrong, "
        "then send it again.",
    ),
    # what a share waits for
    "study_absent": Text(
        "L'examen {study} n'est pas encore dans le PACS ; il est recherché régulièrement.",
        "The study {study} is not in the PACS yet; it is looked for regularly.",
    ),
    "study_settling": Text(
        "L'examen est dans le PACS ; on vérifie que plus aucune image n'arrive.",
        "The study is in the PACS; we make sure that no more images arrive.",
    ),
    "manifest_under_way": Text(
        "Un autre compte rendu publie en ce moment les images du même examen.",
        "Another report is publishing the images of the same study now.",
    ),
    # why it is held
    "study_absent_too_late": Text(
        "L'examen {study} n'est jamais arrivé dans le PACS. Vérifiez le numéro d'examen du compte rendu et l'envoi des"
        " images, puis relancez le partage.",
        "The study {study} never came to the PACS. Check the study of the report and the sending of the images, then"
        " replay the share.",
    ),
    "study_settling_too_late": Text(
        "Des images arrivent encore après le délai prévu. Vérifiez l'examen dans le PACS, puis relancez le partage.",
        "Images still arrive after the deadline. Check the study in the PACS, then replay the share.",
    ),
    "manifest_under_way_too_late": Text(
        "La publication des images par un autre compte rendu n'a pas abouti. Traitez d'abord ce partage-là.",
        "The publication of the images by another report did not end. See to that share first.",
    ),
    "pacs_too_late": Text(
        "Le PACS n'a pas pu être interrogé avant le délai. Vérifiez la connexion au PACS, puis relancez le partage.",
        "The PACS could not be queried before the deadline. Check the connection to the PACS, then replay the share.",
    ),
    "patient_differs": Text(
        "Le patient du compte rendu ({report}) n'est pas celui de l'examen dans le PACS ({pacs}). Corrigez l'identité"
        " à sa source ; rien n'a été publié.",
        "The patient of the report ({report}) is not that of the study in the PACS ({pacs}). Correct the identity at"
        " its source; nothing was published.",
    ),
    "birth_date_differs": Text(
        "La date de naissance du compte rendu ({report}) n'est pas celle du PACS ({pacs}). Rien n'a été publié.",
        "The birth date of the report ({report}) is not that of the PACS ({pacs}). Nothing was published.",
    ),
    "sex_differs": Text(
        "Le sexe du compte rendu ({report}) n'est pas celui du PACS ({pacs}). Rien n'a été publié.",
        "The sex of the report ({report}) is not that of the PACS ({pacs}). Nothing was published.",
    ),
    "accession_absent_in_pacs": Text(
        "L'examen {study} n'a pas d'accession number dans le PACS. Complétez-le dans le PACS, puis relancez.",
        "The study {study} has no accession number in the PACS. Complete it there, then replay.",
    ),
    "accession_differs": Text(
        "L'accession number du PACS ({pacs}) n'est aucun de ceux du compte rendu ({report}) pour l'examen {study}."
        " Rien n'a été publié.",
        "The accession number of the PACS ({pacs}) is none of the report's ({report}) for the study {study}. Nothing"
        " was published.",
    ),
    # searching
    "search_patient_unknown": Text(
        "Aucun partage de cette passerelle ne porte cet accession number : précisez le patient avec --patient.",
        "No share of this gateway has this accession number: name the patient with --patient.",
    ),
    "search_site_unknown": Text(
        "Il n'y a pas de site « {site} » dans la configuration : vérifiez --site.",
        "There is no site “{site}” in the settings: check --site.",
    ),
    "search_site_needed": Text("Précisez un site : {sites}.", "Name a site: {sites}."),
    "share_not_held": Text(
        "Ce partage est dans l'état « {state} » : seul un partage retenu peut être relancé.",
        "This share is {state}: only a held one can be taken up again.",
    ),
    "sender_says_not_dmp": Text(
        "L'émetteur a demandé de ne pas publier ce compte rendu dans le DMP (DESTDMP = N). Rien n'y a été publié.",
        "The sender asked not to publish this report to the DMP (DESTDMP = N). Nothing was published there.",
    ),
    "secret_connection_not_supported_yet": Text(
        "L'émetteur demande une connexion secrète (CONNEXION_SECRETE = Y), ce qui n'est pas encore pris en charge."
        " Rien n'a été publié.",
        "The sender asks for a secret connection (CONNEXION_SECRETE = Y), which is not supported yet. Nothing was"
        " published.",
    ),
}
