"""What was published, asked in the transaction that keeps a change of identity (:class:`gateway.flow.ports.Published`).

A message about a patient changes the identity and moves what was published under the old one. Asked before, a report
that is frozen in between would stay where it is for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from gateway.model.identifiers import Identifier
from gateway.model.share import FrozenSubmission, Share
from gateway.store import identities, shares, submissions


class Published:
    """One transaction's view."""

    def __init__(self, connection: Connection, publications: Mapping[tuple[str, Identifier], Sequence[Share]]) -> None:
        """*publications*: under all identifiers that may be asked for (:func:`gateway.store.identities.publications`),
        looked up in the same transaction."""
        self._connection = connection
        self._publications = publications

    def publications(self, named: Iterable[tuple[str, Identifier]]) -> Mapping[tuple[str, Identifier], Sequence[Share]]:
        """See the port."""
        return {each: self._publications[each] for each in named}

    def amendments(self, share_id: str) -> Sequence[Share]:
        """See the port."""
        return shares.amendments(self._connection, share_id)

    def patient_identifiers(self, report_id: str) -> Sequence[Identifier]:
        """See the port."""
        return identities.named_in(self._connection, report_id)

    def frozen(self, share_id: str) -> FrozenSubmission:
        """See the port; raises InputRejected (``store_not_frozen``)."""
        return submissions.frozen(self._connection, share_id)
