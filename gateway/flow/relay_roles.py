"""Who stands where in the header of a report that was read remotely.

ANS white paper on teleradiology (2024-10-03), section 2: the remote doctor is an author; the site's responsible doctor
signs (legalAuthenticator) and is a second author, so that the DMP lets the site publish and withdraw the report; when
that doctor changes, on a new version or a withdrawal, the earlier one stays an author and the new one is added.
"""

from __future__ import annotations

from gateway.errors import InputRejected
from gateway.model.people import Professional
from gateway.model.report import Report

_AUTHOR = "/ClinicalDocument/author"


def check_roles(report: Report, *, responsible: str, reader: str, earlier: frozenset[str] | None) -> None:
    """Raises InputRejected that names the role which is not filled.

    *responsible* and *reader* are the identifiers in the request's messages, empty when they are not known; *earlier*
    those of who wrote or signed the version that this one replaces, None when there is none.
    """
    signed = _numbers(report.legal_authenticator)
    if not signed:
        raise InputRejected("relay_not_signed", place="/ClinicalDocument/legalAuthenticator")
    authors = {number for author in report.authors for number in _numbers(author)}
    if not signed & authors:
        raise InputRejected("relay_signer_not_author", place=_AUTHOR)
    if not authors - signed:
        raise InputRejected("relay_reader_not_author", place=_AUTHOR)
    if reader and reader not in authors:
        raise InputRejected("relay_other_reader", place=_AUTHOR)
    # A new responsible doctor signs; the one who was responsible before stays among the authors.
    if responsible and responsible not in authors:
        raise InputRejected("relay_responsible_gone", place=_AUTHOR)
    if earlier is not None and not earlier <= authors | signed:
        raise InputRejected("relay_author_gone", place=_AUTHOR)


def _numbers(person: Professional | None) -> set[str]:
    return {each.extension for each in person.identifiers if each.extension} if person is not None else set()
