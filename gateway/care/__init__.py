"""What keeps the gateway well over the years: backup, restore, reconciliation, retention."""
