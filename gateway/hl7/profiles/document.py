"""The transmission of a CDA document: ORU^R01 (v2.5), MDM^T02, T10 and T04 (v2.6).

Source: CI-SIS "Transmission de document(s) CDA en HL7v2" 2.1, sections "Profil du message ORU_R01", "Profil du message
MDM", "Contraintes appliquées aux messages MDM et ORU".
"""

from __future__ import annotations

from gateway.hl7 import profiles
from gateway.hl7.er7 import Segment
from gateway.hl7.profiles.common import CDA, HL7, PAM, header, organization, patient, professional, visit
from gateway.hl7.profiles.grammar import Field, Profile, Section, asked, said
from gateway.model.finding import Severity

PROFILE = (profiles.PROFILE_VERSION, profiles.PROFILE)
OLDER = {
    "1.0^CISIS_CDA_HL7_V1": "1.0",
    "1.1^CISIS_CDA_HL7_V1": "1.1",
    "1.2^CISIS_CDA_HL7_V1": "1.2",
    "2.0^CISIS_CDA_HL7_V2": "2.0",
}
REQUIRED_STATEMENTS = (
    "MASQUE_PS",
    "INVISIBLE_PATIENT",
    "INVISIBLE_REP_LEGAUX",
    "CONNEXION_SECRETE",
    "MODIF_CONF_CODE",
    "DESTDMP",
    "DESTMSSANTEPS",
    "DESTMSSANTEPAT",
)
WANTED_STATEMENTS = ("ACK_RECEPTION", "ACK_LECTURE_MSS")
"""Usage "Optional" with cardinality [1..1] in the table, required by the prose: their absence is a warning."""
MAILS = ("CORPSMAIL_PS", "CORPSMAIL_PATIENT")
STATEMENTS = (*REQUIRED_STATEMENTS, *WANTED_STATEMENTS, *MAILS)
"""In the order of the profile."""
COMMENT_KINDS = ("PI", "AI", "GI", "1R", "2R", "GR", "RE", "DR")
"""NTE-4 of the standard itself (table 0364)."""
ALIASES = {"ACK_LECTURE": "ACK_LECTURE_MSS"}
"""The profile's own example writes the first."""

ORU_STRUCTURE = (
    "MSH [{SFT}] PID [PD1] [{NTE}] [{NK1}] [PV1 [PV2]]"
    " {ORC OBR [{NTE}] [{TQ1 [{TQ2}]}] [CTD] {OBX [{PRT}] [{NTE}]} [{FT1}] [{CTI}] [{SPM}]} [DSC]"
)
MDM_STRUCTURE = "MSH [{SFT}] EVN PID PV1 ORC [{TQ1 [{TQ2}]}] OBR [{NTE}] TXA [{CON}] {OBX [{PRT}] [{NTE}]}"


def is_document(row: Segment) -> bool:
    """Whether an OBX carries a document: encapsulated, and no text of a mail."""
    return row.text(2) == "ED" and row.text(3, 3) != profiles.METADATA_SYSTEM and row.text(3) not in MAILS


def is_statement(row: Segment) -> bool:
    """Whether an OBX is a metadata observation that is Y or N."""
    return statement_of(row, earlier=True) in (*REQUIRED_STATEMENTS, *WANTED_STATEMENTS)


def statement_of(row: Segment, *, earlier: bool) -> str:
    """The name of a metadata observation in this version, whatever it is called; *earlier*: before 2.0 too."""
    code = row.text(3)
    return ALIASES.get(code) or (profiles.EARLIER_NAMES.get(code) if earlier else None) or code


def _order(actions: tuple[profiles.Action, ...]) -> Section:
    controls = tuple(profiles.ACTIONS[action].order_control for action in actions)
    return Section(segment="ORC", source=f"{CDA}, segment ORC", fields=(asked("1", "R", *controls, older=("SC",)),))


def _type(number: int) -> tuple[Field, ...]:
    return (
        asked(str(number)),
        asked(f"{number}.1"),
        asked(f"{number}.2"),
        asked(f"{number}.3", "R", "LN", "TRE_A05", older=("",)),
    )


def _document(kind: str, actions: tuple[profiles.Action, ...]) -> Section:
    return Section(
        segment="OBX",
        title="Document CDA",
        when=is_document,
        source=f"{CDA}, composition du groupe OBSERVATION/OBXNTE, segment OBX",
        fields=(
            asked("1"),
            asked("2", "R", "ED"),
            *_type(3),
            asked("5", single=True),
            asked("5.2", "R", kind, any_case=True),
            asked("5.3", "R", "XML", any_case=True),
            asked("5.4", "R", "Base64", any_case=True),
            asked("5.5"),
            asked("11", "R", *(profiles.ACTIONS[action].result_status for action in actions)),
        ),
    )


def _statement(coded_type: str) -> Section:
    return Section(
        segment="OBX",
        title="MetaDMPMSS",
        when=is_statement,
        source=f"{CDA}, métadonnées complémentaires (OBX)",
        fields=(
            asked("1"),
            asked("2", "R", coded_type),
            asked("3.2"),
            asked("3.3", "R", profiles.METADATA_SYSTEM, older=("",)),
            asked("5", single=True),
            asked("5.1", "R", "Y", "N"),
            asked("5.3", "R", "expandedYes-NoIndicator", older=("", "HL70136")),
            asked("11", "R", "F"),
        ),
    )


_MAIL = Section(
    segment="OBX",
    title="Corps du mail",
    when=said(3, 1, *MAILS),
    source=f"{CDA}, corps du mail",
    fields=(
        asked("1"),
        asked("2", "R", "ED"),
        asked("3.2"),
        asked("3.3", "R", profiles.METADATA_SYSTEM, older=("",)),
        asked("5", single=True),
        asked("5.2", "R", "TEXT", "text"),
        asked("5.4", "R", "Base64", any_case=True, tolerated=("A",)),
        asked("5.5"),
        asked("11", "R", "F"),
    ),
)
_PARTICIPATION = (
    asked("2", "R", "UC"),
    asked("4"),
    asked("4.1", "R", "SB", "RCT", "REPLY"),
    asked("4.2", severity=Severity.WARNING),
    asked("4.3", "R", "participation", older=("", "HL70912")),
)
_PROFESSIONALS, _PATIENTS = ("IDNPS", "RPPS", "ADELI"), ("INS", "INS-NIR", "INS-NIA")
"""PRT-5.13 of recipients."""
_ADDRESS = (asked("15.3", "R", "X.400"), asked("15.4", like=r"[^@\s]+@[^@\s]+"))
PARTICIPATIONS = (
    Section(segment="PRT", source=f"{CDA}, segment PRT", fields=_PARTICIPATION),
    Section(
        segment="PRT",
        title="Expéditeur (SB)",
        when=said(4, 1, "SB"),
        source=f"{CDA}, segment PRT expéditeur",
        fields=(
            *professional("5", "C"),
            asked("5.13", "R", "IDNPS", "RPPS", tolerated=("ADELI",)),
            *organization("8", types=("FINEJ", "FINEG", "IDNST")),
            asked("8.6.2", "R", "1.2.250.1.71.4.2.2"),
            asked("8.6.3", "R", "ISO"),
            asked("10", "C"),
        ),
    ),
    Section(
        segment="PRT",
        title="Destinataire (RCT)",
        when=said(4, 1, "RCT"),
        source=f"{CDA}, segment PRT destinataire",
        fields=(
            asked("5", "C", single=True),
            asked("5.1"),
            asked("5.2"),
            asked("5.3"),
            asked("5.13", "R", *_PROFESSIONALS, *_PATIENTS),
            *organization("8", "C"),
            asked("15", "C", single=True),
            *_ADDRESS,
        ),
    ),
    Section(
        segment="PRT",
        title="Destinataire professionnel",
        when=said(4, 1, "RCT") & said(5, 13, *_PROFESSIONALS),
        source=f"{CDA}, segment PRT destinataire",
        fields=(asked("5.9.2"),),
    ),
    Section(
        segment="PRT",
        title="Destinataire patient",
        when=said(4, 1, "RCT") & said(5, 13, *_PATIENTS),
        source=f"{CDA}, segment PRT destinataire",
        # Official examples write the OID as the name of the authority.
        fields=(asked("5.9.2", severity=Severity.WARNING),),
    ),
    Section(
        segment="PRT",
        title="Réponse (REPLY)",
        when=said(4, 1, "REPLY"),
        source=f"{CDA}, segment PRT adresse de réponse",
        fields=(asked("15", "C", single=True), *_ADDRESS),
    ),
)
_TXA = Section(
    segment="TXA",
    source=f"{CDA}, segment TXA",
    fields=(
        asked("1", "R", "1"),
        asked("2"),
        asked("3", "R", "TEXT"),
        asked("12"),
        asked("12.1"),
        asked("12.2", "X", severity=Severity.WARNING),
        asked("13", "C"),
        asked("13.2", "X", severity=Severity.WARNING),
        asked("17", "R", profiles.VALIDATED, older=("LA",)),
    ),
)
RULES = (
    "identity",
    "number_kinds",
    "visit_number",
    "dates",
    "order_pairs",
    "trio",
    "document_type",
    "documents",
    "statements",
    "mail",
    "participations",
    "labels",
    "sequence",
    "embedded_documents",
)
_EVERY = tuple(profiles.Action)
ORU_R01 = Profile(
    name="cda-oru-r01",
    title_fr="Transmission d'un document CDA (ORU^R01)",
    title_en="Transmission of a CDA document (ORU^R01)",
    structure=ORU_STRUCTURE,
    structure_source=f"{CDA}, profil du message ORU_R01",
    source=CDA,
    older=OLDER,
    rules=RULES,
    sections=(
        header(f"{CDA}, segment MSH", "ORU", ("R01",), "ORU_R01", ("2.5",), PROFILE),
        patient(f"{CDA}, segment PID; {PAM}"),
        visit(f"{CDA}, segment PV1; {PAM}"),
        _order(_EVERY),
        Section(segment="OBR", source=f"{CDA}, segment OBR", fields=_type(4)),
        _document("TEXT", _EVERY),
        _statement("CE"),
        _MAIL,
        *PARTICIPATIONS,
    ),
)


def _mdm(action: profiles.Action, fr: str, en: str) -> Profile:
    event = profiles.ACTIONS[action].mdm_event
    return Profile(
        name=f"cda-mdm-{event.lower()}",
        title_fr=f"{fr} (MDM^{event})",
        title_en=f"{en} (MDM^{event})",
        structure=MDM_STRUCTURE,
        structure_source=f"{CDA}, profil du message MDM",
        source=CDA,
        older=OLDER,
        rules=(*RULES, "transcription"),
        sections=(
            header(f"{CDA}, segment MSH", "MDM", (event,), "MDM_T02", ("2.6",), PROFILE),
            patient(f"{CDA}, segment PID; {PAM}"),
            visit(f"{CDA}, segment PV1; {PAM}"),
            Section(segment="EVN", source=f"{HL7} 3.4.1, EVN-1", fields=(asked("1", "O", event),)),
            _order(_EVERY),
            Section(segment="OBR", source=f"{CDA}, segment OBR", fields=_type(4)),
            _TXA,
            _document("text", _EVERY),
            _statement("CWE"),
            _MAIL,
            *PARTICIPATIONS,
        ),
    )


PROFILES = (
    ORU_R01,
    _mdm(profiles.Action.NEW, "Transmission d'un document CDA", "Transmission of a CDA document"),
    _mdm(profiles.Action.REPLACE, "Remplacement d'un document CDA", "Replacement of a CDA document"),
    _mdm(profiles.Action.DELETE, "Suppression d'un document CDA", "Deletion of a CDA document"),
)
