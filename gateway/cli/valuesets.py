"""``gateway valuesets``."""

from __future__ import annotations

import json

import click

from gateway.cli import options

commands = options.Group(help="Official value sets: list, show, find.")


@commands.command("list")
@options.as_json
def list_(as_json: bool) -> None:
    """List the value sets and associations: short name, name, OID, revision, number of codes."""
    from gateway.errors import SettingsError
    from gateway.valuesets import ASSOCIATIONS, SHORT, association, load

    told: list[dict[str, object]] = []
    for short, name in SHORT.items():
        one: dict[str, object] = {"short": short, "name": name}
        try:
            if name in ASSOCIATIONS:
                rows = association(name)
                one |= {"oid": rows.oid, "revision": rows.revision, "codes": len(rows.rows), "retired": 0}
                one |= {"source": rows.source, "note": rows.note}
            else:
                table = load(name)
                one |= {"oid": table.oid, "revision": table.revision, "codes": len(table)}
                one |= {"retired": len(table.retired_codes), "source": table.source, "note": table.note}
        except SettingsError:
            one["missing"] = True
        told.append(one)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    for one in told:
        retired = f" (+{one['retired']} retired)" if one.get("retired") else ""
        about = f"{one['revision']}  {one['codes']:>5}{retired}" if "codes" in one else "table missing"
        print(f"{one['short']:<24} {one['name']:<58} {one.get('oid', ''):<27} {about}")


@commands.command()
@click.argument("name", help="Its name, short name, OID, or a part that only one name has.")
@options.as_json
def show(
    name: str,
    as_json: bool,
) -> None:
    """Show one value set or association: where it comes from, and every code."""
    from gateway.valuesets import ASSOCIATIONS, association, load
    from gateway.valuesets.search import resolve

    full = resolve(name)
    if full in ASSOCIATIONS:
        rows = association(full)
        about = {"name": full, "oid": rows.oid, "revision": rows.revision, "source": rows.source, "note": rows.note}
        lines = [f"{code} -> {', '.join(targets)}" for code, targets in rows.rows.items()]
        _tell(
            {**about, "target": rows.target, "rows": {code: list(to) for code, to in rows.rows.items()}}, lines, as_json
        )
        return
    table = load(full)
    about = {"name": full, "oid": table.oid, "revision": table.revision, "source": table.source, "note": table.note}
    codes: list[dict[str, str]] = [
        {"code": one.code, "system": one.system, "display": one.display} for one in table.codes
    ]
    retired = [
        {"code": one.code, "system": one.system, "display": one.display, "retired": day.isoformat()}
        for one, day in table.retired_codes
    ]
    lines = [_line(**one) for one in (*codes, *retired)]
    _tell({**about, "codes": codes, "retired": retired}, lines, as_json)


@commands.command()
@click.argument("text", help="A code, or words of a label; accents and capitals do not count.")
@options.as_json
def find(
    text: str,
    as_json: bool,
) -> None:
    """Find codes in all value sets. Ends with 1 when there is none."""
    from gateway.valuesets.search import find as hits_of

    count = 0
    told: list[dict[str, str]] = []
    for hit in hits_of(text):
        count += 1
        one = {"code": hit.code.code, "system": hit.code.system, "display": hit.code.display}
        if hit.retired:
            one["retired"] = hit.retired.isoformat()
        if as_json:
            told.append({"set": hit.name, **one})
        else:
            print(f"{hit.name}: {_line(**one)}")
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    raise SystemExit(0 if count else 1)


def _line(code: str, system: str, display: str, retired: str = "") -> str:
    return f"{code}  {display}  [{system}]{f'  retired {retired}' if retired else ''}"


def _tell(whole: dict[str, object], lines: list[str], as_json: bool) -> None:
    if as_json:
        print(json.dumps(whole, ensure_ascii=False))
        return
    print(f"{whole['name']}  {whole['oid']}  revision {whole['revision']}\n{whole['source']}")
    if whole["note"]:
        print(whole["note"])
    print("\n".join(lines))
