"""``gateway xds find|get``: what a registry has (ITI-18)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gateway.cli.options import DEFAULT, AsJson, Config, Language
from gateway.cli.xds_common import Destination, Many, client_of, code_of, record, registered, site_of
from gateway.cli.xds_show import REFUSED, dumped, found_json, print_found, refusals

if TYPE_CHECKING:
    from gateway.model.codes import Code
    from gateway.wiring.house import House
    from gateway.xds.client import RegistryClient
    from gateway.xds.queries import StoredQuery

commands = typer.Typer()

Statuses = Annotated[
    list[str] | None,
    typer.Option("--status", help="approved (default), deprecated, deleted or any; may be repeated."),
]
References = Annotated[bool, typer.Option("--references", help="Only the entryUUIDs (ObjectRef).")]
_KINDS = Literal[
    "documents",
    "folders",
    "associations",
    "documents-and-associations",
    "submission-sets",
    "set-contents",
    "folder-contents",
    "folders-of",
    "related",
]


@commands.command()
def find(
    patient: Annotated[str, typer.Option("--patient", help="The patient as CX: ID^^^&OID&ISO^TYPE.")],
    config: Config = DEFAULT,
    destination: Destination = "",
    what: Annotated[
        Literal["documents", "submission-sets", "folders", "all"], typer.Option("--what", help="What is looked for.")
    ] = "documents",
    accession: Annotated[Many, typer.Option("--accession", help="Accession number (any of several).")] = None,
    study: Annotated[Many, typer.Option("--study", help="Study Instance UID (any of several).")] = None,
    order: Annotated[Many, typer.Option("--order", help="Order number (any of several).")] = None,
    issuer: Annotated[str, typer.Option("--issuer", help="OID that issued these numbers; the site's by default.")] = "",
    modality: Annotated[Many, typer.Option("--modality", help="DICOM modality (any of several).")] = None,
    region: Annotated[
        Many, typer.Option("--region", help="Region, SNOMED CT or CODE^^SYSTEM (any of several).")
    ] = None,
    code: Annotated[
        Many, typer.Option("--code", help="NAME=CODE^^SYSTEM: ClassCode, TypeCode, FormatCode, PracticeSettingCode…")
    ] = None,
    confidentiality: Annotated[Many, typer.Option("--confidentiality", help="CODE^^SYSTEM; all of several.")] = None,
    author: Annotated[Many, typer.Option("--author", help="Author's name; % stands for anything.")] = None,
    created: Annotated[str, typer.Option("--created", help="FROM..TO, dates; either may be left out.")] = "",
    service: Annotated[str, typer.Option("--service", help="FROM..TO of the beginning of the examination.")] = "",
    status: Statuses = None,
    references: References = False,
    language: Language = "fr",
    as_json: AsJson = False,
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
def get(
    ids: Annotated[list[str], typer.Argument(help="Unique ids, or entryUUIDs (urn:uuid:…).", metavar="ID...")],
    config: Config = DEFAULT,
    destination: Destination = "",
    what: Annotated[
        _KINDS,
        typer.Option(
            "--what",
            help="The objects themselves (documents, folders), what is in a set or folder, or what is joined to them.",
        ),
    ] = "documents",
    association: Annotated[
        Many,
        typer.Option("--association", help="With --what related: RPLC, APND, XFRM, XFRM_RPLC, signs; all by default."),
    ] = None,
    references: References = False,
    language: Language = "fr",
    as_json: AsJson = False,
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
        raise typer.Exit(REFUSED)


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


def _numbers(house: House, given: Mapping[str, Many], issuer: str) -> list[list[str]]:
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


def _dicom(values: Many) -> list[Code]:
    from gateway.model.codes import DCM, Code

    return [code_of("--modality", one) if "^^" in one else Code(one.upper(), DCM) for one in values or []]


def _regions(values: Many) -> list[Code]:
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
