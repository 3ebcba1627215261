"""The sections of a report: presence, place, templates, code, title, text, entries (001 section 3.3).

``sections_table`` is the data, ``sections_book`` the rules made of it; ``sections_judge`` and ``sections_content``
judge by the specification, ``sections_official`` as the ANS validator does.
"""

from __future__ import annotations

from gateway.cda.rules import sections_content as sections_content
from gateway.cda.rules import sections_judge as sections_judge
from gateway.cda.rules import sections_official as sections_official
from gateway.cda.rules.entries_common import in_order
from gateway.cda.rules.sections_book import BOOK as BOOK

in_order(BOOK)
