"""Who is asking: the session, how one begins and ends, the exercise situation, what a session may fetch."""
