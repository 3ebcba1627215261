"""The console's pages about shares, as one blueprint."""

from __future__ import annotations

from flask import Blueprint

from gateway.web import console, console_held, console_share, console_shares, console_today
from gateway.web.access import Access
from gateway.web.parts import WebParts


def blueprint(parts: WebParts, access: Access) -> Blueprint:
    """The day, the lists, one share."""
    routes = Blueprint("console", __name__)
    console.add_filters(parts, routes.app_template_filter)
    for room in (console_today, console_shares, console_share, console_held):
        room.add_routes(routes, parts, access)
    return routes
