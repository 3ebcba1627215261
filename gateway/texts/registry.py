"""Sentences about document registries and repositories, and about the messages exchanged with them."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    # What ships with the program, and the settings of a destination
    "resource_missing": Text(
        "L'installation est incomplète : « {name} » manque. Réinstallez le programme.",
        "The installation is incomplete: “{name}” is missing. Install the program again.",
    ),
    "registry_url": Text(
        "L'adresse « {url} » n'est pas une adresse http ou https : corrigez registry_url ou repository_url.",
        "The address “{url}” is not an http or https address: correct registry_url or repository_url.",
    ),
    "registry_file": Text(
        "Le fichier « {name} » n'existe pas : corrigez ca_file, certificate ou key de la destination.",
        "The file “{name}” does not exist: correct ca_file, certificate or key of the destination.",
    ),
    # No answer
    "registry_unreachable": Text(
        "Le registre {peer} n'est pas joignable. Nouvel essai automatique ; si cela dure, vérifiez l'adresse et le "
        "réseau.",
        "The registry {peer} cannot be reached. It is tried again by itself; if this lasts, check the address and the "
        "network.",
    ),
    "registry_timeout": Text(
        "Le registre {peer} n'a pas répondu en {seconds} s. Nouvel essai automatique ; si cela dure, prévenez son "
        "exploitant.",
        "The registry {peer} has not answered within {seconds} s. It is tried again by itself; if this lasts, tell "
        "its operator.",
    ),
    "registry_tls": Text(
        "La connexion sécurisée avec {peer} a échoué ({reason}) : vérifiez les certificats (ca_file, certificate, "
        "key) et leurs dates.",
        "The secure connection with {peer} failed ({reason}): check the certificates (ca_file, certificate, key) and "
        "their dates.",
    ),
    "registry_lost": Text(
        "La connexion avec {peer} s'est rompue avant la fin de la réponse. Nouvel essai automatique.",
        "The connection with {peer} broke before the end of the answer. It is tried again by itself.",
    ),
    "registry_http_busy": Text(
        "Le registre {peer} est indisponible (HTTP {status}). Nouvel essai automatique.",
        "The registry {peer} is not available (HTTP {status}). It is tried again by itself.",
    ),
    "registry_fault_busy": Text(
        "Le registre {peer} est occupé (HTTP {status}) : {words}. Nouvel essai automatique.",
        "The registry {peer} is busy (HTTP {status}): {words}. It is tried again by itself.",
    ),
    "registry_busy": Text(
        "Le registre est occupé : {words}. Nouvel essai automatique.",
        "The registry is busy: {words}. It is tried again by itself.",
    ),
    # An answer that says no
    "registry_http": Text(
        "Le registre {peer} refuse l'appel (HTTP {status}) : vérifiez l'adresse et les droits du certificat.",
        "The registry {peer} refuses the call (HTTP {status}): check the address and the rights of the certificate.",
    ),
    "registry_redirect": Text(
        "Le registre {peer} renvoie vers une autre adresse (HTTP {status}), ce qui n'est pas suivi : corrigez "
        "l'adresse de la destination.",
        "The registry {peer} redirects to another address (HTTP {status}), which is not followed: correct the "
        "address of the destination.",
    ),
    "registry_fault": Text(
        "Le registre {peer} refuse le message ({fault} {subcode}) : « {words} ». Vérifiez l'adresse et les droits, "
        "sinon transmettez ces mots à son exploitant ; puis relancez l'envoi.",
        "The registry {peer} refuses the message ({fault} {subcode}): “{words}”. Check the address and the rights, or "
        "give these words to its operator; then send again.",
    ),
    "registry_refused": Text(
        "Le registre refuse : {words}. Corrigez la cause, puis relancez l'envoi.",
        "The registry refuses: {words}. Correct the cause, then send again.",
    ),
    "registry_other_hash": Text(
        "Le registre a déjà ce document avec un autre contenu ({words}) : rien n'est remplacé, une personne doit "
        "comparer les deux.",
        "The registry has this document already with another content ({words}): nothing is replaced, a person must "
        "compare the two.",
    ),
    # An answer that cannot be used
    "registry_not_soap": Text(
        "La réponse de {peer} n'est pas un message SOAP ({media_type}, HTTP {status}) : vérifiez l'adresse.",
        "The answer of {peer} is not a SOAP message ({media_type}, HTTP {status}): check the address.",
    ),
    "registry_relates_to": Text(
        "La réponse du registre se rapporte à un autre message : elle est ignorée. Prévenez son exploitant.",
        "The registry's answer relates to another message: it is ignored. Tell its operator.",
    ),
    "registry_other_answer": Text(
        "Le registre a répondu par un autre message que celui attendu : prévenez son exploitant.",
        "The registry answered with another message than the one expected: tell its operator.",
    ),
    # An answer that cannot be read: nothing of it is used, and what was sent may have arrived
    "registry_answer_cut": Text(
        "La réponse de {peer} s'arrête avant sa fin : rien n'en est pris. Nouvel essai automatique, ou relancez la "
        "commande ; si cela dure, vérifiez ce qui est sur le chemin (proxy) et prévenez son exploitant.",
        "The answer of {peer} stops before its end: nothing of it is used. It is tried again by itself, or run the "
        "command again; if this lasts, check what is on the way (proxy) and tell its operator.",
    ),
    "registry_answer_parts": Text(
        "Dans la réponse de {peer}, une partie manque, est en double ou n'est désignée par rien ({detail}) : rien n'en "
        "est pris. Prévenez son exploitant.",
        "In the answer of {peer} a part is missing, there twice or named by nothing ({detail}): nothing of it is "
        "used. Tell its operator.",
    ),
    "registry_answer_form": Text(
        "La réponse de {peer} n'est pas un message MTOM bien formé ({reason} : {detail}) : rien n'en est pris. "
        "Vérifiez l'adresse, puis prévenez son exploitant.",
        "The answer of {peer} is not a well-formed MTOM message ({reason}: {detail}): nothing of it is used. Check "
        "the address, then tell its operator.",
    ),
    "registry_answer_xml": Text(
        "La réponse de {peer} n'est pas du XML acceptable ({reason}) : rien n'en est pris. Vérifiez l'adresse, puis "
        "prévenez son exploitant.",
        "The answer of {peer} is not acceptable XML ({reason}): nothing of it is used. Check the address, then tell "
        "its operator.",
    ),
    "registry_answer_soap": Text(
        "La réponse de {peer} n'est pas une enveloppe SOAP 1.2 qui nous soit destinée ({reason} : {detail}) : rien "
        "n'en est pris. Vérifiez l'adresse, puis prévenez son exploitant.",
        "The answer of {peer} is no SOAP 1.2 envelope meant for us ({reason}: {detail}): nothing of it is used. "
        "Check the address, then tell its operator.",
    ),
    "registry_answer_metadata": Text(
        "Dans la réponse de {peer}, {detail} manque ou est illisible : rien n'en est pris. Prévenez son exploitant.",
        "In the answer of {peer}, {detail} is missing or cannot be read: nothing of it is used. Tell its operator.",
    ),
    "registry_answer_size": Text(
        "La réponse de {peer} dépasse une limite ({what} : {limit}) : rien n'en est pris. Demandez moins à la fois.",
        "The answer of {peer} is above a limit ({what}: {limit}): nothing of it is used. Ask for less at once.",
    ),
    "registry_soap_11": Text(
        "Le registre {peer} répond en SOAP 1.1, et XDS.b se parle en SOAP 1.2 : vérifiez que l'adresse est celle de "
        "son service SOAP 1.2.",
        "The registry {peer} answers in SOAP 1.1, and XDS.b is spoken in SOAP 1.2: check that the address is that of "
        "its SOAP 1.2 service.",
    ),
    "registry_documents": Text(
        "Le dépôt n'a pas rendu les documents demandés (document {unique_id}) : prévenez son exploitant.",
        "The repository has not returned the documents asked for (document {unique_id}): tell its operator.",
    ),
    "registry_hash": Text(
        "Le document {unique_id} reçu diffère de l'empreinte ou de la taille inscrites au registre : il n'est pas "
        "utilisé. Voyez l'exploitant du registre.",
        "The document {unique_id} received differs from the hash or size in the registry: it is not used. See the "
        "registry's operator.",
    ),
    # SOAP
    "soap_version": Text(
        "Seul SOAP 1.2 est accepté : envoyez une enveloppe http://www.w3.org/2003/05/soap-envelope.",
        "SOAP 1.2 alone is accepted: send an envelope of http://www.w3.org/2003/05/soap-envelope.",
    ),
    "soap_envelope": Text(
        "Le message n'est pas une enveloppe SOAP avec un seul élément dans son corps.",
        "The message is not a SOAP envelope with a single element in its body.",
    ),
    "soap_addressing": Text(
        "L'en-tête WS-Addressing « {header} » manque, est en double ou a une valeur refusée.",
        "The WS-Addressing header “{header}” is missing, given twice or has a value that is refused.",
    ),
    "soap_action": Text(
        "L'action « {action} » n'est pas offerte ici : vérifiez l'adresse du service.",
        "The action “{action}” is not offered here: check the address of the service.",
    ),
    "soap_must_understand": Text(
        "L'en-tête « {header} » doit être compris (mustUnderstand) et ne l'est pas.",
        "The header “{header}” must be understood (mustUnderstand) and is not.",
    ),
    # MTOM and MIME
    "mtom_media_type": Text(
        "Le type « {media_type} » n'est pas accepté : envoyez multipart/related (MTOM) ou application/soap+xml.",
        "The type “{media_type}” is not accepted: send multipart/related (MTOM) or application/soap+xml.",
    ),
    "mtom_boundary": Text(
        "Le message multipart n'a pas de délimiteur valable (paramètre boundary du Content-Type).",
        "The multipart message has no valid delimiter (parameter boundary of the Content-Type).",
    ),
    "mtom_truncated": Text(
        "Le message s'arrête avant sa fin : envoyez-le à nouveau en entier.",
        "The message stops before its end: send it again, whole.",
    ),
    "mtom_too_large": Text(
        "Le message dépasse une limite ({what} : {limit}).", "The message is above a limit ({what}: {limit})."
    ),
    "mtom_root": Text(
        "Le message multipart ne contient pas l'enveloppe annoncée (paramètre start).",
        "The multipart message does not contain the envelope it announces (parameter start).",
    ),
    "mtom_part": Text(
        "Une partie du message multipart manque, est en double, n'est pas utilisée ou est mal désignée ({words}).",
        "A part of the multipart message is missing, given twice, not used or wrongly named ({words}).",
    ),
    "mtom_source": Text(
        "Un document à envoyer ne peut pas être relu : vérifiez le disque.",
        "A document to send cannot be read again: check the disk.",
    ),
    "mtom_spool": Text(
        "Plus de place pour les documents d'un message : libérez de l'espace temporaire.",
        "No room for the documents of a message: free temporary space.",
    ),
    "mime_header": Text(
        "Un en-tête MIME est malformé ou en double ({field}).", "A MIME header is malformed or given twice ({field})."
    ),
    "mime_encoding": Text(
        "Un document est mal encodé ou son encodage n'est pas accepté ({encoding}).",
        "A document is badly encoded, or its encoding is not accepted ({encoding}).",
    ),
}
