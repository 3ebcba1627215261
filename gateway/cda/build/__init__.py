"""A report to a CDA document."""

from gateway.cda.build.document import build

__all__ = ["build"]
