"""The official value sets as tables: which codes may be sent, and what they are called.

One JSON file a set in ``valuesets/`` (or in the folder that ``GATEWAY_VALUESETS`` names), made by
``scripts/valuesets``; read when first asked for, once. ``load(MODALITY)`` gives a set, ``associate(CLASS_BY_TYPE,
"18748-4")`` the codes that go with a code.

The region of a location cannot be computed: the official association
(ASS_CorrespondanceLocalisationAnatomique_RegionAnatomique_CISIS, 1.2.250.1.213.1.1.5.696) has no public data. The
region is taken from the report and checked against ``REGION``; a site may give a mapping of its own.
"""

from __future__ import annotations

from gateway.valuesets.names import *  # noqa: F403 - the constants are the face of this package
from gateway.valuesets.tables import Association as Association
from gateway.valuesets.tables import ValueSet as ValueSet
from gateway.valuesets.tables import associate as associate
from gateway.valuesets.tables import association as association
from gateway.valuesets.tables import load as load
