"""The document of a transmission: the three flags, its type, its bytes, its patient, what it replaces."""

from gateway.texts.text import Text

RULES = {
    "trio": Text(
        "ORC-1, OBX-11 et l'évènement se contredisent : NW, F, T02 ; RO, C, T10 ; CA, D, T04 vont ensemble.",
        "ORC-1, OBX-11 and the event contradict each other: NW, F, T02; RO, C, T10; CA, D, T04 go together.",
    ),
    "type_differs": Text(
        "{field} vaut {value} alors que le type du document est {expected}.",
        "{field} is {value} while the type of the document is {expected}.",
    ),
    "type_unknown": Text(
        "Le type de document {value} n'est pas du jeu de valeurs.",
        "The document type {value} is not of the value set.",
    ),
    "document_missing": Text(
        "Aucun OBX de type ED ne porte le document.",
        "No OBX of type ED carries the document.",
    ),
    "document_too_many": Text(
        "Le message porte {value} documents : {expected} au plus.",
        "The message carries {value} documents: {expected} at most.",
    ),
    "document_not_first": Text(
        "Le document vient après des métadonnées : il est le premier OBX.",
        "The document comes after metadata: it is the first OBX.",
    ),
    "document_levels": Text(
        "Les deux documents sont du même niveau : ils doivent être de niveau 1 et 3.",
        "Both documents are of one level: they must be of level 1 and 3.",
    ),
    "document_same_id": Text(
        "Deux documents ont le même identifiant.",
        "Two documents have the same identifier.",
    ),
    "document_base64": Text(
        "Le base64 du document est tronqué ou contient un caractère étranger.",
        "The base64 of the document is cut short or holds a foreign character.",
    ),
    "document_unreadable": Text(
        "Le document n'est pas un CDA lisible : {reason}",
        "The document is no CDA that can be read: {reason}",
    ),
    "document_unsigned": Text(
        "Le document n'a pas de responsable (legalAuthenticator) : il n'est pas validé.",
        "The document has no legal authenticator: it is not validated.",
    ),
    "document_id_differs": Text(
        "{field} n'est pas l'identifiant du document ({expected}).",
        "{field} is not the identifier of the document ({expected}).",
    ),
    "parent_differs": Text(
        "{field} n'est pas le document remplacé selon le CDA ({expected}) : corrigez celui des deux qui est faux, "
        "puis renvoyez-le.",
        "{field} is not the document that the CDA replaces ({expected}): correct the one that is wrong, then send "
        "it again.",
    ),
    "parent_unexpected": Text(
        "{field} est renseigné pour un document initial.",
        "{field} is filled for a first version.",
    ),
    "parent_itself": Text(
        "TXA-13 nomme le document lui-même.",
        "TXA-13 names the document itself.",
    ),
    "replaces_itself": Text(
        "Le CDA dit se remplacer lui-même : une nouvelle version a un identifiant nouveau.",
        "The CDA says that it replaces itself: a new version has a new identifier.",
    ),
    "replaces_nothing": Text(
        "Le message remplace, et le CDA ne dit pas quel document (relatedDocument RPLC).",
        "The message replaces, and the CDA does not say which document (relatedDocument RPLC).",
    ),
    "replaces_unsaid": Text(
        "Le CDA remplace un document, et le message annonce une version initiale.",
        "The CDA replaces a document, and the message states a first version.",
    ),
    "patient_differs": Text(
        "Un identifiant de PID-3 n'est pas dans le document : PID et CDA parlent-ils du même patient ?",
        "An identifier of PID-3 is not in the document: are PID and CDA about the same patient?",
    ),
    "patient_more": Text(
        "Le document a des identifiants que PID-3 n'a pas : les deux listes doivent être identiques.",
        "The document has identifiers that PID-3 lacks: both lists must be the same.",
    ),
    "patient_trait": Text(
        "{field} et le document se contredisent.",
        "{field} and the document contradict each other.",
    ),
    "number_differs": Text(
        "{field} n'est pas le numéro que le document donne sous la même autorité (demande ou accès).",
        "{field} is not the number that the document gives under the same authority (order or accession).",
    ),
}
