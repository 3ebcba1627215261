"""HL7 v2 over MLLP: reading and writing messages, the profiles, the listener and the sender.

From the wire inwards: ``listener`` (a port), ``connection`` (one sender), ``mllp`` (framing), ``ports`` and ``order``
(what a port lets in, and that a sender's messages take effect in their order), ``reception`` (a message in, its
acknowledgement out), ``arrival`` (how it is kept), ``acknowledge`` (the bytes of the answer). From the message
outwards: ``er7`` (a message as it is written, with ``charset`` and ``delimiters``), ``profiles`` (what the national
profile asks for), ``intake`` (a message becomes an event of the flow, with ``embedded`` and ``statements``),
``relay_wording`` (what it says of a teleradiology request). ``build``, ``writer`` and ``sender`` are the other side:
what a radiology information system does.
"""
