"""Judging a message by its profile: everything that is wrong at once. Apart from what the listener needs to accept.

``judge`` finds the profile, then ``structure`` (segments), ``fields`` (fields, data types, values) and ``rules``
(between fields, and between the message and the document inside it) say what they find.
"""
