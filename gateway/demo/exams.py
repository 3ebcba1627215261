"""Six examinations as a radiologist reports them: radiography, CT, MR, ultrasound, nuclear medicine, intervention.

Each is the part of a report form that tells the medicine (acts without their identifiers, clinical information,
results, conclusion); ``reports`` adds who, when and where. The demo itself sends the first two; all six are examples
for an integrator. Everything is invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.demo.identity import (
    ACCESSION_ISSUER,
    CHEST,
    ORDER_ISSUER,
    REPORT_ROOT,
    TIME_ZONE,
    DemoStudy,
    demo_uid,
)
from gateway.demo.identity import CT as CT_STUDY
from gateway.model.codes import DCM, LOINC, SNOMED_CT, Code
from gateway.model.identifiers import Identifier

Facts = Mapping[str, Any]

_LOCATION = {
    "thorax": "302551006",
    "abdomen": "822978001",
    "knee": "361291001",
    "belly": "302553009",
    "body": "38266002",
    "iliac": "244330006",
}
_LEFT = "7771000"
_INTRAVENOUS = "20045000"
_INTRAARTERIAL = "20023000"
_SUBCUTANEOUS = "20066000"
_NOT_PREGNANT = "60001007"
_ATC_IOMEPROL = {"code": "V08AB10", "display": "iomeprol"}
_ATC_IODIXANOL = {"code": "V08AB09", "display": "iodixanol"}
_INFORMED = (
    "La patiente a été informée du résultat par le radiologue. Les images sont archivées pendant vingt ans et lui ont"
    " été remises avec leur lien d'accès."
)

RADIOGRAPHY: Facts = {
    "title": "Radiographie du thorax",
    "act": {
        "description": "Deux incidences, de face et de profil, debout, en inspiration profonde.",
        "parameters": "Salle 2, capteur plan mis en service le 14/09/2021, agrément RX-29-0418. 120 kV.",
        "places": [{"location": _LOCATION["thorax"]}],
        "exposure": {
            "pregnancy": _NOT_PREGNANT,
            "quantities": [
                {"type": "113722", "value": "0.14", "unit": "Gy.cm2", "location": _LOCATION["thorax"]},
            ],
        },
    },
    "clinical_information": {
        "justification": "Toux persistante depuis trois semaines, sans fièvre, chez une patiente de 44 ans.",
        "purpose": "Recherche d'un foyer.",
        "medical_history": "Asthme intermittent depuis l'enfance.",
        "surgical_history": "Aucun antécédent chirurgical thoracique.",
    },
    "results": (
        "Pas de foyer de condensation ni d'épanchement pleural.\nSilhouette cardiaque de taille normale. Médiastin sans"
        " élargissement.\nMicronodule calcifié du lobe moyen, déjà décrit. Cadre osseux sans anomalie."
    ),
    "comparison": "Pas d'examen antérieur disponible pour comparaison.",
    "conclusion": "Radiographie thoracique sans anomalie évolutive.",
    "patient_information": _INFORMED,
}

CT: Facts = {
    "title": "Scanner thoraco-abdomino-pelvien avec injection",
    "act": {
        "description": "Acquisition hélicoïdale du thorax à la symphyse, au temps portal, après injection.",
        "parameters": (
            "Scanner 64 coupes mis en service le 03/02/2022, agrément SC-29-0077.\nReconstructions de 1,25 mm, filtres"
            " mou et pulmonaire."
        ),
        "places": [{"location": _LOCATION["abdomen"]}, {"location": _LOCATION["thorax"]}],
        "products": [
            {
                "name": "ioméprol 350 mg d'iode par mL",
                "atc": _ATC_IOMEPROL,
                "dose": {"value": "90", "unit": "mL"},
                "route": _INTRAVENOUS,
                "lot": "26B0417",
                "comment": "Débit 2,5 mL/s, hydratation avant l'injection.",
            }
        ],
        "complications": "Aucune. Surveillance de trente minutes après l'injection.",
        "exposure": {
            "pregnancy": _NOT_PREGNANT,
            "quantities": [
                {"type": "113813", "value": "612", "unit": "mGy.cm", "location": _LOCATION["thorax"]},
                {"type": "113830", "value": "8.7", "unit": "mGy", "location": _LOCATION["thorax"]},
            ],
        },
    },
    "clinical_information": {
        "justification": (
            "Surveillance à dix-huit mois d'une colectomie droite pour adénocarcinome. Marqueurs normaux."
        ),
        "purpose": "Recherche d'une récidive locale ou à distance.",
        "medical_history": "Maladie rénale chronique débutante, suivie depuis 2022.",
        "surgical_history": "Colectomie droite par cœlioscopie en septembre 2024.",
        "contraindications": [
            {"code": "N18.9", "comment": "Débit de filtration 54 mL/min, hydratation avant l'injection."}
        ],
    },
    "results": (
        "Thorax : pas de nodule pulmonaire suspect ni d'adénopathie médiastinale. Micronodule calcifié du lobe moyen,"
        " d'allure séquellaire. Pas d'épanchement.\n"
        "Foie : pas de lésion focale suspecte ; kyste simple de 9 mm du segment VI. Voies biliaires fines. Rate,"
        " pancréas et surrénales sans particularité.\n"
        "Reins de taille normale, sans dilatation des cavités. Anastomose iléo-colique d'aspect normal, sans"
        " épaississement ni collection.\n"
        "Pelvis : pas d'adénopathie ni d'épanchement. Cadre osseux sans lésion suspecte."
    ),
    "comparison": "Pas d'examen antérieur disponible pour comparaison.",
    "conclusion": (
        "Pas d'argument pour une récidive locale ou à distance. Kyste hépatique stable.\n"
        "Contrôle proposé dans six mois."
    ),
    "patient_information": _INFORMED,
}

MR: Facts = {
    "title": "IRM du genou gauche",
    "act": {
        "description": "IRM du genou gauche, antenne dédiée, sans injection.",
        "parameters": (
            "Appareil de 1,5 T mis en service le 21/11/2020, agrément IR-29-0102.\n"
            "- densité de protons avec saturation de la graisse dans les trois plans\n- T1 sagittal"
        ),
        "places": [{"location": _LOCATION["knee"], "modifiers": [_LEFT]}],
    },
    "clinical_information": {
        "justification": "Entorse du genou gauche au ski il y a six semaines, dérobements.",
        "purpose": "Lésion méniscale ou du ligament croisé antérieur ?",
        "medical_history": "Pas d'antécédent notable. Pas de dispositif implanté.",
        "surgical_history": "Appendicectomie dans l'enfance.",
        "contraindications": [{"code": "MED-1109", "comment": "Claustrophobie modérée, examen mené à son terme."}],
    },
    "results": (
        "Ligament croisé antérieur : rupture complète à son tiers moyen, avec un œdème osseux en miroir du condyle"
        " latéral.\nMénisque médial : fissure longitudinale de la corne postérieure, non déplacée. Ménisque latéral"
        " intact.\nÉpanchement intra-articulaire de moyenne abondance. Cartilages respectés."
    ),
    "comparison": "Radiographies du genou du 02/02/2026 : pas de fracture, comparables.",
    "conclusion": (
        "Rupture complète du ligament croisé antérieur gauche.\nFissure longitudinale non déplacée de la corne"
        " postérieure du ménisque médial."
    ),
    "patient_information": _INFORMED,
}

ULTRASOUND: Facts = {
    "title": "Échographie abdominale",
    "act": {
        "description": "Échographie abdominale, patiente à jeun, sondes de 3,5 et 9 MHz, avec Doppler.",
        "parameters": "Échographe mis en service le 08/06/2023.",
        "places": [{"location": _LOCATION["belly"]}],
    },
    "clinical_information": {
        "justification": "Douleurs de l'hypochondre droit après les repas, depuis un mois.",
        "purpose": "Lithiase vésiculaire ?",
        "medical_history": "Hypercholestérolémie.",
        "surgical_history": "Césarienne en 2012.",
    },
    "results": (
        "Vésicule à paroi fine, contenant trois calculs mobiles de 6 à 11 mm. Pas de signe de Murphy"
        " échographique.\nVoie principale de 4 mm, libre. Foie homogène, sans lésion focale. Pancréas vu en totalité,"
        " normal.\nReins et rate sans anomalie. Pas d'épanchement."
    ),
    "comparison": "Pas d'examen antérieur disponible pour comparaison.",
    "conclusion": "Lithiase vésiculaire non compliquée. Voies biliaires fines.",
    "patient_information": _INFORMED,
}

NUCLEAR: Facts = {
    "title": "Scintigraphie osseuse du corps entier",
    "act": {
        "description": "Scintigraphie osseuse du corps entier, trois heures après l'injection, faces antérieure et"
        " postérieure.",
        "parameters": "Gamma-caméra à deux têtes mise en service le 17/01/2022, agrément MN-29-0011.",
        "places": [{"location": _LOCATION["body"]}],
        "exposure": {
            "pregnancy": _NOT_PREGNANT,
            "quantities": [
                {"type": "113839", "value": "3.9", "unit": "mSv", "location": _LOCATION["body"]},
            ],
            "radiopharmaceuticals": [
                {
                    "name": "acide médronique marqué au technétium [99mTc]",
                    "atc": {"code": "V09BA02", "display": "technétium (99mTc) médronate"},
                    "activity": {"value": "680", "unit": "MBq"},
                    "route": _INTRAVENOUS,
                    "lot": "TC26-0311",
                    "comment": "Injection au pli du coude droit, sans extravasation.",
                }
            ],
        },
    },
    "clinical_information": {
        "justification": "Douleurs rachidiennes diffuses dans le suivi d'un cancer du sein.",
        "purpose": "Recherche de localisations osseuses secondaires.",
        "medical_history": "Carcinome canalaire du sein droit traité en 2023, hormonothérapie en cours.",
        "surgical_history": "Tumorectomie et ganglion sentinelle en 2023.",
    },
    "results": (
        "Fixation homogène de l'ensemble du squelette.\nHyperfixation modérée, symétrique, des articulaires"
        " postérieures lombaires, d'allure dégénérative.\nReins et vessie d'aspect habituel."
    ),
    "comparison": "Scintigraphie du 10/03/2025 : aspect inchangé.",
    "conclusion": "Pas de foyer suspect de localisation secondaire osseuse. Remaniements dégénératifs lombaires.",
    "patient_information": _INFORMED,
}

INTERVENTION: Facts = {
    "title": "Angioplastie iliaque gauche avec endoprothèse",
    "act": {
        "description": (
            "Ponction fémorale commune gauche sous échographie. Franchissement d'une sténose serrée de l'artère iliaque"
            " externe gauche, angioplastie au ballon de 7 mm, pose d'une endoprothèse de 8 × 40 mm. Compression"
            " manuelle."
        ),
        "parameters": "Salle d'angiographie mise en service le 12/05/2019, agrément XA-29-0063.",
        "places": [{"location": _LOCATION["iliac"], "modifiers": [_LEFT]}],
        "products": [
            {
                "name": "iodixanol 320 mg d'iode par mL",
                "atc": _ATC_IODIXANOL,
                "dose": {"value": "65", "unit": "mL"},
                "route": _INTRAARTERIAL,
                "lot": "IX26-118",
            },
            {
                "name": "lidocaïne 10 mg/mL",
                "atc": {"code": "N01BB02", "display": "lidocaïne"},
                "dose": {"value": "10", "unit": "mL"},
                "route": _SUBCUTANEOUS,
                "lot": "LD25-902",
                "comment": "Anesthésie locale au point de ponction.",
            },
        ],
        "complications": "Hématome de 2 cm au point de ponction, sans retentissement, stable à deux heures.",
        "exposure": {
            "pregnancy": _NOT_PREGNANT,
            "quantities": [
                {
                    "type": "113722",
                    "value": "38.6",
                    "unit": "Gy.cm2",
                    "location": _LOCATION["iliac"],
                    "modifiers": [_LEFT],
                },
                {
                    "type": "113730",
                    "value": "744",
                    "unit": "s",
                    "location": _LOCATION["iliac"],
                    "modifiers": [_LEFT],
                },
            ],
        },
    },
    "clinical_information": {
        "justification": "Claudication de la fesse et de la cuisse gauches à cent mètres, index de pression 0,62.",
        "purpose": "Revascularisation de l'axe iliaque gauche.",
        "medical_history": "Hypertension artérielle. Tabagisme sevré en 2021.",
        "surgical_history": "Aucun geste vasculaire.",
    },
    "devices": [
        {
            "udi": {"root": "1.3.160", "extension": "(01)03700000000017(17)280131(10)EP26A41"},
            "category": {"code": "P0704", "display": "ENDOPROTHÈSES VASCULAIRES ET CARDIAQUES"},
        }
    ],
    "results": (
        "Sténose de 85 % de l'artère iliaque externe gauche, longue de 28 mm. Bonne perméabilité d'aval.\nContrôle"
        " final : sténose résiduelle inférieure à 10 %, flux rapide, pas de dissection ni d'embolie distale."
    ),
    "earlier_results": "Écho-Doppler du 20/01/2026 : accélération à 3,8 m/s sur l'artère iliaque externe gauche.",
    "comparison": "Angioscanner du 03/02/2026 : sténose de même siège et de même degré.",
    "conclusion": (
        "Angioplastie avec endoprothèse de l'artère iliaque externe gauche, bon résultat immédiat.\nHématome de 2 cm au"
        " point de ponction, sans retentissement.\nDouble antiagrégation trois mois, écho-Doppler à un mois."
    ),
    "patient_information": _INFORMED,
}


# .. their studies


def _study(key: str, number: int, day: str, minutes: int, modality: Code, **about: Any) -> DemoStudy:
    started = datetime.fromisoformat(f"{day}:00").replace(tzinfo=TIME_ZONE)
    return DemoStudy(
        key=key,
        study_uid=demo_uid(f"study/{key}"),
        accession=Identifier(ACCESSION_ISSUER, f"{key.upper()}26032{number}"),
        placer=Identifier(ORDER_ISSUER, f"DEM-2026-13{number:02}"),
        started_at=started,
        ended_at=started.replace(minute=minutes),
        modality=modality,
        report=Identifier(f"{REPORT_ROOT}.{number}"),
        **about,
    )


_CCAM = "1.2.250.1.213.2.5"
MR_STUDY = _study(
    "mr",
    4,
    "2026-03-20T09:05",
    27,
    Code("MR", DCM, "Résonance magnétique"),
    description="IRM genou gauche",
    code=Code("26257-6", LOINC, "RM genou - gauche"),
    procedure=Code("NZQN001", _CCAM, "Remnographie d'un segment du membre inférieur, sans injection"),
    regions=(Code("61685007", SNOMED_CT, "membre inférieur"),),
)
ULTRASOUND_STUDY = _study(
    "us",
    5,
    "2026-03-23T11:10",
    25,
    Code("US", DCM, "Échographie"),
    description="Échographie abdominale",
    code=Code("24558-9", LOINC, "échographie abdomen"),
    procedure=Code("ZCQM008", _CCAM, "Échographie transcutanée de l'abdomen"),
    regions=(Code("63337009", SNOMED_CT, "segment abdominopelvien du tronc"),),
)
NUCLEAR_STUDY = _study(
    "nm",
    6,
    "2026-03-24T14:00",
    40,
    Code("NM", DCM, "Médecine nucléaire"),
    description="Scintigraphie osseuse corps entier",
    code=Code("39818-0", LOINC, "MN os du corps entier ; incidences avec radionucléide IV"),
    procedure=Code("PAQL003", _CCAM, "Scintigraphie osseuse du corps entier"),
    regions=(Code("38266002", SNOMED_CT, "corps entier"),),
)
INTERVENTION_STUDY = _study(
    "xa",
    7,
    "2026-03-25T08:00",
    55,
    Code("XA", DCM, "Angiographie X-Ray"),
    description="Angioplastie iliaque gauche",
    code=Code(
        "26371-5",
        LOINC,
        "angiographie par fluoroscopie artère iliaque - gauche ; guidage pour angioplastie avec contraste"
        " intraartériel",
    ),
    procedure=Code(
        "EDAF003",
        _CCAM,
        "Dilatation intraluminale de l'artère iliaque avec pose d'endoprothèse, par voie artérielle transcutanée",
    ),
    regions=(Code("113257007", SNOMED_CT, "système cardiovasculaire"),),
)

EXAMS: Mapping[str, tuple[DemoStudy, Facts]] = {
    "radiography": (CHEST, RADIOGRAPHY),
    "ct": (CT_STUDY, CT),
    "mr": (MR_STUDY, MR),
    "ultrasound": (ULTRASOUND_STUDY, ULTRASOUND),
    "nuclear-medicine": (NUCLEAR_STUDY, NUCLEAR),
    "intervention": (INTERVENTION_STUDY, INTERVENTION),
}
"""The six kinds, each with its study and what its report says."""
