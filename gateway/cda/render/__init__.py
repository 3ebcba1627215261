"""A report as people read it: a page, or text for a terminal."""

from gateway.cda.render.document import article, page, parts, serialised, stylesheet

__all__ = ["article", "page", "parts", "serialised", "stylesheet"]
