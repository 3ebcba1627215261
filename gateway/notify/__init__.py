"""How people are told of what is held: mail, webhook."""
