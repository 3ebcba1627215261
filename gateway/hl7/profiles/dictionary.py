"""The segments of the profiled messages: every field with its number, data type and name.

A star behind the type: the field may repeat. Names are the standard's (English) and, in French, those that French
guides use. Sources: HL7 v2.5.1 chapters 2 to 4, 6, 7 and 9; v2.6 chapter 2 (ERR-5 CWE, MSH-22 to 25); v2.9
section 7.4.4 (PRT); IHE PAM national extension France 2.11 for PID-32; IHE RAD TF-2 section 4.4 (ZDS).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Element:
    """One field of a segment."""

    number: int
    type: str
    """Data type; of OBX-5 the one that OBX-2 names."""
    repeats: bool
    fr: str
    en: str


SEGMENT_NAMES: dict[str, tuple[str, str]] = {
    "MSH": ("En-tête du message", "Message header"),
    "SFT": ("Logiciel", "Software"),
    "UAC": ("Authentification de l'utilisateur", "User authentication credential"),
    "EVN": ("Évènement", "Event type"),
    "PID": ("Patient", "Patient identification"),
    "PD1": ("Données démographiques complémentaires", "Additional demographics"),
    "NK1": ("Personnes liées au patient", "Next of kin"),
    "MRG": ("Identifiants remplacés", "Merge patient information"),
    "PV1": ("Venue", "Patient visit"),
    "PV2": ("Venue, compléments", "Patient visit, additional information"),
    "ORC": ("Demande", "Common order"),
    "TQ1": ("Temps et quantité", "Timing/quantity"),
    "TQ2": ("Temps et quantité, relations", "Timing/quantity relationship"),
    "OBR": ("Demande d'observation", "Observation request"),
    "OBX": ("Observation", "Observation/result"),
    "NTE": ("Commentaire", "Notes and comments"),
    "PRT": ("Participation", "Participation information"),
    "TXA": ("En-tête du document", "Transcription document header"),
    "IPC": ("Procédure d'imagerie", "Imaging procedure control"),
    "ZDS": ("Étude (IHE)", "Study (IHE)"),
    "MSA": ("Acquittement", "Message acknowledgement"),
    "ERR": ("Erreur", "Error"),
    "DG1": ("Diagnostic", "Diagnosis"),
    "AL1": ("Allergie", "Patient allergy information"),
}

REQUIRED = {"OBX": (3, 11), "ORC": (1,), "OBR": (4,), "EVN": (2,), "MRG": (1,), "MSA": (1, 2), "PRT": (2, 4)}
"""Fields that the standard itself requires, whatever a profile says."""

_YES_NO = ("table 0136", frozenset({"Y", "N"}))
_ORDER_CONTROLS = (
    "AF CA CH CN CP CR DC DE DF DR FU HD HR LI MC NA NW OC OD OE OF OH OK OP OR PA PR PY RC RE RF RL RO"
    " RP RQ RR RU SC SN SR SS UA UC UD UF UH UM UN UR UX XO XR XX"
)
TABLES: dict[str, dict[int, tuple[str, frozenset[str]]]] = {
    "PID": {24: _YES_NO, 30: _YES_NO, 31: _YES_NO},
    "PV1": {2: ("table 0004", frozenset("BCEINOPRU")), 51: ("table 0326", frozenset("AV"))},
    "ORC": {
        1: (
            "table 0119",
            frozenset(_ORDER_CONTROLS.split()),
        ),
        5: ("table 0038", frozenset({"A", "CA", "CM", "DC", "ER", "HD", "IP", "RP", "SC"})),
    },
    "OBR": {25: ("table 0123", frozenset("ACFIOPRSXYZ"))},
    "OBX": {11: ("table 0085", frozenset("CDFINOPRSUWX"))},
}
"""Values that the standard closes, whatever a profile says."""

_MSH = """
1 ST Séparateur de champs / Field separator
2 ST Caractères d'encodage / Encoding characters
3 HD Application émettrice / Sending application
4 HD Organisation émettrice / Sending facility
5 HD Application réceptrice / Receiving application
6 HD Organisation réceptrice / Receiving facility
7 TS Date et heure du message / Date/time of message
8 ST Sécurité / Security
9 MSG Type du message / Message type
10 ST Identifiant du message / Message control ID
11 PT Mode de traitement / Processing ID
12 VID Version / Version ID
13 NM Numéro de séquence / Sequence number
14 ST Pointeur de continuation / Continuation pointer
15 ID Acquittement d'accueil / Accept acknowledgement type
16 ID Acquittement applicatif / Application acknowledgement type
17 ID Pays / Country code
18 ID* Jeu de caractères / Character set
19 CE Langue principale / Principal language of message
20 ID Traitement des jeux de caractères / Alternate character set handling scheme
21 EI* Profil du message / Message profile identifier
22 XON Organisation responsable de l'envoi / Sending responsible organization
23 XON Organisation responsable de la réception / Receiving responsible organization
24 HD Adresse réseau émettrice / Sending network address
25 HD Adresse réseau réceptrice / Receiving network address
"""
_EVN = """
1 ID Code de l'évènement / Event type code
2 TS Date d'enregistrement / Recorded date/time
3 TS Date prévue / Date/time planned event
4 IS Raison / Event reason code
5 XCN* Opérateur / Operator ID
6 TS Date de l'évènement / Event occurred
7 HD Lieu de l'évènement / Event facility
"""
_PID = """
1 SI Rang / Set ID
2 CX Identifiant (ancien) / Patient ID
3 CX* Identifiants du patient / Patient identifier list
4 CX* Autres identifiants / Alternate patient ID
5 XPN* Nom du patient / Patient name
6 XPN* Nom de jeune fille de la mère / Mother's maiden name
7 TS Date de naissance / Date/time of birth
8 IS Sexe / Administrative sex
9 XPN* Alias / Patient alias
10 CE* Race / Race
11 XAD* Adresses et lieu de naissance / Patient address
12 IS Comté / County code
13 XTN* Téléphone personnel / Phone number, home
14 XTN* Téléphone professionnel / Phone number, business
15 CE Langue / Primary language
16 CE Situation familiale / Marital status
17 CE Religion / Religion
18 CX Numéro de dossier administratif / Patient account number
19 ST Numéro de sécurité sociale / SSN number
20 DLN Permis de conduire / Driver's license number
21 CX* Identifiant de la mère / Mother's identifier
22 CE* Groupe ethnique / Ethnic group
23 ST Lieu de naissance / Birth place
24 ID Naissance multiple / Multiple birth indicator
25 NM Rang de naissance / Birth order
26 CE* Citoyenneté / Citizenship
27 CE Statut militaire / Veterans military status
28 CE Nationalité / Nationality
29 TS Date du décès / Patient death date and time
30 ID Décès / Patient death indicator
31 ID Identité inconnue / Identity unknown indicator
32 IS* Fiabilité de l'identité / Identity reliability code
33 TS Dernière mise à jour / Last update date/time
34 HD Organisme de la mise à jour / Last update facility
35 CE Espèce / Species code
36 CE Race animale / Breed code
37 ST Lignée / Strain
38 CE* Catégorie de production / Production class code
39 CWE* Citoyenneté tribale / Tribal citizenship
"""
_PV1 = """
1 SI Rang / Set ID
2 IS Classe de la venue / Patient class
3 PL Localisation / Assigned patient location
4 IS Type d'admission / Admission type
5 CX Numéro de préadmission / Preadmit number
6 PL Localisation précédente / Prior patient location
7 XCN* Médecin traitant / Attending doctor
8 XCN* Médecin adresseur / Referring doctor
9 XCN* Médecin consultant / Consulting doctor
10 IS Discipline / Hospital service
11 PL Localisation temporaire / Temporary location
12 IS Test de préadmission / Preadmit test indicator
13 IS Réadmission / Re-admission indicator
14 IS Provenance / Admit source
15 IS* Statut ambulatoire / Ambulatory status
16 IS VIP / VIP indicator
17 XCN* Médecin de l'admission / Admitting doctor
18 IS Type de patient / Patient type
19 CX Identifiant de la venue ou du rendez-vous / Visit number
20 FC* Classe financière / Financial class
21 IS Indicateur de prix / Charge price indicator
22 IS Code de courtoisie / Courtesy code
23 IS Solvabilité / Credit rating
24 IS* Code de contrat / Contract code
25 DT* Date du contrat / Contract effective date
26 NM* Montant du contrat / Contract amount
27 NM* Durée du contrat / Contract period
28 IS Intérêts / Interest code
29 IS Code de créance / Transfer to bad debt code
30 DT Date de créance / Transfer to bad debt date
31 IS Organisme de créance / Bad debt agency code
32 NM Montant transféré / Bad debt transfer amount
33 NM Montant recouvré / Bad debt recovery amount
34 IS Compte supprimé / Delete account indicator
35 DT Date de suppression / Delete account date
36 IS Mode de sortie / Discharge disposition
37 DLD Destination de sortie / Discharged to location
38 CE Régime / Diet type
39 IS Établissement / Servicing facility
40 IS Lit / Bed status
41 IS Statut du compte / Account status
42 PL Localisation prévue / Pending location
43 PL Localisation temporaire précédente / Prior temporary location
44 TS Date d'entrée / Admit date/time
45 TS* Date de sortie / Discharge date/time
46 NM Solde / Current patient balance
47 NM Total des frais / Total charges
48 NM Ajustements / Total adjustments
49 NM Paiements / Total payments
50 CX Autre identifiant de venue / Alternate visit ID
51 IS Type de venue / Visit indicator
52 XCN* Autre professionnel / Other healthcare provider
"""
_MRG = """
1 CX* Identifiants remplacés / Prior patient identifier list
2 CX* Autres identifiants remplacés / Prior alternate patient ID
3 CX Dossier remplacé / Prior patient account number
4 CX Identifiant (ancien) remplacé / Prior patient ID
5 CX Venue remplacée / Prior visit number
6 CX Autre venue remplacée / Prior alternate visit ID
7 XPN* Nom remplacé / Prior patient name
"""
_ORC = """
1 ID Ordre / Order control
2 EI Numéro de la demande (demandeur) / Placer order number
3 EI Numéro de la demande (exécutant) / Filler order number
4 EI Groupe de demandes / Placer group number
5 ID Statut / Order status
6 ID Réponse attendue / Response flag
7 TQ* Temps et quantité / Quantity/timing
8 EIP Demande parente / Parent
9 TS Date de la transaction / Date/time of transaction
10 XCN* Saisi par / Entered by
11 XCN* Vérifié par / Verified by
12 XCN* Responsable de la demande / Ordering provider
13 PL Lieu de saisie / Enterer's location
14 XTN* Téléphone de rappel / Call back phone number
15 TS Prise d'effet / Order effective date/time
16 CE Motif / Order control code reason
17 CE Type d'organisation / Entering organization
18 CE Matériel de saisie / Entering device
19 XCN* Action de / Action by
20 CE Couverture / Advanced beneficiary notice code
21 XON* Structure / Ordering facility name
22 XAD* Adresse de la structure / Ordering facility address
23 XTN* Téléphone de la structure / Ordering facility phone number
24 XAD* Adresse du responsable / Ordering provider address
25 CWE Statut complémentaire / Order status modifier
26 CWE Motif de dérogation / Advanced beneficiary notice override reason
27 TS Disponibilité prévue / Filler's expected availability date/time
28 CWE Confidentialité / Confidentiality code
29 CWE Type de demande / Order type
30 CNE Mode d'autorisation / Enterer authorization mode
"""
_TQ1 = """
1 SI Rang / Set ID
2 CQ Quantité / Quantity
3 RPT* Répétition / Repeat pattern
4 TM* Heure / Explicit time
5 CQ* Temps relatif / Relative time and units
6 CQ Durée (conservation des images) / Service duration
7 TS Début (date de l'examen) / Start date/time
8 TS Fin / End date/time
9 CWE* Priorité / Priority
10 TX Condition / Condition text
11 TX Instruction / Text instruction
12 ID Conjonction / Conjunction
13 CQ Durée de l'occurrence / Occurrence duration
14 NM Occurrences / Total occurrences
"""
_OBR = """
1 SI Rang / Set ID
2 EI Numéro de la demande (demandeur) / Placer order number
3 EI Numéro de la demande (exécutant) / Filler order number
4 CE Acte ou document demandé / Universal service identifier
5 ID Priorité / Priority
6 TS Date demandée / Requested date/time
7 TS Début de l'observation / Observation date/time
8 TS Fin de l'observation / Observation end date/time
9 CQ Volume prélevé / Collection volume
10 XCN* Préleveur / Collector identifier
11 ID Action sur l'échantillon / Specimen action code
12 CE Danger / Danger code
13 ST Renseignements cliniques / Relevant clinical information
14 TS Réception de l'échantillon / Specimen received date/time
15 SPS Échantillon ou région / Specimen source
16 XCN* Responsable de la demande / Ordering provider
17 XTN* Téléphone de rappel / Order callback phone number
18 ST Champ demandeur 1 (numéro d'accès) / Placer field 1
19 ST Champ demandeur 2 / Placer field 2
20 ST Champ exécutant 1 / Filler field 1
21 ST Champ exécutant 2 / Filler field 2
22 TS Changement de statut / Results report/status change date/time
23 MOC Facturation / Charge to practice
24 ID Service (modalité) / Diagnostic service section ID
25 ID Statut du résultat / Result status
26 PRL Résultat parent / Parent result
27 TQ* Temps et quantité / Quantity/timing
28 XCN* Copies à / Result copies to
29 EIP Parent / Parent
30 ID Transport / Transportation mode
31 CE* Motif / Reason for study
32 NDL Interprète principal / Principal result interpreter
33 NDL* Interprète assistant / Assistant result interpreter
34 NDL* Technicien / Technician
35 NDL* Transcripteur / Transcriptionist
36 TS Date prévue / Scheduled date/time
37 NM Nombre d'échantillons / Number of sample containers
38 CE* Logistique / Transport logistics of collected sample
39 CE* Commentaire du préleveur / Collector's comment
40 CE Responsable du transport / Transport arrangement responsibility
41 ID Transport organisé / Transport arranged
42 ID Accompagnement / Escort required
43 CE* Commentaire de transport / Planned patient transport comment
44 CE Acte / Procedure code
45 CE* Modificateur d'acte / Procedure code modifier
46 CE* Complément demandeur / Placer supplemental service information
47 CE* Complément exécutant / Filler supplemental service information
48 CWE Acte en double / Medically necessary duplicate procedure reason
49 IS Traitement du résultat / Result handling
"""
_OBX = """
1 SI Rang / Set ID
2 ID Type de la valeur / Value type
3 CE Identifiant de l'observation / Observation identifier
4 ST Sous-identifiant / Observation sub-ID
5 * Valeur / Observation value
6 CE Unité / Units
7 ST Valeurs de référence / References range
8 IS* Anormalité ou pertinence / Abnormal flags
9 NM Probabilité / Probability
10 ID* Nature de l'anormalité / Nature of abnormal test
11 ID Statut / Observation result status
12 TS Date des valeurs de référence / Effective date of reference range
13 ST Contrôle d'accès / User defined access checks
14 TS Date de l'observation / Date/time of the observation
15 CE Producteur / Producer's ID
16 XCN* Responsable de l'observation / Responsible observer
17 CE* Méthode / Observation method
18 EI* Matériel / Equipment instance identifier
19 TS Date de l'analyse / Date/time of the analysis
"""
_NTE = """
1 SI Rang / Set ID
2 ID Origine / Source of comment
3 FT* Commentaire / Comment
4 CE Type de commentaire / Comment type
"""
_PRT = """
1 EI Identifiant de la participation / Participation instance ID
2 ID Action / Action code
3 CWE Motif / Action reason
4 CWE Participation / Participation
5 XCN* Personne / Participation person
6 CWE Type de personne / Participation person provider type
7 CWE Type d'organisation / Participant organization unit type
8 XON* Organisation / Participation organization
9 PL* Lieu / Participant location
10 EI* Dispositif / Participation device
11 TS Début / Participation begin date/time
12 TS Fin / Participation end date/time
13 CWE Durée / Participation qualitative duration
14 XAD* Adresse / Participation address
15 XTN* Adresse de messagerie / Participant telecommunication address
"""
_TXA = """
1 SI Rang / Set ID
2 IS Type de document / Document type
3 ID Présentation / Document content presentation
4 TS Date de l'activité / Activity date/time
5 XCN* Responsable de l'activité / Primary activity provider
6 TS Date d'origine / Origination date/time
7 TS Date de transcription / Transcription date/time
8 TS* Date de modification / Edit date/time
9 XCN* Auteur / Originator
10 XCN* Authentificateur désigné / Assigned document authenticator
11 XCN* Transcripteur / Transcriptionist
12 EI Identifiant du document / Unique document number
13 EI Identifiant du document remplacé / Parent document number
14 EI* Numéro de la demande / Placer order number
15 EI Numéro de l'exécutant / Filler order number
16 ST Nom de fichier / Unique document file name
17 ID Statut du document / Document completion status
18 ID Confidentialité / Document confidentiality status
19 ID Disponibilité / Document availability status
20 ID Conservation / Document storage status
21 ST Motif de changement / Document change reason
22 PPN* Authentification / Authentication person, time stamp
23 XCN* Copies / Distributed copies
"""
_IPC = """
1 EI Numéro d'accès (accession number) / Accession identifier
2 EI Procédure demandée / Requested procedure ID
3 EI Study Instance UID / Study Instance UID
4 EI Étape prévue / Scheduled procedure step ID
5 CE Modalité / Modality
6 CE* Protocole / Protocol code
7 EI Poste / Scheduled station name
8 CE* Lieu / Scheduled procedure step location
9 ST AE du poste / Scheduled AE title
"""
_ZDS = "1 RP Study Instance UID / Study Instance UID"
_MSA = """
1 ID Acquittement / Acknowledgement code
2 ST Message acquitté / Message control ID
3 ST Texte / Text message
4 NM Numéro attendu / Expected sequence number
5 ID Retardé / Delayed acknowledgement type
6 CE Erreur / Error condition
"""
_ERR = """
1 ELD* Erreur et lieu (ancien) / Error code and location
2 ERL* Lieu / Error location
3 CWE Code HL7 / HL7 error code
4 ID Gravité / Severity
5 CWE Code applicatif / Application error code
6 ST* Paramètre / Application error parameter
7 TX Diagnostic / Diagnostic information
8 TX Message / User message
9 IS* Destinataires / Inform person indicator
10 CWE Dérogation / Override type
11 CWE* Motif de dérogation / Override reason code
12 XTN* Contact / Help desk contact point
"""
_TABLES = {
    "MSH": _MSH,
    "EVN": _EVN,
    "PID": _PID,
    "PV1": _PV1,
    "MRG": _MRG,
    "ORC": _ORC,
    "TQ1": _TQ1,
    "OBR": _OBR,
    "OBX": _OBX,
    "NTE": _NTE,
    "PRT": _PRT,
    "TXA": _TXA,
    "IPC": _IPC,
    "ZDS": _ZDS,
    "MSA": _MSA,
    "ERR": _ERR,
}


@cache
def elements(segment: str) -> dict[int, Element]:
    """The fields of a segment by their numbers; none for a segment that is not described here."""
    found = {}
    for line in _TABLES.get(segment, "").strip().splitlines():
        number, kind, names = line.split(" ", 2)
        fr, _, en = names.partition(" / ")
        found[int(number)] = Element(int(number), kind.rstrip("*"), kind.endswith("*"), fr, en)
    return found


def segment_name(segment: str, language: str) -> str:
    """What a segment is called; the code itself when it is not described here."""
    names = SEGMENT_NAMES.get(segment)
    return segment if names is None else names[1 if language == "en" else 0]


def field_name(segment: str, number: int, language: str) -> str:
    """What a field is called; empty when it is not described here."""
    element = elements(segment).get(number)
    return "" if element is None else element.en if language == "en" else element.fr
