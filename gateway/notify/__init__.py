"""How people are told of what is held: mail, webhook."""

LONGEST_S = 120.0
"""For one delivery as a whole, once it is connected: the next channel waits for it."""
