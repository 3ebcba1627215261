"""The audit trail: who did what, on whom, with which outcome, recorded in the transaction that makes it true."""

from gateway.audit.trail import record, record_all

__all__ = ["record", "record_all"]
