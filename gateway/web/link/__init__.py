"""The link of a report: IHE Invoke Image Display (RAD-106), and break-glass behind it."""
