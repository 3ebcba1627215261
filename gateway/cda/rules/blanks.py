"""Blanks around a code: to XML Schema they are nothing, the official validator compares codes as they are written."""

from __future__ import annotations

from typing import cast

from lxml import etree

from gateway.cda.elements import CDA
from gateway.cda.rules.engine import Book, Context

BOOK = Book("blanks")

BLANKS = BOOK.rule(
    "T-CS-2",
    "Pour le validateur officiel, qui compare les codes tels qu'ils sont écrits, « {value} » a des espaces en trop.",
    "To the official validator, which compares codes as they are written, “{value}” has blanks too many.",
    source="Validateur ANS: codes compared by = and with value sets; XML Schema part 2, token",
    spec=None,
)
_COMPARED = (
    "h:realmCode",
    "h:languageCode",
    "h:recordTarget//h:administrativeGenderCode",
    "h:author/h:assignedAuthor/h:code",
    "h:documentationOf/h:serviceEvent/h:code/h:translation[@codeSystem='1.2.840.10008.2.16.4']",
    "*/h:signatureCode",
    "h:component//h:section/h:code",
    "h:component//h:observation[not(@classCode='DGIMG')]/h:code",
    "h:component//h:act/h:code",
    "h:component//h:qualifier/*",
    "h:component//h:targetSiteCode",
    "h:component//*[self::h:act or self::h:substanceAdministration]/h:statusCode",
    "h:component//h:participantRole/h:code",
    "h:component//h:procedure[not(h:methodCode)]/h:code",
    "h:component//h:substanceAdministration/h:code",
    "h:component//h:observation[starts-with(h:code/@code, '64100-1') or starts-with(h:code/@code, '364320009')]"
    "/h:value",
)
"""The elements whose code a rule of the validator compares. Not there are those that it only reads (a route, an act's
code) and those of the header that it looks up word by word (a function, a kind of encounter)."""
_SOME = etree.XPath("boolean(//@code[contains(., ' ')])")
"""Asked first: no report has one, and to ask each place takes thirty times as long (8 ms)."""
_FOUND = etree.XPath(
    " | ".join(f"/*/{one}[string-length(@code) != string-length(normalize-space(@code))]" for one in _COMPARED),
    namespaces={"h": CDA},
)


@BOOK.end
def blanks(root: etree._Element, context: Context) -> None:
    """Every code with a blank around it, where the validator compares it."""
    if not context.official or not _SOME(root):
        return
    for found in cast(list[etree._Element], _FOUND(root)):
        context.say(BLANKS, found, at="@code")
