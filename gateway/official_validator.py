"""The ANS validator "TestContenuCDA", run from a checkout that the user names, in a process of its own.

Nothing of that checkout is in this program: its XML schema, schematrons and value sets are read where they lie, the
schematrons are compiled by the ISO skeleton that it ships, with Saxon (the optional extra ``official``), and the
compiled sheets are kept in a cache folder, because compiling takes a minute and loading some fifteen seconds.

``python -m gateway.official_validator CHECKOUT CACHE`` reads file names from its standard input, one a line, and
writes one JSON object a file: ``{"file", "errors": [...]}``, or ``{"unusable": reason}`` once.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.trust import safexml

_SCHEMATRON = "{http://purl.oclc.org/dsdl/schematron}"
_REPORT = "{http://purl.oclc.org/dsdl/svrl}"
_VALUE_SETS = "{urn:ihe:iti:svs:2008}"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_SCHEMA = "infrastructure/cda/CDA_extended.xsd"
_COMMON = (
    "schematrons/profils/IHE.sch",
    "schematrons/profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch",
    "schematrons/profils/CI-SIS_ModelesDeContenusCDA.sch",
    "schematrons/profils/CI-SIS_Modeles_ANS.sch",
)
_SKELETON = ("schematrons/moteur/iso_abstract_expand.xsl", "schematrons/moteur/iso_svrl_for_xslt2.xsl")
_MODELS = {"1.2.250.1.213.1.1.1.45": "IMG-CR-IMG", "1.2.250.1.213.1.1.1.47": "IMG-DA-IMG"}
_NO_ERROR = frozenset({"warning", "warn", "info", "information", "hint"})
_LIMITS = safexml.Limits()


class Unusable(Exception):
    """The checkout lacks what the validator needs; the text says what."""


class Validator:
    """The stages of the validator, each compiled when it is first asked for."""

    def __init__(self, checkout: Path, cache: Path) -> None:
        """Raises Unusable when *checkout* lacks a needed file, ImportError when Saxon is not installed."""
        processor: Any = import_module("saxonche").PySaxonProcessor  # an optional extra without types
        lacking = [name for name in (_SCHEMA, *_COMMON, *_SKELETON) if not (checkout / name).is_file()]
        if lacking:
            raise Unusable(", ".join(lacking))
        self._checkout = checkout
        self._cache = cache
        self._saxon = processor(license=False)
        self._xslt: Any = self._saxon.new_xslt30_processor()
        self._sheets: dict[Path, Any] = {}
        self._schema = etree.XMLSchema(file=str(checkout / _SCHEMA))
        cache.mkdir(parents=True, exist_ok=True)

    def errors(self, file: Path) -> list[str]:
        """Every error that the validator reports of *file*, ``stage: sentence``."""
        root = safexml.parse(file.read_bytes(), _LIMITS)
        found: list[str] = []
        if not self._schema.validate(root.getroottree()):
            log: Any = self._schema.error_log  # its stub lacks the iterator
            found += [f"xsd: line {one.line}: {one.message}" for one in log]
        for schematron in (*(self._checkout / name for name in _COMMON), *self._model(root)):
            found += [f"{schematron.stem}: {text}" for text in self._failed(schematron, file)]
        return found

    def _model(self, root: etree._Element) -> Iterator[Path]:
        """The schematron of the document's model, of the version it declares or of the last one there is."""
        for template in root.findall("{urn:hl7-org:v3}templateId"):
            name = _MODELS.get(template.get("root", ""))
            if name is not None:
                known = sorted((self._checkout / "schematrons").glob(f"CI-SIS_{name}_*.sch"))
                exact = [one for one in known if one.stem.endswith(f"_{template.get('extension')}")]
                yield from (exact or known)[-1:]
                return

    def _failed(self, schematron: Path, file: Path) -> Iterator[str]:
        report = self._sheet(schematron).transform_to_string(source_file=str(file))
        tree = safexml.parse(report.encode(), _LIMITS)
        for kind in ("failed-assert", "successful-report"):
            for one in tree.iter(f"{_REPORT}{kind}"):
                if (one.get("role") or one.get("flag") or "error").lower() in _NO_ERROR:
                    continue
                text = one.find(f"{_REPORT}text")
                yield " ".join("".join(str(word) for word in text.itertext()).split()) if text is not None else "?"

    def _sheet(self, schematron: Path) -> Any:
        if schematron not in self._sheets:
            self._sheets[schematron] = self._xslt.compile_stylesheet(stylesheet_file=str(self._compiled(schematron)))
        return self._sheets[schematron]

    def _compiled(self, schematron: Path) -> Path:
        """The sheet of *schematron*, made once and kept in the cache."""
        source = self._with_vocabularies(schematron, etree.tostring(self._joined(schematron)))
        mark = hashlib.sha256(str(schematron).encode() + source).hexdigest()[:24]
        made = self._cache / f"{schematron.stem}-{mark}.xsl"
        if made.is_file():
            return made
        step = made.with_suffix(".sch")
        step.write_bytes(source)
        for number, skeleton in enumerate(_SKELETON):
            sheet = self._xslt.compile_stylesheet(stylesheet_file=str(self._checkout / skeleton))
            target = made.with_suffix(f".{number}.xsl")
            sheet.transform_to_file(source_file=str(step), output_file=str(target))
            step.unlink()
            step = target
        tree = safexml.parse(step.read_bytes(), safexml.Limits(elements=5_000_000))
        tree.set(_BASE, schematron.with_suffix(".xsl").as_uri())  # from where document('...') is meant
        step.write_bytes(safexml.serialise(tree))
        step.replace(made)
        return made

    def _joined(self, schematron: Path) -> etree._Element:
        """The schematron with the files it includes in their places."""
        root = safexml.parse(schematron.read_bytes(), _LIMITS)
        for include in list(root.iter(f"{_SCHEMATRON}include")):
            name = str(include.get("href", "")).partition("#")[0]
            part = self._joined(_any_case(schematron.parent, name))
            part.tail = include.tail
            parent = include.getparent()
            if parent is not None:
                parent.replace(include, part)
        return root

    def _with_vocabularies(self, schematron: Path, source: bytes) -> bytes:
        """The source with a stand-in for each vocabulary file that the published checkout lacks."""
        for match in set(re.findall(rb"doc\('(include/voc-([0-9.]+)-DYNAMIC\.xml)'\)", source)):
            href, oid = (part.decode() for part in match)
            if not (schematron.parent / href).is_file():
                stand_in = self._vocabulary(oid)
                source = source.replace(f"doc('{href}')".encode(), f"doc('{stand_in.as_uri()}')".encode())
        return source

    def _vocabulary(self, oid: str) -> Path:
        for file in sorted((self._checkout / "jeuxDeValeurs").glob("*.xml")):
            content = file.read_bytes()
            if f'"{oid}"'.encode() not in content[:4000]:
                continue
            table = safexml.parse(content, _LIMITS).find(f"{_VALUE_SETS}ValueSet")
            if table is None or table.get("id") != oid:
                continue
            sets = etree.Element("valueSets")
            concepts = etree.SubElement(etree.SubElement(sets, "valueSet", id=oid), "conceptList")
            for one in table.iter(f"{_VALUE_SETS}Concept"):
                etree.SubElement(
                    concepts, "concept", code=one.get("code", ""), codeSystem=one.get("codeSystem", "")
                )  # fmt: skip
            made = self._cache / f"voc-{oid}.xml"
            made.write_bytes(etree.tostring(sets))
            return made
        raise Unusable(f"voc-{oid}-DYNAMIC.xml")


def _any_case(folder: Path, name: str) -> Path:
    """The file *name* below *folder* whatever its upper and lower case: the checkout was written on Windows."""
    found = folder
    for part in name.split("/"):
        if part == "..":
            found = found.parent
        elif part not in ("", "."):
            exact = found / part
            alike = [one for one in found.iterdir() if one.name.lower() == part.lower()] if found.is_dir() else []
            found = exact if exact.exists() or not alike else alike[0]
    if not found.is_file():
        raise Unusable(name)
    return found


def main(checkout: str, cache: str) -> int:
    """Answer for the files named on the standard input."""
    try:
        validator = Validator(Path(checkout).resolve(), Path(cache))
        for line in sys.stdin:
            name = line.rstrip("\n")
            print(json.dumps({"file": name, "errors": validator.errors(Path(name))}, ensure_ascii=False), flush=True)
    except ImportError as error:
        print(json.dumps({"unusable": "saxonche" if error.name == "saxonche" else str(error.name)}), flush=True)
    except (Unusable, OSError) as error:
        print(json.dumps({"unusable": str(error)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
