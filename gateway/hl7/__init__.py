"""HL7 v2 over MLLP: reading and writing messages, the profiles, the listener and the sender.

From the wire inwards: ``listener`` (many connections), ``connection`` (one), ``mllp`` (framing), ``answer`` (a message
in, its acknowledgement out), ``acknowledge`` (the bytes of that). From the message outwards: ``er7`` (a message as it
is written, with ``charset`` and ``delimiters``), ``profiles`` (what the national profile asks for), ``intake`` (a
message becomes an event of the flow, with ``embedded`` and ``statements``). ``build``, ``writer`` and ``sender`` are
the other side: what a radiology information system does.
"""
