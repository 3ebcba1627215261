"""Sentences about HL7 v2 messages."""

from gateway.texts import message_rules
from gateway.texts.text import Text

TEXTS = {
    **message_rules.TEXTS,
    # framing
    "mllp_noise": Text(
        "Des octets ont été reçus en dehors de tout bloc MLLP : vérifiez que l'émetteur parle MLLP.",
        "Bytes were received outside any MLLP block: check that the sender speaks MLLP.",
    ),
    "mllp_no_start": Text(
        "Le message n'était pas précédé du caractère de début MLLP (0x0B) : corrigez l'émetteur, puis renvoyez.",
        "The message did not begin with the MLLP start character (0x0B): correct the sender, then send again.",
    ),
    "mllp_restarted": Text(
        "Un nouveau message a commencé avant la fin du précédent : le précédent n'a pas été pris, renvoyez-le.",
        "A new message began before the end of the one before: that one was not taken, send it again.",
    ),
    "mllp_no_end": Text(
        "La connexion s'est terminée avant la fin du message : il n'a pas été pris, renvoyez-le.",
        "The connection ended before the message did: it was not taken, send it again.",
    ),
    "mllp_stray_end": Text(
        "Le message contient le caractère de fin MLLP (0x1C) : écrivez-le \\X1C\\ ou retirez-le, puis renvoyez.",
        "The message holds the MLLP end character (0x1C): write it as \\X1C\\ or remove it, then send again.",
    ),
    "mllp_too_large": Text(
        "Le message dépasse la taille permise ({size} octets pour {limit}) : allégez le document, ou augmentez "
        "max_message_bytes ici.",
        "The message is above the size allowed ({size} bytes of {limit}): make the document smaller, or raise "
        "max_message_bytes here.",
    ),
    "mllp_control_character": Text(
        "Le message contient un caractère de trame MLLP (0x0B ou 0x1C) et ne peut pas être envoyé : ôtez-le du "
        "message.",
        "The message holds an MLLP framing character (0x0B or 0x1C) and cannot be sent: remove it from the message.",
    ),
    # the message as it is written
    "hl7_not_a_message": Text(
        "Ce n'est pas un message HL7 v2 : il doit commencer par le segment MSH.",
        "This is no HL7 v2 message: it must begin with the segment MSH.",
    ),
    "hl7_delimiters": Text(
        "Les séparateurs de MSH-1 et MSH-2 doivent être des signes différents, comme |^~\\&.",
        "The delimiters of MSH-1 and MSH-2 must be different signs, such as |^~\\&.",
    ),
    "hl7_segment_name": Text(
        "La ligne qui suit ce segment n'est pas un segment HL7 : vérifiez les fins de ligne à l'intérieur des champs.",
        "The line behind this segment is no HL7 segment: check for line ends inside fields.",
    ),
    "hl7_too_many_segments": Text(
        "Le message a plus de {limit} segments : envoyez-le en plusieurs.",
        "The message has more than {limit} segments: split it.",
    ),
    "hl7_too_many_lines": Text(
        "Le message a plus de {limit} lignes : envoyez-le en plusieurs.",
        "The message has more than {limit} lines: split it.",
    ),
    "hl7_charset_unknown": Text(
        "Le jeu de caractères de MSH-18 n'est pas pris en charge : utilisez UNICODE UTF-8 ou 8859/15.",
        "The character set of MSH-18 is not supported: use UNICODE UTF-8 or 8859/15.",
    ),
    "hl7_charset_unstated": Text(
        "MSH-18 est vide et le message n'est pas en UTF-8 : indiquez le jeu de caractères dans MSH-18.",
        "MSH-18 is empty and the message is not UTF-8: state the character set in MSH-18.",
    ),
    "hl7_charset_contradicted": Text(
        "Les octets du message ne sont pas du {charset}, que MSH-18 annonce : corrigez MSH-18 ou l'encodage.",
        "The bytes of the message are not {charset}, which MSH-18 states: correct MSH-18 or the encoding.",
    ),
    "hl7_not_encodable": Text(
        "Un caractère du message n'existe pas en {charset} : utilisez UNICODE UTF-8.",
        "A character of the message does not exist in {charset}: use UNICODE UTF-8.",
    ),
    # its kind
    "hl7_type": Text(
        "Ce type de message (MSH-9) n'est pas pris en charge : un compte rendu arrive par ORU^R01 ou MDM^T02.",
        "This type of message (MSH-9) is not supported: a report comes in ORU^R01 or MDM^T02.",
    ),
    "hl7_type_later": Text(
        "Ce type de message (MSH-9) est reconnu, et rien ne le prend ici : une demande (ORM, OMI) va vers une"
        " plateforme déclarée ([platform.NOM]) ; OMG, SIU et ZAM ne s'adressent pas à la passerelle.",
        "This type of message (MSH-9) is recognised, and nothing takes it here: a request (ORM, OMI) goes to a platform"
        " of the settings ([platform.NAME]); OMG, SIU and ZAM are not addressed to the gateway.",
    ),
    "hl7_profile_later": Text(
        "Rien ne prend ici les messages de ce profil (MSH-21) : la téléradiologie va vers une plateforme déclarée"
        " ([platform.NOM]) ; CISIS_CDA_HL7_LPS est le retour d'une plateforme d'intermédiation vers son système.",
        "Nothing takes messages of this profile (MSH-21) here: teleradiology goes to a platform of the settings"
        " ([platform.NAME]); CISIS_CDA_HL7_LPS is the way back from an exchange platform to its system.",
    ),
    "hl7_event": Text(
        "Cet évènement (MSH-9.2) n'est pas pris en charge : R01 pour ORU ; T02, T10 ou T04 pour MDM.",
        "This event (MSH-9.2) is not supported: R01 for ORU; T02, T10 or T04 for MDM.",
    ),
    "hl7_adt_event": Text(
        "Cet évènement de l'administration des patients (MSH-9.2) n'est pas lu ici : A08, A31, A40 et A47 changent une"
        " identité ; ceux de la venue (A01, A03, A04…) ne s'adressent pas à la passerelle, ne les lui envoyez pas.",
        "This event of patient administration (MSH-9.2) is not read here: A08, A31, A40 and A47 change an identity;"
        " those of the stay (A01, A03, A04…) are not addressed to the gateway, do not send them to it.",
    ),
    "hl7_version": Text(
        "Cette version de HL7 (MSH-12) n'est pas prise en charge pour ce message : utilisez {expected}.",
        "This version of HL7 (MSH-12) is not supported for this message: use {expected}.",
    ),
    "hl7_processing_id": Text(
        "Ce mode de traitement (MSH-11) n'est pas accepté ici (acceptés : {expected}).",
        "This processing id (MSH-11) is not accepted here (accepted: {expected}).",
    ),
    # what is in it
    "hl7_segment_missing": Text(
        "Le segment {segment} est absent, et le profil l'exige : ajoutez-le, puis renvoyez le message.",
        "The segment {segment} is missing, and the profile requires it: add it, then send the message again.",
    ),
    "hl7_segment_twice": Text(
        "Le segment {segment} est présent plusieurs fois : envoyez un message par patient et par document.",
        "The segment {segment} is there more than once: send one message for each patient and document.",
    ),
    "hl7_segment_order": Text(
        "Le segment {segment} n'est pas à sa place : respectez l'ordre des segments du profil.",
        "The segment {segment} is out of its place: keep the profile's order of segments.",
    ),
    "hl7_field_missing": Text(
        "Le champ {field} est obligatoire et vide : remplissez-le, puis renvoyez le message.",
        "The field {field} is required and empty: fill it, then send the message again.",
    ),
    "hl7_value": Text(
        "Ce champ contient un caractère de contrôle ou plus de {limit} caractères : corrigez-le, puis renvoyez le "
        "message.",
        "This field holds a control character or more than {limit} characters: correct it, then send the message "
        "again.",
    ),
    "hl7_identifier": Text(
        "Un identifiant de PID-3 annonce un OID (ISO) dans CX-4, et ce n'en est pas un : écrivez l'OID, ou ôtez ISO.",
        "An identifier of PID-3 states an OID (ISO) in CX-4, and it is none: write the OID, or take ISO out.",
    ),
    "hl7_too_many_identifiers": Text(
        "PID-3 a plus de {limit} identifiants : n'envoyez que ceux qui servent.",
        "PID-3 has more than {limit} identifiers: send those that are of use only.",
    ),
    "hl7_birth_date": Text(
        "La date de naissance (PID-7) doit être de la forme AAAAMMJJ.",
        "The birth date (PID-7) must have the form YYYYMMDD.",
    ),
    "hl7_document_id": Text(
        "L'identifiant du document remplacé (TXA-13) doit être un OID, ou extension^^OID^ISO.",
        "The identifier of the replaced document (TXA-13) must be an OID, or extension^^OID^ISO.",
    ),
    "hl7_statement": Text("L'observation {field} doit valoir Y ou N.", "The observation {field} must be Y or N."),
    "hl7_statement_twice": Text(
        "L'observation {field} est donnée deux fois, avec des valeurs différentes : n'en gardez qu'une.",
        "The observation {field} is given twice, with different values: keep one of them.",
    ),
    "hl7_not_validated": Text(
        "Seul un compte rendu validé est accepté : OBX-11 doit valoir F (C pour remplacer, D pour supprimer), et"
        " TXA-17, s'il est renseigné, AU. Envoyez le message après la validation ({field}).",
        "Only a validated report is accepted: OBX-11 must be F (C to replace, D to withdraw), and TXA-17, where it is"
        " given, AU. Send the message after validation ({field}).",
    ),
    "hl7_inconsistent": Text(
        "ORC-1, OBX-11 et l'évènement se contredisent : NW, F et T02 ; RO, C et T10 ; CA, D et T04 vont ensemble : "
        "corrigez celui qui est faux.",
        "ORC-1, OBX-11 and the event contradict each other: NW, F and T02; RO, C and T10; CA, D and T04 go "
        "together: correct the one that is wrong.",
    ),
    # the document
    "hl7_no_document": Text(
        "Le message ne contient aucun document : un OBX de type ED doit porter le compte rendu CDA.",
        "The message holds no document: an OBX of type ED must carry the CDA report.",
    ),
    "hl7_not_cda": Text(
        "Le document n'est pas un CDA : OBX-5.3 doit valoir XML.", "The document is no CDA: OBX-5.3 must be XML."
    ),
    "hl7_too_many_documents": Text(
        "Le message contient plus de {limit} document(s) : envoyez un message par document.",
        "The message holds more than {limit} document(s): send one message for each document.",
    ),
    "hl7_not_a_change": Text(
        "Ce message ne nomme pas l'étude modifiée : IPC-3 doit être un Study Instance UID.",
        "This message does not name the study that changed: IPC-3 must be a Study Instance UID.",
    ),
    "hl7_not_merged": Text(
        "Ce message doit nommer un identifiant sous l'OID de son autorité ({field}).",
        "This message must name an identifier under the OID of its authority ({field}).",
    ),
    "hl7_not_teleradiology": Text(
        "Ce message n'est pas un message de téléradiologie (flux 1 à 4) : vérifiez MSH-9 et MSH-21.",
        "This message is no teleradiology message (flows 1 to 4): check MSH-9 and MSH-21.",
    ),
    "hl7_refused_by_us": Text(
        "Le message à écrire ne serait pas conforme ({field}) : complétez ce qu'il doit dire.",
        "The message to be written would not conform ({field}): complete what it must say.",
    ),
    "hl7_order_control": Text(
        "L'ordre (ORC-1) n'est pas de ce flux : attendu {expected}.",
        "The order control (ORC-1) is not of this flow: expected {expected}.",
    ),
    "hl7_address": Text(
        "« {address} » n'est pas une adresse : écrivez HÔTE:PORT.", '"{address}" is no address: write HOST:PORT.'
    ),
    "hl7_certificate": Text(
        "Le certificat, la clé ou l'autorité ne peut pas être lu ({reason}).",
        "The certificate, the key or the authority cannot be read ({reason}).",
    ),
    "hl7_unknown_profile": Text(
        "Ce profil est inconnu ({name}) : choisissez-en un de la page des profils HL7.",
        "This profile is not known ({name}): choose one of the page on HL7 profiles.",
    ),
    "hl7_encapsulation": Text(
        "Le document doit être encodé en base64 : OBX-5.4 doit valoir Base64.",
        "The document must be encoded in base64: OBX-5.4 must be Base64.",
    ),
    "hl7_base64": Text(
        "Le base64 du document (OBX-5.5) est illisible : il est tronqué, ou contient un caractère étranger.",
        "The base64 of the document (OBX-5.5) cannot be read: it is cut short, or holds a foreign character.",
    ),
    "hl7_envelope_too_large": Text(
        "Le message sans son document dépasse {limit} octets : ôtez ce qui n'en fait pas partie.",
        "The message without its document is above {limit} bytes: take out what does not belong to it.",
    ),
    # the gateway itself
    "hl7_internal_error": Text(
        "Une erreur interne a empêché la prise en charge : rien n'a été pris, renvoyez le message plus tard.",
        "An internal error prevented the message from being taken: nothing was taken, send it again later.",
    ),
    "hl7_cannot_listen": Text(
        "Impossible d'écouter sur {host}:{port} ({words}). Vérifiez l'adresse, et que le port est libre.",
        "Cannot listen on {host}:{port} ({words}). Check the address, and that the port is free.",
    ),
    # sending
    "hl7_peer_unreachable": Text(
        "La connexion HL7 à {host}:{port} a échoué ({words}). Le message a pu être pris ou non : renvoyez-le.",
        "The HL7 connection to {host}:{port} failed ({words}). The message may have been taken or not: send it again.",
    ),
    "hl7_peer_silent": Text(
        "{host}:{port} n'a pas acquitté le message en {limit} s. Il a pu être pris ou non : renvoyez-le.",
        "{host}:{port} did not acknowledge the message in {limit} s. It may have been taken or not: send it again.",
    ),
    "hl7_peer_framing": Text(
        "La réponse de {host}:{port} n'est pas une trame MLLP : vérifiez à qui l'on parle.",
        "The answer of {host}:{port} is no MLLP block: check who is spoken to.",
    ),
    "hl7_peer_other_answer": Text(
        "{host}:{port} a répondu autre chose que l'acquittement de ce message : vérifiez l'adresse et le port.",
        "{host}:{port} answered something else than the acknowledgement of this message: check address and port.",
    ),
}
