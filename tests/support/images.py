"""Studies that change after they were published, and the story that notices."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lxml import etree

from gateway.demo import reports
from gateway.demo.identity import CT, demo_uid
from gateway.flow.policy import Policy
from gateway.flow.watching import Watching
from gateway.kos import read as kos
from gateway.kos.selection import KeyObjectSelection
from gateway.model.codes import Code
from gateway.model.exam import Exam, Instance, KeyObjectNote, Series
from gateway.model.identifiers import Identifier
from gateway.model.share import Deed, Share, ShareState
from gateway.model.watch import Watch
from gateway.store.watches import SqlWatches
from gateway.trust import safexml
from tests.fakes.world import World

REJECTED = Code("113001", "DCM", "Rejected for Quality Reasons")


@dataclass
class Looking:
    """A world whose published studies are looked at again."""

    here: World
    watches: SqlWatches
    watching: Watching

    def tell(self, study_uid: str = CT.study_uid) -> int:
        """Somebody says that its images changed."""
        return self.watches.told([study_uid], self.here.clock.now())

    def look(self) -> Watch | None:
        """Look at the study that is due, if one is."""
        watch = self.watches.claim(self.here.clock.now(), 900)
        return None if watch is None else self.watching.carry(watch)

    def settle(self, hours: float = 0.0) -> list[Share]:
        """Let time pass, look at what is due, carry what follows, until nothing is due; what was carried."""
        self.here.clock.at += timedelta(hours=hours)
        done: list[Share] = []
        for _ in range(60):
            watch, share = self.look(), self.here.claim()
            if share is not None:
                done.append(self.here.sharing.carry(share))
            elif watch is None:
                return done
        raise AssertionError("it does not come to rest")

    def manifest(self, study_uid: str = CT.study_uid) -> KeyObjectSelection:
        """The manifest that stands, as the registry has it."""
        standing = self.here.store.manifest("registry", study_uid)
        assert standing is not None
        assert standing.shared
        assert standing.unique_id in self.here.destination.approved
        frozen = self.here.store.frozen(standing.share_id)
        (document,) = [one for one in frozen.documents if one.unique_id == standing.unique_id]
        return kos.read(self.here.blobs.get(document.digest))

    def instances(self) -> set[str]:
        """What the standing manifest names."""
        return {
            one.sop_instance_uid
            for study in self.manifest().studies
            for series in study.series
            for one in series.instances
        }

    def numbers(self) -> set[str]:
        """The accession and order numbers that the standing manifest carries."""
        found: set[str] = set()
        for request in self.manifest().requests:
            found |= {one.extension or "" for one in (request.accession, request.placer) if one is not None}
        return found - {""}

    def shares(self, *states: ShareState, deed: Deed = Deed.MANIFEST) -> list[Share]:
        """Shares with *deed*, newest first."""
        found = [one.share for one in self.here.store.overviews(limit=100)]
        return [one for one in found if one.deed is deed and (not states or one.state in states)]


def looking(here: World, notes: dict[str, list[KeyObjectNote]] | None = None, **policy: str) -> Looking:
    """*here*, looked at by a story with that policy; *notes*: the rejection notes that were received, by study."""
    watches = SqlWatches(here.store._engine, here.store._writer)
    sharing = here.sharing
    here.sharing = sharing = replace(sharing, policy=Policy(**policy))  # type: ignore[arg-type]

    def received(study_uid: str) -> Collection[KeyObjectNote]:
        return (notes or {}).get(study_uid, [])

    watching = Watching(
        store=sharing.store,
        blobs=sharing.blobs,
        clock=sharing.clock,
        sites=sharing.sites,
        pacs=sharing.pacs,
        destinations=sharing.destinations,
        flavours=sharing.flavours,
        links=sharing.links,
        parse=sharing.parse,
        patience=sharing.patience,
        policy=sharing.policy,
        watches=watches,
        schedule_s=(3_600.0, 86_400.0, 604_800.0, 2_592_000.0),
        notes=received,
    )
    return Looking(here, watches, watching)


def with_instances(exam: Exam, *numbers: int) -> Exam:
    """*exam* with these instances of its first series, as ``tests.fakes.world.exam`` numbers them."""
    first, *others = exam.series
    made = tuple(Instance(first.instances[0].sop_class_uid, f"1.2.250.1.999.5.{n}", n) for n in numbers)
    return replace(exam, series=(replace(first, instances=made), *others))


def with_series(exam: Exam, modality: str, sop_class_uid: str, uid: str) -> Exam:
    """*exam* with one more series of one instance."""
    series = Series(series_uid=f"{uid}.1", modality=modality, number=9, instances=(Instance(sop_class_uid, uid, 1),))
    return replace(exam, series=(*exam.series, series))


def rejection(*uids: str, number: int = 1) -> KeyObjectNote:
    return KeyObjectNote(
        sop_instance_uid=f"1.2.250.1.999.6.{number}",
        series_uid="1.2.250.1.999.6",
        title=REJECTED,
        marked=frozenset(uids),
    )


def report(number: int, *, placer: str = "", accession: str = "", signed_at: datetime | None = None) -> bytes:
    """Another report over the demo's CT, with another order or accession number."""
    study = CT
    if placer:
        study = replace(study, placer=replace(study.placer, extension=placer))
    if accession:
        study = replace(study, accession=replace(study.accession, extension=accession))
    return reports.level3(
        reports.Draft(study=study, document=Identifier(f"1.2.250.1.999.1.1.8.{number}"), signed_at=signed_at)
    )


OTHER_CT = replace(
    CT,
    key="ct-two",
    study_uid=demo_uid("study/ct-two"),
    accession=replace(CT.accession, extension="SC26031299"),
    placer=replace(CT.placer, extension="DEM-2026-1299"),
)


def both() -> bytes:
    """A report of level 1 over the demo's CT and another one."""
    root = safexml.parse(reports.level1(reports.Draft(study=CT, document=Identifier("1.2.250.1.999.1.1.8.90"))))
    for name in ("inFulfillmentOf", "documentationOf"):
        element = root.find(f"{{urn:hl7-org:v3}}{name}")
        assert element is not None
        twin = etree.tostring(element, encoding="unicode", with_tail=False)
        for one, other in (
            (CT.study_uid, OTHER_CT.study_uid),
            (CT.accession.extension, OTHER_CT.accession.extension),
            (CT.placer.extension, OTHER_CT.placer.extension),
        ):
            twin = twin.replace(one or "", other or "")
        element.addnext(safexml.parse(twin.encode()))
    return safexml.serialise(root)
