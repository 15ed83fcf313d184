"""Runs that find another one running: what becomes of them, in words."""

from review.report import OverlapChange
from spec.job import JobSpec
from spec.overlap import OverlapPolicy, OverlapSpec

SECOND: dict[OverlapPolicy, str] = {"skip": "is skipped", "queue": "waits", "replace": "stops the other"}
"""What the later of two runs does, by its policy; with "allow" it does nothing of the kind."""


def overlap_change(before: JobSpec | None, after: JobSpec | None) -> OverlapChange | None:
    """How that changes; None when it does not, or is as by default in a new job."""
    if after is None:
        return None
    old = OverlapSpec() if before is None else before.overlap
    if old == after.overlap:
        return None
    return OverlapChange(None if before is None else overlap_words(old), overlap_words(after.overlap))


def overlap_words(overlap: OverlapSpec) -> str:
    """`a run that meets another one of the job or of the group loads is skipped`."""
    of_group = "" if overlap.group is None else f" or of the group {overlap.group}"
    meets = f"a run that meets another one of the job{of_group}"
    match overlap.policy:
        case "skip":
            return f"{meets} is skipped"
        case "queue":
            return f"{meets} waits its turn, or is skipped when {overlap.queue_limit} are there already"
        case "replace":
            return f"{meets} stops it and takes its place"
        case "allow":
            return "runs may overlap" + ("; a scheduled time starts one" if overlap.once_per_time else "")
