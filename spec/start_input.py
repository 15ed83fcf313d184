"""The input with which a schedule starts a job's state machine."""

from spec.compact_json import compact
from spec.job import JobSpec


def start_input(job: JobSpec, time: str) -> str:
    """The text that EventBridge, or EventBridge Scheduler, fills the scheduled time into.

    Both begin a placeholder with `<`. The job's own input holds none: outside its strings JSON has no `<`, and inside a
    string the escape means the same.

    Args:
        job: the job.
        time: the placeholder for the scheduled time, with quotes where the service puts none around it.
    """
    own = compact(job.input).replace("<", "\\u003c")
    return f'{{"trigger":"schedule","scheduledTime":{time},"input":{own}}}'
