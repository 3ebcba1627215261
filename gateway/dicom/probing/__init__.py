"""What a PACS can do and how fast, found out by asking it."""
