"""The body of the report that says everything once (``whole_report.py``), and the people it shares with the header."""

from __future__ import annotations

import base64

PDF = b"%PDF-1.4 nothing to see"
STUDY = "1.2.250.1.999.4.77.1"

PERSON = "<name><prefix>M</prefix><given>Yann</given><family>TANGUY</family><suffix>DR</suffix></name>"
WHERE = (
    '<addr use="WP"><houseNumber>4</houseNumber><streetName>quai de la Rade</streetName>'
    '<postalCode>29160</postalCode><city>CROZON</city></addr><telecom value="tel:0261910042" use="WP"/>'
)
HOUSE = (
    '<id root="1.2.250.1.71.4.2.2" extension="1290099993"/><name>Centre d\'imagerie</name>'
    '<telecom value="tel:0261910042"/><addr><city>CROZON</city></addr>'
    '<standardIndustryClassCode code="AMBULATOIRE" displayName="Ambulatoire" codeSystem="1.2.250.1.213.1.1.4.9"/>'
)
SPECIALTY = '<code code="G15_10/SM44" displayName="Radiologue" codeSystem="1.2.250.1.213.1.1.4.5"/>'


def entity(name: str, person: str = "assignedPerson", structure: str = "representedOrganization") -> str:
    return (
        f'<{name}><id root="1.2.250.1.71.4.2.1" extension="810999000010"/>{SPECIALTY}{WHERE}'
        f"<{person}>{PERSON}</{person}><{structure}>{HOUSE}</{structure}></{name}>"
    )


def _templates(*roots: str) -> str:
    return "".join(f'<templateId root="{root}"/>' for root in roots)


def _section(templates: tuple[str, ...], code: str, title: str, inside: str) -> str:
    number = len(code) + len(title) + len(inside)
    return (
        f'<component><section classCode="DOCSECT" moodCode="EVN" ID="s-{code}-{number}">{_templates(*templates)}'
        f'<id root="1.2.250.1.999.30.{number}"/><code code="{code}" codeSystem="2.16.840.1.113883.6.1"/>'
        f"<title>{title}</title>{inside}</section></component>"
    )


_COMMENT = (
    '<entryRelationship typeCode="SUBJ" inversionInd="true"><act classCode="ACT" moodCode="EVN">'
    + _templates("2.16.840.1.113883.10.20.1.40", "1.3.6.1.4.1.19376.1.5.3.1.4.2", "1.2.250.1.213.1.1.3.32")
    + '<code code="48767-8" displayName="Commentaire" codeSystem="2.16.840.1.113883.6.1"/>'
    '<text><reference value="#comment"/></text><statusCode code="completed"/>'
    f'<author><time value="20250314102100+0100"/>{entity("assignedAuthor")}</author></act></entryRelationship>'
)
_SITE = (
    '<targetSiteCode xsi:type="CD" code="302548004" displayName="tête entière" codeSystem="2.16.840.1.113883.6.96">'
    '<originalText mediaType="text/xml"><reference value="#site"/></originalText>'
    '<qualifier><name code="106233006" displayName="modificateur" codeSystem="2.16.840.1.113883.6.96"/>'
    '<value code="51440002" displayName="droite et gauche" codeSystem="2.16.840.1.113883.6.96"/></qualifier>'
    "</targetSiteCode>"
)


def _product(name: str, lot: str) -> str:
    return (
        '<consumable typeCode="CSM"><manufacturedProduct classCode="MANU"><id root="1.2.250.1.999.31"/>'
        '<manufacturedMaterial><code><originalText><reference value="#product"/></originalText>'
        '<translation code="3400936915657" displayName="SOL INJ" codeSystem="1.2.250.1.213.2.3.2"/>'
        '<translation code="V08AB11" displayName="IOBITRIDOL" codeSystem="2.16.840.1.113883.6.73"/></code>'
        f"<name>{name}</name><lotNumberText>{lot}</lotNumberText></manufacturedMaterial>"
        f"<manufacturerOrganization>{HOUSE}</manufacturerOrganization></manufacturedProduct></consumable>"
    )


def _observation(templates: tuple[str, ...], code: str, system: str, inside: str, kind: str = "OBS") -> str:
    return (
        f'<observation classCode="{kind}" moodCode="EVN">{_templates(*templates)}'
        f'<id root="1.2.250.1.999.32.{len(inside)}"/><code code="{code}" codeSystem="{system}"/>{inside}</observation>'
    )


_LOINC, _SNOMED, _DCM = "2.16.840.1.113883.6.1", "2.16.840.1.113883.6.96", "1.2.840.10008.2.16.4"
_OBSERVATION = ("2.16.840.1.113883.10.20.6.2.13", "1.2.250.1.213.1.1.3.150")
_WORDS = (
    '<text><reference value="#words"/></text><statusCode code="completed"/><value xsi:type="CD"><originalText>'
    '<reference value="#words"/></originalText></value><targetSiteCode nullFlavor="MSK"/>'
)
_FRAMES = _observation(
    ("2.16.840.1.113883.10.20.6.2.10", "1.2.250.1.213.1.1.3.164"),
    "121190",
    _DCM,
    '<entryRelationship typeCode="COMP">'
    + _observation(
        ("2.16.840.1.113883.10.20.6.2.11", "1.2.250.1.213.1.1.3.166"),
        "113036",
        _DCM,
        '<value xsi:type="INT" value="3"/><value xsi:type="INT" value="5"/>',
    )
    + "</entryRelationship>",
)
_PURPOSE = _observation(
    ("2.16.840.1.113883.10.20.6.2.9", "1.2.250.1.213.1.1.3.163"),
    "ASSERTION",
    "2.16.840.1.113883.5.4",
    '<value xsi:type="CD" code="121112" displayName="Source of Measurement" codeSystem="1.2.840.10008.2.16.4"/>',
)
_INSTANCE = _observation(
    ("1.2.840.10008.9.18", "1.2.250.1.213.1.1.3.157"),
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.2.6.1",
    '<text mediaType="application/dicom"><reference value="https://images.example/?studyUID=1&amp;idCDA=2"/></text>'
    '<effectiveTime value="20250314091000"/>'
    f'<entryRelationship typeCode="RSON">{_PURPOSE}</entryRelationship>'
    f'<entryRelationship typeCode="COMP">{_FRAMES}</entryRelationship>',
    "DGIMG",
)
_STUDY = (
    '<entry><act classCode="ACT" moodCode="EVN">'
    + _templates("1.2.840.10008.9.16", "1.2.250.1.213.1.1.3.155")
    + f'<id root="{STUDY}"/><code code="113014" codeSystem="{_DCM}"/><effectiveTime value="20250314091500+0100"/>'
    '<entryRelationship typeCode="COMP"><act classCode="ACT" moodCode="EVN">'
    + _templates("1.2.840.10008.9.17", "1.2.250.1.213.1.1.3.156")
    + f'<id root="{STUDY}.1"/><code code="113015" codeSystem="{_DCM}"><qualifier>'
    f'<name code="121139" codeSystem="{_DCM}"/><value code="CT" displayName="TDM" codeSystem="{_DCM}"/>'
    "</qualifier></code>"
    f'<entryRelationship typeCode="COMP">{_INSTANCE}</entryRelationship></act></entryRelationship></act></entry>'
)
_MEDIA = (
    '<observationMedia classCode="OBS" moodCode="EVN" ID="{id}"><id root="1.2.250.1.999.33.{id}"/>'
    '<languageCode code="fr-FR"/><value mediaType="{type}" representation="B64">'
    + base64.b64encode(PDF).decode()
    + "</value></observationMedia>"
)
_DOSE = (
    '<doseQuantity><low value="150.5" unit="mL"><translation><originalText><reference value="#dose"/></originalText>'
    '</translation></low><high value="160" unit="mL"/></doseQuantity><rateQuantity value="3" unit="mL/s"/>'
)
_EXPOSURE = _section(
    ("1.2.840.10008.9.8", "1.2.250.1.213.1.1.2.215"),
    "73569-6",
    "Exposition",
    '<text><paragraph>Enceinte : <content ID="words">Non</content></paragraph></text>'
    '<entry><procedure classCode="PROC" moodCode="EVN">'
    + _templates("1.2.250.1.213.1.1.3.165")
    + f'<code code="121290" codeSystem="{_DCM}"/><participant typeCode="RESP"><participantRole>'
    f'<id root="1.2.250.1.71.4.2.1" extension="810999000010"/><code code="113850" codeSystem="{_DCM}"/>'
    f"<playingEntity>{PERSON}</playingEntity></participantRole></participant></procedure></entry><entry>"
    + _observation(
        _OBSERVATION,
        "364320009",
        _SNOMED,
        '<statusCode code="completed"/><effectiveTime value="20250314"/>'
        f'<value xsi:type="CD" code="60001007" displayName="Non enceinte" codeSystem="{_SNOMED}"/>'
        '<targetSiteCode nullFlavor="NA"/>',
    )
    + "</entry><entry>"
    + _observation(
        ("2.16.840.1.113883.10.20.6.2.14", "1.2.250.1.213.1.1.3.154"),
        "113813",
        _DCM,
        '<text><reference value="#quantity"/></text><statusCode code="completed"/>'
        f'<value xsi:type="PQ" value="1140.26" unit="mGy.cm"/><methodCode code="Q" codeSystem="{_DCM}"/>{_SITE}',
    )
    + '</entry><entry><substanceAdministration classCode="SBADM" moodCode="EVN">'
    + _templates("1.2.250.1.213.1.1.3.173")
    + f'<code code="440252007" codeSystem="{_SNOMED}"/><routeCode code="20045000" codeSystem="0.4.0.127.0.16.1.1.2.1"/>'
    f'<doseQuantity value="200" unit="MBq"/>{_product("Indium", "L2")}{_COMMENT}</substanceAdministration></entry>',
)
_ACT = _section(
    ("1.2.840.10008.9.3", "1.2.250.1.213.1.1.2.206"),
    "55111-9",
    "Technique d’imagerie",
    """<text ID="t1" styleCode="Bold">Avant <table border="0" width="100%"><caption>Actes</caption><colgroup>
 <col span="2"/></colgroup><thead><tr><th scope="col">Acte</th></tr></thead><tbody> <tr> <td rowspan="1"><content
 ID="comment" styleCode="Italics">Un  scanner <sup>n</sup>° 4<br/>neuf</content></td></tr></tbody></table> entre
 <list listType="ordered"><item>Un <linkHtml href="https://images.example/a?b=1&amp;c=2">lien</linkHtml></item></list>
 <renderMultiMedia referencedObject="DOC1"/><footnote ID="f1">Note</footnote><footnoteRef IDREF="f1"/> après</text>"""
    '<entry typeCode="DRIV"><procedure classCode="PROC" moodCode="EVN">'
    + _templates("1.2.840.10008.9.14", "1.2.250.1.213.1.1.3.153")
    + f'<id root="1.2.250.1.999.34"/><code code="24725-4" displayName="TDM tête" codeSystem="{_LOINC}"'
    ' codeSystemName="LOINC" codeSystemVersion="2.77"><originalText mediaType="text/xml"><reference value="#comment"/>'
    '</originalText><translation code="ACQH004" displayName="Scanographie" codeSystem="1.2.250.1.213.2.5"/></code>'
    '<text><reference value="#comment"/></text><statusCode code="completed"/><effectiveTime xsi:type="IVL_TS">'
    '<low value="20250314092000"/><high value="20250314093000"/></effectiveTime>'
    f'<priorityCode code="R" codeSystem="1.2.250.1.999.35"/><languageCode code="fr-CA"/>'
    f'<methodCode code="CT" displayName="TDM" codeSystem="{_DCM}"/><methodCode code="PT" codeSystem="{_DCM}"/>'
    f'<approachSiteCode code="AP" codeSystem="{_SNOMED}"/>{_SITE}{_SITE}'
    f'<performer typeCode="PRF">{entity("assignedEntity")}</performer>{_COMMENT}</procedure></entry>'
    '<entry><substanceAdministration classCode="SBADM" moodCode="EVN">'
    + _templates("1.2.840.10008.9.13", "1.2.250.1.213.1.1.3.151")
    + '<id root="1.2.250.1.999.36"/><text><reference value="#product"/></text><statusCode code="completed"/>'
    '<effectiveTime value="20250314092500"/><effectiveTime value="20250314092600"/>'
    '<routeCode code="20045000" displayName="Voie intraveineuse" codeSystem="0.4.0.127.0.16.1.1.2.1"/>'
    f'<approachSiteCode code="ARM" codeSystem="{_SNOMED}"/>{_DOSE}{_product("XENETIX", "L1")}{_COMMENT}'
    "</substanceAdministration></entry>"
    + _section(
        ("2.16.840.1.113883.10.20.22.2.37", "1.2.250.1.213.1.1.2.214"), "55109-3", "Complications", "<text>Rien.</text>"
    )
    + _EXPOSURE
    + _section(
        ("2.16.840.1.113883.10.20.6.1.1", "1.2.250.1.213.1.1.2.217"), "121181", "Catalogue", f"<text>Un</text>{_STUDY}"
    ),
)
_CLINICAL = _section(
    ("1.2.840.10008.9.2", "1.2.250.1.213.1.1.2.205"),
    "55752-0",
    "Informations cliniques",
    "<text/>"
    + _section(("1.2.840.10008.9.7", "1.2.250.1.213.1.1.2.211"), "55115-0", "Demande", "<text>Céphalées.</text>")
    + _section(
        ("2.16.840.1.113883.10.20.22.2.39", "1.2.250.1.213.1.1.2.213"),
        "11329-0",
        "Antécédents",
        '<text><content ID="words">Asthme</content></text><entry>'
        + _observation(_OBSERVATION, "11348-0", _LOINC, _WORDS)
        + "</entry><entry>"
        + _observation(_OBSERVATION, "47519-4", _LOINC, _WORDS)
        + "</entry><entry>"
        + _observation(
            _OBSERVATION,
            "64100-1",
            _LOINC,
            f'<value xsi:type="CD" code="77386006" displayName="Enceinte" codeSystem="{_SNOMED}"/>'
            f'<interpretationCode code="A" codeSystem="1.2.250.1.999.37"/>{_COMMENT}',
        )
        + "</entry>",
    ),
)
_DEVICE = (
    '<entry><supply classCode="SPLY" moodCode="EVN">'
    + _templates("2.16.840.1.113883.10.20.1.34", "1.2.250.1.213.1.1.3.20")
    + '<id nullFlavor="UNK"/><text><reference value="#device"/></text>'
    '<effectiveTime xsi:type="IVL_TS"><low value="20250314094000+0100"/></effectiveTime><quantity value="2" unit="1"/>'
    '<participant typeCode="DEV"><participantRole classCode="MANU"><id root="xx" extension="{01}0084{17}141120"/>'
    '<playingDevice classCode="DEV" determinerCode="INSTANCE"><code code="Z11039014" codeSystem="1.2.250.1.213.2.68"/>'
    "<manufacturerModelName>Injecteur</manufacturerModelName><softwareName>v4</softwareName></playingDevice>"
    "</participantRole></participant></supply></entry>"
)
_DOCUMENT = (
    '<entry><organizer classCode="CLUSTER" moodCode="EVN">'
    + _templates("1.2.250.1.213.1.1.3.18")
    + f'<id root="1.2.250.1.999.38"/><code code="55107-7" codeSystem="{_LOINC}"/><statusCode code="completed"/>'
    '<component typeCode="COMP">'
    + _observation(
        ("1.3.6.1.4.1.19376.1.5.3.1.4.13", "1.2.250.1.213.1.1.3.48", "1.2.250.1.213.1.1.3.48.18"),
        "69764-9",
        _LOINC,
        f'<effectiveTime nullFlavor="NA"/>{_WORDS.partition("<targetSiteCode")[0]}',
    )
    + f"</component><component>{_MEDIA.format(id='DOC1', type='application/pdf')}</component></organizer></entry>"
    f"<entry>{_MEDIA.format(id='IMG1', type='image/png')}</entry>"
)
_EDUCATION = (
    '<text><content ID="told">Dit</content></text><entry typeCode="COMP">'
    + _observation(
        ("1.3.6.1.4.1.19376.1.5.3.1.4.13", "1.2.250.1.213.1.1.3.48"),
        "99622-3",
        _LOINC,
        '<text><reference value="#told"/></text><effectiveTime><low value="20250314"/></effectiveTime>'
        '<value xsi:type="BL" value="true"/>',
    )
    + "</entry>"
)
_AUTHOR = f'<author><time value="20250315090000+0100"/>{entity("assignedAuthor")}</author>'

BODY = (
    '<structuredBody classCode="DOCBODY"><confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>'
    '<languageCode code="fr-FR"/>'
    + _section(("1.2.840.10008.9.6", "1.2.250.1.213.1.1.2.210"), "55107-7", "Addendum", f"<text>Lu.</text>{_AUTHOR}")
    + _CLINICAL
    + _ACT
    + _section(
        ("1.3.6.1.4.1.19376.1.5.3.1.1.5.3.5", "1.2.250.1.213.1.1.2.1"), "46264-8", "DM", f"<text>DM</text>{_DEVICE}"
    )
    + _section(("2.16.840.1.113883.10.20.6.1.2", "1.2.250.1.213.1.1.2.208"), "59776-5", "Résultats", "<text>Vu.</text>")
    + _section(
        ("1.3.6.1.4.1.19376.1.5.3.1.3.27", "1.2.250.1.213.1.1.2.150"), "30954-2", "Antérieurs", "<text>Hier</text>"
    )
    + _section(("1.2.840.10008.9.4", "1.2.250.1.213.1.1.2.207"), "18834-2", "Comparaison", "<text>Stable</text>")
    + _section(("1.2.840.10008.9.5", "1.2.250.1.213.1.1.2.209"), "19005-8", "Conclusion", "<text>Normal.</text>")
    + _section(("1.2.250.1.213.1.1.2.37",), "55107-7", "Documents", f"<text>PDF</text>{_DOCUMENT}")
    + _section(("1.3.6.1.4.1.19376.1.5.3.1.1.9.39", "1.2.250.1.213.1.1.2.107"), "34895-3", "Information", _EDUCATION)
    + "</structuredBody>"
)
