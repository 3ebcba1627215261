"""Sentences of the log of messages, of the listener's ports, and of the teleradiology relay."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    # the listener's ports
    "hl7_busy": Text(
        "La passerelle ne peut pas garder le message à temps : renvoyez-le plus tard.",
        "The gateway cannot keep the message in time: send it again later.",
    ),
    "hl7_sender_not_allowed": Text(
        "L'émetteur (MSH-3, MSH-4) n'est pas de ceux que ce port accepte : utilisez son propre port, ou faites-le "
        "ajouter à « senders ».",
        "The sender (MSH-3, MSH-4) is not one that this port takes: use its own port, or have it added to “senders”.",
    ),
    "hl7_not_on_this_port": Text(
        "Ce type de message n'est pas accepté sur ce port : utilisez celui qui est prévu pour lui.",
        "This kind of message is not taken on this port: use the one that is meant for it.",
    ),
    "site_not_here": Text(
        "Ce port n'accepte pas les comptes rendus du site {site} : utilisez celui de ce site.",
        "This port takes no reports of the site {site}: use that site's.",
    ),
    # the log of messages
    "message_unknown": Text(
        "Aucun message reçu n'a l'identifiant {message} : « gateway hl7 log » les liste.",
        "No received message has the id {message}: “gateway hl7 log” lists them.",
    ),
    "message_not_whole": Text(
        "De ce message, seul le début a été gardé : il ne peut pas être traité à nouveau. Faites-le renvoyer.",
        "Of this message only the beginning was kept: it cannot be processed again. Have it sent again.",
    ),
    "message_since": Text(
        "« {value} » n'est pas une date : écrivez par exemple 2026-03-04, 2026-03-04T09:30, 2h ou 3d.",
        "“{value}” is no moment: write for example 2026-03-04, 2026-03-04T09:30, 2h or 3d.",
    ),
    "message_answer": Text(
        "« {value} » n'est pas une réponse : AA, AE ou AR.",
        "“{value}” is no answer: AA, AE or AR.",
    ),
    # the relay: what arrives
    "relay_sender_unknown": Text(
        "L'émetteur (MSH-3, MSH-4) n'est ni un site ni une plateforme de téléradiologie connus : complétez « senders » "
        "du site ou « addresses » de la plateforme.",
        "The sender (MSH-3, MSH-4) is neither a site nor a platform that is known: complete “senders” of the site or "
        "“addresses” of the platform.",
    ),
    "relay_platform_unknown": Text(
        "Le destinataire (MSH-5, MSH-6) ne désigne aucune plateforme de ce site, ou plusieurs conviennent : indiquez "
        "l'adresse de la plateforme.",
        "The receiver (MSH-5, MSH-6) names no platform of this site, or several fit: write the platform's address.",
    ),
    "relay_site_unknown": Text(
        "Le site auquel ce message est destiné n'a pas pu être trouvé : indiquez-le dans MSH-5 et MSH-6.",
        "The site that this message is for could not be found: name it in MSH-5 and MSH-6.",
    ),
    "relay_wrong_way": Text(
        "Une plateforme de téléradiologie n'envoie pas ce type de message : il va du site vers elle.",
        "A reading platform does not send this kind of message: it goes from the site to the platform.",
    ),
    "relay_several_orders": Text(
        "Le message porte plusieurs numéros de demande : envoyez un message par demande, pour qu'ils restent en ordre.",
        "The message has several order numbers: send one message an order, so that they stay in order.",
    ),
    "relay_order_unknown": Text(
        "Aucune demande de ce numéro n'est passée par la passerelle : envoyez la demande d'abord.",
        "No request of this number has passed through the gateway: send the request first.",
    ),
    "relay_order_missing": Text(
        "Le document ne dit pas à quelle demande il se rattache : indiquez le numéro de demande dans ORC-2.",
        "The document does not say which request it belongs to: write the order number in ORC-2.",
    ),
    "relay_order_elsewhere": Text(
        "Ce numéro de demande est celui d'un autre site.", "This order number is another site's."
    ),
    "relay_no_document": Text(
        "Ce message ne porte pas de document : il ne peut pas être transmis entre un site et une plateforme.",
        "This message carries no document: it cannot pass between a site and a platform.",
    ),
    "relay_profile": Text(
        "Le message n'est pas conforme à son profil (règle {rule}, champ {field}) : « gateway hl7 check » dit tout.",
        "The message does not follow its profile (rule {rule}, field {field}): “gateway hl7 check” tells everything.",
    ),
    # the relay: who stands in a report's header
    "relay_not_signed": Text(
        "Le compte rendu n'a pas de responsable (legalAuthenticator) : c'est le médecin responsable du site : "
        "ajoutez-le.",
        "The report has no legalAuthenticator: it is the site's responsible doctor: add them.",
    ),
    "relay_signer_not_author": Text(
        "Le médecin responsable (legalAuthenticator) doit aussi être auteur du compte rendu.",
        "The responsible doctor (legalAuthenticator) must be an author of the report too.",
    ),
    "relay_reader_not_author": Text(
        "Le médecin qui a interprété à distance doit être auteur du compte rendu, avec le médecin responsable.",
        "The doctor who read remotely must be an author of the report, beside the responsible doctor.",
    ),
    "relay_other_reader": Text(
        "Le médecin qui a répondu à la demande n'est pas auteur du compte rendu : ajoutez-le comme auteur.",
        "The doctor who answered the request is not an author of the report: add them as an author.",
    ),
    "relay_responsible_gone": Text(
        "Le médecin responsable de la demande doit rester auteur du compte rendu, même si un autre l'a remplacé.",
        "The responsible doctor of the request must stay an author of the report, even when another took over.",
    ),
    "relay_author_gone": Text(
        "Un auteur ou responsable de la version précédente manque parmi les auteurs : ajoutez-le, avec le nouveau.",
        "An author or signer of the earlier version is not among the authors: add them, beside the new one.",
    ),
    # the relay: on the way
    "relay_accession_differs": Text(
        "Pour l'examen {study}, le message dit le numéro {message} et le PACS {pacs} : corrigez l'un des deux.",
        "For the study {study} the message says the number {message} and the PACS {pacs}: correct one of them.",
    ),
    "relay_study_wrong": Text(
        "L'identifiant d'examen {study} ne peut pas être cherché dans le PACS.",
        "The study identifier {study} cannot be looked for in the PACS.",
    ),
    "relay_refused": Text(
        "L'autre système a refusé le message ({answer}) : {words}. Corrigez la cause, puis « gateway relay retry », ou "
        "« gateway relay drop » pour laisser passer les suivants.",
        "The other system refused the message ({answer}): {words}. Put the cause right, then “gateway relay retry”, or "
        "“gateway relay drop” to let those behind it pass.",
    ),
    "relay_asked_later": Text(
        "L'autre système demande de renvoyer le message plus tard ({answer}) : {words}.",
        "The other system asks to send the message again later ({answer}): {words}.",
    ),
    "relay_platform_gone": Text(
        "La plateforme {platform} n'est plus dans les réglages : remettez [platform.{platform}] ou abandonnez le "
        "message.",
        "The platform {platform} is not in the settings any more: put [platform.{platform}] back or drop the message.",
    ),
    "relay_not_held": Text(
        "Le message est dans l'état « {state} » : seul un message retenu se reprend ou s'abandonne.",
        "The message is {state}: only one that is held can be taken up or dropped.",
    ),
    "relay_request_unknown": Text(
        "Aucune demande de téléradiologie n'a l'identifiant {request} : « gateway relay list » les liste.",
        "No teleradiology request has the id {request}: “gateway relay list” lists them.",
    ),
    "relay_message_unknown": Text(
        "Aucun message de téléradiologie n'a l'identifiant {message} : « gateway relay show » les liste.",
        "No teleradiology message has the id {message}: “gateway relay show” lists those of a request.",
    ),
    "relay_off": Text(
        "Le relais de téléradiologie n'est pas configuré : ajoutez une table [platform.NOM].",
        "The teleradiology relay is not set up: add a table [platform.NAME].",
    ),
    # the interface of a system without HL7, at either end
    "relay_not_fetched": Text(
        "L'autre système ne l'a pas encore pris : il lit ses messages lui-même (GET /api/relay/requests?waiting=true).",
        "The other system has not taken it yet: it reads its messages itself (GET /api/relay/requests?waiting=true).",
    ),
    "relay_not_fetching": Text(
        "Les messages sont envoyés à votre système par MLLP : pour les lire ici, il faut le régler ainsi "
        '(delivery = "pull").',
        'Messages are sent to your system by MLLP: to read them here, it must be set so (delivery = "pull").',
    ),
    "relay_cursor": Text(
        "Le paramètre « after » n'est pas celui d'une page précédente : suivez « next », ou reprenez depuis le début.",
        "The parameter “after” is not that of an earlier page: follow “next”, or begin again.",
    ),
    "relay_parameter": Text(
        "Un paramètre de l'adresse n'est pas une des valeurs attendues : {expected}.",
        "A parameter of the address is none of the values that are expected: {expected}.",
    ),
    "relay_document_unknown": Text(
        "Ce message ne porte pas de document de ce numéro : « documents » les liste.",
        "This message carries no document of this number: “documents” lists them.",
    ),
    "relay_no_json": Text(
        "Ce message, écrit par un autre système, ne se laisse pas dire en JSON : lisez-le tel quel (« hl7 »).",
        "This message, which another system wrote, cannot be said as JSON: read it as it is (“hl7”).",
    ),
    "relay_json": Text(
        "Le corps de la requête n'est pas le JSON attendu : {words}. Corrigez-le selon docs/relay.md.",
        "The body of the request is not the JSON that is expected: {words}. Correct it by docs/relay.md.",
    ),
    "idempotency_key": Text(
        "L'en-tête Idempotency-Key est une chaîne entre guillemets, de 255 caractères au plus.",
        "The header Idempotency-Key is a string in quotes, of 255 characters at most.",
    ),
    "idempotency_key_reused": Text(
        "Cet en-tête Idempotency-Key est celui d'une autre requête : une requête nouvelle a une clé nouvelle.",
        "This Idempotency-Key is that of another request: a new request has a new key.",
    ),
    "relay_not_this_end": Text(
        "Une demande de type « {kind} » vient de l'autre côté du relais : {expected}.",
        "A message of the kind “{kind}” comes from the other end of the relay: {expected}.",
    ),
    "relay_platform_site": Text(
        "Le site « {site} » n'est pas de cette plateforme, ou il faut le nommer : {known}.",
        "The site “{site}” is not this platform's, or must be named: {known}.",
    ),
    "white_paper_refusal": Text(
        "Cette plateforme suit le livre blanc, qui n'a pas de message pour un refus : convenez-en avec le site, ou "
        'passez au guide (messages = "guide").',
        "This platform follows the white paper, which has no message for a refusal: agree on it with the site, or "
        'change to the guide (messages = "guide").',
    ),
    "transmittal_unsigned": Text(
        "Le compte rendu est destiné au DMP et personne ne le signe (legalAuthenticator) avec un identifiant national, "
        "ou le site n'a pas d'identifiant national : complétez, ou envoyez « to_dmp » à faux.",
        "The report is meant for the DMP and nobody signs it (legalAuthenticator) with a national identifier, or the "
        "site has no national identifier: complete it, or send “to_dmp” as false.",
    ),
    "relay_site_platform": Text(
        "La plateforme « {platform} » n'est pas de ce site, ou il faut la nommer : {known}.",
        "The platform “{platform}” is not this site's, or must be named: {known}.",
    ),
}
