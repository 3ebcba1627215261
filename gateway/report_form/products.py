"""Products given during an act, as words and as entries (FR-DICOM-Administration-produit-de-sante)."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model.datatypes import Concept, Quantity, QuantityRange, QuantityTranslation
from gateway.model.narrative import Part
from gateway.model.report_entries import Administration, Product
from gateway.report_form import schema
from gateway.report_form.fields import Measured
from gateway.report_form.narrative import marked, refer, table
from gateway.report_form.parts import comment, entry
from gateway.report_form.places import XML, ActContext


def product_words(products: Sequence[schema.Product], key: str, head: str, amount: str) -> Part:
    rows = []
    for number, product in enumerate(products, start=1):
        codes = ", ".join(
            f"{system} : {code.code}"
            for system, code in (("CIP", product.cip), ("UCD", product.ucd), ("ATC", product.atc))
            if code is not None
        )
        measured = _amount(product)
        rows.append(
            [
                marked(f"{key}-{number}", f"{product.name} [{codes}]"),
                marked(f"{key}-{number}-dose", shown(measured)) if measured else "",
                product.route.display or product.route.code if product.route else "",
                product.lot,
                marked(f"{key}-{number}-commentaire", product.comment) if product.comment else "",
            ]
        )
    return table([head, amount, "Voie d'administration", "Numéro de lot", "Commentaire"], rows)


def _amount(product: schema.Product) -> Measured | None:
    if isinstance(product, schema.Radiopharmaceutical):
        return product.activity
    return product.dose if isinstance(product, schema.AdministeredProduct) else None


def shown(value: Measured) -> str:
    return f"{value.digits.replace('.', ',')} {value.unit}"


def products(act: schema.Act, context: ActContext) -> list[Administration]:
    found = []
    for number, product in enumerate(act.products, start=1):
        key = f"{context.key}-produit-{number}"
        found.append(
            entry(
                Administration,
                "SBADM",
                identifiers=context.names.id(key),
                text=refer(key),
                status="completed",
                route=product.route.concept if product.route else None,
                dose=dose(product.dose, key),
                product=product_of(product, key, link=""),
                relations=(comment(refer(f"{key}-commentaire")),) if product.comment else (),
            )
        )
    return found


def dose(value: Measured | None, key: str) -> QuantityRange | None:
    if value is None:
        return None
    translation = QuantityTranslation(concept=Concept("", "", original_text=refer(f"{key}-dose")))
    return QuantityRange(value=Quantity(value=value.digits, unit=value.unit, translations=(translation,)))


def product_of(product: schema.Product, key: str, link: str) -> Product:
    codes = tuple(code.concept for code in (product.cip, product.ucd, product.atc) if code is not None)
    return Product(
        link=link,
        class_code="MANU",
        code=Concept("", "", original_text=refer(key, XML), translations=codes),
        name=product.name,
        lot=product.lot,
    )
