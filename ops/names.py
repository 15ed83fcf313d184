"""What a person types in the place of a job or of a run, and what it stands for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ops.aws import CALLS_AT_ONCE, Aws
from ops.errors import AmbiguousError, NotFoundError
from ops.execution import FAILED_STATUSES, newest_first
from ops.executions import newest_executions
from ops.stack import DeployedJob, DeployedStack
from ops.task_changes import TASK_ID, run_name
from ops.task_runs import read_task
from ops.task_start import read_start

_TASK_ARN = re.compile(rf"arn:[\w-]+:ecs:[\w-]+:[0-9]{{12}}:task/[\w-]+/(?:{TASK_ID.pattern})")
RUN_HELP = "An execution's ARN or name, or JOB@latest, JOB@-2, JOB@failed, JOB@NAME."


@dataclass(frozen=True, kw_only=True)
class NamedRun:
    """An execution that was asked for by name, and the job that it is a run of."""

    job: DeployedJob
    execution_arn: str

    @property
    def name(self) -> str:
        return run_name(self.execution_arn)


def find_job(stack: DeployedStack, text: str) -> DeployedJob:
    """The job of that name, or the only one whose name begins so.

    Raises:
        NotFoundError: there is none; the message has the nearest.
        AmbiguousError: several names begin so.
    """
    jobs = {job.name: job for job in stack.jobs}
    if text in jobs:
        return jobs[text]
    beginning = [name for name in jobs if text and name.startswith(text)]
    if len(beginning) == 1:
        return jobs[beginning[0]]
    if beginning:
        raise AmbiguousError(f"{text!r} may be {' or '.join(beginning)}")
    nearest = difflib.get_close_matches(text, jobs, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"it has {', '.join(jobs)}"
    raise NotFoundError(f"the stack {stack.name} has no job {text!r}; {hint}")


def find_jobs(stack: DeployedStack, texts: Iterable[str]) -> tuple[DeployedJob, ...]:
    """The jobs of these names, as `find_job` finds each; all of the stack where there are no names."""
    found = {job.name: job for job in (find_job(stack, text) for text in texts)}
    return tuple(found.values()) or stack.jobs


def find_run(aws: Aws, stack: DeployedStack, text: str) -> NamedRun:
    """The run that a text stands for.

    Args:
        aws: where the stack is.
        stack: the stack.
        text: the ARN of an execution, or its name; `JOB@latest` or `JOB@-1`, the one that started last, `JOB@-2` the
            one before, ...; `JOB@failed`, the last that failed, timed out or was aborted; `JOB@NAME`.

    Raises:
        NotFoundError, AmbiguousError, botocore's errors.
    """
    if text.startswith("arn:"):
        return _by_arn(aws, stack, text)
    job_text, at, which = text.rpartition("@")
    if not at:
        return _by_name(aws, stack.jobs, text, f"the stack {stack.name}")
    job = find_job(stack, job_text)
    if which == "latest":
        which = "-1"
    if which == "failed":
        return _last_failed(aws, job)
    if re.fullmatch(r"-[1-9][0-9]{0,4}", which):
        return _nth(aws, job, -int(which))
    return _by_name(aws, (job,), which, job.name)


def find_job_or_run(aws: Aws, stack: DeployedStack, text: str) -> DeployedJob | NamedRun:
    """The job that a text stands for, or else the run. Raises as `find_job` and `find_run` do."""
    if "@" in text or text.startswith("arn:"):
        return find_run(aws, stack, text)
    try:
        return find_job(stack, text)
    except NotFoundError as no_job:
        try:
            return find_run(aws, stack, text)
        except NotFoundError:
            raise no_job from None


def _by_arn(aws: Aws, stack: DeployedStack, arn: str) -> NamedRun:
    machine = arn.rpartition(":")[0].replace(":execution:", ":stateMachine:", 1)
    for job in stack.jobs:
        if machine == job.state_machine_arn:
            return NamedRun(job=job, execution_arn=arn)
    if _TASK_ARN.fullmatch(arn):
        for job in stack.task_jobs:
            if found := _task(aws, job, arn):
                return found
    raise NotFoundError(f"{arn} is no run of a job of the stack {stack.name} in {stack.region}")


def _by_name(aws: Aws, jobs: tuple[DeployedJob, ...], name: str, whose: str) -> NamedRun:
    states = aws("stepfunctions")

    def found_of(job: DeployedJob) -> NamedRun | None:
        if job.state_machine_arn is None:
            return _task_by_id(aws, job, name)
        arn = job.execution_arn(name)
        try:
            states.describe_execution(executionArn=arn, includedData="METADATA_ONLY")
        except (states.exceptions.ExecutionDoesNotExist, states.exceptions.InvalidArn):
            return None
        return NamedRun(job=job, execution_arn=arn)

    if not re.fullmatch(r"[0-9A-Za-z_-]{1,80}", name):
        raise NotFoundError(f"{name!r} cannot be the name of a run. {RUN_HELP}")
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        found = [run for run in pool.map(found_of, jobs) if run is not None]
    if not found:
        raise NotFoundError(_no_run(jobs, name, whose))
    if len(found) > 1:
        raise AmbiguousError(f"{name!r} is a run of {' and of '.join(run.job.name for run in found)}: write JOB@{name}")
    return found[0]


def _no_run(jobs: tuple[DeployedJob, ...], name: str, whose: str) -> str:
    """What to tell whoever asks for a run that is not found."""
    if name in {job.name for job in jobs}:
        return f"{name} is a job: write {name}@latest for its latest run. {RUN_HELP}"
    # Of a job that has moved to a place without a state machine, or from one, the runs before have other names.
    moved = ", or the job ran elsewhere then" if len(jobs) == 1 else ""
    return f"{whose} has no run {name!r}, or it ended more than 90 days ago{moved}. {RUN_HELP}"


def _task_by_id(aws: Aws, job: DeployedJob, task_id: str) -> NamedRun | None:
    """The run of a job without a state machine that is the task of that id."""
    if not TASK_ID.fullmatch(task_id):
        return None
    arn = f"{read_start(aws, job).cluster.replace(':cluster/', ':task/', 1)}/{task_id}"
    return _task(aws, job, arn)


def _task(aws: Aws, job: DeployedJob, arn: str) -> NamedRun | None:
    try:
        read_task(aws, job, arn)
    except NotFoundError:
        return None
    return NamedRun(job=job, execution_arn=arn)


def _nth(aws: Aws, job: DeployedJob, nth: int) -> NamedRun:
    """The run that started last, for 1, and so on."""
    newest = newest_executions(aws, job, nth + _spare(job))
    if len(newest) < nth:
        raise NotFoundError(f"{job.name} has {_runs(len(newest))} in the last 90 days")
    return NamedRun(job=job, execution_arn=newest[nth - 1].arn)


def _last_failed(aws: Aws, job: DeployedJob) -> NamedRun:
    """The failed run that started last."""
    newest = newest_first(
        execution for status in FAILED_STATUSES for execution in newest_executions(aws, job, 1 + _spare(job), status)
    )
    if not newest:
        raise NotFoundError(f"{job.name} has no failed run in the last 90 days")
    return NamedRun(job=job, execution_arn=newest[0].arn)


def _spare(job: DeployedJob) -> int:
    """How many more are looked at, for those that Step Functions lists by another time than their start."""
    return 0 if job.state_machine_arn is None else 99


def _runs(count: int) -> str:
    return {0: "no run", 1: "only 1 run"}.get(count, f"only {count} runs")
