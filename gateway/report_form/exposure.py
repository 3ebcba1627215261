"""The exposure of an act to radiation: who authorised it, pregnancy, doses, radiopharmaceuticals.

The pregnancy status is always written: the official validator asks for it in every exposure, of a man too. Source:
IMG-CR-IMG 2024.01 technical specification section 3.3.4.4.
"""

from __future__ import annotations

from gateway.model.codes import SNOMED_CT
from gateway.model.datatypes import Concept, PersonName, Quantity, Value
from gateway.model.narrative import Part
from gateway.model.report_body import RadiationExposure
from gateway.model.report_entries import (
    PREGNANCY,
    EntryParticipant,
    ExposureAuthorization,
    Measurement,
    Observation,
    Radiopharmaceutical,
)
from gateway.report_form import schema
from gateway.report_form.fields import Coded
from gateway.report_form.narrative import Inline, blocks, marked, part, refer, table
from gateway.report_form.parts import coded, comment, entry, section
from gateway.report_form.places import ActContext, modified, modifier_words, site
from gateway.report_form.products import dose, product_of, product_words, shown

_NO_SITE = Concept("", "", null_flavor="NA")
_NOT_PREGNANT = Coded(code="60001007", system=SNOMED_CT, display="absence de grossesse")
_UNKNOWN = Coded(code="261665006", system=SNOMED_CT, display="inconnu")


def exposure_section(act: schema.Act, context: ActContext) -> RadiationExposure | None:
    exposure = act.exposure
    if exposure is None:
        return None
    key = f"{context.key}-exposition"
    authority = exposure.authorized_by or context.performer
    pregnancy = exposure.pregnancy or (_NOT_PREGNANT if context.sex == "M" else _UNKNOWN)
    name = " ".join(filter(None, (authority.suffix and authority.suffix.title(), authority.given, authority.family)))
    words = [
        part("paragraph", marked(key, f"Exposition autorisée par : {name}")),
        part("paragraph", "Statut de grossesse : ", marked(f"{context.key}-grossesse", pregnancy.display or "")),
    ]
    if exposure.quantities:
        words.append(_quantity_words(exposure, context))
    if exposure.radiopharmaceuticals:
        words += [part("br")] if exposure.quantities else []
        head = "Produit radiopharmaceutique administré"
        drugs = f"{context.key}-radiopharmaceutique"
        words.append(product_words(exposure.radiopharmaceuticals, drugs, head, "Activité administrée"))
    return section(
        RadiationExposure,
        context.names,
        key,
        blocks(*words),
        entries=(
            _authorization(authority, key),
            _pregnancy(pregnancy, context),
            *_quantities(exposure, context),
            *_radiopharmaceuticals(exposure, context),
        ),
    )


def _authorization(authority: schema.Professional, key: str) -> ExposureAuthorization:
    code, system = ExposureAuthorization.CODE
    role, role_system = ExposureAuthorization.ROLE
    person = EntryParticipant(
        type_code="RESP",
        identifiers=tuple(one.identifier for one in authority.identifiers),
        code=coded(role, role_system, "Autorisation d’irradiation"),
        entity=True,
        name=PersonName(
            prefix=authority.prefix or "",
            given=authority.given or "",
            family=authority.family,
            suffix=authority.suffix or "",
        ),
    )
    return entry(
        ExposureAuthorization,
        "PROC",
        code=coded(code, system, "Exposition du patient aux rayonnements ionisants", original_text=refer(key)),
        participants=(person,),
    )


def _pregnancy(value: Coded, context: ActContext) -> Observation:
    key = f"{context.key}-grossesse"
    concept = coded(value.code, SNOMED_CT, value.display or "", original_text=refer(key))
    return entry(
        Observation,
        "OBS",
        identifiers=context.names.id(key),
        code=coded(*PREGNANCY, "statut de grossesse"),
        status="completed",
        values=(Value(type="CD", concept=concept),),
        sites=(_NO_SITE,),
    )


def _quantity_words(exposure: schema.Exposure, context: ActContext) -> Part:
    rows: list[list[Inline]] = []
    for number, quantity in enumerate(exposure.quantities, start=1):
        key = f"{context.key}-mesure-{number}"
        rows.append(
            [
                marked(key, quantity.type.display or quantity.type.code),
                marked(f"{key}-localisation", quantity.location.display or quantity.location.code),
                modifier_words(f"{key}-precision", quantity),
                shown(quantity),
            ]
        )
    return table(["Mesure", "Localisation", "Précision topographique", "Quantité"], rows)


def _quantities(exposure: schema.Exposure, context: ActContext) -> list[Measurement]:
    found = []
    for number, quantity in enumerate(exposure.quantities, start=1):
        key = f"{context.key}-mesure-{number}"
        qualifiers = tuple(modified(modifier, f"{key}-precision") for modifier in quantity.modifiers)
        found.append(
            entry(
                Measurement,
                "OBS",
                identifiers=context.names.id(key),
                code=quantity.type.concept,
                text=refer(key),
                status="completed",
                values=(Value(type="PQ", quantity=Quantity(value=quantity.digits, unit=quantity.unit)),),
                sites=(site(quantity, f"{key}-localisation", qualifiers),),
            )
        )
    return found


def _radiopharmaceuticals(exposure: schema.Exposure, context: ActContext) -> list[Radiopharmaceutical]:
    found = []
    for number, drug in enumerate(exposure.radiopharmaceuticals, start=1):
        key = f"{context.key}-radiopharmaceutique-{number}"
        code, system = Radiopharmaceutical.CODE
        found.append(
            entry(
                Radiopharmaceutical,
                "SBADM",
                code=coded(code, system, "administration de produits radiopharmaceutiques"),
                route=drug.route.concept if drug.route else None,
                dose=dose(drug.activity, key),
                product=product_of(drug, key, link="CSM"),
                relations=(comment(refer(f"{key}-commentaire")),) if drug.comment else (),
            )
        )
    return found
