"""The stories, read top to bottom. Decisions only: every input and output goes through a port."""
