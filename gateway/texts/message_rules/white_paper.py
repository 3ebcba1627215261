"""The white paper's flows A and D: what they must tell."""

from gateway.texts.text import Text

RULES = {
    "clinical_information": Text(
        "Les informations cliniques sont absentes (OBR-13, OBR-31, NTE, DG1 ou OBX).",
        "The clinical information is missing (OBR-13, OBR-31, NTE, DG1 or OBX).",
    ),
    "element_missing": Text(
        "Élément obligatoire absent : {value}.",
        "Required element missing: {value}.",
    ),
    "element_differs": Text(
        "{field} et le même élément dans OBR ou ZDS se contredisent.",
        "{field} and the same element in OBR or ZDS contradict each other.",
    ),
    "dose_missing": Text(
        "La dose d'un examen irradiant est absente (OBX NM avec unité).",
        "The dose of an irradiating examination is missing (OBX NM with its unit).",
    ),
}
