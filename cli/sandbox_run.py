"""`longhaul sandbox run`: the schedules of a stack played at full speed, or one job started now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any, cast

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from cli.arguments import Output, find_job, utc_text
from cli.console import console, notices
from cli.faults import AskedFault, add_faults, parse_fault, say_what_they_did
from cli.run_report import Report, print_failures, print_run, print_table
from cli.sandbox_stack import DeployedStack, deployed_stack
from cli.sandbox_tasks import run_of_task, run_task_to_end
from cli.upcoming import firings
from ops.aws import Aws
from ops.course import read_course
from ops.runs import Run, last_log_lines, log_lines, read_run
from ops.show import logs_of
from sandbox.play import Run as Played
from sandbox.play import play, run_to_end
from spec.load import load_stack
from spec.stack import StackSpec

FAILURE_LOG_LINES = 10


def play_schedules(
    root: Path, stack: str, begin: datetime, end: datetime, fault_texts: Sequence[str], output: Output
) -> int:
    """Play what is scheduled after `begin` and up to `end`, print how each run ended; 0 if none failed."""
    spec = load_stack(root, stack)
    faults = _faults(spec, fault_texts)
    with deployed_stack(root, spec, begin, end) as deployed:
        _say_deployed(deployed)
        add_faults(faults, deployed.aws, deployed.resource_name)
        planned = takewhile(lambda firing: firing.moment <= end, firings(deployed.spec.jobs, begin))
        with _progress() as progress:
            bar = progress.add_task("", total=sum(1 for _ in planned))

            def on_change(run: Played) -> None:
                ended = run.status != "RUNNING"
                progress.update(bar, advance=ended, description=f"Playing {run.scheduled_time:%a %H:%M} UTC")

            played = play(deployed.aws, begin, end, on_change)
        reports = [_report(deployed, run) for run in played]
    say_what_they_did(faults)
    if output is Output.JSON:
        print(json.dumps([report.as_json() for report in reports], indent=2))
    else:
        print_table(console(), reports)
        print_failures(console(), reports)
    return 1 if any(report.failed for report in reports) else 0


def start_job(
    root: Path, stack: str, job: str, job_input: Any, begin: datetime, fault_texts: Sequence[str], output: Output
) -> int:
    """Start one job as a person would, print its run; the exit code is the job's, or 1 if it never had one.

    `job_input` of None leaves the job its own.
    """
    spec = load_stack(root, stack)
    find_job(spec, job)
    faults = _faults(spec, fault_texts)
    with deployed_stack(root, spec, begin, begin + timedelta(days=1)) as deployed:
        _say_deployed(deployed)
        add_faults(faults, deployed.aws, deployed.resource_name)
        with notices().status(f"Running {job}"):
            if spec.job(job).run_on.kind == "task":
                run = run_task_to_end(deployed, job, job_input)
                lines = list(log_lines(deployed.aws.client, run))
            else:
                run = _run_machine_to_end(deployed, job, job_input)
                lines = list(_logged(deployed, run))
    say_what_they_did(faults)
    report = Report.of(run, lines[-1:])
    if output is Output.JSON:
        print(json.dumps(report.as_json() | {"input": run.input, "log": lines}, indent=2))
    else:
        print_run(console(), report, run, lines)
    if not report.failed:
        return 0
    # A run that failed without an exit code never started, or was stopped.
    return run.exit_code or 1


def _run_machine_to_end(deployed: DeployedStack, job: str, job_input: Any) -> Run:
    execution_input = {} if job_input is None else {"input": job_input}
    execution_arn = deployed.aws.client("stepfunctions").start_execution(
        stateMachineArn=deployed.state_machine_arn(job), input=json.dumps(execution_input)
    )["executionArn"]
    run_to_end(deployed.aws, execution_arn)
    return read_run(deployed.aws.client, job, execution_arn)


def _faults(spec: StackSpec, texts: Sequence[str]) -> list[AskedFault]:
    jobs = [job.name for job in spec.jobs]
    return [parse_fault(text, jobs) for text in texts]


def _report(deployed: DeployedStack, played: Played) -> Report:
    job = deployed.job_of(played.trigger)
    if played.task is not None:
        run = run_of_task(deployed, job, played.task)
    elif played.execution_arn:
        run = read_run(deployed.aws.client, job, played.execution_arn)
    else:
        return Report.not_started(job, utc_text(played.scheduled_time), played.error, played.cause)
    # Of a failure, enough to see why: its log is gone with the sandbox.
    lines = 1 if run.status in ("SUCCEEDED", "SKIPPED") else FAILURE_LOG_LINES
    return Report.of(run, last_log_lines(deployed.aws.client, run, lines))


def _logged(deployed: DeployedStack, run: Run) -> Iterator[str]:
    """What the last attempt of a run logged; of one with steps all that they logged, each line after its step."""
    clients = deployed.aws.client
    # Of what it is, nothing is asked but its clients.
    aws = cast(Aws, clients)
    course = read_course(aws, run.execution_arn)
    if not course.steps:
        yield from log_lines(clients, run)
        return
    logs = logs_of(aws, course.attempts)
    for attempt in course.attempts:
        whose = f"{attempt.step}[{attempt.index}]" if attempt.index is not None else attempt.step
        yield from (f"{whose}: {line}" for line in attempt.kept_lines)
        if (log := logs.get(attempt.key)) is not None:
            of_attempt = replace(run, log_group=log.group, log_stream=log.stream, request_id=log.request_id)
            for line in log_lines(clients, of_attempt):
                yield f"{whose}: {line}"


def _say_deployed(deployed: DeployedStack) -> None:
    count = len(deployed.spec.jobs)
    notices().print(
        f"Deployed {deployed.spec.name}: {count} {'job' if count == 1 else 'jobs'}, "
        f"{len(deployed.deployment.resources)} resources"
    )


def _progress() -> Progress:
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("runs")
    return Progress(*columns, console=notices(), transient=True)
