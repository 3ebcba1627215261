"""One right message of each profile, our own, with the traits of the official ones; ways to alter one at a point."""

from __future__ import annotations

import base64
from collections.abc import Callable

from gateway.hl7.check.judge import judge
from gateway.model.finding import Finding, Severity

INS = "279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS"
LOCAL = "IPP101^^^CABINET&1.2.250.1.999.4.2&ISO^PI"
PID = (
    f"PID|||{INS}~{LOCAL}||PAT-ESSAI^CAMILLE^CAMILLE LEA^^^^L||19790328|F|||12 rue des Essais^^BREST^^29200^FRA^H"
    "~^^^^^^BDL^^63220|||||||405660^^^AUT&1204567809&M^AN|||||||||||||N|VALI"
)
PV1 = "PV1||O|||||||||||||||||000897406^^^CHU&1.2.250.1.999.5&ISO^VN|||||||||||||||||||||||||20260103134418"
DOCTOR = "801234567897^ESSAI^Adam^^^DR^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
READER = "801234564895^LECTEUR^Dominique^^^DR^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
SITE = "Imagerie d'essai^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^300017985"
ORDER = "OPN101^^1.2.250.1.999.12^ISO"
STATEMENTS = (
    ("MASQUE_PS", "N"),
    ("INVISIBLE_PATIENT", "N"),
    ("INVISIBLE_REP_LEGAUX", "N"),
    ("CONNEXION_SECRETE", "N"),
    ("MODIF_CONF_CODE", "N"),
    ("DESTDMP", "Y"),
    ("DESTMSSANTEPS", "Y"),
    ("DESTMSSANTEPAT", "Y"),
    ("ACK_RECEPTION", "N"),
    ("ACK_LECTURE_MSS", "N"),
)
DOCUMENT_ID, REPLACED_ID = "1.2.250.1.999.7.2", "1.2.250.1.999.7.1"
VIEWER = "https://drimbox.example.org/viewer?StudyInstanceUID=1.2.250.1.999.2.101&AccessionNumber=ACN101"


def cda(
    identifier: str = DOCUMENT_ID,
    *,
    replaces: str = "",
    patient: str = "279035121518989",
    born: str = "19790328",
    level: int = 1,
    signed: bool = True,
) -> bytes:
    """A CDA with a header as a checker of messages reads it, and no more."""
    related = (
        f'<relatedDocument typeCode="RPLC"><parentDocument><id root="{replaces}"/></parentDocument></relatedDocument>'
        if replaces
        else ""
    )
    signer = (
        "<legalAuthenticator><assignedEntity><id root='1.2.3' extension='8'/></assignedEntity></legalAuthenticator>"
    )
    body = (
        '<nonXMLBody><text mediaType="application/pdf">JVBERi0=</text></nonXMLBody>'
        if level == 1
        else "<structuredBody><component><section/></component></structuredBody>"
    )
    return f"""<ClinicalDocument xmlns="urn:hl7-org:v3">
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/><id root="{identifier}"/>
<code code="18748-4" codeSystem="2.16.840.1.113883.6.1" displayName="CR d'imagerie médicale"/>
<title>Compte rendu</title><effectiveTime value="20260106100000+0100"/>
<recordTarget><patientRole><id root="1.2.250.1.213.1.4.10" extension="{patient}"/>
<id root="1.2.250.1.999.4.2" extension="IPP101"/><patient><name><given qualifier="BR">CAMILLE</given>
<given>CAMILLE LEA</given><family qualifier="BR">PAT-ESSAI</family></name>
<administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="{born}"/>
<birthplace><place><addr><county>63220</county></addr></place></birthplace></patient></patientRole></recordTarget>
{signer if signed else ""}{related}<component>{body}</component></ClinicalDocument>""".encode()


def _msh(kind: str, version: str, profile: str, made: str = "20260106180000") -> str:
    addresses = "RIS-Y|Imagerie-Y|DRIMBOX|Imagerie-Y"
    return f"MSH|^~\\&|{addresses}|{made}||{kind}|0001|T|{version}|||||FRA|UNICODE UTF-8|||{profile}"


def document_rows(kind: str, control: str, status: str, content: bytes) -> list[str]:
    """From PID to the last metadata observation of a transmission."""
    is_mdm = kind.startswith("MDM")
    coded, subtype = ("CWE", "text") if is_mdm else ("CE", "TEXT")
    report = "18748-4^CR d'imagerie médicale^LN"
    parent = f"|{REPLACED_ID}" if control == "RO" else "|"
    rows = [PID, PV1, f"ORC|{control}", f"OBR|1|||{report}"]
    if is_mdm:
        rows.append(f"TXA|1|18748-4|TEXT|20260106170000||||||||{DOCUMENT_ID}{parent}||||AU")
    data = base64.b64encode(content).decode()
    rows += [
        f"OBX|1|ED|{report}||^{subtype}^XML^Base64^{data}||||||{status}",
        f"PRT||UC||SB^Send by^participation|{DOCTOR}|||{SITE}",
        "PRT||UC||RCT^Result Copies To^participation|||||||||||^^X.400^adam.essai@test.mssante.fr",
        "PRT||UC||REPLY^Reply To^participation|||||||||||^^X.400^adam.essai@test.mssante.fr",
    ]
    rows += [
        f"OBX|{number}|{coded}|{code}^Métadonnée^MetaDMPMSS||{value}^^expandedYes-NoIndicator||||||F"
        for number, (code, value) in enumerate(STATEMENTS, 2)
    ]
    mail = base64.b64encode(b"Bonjour").decode()
    return [*rows, f"OBX|12|ED|CORPSMAIL_PS^Corps du mail^MetaDMPMSS||^{subtype}^^Base64^{mail}||||||F"]


def _document(kind: str, version: str, control: str, status: str, replaces: str = "") -> list[str]:
    head = [_msh(kind, version, "2.1^CISIS_CDA_HL7_V2")]
    if kind.startswith("MDM"):
        head.append("EVN||20260106175900")
    return head + document_rows(kind, control, status, cda(replaces=replaces))


def _obx(number: int, kind: str, code: str, value: str, sub: str = "", unit: str = "", status: str = "O") -> str:
    system = "LN" if code[0].isdigit() else "TLR_OBSERVATION"
    return f"OBX|{number}|{kind}|{code}^libellé^{system}|{sub}|{value}|{unit}|||||{status}"


def _data(text: str) -> str:
    return f"^TEXT^^Base64^{base64.b64encode(text.encode()).decode()}"


def _tlr(kind: str, *rows: str) -> list[str]:
    return [_msh(kind, "2.5.1", "1.0^CISIS_TLR_HL7_V2"), PID, *rows]


def _orc(control: str, doctor: str, kind: str, more: str = "") -> str:
    dated = "20260106134418" if kind == "STRUCTURE_IMAGERIE" else ""
    return f"ORC|{control}|{ORDER}|||||||{dated}|||{doctor}||||{more}|{kind}^^TLR_TYPE_ORGANISATION||||{SITE}"


def _obr(code: str, doctor: str = "", reason: str = "") -> str:
    return f"OBR||{ORDER}||{code}^libellé^TLR_OBR_PROCEDURE|||||||||{reason}|||{doctor}"


def examination(number: str = "101") -> list[str]:
    """One ORDER of flow 4."""
    viewer = VIEWER.replace("101", number)
    return [
        f"ORC|SR|{ORDER}",
        "TQ1||||||730^jours|20260106170000",
        _obr("COMPLEMENT_POST_ACTE"),
        _obx(1, "ED", "URL_PARTIELLE_VIEWER", _data(viewer), status="F"),
        _obx(2, "CE", "CODE_ACTE_IMAGERIE", "24590-2^IRM^LN", status="F"),
        _obx(3, "CE", "REGION_ANATOMIQUE", "774007^tête et cou^SCT", "1.1", status="F"),
        _obx(4, "CE", "REGION_ANATOMIQUE", "24028007^droit^SCT", "1.2", status="F"),
        _obx(5, "CE", "MODALITE_IMAGERIE", "MR^IRM^DCM", status="F"),
        _obx(6, "CE", "PRODUIT_ADMINISTRE", "V09^^ATC", "1.1", status="F"),
        _obx(7, "NM", "PRODUIT_ADMINISTRE", "0123456789", "1.2", status="F"),
        _obx(8, "NM", "PRODUIT_ADMINISTRE", "1", "1.3", "ml", status="F"),
        _obx(9, "TX", "APPAREIL_IMAGERIE", "1234567896363", "1.1", status="F"),
        _obx(10, "TX", "APPAREIL_IMAGERIE", "Modèle", "1.2", status="F"),
        f"IPC|ACN{number}^^1.2.250.1.999.27^ISO|24590-2^^2.16.840.1.113883.6.1^ISO|1.2.250.1.999.2.{number}"
        "|24590-2^^2.16.840.1.113883.6.1^ISO",
    ]


REQUEST = _tlr(
    "ORM^O01^ORM_O01",
    PV1,
    _orc("NW", DOCTOR, "STRUCTURE_IMAGERIE"),
    _obr("TRANSMISSION_DEMANDE", DOCTOR, "Céphalées"),
    "NTE|||Finalité|FINALITE_EXAMEN^^HL70364",
    _obx(1, "CE", "MODALITE_IMAGERIE", "MR^IRM^DCM"),
    "NTE|||Sans injection|MODALITE_IMAGERIE^^HL70364",
    _obx(2, "CE", "REGION_ANATOMIQUE", "774007^tête et cou^SCT", "1.1"),
    _obx(3, "CE", "REGION_ANATOMIQUE", "24028007^droit^SCT", "1.2"),
    _obx(4, "FT", "11322-5", "Antécédents"),
    _obx(5, "NM", "8302-2", "170", unit="cm"),
    _obx(6, "NM", "29463-7", "68", unit="kg"),
    _obx(7, "CE", "82810-3", "N^^expandedYes-NoIndicator"),
)
CANCEL = _tlr(
    "ORM^O01^ORM_O01",
    PV1,
    _orc("CA", DOCTOR, "STRUCTURE_IMAGERIE", "^Patient absent"),
    _obr("ANNULATION_DEMANDE", DOCTOR),
)
ANSWER = _tlr(
    "ORU^R01^ORU_R01",
    _orc("OK", READER, "PLATEFORME_TLR"),
    _obr("REPONSE_DEMANDE", READER),
    _obx(1, "ED", "PROTOCOLE_IMAGERIE", _data("%PDF-"), "1.1", status="F"),
    _obx(2, "FT", "PROTOCOLE_IMAGERIE", "T1 et T2", "2.1", status="F"),
)
COMPLEMENT = _tlr("OMI^O23^OMI_O23", PV1, *examination("101"), *examination("102"))
_ORM = "MSH|^~\\&|RIS-Y|Imagerie-Y|TLR|Plateforme|20260106180000||ORM^O01^ORM_O01|0001|T|2.5"
LB_A = [_ORM, PID, PV1, f"ORC|NW|{ORDER}", "OBR|1|OPN101^^1.2.250.1.999.12^ISO||24590-2^IRM^LN|||||||||Céphalées"]
LB_C = [
    _ORM,
    PID,
    PV1,
    f"ORC|OK|{ORDER}",
    "OBR|1|||24590-2^IRM^LN",
    _obx(1, "FT", "PROTOCOLE_IMAGERIE", "T1 et T2", status="F"),
]
LB_D = [
    _ORM,
    PID,
    PV1,
    f"ORC|SC|{ORDER}||||||||||{DOCTOR}|||||||||{SITE}|1 rue X^^BREST^^29200|^WPN^PH^^^^^^^^^0298000000",
    f"OBR|1|{ORDER}||24590-2^scanner^LN|||||||||||774007|{DOCTOR}||ACN101||||||CT",
    "OBX|1|NM|113813^PDL total^DCM||420|mGy.cm|||||F",
    "ZDS|1.2.250.1.999.2.101^RIS^Application^DICOM",
]
OMI_CHANGE = [
    "MSH|^~\\&|PACS|IMAGERIE|DRIMBOX|IMAGERIE|20260530161955||OMI^O23^OMI_O23|001|T|2.5.1",
    f"PID|||{INS}||ESSAI^Camille|||F",
    "PV1|1|I|UF",
    "ORC|NW|984375862|F1||SC",
    "TQ1|||||||200008161510",
    "OBR|1|984375862|F1|34555-3^^LN",
    "OBX|1|ST|1298^Modification Examen Imagerie||||||||O",
    "IPC|105234751|REQ|1.2.250.1.999.2.101|STEP|CT||||PACS_AET",
]
ACK = [
    "MSH|^~\\&|DRIMBOX|IMAGERIE|RIS|IMAGERIE|20260106180001||ACK^R01^ACK|9|T|2.5|||||FRA|8859/15",
    "MSA|AE|0001",
    "ERR||PID^1^3|101^Required field missing^messageErrorCondition|E",
]
ZAM = [
    _msh("ZAM^Z02^ZAM_Z01", "2.6", "2.1^CISIS_CDA_HL7_V2"),
    "EVN||20260106180000",
    "OBX|1|CWE|ACK_RECEPTION_MSS^Accusé^AckMetierZAM|0001|N^^expandedYes-NoIndicator||||||F",
    "OBX|2|XTN|DESTINATAIRE_MSS^Destinataire^AckMetierZAM||^^X.400^adam.essai@test.mssante.fr||||||F",
    "ERR|||207^Application error^messageErrorCondition|E|550^boîte non disponible^SMTPERRORCODE",
]
_ADT = "MSH|^~\\&|GAM|CHU|DRIMBOX|CHU|20260106180000||ADT^{}|0001|T|2.5^FRA^2.11|||||FRA|UNICODE UTF-8"
A08 = [_ADT.format("A08^ADT_A01"), "EVN||20260106175900", PID, "ZFD|||N"]
_STAY = [_ADT.format("A01^ADT_A01"), "EVN||20260106175900", PID, PV1, "ZBE|1^CHU|20260106175900||INSERT|N"]
A01, A04 = _STAY, [_ADT.format("A04^ADT_A01"), *_STAY[1:]]
A03 = [_ADT.format("A03^ADT_A03"), *_STAY[1:3], f"{PV1}|20260106170000", *_STAY[4:]]
A31 = [_ADT.format("A31^ADT_A05"), "EVN||20260106175900", PID]
A40 = [_ADT.format("A40^ADT_A39"), "EVN||20260106175900", PID, "MRG|IPP7^^^CABINET&1.2.250.1.999.4.2&ISO^PI"]
A47 = [_ADT.format("A47^ADT_A30"), "EVN||20260106175900", PID, "MRG|IPP7^^^CABINET&1.2.250.1.999.4.2&ISO^PI"]

RIGHT: dict[str, list[str]] = {
    "cda-oru-r01": _document("ORU^R01^ORU_R01", "2.5", "NW", "F"),
    "cda-mdm-t02": _document("MDM^T02^MDM_T02", "2.6", "NW", "F"),
    "cda-mdm-t10": _document("MDM^T10^MDM_T02", "2.6", "RO", "C", REPLACED_ID),
    "cda-mdm-t04": _document("MDM^T04^MDM_T02", "2.6", "CA", "D", REPLACED_ID),
    "tlr-1-request": REQUEST,
    "tlr-2-cancel": CANCEL,
    "tlr-3-answer": ANSWER,
    "tlr-4-complement": COMPLEMENT,
    "lb-a": LB_A,
    "lb-c": LB_C,
    "lb-d": LB_D,
    "drim-omi-o23": OMI_CHANGE,
    "ack": ACK,
    "zam-z02": ZAM,
    "adt-a01": A01,
    "adt-a03": A03,
    "adt-a04": A04,
    "adt-a08": A08,
    "adt-a31": A31,
    "adt-a40": A40,
    "adt-a47": A47,
}


def message(rows: list[str], end: str = "\r") -> bytes:
    """The bytes of a message."""
    return "".join(row + end for row in rows).encode()


def errors(rows: list[str] | bytes) -> list[Finding]:
    """The errors of a message."""
    content = rows if isinstance(rows, bytes) else message(rows)
    return [finding for finding in judge(content).findings if finding.severity is Severity.ERROR]


def found(rows: list[str] | bytes) -> set[tuple[str, str, str]]:
    """Rule, place and ERR-3 of each error."""
    return {(finding.rule, finding.path, finding.more["err3"]) for finding in errors(rows)}


def warned(rows: list[str] | bytes) -> set[tuple[str, str]]:
    """Rule and place of each warning."""
    content = rows if isinstance(rows, bytes) else message(rows)
    judged = judge(content).findings
    return {(finding.rule, finding.path) for finding in judged if finding.severity is Severity.WARNING}


def put(rows: list[str], place: str, value: str) -> list[str]:
    """A message with the field at *place* (``PID^1^3``, or with a repetition and component) replaced."""
    name, sequence, field, *rest = place.split("^")
    changed = list(rows)
    at = [index for index, row in enumerate(rows) if row[:3] == name][int(sequence) - 1]
    fields = changed[at].split("|")
    number = int(field) - (1 if name == "MSH" else 0)
    fields += [""] * (number + 1 - len(fields))
    if rest:
        repetitions = fields[number].split("~")
        components = repetitions[int(rest[0]) - 1].split("^")
        components += [""] * (int(rest[1]) - len(components))
        components[int(rest[1]) - 1] = value
        repetitions[int(rest[0]) - 1] = "^".join(components)
        value = "~".join(repetitions)
    fields[number] = value
    changed[at] = "|".join(fields)
    return changed


def without(rows: list[str], start: str) -> list[str]:
    """A message without the first segment that begins so."""
    at = next(index for index, row in enumerate(rows) if row.startswith(start))
    return rows[:at] + rows[at + 1 :]


def twice(rows: list[str], start: str) -> list[str]:
    """A message with the first segment that begins so repeated behind itself."""
    at = next(index for index, row in enumerate(rows) if row.startswith(start))
    return [*rows[: at + 1], rows[at], *rows[at + 1 :]]


Alteration = Callable[[list[str]], list[str]]
