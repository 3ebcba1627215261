"""The rules of a manifest, by what they look at: file, values, attributes, identity, requests, evidence, content.

``catalogue`` lists them with severity and source; their sentences are in ``gateway.texts.manifest`` under the same id.
"""
