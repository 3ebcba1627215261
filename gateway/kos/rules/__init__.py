"""The rules of a manifest, by what they look at: file, values, attributes, identity, requests, evidence, unique
identifiers, copies in other studies, marks of key images, content, and the library of a manifest with description.

``catalogue`` lists them with severity and source; their sentences are in ``gateway.texts.manifest`` under the same id.
"""
