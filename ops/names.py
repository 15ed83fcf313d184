"""What a person types in the place of a job or of a run, and what it stands for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from ops.aws import CALLS_AT_ONCE, Aws
from ops.errors import AmbiguousError, NotFoundError
from ops.execution import FAILED_STATUSES, newest_first
from ops.executions import executions, newest_executions, unlisted_executions
from ops.job_runs import watched_run
from ops.ledger import BEGINNING, latest, ledger_of
from ops.stack import DeployedJob, DeployedStack
from ops.task_changes import TASK_ID, run_name
from ops.task_runs import find_task, told_by_ecs
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
        if machine == job.ledger_machine_arn:
            return NamedRun(job=job, execution_arn=arn)
    if _TASK_ARN.fullmatch(arn) and (task := find_task(aws, stack.jobs, arn)):
        job = next(job for job in stack.jobs if job.arn == task["stateMachineArn"])
        return NamedRun(job=job, execution_arn=arn)
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
    # The ledger takes long to search where it is large.
    if not found and (len(jobs) == 1 or TASK_ID.fullmatch(name)):
        found = _by_ledger(aws, jobs, name)
    if not found:
        raise NotFoundError(_no_run(jobs, name, whose))
    if len(found) > 1:
        raise AmbiguousError(f"{name!r} is a run of {' and of '.join(run.job.name for run in found)}: write JOB@{name}")
    return found[0]


def _no_run(jobs: tuple[DeployedJob, ...], name: str, whose: str) -> str:
    """What to tell whoever asks for a run that is not found."""
    if name in {job.name for job in jobs}:
        return f"{name} is a job: write {name}@latest for its latest run. {RUN_HELP}"
    if len(jobs) == 1:
        return f"{whose} has no run {name!r}, or nobody knows how it ended. {RUN_HELP}"
    return (
        f"{whose} has no run {name!r} that Step Functions or ECS knows. One that ended more than 90 days ago, or "
        f"before its job moved, is found as JOB@{name}. {RUN_HELP}"
    )


def _by_ledger(aws: Aws, jobs: tuple[DeployedJob, ...], name: str) -> list[NamedRun]:
    """The runs of that name that the ledger knows, but for those that nobody knows how they ended."""
    ledger, of_arns = ledger_of(aws, jobs[0]), {job.arn: job for job in jobs}
    found = []
    for arn, change in latest(ledger.changes(jobs, BEGINNING, name=name) if ledger else ()).items():
        job = of_arns[change["stateMachineArn"]]
        if run_name(arn) == name and (change["status"] != "RUNNING" or watched_run(aws, job, arn)):
            found.append(NamedRun(job=job, execution_arn=arn))
    return found


def _task_by_id(aws: Aws, job: DeployedJob, task_id: str) -> NamedRun | None:
    """The run of a job without a state machine that is the task of that id, where ECS knows it."""
    if not TASK_ID.fullmatch(task_id):
        return None
    try:
        cluster = read_start(aws, job).cluster
    except NotFoundError:
        return None
    arn = f"{cluster.replace(':cluster/', ':task/', 1)}/{task_id}"
    return NamedRun(job=job, execution_arn=arn) if told_by_ecs(aws, [job], arn) else None


def _nth(aws: Aws, job: DeployedJob, nth: int) -> NamedRun:
    """The run that started last, for 1, and so on."""
    newest = newest_executions(aws, job, nth + _spare(job))
    if len(newest) < nth and job.state_machine_arn is not None:
        newest += unlisted_executions(aws, job, {execution.arn for execution in newest})
    if len(newest) < nth:
        raise NotFoundError(f"{job.name} has {_runs(len(newest))} that anybody knows of")
    return NamedRun(job=job, execution_arn=newest_first(newest)[nth - 1].arn)


def _last_failed(aws: Aws, job: DeployedJob) -> NamedRun:
    """The failed run that started last."""
    if job.state_machine_arn is None:
        newest = [*islice((execution for execution in executions(aws, job) if execution.failed), 1)]
    else:
        several = (newest_executions(aws, job, 1 + _spare(job), status) for status in FAILED_STATUSES)
        newest = newest_first(execution for of_status in several for execution in of_status)
        newest = newest or [execution for execution in unlisted_executions(aws, job, ()) if execution.failed]
    if not newest:
        raise NotFoundError(f"{job.name} has no failed run that anybody knows of")
    return NamedRun(job=job, execution_arn=newest[0].arn)


def _spare(job: DeployedJob) -> int:
    """How many more are looked at, for those that Step Functions lists by another time than their start."""
    return 0 if job.state_machine_arn is None else 99


def _runs(count: int) -> str:
    return {0: "no run", 1: "only 1 run"}.get(count, f"only {count} runs")
