"""Sentences about XML."""

from gateway.texts.text import Text

TEXTS = {
    "xml_too_large": Text(
        "Le document dépasse la taille permise ({size} octets pour {limit}) : allégez-le.",
        "The document is above the size allowed ({size} bytes of {limit}): make it smaller.",
    ),
    "xml_too_deep": Text(
        "Le document imbrique plus de {limit} éléments : simplifiez-le.",
        "The document nests more than {limit} elements: make it simpler.",
    ),
    "xml_too_many_elements": Text(
        "Le document contient plus de {limit} éléments : allégez-le.",
        "The document has more than {limit} elements: make it smaller.",
    ),
    "xml_encoding": Text(
        "L'encodage XML « {encoding} » n'est pas accepté : utilisez UTF-8.",
        "The XML encoding “{encoding}” is not accepted: use UTF-8.",
    ),
    "xml_doctype": Text(
        "Le document contient une déclaration DOCTYPE, ce qui est refusé : retirez-la.",
        "The document has a DOCTYPE declaration, which is refused: remove it.",
    ),
    "xml_malformed": Text(
        "Le document n'est pas du XML bien formé (ligne {line}) : corrigez-le à cette ligne.",
        "The document is not well-formed XML (line {line}): correct it at that line.",
    ),
}
