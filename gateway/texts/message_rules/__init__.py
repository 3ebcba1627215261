"""Sentences of the HL7 v2 checker: one a rule, ``rule_hl7_<rule>``.

One module a family, named as the modules of :mod:`gateway.hl7.check` that say its rules; ``message``: what the walk
along segments and fields says; ``patient``: identity and kinds of numbers; ``document``: the embedded one too;
``teleradiology``: its examinations too. To find a sentence, look for the rule's name: it stands once.
"""

from gateway.texts.message_rules import (
    datatypes,
    dates,
    document,
    message,
    metadata,
    others,
    participants,
    patient,
    teleradiology,
    white_paper,
)

FAMILIES = (message, datatypes, patient, dates, document, metadata, participants, teleradiology, white_paper, others)
TEXTS = {f"rule_hl7_{rule}": words for family in FAMILIES for rule, words in family.RULES.items()}
