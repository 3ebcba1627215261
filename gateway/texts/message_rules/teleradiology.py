"""The guide's flows 1 to 4: orders, observations, examinations; protocols are of the white paper's flow C too."""

from gateway.texts.text import Text

RULES = {
    "order_number_differs": Text(
        "{field} doit répéter le même champ de ORC.",
        "{field} must repeat the same field of ORC.",
    ),
    "order_number_several": Text(
        "Les examens d'un message ont le même numéro de demande (ORC-2).",
        "The examinations of a message have the same order number (ORC-2).",
    ),
    "responsible_differs": Text(
        "OBR-16 doit répéter ORC-12.",
        "OBR-16 must repeat ORC-12.",
    ),
    "observation_missing": Text(
        "L'observation {value} est obligatoire et absente.",
        "The observation {value} is required and missing.",
    ),
    "observation_twice": Text(
        "L'observation {value} est donnée une fois de trop.",
        "The observation {value} is given once too often.",
    ),
    "observation_unknown": Text(
        "L'observation {value} n'est pas de ce flux.",
        "The observation {value} is not of this flow.",
    ),
    "sub_id": Text(
        "OBX-4 vaut « {value} » ; attendu : {expected}.",
        'OBX-4 is "{value}"; expected: {expected}.',
    ),
    "facet_missing": Text(
        "L'information {value} ne va pas sans {expected}.",
        "The information {value} does not go without {expected}.",
    ),
    "code_unknown": Text(
        "Le code {value} n'est pas du jeu de valeurs.",
        "The code {value} is not of the value set.",
    ),
    "data_base64": Text(
        "Les données de {field} ne sont pas du base64 lisible.",
        "The data of {field} are no readable base64.",
    ),
    "protocol_refused": Text(
        "Un refus (ORC-1 OC) porte un protocole (OBX PROTOCOLE_IMAGERIE).",
        "A refusal (ORC-1 OC) carries a protocol (OBX PROTOCOLE_IMAGERIE).",
    ),
    "reason_accepted": Text(
        "Une acceptation (ORC-1 OK) porte un motif de refus ({field}).",
        "An acceptance (ORC-1 OK) carries a reason of refusal ({field}).",
    ),
    "decisions": Text(
        "La même demande (ORC-2) est acceptée et refusée dans le même message.",
        "One request (ORC-2) is accepted and refused in one message.",
    ),
    "encapsulated_as_text": Text(
        "{field} porte des données encapsulées (^TEXT^^Base64^…) : OBX-2 doit valoir ED.",
        "{field} carries encapsulated data (^TEXT^^Base64^…): OBX-2 must be ED.",
    ),
    "measure": Text(
        "{field} n'est pas une mesure possible : {value}.",
        "{field} is no possible measure: {value}.",
    ),
    "protocol_missing": Text(
        "Le protocole d'imagerie (OBX PROTOCOLE_IMAGERIE) est absent.",
        "The imaging protocol (OBX PROTOCOLE_IMAGERIE) is missing.",
    ),
    "study_twice": Text(
        "Deux examens du message ont le même Study Instance UID.",
        "Two examinations of the message have the same Study Instance UID.",
    ),
    "accession_twice": Text(
        "Deux examens du message ont le même numéro d'accès (IPC-1).",
        "Two examinations of the message have the same accession number (IPC-1).",
    ),
    "modality_differs": Text(
        "{field} vaut {value} alors que l'observation de modalité dit {expected}.",
        "{field} is {value} while the observation of the modality says {expected}.",
    ),
    "pregnant_man": Text(
        "Une grossesse est annoncée (82810-3) alors que PID-8 vaut {value}.",
        "A pregnancy is stated (82810-3) while PID-8 is {value}.",
    ),
    "act_differs": Text(
        "IPC-4 vaut {value} alors que l'acte réalisé est {expected}.",
        "IPC-4 is {value} while the act performed is {expected}.",
    ),
    "viewer_address": Text(
        "URL_PARTIELLE_VIEWER ne donne pas une adresse https.",
        "URL_PARTIELLE_VIEWER gives no https address.",
    ),
    "viewer_parameter": Text(
        "L'adresse de la visionneuse ne dit pas {value}.",
        "The address of the viewer does not state {value}.",
    ),
    "viewer_differs": Text(
        "L'adresse de la visionneuse et IPC se contredisent ({value}).",
        "The address of the viewer and IPC contradict each other ({value}).",
    ),
}
