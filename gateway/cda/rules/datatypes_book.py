"""Data types: what is asked of them, and how it is said.

Source: HL7 v3 Data Types Release 1, which 001 section 3.1.3 and the "Volet Modèles de contenus CDA" refer to. In
``official`` these rules hold in the header alone: the validator binds its data type rules to elements of the header and
looks at the others, and at the body's, by the XML schema only.
"""

from __future__ import annotations

import re

from lxml import etree

from gateway.cda.elements import CDA
from gateway.cda.rules.engine import WARNING, Book, Context, Model, Rule, step_name

BOOK = Book("datatypes")
_R1 = "HL7 v3 Data Types R1, {}; 001 3.1.3"


def _rule(rule_id: str, fr: str, en: str, clause: str, **weights: object) -> Rule:
    return BOOK.rule(rule_id, fr, en, source=_R1.format(clause), **weights)  # type: ignore[arg-type]


II_ROOT = _rule(
    "T-II-1", "L'identifiant n'a pas d'attribut root.", "The identifier has no attribute root.", "II: root is required"
)  # fmt: skip
II_NULL = _rule(
    "T-II-2",
    "L'identifiant a à la fois une valeur et un nullFlavor.",
    "The identifier has both a value and a nullFlavor.",
    "II: nullFlavor excludes root and extension",
)
II_FORM = _rule(
    "T-II-3",
    "La racine « {value} » n'est ni un OID ni un UUID.",
    "The root “{value}” is neither an OID nor a UUID.",
    "II.root: OID or UUID (RUID are reserved to HL7)",
)
II_RUID = _rule(
    "T-II-6",
    "La racine « {value} » n'est ni un OID ni un UUID : c'est un nom, réservé à HL7.",
    "The root “{value}” is neither an OID nor a UUID: it is a name, reserved to HL7.",
    "II.root: RUID; the official example has one in an entry",
    spec=WARNING,
    official=None,
)
II_EXTENSION = _rule(
    "T-II-4",
    "L'extension de l'identifiant est vide ou bordée d'espaces.",
    "The extension of the identifier is empty or has blanks around it.",
    "II.extension: ST of at least one character",
    official=None,
)
II_TWICE = _rule(
    "T-II-5",
    "L'identifiant « {value} » est donné deux fois.",
    "The identifier “{value}” is given twice.",
    "SET: its items are distinct",
)
CD_EMPTY = _rule(
    "T-CD-1",
    "L'élément {name} n'a ni code, ni texte d'origine, ni nullFlavor.",
    "The element {name} has no code, no original text and no nullFlavor.",
    "CD: code, originalText or nullFlavor",
)
CD_SYSTEM = _rule(
    "T-CD-2",
    "Le code « {value} » n'a pas de codeSystem.",
    "The code “{value}” has no codeSystem.",
    "CD: code requires codeSystem",
)
CD_LABEL = _rule(
    "T-CD-3",
    "L'attribut {name} est donné sans le code ou le codeSystem qu'il décrit.",
    "The attribute {name} is given without the code or codeSystem that it describes.",
    "CD: codeSystemName and codeSystemVersion only with codeSystem, displayName only with code",
)
CD_NULL = _rule(
    "T-CD-4",
    "L'élément {name} a à la fois un code et un nullFlavor.",
    "The element {name} has both a code and a nullFlavor.",
    "CD: nullFlavor excludes code and displayName",
)
CD_TWICE = _rule(
    "T-CD-5",
    "La traduction « {value} » est donnée deux fois.",
    "The translation “{value}” is given twice.",
    "CD.translation: a SET, its items are distinct",
)
CD_TRANSLATION_NULL = _rule(
    "T-CD-6",
    "Une traduction ne peut pas être un nullFlavor.",
    "A translation cannot be a nullFlavor.",
    "CD.translation: no exceptional value in a SET",
)
CD_SYSTEM_FORM = _rule(
    "T-CD-7",
    "Le codeSystem « {value} » n'est pas un OID.",
    "The codeSystem “{value}” is not an OID.",
    "CD.codeSystem: OID",
    official=None,
)
CD_SYSTEM_NAME = _rule(
    "T-CD-8",
    "Le nom « {value} » est celui d'un autre système de codage que {expected}.",
    "The name “{value}” is that of another code system than {expected}.",
    "CD.codeSystemName: the name of the codeSystem, for a person to read",
    spec=WARNING,
    official=None,
)
CS_CODE = _rule(
    "T-CS-1",
    "L'élément {name} doit avoir un code, ou un nullFlavor, et pas les deux.",
    "The element {name} must have a code, or a nullFlavor, and not both.",
    "CS: code or nullFlavor",
)
TS_FORM = _rule(
    "T-TS-1",
    "« {value} » n'est pas une date et heure réelle (AAAAMMJJ[hhmm[ss]][+zzzz]).",
    "“{value}” is not a real date and time (YYYYMMDD[hhmm[ss]][+zzzz]).",
    "TS: a point in time of the calendar",
)
TS_EMPTY = _rule(
    "T-TS-2",
    "L'élément {name} n'a ni valeur ni nullFlavor.",
    "The element {name} has neither a value nor a nullFlavor.",
    "QTY: value or nullFlavor",
)
TS_NULL = _rule(
    "T-TS-3",
    "L'élément {name} a à la fois une valeur et un nullFlavor.",
    "The element {name} has both a value and a nullFlavor.",
    "QTY: nullFlavor excludes value",
)
IVL_ORDER = _rule(
    "T-IVL-1",
    "L'intervalle finit ({value}) avant d'avoir commencé ({expected}).",
    "The interval ends ({value}) before it has begun ({expected}).",
    "IVL: low is not after high",
)
IVL_FORM = _rule(
    "T-IVL-2",
    "L'intervalle mélange value, low, high, center et width d'une façon qui n'est pas permise.",
    "The interval mixes value, low, high, center and width in a way that is not allowed.",
    "IVL: value alone; center with width at most; low and high without width",
)
PQ_UNIT = _rule(
    "T-PQ-1",
    "L'unité est donnée sans valeur.",
    "The unit is given without a value.",
    "PQ: unit only with value",
    official=None,
)
ST_EMPTY = _rule(
    "T-ST-1",
    "L'élément {name} est vide.",
    "The element {name} is empty.",
    "ST, ED, ADXP, ENXP: content or nullFlavor",
)
ED_BASE64 = _rule(
    "T-ED-1",
    "Le contenu annoncé en base64 n'est pas du base64.",
    "The content declared as base64 is not base64.",
    "ED.representation B64",
    official=None,
)
NULL_CONTENT = _rule(
    "T-ANY-1",
    "L'élément {name} dit n'avoir rien (nullFlavor) et contient pourtant quelque chose.",
    "The element {name} says that it has nothing (nullFlavor) and still holds something.",
    "ANY.nullFlavor excludes everything else",
)
TEL_FORM = _rule(
    "T-TEL-1",
    "« {value} » n'est pas une adresse de télécommunication (tel:, fax:, mailto:, http:, ftp: ou mllp:, puis la"
    " valeur).",
    "“{value}” is not a telecommunication address (tel:, fax:, mailto:, http:, ftp: or mllp:, then its value).",
    "TEL; CI-SIS Structuration minimale, telecom",
)
TEL_HTTPS = _rule(
    "T-TEL-2",
    "Le schéma https: n'est pas dans la liste du CI-SIS ; le validateur officiel le refuse.",
    "The scheme https: is not in the list of the CI-SIS; the official validator refuses it.",
    "TEL; CI-SIS Structuration minimale, telecom",
    spec=WARNING,
)
TEL_USE = _rule(
    "T-TEL-3",
    "L'usage « {value} » n'est pas permis pour un telecom (attendu : {expected}).",
    "The use “{value}” is not allowed for a telecom (expected: {expected}).",
    "TEL.use; CI-SIS Structuration minimale, telecom",
)
TEL_NULL = _rule(
    "T-TEL-4",
    "Un telecom sans valeur doit avoir pour seul attribut un nullFlavor parmi {expected}.",
    "A telecom without a value must have a nullFlavor of {expected} as its only attribute.",
    "TEL; CI-SIS Structuration minimale, telecom",
)
AD_MIXED = _rule(
    "T-AD-1",
    "L'adresse ou le nom mélange du texte et des éléments.",
    "The address or name mixes text and elements.",
    "AD, EN: text or parts",
)
AD_USE = _rule(
    "T-AD-2",
    "L'usage « {value} » n'est pas permis pour une adresse (attendu : {expected}).",
    "The use “{value}” is not allowed for an address (expected: {expected}).",
    "AD.use; CI-SIS Structuration minimale, addr",
)
AD_ONCE = _rule(
    "T-AD-3",
    "L'adresse donne {name} plusieurs fois.",
    "The address gives {name} several times.",
    "AD; CI-SIS Structuration minimale, addr: each part at most once, streetAddressLine at most 7",
)
TWICE = _rule(
    "T-SET-1",
    "L'élément {name} est donné deux fois à l'identique.",
    "The element {name} is given twice with the same content.",
    "SET: its items are distinct",
)
NULL_BESIDE = _rule(
    "T-SET-2",
    "L'élément {name} dit n'avoir rien (nullFlavor) à côté d'un autre {name} qui a une valeur.",
    "The element {name} says to have nothing (nullFlavor) beside another {name} that has a value.",
    "SET: a null among values; Gazelle CDA basic requirements, RIM-001",
)
AD_EMPTY = _rule(
    "T-AD-4",
    "L'élément {name} est vide.",
    "The element {name} is empty.",
    "AD, EN: parts, text or nullFlavor",
)
ON_PARTS = _rule(
    "T-ON-1",
    "Pour le validateur officiel, le nom d'une organisation n'a pas de parties : c'est un texte.",
    "To the official validator the name of an organisation has no parts: it is a text.",
    "ON, as the ANS validator binds it",
    spec=None,
)
PN_STATUS = _rule(
    "T-PN-1",
    "Pour le validateur officiel, le nom d'une personne n'a pas de statut juridique (LS).",
    "To the official validator the name of a person has no legal status (LS).",
    "PN: the qualifier LS is of organisations, as the ANS validator binds it",
    spec=None,
)


_BODY = f"{{{CDA}}}component"


def in_body(element: etree._Element) -> bool:
    return any(above.tag == _BODY for above in element.iterancestors())


def say(context: Context, rule: Rule, element: etree._Element, **facts: object) -> None:
    """Say *rule*; in ``official``, and of a model that is not ours, about the header alone.

    Of the header ``official`` leaves out what the validator binds no data type to.
    """
    if (context.official or context.model is Model.OTHER) and in_body(element):
        return
    if not (context.official and _UNBOUND.match(_steps(element))):
        context.say(rule, element, **facts)  # type: ignore[arg-type]


_UNBOUND = re.compile(
    r"""ClinicalDocument/(
        dataEnterer/assignedEntity/
        | recordTarget/patientRole/providerOrganization/
        | recordTarget/patientRole/patient/(guardian/code|languageCommunication/|maritalStatusCode)
        | author/assignedAuthor/assignedAuthoringDevice/code
        | informant/relatedEntity/effectiveTime
        | informationRecipient/.*/receivedOrganization/standardIndustryClassCode
        | inFulfillmentOf/order/priorityCode
        | relatedDocument/parentDocument/setId
        | componentOf/.*/serviceProviderOrganization/
        | (author|informant|authenticator|participant|componentOf/.*/encounterParticipant)/.*/asOrganizationPartOf/
        | .*/wholeOrganization/
    )""",
    re.VERBOSE,
)
"""Where the official validator looks at values by the XML schema alone: it binds its data types place by place."""


def _steps(element: etree._Element) -> str:
    """The names from the root down to *element*."""
    return "/".join(reversed([step_name(one) for one in (element, *element.iterancestors())]))
