"""Recorded data that the sandbox shows to jobs as if it were theirs; README.md names its origin and licence."""
