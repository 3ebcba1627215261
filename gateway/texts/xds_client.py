"""Sentences about asking a registry: what its error codes mean, what its attributes are called, the commands."""

from gateway.texts.text import Text

_ERRORS: dict[str, Text] = {
    "DocumentQueued": Text("le document sera enregistré plus tard", "the document will be registered later"),
    "InvalidDocumentContent": Text(
        "le contenu du document ne convient pas à ses métadonnées", "the document's content does not suit its metadata"
    ),
    "PartialAppendContentNotProcessed": Text(
        "une partie de l'ajout n'a pas été traitée", "a part of the addendum was not processed"
    ),
    "PartialFolderContentNotProcessed": Text(
        "une partie du classeur n'a pas été traitée", "a part of the folder was not processed"
    ),
    "PartialReplaceContentNotProcessed": Text(
        "une partie du remplacement n'a pas été traitée", "a part of the replacement was not processed"
    ),
    "ReferencesExistException": Text(
        "d'autres objets désignent encore celui-ci : supprimez-les avec lui",
        "other objects still name this one: delete them with it",
    ),
    "registry_documents": Text(
        "le dépôt annonce un succès et n'a pas rendu ce document : prévenez son exploitant",
        "the repository claims success and has not returned this document: tell its operator",
    ),
    "registry_hash": Text(
        "le document reçu diffère de l'empreinte ou de la taille inscrites au registre : il n'est pas utilisé",
        "the document received differs from the hash or size in the registry: it is not used",
    ),
    "registry_image": Text(
        "l'image reçue n'est pas celle demandée : elle n'est pas utilisée",
        "the image received is not the one asked for: it is not used",
    ),
    "SqlError": Text("le registre a une erreur interne", "the registry has an internal error"),
    "UnmodifiableMetadataError": Text("cet attribut ne se modifie pas", "this attribute may not be changed"),
    "UnresolvedReferenceException": Text(
        "l'objet désigné n'est pas au registre : vérifiez son identifiant",
        "the object named is not in the registry: check its id",
    ),
    "UnsupportedCapabilityException": Text("le registre ne sait pas faire cela", "the registry does not support this"),
    "XDSDocumentUniqueIdError": Text(
        "le dépôt n'a pas ce document : vérifiez son identifiant",
        "the repository does not have this document: check its id",
    ),
    "XDSDuplicateDocument": Text("ce document est déjà enregistré", "this document is registered already"),
    "XDSDuplicateUniqueIdInRegistry": Text(
        "cet identifiant est déjà au registre : un nouvel envoi demande un nouvel identifiant",
        "this id is in the registry already: another submission needs another id",
    ),
    "XDSExtraMetadataNotSaved": Text(
        "des métadonnées supplémentaires n'ont pas été gardées", "some extra metadata were not kept"
    ),
    "XDSFutureMetadataError": Text("une date est dans l'avenir", "a date is in the future"),
    "XDSMetadataIdentifierError": Text(
        "une mise à jour ne change pas d'identifiant", "an update may not change an identifier"
    ),
    "XDSMetadataAnnotationError": Text("la mise à jour est contradictoire", "the update contradicts itself"),
    "XDSMetadataModelException": Text(
        "ce qui resterait au registre ne serait plus cohérent",
        "what would be left in the registry would not hold together",
    ),
    "XDSMetadataUpdateError": Text(
        "la mise à jour n'a pas la forme attendue", "the update does not have the form expected"
    ),
    "XDSMetadataUpdateOperationError": Text(
        "deux mises à jour du même objet dans un message", "two updates of one object in a message"
    ),
    "XDSMetadataVersionError": Text(
        "la fiche a changé entre-temps : relisez-la, puis recommencez",
        "the entry has changed in the meantime: look at it again, then repeat",
    ),
    "XDSMissingDocument": Text(
        "le contenu d'un document annoncé manque", "the content of a document that is announced is missing"
    ),
    "XDSMissingDocumentMetadata": Text("un document n'a pas de fiche", "a document has no metadata"),
    "XDSMissingHomeCommunityId": Text("l'identifiant de la communauté manque", "the id of the community is missing"),
    "XDSNonIdenticalHash": Text(
        "ce document est au registre avec un autre contenu : une personne doit comparer les deux",
        "this document is in the registry with another content: a person must compare the two",
    ),
    "XDSNonIdenticalSize": Text(
        "ce document est au registre avec une autre taille", "this document is in the registry with another size"
    ),
    "XDSPatientIDReconciliationError": Text(
        "une mise à jour ne change pas de patient", "an update may not change the patient"
    ),
    "XDSPatientIdDoesNotMatch": Text(
        "les objets de l'envoi ne sont pas du même patient", "the objects of the submission are not of one patient"
    ),
    "XDSRegistryBusy": Text("le registre est occupé : plus tard", "the registry is busy: later"),
    "XDSRegistryDeprecatedDocumentError": Text(
        "le document visé est déjà remplacé ou retiré", "the document meant is replaced or withdrawn already"
    ),
    "XDSRegistryDuplicateUniqueIdInMessage": Text(
        "deux objets de l'envoi ont le même identifiant", "two objects of the submission have one id"
    ),
    "XDSRegistryError": Text("le registre a une erreur", "the registry has an error"),
    "XDSRegistryMetadataError": Text("une métadonnée est refusée", "a metadata value is refused"),
    "XDSRegistryNotAvailable": Text("le registre est indisponible : plus tard", "the registry is not available: later"),
    "XDSRegistryOutOfResources": Text(
        "le registre n'a plus de place : plus tard", "the registry has no room left: later"
    ),
    "XDSRepositoryBusy": Text("le dépôt est occupé : plus tard", "the repository is busy: later"),
    "XDSRepositoryDuplicateUniqueIdInMessage": Text(
        "deux documents de l'envoi ont le même identifiant", "two documents of the submission have one id"
    ),
    "XDSRepositoryError": Text("le dépôt a une erreur", "the repository has an error"),
    "XDSRepositoryMetadataError": Text(
        "une métadonnée est refusée par le dépôt", "a metadata value is refused by the repository"
    ),
    "XDSRepositoryOutOfResources": Text(
        "le dépôt n'a plus de place : plus tard", "the repository has no room left: later"
    ),
    "XDSRepositoryWrongRepositoryUniqueId": Text(
        "ce n'est pas le dépôt qui a ce document", "this is not the repository that has the document"
    ),
    "XDSResultNotSinglePatient": Text(
        "la réponse toucherait plusieurs patients", "the answer would be about several patients"
    ),
    "XDSStoredQueryMissingParam": Text("un paramètre de la recherche manque", "a parameter of the query is missing"),
    "XDSStoredQueryParamNumber": Text(
        "un paramètre de la recherche est mal formé ou répété", "a parameter of the query is malformed or repeated"
    ),
    "XDSTooManyResults": Text("trop de résultats : précisez la recherche", "too many results: narrow the search"),
    "XDSUnavailableCommunity": Text("la communauté ne répond pas", "the community does not answer"),
    "XDSUnknownCommunity": Text("cette communauté n'est pas connue", "this community is not known"),
    "XDSUnknownPatientId": Text(
        "le registre ne connaît pas ce patient : vérifiez son identifiant",
        "the registry does not know this patient: check the identifier",
    ),
    "XDSUnknownRepositoryId": Text(
        "ce dépôt n'est pas connu : vérifiez son OID", "this repository is not known: check its OID"
    ),
    "XDSUnknownStoredQuery": Text(
        "le registre ne connaît pas cette recherche", "the registry does not know this query"
    ),
    "XDSUnreferencedObjectException": Text(
        "un objet resterait sans rien qui le désigne", "an object would be left with nothing that names it"
    ),
}
"""What the error codes of ITI TF-3 table 4.2.4.1-2 and of the supplements mean, and our own, in a few words."""

_ATTRIBUTES: dict[str, Text] = {
    "author": Text("auteur", "author"),
    "authorInstitution": Text("structure de l'auteur", "the author's institution"),
    "authorPerson": Text("auteur", "author"),
    "authorRole": Text("rôle de l'auteur", "the author's role"),
    "authorSpecialty": Text("spécialité de l'auteur", "the author's specialty"),
    "authorTelecommunication": Text("coordonnées de l'auteur", "how to reach the author"),
    "availabilityStatus": Text("statut", "status"),
    "classCode": Text("classe du document", "class of the document"),
    "codeList": Text("type du classeur", "kind of folder"),
    "comments": Text("commentaire", "comment"),
    "confidentialityCode": Text("niveau de confidentialité", "confidentiality"),
    "contentTypeCode": Text("type d'activité du lot", "kind of activity of the submission"),
    "creationTime": Text("date de création", "date of creation"),
    "documentAvailability": Text("disponibilité", "availability"),
    "entryUUID": Text("identifiant de la fiche", "id of the entry"),
    "eventCodeList": Text("modalité, région ou acte", "modality, region or act"),
    "formatCode": Text("format du document", "format of the document"),
    "hash": Text("empreinte", "hash"),
    "healthcareFacilityTypeCode": Text("secteur d'activité", "type of facility"),
    "homeCommunityId": Text("communauté", "community"),
    "intendedRecipient": Text("destinataire", "recipient"),
    "languageCode": Text("langue", "language"),
    "lastUpdateTime": Text("date de mise à jour", "date of the last update"),
    "legalAuthenticator": Text("authentificateur", "legal authenticator"),
    "limitedMetadata": Text("métadonnées réduites", "limited metadata"),
    "logicalID": Text("identifiant de la première version", "id of the first version"),
    "mimeType": Text("type du fichier", "type of the file"),
    "objectType": Text("nature de la fiche", "kind of entry"),
    "patientId": Text("identifiant du patient", "patient identifier"),
    "practiceSettingCode": Text("cadre d'exercice", "practice setting"),
    "referenceIdList": Text(
        "identifiants de référence : demande, examen, acte", "reference ids: accession, study, order"
    ),
    "repositoryUniqueId": Text("identifiant du dépôt", "id of the repository"),
    "serviceStartTime": Text("début de l'acte", "beginning of the act"),
    "serviceStopTime": Text("fin de l'acte", "end of the act"),
    "size": Text("taille", "size"),
    "sourceId": Text("identifiant de l'émetteur", "id of the source"),
    "sourcePatientId": Text("identifiant local du patient", "local identifier of the patient"),
    "sourcePatientInfo": Text("traits du patient", "the patient's traits"),
    "submissionTime": Text("date du lot", "date of the submission"),
    "title": Text("titre", "title"),
    "typeCode": Text("type du document", "type of the document"),
    "uniqueId": Text("identifiant du document", "id of the document"),
    "URI": Text("adresse", "address"),
    "version": Text("version de la fiche", "version of the entry"),
}
"""The attributes of ITI TF-3 section 4.2.3, as the French specification 003 names them."""

TEXTS: dict[str, Text] = {
    **{f"xds_error_{code}": text for code, text in _ERRORS.items()},
    **{f"xds_attribute_{name}": text for name, text in _ATTRIBUTES.items()},
    # The way to a registry
    "xds_run_again": Text(
        "Cette commande n'essaie qu'une fois : relancez-la ; ce que le registre a déjà n'y sera pas deux fois.",
        "This command tries once: run it again; what the registry has already will not be there twice.",
    ),
    "registry_proxy": Text(
        "Le proxy {proxy} n'a pas mené au registre {peer} : vérifiez proxy et proxy_credentials_file.",
        "The proxy {proxy} did not lead to the registry {peer}: check proxy and proxy_credentials_file.",
    ),
    "registry_certificate": Text(
        "« {name} » n'est pas un certificat PEM avec sa clé, sans phrase secrète : corrigez ca_file, certificate ou "
        "key de la destination.",
        "“{name}” is not a PEM certificate with its key and no passphrase: correct ca_file, certificate or key of the "
        "destination.",
    ),
    "registry_proxy_file": Text(
        "Le fichier « {name} » ne contient pas « utilisateur:mot de passe » (ASCII) : corrigez proxy_credentials_file.",
        "The file “{name}” does not hold “user:password” in ASCII: correct proxy_credentials_file.",
    ),
    "registry_image": Text(
        "L'image {unique_id} reçue n'est pas celle demandée ({what}) : elle n'est pas utilisée. Voyez l'exploitant "
        "de cette source d'images.",
        "The image {unique_id} received is not the one asked for ({what}): it is not used. See the operator of that "
        "source of images.",
    ),
    "imaging_source_unknown": Text(
        "Aucune adresse pour la source d'images {location} : ajoutez-la à imaging_sources de la destination.",
        "There is no address for the imaging source {location}: add it to imaging_sources of the destination.",
    ),
    # Changes
    "xds_document_unknown": Text(
        "Le registre n'a pas le document {unique_id} : vérifiez son identifiant et la destination.",
        "The registry does not have the document {unique_id}: check its id and the destination.",
    ),
    "xds_document_not_current": Text(
        "Le document {unique_id} n'est plus en vigueur ({words}) : cherchez la version qui l'a remplacé.",
        "The document {unique_id} is not in force any more ({words}): look for the version that replaced it.",
    ),
    "xds_update_fixed": Text(
        "{attribute} ne se modifie pas : publiez un autre document, ou un remplacement.",
        "{attribute} may not be changed: publish another document, or a replacement.",
    ),
    "xds_source_id": Text(
        "Le site « {site} » n'a pas de source_id : ajoutez-le aux paramètres.",
        "The site “{site}” has no source_id: add it to the settings.",
    ),
    "xds_save": Text(
        "« {path} » ne peut pas être écrit ({reason}). Choisissez un autre dossier, ou faites de la place.",
        "“{path}” cannot be written ({reason}). Choose another folder, or make room.",
    ),
    # Commands
    "xds_destination_unknown": Text(
        "La destination « {name} » n'est pas dans les paramètres : {known}.",
        "The destination “{name}” is not in the settings: {known}.",
    ),
    "xds_destination_needed": Text(
        "Il y a plusieurs destinations : choisissez avec --destination parmi {known}.",
        "There are several destinations: choose with --destination among {known}.",
    ),
    "xds_option": Text("{option} : {words}.", "{option}: {words}."),
    "xds_file_kind": Text(
        "Ni compte rendu CDA, ni manifeste DICOM, ni message ITI-41 : « {name} ».",
        "Neither a CDA report, nor a DICOM manifest, nor an ITI-41 message: “{name}”.",
    ),
    "xds_submit_files": Text(
        "Donnez un compte rendu et les manifestes de ses examens, ou un message ITI-41 seul.",
        "Give one report and the manifests of its examinations, or an ITI-41 message alone.",
    ),
    "xds_submit_study": Text(
        "L'examen {study} du manifeste n'est pas dans le compte rendu, ou n'y a pas le même numéro d'examen.",
        "The study {study} of the manifest is not in the report, or does not have the same accession number there.",
    ),
}
