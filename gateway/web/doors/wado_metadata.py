"""Headers of instances for other systems: whole, with what is large named by an address of ours (PS3.18 F.2.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_SOP_INSTANCE, _STUDY, _SERIES = "00080018", "0020000D", "0020000E"
_PIXELS = frozenset({"7FE00008", "7FE00009", "7FE00010"})


def described(
    headers: Iterable[Mapping[str, Any]], study_uid: str, series_uid: str, wanted: set[str], root: str
) -> list[dict[str, Any]]:
    """Those of *headers* that are of this series and *wanted* (SOP Instance UIDs); *root*: of our addresses."""
    found = []
    for header in headers:
        uid = _first(header, _SOP_INSTANCE)
        if uid not in wanted or _first(header, _STUDY) != study_uid or _first(header, _SERIES) != series_uid:
            continue
        base = f"{root}/studies/{study_uid}/series/{series_uid}/instances/{uid}/bulkdata"
        found.append(
            {tag: _ours(attribute, f"{base}/{tag}") for tag, attribute in header.items() if tag not in _PIXELS}
        )
    return found


def _first(header: Mapping[str, Any], tag: str) -> str:
    attribute = header.get(tag)
    values = attribute.get("Value") if isinstance(attribute, dict) else None
    return str(values[0]) if isinstance(values, list) and values else ""


def _ours(attribute: Any, address: str) -> Any:
    """*attribute* with our own address in place of the PACS's; inside of items what is large is left out."""
    if not isinstance(attribute, dict):
        return attribute
    kept = {name: value for name, value in attribute.items() if name != "BulkDataURI"}
    if "BulkDataURI" in attribute and address:
        kept["BulkDataURI"] = address
    if attribute.get("vr") == "SQ" and isinstance(attribute.get("Value"), list):
        kept["Value"] = [
            {tag: _ours(inner, "") for tag, inner in item.items()} if isinstance(item, dict) else item
            for item in attribute["Value"]
        ]
    return kept
