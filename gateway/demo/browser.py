"""Following the link of a report as a browser does: redirects, the login form, cookies, the viewer, the first image."""

from __future__ import annotations

import time
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

from gateway.errors import PeerMisbehaved, PeerUnreachable

TIMEOUT_S = 60.0
_HOPS = 12


@dataclass(frozen=True, slots=True)
class Visit:
    """What a clinician would have seen."""

    viewer_url: str
    series: int
    images: int
    first_image_bytes: int
    first_image_ms: float
    """From opening the link, signed in already, to the last byte of the first image."""


class _Form(HTMLParser):
    """The first form of a page that is sent by POST: where to, and its fields; of radios and buttons the first.

    And the link by which a professional says that they are one, where the page asks who somebody is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.professionals = ""
        self._inside = False
        self._pressed = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "form" and self.action is None and found.get("method", "").lower() == "post":
            self.action, self._inside = found.get("action", ""), True
        elif tag == "a" and found.get("href", "").endswith("provider=professionals"):
            self.professionals = found["href"]
        elif self._inside and tag in ("input", "button"):
            presses = found.get("type", "submit" if tag == "button" else "text") == "submit"
            if found.get("name") and not (presses and self._pressed):
                self.fields.setdefault(found["name"], found.get("value", ""))
            self._pressed = self._pressed or presses

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def follow(link: str) -> Visit:
    """Open *link*, sign in as the first professional that is offered, and fetch the first image.

    The time is that of a second opening, when the session exists. Raises PeerUnreachable when something does not
    answer, PeerMisbehaved (``demo_visit_failed``) when a page is not what a clinician should get.
    """
    with requests.Session() as browser:
        browser.trust_env = False
        page = _get(browser, link)
        if "/viewer/" not in page.url:
            page = _sign_in(browser, page)
        if "/viewer/" not in page.url:
            raise PeerMisbehaved("demo_visit_failed", what=f"HTTP {page.status_code} after the login")
        began = time.perf_counter()
        page = _get(browser, link)
        exam = _get(browser, f"{page.url}/exam.json").json()
        image = _get(browser, f"{page.url}/frames/{exam['series'][0]['index']}/0")
        elapsed_ms = (time.perf_counter() - began) * 1000
    if not image.content:
        raise PeerMisbehaved("demo_visit_failed", what="an empty image")
    counts = [len(series["frames"]) for series in exam["series"]]
    return Visit(page.url, len(counts), sum(counts), len(image.content), elapsed_ms)


def _sign_in(browser: requests.Session, page: requests.Response) -> requests.Response:
    form = _Form()
    form.feed(page.text)
    if form.professionals:
        page, form = _get(browser, urljoin(page.url, form.professionals)), _Form()
        form.feed(page.text)
    if form.action is None:
        raise PeerMisbehaved("demo_visit_failed", what=f"no login form (HTTP {page.status_code})")
    return _checked(browser, "POST", urljoin(page.url, form.action), form.fields)


def _get(browser: requests.Session, url: str) -> requests.Response:
    return _checked(browser, "GET", url, None)


def _checked(browser: requests.Session, method: str, url: str, fields: dict[str, str] | None) -> requests.Response:
    browser.max_redirects = _HOPS
    try:
        answer = browser.request(method, url, data=fields, headers=_headers(method, url), timeout=TIMEOUT_S)
    except requests.RequestException as error:
        raise PeerUnreachable("demo_visit_unanswered", what=type(error).__name__) from None
    if answer.status_code != 200:
        raise PeerMisbehaved("demo_visit_failed", what=f"HTTP {answer.status_code}")
    return answer


def _headers(method: str, url: str) -> dict[str, str]:
    """What a browser says of a form that is sent to the page's own site."""
    if method == "GET":
        return {}
    parts = urlsplit(url)
    return {"Origin": f"{parts.scheme}://{parts.netloc}", "Sec-Fetch-Site": "same-origin"}
