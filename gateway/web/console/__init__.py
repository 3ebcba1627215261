"""The console's pages: the day, the shares, messages, reports, sessions."""
