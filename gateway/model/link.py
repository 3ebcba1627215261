"""The link to the images: IHE Invoke Image Display (RAD-106), in the form of the French specification.

Source: IMG-CR-IMG 2024.01 technical specification, entry FR-DICOM-SOP-instance-observation; IHE RAD TF-2 4.106.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from gateway.model.identifiers import Identifier

PATH = "/IHEInvokeImageDisplay"


@dataclass(frozen=True, slots=True)
class DisplayRequest:
    """What a link asks to see: a study, with the accession number and the report that it came in, as written."""

    study_uid: str
    accession: str
    """``root.extension`` as written; compared whole with what is known, never split."""
    report_root: str
    """The report's ``id/@root`` as written in ``idCDA``."""


def national_url(location: str, study_uid: str, accession: Identifier, report: Identifier) -> str:
    """The link as the specification writes it; *location* is the public base URL of this gateway, without a slash."""
    query = urlencode(
        [
            ("requestType", "STUDY"),
            ("studyUID", study_uid),
            ("Accessionnumber", accession.dotted),
            ("idCDA", report.root),
        ],
        quote_via=quote,
    )
    return f"{location.rstrip('/')}{PATH}?{query}"
