"""The full viewer as it was built: which files its page names, and the files themselves, compressed once.

``scripts/viewer`` builds them; a gateway without them has the light viewer alone. Names carry a hash of their
content, so browsers may keep them for good.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, abort, request

FOLDER = Path(__file__).parent.parent / "static" / "full"
ENDPOINT = "assets.asset"
_NAME = re.compile(r"[A-Za-z0-9]+(-[A-Z0-9]{8})?\.(js|css|txt)", re.ASCII)
_TYPES = {"js": "text/javascript", "css": "text/css", "txt": "text/plain"}


@dataclass(frozen=True, slots=True)
class Assets:
    """The files that the page of the full viewer names."""

    script: str
    style: str


def assets(folder: Path = FOLDER) -> Assets | None:
    """What was built, or None where nothing was."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    told = manifest if isinstance(manifest, dict) else {}
    script, style = str(told.get("script", "")), str(told.get("style", ""))
    if not all(_NAME.fullmatch(name) and (folder / name).is_file() for name in (script, style)):
        return None
    return Assets(script, style)


def blueprint(folder: Path = FOLDER) -> Blueprint:
    """The route of the files."""
    routes = Blueprint("assets", __name__)

    @routes.get("/static/full/<name>")
    def asset(name: str) -> Response:
        match = _NAME.fullmatch(name)
        if match is None:
            abort(404)
        packed = folder / f"{name}.gz"
        gzip = request.accept_encodings.best_match(["gzip", "identity"]) == "gzip" and packed.is_file()
        try:
            content = (packed if gzip else folder / name).read_bytes()
        except OSError:
            abort(404)
        response = Response(content, mimetype=_TYPES[match[2]])
        response.headers["Vary"] = "Accept-Encoding"
        if gzip:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if match[1] else "no-cache"
        return response

    return routes
