"""A report with everything that a report may say, once: every participation of the header, every section and entry.

It has the traits of the official documents: orders whose number is withheld, a dose given by its lower bound, products
named by translations, a placeless time, narrative references. People and numbers are of the demo or made up.
"""

from __future__ import annotations

from lxml import etree

from gateway.trust import safexml
from tests.support.whole_body import BODY, HOUSE, PERSON, SPECIALTY, STUDY, WHERE, entity

HEADER = f"""
<realmCode code="FR"/>
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="2.16.840.1.113883.2.8.2.1"/>
<templateId root="1.2.250.1.213.1.1.1.1"/>
<templateId root="1.2.840.10008.9.1"/>
<templateId root="1.2.250.1.213.1.1.1.45" extension="2024.01"/>
<id root="1.2.250.1.999.8.5" extension="R77"/>
<code code="18748-4" displayName="CR d’imagerie médicale" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC">
 <translation code="24725-4" displayName="TDM tête" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC"/></code>
<title>Scanner  de
 la tête</title>
<effectiveTime value="20250314101500+0100"/>
<confidentialityCode code="N" displayName="Normal" codeSystem="2.16.840.1.113883.5.25"/>
<languageCode code="fr-FR"/>
<setId root="1.2.250.1.999.8.6" extension="S77"/>
<versionNumber value="2"/>
<recordTarget typeCode="RCT" contextControlCode="OP"><patientRole classCode="PAT">
 <id root="1.2.250.1.213.1.4.10" extension="281112915104759"/>
 <id root="1.2.250.1.999.3" extension="IPP-7Q4021" assigningAuthorityName="Site"/>
 {WHERE}
 <patient classCode="PSN">
  <name><family qualifier="BR">KERMARREC</family><given>ZOÉ ANAÏS</given><given qualifier="BR">ZOÉ</given>
   <family qualifier="CL">DESMAUX</family><given qualifier="CL">ZOÉ</given><family qualifier="SP">LE GOFF</family>
   <prefix>MME</prefix></name>
  <administrativeGenderCode code="F" displayName="Féminin" codeSystem="2.16.840.1.113883.5.1"/>
  <birthTime value="198111090310+0100"/>
  <guardian><id root="1.2.250.1.999.3" extension="G1"/><code code="MTH" codeSystem="2.16.840.1.113883.5.111"/>
   {WHERE}<guardianPerson><name><family>DESMAUX</family><given>Ana</given></name></guardianPerson></guardian>
  <guardian><guardianOrganization>{HOUSE}</guardianOrganization></guardian>
  <birthplace><place><name>Maternité</name><addr><county>29151</county><city>MORLAIX</city></addr></place></birthplace>
 </patient>
 <providerOrganization>{HOUSE}</providerOrganization>
</patientRole></recordTarget>
<author typeCode="AUT"><functionCode code="ATTPHYS" displayName="Responsable" codeSystem="2.16.840.1.113883.5.88"/>
 <time value="20250314101600+0100"/>{entity("assignedAuthor")}</author>
<author><time value="20250314101700.250+0100"/><assignedAuthor><id root="1.2.250.1.999.12"/>
 <assignedAuthoringDevice><code code="RIS" codeSystem="1.2.250.1.999.13"/>
 <manufacturerModelName>Modèle</manufacturerModelName><softwareName>Logiciel 3</softwareName></assignedAuthoringDevice>
 </assignedAuthor></author>
<dataEnterer><time value="20250314101800+0100"/>{entity("assignedEntity")}</dataEnterer>
<informant><relatedEntity classCode="ECON"><code code="SIS" displayName="Sœur" codeSystem="2.16.840.1.113883.5.111"/>
 <addr nullFlavor="NAV"/><telecom value="tel:0600000001" use="MC"/>
 <effectiveTime><low value="20250101"/></effectiveTime>
 <relatedPerson><name><family>DESMAUX</family><given>Lou</given></name></relatedPerson></relatedEntity></informant>
<informant typeCode="INF">{entity("assignedEntity")}</informant>
<custodian typeCode="CST"><assignedCustodian classCode="ASSIGNED"><representedCustodianOrganization classCode="ORG">
 {HOUSE}</representedCustodianOrganization></assignedCustodian></custodian>
<informationRecipient typeCode="PRCP">
 {entity("intendedRecipient", "informationRecipient", "receivedOrganization").replace(SPECIALTY, "")}
</informationRecipient>
<legalAuthenticator contextControlCode="OP"><time value="20250314101900+0100"/><signatureCode code="S"/>
 {entity("assignedEntity")}</legalAuthenticator>
<authenticator><time value="20250314102000+0100"/><signatureCode code="S"/>{entity("assignedEntity")}</authenticator>
<participant typeCode="REF"><time><low value="20250301"/><high value="20250302"/></time>
 <associatedEntity classCode="PROV"><id root="1.2.250.1.71.4.2.1" extension="810999000028"/>{SPECIALTY}{WHERE}
 <associatedPerson>{PERSON}</associatedPerson><scopingOrganization>{HOUSE}</scopingOrganization></associatedEntity>
</participant>
<participant typeCode="INF">
 <functionCode code="PCP" displayName="Médecin traitant" codeSystem="2.16.840.1.113883.5.88"/>
 <time nullFlavor="NA"/><associatedEntity classCode="PROV"><id nullFlavor="UNK"/>
 <associatedPerson><name nullFlavor="UNK"/></associatedPerson></associatedEntity></participant>
<inFulfillmentOf><order><id root="1.2.250.1.999.5" extension="OPN77"/><code code="C" codeSystem="1.2.250.1.999.14"/>
 <priorityCode code="UR" codeSystem="2.16.840.1.113883.5.7"/>
 <ps3-20:accessionNumber root="1.2.250.1.999.6" extension="ACN77"/></order></inFulfillmentOf>
<inFulfillmentOf><order><id nullFlavor="NA"/><ps3-20:accessionNumber nullFlavor="UNK"/></order></inFulfillmentOf>
<documentationOf><serviceEvent classCode="ACT">
 <id root="1.2.250.1.999.15" extension="77"/><id root="{STUDY}"/>
 <code code="24725-4" displayName="TDM tête" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC">
  <translation code="ACQH004" displayName="Scanographie" codeSystem="1.2.250.1.215.300.1" codeSystemName="CCAM"/>
  <translation code="CT" displayName="TDM" codeSystem="1.2.840.10008.2.16.4"><qualifier>
   <name code="121139" displayName="Modalité" codeSystem="1.2.840.10008.2.16.4"/></qualifier></translation>
  <translation code="774007" displayName="tête et cou" codeSystem="2.16.840.1.113883.6.96"><qualifier>
   <name code="39111-0" displayName="localisation" codeSystem="2.16.840.1.113883.6.1"/></qualifier></translation>
  <translation code="L7" displayName="tête locale" codeSystem="1.2.250.1.999.16"/></code>
 <effectiveTime><low value="20250314090000+0100"/><high nullFlavor="UNK"/></effectiveTime>
 <performer typeCode="PRF"><functionCode code="X1" codeSystem="1.2.250.1.999.17"/><time value="20250314090100+0100"/>
  {entity("assignedEntity")}</performer>
 <performer typeCode="PRF">{entity("assignedEntity")}</performer></serviceEvent></documentationOf>
<documentationOf><serviceEvent><code code="Z0" codeSystem="1.2.250.1.999.18"/></serviceEvent></documentationOf>
<documentationOf typeCode="DOC"><serviceEvent>
 <code code="Z13.9" displayName="Dépistage" codeSystem="2.16.840.1.113883.6.3" codeSystemName="CIM-10"/>
</serviceEvent></documentationOf>
<relatedDocument typeCode="RPLC"><parentDocument><id root="1.2.250.1.999.8.5" extension="R76"/>
 <id root="1.2.250.1.999.8.7"/><code code="18748-4" codeSystem="2.16.840.1.113883.6.1"/>
 <setId root="1.2.250.1.999.8.6" extension="S76"/><versionNumber value="1"/></parentDocument></relatedDocument>
<authorization><consent><id root="1.2.250.1.999.19" extension="K1"/><code code="K2" codeSystem="1.2.250.1.999.20"/>
 <statusCode code="completed"/></consent></authorization>
<componentOf><encompassingEncounter><id root="1.2.250.1.999.21" extension="V1"/>
 <code code="AMB" displayName="Ambulatoire" codeSystem="2.16.840.1.113883.5.4"/>
 <effectiveTime><low value="20250314085000+0100"/><high value="20250314103000+0100"/></effectiveTime>
 <dischargeDispositionCode code="D1" codeSystem="1.2.250.1.999.22"/>
 <responsibleParty>{entity("assignedEntity")}</responsibleParty>
 <encounterParticipant typeCode="ATND"><time><low value="20250314085100+0100"/></time>{entity("assignedEntity")}
 </encounterParticipant>
 <location><healthCareFacility><id root="1.2.250.1.71.4.2.2" extension="1290099993"/>
  <code code="SA08" displayName="Cabinet de groupe" codeSystem="1.2.250.1.71.4.2.4"/>
  <location><name>Centre</name><addr><city>CROZON</city></addr></location>
  <serviceProviderOrganization>{HOUSE}</serviceProviderOrganization></healthCareFacility></location>
</encompassingEncounter></componentOf>
"""


def whole_report() -> etree._Element:
    """The report, parsed."""
    return safexml.parse(_document(HEADER, BODY))


def level_1_report(body: str) -> etree._Element:
    """The same header around *body*, the inside of ``nonXMLBody``."""
    return safexml.parse(_document(HEADER, f"<nonXMLBody>{body}</nonXMLBody>"))


def _document(header: str, body: str) -> bytes:
    return (
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:ps3-20="urn:dicom-org:ps3-20"'
        f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{header}<component>{body}</component></ClinicalDocument>'
    ).encode()
