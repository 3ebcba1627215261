"""The plain facts of an examination, as JSON or as values, to a complete IMG-CR-IMG report.

    content = build(read(json_bytes))               # a document of level 3
    content = build(read(json_bytes), pdf=pdf)      # of level 1, around a PDF

``schema`` is the form, ``compose`` makes the report of it, ``gateway.cda.build`` the bytes, ``reading`` tells what is
wrong with a form by the path in its JSON.
"""

from __future__ import annotations

from gateway.report_form.reading import FormRejected as FormRejected
from gateway.report_form.reading import Wrong as Wrong
from gateway.report_form.reading import build as build
from gateway.report_form.reading import json_schema as json_schema
from gateway.report_form.reading import read as read
from gateway.report_form.reading import read_value as read_value
