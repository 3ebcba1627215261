"""The manifests of a publication: which studies get one, what it says, and which one it replaces.

A study has one manifest at a destination, whoever reports on it. It is made again when its instances change, when
another request is reported on, or when it is to be more or less hidden; the new one carries the requests of every
report that stands, and is as hidden as the most hidden of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from gateway.errors import Mismatch, Unavailable
from gateway.flow import agree
from gateway.flow.carrying import Carrying
from gateway.flow.identity import as_it_holds
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
from gateway.model.share import FrozenDocument, FrozenSubmission, Manifest, ManifestDraft, Pairing, Share, StoredReport
from gateway.model.site import Site

log = structlog.get_logger(__name__)

Exams = Sequence[tuple[Exam, Pairing]]

_MASK = "masked:"
"""Before a mask in ``Manifest.requests``; no identifier begins so."""
_KINDS: Mapping[str, tuple[bool, ...]] = {"none": (False,), "instead": (True,), "extra": (False, True)}
"""By ``[manifest] mado``, of each document of a manifest whether it is the described one."""
_RESTRICTED = frozenset({"R", "V"})
"""What a document says of itself that binds its images too (HL7 Confidentiality: restricted, very restricted)."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a share is made from, once its studies are whole."""

    site: Site
    stored: StoredReport
    report: Report
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
    left: tuple[str, ...] = ()
    """Unique ids of documents that stand and that nothing replaces: the site wants fewer of them by now."""
    standing: tuple[Manifest, ...] = ()
    """What stands of these studies, replaced or not."""


def plan(tools: Carrying, share: Share, material: Material, now: datetime) -> Plan | None:
    """Which studies of *material* get a new manifest, and what it replaces; None while another share makes one.

    A study gets one when none stands, when the one that stands names other instances than are to be shared now, or
    when the reports that stand, with this one, have other accession and order numbers, or masks, than it carries.
    Raises Mismatch as :func:`gateway.kos.build.build`.
    """
    made = Plan()
    for exam, pairing in material.exams:
        existing = tools.store.manifest(share.destination, exam.study_uid)
        if existing is not None and not existing.shared:
            return None
        if existing is not None:
            made = replace(made, standing=(*made.standing, existing))
        orders, masked = _orders_and_masks(tools, share, material, exam, pairing, existing)
        carried = _carried(orders, masked)
        if existing is not None and _is_true(tools, existing, carried, exam, material.site):
            continue
        flavour = tools.flavours[share.destination]
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
            requests=carried,
            shared=False,
            replaces=existing.unique_id if existing is not None else "",
        )
        replaced, left = _replaced(tools, existing, some, material.site) if existing is not None else ({}, ())
        made = replace(
            made,
            drafts=(*made.drafts, *some),
            rows=(*made.rows, row),
            replaced={**made.replaced, **replaced},
            left=(*made.left, *left),
        )
    return made


def in_place_of_former(
    tools: Carrying, share: Share, made: Plan, frozen: FrozenSubmission, now: datetime
) -> FrozenSubmission:
    """*frozen* with its replacements; what nothing replaces is withdrawn here, before anything new leaves.

    To withdraw it twice does what doing it once does, and what is replaced stands meanwhile. Raises as
    :meth:`gateway.flow.ports.Destination.replacing` and its ``take_back``.
    """
    destination = tools.destinations[share.destination]
    if made.left:
        destination.take_back(made.left, tools.sites[share.site], now, again=True)
        log.info("manifest.left_withdrawn", share=share.id, documents=len(made.left))
    return destination.replacing(frozen, made.replaced) if made.replaced else frozen


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


def carries(manifest: Manifest, wanted: str) -> bool:
    """Whether *manifest* carries what is *wanted* (``Manifest.requests``), in whatever order it was written."""
    return set(json.loads(manifest.requests)) == set(json.loads(wanted))


def with_masks(manifest: Manifest, masked: frozenset[str]) -> str:
    """``Manifest.requests`` of *manifest* once its entry has the masks *masked*."""
    numbers = {one for one in json.loads(manifest.requests) if not one.startswith(_MASK)}
    return json.dumps(sorted({*numbers, *(_MASK + mask for mask in masked)}))


def _carried(orders: Sequence[Order], masked: Iterable[str]) -> str:
    """The accession and order numbers of a study, and its masks, in one canonical string (``Manifest.requests``)."""
    numbers = {one.unique_id for order in orders for one in order if one is not None}
    return json.dumps(sorted({*numbers, *(_MASK + mask for mask in masked)}))


def carried_now(tools: Carrying, reports: Sequence[str], exam: Exam, site: Site, standing: Manifest) -> str:
    """What a manifest of *exam* carries while *reports* stand. Raises Mismatch when none of them agrees with it.

    Of a report whose bytes were erased it goes on carrying what it carried.
    """
    orders: list[Order] = []
    disagreement: Mismatch | None = None
    erased = False
    kept = [tools.store.report(report_id) for report_id in reports]
    for stored in kept:
        try:
            report = _report(tools, stored)
            erased = erased or report is None
            orders += orders_of(report, exam, agree.report_and_exam(report, exam, site), site) if report else ()
        except Mismatch as error:
            disagreement = error
    if disagreement is not None and not orders and not erased:
        raise disagreement
    carried = _carried(orders, masks_over(tools, kept, standing))
    return json.dumps(sorted({*json.loads(carried), *json.loads(standing.requests)})) if erased else carried


def masks_over(tools: Carrying, reports: Iterable[StoredReport], standing: Manifest | None) -> frozenset[str]:
    """What *reports* together hide of the images they speak of: what their senders asked for, and what each document
    says of itself. Of one whose bytes were erased that is what the manifest that stands carries.
    """
    masked: set[str] = set()
    for stored in reports:
        masked |= stored.statements.masked
        report = _document(tools, stored)
        if report is not None:
            masked |= _RESTRICTED & {report.confidentiality.code if report.confidentiality else ""}
        elif standing is not None:
            carried = json.loads(standing.requests)
            masked |= {one.removeprefix(_MASK) for one in carried if one.startswith(_MASK)}
    return frozenset(masked)


def _orders_and_masks(
    tools: Carrying, share: Share, material: Material, exam: Exam, pairing: Pairing, standing: Manifest | None
) -> tuple[tuple[Order, ...], frozenset[str]]:
    """Those of this report first, then those of every other report that stands.

    The bytes of one may have been erased after their time: what it ordered is read out of the manifest that stands.
    """
    orders = list(orders_of(material.report, exam, pairing, material.site))
    own = material.stored
    living = tools.store.living(share.destination, exam.study_uid, besides=share.target)
    others = [tools.store.report(report_id) for report_id in living if report_id != own.id]
    for stored in others:
        try:
            report = _report(tools, stored)
            if report is None:
                orders += _orders_of_manifest(tools, standing)
            else:
                orders += orders_of(report, exam, agree.report_and_exam(report, exam, material.site), material.site)
        except Mismatch as error:
            # It stands under what the PACS said then; what it says now is for the look at the published studies.
            log.warning("manifest.report_differs", share=share.id, report=stored.id, code=error.code)
    return tuple(dict.fromkeys(orders)), masks_over(tools, [own, *others], standing)


def _document(tools: Carrying, stored: StoredReport) -> Report | None:
    """What a report says; None when its bytes were erased."""
    content = kept_bytes(tools, stored.digest)
    return None if content is None else tools.report_in(content, stored.digest)


def _report(tools: Carrying, stored: StoredReport) -> Report | None:
    """The same, under the identity of its patient that holds now; raises Mismatch (``identity_corrected``)."""
    report = _document(tools, stored)
    return None if report is None else held_now(tools, stored, report)


def held_now(tools: Carrying, stored: StoredReport, report: Report) -> Report:
    """*report* under the identity of its patient that holds now; raises Mismatch (``identity_corrected``)."""
    known = tools.store.identity_changes(stored.site, report.patient.identifiers)
    return replace(report, patient=as_it_holds(report.patient, known))


def _orders_of_manifest(tools: Carrying, standing: Manifest | None) -> tuple[Order, ...]:
    said = read_manifest(tools, standing) if standing is not None else None
    return orders_in(said) if said is not None else ()


def orders_in(said: KeyObjectSelection) -> tuple[Order, ...]:
    """The accession and placer order numbers that a manifest carries."""
    return tuple((one.accession, one.placer) for one in said.requests if one.accession is not None)


def _is_true(tools: Carrying, manifest: Manifest, carried: str, exam: Exam, site: Site) -> bool:
    """Whether *manifest* carries what it should, and names what is to be shared of *exam*."""
    if not carries(manifest, carried):
        return False
    if manifest.fingerprint == exam.fingerprint:
        return True
    said = read_manifest(tools, manifest)
    return said is not None and same_content(said, exam, site.manifest)


def _replaced(
    tools: Carrying, existing: Manifest, new: Sequence[ManifestDraft], site: Site
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Each new document and the one it replaces, and those that none replaces.

    The plain one replaces the plain one, the described one the described one; where the site went from one kind to the
    other, the one of the other kind.
    """
    old = [one.unique_id for one in documents_of(tools, existing)] or [existing.unique_id]
    standing = dict(zip(_kinds_of(tools, existing, len(old)), old, strict=False))
    replaced, alone = {}, []
    for kind, one in zip(_KINDS[site.manifest.mado], new, strict=True):
        former = standing.pop(kind, "")
        if former:
            replaced[one.unique_id] = former
        else:
            alone.append(one.unique_id)
    left = list(standing.values())
    while alone and left:
        replaced[alone.pop()] = left.pop()
    return replaced, tuple(left)


def _kinds_of(tools: Carrying, existing: Manifest, count: int) -> tuple[bool, ...]:
    """Of each document of *existing* whether it is the described one."""
    if count > 1:
        return _KINDS["extra"]
    said = read_manifest(tools, existing)
    return (said is not None and said.is_described,)


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
    return [
        _draft(material, exam, pairing, orders, flavour=flavour, now=now, described=kind)
        for kind in _KINDS[settings.mado]
    ]


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
