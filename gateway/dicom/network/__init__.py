"""Associations: data units, negotiation, messages, both sides (DICOM PS3.7 and PS3.8)."""
