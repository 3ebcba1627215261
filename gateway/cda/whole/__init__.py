"""A CDA document to a report that keeps everything."""

from gateway.cda.whole.report import read_whole

__all__ = ["read_whole"]
