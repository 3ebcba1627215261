"""The document registry and repository that ships with the gateway (ITI-18, ITI-41, ITI-43)."""
