"""The official value sets as tables: which codes may be sent, and what they are called.

One JSON file a set in ``valuesets/``, made by ``scripts/valuesets``; read when first asked for, once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cache

from gateway import resources
from gateway.errors import SettingsError
from gateway.model.codes import Code

FACILITY_TYPE = "JDV_J02_XdsHealthcareFacilityTypeCode_CISIS"
PRACTICE_SETTING = "JDV_J04_XdsPracticeSettingCode_CISIS"
CLASS = "JDV_J06_XdsClassCode_CISIS"
TYPE = "JDV_J07_XdsTypeCode_CISIS"
CONFIDENTIALITY = "JDV_J08_XdsConfidentialityCode_CISIS"
FORMAT = "JDV_J10_XdsFormatCode_CISIS"
MODALITY = "JDV_ModaliteAcquisition_CISIS"
REGION = "JDV_RegionAnatomique_CISIS"
CONTENT_TYPE = "TRE_R209_TypeActivite"


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A value set: its identity, where it was taken from, and its codes in their order."""

    oid: str
    name: str
    revision: str
    source: str
    codes: tuple[Code, ...]
    _by_code: dict[str, Code] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_code", {code.code: code for code in self.codes})

    def __contains__(self, code: Code) -> bool:
        """Whether the set has this code of this system; a code without a system is looked up by itself."""
        known = self._by_code.get(code.code)
        return known is not None and code.system in ("", known.system)

    def code(self, code: str) -> Code:
        """The entry of *code*; raises KeyError when the set lacks it. No set here has one code in two systems."""
        return self._by_code[code]

    def complete(self, code: Code) -> Code:
        """*code* with the system and the display it lacks, when the set has it; else as it is."""
        if code not in self:
            return code
        known = self._by_code[code.code]
        return replace(code, system=known.system, display=code.display or known.display)


@cache
def load(name: str) -> ValueSet:
    """The value set *name*; raises SettingsError ``valueset_unreadable`` when its table is missing or broken."""
    path = resources.valuesets_path() / f"{name}.json"
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        codes = tuple(Code(code, system, display) for code, system, display in table["codes"])
        return ValueSet(table["oid"], table["name"], table["revision"], table["source"], codes)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError("valueset_unreadable", place=path.name, name=name) from error
