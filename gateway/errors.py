"""The families of failure.

Each family says three things once, so that no adapter decides them again:

* whether trying again can help (``retry``);
* which HL7 acknowledgement a sender gets (``acknowledgement``: ``AE`` the message is wrong,
  ``AR`` the message may be sent again later; HL7 v2.5 section 2.9.2);
* which HTTP status a caller gets (``http_status``).

A failure carries a ``code`` (one key of :data:`gateway.texts.TEXTS`, from which the sentences in French and in
English are made), the ``facts`` that fill those sentences, and the ``place`` in the input where it was found.
Facts may name identifiers of a patient: they are for the people of the site (console, held shares), never for
logs; the string form of a failure therefore shows its code and place only.
"""

from __future__ import annotations

from typing import ClassVar, Literal

Acknowledgement = Literal["AE", "AR"]


class GatewayError(Exception):
    """The root of the families; raise one of its subclasses."""

    retry: ClassVar[bool] = False
    acknowledgement: ClassVar[Acknowledgement] = "AE"
    http_status: ClassVar[int] = 500

    def __init__(self, code: str, *, place: str = "", hl7_code: str = "207", **facts: object) -> None:
        """*code*: key of the texts; *place*: segment^sequence^field, XPath or setting; *hl7_code*: table 0357."""
        super().__init__(code)
        self.code = code
        self.place = place
        self.hl7_code = hl7_code
        self.facts = {name: str(value) for name, value in facts.items()}

    def __str__(self) -> str:
        return f"{self.code} at {self.place}" if self.place else self.code


class InputRejected(GatewayError):
    """What was received is wrong; the sender must change it before sending it again."""

    http_status = 400


class InputTooLarge(InputRejected):
    """What was received is above a stated limit."""

    http_status = 413


class InputConflicts(InputRejected):
    """What was received contradicts something accepted before."""

    http_status = 409


class NotSupportedYet(InputRejected):
    """Recognised, and not handled by this version."""

    http_status = 501


class Unavailable(GatewayError):
    """The gateway itself cannot take work now (disk full, store down); the same bytes may be sent again later."""

    retry = True
    acknowledgement = "AR"
    http_status = 503


class PeerUnreachable(GatewayError):
    """A PACS, registry or identity provider did not answer, or answered that it is busy: try again later."""

    retry = True
    acknowledgement = "AR"
    http_status = 502


class PeerRefused(GatewayError):
    """A peer answered and said no, in its own words (``facts["words"]``): a person must look."""

    http_status = 502


class PeerMisbehaved(GatewayError):
    """A peer's answer breaks the protocol or answers another question: nothing of it is used."""

    retry = True
    http_status = 502


class Mismatch(GatewayError):
    """Two sources disagree on who or what this is: nothing is published until a person has looked."""

    http_status = 409


class NotAllowed(GatewayError):
    """The person or system is known and may not do this."""

    http_status = 403


class SettingsError(GatewayError):
    """A setting is missing, unknown or contradicts another; the start stops with its name."""
