"""``gateway xds find|get``: what a registry has (ITI-18)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import options
from gateway.cli.xds_common import client_of, code_of, destination, record, registered, site_of
from gateway.cli.xds_show import REFUSED, dumped, found_json, print_found, refusals

if TYPE_CHECKING:
    from gateway.model.codes import Code
    from gateway.wiring.house import House
    from gateway.xds.client import RegistryClient
    from gateway.xds.queries import StoredQuery

commands = click.Group()

references_option = click.option("--references", is_flag=True, help="Only the entryUUIDs (ObjectRef).")
_KINDS = (
    "documents",
    "folders",
    "associations",
    "documents-and-associations",
    "submission-sets",
    "set-contents",
    "folder-contents",
    "folders-of",
    "related",
)


@commands.command()
@click.option("--patient", required=True, help="The patient as CX: ID^^^&OID&ISO^TYPE.")
@options.config
@destination
@click.option(
    "--what",
    type=click.Choice(("documents", "submission-sets", "folders", "all")),
    default="documents",
    show_default=True,
    help="What is looked for.",
)
@click.option("--accession", multiple=True, help="Accession number (any of several).")
@click.option("--study", multiple=True, help="Study Instance UID (any of several).")
@click.option("--order", multiple=True, help="Order number (any of several).")
@click.option("--issuer", default="", help="OID that issued these numbers; the site's by default.")
@click.option("--modality", multiple=True, help="DICOM modality (any of several).")
@click.option("--region", multiple=True, help="Region, SNOMED CT or CODE^^SYSTEM (any of several).")
@click.option("--code", multiple=True, help="NAME=CODE^^SYSTEM: ClassCode, TypeCode, FormatCode, PracticeSettingCode…")
@click.option("--confidentiality", multiple=True, help="CODE^^SYSTEM; all of several.")
@click.option("--author", multiple=True, help="Author's name; % stands for anything.")
@click.option("--created", default="", help="FROM..TO, dates; either may be left out.")
@click.option("--service", default="", help="FROM..TO of the beginning of the examination.")
@click.option("--status", multiple=True, help="approved (default), deprecated, deleted or any; may be repeated.")
@references_option
@options.language("fr")
@options.as_json
def find(
    patient: str,
    config: Path,
    destination: str,
    what: str,
    accession: tuple[str, ...],
    study: tuple[str, ...],
    order: tuple[str, ...],
    issuer: str,
    modality: tuple[str, ...],
    region: tuple[str, ...],
    code: tuple[str, ...],
    confidentiality: tuple[str, ...],
    author: tuple[str, ...],
    created: str,
    service: str,
    status: tuple[str, ...],
    references: bool,
    language: str,
    as_json: bool,
) -> None:
    """Look for documents, submission sets or folders of a patient (ITI-18).

    Different options are all to be met; of one option given several times, any. Numbers (accession, study, order) make
    it FindDocumentsByReferenceId. Ends with 1 when the registry refuses or answers in part.
    """
    from gateway.xds import queries

    with client_of(config, destination) as (house, client):
        asking = {"return_type": queries.OBJECT_REF if references else queries.LEAF_CLASS}
        if what == "documents":
            query = _find_documents(
                patient,
                _numbers(house, {"accession": accession, "study": study, "order": order}, issuer),
                status=_statuses(status),
                filters={
                    **asking,
                    "codes": _named_codes(code or []),
                    "events": [group for group in (_dicom(modality), _regions(region)) if group],
                    "confidentialities": [[code_of("--confidentiality", one)] for one in confidentiality or []],
                    "created": _period("--created", created),
                    "started": _period("--service", service),
                    "authors": author or [],
                },
            )
        elif what == "submission-sets":
            submitted = _period("--created", created)
            query = queries.find_submission_sets(
                patient,
                status=_statuses(status),
                submitted=submitted,
                authors=author or [],
                return_type=asking["return_type"],
            )
        elif what == "folders":
            updated = _period("--created", created)
            query = queries.find_folders(
                patient, status=_statuses(status), updated=updated, return_type=asking["return_type"]
            )
        else:
            states = _statuses(status)
            query = queries.get_all(
                patient,
                status=states,
                set_status=states,
                folder_status=states,
                return_type=asking["return_type"],
            )
        _ask(house, client, query, patient, language, as_json=as_json)


@commands.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...", help="Unique ids, or entryUUIDs (urn:uuid:…).")
@options.config
@destination
@click.option(
    "--what",
    type=click.Choice(_KINDS),
    default="documents",
    show_default=True,
    help="The objects themselves (documents, folders), what is in a set or folder, or what is joined to them.",
)
@click.option(
    "--association", multiple=True, help="With --what related: RPLC, APND, XFRM, XFRM_RPLC, signs; all by default."
)
@references_option
@options.language("fr")
@options.as_json
def get(
    ids: tuple[str, ...],
    config: Path,
    destination: str,
    what: str,
    association: tuple[str, ...],
    references: bool,
    language: str,
    as_json: bool,
) -> None:
    """Get objects of a registry by their ids, or what is joined to them (ITI-18).

    Ends with 1 when the registry refuses or answers in part.
    """
    with client_of(config, destination) as (house, client):
        with refusals(language, as_json=as_json, objects=ids):
            query = _get(client, ids, what, association or [], references=references)
        _ask(house, client, query, "", language, as_json=as_json)


def _ask(
    house: House, client: RegistryClient, query: StoredQuery, patient: str, language: str, *, as_json: bool
) -> None:
    with refusals(language, as_json=as_json):
        found = client.query(query)
    record(house, "xds.queried", patient, "")
    if as_json:
        print(dumped(found_json(found, language)))
    else:
        print_found(found, language)
    if not found.complete:
        raise SystemExit(REFUSED)


def _find_documents(
    patient: str, numbers: list[list[str]], *, status: list[str], filters: Mapping[str, object]
) -> StoredQuery:
    from gateway.xds import queries

    if numbers:
        return queries.find_documents_by_reference_id(
            patient,
            numbers[0],
            also=numbers[1:],
            status=status,
            **filters,  # type: ignore[arg-type]
        )
    return queries.find_documents(patient, status=status, **filters)  # type: ignore[arg-type]


def _numbers(house: House, given: Mapping[str, Sequence[str]], issuer: str) -> list[list[str]]:
    """The CXi of each kind of number that is given."""
    from gateway.model.document import REFERENCE_ACCESSION, REFERENCE_ORDER, REFERENCE_STUDY
    from gateway.model.identifiers import Identifier
    from gateway.xds.forms import reference

    if not any(given.values()):
        return []
    site = site_of(house, "") if not issuer and (given["accession"] or given["order"]) else None
    authorities = {
        "accession": (REFERENCE_ACCESSION, issuer or (site.accession_issuer if site else "")),
        "study": (REFERENCE_STUDY, ""),
        "order": (REFERENCE_ORDER, issuer or (site.order_issuer if site else "")),
    }
    return [
        [reference(Identifier(authority, value), type_code).cxi() for value in given[kind] or []]
        for kind, (type_code, authority) in authorities.items()
        if given[kind]
    ]


def _get(
    client: RegistryClient, ids: Sequence[str], what: str, association: Sequence[str], *, references: bool
) -> StoredQuery:
    """The query of *what*; unique ids become entryUUIDs where only these are taken."""
    from gateway.errors import InputRejected
    from gateway.model.document import RELATIONSHIPS
    from gateway.xds import queries

    uuids = [one for one in ids if one.startswith("urn:uuid:")]
    if uuids and len(uuids) != len(ids):
        raise InputRejected("xds_option", option="ID", words="unique ids, or entryUUIDs, not both")
    shown = queries.OBJECT_REF if references else queries.LEAF_CLASS
    unique_ids = () if uuids else ids
    if what == "documents":
        return queries.get_documents(unique_ids=unique_ids, entry_uuids=uuids, return_type=shown)
    if what == "folders":
        return queries.get_folders(unique_ids=unique_ids, entry_uuids=uuids, return_type=shown)
    if what == "documents-and-associations":
        return queries.get_documents_and_associations(unique_ids=unique_ids, entry_uuids=uuids, return_type=shown)
    if what in ("associations", "submission-sets"):
        known = uuids or [entry.entry_uuid for entry in registered(client, ids).values()]
        build = queries.get_associations if what == "associations" else queries.get_submission_sets
        return build(known, return_type=shown)
    if len(ids) != 1:
        raise InputRejected("xds_option", option=f"--what {what}", words="one ID")
    uuid, unique_id = ("", ids[0]) if not uuids else (ids[0], "")
    if what == "set-contents":
        return queries.get_submission_set_and_contents(unique_id=unique_id, entry_uuid=uuid, return_type=shown)
    if what == "folder-contents":
        return queries.get_folder_and_contents(unique_id=unique_id, entry_uuid=uuid, return_type=shown)
    if what == "folders-of":
        return queries.get_folders_for_document(unique_id=unique_id, entry_uuid=uuid, return_type=shown)
    types = [next((str(one) for one in RELATIONSHIPS if one.endswith(f":{name}")), name) for name in association]
    return queries.get_related_documents(
        types or sorted(map(str, RELATIONSHIPS)), unique_id=unique_id, entry_uuid=uuid, return_type=shown
    )


def _statuses(given: Sequence[str] | None) -> list[str]:
    from gateway.errors import InputRejected
    from gateway.model import document as model

    names = given or ["approved"]
    for name in names:
        if name not in ("approved", "deprecated", "deleted", "any"):
            raise InputRejected("xds_option", option="--status", words="approved, deprecated, deleted, any")
    every = ["approved", "deprecated"] if "any" in names else []
    return [str(model.Status[name.upper()]) for name in dict.fromkeys([*every, *names]) if name != "any"]


def _named_codes(given: Sequence[str]) -> dict[str, list[Code]]:
    from gateway.errors import InputRejected

    named: dict[str, list[Code]] = {}
    for one in given:
        name, separator, value = one.partition("=")
        if not separator or not name:
            raise InputRejected("xds_option", option="--code", words="NAME=CODE^^SYSTEM")
        named.setdefault(name, []).append(code_of("--code", value))
    return named


def _dicom(values: Sequence[str]) -> list[Code]:
    from gateway.model.codes import DCM, Code

    return [code_of("--modality", one) if "^^" in one else Code(one.upper(), DCM) for one in values or []]


def _regions(values: Sequence[str]) -> list[Code]:
    from gateway.model.codes import SNOMED_CT, Code

    return [code_of("--region", one) if "^^" in one else Code(one, SNOMED_CT) for one in values or []]


def _period(option: str, text: str) -> tuple[str, str]:
    """``FROM..TO`` with dates as ``2026-11-22`` or digits; raises InputRejected."""
    from gateway.errors import InputRejected

    if not text:
        return "", ""
    start, separator, end = (part.replace("-", "").strip() for part in text.partition(".."))
    if not separator or not all(re.fullmatch(r"(\d{4}(\d\d){0,5})?", one) for one in (start, end)):
        raise InputRejected("xds_option", option=option, words="FROM..TO, 2026-01-01..2026-12-31")
    return start, end
