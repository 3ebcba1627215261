"""The parts of the good report of :mod:`tests.support.report_documents`: people, acts, entries, as text.

Written after 001 (IMG-CR-IMG 2024.01 technical specification) sections 3.2 and 3.3; every word and number is ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

DOCUMENT = "1.2.250.1.999.7.8.45.2"
SET = "1.2.250.1.999.7.8.45"
LINK = "https://images.example.org/IHEInvokeImageDisplay"
ACCESSION_ROOT = "1.2.250.1.999.7.2"
ORDER_ROOT = "1.2.250.1.999.7.3"
MATRICULE = "284062902601723"
"""Of a person who does not exist, with the right key."""

LOINC = 'codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC"'
DCM = 'codeSystem="1.2.840.10008.2.16.4" codeSystemName="DCM"'
SNOMED = 'codeSystem="2.16.840.1.113883.6.96" codeSystemName="SNOMED-CT"'
CCAM = 'codeSystem="1.2.250.1.213.2.5" codeSystemName="CCAM"'
ATC = 'codeSystem="2.16.840.1.113883.6.73" codeSystemName="ATC"'

ADDRESS = (
    "<addr><houseNumber>7</houseNumber><streetName>rue du Phare</streetName>"
    "<postalCode>29160</postalCode><city>CROZON</city></addr>"
)
TELECOM = '<telecom value="tel:0261910077" use="WP"/>'
SPECIALTY = (
    '<code code="G15_10/SM44" displayName="Médecin - Radio-diagnostic (SM)" codeSystem="1.2.250.1.213.1.1.4.5"/>'
)
ORGANIZATION = (
    '<id root="1.2.250.1.71.4.2.2" extension="1290088804"/><name>Imagerie du Menez-Hom</name>'
    f'<telecom value="tel:0261910077"/>{ADDRESS}'
)
SECTOR = '<standardIndustryClassCode code="AMBULATOIRE" displayName="Ambulatoire" codeSystem="1.2.250.1.213.1.1.4.9"/>'


def name(given: str, family: str, prefix: str = "MME") -> str:
    return f"<name><prefix>{prefix}</prefix><given>{given}</given><family>{family}</family><suffix>DR</suffix></name>"


def professional(rpps: str, name: str, sector: str = SECTOR) -> str:
    return (
        f'<id root="1.2.250.1.71.4.2.1" extension="{rpps}"/>{SPECIALTY}{ADDRESS}{TELECOM}'
        f"<assignedPerson>{name}</assignedPerson>"
        f"<representedOrganization>{ORGANIZATION}{sector}</representedOrganization>"
    )


RADIOLOGIST = professional("810007000013", name("Nolwenn", "KERMAREC"))
SECOND_READER = professional("810007000021", name("Tangi", "LE GOFF", "M"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ActData:
    """What varies from one act to the next."""

    number: int
    study_uid: str
    code: str
    label: str
    ccam: str
    ccam_label: str
    modality: str
    modality_label: str
    region: str
    region_label: str
    site: str
    site_label: str
    laterality: tuple[str, str] | None
    sop_class: str
    low: str
    high: str
    accession: str
    equipment: str
    product: str = ""
    complications: str = ""
    exposure: str = ""
    header_code: str = ""
    """Another code for the header; empty: the same."""

    @property
    def key(self) -> str:
        return f"act-{self.number}"


def product(key: str) -> str:
    return f"""<entry><substanceAdministration classCode="SBADM" moodCode="EVN">
      <templateId root="1.2.840.10008.9.13"/><templateId root="1.2.250.1.213.1.1.3.151"/>
      <id root="{uuid(key, 1)}"/><text><reference value="#{key}-product"/></text><statusCode code="completed"/>
      <routeCode code="20045000" displayName="Voie intraveineuse" codeSystem="0.4.0.127.0.16.1.1.2.1"
        codeSystemName="EDQM"/>
      <doseQuantity value="110" unit="mL"/>
      <consumable><manufacturedProduct classCode="MANU"><manufacturedMaterial>
        <code><originalText><reference value="#{key}-product"/></originalText>
          <translation code="3400934897047" displayName="IOPROL 350, flacon de 110 mL"
            codeSystem="1.2.250.1.213.2.3.2" codeSystemName="CIP"/>
          <translation code="V08AB05" displayName="iopromide" {ATC}/></code>
        <name>IOPROL 350</name><lotNumberText>KT7731</lotNumberText>
      </manufacturedMaterial></manufacturedProduct></consumable>
      {comment(f"{key}-product-comment")}
    </substanceAdministration></entry>"""


def radiopharmaceutical(key: str) -> str:
    return f"""<entry><substanceAdministration classCode="SBADM" moodCode="EVN">
      <templateId root="1.2.250.1.213.1.1.3.173"/>
      <code code="440252007" displayName="administration de produits radiopharmaceutiques" {SNOMED}/>
      <routeCode code="20045000" displayName="Voie intraveineuse" codeSystem="0.4.0.127.0.16.1.1.2.1"
        codeSystemName="EDQM"/>
      <doseQuantity value="620" unit="MBq"/>
      <consumable typeCode="CSM"><manufacturedProduct classCode="MANU"><manufacturedMaterial>
        <code><originalText><reference value="#{key}-tracer"/></originalText>
          <translation code="V09BA02" displayName="médronate-technétium (99mTc)" {ATC}/></code>
        <name>Médronate marqué au technétium</name><lotNumberText>TC-0417</lotNumberText>
      </manufacturedMaterial></manufacturedProduct></consumable>
      {comment(f"{key}-tracer-comment")}
    </substanceAdministration></entry>"""


def comment(target: str) -> str:
    return f"""<entryRelationship typeCode="SUBJ" inversionInd="true"><act classCode="ACT" moodCode="EVN">
        <templateId root="2.16.840.1.113883.10.20.1.40"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.2"/>
        <templateId root="1.2.250.1.213.1.1.3.32"/>
        <code code="48767-8" displayName="Commentaire" {LOINC}/><text><reference value="#{target}"/></text>
        <statusCode code="completed"/></act></entryRelationship>"""


def observation(identifier: str, code: str, value: str, text: str = "", when: str = "") -> str:
    return f"""<entry><observation classCode="OBS" moodCode="EVN">
      <templateId root="2.16.840.1.113883.10.20.6.2.13"/><templateId root="1.2.250.1.213.1.1.3.150"/>
      <id root="{identifier}"/>{code}{text}<statusCode code="completed"/>{when}{value}
      <targetSiteCode nullFlavor="NA"/></observation></entry>"""


def quantity(key: str, number: int, code: str, label: str, value: str, unit: str, site: str, when: str) -> str:
    return f"""<entry><observation classCode="OBS" moodCode="EVN">
      <templateId root="2.16.840.1.113883.10.20.6.2.14"/><templateId root="1.2.250.1.213.1.1.3.154"/>
      <id root="{uuid(key, 20 + number)}"/><code code="{code}" displayName="{label}" {DCM}/>
      <text><reference value="#{key}-dose-{number}"/></text><statusCode code="completed"/>
      <effectiveTime value="{when}"/><value xsi:type="PQ" value="{value}" unit="{unit}"/>
      {site}</observation></entry>"""


def uuid(key: str, number: int) -> str:
    act = int(key.rsplit("-", 1)[1]) if key[-1].isdigit() else 0
    return f"5B1E{act:04X}-7C2A-4D10-9A3F-0A0B0C0D{number:04X}"


def site(data: ActData, name: str = "targetSiteCode", target: str = "site") -> str:
    qualifier = ""
    if data.laterality:
        code, label = data.laterality
        qualifier = (
            f'<qualifier><name code="106233006" displayName="modificateur topographique" {SNOMED}/>'
            f'<value code="{code}" displayName="{label}" {SNOMED}/></qualifier>'
        )
    return (
        f'<{name} xsi:type="CD" code="{data.site}" displayName="{data.site_label}" {SNOMED}>'
        f'<originalText><reference value="#{data.key}-{target}"/></originalText>{qualifier}</{name}>'
    )


def exposure_section(data: ActData, text: str, entries: str, pregnancy: str = "60001007") -> str:
    """The exposure sub-section: who authorised it, the pregnancy status, then *entries*."""
    labels = {"60001007": "absence de grossesse", "77386006": "enceinte", "261665006": "inconnu"}
    status = observation(
        uuid(data.key, 30),
        f'<code code="364320009" displayName="statut de grossesse" {SNOMED}/>',
        f'<value xsi:type="CD" code="{pregnancy}" displayName="{labels[pregnancy]}" {SNOMED}>'
        f'<originalText><reference value="#{data.key}-pregnancy"/></originalText></value>',
        when=f'<effectiveTime value="{data.low}"/>',
    )
    return f"""<component><section>
      <templateId root="1.2.840.10008.9.8"/><templateId root="1.2.250.1.213.1.1.2.215"/>
      <id root="{uuid(data.key, 31)}"/>
      <code code="73569-6" displayName="Exposition aux rayonnements et informations de radioprotection" {LOINC}/>
      <title>Exposition aux rayonnements et informations de radioprotection</title>
      <text><paragraph>
        <content ID="{data.key}-authorised">Exposition autorisée par le docteur Nolwenn KERMAREC</content>.
        Grossesse : <content ID="{data.key}-pregnancy">{labels[pregnancy]}</content>.</paragraph>{text}</text>
      <entry><procedure classCode="PROC" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.165"/>
        <code code="121290" displayName="Exposition du patient aux rayonnements ionisants" {DCM}>
          <originalText><reference value="#{data.key}-authorised"/></originalText></code>
        <participant typeCode="RESP"><participantRole>
          <id root="1.2.250.1.71.4.2.1" extension="810007000013"/>
          <code code="113850" displayName="Autorisation d’irradiation" {DCM}/>
          <playingEntity><name><prefix>DR</prefix><given>Nolwenn</given><family>KERMAREC</family></name></playingEntity>
        </participantRole></participant></procedure></entry>
      {status}{entries}</section></component>"""


CT_SITE = ("302551006", "thorax entier")
CT_UID = "1.2.250.1.999.7.9.2024.1001"
NM_UID = "1.2.250.1.999.7.9.2024.1002"
MR_UID = "1.2.250.1.999.7.9.2024.1003"


def ct() -> ActData:
    data = ActData(
        number=1,
        study_uid=CT_UID,
        code="24628-0",
        label="CT thorax avec contraste IV",
        ccam="ZBQH001",
        ccam_label="Scanographie du thorax, avec injection intraveineuse de produit de contraste",
        modality="CT",
        modality_label="Tomodensitométrie",
        region="67734004",
        region_label="segment thoracique du tronc",
        site=CT_SITE[0],
        site_label=CT_SITE[1],
        laterality=None,
        sop_class="1.2.840.10008.5.1.4.1.1.2",
        low="20240514090000+0200",
        high="20240514092000+0200",
        accession="A240514-01",
        equipment="Scanner Kerdual Aven 128, numéro d'agrément 29-0412, mis en service le 03/02/2021",
    )
    doses = (
        '<table border="1"><thead><tr><th>Mesure</th><th>Localisation</th><th>Quantité</th></tr></thead><tbody>'
        f'<tr><td><content ID="{data.key}-dose-1">PDL total</content></td>'
        f'<td><content ID="{data.key}-dose-1-site">Thorax entier</content></td><td>412,5 mGy.cm</td></tr>'
        f'<tr><td><content ID="{data.key}-dose-2">IDSV moyen</content></td>'
        f'<td><content ID="{data.key}-dose-2-site">Thorax entier</content></td><td>9,8 mGy</td></tr></tbody></table>'
    )
    quantities = quantity(
        data.key,
        1,
        "113813",
        "PDL Total : Produit Dose Longueur Total",
        "412.5",
        "mGy.cm",
        site(data, target="dose-1-site"),
        data.high,
    ) + quantity(
        data.key,
        2,
        "113830",
        "IDSV Moyen : Indice de Dose Scanographique Volumique",
        "9.8",
        "mGy",
        site(data, target="dose-2-site"),
        data.high,
    )
    return replace(
        data,
        product=product(data.key),
        complications="Urticaire localisée après l'injection, résolue en vingt minutes sous surveillance.",
        exposure=exposure_section(data, doses, quantities),
    )


def nm() -> ActData:
    data = ActData(
        number=2,
        study_uid=NM_UID,
        code="39818-0",
        label="MN os du corps entier ; incidences avec radionucléide IV",
        ccam="PAQL002",
        ccam_label="Scintigraphie osseuse du corps entier en un temps",
        modality="NM",
        modality_label="Médecine nucléaire",
        region="38266002",
        region_label="corps entier",
        site="38266002",
        site_label="corps entier",
        laterality=None,
        sop_class="1.2.840.10008.5.1.4.1.1.20",
        low="20240514100000+0200",
        high="20240514134500+0200",
        accession="A240514-01",
        equipment="Gamma-caméra Kerdual Iroise, numéro d'agrément 29-0987, mise en service le 11/09/2019",
    )
    text = (
        '<table border="1"><thead><tr><th>Produit radiopharmaceutique</th><th>Activité</th><th>Voie</th><th>Lot</th>'
        "<th>Commentaire</th></tr></thead><tbody><tr>"
        f'<td><content ID="{data.key}-tracer">Médronate marqué au technétium</content></td><td>620 MBq</td>'
        f'<td>Voie intraveineuse</td><td>TC-0417</td><td><content ID="{data.key}-tracer-comment">Injection au pli du '
        "coude gauche</content></td></tr></tbody></table>"
    )
    return replace(data, exposure=exposure_section(data, text, radiopharmaceutical(data.key)))


def mr() -> ActData:
    return ActData(
        number=3,
        study_uid=MR_UID,
        code="26208-9",
        label="RM cheville bilatérale",
        ccam="PGQN001",
        ccam_label="Remnographie des chevilles",
        modality="MR",
        modality_label="Résonance magnétique",
        region="61685007",
        region_label="membre inférieur",
        site="361292008",
        site_label="région entière de la cheville",
        laterality=("51440002", "droite et gauche"),
        sop_class="1.2.840.10008.5.1.4.1.1.4",
        low="20240514150000+0200",
        high="20240514153000+0200",
        accession="A240514-02",
        equipment="IRM Kerdual Ménez 1,5 T, numéro d'agrément 29-1120, mise en service le 20/06/2022",
    )
