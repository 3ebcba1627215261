"""What the gateway talks about: frozen values without I/O. Imports nothing but ``errors``."""
