"""Sentences about the metadata of documents, about stored queries and about value sets."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    "xds_no_message": Text(
        "Ce n'est pas un message d'XDS : ni enveloppe SOAP, ni message multipart, ni ebRIM. Vérifiez le fichier.",
        "This is no XDS message: neither a SOAP envelope, nor a multipart message, nor ebRIM. Check the file.",
    ),
    "registry_metadata": Text(
        "Les métadonnées XDS sont incomplètes : {attribute} manque (objet « {object} »). L'émetteur doit l'ajouter.",
        "The XDS metadata are incomplete: {attribute} is missing (object “{object}”). The sender must add it.",
    ),
    "registry_metadata_value": Text(
        "Une métadonnée XDS est illisible : {attribute} (objet « {object} »). L'émetteur doit corriger sa valeur.",
        "An XDS metadata value cannot be read: {attribute} (object “{object}”). The sender must correct it.",
    ),
    "XDSUnknownStoredQuery": Text(
        "Cette requête enregistrée n'est pas connue : {context}.", "This stored query is not known: {context}."
    ),
    "XDSStoredQueryMissingParam": Text(
        "Un paramètre obligatoire de la requête manque : {context}.",
        "A required parameter of the query is missing: {context}.",
    ),
    "XDSStoredQueryParamNumber": Text(
        "Un paramètre de la requête est mal formé ou répété à tort : {context}.",
        "A parameter of the query is malformed or wrongly repeated: {context}.",
    ),
    "XDSRegistryError": Text(
        "La requête au registre ne peut pas être traitée : {context}.",
        "The query to the registry cannot be processed: {context}.",
    ),
    "identity_not_qualified": Text(
        "L'identité du patient n'est pas qualifiée (INS absente ou PID-32 différent de VALI) ; « {destination} » "
        "n'accepte que des identités qualifiées. Qualifiez l'identité, puis renvoyez le compte rendu.",
        "The patient's identity is not qualified (no INS, or PID-32 is not VALI); “{destination}” takes qualified "
        "identities only. Qualify the identity, then send the report again.",
    ),
    "identity_wrong_environment": Text(
        "L'INS du patient est sous l'OID {oid}, qui ne convient pas à l'environnement « {environment} » de "
        "« {destination} » : les identités de test restent en test, les identités réelles en production. "
        "Vérifiez l'identité du compte rendu et le réglage « environment ».",
        "The patient's INS is under the OID {oid}, which does not fit the environment “{environment}” of "
        "“{destination}”: test identities stay in test, real ones in production. "
        "Check the identity in the report and the setting “environment”.",
    ),
    "identity_ins_absent": Text(
        "Le compte rendu ne porte pas d'INS et « {destination} » identifie les patients par leur INS. "
        "Ajoutez l'INS au compte rendu ou changez le réglage « patient_identity ».",
        "The report has no INS and “{destination}” identifies patients by their INS. "
        "Add the INS to the report, or change the setting “patient_identity”.",
    ),
    "identity_local_absent": Text(
        "Le compte rendu ne porte pas d'identifiant local du patient et « {destination} » en demande un. "
        "Ajoutez l'IPP au compte rendu ou changez le réglage « patient_identity ».",
        "The report has no local patient identifier and “{destination}” wants one. "
        "Add the local identifier to the report, or change the setting “patient_identity”.",
    ),
    "accession_null": Text(
        "Un numéro d'examen (accession number) du compte rendu est nul ({null}) : ses images seraient introuvables. "
        "Corrigez le compte rendu, puis renvoyez-le.",
        "An accession number of the report is null ({null}): its images could not be found. "
        "Correct the report, then send it again.",
    ),
    "region_unknown": Text(
        "La région anatomique de l'examen {study} n'est ni dans le compte rendu, ni dans le réglage du site, ni "
        "déduite de Body Part Examined ({body_parts}). Ajoutez-la au compte rendu ou complétez "
        "« region_by_body_part » du site.",
        "The anatomical region of study {study} is neither in the report, nor in the site's setting, nor derived from "
        "Body Part Examined ({body_parts}). Add it to the report, or complete “region_by_body_part” of the site.",
    ),
    "modality_unknown": Text(
        "Aucune modalité d'acquisition de l'examen {study} n'est dans le jeu de valeurs 1.2.250.1.213.1.1.5.618. "
        "Corrigez la modalité dans le compte rendu ou dans le PACS.",
        "No acquisition modality of study {study} is in the value set 1.2.250.1.213.1.1.5.618. "
        "Correct the modality in the report or in the PACS.",
    ),
    "metadata_missing": Text(
        "« {destination} » demande {attribute}, que ni le compte rendu ni les réglages du site ne donnent. "
        "Complétez le compte rendu ou le site.",
        "“{destination}” requires {attribute}, which neither the report nor the site's settings give. "
        "Complete the report or the site.",
    ),
    "metadata_not_in_value_set": Text(
        "Le code {value} de {attribute} n'est pas dans le jeu de valeurs {value_set} que « {destination} » impose. "
        "Corrigez le compte rendu ou le réglage du site.",
        "The code {value} of {attribute} is not in the value set {value_set} that “{destination}” imposes. "
        "Correct the report or the site's setting.",
    ),
    "valueset_unreadable": Text(
        "La table de codes « {name} » livrée avec le programme manque ou est illisible : réinstallez le programme.",
        "The code table “{name}” that ships with the program is missing or unreadable: install the program again.",
    ),
}
