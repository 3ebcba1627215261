"""The benchmarks of ``scripts/bench``: each row is a ratio whose two sides were measured in one run."""
