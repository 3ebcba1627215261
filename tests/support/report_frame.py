"""The header and the sections around the parts of the good report of :mod:`tests.support.report_documents`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from gateway.demo.pdf import Line, page
from tests.support.report_parts import (
    ACCESSION_ROOT,
    ADDRESS,
    CCAM,
    DCM,
    DOCUMENT,
    LINK,
    LOINC,
    MATRICULE,
    ORDER_ROOT,
    ORGANIZATION,
    RADIOLOGIST,
    SECOND_READER,
    SET,
    SNOMED,
    TELECOM,
    ActData,
    comment,
    name,
    observation,
    site,
    uuid,
)

if TYPE_CHECKING:
    from tests.support.report_documents import Content

_SEXES = {"F": "Féminin", "M": "Masculin", "UN": "Inconnu"}
_ORDERS = (("O-77001", "A240514-01"), ("O-77002", "A240514-02"))


def header(told: Content) -> str:
    """Everything before the body."""
    acts = "".join(_documented(act) for act in told.acts)
    translations = "".join(f'<translation code="{act.code}" displayName="{act.label}" {LOINC}/>' for act in told.acts)
    orders = "".join(
        f'<inFulfillmentOf><order><id root="{ORDER_ROOT}" extension="{placer}"/>'
        f'<ps3-20:accessionNumber root="{ACCESSION_ROOT}" extension="{accession}"/></order></inFulfillmentOf>'
        for placer, accession in _ORDERS
    )
    return f"""<realmCode code="FR"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <templateId root="2.16.840.1.113883.2.8.2.1"/><templateId root="1.2.250.1.213.1.1.1.1"/>
  <templateId root="1.2.840.10008.9.1"/><templateId root="1.2.840.10008.9.20"/><templateId root="1.2.840.10008.9.21"/>
  <templateId root="1.2.250.1.213.1.1.1.45" extension="2024.01"/>
  <id root="{DOCUMENT}"/>
  <code code="18748-4" displayName="CR d’imagerie médicale" {LOINC}>{translations}</code>
  <title>Compte rendu d'imagerie : scanner, scintigraphie, IRM</title>
  <effectiveTime value="20240514160000+0200"/>
  <confidentialityCode code="N" displayName="Normal" codeSystem="2.16.840.1.113883.5.25"/>
  <languageCode code="fr-FR"/><setId root="{SET}"/><versionNumber value="2"/>
  <recordTarget><patientRole>
    <id root="1.2.250.1.213.1.4.10" extension="{MATRICULE}"/><id root="1.2.250.1.999.7.1" extension="P-55021"/>
    {ADDRESS}<telecom value="tel:0261910070" use="H"/>
    <patient><name><family qualifier="BR">GUILLERM</family><given>SOAZIG ANNE</given>
      <given qualifier="BR">SOAZIG</given><family qualifier="CL">TANGUY</family>
      <given qualifier="CL">SOAZIG</given></name>
      <administrativeGenderCode code="{told.sex}" displayName="{_SEXES[told.sex]}" codeSystem="2.16.840.1.113883.5.1"/>
      <birthTime value="{told.birth}"/>
      <birthplace><place><addr><county>29042</county><city>CROZON</city></addr></place></birthplace></patient>
  </patientRole></recordTarget>
  <author><functionCode code="ATTPHYS" displayName="Responsable du patient" codeSystem="2.16.840.1.113883.5.88"/>
    <time value="20240514160000+0200"/><assignedAuthor>{RADIOLOGIST}</assignedAuthor></author>
  <informant><relatedEntity classCode="ECON">
    <code code="SIS" displayName="Soeur" codeSystem="2.16.840.1.113883.5.111"/><addr nullFlavor="NAV"/>
    <telecom value="tel:0639980012" use="MC"/>
    <relatedPerson><name><family>GUILLERM</family><given>Enora</given></name></relatedPerson></relatedEntity></informant>
  <custodian><assignedCustodian><representedCustodianOrganization>{ORGANIZATION}</representedCustodianOrganization>
  </assignedCustodian></custodian>
  {_recipient("810007000039", "Gwenn", "BOTHOREL")}
  <legalAuthenticator><time value="20240514160000+0200"/><signatureCode code="S"/>
    <assignedEntity>{RADIOLOGIST}</assignedEntity></legalAuthenticator>
  <authenticator><time value="20240514161500+0200"/><signatureCode code="S"/>
    <assignedEntity>{SECOND_READER}</assignedEntity></authenticator>
  {_participant("INF", "PCP", "Médecin traitant", "810007000039", name("Gwenn", "BOTHOREL"))}
  {_participant("REF", "", "", "810007000047", name("Riwal", "QUERE", "M"))}
  {orders}{acts}
  <documentationOf><serviceEvent classCode="ACT">
    <code code="Z13.9" displayName="Examen spécial de dépistage, sans précision" codeSystem="2.16.840.1.113883.6.3"
      codeSystemName="CIM-10"/></serviceEvent></documentationOf>
  <relatedDocument typeCode="RPLC"><parentDocument><id root="1.2.250.1.999.7.8.45.1"/></parentDocument>
  </relatedDocument>
  <componentOf><encompassingEncounter>
    <code code="AMB" displayName="Ambulatoire (hors établissement)" codeSystem="2.16.840.1.113883.5.4"/>
    <effectiveTime><low value="20240514085000+0200"/><high value="20240514160000+0200"/></effectiveTime>
    <location><healthCareFacility><id root="1.2.250.1.71.4.2.2" extension="1290088804"/>
      <code code="SA08" displayName="Cabinet de groupe" codeSystem="1.2.250.1.71.4.2.4"/>
      <location><name>Imagerie du Menez-Hom</name>{ADDRESS}</location></healthCareFacility></location>
  </encompassingEncounter></componentOf>"""


def _recipient(rpps: str, given: str, family: str) -> str:
    return (
        f'<informationRecipient><intendedRecipient><id root="1.2.250.1.71.4.2.1" extension="{rpps}"/>{ADDRESS}{TELECOM}'
        f"<informationRecipient>{name(given, family)}</informationRecipient></intendedRecipient></informationRecipient>"
    )


def _participant(kind: str, function: str, label: str, rpps: str, person: str) -> str:
    role = (
        f'<functionCode code="{function}" displayName="{label}" codeSystem="2.16.840.1.113883.5.88"/>'
        if function
        else ""
    )
    return f"""<participant typeCode="{kind}">{role}<time nullFlavor="NA"/><associatedEntity classCode="PROV">
    <id root="1.2.250.1.71.4.2.1" extension="{rpps}"/>
    <code code="G15_10/SM26" displayName="Médecin - Qualifié en Médecine Générale (SM)"
      codeSystem="1.2.250.1.213.1.1.4.5"/>
    {ADDRESS}{TELECOM}<associatedPerson>{person}</associatedPerson></associatedEntity></participant>"""


def _documented(act: ActData) -> str:
    return f"""<documentationOf><serviceEvent classCode="ACT"><id root="{act.study_uid}"/>
    <code code="{act.header_code or act.code}" displayName="{act.label}" {LOINC}>
      <translation code="{act.ccam}" displayName="{act.ccam_label}" {CCAM}/>
      <translation code="{act.modality}" displayName="{act.modality_label}" {DCM}><qualifier>
        <name code="121139" displayName="Modalité d'imagerie" {DCM}/></qualifier></translation>
      <translation code="{act.region}" displayName="{act.region_label}" {SNOMED}><qualifier>
        <name code="39111-0" displayName="localisation anatomique" {LOINC}/></qualifier></translation></code>
    <effectiveTime><low value="{act.low}"/><high value="{act.high}"/></effectiveTime>
    <performer typeCode="PRF"><assignedEntity>{RADIOLOGIST}</assignedEntity></performer>
  </serviceEvent></documentationOf>"""


# .. the body


def body(told: Content) -> str:
    """Every section, in the order of the specification."""
    return "".join(
        f"<component>{section}</component>"
        for section in (
            _addendum(told),
            _clinical_information(told),
            *(_act(told, act) for act in told.acts),
            _devices(),
            _plain(
                "1.3.6.1.4.1.19376.1.5.3.1.3.27",
                "1.2.250.1.213.1.1.2.150",
                "30954-2",
                "Résultats d'examens antérieurs",
                "Biologie du 02/05/2024 : marqueurs tumoraux normaux.",
                3,
            ),
            _plain(
                "1.2.840.10008.9.4",
                "1.2.250.1.213.1.1.2.207",
                "18834-2",
                "Examen de comparaison radiologique",
                told.comparison,
                4,
            ),
            _plain(
                "2.16.840.1.113883.10.20.6.1.2",
                "1.2.250.1.213.1.1.2.208",
                "59776-5",
                "Résultats de l’acte",
                told.results,
                5,
            ),
            _plain("1.2.840.10008.9.5", "1.2.250.1.213.1.1.2.209", "19005-8", "Conclusions", told.conclusion, 6),
            _documents(),
            _education(told),
        )
        if section
    )


def _section(templates: tuple[str, ...], code: str, title: str, text: str, number: int, rest: str = "") -> str:
    declared = "".join(f'<templateId root="{root}"/>' for root in templates)
    system = DCM if code == "121181" else LOINC
    return (
        f'<section>{declared}<id root="{uuid("section", 256 + number)}"/>'
        f'<code code="{code}" displayName="{title}" {system}/>'
        f"<title>{title}</title><text>{text}</text>{rest}</section>"
    )


def _plain(international: str, french: str, code: str, title: str, text: str, number: int) -> str:
    return _section((international, french), code, title, text, number) if text else ""


def _addendum(told: Content) -> str:
    author = f'<author><time value="20240514170000+0200"/><assignedAuthor>{SECOND_READER}</assignedAuthor></author>'
    templates = ("1.2.840.10008.9.6", "1.2.250.1.213.1.1.2.210")
    return _section(templates, "55107-7", "Addendum", told.addendum, 1, author) if told.addendum else ""


def _clinical_information(told: Content) -> str:
    request = _section(
        ("1.2.840.10008.9.7", "1.2.250.1.213.1.1.2.211"),
        "55115-0",
        "Justification de la demande d’examen / Finalité de l'examen",
        f"<paragraph>{told.indication}</paragraph><paragraph>{told.purpose}</paragraph>",
        7,
    )
    history = _section(
        ("2.16.840.1.113883.10.20.22.2.39", "1.2.250.1.213.1.1.2.213"),
        "11329-0",
        "Antécédents médicaux / Antécédents chirurgicaux / Contre-indications",
        _history_text(told),
        8,
        _history_entries(told),
    )
    rest = f"<component>{request}</component><component>{history}</component>"
    templates = ("1.2.840.10008.9.2", "1.2.250.1.213.1.1.2.205")
    return _section(templates, "55752-0", "Informations cliniques", "", 2, rest)


def _history_text(told: Content) -> str:
    risks = "".join(
        f'<item><content ID="risk-{number}">{label}</content></item>'
        for number, (_, _, label) in enumerate(told.contraindications, 1)
    )
    return (
        '<paragraph><content ID="medical-history">Cancer du sein gauche traité en 2022.</content></paragraph>'
        '<paragraph><content ID="surgical-history">Tumorectomie gauche en 2022.</content></paragraph>'
        + (f"<list>{risks}</list>" if risks else "")
    )


def _history_entries(told: Content) -> str:
    entries = ""
    for number, (code, label, target) in enumerate(
        (
            ("11348-0", "Antécédents médicaux", "medical-history"),
            ("47519-4", "Antécédents chirurgicaux", "surgical-history"),
        ),
        1,
    ):
        entries += observation(
            uuid("history", 512 + number),
            f'<code code="{code}" displayName="{label}" {LOINC}/>',
            f'<value xsi:type="CD"><originalText><reference value="#{target}"/></originalText></value>',
            text=f'<text><reference value="#{target}"/></text>',
        )
    for number, (code, system, label) in enumerate(told.contraindications, 1):
        entries += observation(
            uuid("history", 528 + number),
            f'<code code="64100-1" displayName="Contre-indication" {LOINC}/>',
            f'<value xsi:type="CD" code="{code}" displayName="{label}" codeSystem="{system}"><originalText>'
            f'<reference value="#risk-{number}"/></originalText></value>',
        )
    return entries


def _act(told: Content, act: ActData) -> str:
    rows = "".join(
        f'<tr><td>{label}</td><td><content ID="{act.key}-{key}">{value}</content></td></tr>'
        for key, label, value in (
            ("code", "Acte", act.label),
            ("text", "Description", "Acquisition selon le protocole du service. " + told.technique_extra),
            ("modality", "Modalité", act.modality_label),
            ("site", "Localisation", act.site_label),
            ("equipment", "Appareil", act.equipment),
            *(
                (
                    ("product", "Produit", "IOPROL 350, 110 mL"),
                    ("product-comment", "Commentaire", "Débit de 3 mL par seconde"),
                )
                if act.product
                else ()
            ),
        )
    )
    technique = f"""<entry><procedure classCode="PROC" moodCode="EVN">
      <templateId root="1.2.840.10008.9.14"/><templateId root="1.2.250.1.213.1.1.3.153"/><id root="{uuid(act.key, 2)}"/>
      <code code="{act.code}" displayName="{act.label}" {LOINC}>
        <originalText><reference value="#{act.key}-code"/></originalText>
        <translation code="{act.ccam}" displayName="{act.ccam_label}" {CCAM}/></code>
      <text><reference value="#{act.key}-text"/></text><effectiveTime value="{act.low}"/>
      <methodCode code="{act.modality}" displayName="{act.modality_label}" {DCM}>
        <originalText><reference value="#{act.key}-modality"/></originalText></methodCode>
      {site(act)}{comment(f"{act.key}-equipment")}</procedure></entry>"""
    complications = ""
    if act.complications:
        inner = _section(
            ("2.16.840.1.113883.10.20.22.2.37", "1.2.250.1.213.1.1.2.214"),
            "55109-3",
            "Complications",
            act.complications,
            32 + act.number,
        )
        complications = f"<component>{inner}</component>"
    templates = ("1.2.840.10008.9.3", "1.2.250.1.213.1.1.2.206")
    text = f'<table border="1"><tbody>{rows}</tbody></table>'
    rest = f"{technique}{act.product}{complications}{act.exposure}<component>{_catalogue(act)}</component>"
    return _section(templates, "55111-9", "Technique d’imagerie", text, 16 + act.number, rest)


def link_of(act: ActData) -> str:
    """The link to the images, as XML text."""
    return (
        f"{LINK}?requestType=STUDY&amp;studyUID={act.study_uid}&amp;Accessionnumber={ACCESSION_ROOT}.{act.accession}"
        f"&amp;idCDA={DOCUMENT}"
    )


def _catalogue(act: ActData) -> str:
    text = (
        f'<paragraph>Examen {act.study_uid} (<content ID="{act.key}-series">{act.modality_label}</content>) : '
        f'<content ID="{act.key}-images"><linkHtml href="{link_of(act)}">voir les images</linkHtml></content>'
        "</paragraph>"
    )
    entry = f"""<entry><act classCode="ACT" moodCode="EVN">
      <templateId root="1.2.840.10008.9.16"/><templateId root="1.2.250.1.213.1.1.3.155"/>
      <id root="{act.study_uid}"/><code code="113014" displayName="Examen" {DCM}/><effectiveTime value="{act.low}"/>
      <entryRelationship typeCode="COMP"><act classCode="ACT" moodCode="EVN">
        <templateId root="1.2.840.10008.9.17"/><templateId root="1.2.250.1.213.1.1.3.156"/>
        <id root="{act.study_uid}.1"/><code code="113015" displayName="Séries" {DCM}><qualifier>
          <name code="121139" displayName="Modalité" {DCM}/>
          <value code="{act.modality}" displayName="{act.modality_label}" {DCM}><originalText>
            <reference value="#{act.key}-series"/></originalText></value></qualifier></code>
        <effectiveTime value="{act.low}"/>
        <entryRelationship typeCode="COMP"><observation classCode="DGIMG" moodCode="EVN">
          <templateId root="1.2.840.10008.9.18"/><templateId root="1.2.250.1.213.1.1.3.157"/>
          <id root="{act.study_uid}.1.1"/>
          <code code="{act.sop_class}" displayName="Images" codeSystem="1.2.840.10008.2.6.1" codeSystemName="DCMUID">
            <originalText><reference value="#{act.key}-images"/></originalText></code>
          <text mediaType="application/dicom"><reference value="{link_of(act)}"/></text>
          <effectiveTime value="{act.low}"/></observation></entryRelationship>
      </act></entryRelationship></act></entry>"""
    return _section(
        ("2.16.840.1.113883.10.20.6.1.1", "1.2.250.1.213.1.1.2.217"),
        "121181",
        "Catalogue d’objets DICOM",
        text,
        48 + act.number,
        entry,
    )


def _devices() -> str:
    entry = """<entry><supply classCode="SPLY" moodCode="EVN">
      <templateId root="2.16.840.1.113883.10.20.1.34"/><templateId root="1.2.250.1.213.1.1.3.20"/>
      <id nullFlavor="UNK"/><text><reference value="#device-1"/></text>
      <effectiveTime xsi:type="IVL_TS"><low value="20240514090000+0200"/></effectiveTime>
      <participant typeCode="DEV"><participantRole classCode="MANU">
        <id root="1.3.160" extension="(01)03701234567892(10)L77(21)00412"/>
        <playingDevice classCode="DEV" determinerCode="INSTANCE">
          <code code="Z11039014" displayName="INJECTEURS DE PRODUITS DE CONTRASTE" codeSystem="1.2.250.1.213.2.68"
            codeSystemName="EMDN"/></playingDevice></participantRole></participant></supply></entry>"""
    return _section(
        ("1.3.6.1.4.1.19376.1.5.3.1.1.5.3.5", "1.2.250.1.213.1.1.2.1"),
        "46264-8",
        "Dispositifs médicaux",
        '<paragraph><content ID="device-1">Injecteur de produit de contraste Kerdual Steredenn</content></paragraph>',
        9,
        entry,
    )


def _documents() -> str:
    pdf = base64.b64encode(page("Scanner du 12/11/2023", [Line("Scanner thoracique du 12/11/2023")])).decode()
    entry = f"""<entry><organizer classCode="CLUSTER" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.18"/>
      <id root="{uuid("document", 544)}"/><code code="55107-7" displayName="Document attaché" {LOINC}/>
      <statusCode code="completed"/>
      <component><observation classCode="OBS" moodCode="EVN">
        <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/><templateId root="1.2.250.1.213.1.1.3.48"/>
        <templateId root="1.2.250.1.213.1.1.3.48.18"/><id root="{uuid("document", 545)}"/>
        <code code="69764-9" displayName="Type de document" {LOINC}/><text><reference value="#document-1"/></text>
        <statusCode code="completed"/><effectiveTime nullFlavor="NA"/>
        <value xsi:type="CD"><originalText><reference value="#document-1"/></originalText></value>
      </observation></component>
      <component><observationMedia classCode="OBS" moodCode="EVN" ID="media-1">
        <value mediaType="application/pdf" representation="B64">{pdf}</value></observationMedia></component>
    </organizer></entry>"""
    text = (
        '<paragraph><content ID="document-1">Compte rendu du scanner du 12/11/2023</content></paragraph>'
        '<renderMultiMedia referencedObject="media-1"/>'
    )
    return _section(("1.2.250.1.213.1.1.2.37",), "55107-7", "Documents liés", text, 10, entry)


def _education(told: Content) -> str:
    entry = f"""<entry><observation classCode="OBS" moodCode="EVN">
      <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/><templateId root="1.2.250.1.213.1.1.3.48"/>
      <id root="{uuid("education", 560)}"/><code code="99622-3" displayName="Informations pour le patient" {LOINC}/>
      <text><reference value="#told-to-patient"/></text><statusCode code="completed"/>
      <effectiveTime value="20240514160000+0200"/></observation></entry>"""
    text = f'<paragraph><content ID="told-to-patient">{told.information}</content></paragraph>'
    return _section(
        ("1.3.6.1.4.1.19376.1.5.3.1.1.9.38", "1.3.6.1.4.1.19376.1.5.3.1.1.9.39", "1.2.250.1.213.1.1.2.107"),
        "34895-3",
        "Informations du patient",
        text,
        11,
        entry,
    )
