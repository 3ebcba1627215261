"""The console's pages about shares, as one blueprint."""

from __future__ import annotations

from flask import Blueprint

from gateway.web.console import common, held, share, shares, today
from gateway.web.login.session import Access
from gateway.web.parts import WebParts


def blueprint(parts: WebParts, access: Access) -> Blueprint:
    """The day, the lists, one share."""
    routes = Blueprint("console", __name__)
    common.add_filters(parts, routes.app_template_filter)
    for page in (today, shares, share, held):
        page.add_routes(routes, parts, access)
    return routes
