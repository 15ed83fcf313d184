"""What a run hands to its container through the overrides of RunTask, and how much room ECS leaves there for its input.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html
"""

from spec.aws_forms import LONGEST_BUCKET_NAME
from spec.compact_json import compact
from spec.job import JobSpec

RESULT_VARIABLE = "LONGHAUL_RESULT_URL"
"""The environment variable that says where a job with `results` leaves its result."""

MOST_CHARACTERS = 8192
"""What ECS takes as overrides, the characters of their JSON included."""

_LONGEST_EXECUTION_NAME = 80
# Times have at most milliseconds.
_LONGEST_TIME = "2026-11-24T03:15:00.000Z"
# A history holds 25,000 events, and each redrive adds to it.
_MOST_REDRIVES = 25_000


def input_room(job: JobSpec, stack: str) -> int:
    """How many characters LONGHAUL_INPUT may have beside the other variables of a run at their longest.

    They are counted as they are sent, as text in JSON and without the quotes around it: a quote, a backslash or a line
    break in it is two.

    Args:
        job: the job.
        stack: the name of its stack.
    """
    variables = {
        "LONGHAUL_JOB": job.name,
        "LONGHAUL_STACK": stack,
        "LONGHAUL_EXECUTION": "x" * _LONGEST_EXECUTION_NAME,
        "LONGHAUL_SCHEDULED_TIME": _LONGEST_TIME,
        "LONGHAUL_ATTEMPT": str(job.retries.attempts + job.start_retries.attempts + 1),
        "LONGHAUL_INPUT": "",
        **({RESULT_VARIABLE: _longest_result_url(job)} if job.results else {}),
    }
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    return MOST_CHARACTERS - len(compact({"containerOverrides": [{"name": "job", "environment": environment}]}))


def _longest_result_url(job: JobSpec) -> str:
    attempt = f"{job.retries.attempts + 1}-{job.start_retries.attempts}"
    execution = "x" * _LONGEST_EXECUTION_NAME
    return f"s3://{'x' * LONGEST_BUCKET_NAME}/{job.name}/{execution}/{_MOST_REDRIVES}/{attempt}.json"


def input_size(job: JobSpec) -> int:
    """How much of that room the job's own input takes, in bytes: AWS does not say how it counts beyond ASCII."""
    return len(compact(compact(job.input)).encode()) - len('""')
