"""Sentences about key object documents (image manifests): making them, reading them."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    # making a manifest
    "manifest_without_instances": Text(
        "L'examen {study} ne contient aucun objet : il n'y a rien à référencer.",
        "The study {study} holds no object: there is nothing to refer to.",
    ),
    "manifest_without_ins": Text(
        "Le compte rendu de l'examen {study} n'a pas d'INS : le DMP ne peut pas recevoir ses images.",
        "The report of study {study} has no national identity: the DMP cannot take its images.",
    ),
    "manifest_value_unfit": Text(
        "La valeur « {value} » ne peut pas s'écrire en DICOM (caractère interdit ou UID mal formé) : corrigez-la à sa"
        " source.",
        "The value “{value}” cannot be written in DICOM (forbidden character or malformed UID): correct it at its"
        " source.",
    ),
    # reading a manifest
    "kos_too_large": Text(
        "Le document d'objets clés dépasse la taille permise ({size} octets pour {limit}).",
        "The key object document is above the size allowed ({size} bytes of {limit}).",
    ),
    "kos_too_many_items": Text(
        "Le document d'objets clés contient plus de {limit} éléments.",
        "The key object document has more than {limit} items.",
    ),
    "kos_too_deep": Text(
        "Le document d'objets clés imbrique plus de {limit} séquences.",
        "The key object document nests more than {limit} sequences.",
    ),
    "kos_not_dicom": Text(
        "Ce fichier n'est pas un fichier DICOM (partie 10) : donnez le manifeste tel qu'il a été reçu.",
        "This file is not a DICOM file (part 10): give the manifest as it was received.",
    ),
    "kos_transfer_syntax": Text(
        "La syntaxe de transfert {syntax} n'est pas acceptée pour un document d'objets clés : utilisez"
        " 1.2.840.10008.1.2.1.",
        "Transfer syntax {syntax} is not accepted for a key object document: use 1.2.840.10008.1.2.1.",
    ),
    "kos_malformed": Text(
        "Le document d'objets clés est mal formé : demandez-en un nouveau à sa source.",
        "The key object document is malformed: ask its source for a new one.",
    ),
    "kos_other_class": Text(
        "Ce fichier DICOM n'est pas un document d'objets clés (Key Object Selection Document) : donnez le "
        "manifeste, pas une image.",
        "This DICOM file is not a Key Object Selection Document: give the manifest, not an image.",
    ),
    "kos_incomplete": Text(
        "Le document d'objets clés ne dit pas où sont ses images : demandez-en un nouveau à sa source.",
        "The key object document does not say where its images are: ask its source for a new one.",
    ),
    # the command that makes one
    "kos_build_pacs": Text(
        "Il n'y a pas de PACS « {value} » dans la configuration (connus : {known}) : nommez l'un d'eux.",
        "There is no PACS “{value}” in the settings (known: {known}): name one of them.",
    ),
    "kos_build_site": Text(
        "Nommez le site avec --site : {known}.",
        "Name the site with --site: {known}.",
    ),
    "kos_build_absent": Text(
        "Le PACS {pacs} n'a pas cet examen : vérifiez --study et --pacs.",
        "The PACS {pacs} does not have this study: check --study and --pacs.",
    ),
    "kos_build_output": Text(
        "Le manifeste n'a pas pu être écrit : {reason}. Choisissez un autre dossier, ou faites de la place.",
        "The manifest could not be written: {reason}. Choose another folder, or make room.",
    ),
}
