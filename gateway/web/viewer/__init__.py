"""The viewers' pages, and everything that their programs ask for."""
