"""Sentences of building a report from a form (``gateway report build``)."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    "build_character": Text(
        "Un texte contient le caractère {character}, qu'un document XML ne peut pas porter : retirez-le.",
        "A text holds the character {character}, which an XML document cannot carry: take it out.",
    ),
    "build_unwritable": Text(
        "Le compte rendu ne peut pas être écrit : {reason}. Choisissez un autre dossier, ou faites de la place.",
        "The report cannot be written: {reason}. Choose another folder, or make room.",
    ),
    "form_too_large": Text(
        "La description du compte rendu dépasse {limit} octets : allégez-la.",
        "The description of the report is above {limit} bytes: make it smaller.",
    ),
    "form_json": Text(
        "Ce fichier n'est pas du JSON bien formé ({words}). Corrigez-le.",
        "This file is not well-formed JSON ({words}). Correct it.",
    ),
    "form_missing": Text("Cette donnée manque et elle est obligatoire.", "This is missing, and it is needed."),
    "form_unknown_key": Text(
        "Cette clé n'existe pas : vérifiez son orthographe dans la documentation (report.schema.json).",
        "There is no such key: check its spelling in the documentation (report.schema.json).",
    ),
    "form_type": Text("La valeur n'est pas du type attendu ({expected}).", "The value must be {expected}."),
    "form_choice": Text("La valeur doit être l'une de : {expected}.", "The value must be one of: {expected}."),
    "form_pattern": Text(
        "La valeur n'a pas la forme attendue : {pattern}.", "The value does not have the form {pattern}."
    ),
    "form_empty": Text("La valeur est vide : donnez-en une.", "The value is empty: give one."),
    "form_too_many": Text(
        "Il y en a {actual_length} : {max_length} au plus : ôtez-en.",
        "There are {actual_length}: {max_length} at most: remove some.",
    ),
    "form_value": Text("La valeur n'est pas acceptable : {words}.", "The value cannot be taken: {words}."),
    "form_time": Text(
        "La date est illisible : écrivez-la selon ISO 8601, par exemple 2026-03-12T10:25:00+01:00 (ou 1981-11-09).",
        "The date cannot be read: write it after ISO 8601, such as 2026-03-12T10:25:00+01:00 (or 1981-11-09).",
    ),
    "form_time_zone": Text(
        "L'heure n'a pas de fuseau : ajoutez-le, par exemple +01:00.", "The time has no zone: add it, such as +01:00."
    ),
    "form_times": Text("La fin de l'acte doit suivre son début.", "The end of the act must follow its beginning."),
    "form_before_act": Text(
        "Le compte rendu est daté d'avant le début d'un acte : corrigez written_at ou started_at.",
        "The report is dated before an act began: correct written_at or started_at.",
    ),
    "form_character": Text(
        "Le texte contient un caractère de contrôle, qu'un document XML ne peut pas porter : retirez-le.",
        "The text holds a control character, which an XML document cannot carry: take it out.",
    ),
    "form_root": Text("Ce doit être un OID ou un UUID.", "This must be an OID or a UUID."),
    "form_uid": Text(
        "Ce doit être un UID DICOM (chiffres et points, 64 caractères au plus).",
        "This must be a DICOM UID (digits and dots, 64 characters at most).",
    ),
    "form_extension": Text(
        "Un identifiant ne peut pas contenir ^ & ~ | ni de caractère de contrôle : écrivez-le sans.",
        "An identifier cannot hold ^ & ~ | or a control character: write it without.",
    ),
    "form_code_unknown": Text(
        "Le code « {value} » n'est pas dans le jeu de valeurs {set} ({oid}).",
        "The code “{value}” is not in the value set {set} ({oid}).",
    ),
    "form_code_retired": Text(
        "Le code « {value} » du jeu de valeurs {set} ({oid}) n'est plus utilisable depuis le {day}.",
        "The code “{value}” of the value set {set} ({oid}) may not be used any more since {day}.",
    ),
    "form_code_form": Text(
        "Le code « {value} » n'a pas la forme de cette terminologie : {pattern}.",
        "The code “{value}” does not have the form of this terminology: {pattern}.",
    ),
    "form_code_system": Text(
        "Ce code doit être du système {system}.", "This code must be of the code system {system}."
    ),
    "form_code_display": Text(
        "Le code « {value} » doit être accompagné de son libellé : écrivez un objet avec code et display.",
        "The code “{value}” needs its label: write an object with code and display.",
    ),
    "form_address": Text(
        "Une adresse se donne par lignes (lines) ou par éléments (street, city…), l'un ou l'autre.",
        "An address is given by lines or by its parts (street, city...), one or the other.",
    ),
    "form_given_name": Text(
        "Il faut au moins un prénom : birth_given, given_names ou used_given.",
        "At least one given name is needed: birth_given, given_names or used_given.",
    ),
    "form_product_code": Text(
        "Un produit administré doit porter un code : atc, cip ou ucd.", "A product given needs a code: atc, cip or ucd."
    ),
    "form_performer_specialty": Text(
        "L'exécutant d'un acte doit avoir sa profession et spécialité (jeu de valeurs J01).",
        "The performer of an act must have a profession and specialty (value set J01).",
    ),
    "form_performer_sector": Text(
        "La structure de l'exécutant d'un acte doit avoir son secteur d'activité (jeu de valeurs J04).",
        "The structure of an act's performer must have its sector of activity (value set J04).",
    ),
    "form_study_twice": Text(
        "Cet examen est déjà celui d'un autre acte : un acte décrit un seul examen : corrigez l'un des deux.",
        "Another act has this study already: an act describes one study: correct one of the two.",
    ),
    "form_accession_unknown": Text(
        "Ce numéro d'accession n'est celui d'aucune demande (orders) : corrigez-le, ou ajoutez la demande.",
        "This accession number is that of none of the orders: correct it, or add the order.",
    ),
    "form_ins_traits": Text(
        "Avec un INS, le patient doit avoir tous ses traits : {lacking}.",
        "With an INS, the patient must have all of its traits: {lacking}.",
    ),
    "form_pdf": Text(
        "Le fichier donné n'est pas un PDF : donnez un PDF à --pdf.",
        "The file given is not a PDF: give --pdf a PDF.",
    ),
}
