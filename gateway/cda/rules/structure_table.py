"""The grammar of a CDA R2 report: which elements, in which order, how often, with which attributes.

Facts of HL7 CDA R2 (classes of POCD_MT000040, data types Release 1, narrative block) with the extensions that the
CI-SIS allows (``ps3-20`` for the accession number, ``sdtc``, ``pharm``, ``lab``), written in a notation of our own:

    Name @attribute... : child:Class...

A child is followed by ``?`` (0..1), ``*`` (0..n), ``+`` (1..n), or nothing (exactly one); ``(a:A|b:B)`` is exactly one
of them, ``(a:A|b:B)?`` one at most, ``(a:A|b:B)*`` any number of one of them, ``(a:A|b:B)+`` any mixture. Children
stand in the order written, unless the name carries ``~`` (any order; a child marked ``^`` comes first all the same).
``Name>Base`` has everything of *Base* before its own. ``"`` after the name allows text between the elements. An
attribute is ``@name:type``, with ``!`` when it is required, or ``@name=A|B`` for a fixed list, ``@name={list}`` for a
list of :data:`LISTS`. A name starting with a capital is a class or a data type; ``ANYTHING`` is not looked into. Every
class has ``realmCode:CS* typeId:TYPEID? templateId:II*`` before its children, ``nullFlavor`` is everywhere but in the
narrative, and ``%who`` and ``%ties`` stand for the participations and relationships that acts share.
"""

from __future__ import annotations

WHO = (
    "subject:Subject? specimen:Specimen* performer:Performer2* author:Author* informant:Informant*"
    " participant:Participant2*"
)
SUBSTANCE_WHO = (
    "subject:Subject? specimen:Specimen* consumable:Consumable performer:Performer2* author:Author*"
    " informant:Informant* participant:Participant2*"
)
TIES = "entryRelationship:EntryRelationship* reference:Reference* precondition:Precondition*"
STATEMENT = (
    "(act:Act|encounter:Encounter|observation:Observation|observationMedia:ObservationMedia|organizer:Organizer"
    "|procedure:Procedure|regionOfInterest:RegionOfInterest|substanceAdministration:SubstanceAdministration"
    "|supply:Supply)"
)
INLINE = "content:Content* linkHtml:LinkHtml* sub:Sub* sup:Sup* br:Br* footnote:Footnote* footnoteRef:FootnoteRef*"
MEDIA = "renderMultiMedia:RenderMultiMedia*"
BLOCK = "paragraph:Paragraph* list:List* table:Table*"
PLACED = "@align=left|center|right|justify|char @char:text @charoff:text @valign=top|middle|bottom|baseline"
CODED = "@code:cs @codeSystem:uid @codeSystemName:st @codeSystemVersion:st @displayName:st"

MACROS = {
    "%who": WHO,
    "%substance_who": SUBSTANCE_WHO,
    "%ties": TIES,
    "%statement": STATEMENT,
    "%inline": INLINE,
    "%media": MEDIA,
    "%block": BLOCK,
    "%placed": PLACED,
    "%coded": CODED,
    "%done": "sdtc:inFulfillmentOf1:ANYTHING*",
}

HEADER = """
ClinicalDocument @classCode={document} @moodCode=EVN : id:II code:CE title:ST? effectiveTime:TS confidentialityCode:CE
  languageCode:CS? setId:II? versionNumber:INT? copyTime:TS? recordTarget:RecordTarget+ author:Author+
  dataEnterer:DataEnterer? informant:Informant* custodian:Custodian informationRecipient:InformationRecipient*
  legalAuthenticator:LegalAuthenticator? authenticator:Authenticator* participant:Participant1*
  inFulfillmentOf:InFulfillmentOf* documentationOf:DocumentationOf* relatedDocument:RelatedDocument*
  authorization:Authorization* componentOf:ComponentOf? component:Body sdtc:statusCode:ANYTHING?
RecordTarget @typeCode=RCT @contextControlCode=OP : patientRole:PatientRole
PatientRole @classCode=PAT : id:II+ addr:AD* telecom:TEL* patient:Patient? providerOrganization:Organization?
Patient @classCode=PSN @determinerCode=INSTANCE : id:II? name:PN* sdtc:desc:ANYTHING? administrativeGenderCode:CE?
  birthTime:TS? sdtc:deceasedInd:ANYTHING? sdtc:deceasedTime:ANYTHING? sdtc:multipleBirthInd:ANYTHING?
  sdtc:multipleBirthOrderNumber:ANYTHING? maritalStatusCode:CE? religiousAffiliationCode:CE? raceCode:CE?
  sdtc:raceCode:ANYTHING* ethnicGroupCode:CE? sdtc:ethnicGroupCode:ANYTHING* guardian:Guardian* birthplace:Birthplace?
  languageCommunication:LanguageCommunication*
Guardian @classCode=GUARD : id:II* code:CE? addr:AD* telecom:TEL*
  (guardianPerson:Person|guardianOrganization:Organization)
Birthplace @classCode=BIRTHPL : place:Place
Place @classCode=PLC|CITY|COUNTRY|COUNTY|PROVINCE @determinerCode=INSTANCE : name:EN? addr:AD?
LanguageCommunication : languageCode:CS? modeCode:CE? proficiencyLevelCode:CE? preferenceInd:BL?
Person @classCode=PSN @determinerCode=INSTANCE : name:PN* sdtc:desc:ANYTHING? sdtc:asPatientRelationship:ANYTHING?
Organization @classCode=ORG|PUB|STATE|NAT @determinerCode=INSTANCE : id:II* name:ON* telecom:TEL* addr:AD*
  standardIndustryClassCode:CE? asOrganizationPartOf:OrganizationPartOf?
OrganizationPartOf @classCode=PART : id:II* code:CE? statusCode:CS? effectiveTime:IVL_TS?
  wholeOrganization:Organization?
Author @typeCode=AUT @contextControlCode=OP : functionCode:CE? time:TS assignedAuthor:AssignedAuthor
AssignedAuthor @classCode={assigned} : id:II+ code:CE? addr:AD* telecom:TEL*
  (assignedPerson:Person|assignedAuthoringDevice:AuthoringDevice)? representedOrganization:Organization?
AuthoringDevice @classCode=DEV|CER|MODDV @determinerCode=INSTANCE : code:CE? manufacturerModelName:SC? softwareName:SC?
  asMaintainedEntity:MaintainedEntity*
MaintainedEntity @classCode=MNT : effectiveTime:IVL_TS? maintainingPerson:Person
AssignedEntity @classCode={assigned} : id:II+ code:CE? addr:AD* telecom:TEL* assignedPerson:Person?
  representedOrganization:Organization? sdtc:patient:ANYTHING?
DataEnterer @typeCode=ENT @contextControlCode=OP : time:TS? assignedEntity:AssignedEntity
Informant @typeCode=INF @contextControlCode=OP : (assignedEntity:AssignedEntity|relatedEntity:RelatedEntity)
RelatedEntity @classCode!={mutual} : code:CE? addr:AD* telecom:TEL* effectiveTime:IVL_TS? relatedPerson:Person?
Custodian @typeCode=CST : assignedCustodian:AssignedCustodian
AssignedCustodian @classCode={assigned} : representedCustodianOrganization:CustodianOrganization
CustodianOrganization @classCode=ORG|PUB|STATE|NAT @determinerCode=INSTANCE : id:II+ name:ON? telecom:TEL? addr:AD?
InformationRecipient @typeCode=PRCP|TRC : intendedRecipient:IntendedRecipient
IntendedRecipient @classCode=ASSIGNED|HLTHCHRT : id:II* addr:AD* telecom:TEL* informationRecipient:Person?
  receivedOrganization:Organization?
LegalAuthenticator @typeCode=LA @contextControlCode=OP : time:TS signatureCode:CS sdtc:signatureText:ANYTHING?
  assignedEntity:AssignedEntity
Authenticator @typeCode=AUTHEN : time:TS signatureCode:CS assignedEntity:AssignedEntity sdtc:signatureText:ANYTHING?
Participant1 @typeCode!={participation} @contextControlCode=OP : functionCode:CE? time:IVL_TS?
  associatedEntity:AssociatedEntity
AssociatedEntity @classCode!={associative} : id:II* code:CE? addr:AD* telecom:TEL* associatedPerson:Person?
  scopingOrganization:Organization?
InFulfillmentOf @typeCode={fulfils} : order:Order
Order @classCode={act} @moodCode=RQO : id:II+ code:CE? priorityCode:CE? ps3-20:accessionNumber:II*
DocumentationOf @typeCode=DOC : serviceEvent:ServiceEvent
ServiceEvent @classCode={act} @moodCode=EVN : id:II* code:CE? lab:statusCode:ANYTHING? effectiveTime:IVL_TS?
  performer:Performer1*
Performer1 @typeCode!=PRF|SPRF : functionCode:CE? time:IVL_TS? assignedEntity:AssignedEntity
RelatedDocument @typeCode!=APND|RPLC|XFRM : parentDocument:ParentDocument
ParentDocument @classCode={document} @moodCode=EVN : id:II+ code:CD? text:ED? setId:II? versionNumber:INT?
Authorization @typeCode=AUTH : consent:Consent
Consent @classCode=CONS @moodCode=EVN : id:II* code:CE? statusCode:CS
ComponentOf @typeCode={component} : encompassingEncounter:EncompassingEncounter
EncompassingEncounter @classCode=ENC @moodCode=EVN : id:II* code:CE? effectiveTime:IVL_TS dischargeDispositionCode:CE?
  responsibleParty:ResponsibleParty? encounterParticipant:EncounterParticipant* location:Location?
ResponsibleParty @typeCode=RESP : assignedEntity:AssignedEntity
EncounterParticipant @typeCode!=ADM|ATND|CON|DIS|REF : time:IVL_TS? assignedEntity:AssignedEntity
Location @typeCode=LOC|DST|ELOC|ORG|RML|VIA : healthCareFacility:HealthCareFacility
HealthCareFacility @classCode=SDLOC|DSDLOC|ISDLOC : id:II* code:CE? location:Place?
  serviceProviderOrganization:Organization?
"""

BODY = """
Body @typeCode={component} @contextConductionInd=true : (nonXMLBody:NonXMLBody|structuredBody:StructuredBody)
NonXMLBody @classCode=DOCBODY @moodCode=EVN : text:ED confidentialityCode:CE? languageCode:CS?
StructuredBody @classCode=DOCBODY @moodCode=EVN : confidentialityCode:CE? languageCode:CS? component:SectionComponent+
SectionComponent @typeCode={component} @contextConductionInd=true : section:Section
Section @ID:ID @classCode=DOCSECT @moodCode=EVN : id:II? code:CE? title:ST? text:Text? confidentialityCode:CE?
  languageCode:CS? subject:Subject? author:Author* informant:Informant* entry:Entry* component:SectionComponent*
Entry @typeCode=COMP|DRIV @contextConductionInd=true : %statement
EntryRelationship @typeCode!=CAUS|COMP|GEVL|MFST|REFR|RSON|SAS|SPRT|SUBJ|XCRPT @inversionInd:bl
  @contextConductionInd:bl @negationInd:bl : sequenceNumber:INT? seperatableInd:BL? %statement
OrganizerComponent @typeCode={component} @contextConductionInd=true : sequenceNumber:INT? seperatableInd:BL?
  sdtc:priorityNumber:ANYTHING? %statement
Act @classCode!={entry_act} @moodCode!={act_mood} @negationInd:bl : id:II* code:CD text:ED? statusCode:CS?
  effectiveTime:IVL_TS? priorityCode:CE? languageCode:CS? %who %ties %done
Encounter @classCode!={any_act} @moodCode!={procedure_mood} @negationInd:bl : id:II* code:CD? text:ED? statusCode:CS?
  effectiveTime:IVL_TS? sdtc:dischargeDispositionCode:ANYTHING? priorityCode:CE? %who %ties %done
Observation @classCode!={observation} @moodCode!={observation_mood} @negationInd:bl : id:II* code:CD derivationExpr:ST?
  text:ED? statusCode:CS? effectiveTime:IVL_TS? priorityCode:CE? repeatNumber:IVL_INT? languageCode:CS? value:ANY*
  interpretationCode:CE* methodCode:CE* targetSiteCode:CD* %who %ties referenceRange:ReferenceRange* %done
ObservationMedia @ID:ID @classCode!={observation} @moodCode!={mood} : id:II* languageCode:CS? value:ED %who %ties
Organizer @classCode!=BATTERY|CLUSTER @moodCode!={mood} : id:II* code:CD? sdtc:text:ANYTHING? statusCode:CS
  effectiveTime:IVL_TS? %who reference:Reference* precondition:Precondition* component:OrganizerComponent*
Procedure @classCode!={any_act} @moodCode!={procedure_mood} @negationInd:bl : id:II* code:CD? text:ED? statusCode:CS?
  effectiveTime:IVL_TS? priorityCode:CE? languageCode:CS? methodCode:CE* approachSiteCode:CD* targetSiteCode:CD*
  %who %ties %done
RegionOfInterest @ID:ID @classCode!=ROIOVL @moodCode!=EVN : id:II+ code:CS value:UNSORTED+ %who %ties
SubstanceAdministration @classCode!=SBADM @moodCode!={substance_mood} @negationInd:bl : id:II* code:CD? text:ED?
  statusCode:CS? effectiveTime:SXCM_TS* priorityCode:CE? repeatNumber:IVL_INT? routeCode:CE? approachSiteCode:CD*
  doseQuantity:IVL_PQ? rateQuantity:IVL_PQ? maxDoseQuantity:RTO_PQ_PQ? administrationUnitCode:CE? %substance_who
  %ties %done
Supply @classCode!=SPLY @moodCode!={substance_mood} : id:II* code:CD? text:ED? statusCode:CS? effectiveTime:SXCM_TS*
  priorityCode:CE* repeatNumber:IVL_INT? independentInd:BL? quantity:PQ? expectedUseTime:IVL_TS? subject:Subject?
  specimen:Specimen* product:Product? performer:Performer2* author:Author* informant:Informant*
  participant:Participant2* %ties %done
Subject @typeCode=SBJ|SPC @contextControlCode=OP : awarenessCode:CE? relatedSubject:RelatedSubject
RelatedSubject @classCode=PAT|PRS : sdtc:id:ANYTHING* code:CE? addr:AD* telecom:TEL* subject:SubjectPerson?
SubjectPerson @classCode=PSN @determinerCode=INSTANCE : sdtc:id:ANYTHING* name:PN* sdtc:desc:ANYTHING?
  administrativeGenderCode:CE? birthTime:TS? sdtc:deceasedInd:ANYTHING? sdtc:deceasedTime:ANYTHING?
  sdtc:multipleBirthInd:ANYTHING? sdtc:multipleBirthOrderNumber:ANYTHING? sdtc:raceCode:ANYTHING*
  sdtc:ethnicGroupCode:ANYTHING*
Specimen @typeCode=SPC : specimenRole:SpecimenRole
SpecimenRole @classCode=SPEC|ALQT|ISLT : id:II* specimenPlayingEntity:PlayingEntity?
Performer2 @typeCode=PRF|DIST|PPRF|SPRF : sdtc:functionCode:ANYTHING? time:IVL_TS? modeCode:CE?
  assignedEntity:AssignedEntity
Participant2 @typeCode!={participation} @contextControlCode=OP : time:IVL_TS? awarenessCode:CE?
  participantRole:ParticipantRole
ParticipantRole @classCode={role} : functionCode:ANYTHING? id:II* code:CE? addr:AD* telecom:TEL*
  (playingDevice:Device|playingEntity:PlayingEntity)? scopingEntity:Entity?
Device @classCode=DEV|CER|MODDV @determinerCode=INSTANCE : code:CE? manufacturerModelName:SC? softwareName:SC?
PlayingEntity @classCode={entity} @determinerCode=INSTANCE : code:CE? quantity:PQ* name:PN* sdtc:birthTime:ANYTHING?
  desc:ED?
Entity @classCode={entity} @determinerCode=INSTANCE : id:II* code:CE? desc:ED?
Consumable @typeCode=CSM : manufacturedProduct:ManufacturedProduct
Product @typeCode=PRD : manufacturedProduct:ManufacturedProduct
ManufacturedProduct @classCode=MANU|THER : id:II* (manufacturedLabeledDrug:LabeledDrug|manufacturedMaterial:Material)
  manufacturerOrganization:Organization? pharm:subjectOf1:ANYTHING* pharm:subjectOf2:ANYTHING*
  pharm:subjectOf3:ANYTHING* pharm:subjectOf4:ANYTHING* pharm:subjectOf5:ANYTHING?
LabeledDrug @classCode={material} @determinerCode=KIND|QUANTIFIED_KIND : code:CE? name:EN?
Material @classCode={material} @determinerCode=KIND|QUANTIFIED_KIND : code:CE? name:EN? pharm:desc:ANYTHING?
  pharm:riskCode:ANYTHING? pharm:handlingCode:ANYTHING? pharm:formCode:ANYTHING? lotNumberText:ST?
  pharm:expirationTime:ANYTHING? pharm:stabilityTime:ANYTHING? pharm:asDistributedProduct:ANYTHING*
  pharm:asMedicineManufacturer:ANYTHING* pharm:asContent:ANYTHING? pharm:asSpecializedKind:ANYTHING*
  pharm:part:ANYTHING* pharm:ingredient:ANYTHING*
Reference @typeCode!=ELNK|REFR|RPLC|SPRT|SUBJ|XCRPT : seperatableInd:BL? (externalAct:ExternalAct
  |externalObservation:ExternalObservation|externalProcedure:ExternalProcedure|externalDocument:ExternalDocument)
ExternalAct @classCode={act} @moodCode=EVN : id:II* code:CD? text:ED?
ExternalObservation @classCode={observation} @moodCode=EVN : id:II* code:CD? text:ED?
ExternalProcedure @classCode=PROC @moodCode=EVN : id:II* code:CD? text:ED?
ExternalDocument @classCode=DOC|DOCCLIN|CDALVLONE @moodCode=EVN : id:II* code:CD? text:ED? setId:II? versionNumber:INT?
Precondition @typeCode=PRCN : criterion:Criterion
Criterion @classCode={observation} @moodCode=EVN.CRT : code:CD? text:ED? value:ANY?
ReferenceRange @typeCode=REFV : observationRange:ObservationRange
ObservationRange @classCode={observation} @moodCode=EVN.CRT : code:CD? text:ED? value:ANY? interpretationCode:CE?
  sdtc:precondition1:ANYTHING* lab:precondition:ANYTHING*
"""

NARRATIVE = """
Styled @ID:ID @language:nmtoken @styleCode:nmtokens
Text~">Styled @mediaType=text/x-hl7-text+xml : %inline %media %block
Content~">Styled @revised=insert|delete : %inline %media
LinkHtml~">Styled @name:text @href:text @rel:text @rev:text @title:text : footnote:Footnote* footnoteRef:FootnoteRef*
Sub"
Sup"
Br
Footnote~">Styled : content:Content* linkHtml:LinkHtml* sub:Sub* sup:Sup* br:Br* %media %block
FootnoteRef>Styled @IDREF!:ID_of_another
RenderMultiMedia>Styled @referencedObject!:IDs_of_others : caption:Caption?
Caption~">Styled : linkHtml:LinkHtml* sub:Sub* sup:Sup* footnote:Footnote* footnoteRef:FootnoteRef*
Paragraph~">Styled : caption:Caption?^ %inline %media
List>Styled @listType=ordered|unordered : caption:Caption? item:Item+
Item~">Styled : caption:Caption?^ %inline %media %block
Table>Styled @summary:text @width:text @border:text @frame=void|above|below|hsides|lhs|rhs|vsides|box|border
  @rules=none|groups|rows|cols|all @cellspacing:text @cellpadding:text : caption:Caption?
  (col:Col|colgroup:Colgroup)* thead:Rows? tfoot:Rows? tbody:Rows+
Col>Styled @span:text @width:text %placed
Colgroup>Styled @span:text @width:text %placed : col:Col*
Rows>Styled %placed : tr:Row+
Row~>Styled %placed : (th:Heading|td:Cell)+
Cell~">Styled @abbr:text @axis:text @headers:text @scope=row|col|rowgroup|colgroup @rowspan:text @colspan:text %placed :
  %inline %media paragraph:Paragraph* list:List*
Heading~">Styled @abbr:text @axis:text @headers:text @scope=row|col|rowgroup|colgroup @rowspan:text @colspan:text
  %placed : %inline %media
"""

DATA = """
ANY
II @root:uid @extension:st @assigningAuthorityName:st @displayable:bl
TYPEID @root!=2.16.840.1.113883.1.3 @extension!:st
CS @code:cs
CD %coded @sdtc:valueSet:oid @sdtc:valueSetVersion:st : originalText:ED? qualifier:CR* translation:CD*
CE %coded : originalText:ED? translation:CD*
CV %coded : originalText:ED?
CO>CV
CR @inverted:bl : name:CV? value:CD?
SC" %coded @representation=TXT @mediaType=text/plain @language:cs
ED" @representation=B64|TXT @mediaType:cs @language:cs @compression=DF|GZ|Z|ZL @integrityCheck:base64
  @integrityCheckAlgorithm=SHA-1|SHA-256 : reference:TEL? thumbnail:THUMBNAIL?
THUMBNAIL" @representation=B64|TXT @mediaType:cs @language:cs @compression=DF|GZ|Z|ZL @integrityCheck:base64
  @integrityCheckAlgorithm=SHA-1|SHA-256 : reference:TEL?
ST" @representation=TXT @mediaType=text/plain @language:cs
BL @value:bl
BN @value:bl
INT @value:int
UNSORTED>INT @unsorted:boolean
REAL @value:real
TS @value:ts
PQ @value:real @unit:cs : translation:PQR*
PQR @value:real %coded : originalText:ED?
MO @value:real @currency:cs
TEL @value:uri @use={telecom_use} : useablePeriod:SXCM_TS*
SXCM_TS>TS @operator=A|E|H|I|P
IVXB_TS>TS @inclusive:bl
IVL_TS>SXCM_TS : low:IVXB_TS? center:TS? width:PQ? high:IVXB_TS?
PIVL_TS>SXCM_TS @alignment:cs @institutionSpecified:bl : phase:IVL_TS? period:PQ?
EIVL_TS>SXCM_TS : event:CE? offset:IVL_PQ?
SXPR_TS>SXCM_TS : comp:SXCM_TS+
SXCM_PQ>PQ @operator=A|E|H|I|P
IVXB_PQ>PQ @inclusive:bl
IVL_PQ>SXCM_PQ : low:IVXB_PQ? center:PQ? width:PQ? high:IVXB_PQ?
SXCM_INT>INT @operator=A|E|H|I|P
IVXB_INT>INT @inclusive:bl
IVL_INT>SXCM_INT : low:IVXB_INT? center:INT? width:INT? high:IVXB_INT?
IVXB_REAL>REAL @inclusive:bl
IVL_REAL>REAL @operator=A|E|H|I|P : low:IVXB_REAL? center:REAL? width:REAL? high:IVXB_REAL?
RTO_PQ_PQ : numerator:PQ denominator:PQ
RTO_QTY_QTY : numerator:PQ denominator:PQ
RTO>RTO_QTY_QTY
RTO_MO_PQ : numerator:MO denominator:PQ
AD~" @use={address_use} @isNotOrdered:bl : delimiter:ADXP* country:ADXP* state:ADXP* county:ADXP* city:ADXP*
  postalCode:ADXP* streetAddressLine:ADXP* houseNumber:ADXP* houseNumberNumeric:ADXP* direction:ADXP* streetName:ADXP*
  streetNameBase:ADXP* streetNameType:ADXP* additionalLocator:ADXP* unitID:ADXP* unitType:ADXP* careOf:ADXP*
  censusTract:ADXP* deliveryAddressLine:ADXP* deliveryInstallationType:ADXP* deliveryInstallationArea:ADXP*
  deliveryInstallationQualifier:ADXP* deliveryMode:ADXP* deliveryModeIdentifier:ADXP* buildingNumberSuffix:ADXP*
  postBox:ADXP* precinct:ADXP* useablePeriod:SXCM_TS*
ADXP" @partType:cs @representation=TXT @mediaType=text/plain @language:cs
EN~" @use={name_use} : delimiter:ENXP* family:ENXP* given:ENXP* prefix:ENXP* suffix:ENXP* validTime:IVL_TS?
PN>EN
ON~" @use={name_use} : delimiter:ENXP* prefix:ENXP* suffix:ENXP* validTime:IVL_TS?
TN" @use={name_use} : validTime:IVL_TS?
ENXP" @partType:cs @qualifier={name_qualifier} @representation=TXT @mediaType=text/plain @language:cs
"""

DERIVED = {
    "ANY": "II CS CD CE CV CO SC ED ST BL BN INT REAL TS PQ MO TEL IVL_TS PIVL_TS EIVL_TS SXPR_TS SXCM_TS IVL_PQ"
    " IVL_INT IVL_REAL RTO RTO_PQ_PQ RTO_QTY_QTY RTO_MO_PQ AD EN PN ON TN PQR",
    "CD": "CE CV CO CS PQR",
    "CE": "CV CO CS PQR",
    "CV": "CO CS PQR",
    "ED": "ST",
    "TS": "SXCM_TS IVXB_TS IVL_TS PIVL_TS EIVL_TS SXPR_TS",
    "SXCM_TS": "IVL_TS PIVL_TS EIVL_TS SXPR_TS",
    "PQ": "SXCM_PQ IVXB_PQ IVL_PQ",
    "EN": "PN ON TN",
}
"""Data types that ``xsi:type`` may put in the place of another (those that derive from it)."""

LISTS = {
    "document": "DOCCLIN|CDALVLONE",
    "assigned": "ASSIGNED|COMPAR|CON|ECON|NOK|SGNOFF",
    "fulfils": "FLFS|OCCR|OREF|SCH",
    "component": "COMP|ARR|CTRLV|DEP",
    "material": "MMAT|CONT|HOLD|DEV|CER|MODDV",
    "act_mood": "APT|ARQ|DEF|EVN|INT|PRMS|PRP|RQO|RSK",
    "procedure_mood": "APT|ARQ|DEF|EVN|INT|PRMS|PRP|RQO",
    "observation_mood": "APT|ARQ|DEF|EVN|GOL|INT|PRMS|PRP|RQO|RSK",
    "substance_mood": "DEF|EVN|INT|PRMS|PRP|RQO",
    "mood": "APT|ARQ|CRT|DEF|EVN|EVN.CRT|EXPEC|GOL|INT|OPT|PERM|PERMRQ|PRMS|PRP|RMD|RQO|RSK|SLOT",
    "entry_act": "ACCM|ACSN|ACT|AEXPOS|CONS|CONTREG|CTTEVENT|DISPACT|EXPOS|INC|INFRM|LIST|MPROT|PCPR|REG|REV|SPCTRT"
    "|STORE|TEXPOS|TRFR|TRNS",
    "observation": "OBS|ROIBND|ROIOVL|LLD|PRN|RLD|SFWL|SIT|STN|SUP|RTRD|TRD|ALRT|BATTERY|CLNTRL|CNOD|CONC|COND|CASE"
    "|OUTB|DGIMG|GEN|DETPOL|EXP|LOC|PHN|POL|SEQ|SEQVAR|INVSTG|OBSSER|OBSCOR|POS|POSACC|POSCOORD|SPCOBS|VERIF",
    "act": "ACT|COMPOSITION|DOC|DOCCLIN|CDALVLONE|CONTAINER|CATEGORY|DOCBODY|DOCSECT|TOPIC|EXTRACT|EHR|FOLDER|GROUPER"
    "|CLUSTER|ACCM|ACCT|ACSN|ADJUD|CACT|ACTN|INFO|STC|CNTRCT|FCNTRCT|COV|CONS|CONTREG|CTTEVENT|DISPACT|EXPOS|AEXPOS"
    "|TEXPOS|INC|INFRM|INVE|LIST|MPROT|PCPR|ENC|POLICY|JURISPOL|ORGPOL|SCOPOL|STDPOL|PROC|SBADM|SBEXT|SPECCOLLECT|REG"
    "|REV|SPCTRT|SPLY|DIET|STORE|SUBST|TRFR|TRNS|XACT|{observation}",
    "any_act": "{act}",
    "mutual": "AFFL|AGNT|ASSIGNED|COMPAR|SGNOFF|CON|ECON|NOK|GUARD|CIT|COVPTY|CLAIM|NAMED|DEPEN|INDIV|SUBSCR|PROG|CRINV"
    "|CRSPNSR|EMP|MIL|GUAR|INVSBJ|CASEBJ|RESBJ|LIC|NOT|PROV|PAT|PAYEE|PAYOR|POLHOLD|QUAL|SPNSR|STD|UNDWRT|CAREGIVER|PRS",
    "associative": "{mutual}|ACCESS|ADJY|CONC|BOND|CONY|ADMM|BIRTHPL|DEATHPLC|DST|RET|EXPR|HLD|HLTHCHRT|IDENT|MANU|THER"
    "|MNT|OWN|RGPR|SDLOC|DSDLOC|ISDLOC|TERR|USED|WRTE",
    "role": "ROL|{associative}|EQUIV|SAME|SUBY|GEN|GRIC|INST|SUBS|CONT|EXPAGTCAR|EXPVECTOR|FOMITE|INGR|ACTI|ACTIB|ACTIM"
    "|ACTIR|ADJV|ADTV|BASE|IACT|COLR|FLVR|PRSV|STBL|MECH|LOCE|STOR|MBR|PART|ACTM|SPEC|ALQT|ISLT",
    "entity": "ENT|HCE|LIV|NLIV|ANM|MIC|PLNT|PSN|MAT|CHEM|FOOD|MMAT|CONT|HOLD|DEV|CER|MODDV|ORG|PUB|STATE|NAT|PLC|CITY"
    "|COUNTRY|COUNTY|PROVINCE|RGRP",
    "participation": "ADM|ALY|ATND|AUT|AUTHEN|BBY|BEN|CAGNT|CALLBCK|CAT|CON|COV|CSM|CST|DEV|DIR|DIS|DIST|DON|DST|ELOC"
    "|ENT|ESC|EXPAGNT|EXPART|EXPTRGT|EXSRC|GUAR|HLD|IND|INF|IRCP|LA|LOC|NOT|NRD|ORG|PART|PPRF|PRCP|PRD|PRF|RCT|RCV|RDV|REF"
    "|REFB|REFT|RESP|RML|SBJ|SPC|SPRF|TRANS|TRC|VIA|VRF|WIT",
    "telecom_use": "AS|BAD|CONF|DIR|EC|H|HP|HV|MC|PG|PUB|TMP|WP",
    "address_use": "BAD|CONF|DIR|H|HP|HV|PHYS|PST|PUB|TMP|WP",
    "name_use": "A|ABC|ASGN|C|I|IDE|L|OR|P|PHON|R|SNDX|SRCH|SYL",
    "name_qualifier": "AC|AD|BR|CL|CON|DEV|FRM|IN|INV|LS|NB|PR|SCI|SP|STR|TITLE|TMK|USE|VV",
    "null_flavor": "ASKU|DER|INV|MSK|NA|NASK|NAV|NI|NINF|OTH|PINF|QS|TRC|UNC|UNK",
}
SPACED = frozenset({"telecom_use", "address_use", "name_use", "name_qualifier"})
"""Lists of which an attribute may hold several words."""
