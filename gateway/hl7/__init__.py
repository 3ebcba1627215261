"""HL7 v2 over MLLP: reading and writing messages, the profiles, the listener and the sender.

From the wire inwards: ``mllp`` (framing), ``er7`` (a message as it is written), ``profiles`` (what the national
profile asks for, as data), ``intake`` (a message becomes an event of the flow), ``acknowledge`` (the answer),
``answer`` (one message in, one answer out), ``listener`` (many connections). ``build`` and ``sender`` are the other
side: what a radiology information system does.
"""
