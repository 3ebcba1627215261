"""Late images: published studies are looked at again for a while, for the PACS that tell nobody when images come."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from gateway.errors import PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.flow.events import ImagesChanged
from gateway.flow.ports import Pacs

_log = structlog.get_logger(__name__)
Published = Iterable[tuple[str, str]]
"""Study Instance UID and the fingerprint (:attr:`gateway.model.exam.Exam.fingerprint`) of what was published of it."""


def look_again(pacs: Pacs, published: Published, tell: Callable[[ImagesChanged], object]) -> int:
    """Tell of each study that the PACS has now with other instances than were published; how many these are.

    An absent study is told too: everything of it was rejected or deleted. A PACS that does not answer tells nothing,
    and the study is looked at the next time. Raises what *tell* raises.
    """
    changed = 0
    for study_uid, fingerprint in published:
        try:
            exam = pacs.study(study_uid)
        except (PeerUnreachable, PeerRefused, PeerMisbehaved) as error:
            _log.info("watch.not_answered", code=error.code)
            continue
        if exam is None or exam.fingerprint != fingerprint:
            tell(ImagesChanged(study_uid))
            changed += 1
    return changed
