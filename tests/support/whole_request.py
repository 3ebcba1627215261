"""An imaging request with the traits of the official one: two acts, a justification in two tables, no accession."""

from __future__ import annotations

from lxml import etree

from gateway.trust import safexml

_PERSON = (
    "<assignedPerson><name><prefix>M</prefix><given>François</given><family>LE BIHAN</family></name></assignedPerson>"
)
_WHO = f'<id root="1.2.250.1.71.4.2.1" extension="810999000028"/>{_PERSON}'


def _act(code: str, sites: tuple[str, ...], time: str, label: str, comment: str) -> str:
    where = "".join(f'<targetSiteCode code="{site}" codeSystem="2.16.840.1.113883.6.96"/>' for site in sites)
    return (
        '<entry><observation classCode="OBS" moodCode="INT">'
        '<templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.20.3.1"/><templateId root="2.16.840.1.113883.10.20.1.25"/>'
        '<templateId root="1.2.250.1.213.1.1.3.27"/><templateId root="1.2.250.1.213.1.1.3.27.3"/>'
        f'<id root="1.2.250.1.999.9.2"/>{code}<text><reference value="#{label}"/></text><statusCode code="active"/>'
        f"{time}{where}"
        '<entryRelationship typeCode="SUBJ" inversionInd="true"><act classCode="ACT" moodCode="EVN">'
        '<templateId root="1.2.250.1.213.1.1.3.32"/><code code="48767-8" codeSystem="2.16.840.1.113883.6.1"/>'
        f'<text><reference value="#{comment}"/></text><statusCode code="completed"/></act></entryRelationship>'
        "</observation></entry>"
    )


_PLAN = (
    '<component><section><templateId root="2.16.840.1.113883.10.20.1.10"/><templateId root="1.2.250.1.213.1.1.2.158"/>'
    '<id root="1.2.250.1.999.9.3"/><code code="18776-5" codeSystem="2.16.840.1.113883.6.1"/><title>Actes</title>'
    '<text><content ID="a1">Scanner</content><content ID="c1">sans injection</content>'
    '<content ID="a2">Scanner TAP</content><content ID="c2">avec</content></text>'
    + _act(
        '<code code="CT" displayName="Scanner" codeSystem="1.2.840.10008.2.16.4"/>',
        ("302548004",),
        '<effectiveTime nullFlavor="UNK"/>',
        "a1",
        "c1",
    )
    + _act(
        '<code code="CT" codeSystem="1.2.840.10008.2.16.4">'
        '<translation code="24725-4" codeSystem="2.16.840.1.113883.6.1"/></code>',
        ("302551006", "302553009"),
        '<effectiveTime value="20250401"/>',
        "a2",
        "c2",
    )
    + "</section></component>"
)
_WHY = (
    '<component><section><templateId root="1.2.250.1.213.1.1.2.205"/><text/>'
    '<component><section><templateId root="1.2.250.1.213.1.1.2.211"/><text>'
    "<table><tbody><tr><td>Céphalées.</td></tr></tbody></table><br/>"
    "<table><tbody><tr><td>Éliminer une tumeur.</td></tr></tbody></table></text></section></component>"
    "</section></component>"
)


def whole_request() -> etree._Element:
    """The request, parsed."""
    text = f"""<ClinicalDocument xmlns="urn:hl7-org:v3"><realmCode code="FR"/>
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/><templateId root="2.16.840.1.113883.2.8.2.1"/>
<templateId root="1.2.250.1.213.1.1.1.1"/><templateId root="1.2.250.1.213.1.1.1.47" extension="2024.01"/>
<id root="1.2.250.1.999.9.1"/><code code="55115-0" displayName="Demande" codeSystem="2.16.840.1.113883.6.1"/>
<title>Demande d'acte d'imagerie</title><effectiveTime value="20250312101500+0100"/>
<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="fr-FR"/>
<setId root="1.2.250.1.999.9.4"/><versionNumber value="1"/>
<recordTarget><patientRole><id root="1.2.250.1.213.1.4.10" extension="281112915104759"/>
<patient><name><family qualifier="BR">KERMARREC</family></name><birthTime value="19811109"/></patient></patientRole>
</recordTarget><author><time value="20250312101500+0100"/><assignedAuthor>{_WHO}</assignedAuthor></author>
<legalAuthenticator><time value="20250312101500+0100"/><signatureCode code="S"/><assignedEntity>{_WHO}</assignedEntity>
</legalAuthenticator>
<documentationOf><serviceEvent classCode="ACT"><id root="1.2.250.1.999.5" extension="OPN88"/>
<code code="55115-0" codeSystem="2.16.840.1.113883.6.1"/>
<effectiveTime><low value="20250312090000+0100"/><high value="20250312093000+0100"/></effectiveTime></serviceEvent>
</documentationOf><component><structuredBody>{_WHY}{_PLAN}</structuredBody></component></ClinicalDocument>"""
    return safexml.parse(text.encode())
