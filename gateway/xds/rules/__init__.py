"""The checker of XDS messages: rules of IHE ITI TF-3 section 4 and of the French DMP, as data and short functions.

``judge.judge`` asks them all; ``rule.CATALOGUE`` has them by their ids. A message is looked at as it stands
(``objects``, ``parts``), never as ``gateway.xds.ebrim`` reads it: what a tolerant reader forgives is what is told here.
"""
