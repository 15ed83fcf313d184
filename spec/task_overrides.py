"""What EventBridge hands to a task that it starts itself: the overrides of RunTask, as text with placeholders."""

from spec.compact_json import compact
from spec.job import JobSpec


def task_overrides(job: JobSpec, stack: str, *, run: str, time: str) -> str:
    """The text that EventBridge, or EventBridge Scheduler, fills a run's own facts into.

    Both begin a placeholder with `<`, and nothing else in here does: outside its strings JSON has no `<`, and inside a
    string the escape means the same.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html

    Args:
        job: the job.
        stack: the name of its stack.
        run: the placeholder for what the run is called, with quotes where the service puts none around it.
        time: the same for the time that it was due.
    """
    environment = {
        "LONGHAUL_JOB": _text(job.name),
        "LONGHAUL_STACK": _text(stack),
        "LONGHAUL_EXECUTION": run,
        "LONGHAUL_SCHEDULED_TIME": time,
        # Nothing starts it again.
        "LONGHAUL_ATTEMPT": _text("1"),
        "LONGHAUL_INPUT": _text(compact(job.input)),
    }
    variables = ",".join(f'{{"name":"{name}","value":{value}}}' for name, value in environment.items())
    return f'{{"containerOverrides":[{{"name":"job","environment":[{variables}]}}]}}'


def _text(value: str) -> str:
    return compact(value).replace("<", "\\u003c")
