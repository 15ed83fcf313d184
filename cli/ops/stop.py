"""`longhaul stop`: ends a run, and sees its tasks stopped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cli.console import notices
from cli.ops.options import DryRunOption, RunArgument, Where, YesOption, confirm, verb
from cli.ops.times import length_text, moment_text

if TYPE_CHECKING:
    from ops.functions_in_hand import FunctionInHand
    from ops.names import NamedRun
    from ops.run_tasks import RunTask
    from ops.runs import Run
    from ops.stopping import Stopped

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html has no limit; Step Functions' is 32,768.
_LONGEST_REASON = 1000
_MOST_NAMED, _MOST_TOLD = 5, 20


@verb
def stop(
    where: Where,
    run: RunArgument,
    reason: Annotated[str, typer.Option(help="Why, for whoever reads the history.")] = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Stop a run, and wait until its tasks have really stopped.

    Of a run that has ended, it looks for tasks that were left running.
    """
    from ops.caller import caller
    from ops.job_runs import read_job_run
    from ops.names import find_run
    from ops.stopping import live_tasks, see_tasks_stopped, stop_execution
    from ops.task_changes import is_task

    if len(reason) > _LONGEST_REASON:
        raise typer.BadParameter(f"--reason: expected at most {_LONGEST_REASON:,} characters")
    named = find_run(where.aws, where.stack, run)
    found = read_job_run(where.aws, named.job, named.execution_arn)
    live = live_tasks(where.aws, named.execution_arn)
    in_hand = _in_hand(where, named)
    if found.status != "RUNNING" and not live:
        _say_ended(f"{found.name} of {found.job} has ended ({found.status})", in_hand)
        return
    what = _what(found, live, in_hand)
    if dry_run:
        print(f"Would stop {what}.")
        return
    confirm(f"Stop {what}?", yes=yes)
    why = f"{reason or 'No reason given'} (stopped by {caller(where.aws)} with longhaul stop)"
    if found.status == "RUNNING":
        stop_execution(where.aws, named.execution_arn, why)
        told = "is stopped; its tasks are waited for"
        if is_task(named.execution_arn):
            told = "is told to stop"
        elif named.job.run_on in ("lambda", "kubernetes"):
            told = "is stopped"
        notices().print(f"{found.name} {told}.", markup=False)
    stopped = see_tasks_stopped(where.aws, named.execution_arn, why)
    _tell(stopped)
    if not is_task(named.execution_arn):
        _tell_of_others(where, named)
    if stopped.left:
        notices().print("A task has not stopped after ten minutes. Ask again: longhaul stop", markup=False)
        raise typer.Exit(1)
    status = read_job_run(where.aws, named.job, named.execution_arn).status
    _say_ended(f"{found.name} of {found.job} has ended ({status})", _in_hand(where, named))


class _InHand(NamedTuple):
    """What a run waited for that nothing here sees stop: invocations, and Jobs in a cluster."""

    functions: list[FunctionInHand]
    jobs: list[str]


def _say_ended(ended: str, in_hand: _InHand) -> None:
    from ops.cluster_jobs import pods_command

    if in_hand.jobs:
        print(f"{ended}. Step Functions deletes what it waited for in the cluster, and the cluster ends its pods.")
        print("Whether it has, the cluster alone tells:")
        for job in in_hand.jobs[:_MOST_NAMED]:
            print(pods_command(job))
        if len(in_hand.jobs) > _MOST_NAMED:
            print(f"and of {len(in_hand.jobs) - _MOST_NAMED:,} more Jobs")
        return
    functions = in_hand.functions
    if not functions:
        print(f"{ended}, and no task of it runs.")
        return
    until = moment_text(max(one.until for one in functions), utc=False)
    it = "it" if len(functions) == 1 else f"{len(functions):,} of them"
    print(f"{ended}. Lambda stops no function that was invoked: {it} may run on, until {until} at the latest.")


def _in_hand(where: Where, named: NamedRun) -> _InHand:
    from ops.cluster_jobs import not_known_ended
    from ops.course import read_course
    from ops.functions_in_hand import functions_in_hand
    from ops.task_changes import is_task

    if is_task(named.execution_arn):
        return _InHand([], [])
    if named.job.run_on == "lambda":
        return _InHand(functions_in_hand(where.aws, named.execution_arn, now=datetime.now(UTC)), [])
    if named.job.run_on == "kubernetes":
        return _InHand([], not_known_ended(read_course(where.aws, named.execution_arn).attempts))
    return _InHand([], [])


def _what(run: Run, live: list[RunTask], in_hand: _InHand) -> str:
    tasks = ", ".join(f"task {_id(task)} ({task.status})" for task in live[:_MOST_NAMED]) or "no task yet"
    if len(live) > _MOST_NAMED:
        tasks += f" and {len(live) - _MOST_NAMED:,} more tasks"
    functions, jobs = in_hand
    if functions:
        tasks = "a function" if len(functions) == 1 else f"{len(functions):,} functions"
    if jobs:
        tasks = f"the Job {jobs[0]}" if len(jobs) == 1 else f"{len(jobs):,} Jobs in the cluster"
    since = length_text(datetime.now(UTC) - run.started)
    state = f"running for {since}" if run.status == "RUNNING" else f"which ended as {run.status}"
    return f"{run.name} of {run.job}, {state}, {tasks}"


def _tell(stopped: Stopped) -> None:
    """What became of the tasks: of many, what is not as it should be, and how many there are."""
    by_hand = {task.arn for task in stopped.tasks if task.arn in stopped.by_hand}
    many = len(stopped.tasks) > _MOST_TOLD
    for task in stopped.tasks:
        if not many or task.is_live or task.arn in by_hand:
            print(_fate(task, by_hand=task.arn in by_hand))
    if many:
        print(f"{sum(not task.is_live for task in stopped.tasks):,} of {len(stopped.tasks):,} tasks STOPPED")


def _tell_of_others(where: Where, named: NamedRun) -> None:
    """The runs of other jobs that its steps had started and that went on: Step Functions stops them with it."""
    from ops.course import read_course, remembered_children

    for step in read_course(where.aws, named.execution_arn, remembered_children(most=0)).steps:
        for run in step.runs:
            if run.status == "ABORTED" and run.arn is not None:
                machine, name = run.arn.split(":")[-2:]
                job = machine.removeprefix(f"{where.stack.resource_name}-")
                what = f"Its step {step.name} ran {job}@{name}, which is stopped with it; to see that: "
                notices().print(f"{what}longhaul stop {job}@{name}", markup=False, soft_wrap=True)


def _fate(task: RunTask, *, by_hand: bool) -> str:
    code = "" if task.exit_code is None else f" with exit code {task.exit_code}"
    left = " after Step Functions had left it running" if by_hand else ""
    return f"task {_id(task)} {task.status}{code}{left}"


def _id(task: RunTask) -> str:
    return task.arn.rpartition("/")[2]
