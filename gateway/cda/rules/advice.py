"""Advice to the writer: what 000 (sections 3.1.2, 3.2, 3.3) and 001 ask and a machine can see; never a verdict.

``advice_book`` gathers the facts once; each ``advice_*`` module holds short functions that look at them.
"""

from __future__ import annotations

from lxml import etree

from gateway.cda.rules import advice_acts as advice_acts
from gateway.cda.rules import advice_course as advice_course
from gateway.cda.rules import advice_people as advice_people
from gateway.cda.rules import advice_text as advice_text
from gateway.cda.rules.advice_book import ALL, facts_of
from gateway.cda.rules.advice_book import BOOK as BOOK
from gateway.cda.rules.agreement_book import body_acts
from gateway.cda.rules.engine import Context
from gateway.cda.rules.entries_common import in_order


@BOOK.end
def advise(root: etree._Element, context: Context) -> None:
    """Every advice, on the facts of the whole report."""
    facts = facts_of(root, context.once(body_acts))
    for rule, look in ALL:
        for element, at, value in look(facts):
            context.say(rule, element, at=at, value=value)


in_order(BOOK)
