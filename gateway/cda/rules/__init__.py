"""Judging a report: every rule of the header, the sections and the entries, in one walk over the parsed tree.

    root = safexml.parse(content)
    judgement = judge(root)                                # or judge(root, profile="official")
    judgement.verdict, judgement.about, judgement.findings
    rules()                                                # every rule with its source and its weight in each profile

Two profiles. ``spec`` is what the technical specification of IMG-CR-IMG 2024.01 ("001") and the header rules of the
CI-SIS require, plain sense included; where the official example itself departs from 001 the finding is a warning.
``official`` is the verdict that the ANS validator gives today, its gaps and its extra demands included. Findings of
severity ``advice`` never count.

``about`` says ``profile``, ``model`` (``IMG-CR-IMG``, ``IMG-DA-IMG``, ``CDA-N1`` for a body that is not structured,
else the name or the OID of the other CI-SIS model) and ``level`` (1 or 3; None when there is no body). A document of
another model is judged on the structure of CDA and the common header alone, never as IMG-CR-IMG.

The rooms: ``engine`` (Rule, Book, Context: how a rule is written), ``looking`` (how a check looks down),
``visits`` (what is asked at each place, compiled), ``walk`` (the one walk), ``structure*`` (names,
order, cardinality, attributes), ``datatypes``, ``header``, ``patient``, ``people``, ``periods`` and ``blanks`` (what
the official validator alone compares), ``order_acts``, ``unstructured`` (level 1), ``request`` (IMG-DA-IMG),
``sections``, ``entries``, ``agreement``, ``advice``; ``profiles`` lists the books
and recognises the model.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from gateway.cda.rules.engine import Model, Profile, Rule
from gateway.model.finding import Judgement

__all__ = ["Model", "Profile", "Rule", "judge", "rules"]


def judge(root: etree._Element, profile: str | Profile = Profile.SPEC) -> Judgement:
    """The judgement of a parsed document; what is not CDA at all is ``unreadable``.

    *profile* is ``spec`` or ``official`` (another word raises ValueError). The time taken grows with the number of
    elements, about 8 µs each; at most ``engine.KEPT`` findings of each rule are kept.
    """
    from gateway.cda.rules.walk import judge as walked

    return walked(root, Profile(profile))


def rules() -> Sequence[Rule]:
    """Every rule, in the order of the books."""
    from gateway.cda.rules.profiles import books

    return tuple(rule for book in books() for rule in book.rules)
