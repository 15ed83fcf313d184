"""Deletes old EBS snapshots that nothing uses any more, or only says which ones it would delete."""
