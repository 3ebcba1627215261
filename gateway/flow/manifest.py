"""The manifests of a publication: which studies get one, what it says, and which one it replaces.

A study has one manifest at a destination, whoever reports on it. It is made again when its instances change or when
another request is reported on; the new one carries the requests of every report that stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from lxml import etree

from gateway.cda import read
from gateway.errors import Mismatch, Unavailable
from gateway.flow import agree
from gateway.flow.carrying import Carrying
from gateway.kos import read as kos
from gateway.kos.build import ManifestRequest, build
from gateway.kos.choice import choose
from gateway.kos.requests import Order
from gateway.kos.same import same_content
from gateway.kos.selection import KeyObjectSelection
from gateway.model.codes import Code
from gateway.model.exam import Exam
from gateway.model.identifiers import Identifier, new_uid
from gateway.model.report import Report
from gateway.model.share import FrozenDocument, Manifest, ManifestDraft, Pairing, Share
from gateway.model.site import Site

log = structlog.get_logger(__name__)

Exams = Sequence[tuple[Exam, Pairing]]


@dataclass(frozen=True, slots=True)
class Material:
    """What a share is made from, once its studies are whole."""

    site: Site
    report: Report
    root: etree._Element
    content: bytes
    exams: Exams

    def act(self, study_uid: str) -> str:
        """What was done, in the report's words: the act's own code first, then the procedure's."""
        codes = (c for a in self.report.acts if a.study_uid == study_uid for c in (a.code, *a.procedures))
        return next((code.display for code in codes if code and code.display), "")

    def regions(self, study_uid: str) -> tuple[Code, ...]:
        """The anatomical regions that the report's acts on this study name."""
        return tuple(region for act in self.report.acts if act.study_uid == study_uid for region in act.regions)


@dataclass(frozen=True, slots=True)
class Plan:
    """The manifests of one submission."""

    drafts: tuple[ManifestDraft, ...] = ()
    rows: tuple[Manifest, ...] = ()
    """Of each study that gets one: what is to stand, as long as what it replaces stands until then."""
    replaced: Mapping[str, str] = field(default_factory=dict)
    """Unique id of each new manifest that replaces one, and of that one."""


def plan(tools: Carrying, share: Share, material: Material, now: datetime) -> Plan | None:
    """Which studies of *material* get a new manifest, and what it replaces; None while another share makes one.

    A study gets one when none stands, when the one that stands names other instances than are to be shared now, or
    when the reports that stand, with this one, have other accession and order numbers than it carries. Raises Mismatch
    as :func:`gateway.kos.build.build`.
    """
    made = Plan()
    for exam, pairing in material.exams:
        existing = tools.store.manifest(share.destination, exam.study_uid)
        if existing is not None and not existing.shared:
            return None
        orders = _orders(tools, share, material, exam, pairing, existing)
        numbers = _numbers(orders)
        if existing is not None and _is_true(tools, existing, numbers, exam, material.site):
            continue
        flavour, masked = tools.flavours[share.destination], masks_of_others(tools, share, exam.study_uid)
        some = [
            replace(one, masked=masked)
            for one in drafts(material, exam, pairing, orders, flavour=flavour, share_id=share.id, now=now)
        ]
        row = Manifest(
            share_id=share.id,
            destination=share.destination,
            study_uid=exam.study_uid,
            unique_id=some[0].unique_id,
            fingerprint=exam.fingerprint,
            requests=numbers,
            shared=False,
            replaces=existing.unique_id if existing is not None else "",
        )
        replaced = _replaced(tools, existing, some) if existing is not None else {}
        made = Plan((*made.drafts, *some), (*made.rows, row), {**made.replaced, **replaced})
    return made


def documents_of(tools: Carrying, manifest: Manifest) -> tuple[FrozenDocument, ...]:
    """The documents that *manifest* consists of, the one it is known by first: with MADO there may be two."""
    frozen = tools.frozen_of(manifest.share_id)
    documents = frozen.documents if frozen is not None else ()
    return tuple(one for one in documents if one.kind == "manifest" and one.study_uid == manifest.study_uid)


def read_manifest(tools: Carrying, manifest: Manifest) -> KeyObjectSelection | None:
    """What *manifest* says; None when its bytes are not kept any more."""
    for document in documents_of(tools, manifest):
        if document.unique_id == manifest.unique_id:
            content = kept_bytes(tools, document.digest)
            return None if content is None else kos.read(content)
    return None


def kept_bytes(tools: Carrying, digest: str) -> bytes | None:
    """The bytes of a document, or None when they were erased. Raises Unavailable when the disk does not answer."""
    try:
        return tools.blobs.get(digest)
    except Unavailable as error:
        if error.code != "store_blob_missing":
            raise
        return None


def orders_of(report: Report, exam: Exam, pairing: Pairing, site: Site) -> tuple[Order, ...]:
    """The accession and placer order numbers under which *report* speaks of *exam*.

    A study may answer to several requests: each of its accession numbers that the report has.
    """
    theirs = [Identifier(exam.accession_issuer, exam.accession_number), *(one.accession for one in exam.requests)]
    known = {Identifier(one.root or site.accession_issuer, one.extension) for one in theirs if one.extension}
    known.add(pairing.accession)
    found = [(one.accession, one.placer) for one in report.orders if one.accession in known]
    stated = [(accession, placer) for accession, placer in found if accession is not None]
    return tuple(dict.fromkeys(stated)) or ((pairing.accession, None),)


def same_numbers(manifest: Manifest, numbers: str) -> bool:
    """Whether *manifest* carries the numbers (:func:`_numbers`), in whatever order they were written."""
    return set(json.loads(manifest.requests)) == set(json.loads(numbers))


def _numbers(orders: Sequence[Order]) -> str:
    """The accession and order numbers of a study in one canonical string (``Manifest.requests``)."""
    return json.dumps(sorted({one.unique_id for order in orders for one in order if one is not None}))


def numbers_now(tools: Carrying, reports: Sequence[str], exam: Exam, site: Site, standing: Manifest) -> str:
    """What a manifest of *exam* carries while *reports* stand. Raises Mismatch when none of them agrees with it.

    Of a report whose bytes were erased it goes on carrying what it carried.
    """
    orders: list[Order] = []
    disagreement: Mismatch | None = None
    erased = False
    for report_id in reports:
        try:
            found = _orders_of_stored(tools, report_id, exam, site)
            erased = erased or found is None
            orders += found or ()
        except Mismatch as error:
            disagreement = error
    if disagreement is not None and not orders and not erased:
        raise disagreement
    numbers = _numbers(orders)
    return json.dumps(sorted({*json.loads(numbers), *json.loads(standing.requests)})) if erased else numbers


def _orders(
    tools: Carrying, share: Share, material: Material, exam: Exam, pairing: Pairing, standing: Manifest | None
) -> tuple[Order, ...]:
    """Those of this report first, then those of every other report that stands.

    The bytes of one may have been erased after their time: what it ordered is read out of the manifest that stands.
    """
    orders = list(orders_of(material.report, exam, pairing, material.site))
    for report_id in tools.store.living(share.destination, exam.study_uid, besides=share.target):
        if report_id != share.report_id:
            try:
                found = _orders_of_stored(tools, report_id, exam, material.site)
            except Mismatch as error:
                # It stands under what the PACS said then; what it says now is for the look at the published studies.
                log.warning("manifest.report_differs", share=share.id, report=report_id, code=error.code)
                continue
            orders += _orders_of_manifest(tools, standing) if found is None else found
    return tuple(dict.fromkeys(orders))


def _orders_of_stored(tools: Carrying, report_id: str, exam: Exam, site: Site) -> tuple[Order, ...] | None:
    """None for a report whose bytes were erased."""
    content = kept_bytes(tools, tools.store.report(report_id).digest)
    if content is None:
        return None
    report = read.read(tools.parse(content))
    return orders_of(report, exam, agree.report_and_exam(report, exam, site), site)


def _orders_of_manifest(tools: Carrying, standing: Manifest | None) -> tuple[Order, ...]:
    said = read_manifest(tools, standing) if standing is not None else None
    return orders_in(said) if said is not None else ()


def orders_in(said: KeyObjectSelection) -> tuple[Order, ...]:
    """The accession and placer order numbers that a manifest carries."""
    return tuple((one.accession, one.placer) for one in said.requests if one.accession is not None)


def masks_of_others(tools: Carrying, share: Share, study_uid: str) -> frozenset[str]:
    """The masks of the other reports over a study that stand at the destination of *share*."""
    others = tools.store.living(share.destination, study_uid, besides=share.target)
    return frozenset(
        mask for one in others if one != share.report_id for mask in tools.store.report(one).statements.masked
    )


def _is_true(tools: Carrying, manifest: Manifest, numbers: str, exam: Exam, site: Site) -> bool:
    """Whether *manifest* carries *numbers* and names what is to be shared of *exam*."""
    if not same_numbers(manifest, numbers):
        return False
    if manifest.fingerprint == exam.fingerprint:
        return True
    said = read_manifest(tools, manifest)
    return said is not None and same_content(said, exam, site.manifest)


def _replaced(tools: Carrying, existing: Manifest, new: Sequence[ManifestDraft]) -> dict[str, str]:
    """Each new document and the one it replaces: the plain one the plain one, the described one the described one."""
    old = [one.unique_id for one in documents_of(tools, existing)] or [existing.unique_id]
    if len(old) > len(new):
        log.warning("manifest.left_standing", share=existing.share_id, documents=len(old) - len(new))
    return {one.unique_id: other for one, other in zip(new, old, strict=False)}


def drafts(
    material: Material,
    exam: Exam,
    pairing: Pairing,
    orders: tuple[Order, ...],
    *,
    flavour: str,
    share_id: str,
    now: datetime,
) -> list[ManifestDraft]:
    """The manifest of a study, plain, described (IHE MADO) or both; the first is the one that is replaced."""
    settings = material.site.manifest
    left_out = choose(exam, settings).reasons
    if left_out:
        log.info("manifest.left_out", share=share_id, **{k.replace(" ", "_"): n for k, n in left_out.items()})
    kinds = {"none": (False,), "instead": (True,), "extra": (False, True)}[settings.mado]
    return [_draft(material, exam, pairing, orders, flavour=flavour, now=now, described=kind) for kind in kinds]


def _draft(
    material: Material,
    exam: Exam,
    pairing: Pairing,
    orders: tuple[Order, ...],
    *,
    flavour: str,
    now: datetime,
    described: bool,
) -> ManifestDraft:
    unique_id = new_uid()
    content = build(
        exam,
        ManifestRequest(
            sop_instance_uid=unique_id,
            series_instance_uid=new_uid(),
            created_at=now,
            site=material.site,
            patient=material.report.patient,
            accession=pairing.accession,
            orders=orders,
            flavour=flavour,
            act=material.act(exam.study_uid),
            described=described,
            regions=material.regions(exam.study_uid),
        ),
    )
    return ManifestDraft(
        exam=exam, pairing=pairing, unique_id=unique_id, created_at=now, content=content, orders=orders
    )
