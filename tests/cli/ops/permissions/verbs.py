"""Each verb as somebody uses it who has it do all that it can do, so that it asks AWS for all that it may ask for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from secrets import token_hex

import pytest

from ops import pausing
from ops.doctor import NOT_CHECKED
from spec.pause_note import PauseNote
from tests.cli.ops.permissions.person import Done, Person
from tests.ops.denied import may_not
from tests.ops.operated import JOBS, Operated
from tests.ops.tasks import tasks

LONG = {"input": {"seconds": 600, "lines": 1}}
TRIGGERED = ("obeys", "obeys-alone", "tock")
"""Jobs with a rule, with a schedule, and with one that starts a task."""


@dataclass(frozen=True)
class Stage:
    """The deployed stack, in which a run of `obeys-in-line` goes on, one of `obeys` and one of `many`, with a map
    run, have failed, one of `cut-off` was cut off and one of `obeys-alone` has succeeded with its own input. A task of
    `tick` has failed, and one of `tock` goes on.

    Attributes:
        operated: the stack.
        smaller: the project's folder without `obeys-in-line`, `tick` and `tock`.
    """

    operated: Operated
    smaller: Path


@contextmanager
def staged(operated: Operated, folder: Path) -> Iterator[Stage]:
    """The runs; the one that goes on is stopped afterwards."""
    operated.run("obeys", {"input": {"exit": 64}})
    operated.run("obeys-alone")
    operated.run("many", {"input": {"items": [{"lines": 1, "exit": 64}], "last": {}}})
    operated.run("cut-off", LONG)
    shutil.copytree(operated.root, folder, dirs_exist_ok=True)
    operated.run_task("tick", {"exit": 64, "lines": 1})
    jobs = {name: job for name, job in JOBS.items() if name not in ("obeys-in-line", "tick", "tock")}
    config = {"aws:region": operated.local_aws.region, "longhaul:jobs": jobs}
    (folder / "Pulumi.night.yaml").write_text(json.dumps({"config": config}))
    with going_on(operated, "obeys-in-line"), task_going_on(operated, "tock"):
        yield Stage(operated, folder)


@contextmanager
def going_on(operated: Operated, job: str) -> Iterator[str]:
    """A run of a job that works, the latest; its ARN. Afterwards it does not, nor does its task."""
    execution_arn = operated.start(job, LONG)
    operated.until_submitted(execution_arn)
    try:
        yield execution_arn
    finally:
        operated.stop(execution_arn)
        for task in tasks(operated, execution_arn):
            operated.local_aws.client("ecs").stop_task(cluster=task["clusterArn"], task=task["taskArn"])


@contextmanager
def task_going_on(operated: Operated, job: str) -> Iterator[str]:
    """A task of a job without a state machine that works; its ARN. Afterwards it does not."""
    task_arn = operated.run_task(job, LONG["input"], waited_for=False)
    try:
        yield task_arn
    finally:
        operated.stop_task(task_arn)


@contextmanager
def in_clusters(operated: Operated) -> Iterator[None]:
    """For as long, a job in two EKS clusters, of which one knows its role: its state machine, which is all that is
    asked of it."""
    aws, states = operated.local_aws, operated.states
    eks = aws.client("eks")
    role_arn = states.describe_state_machine(stateMachineArn=operated.job("obeys").machine_arn)["roleArn"]
    known, unknown = (aws.kubernetes.add_cluster(f"night-{token_hex(4)}") for _ in range(2))
    runs = {
        cluster.name: {
            "Type": "Task",
            "Resource": "arn:aws:states:::eks:runJob.sync",
            "Arguments": {
                "ClusterName": cluster.name,
                "Endpoint": cluster.endpoint,
                "CertificateAuthority": cluster.certificate,
                "Job": {},
            },
            **following,
        }
        for cluster, following in ((known, {"Next": unknown.name}), (unknown, {"End": True}))
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": known.name, "States": runs}
    entry = {"clusterName": known.name, "principalArn": role_arn}
    eks.create_access_entry(**entry, kubernetesGroups=["acme-night-jobs"])
    tags = {"longhaul:stack": operated.name, "longhaul:job": "clustered", "longhaul:runOn": "kubernetes"}
    machine_arn = states.create_state_machine(
        name="acme-night-clustered",
        definition=json.dumps(definition),
        roleArn=role_arn,
        tags=[{"key": key, "value": value} for key, value in tags.items()],
    )["stateMachineArn"]
    try:
        yield
    finally:
        states.delete_state_machine(stateMachineArn=machine_arn)
        eks.delete_access_entry(**entry)


def well(done: Done, code: int = 0) -> None:
    """The command ended as it should."""
    assert done.code == code, done


def status(person: Person, _stage: Stage) -> None:
    well(person.run("status"))
    well(person.run("status", "--no-ledger"))


def history(person: Person, _stage: Stage) -> None:
    well(person.run("history", "obeys"))
    well(person.run("history", "obeys", "--no-ledger"))
    well(person.run("history", "tick"))


def calendar(person: Person, _stage: Stage) -> None:
    well(person.run("calendar"))
    well(person.run("calendar", "--no-ledger"))


def show(person: Person, _stage: Stage) -> None:
    well(person.run("show", "obeys-in-line@latest"))
    well(person.run("show", "many@failed"))
    well(person.run("show", "cut-off@failed"))
    well(person.run("show", "tick@failed"))


def logs(person: Person, _stage: Stage) -> None:
    well(person.run("logs", "obeys-in-line@latest"))
    well(person.run("logs", "many@failed", "--step", "one"))
    assert person.run("logs", "cut-off@failed").out.startswith("1 0\n")
    well(person.run("logs", "tick@failed"))


def doctor(person: Person, stage: Stage) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.fromtimestamp(stage.operated.local_aws.clock.now(), tz) + timedelta(hours=1)

    # By then the run that goes on has done so for long.
    with pytest.MonkeyPatch.context() as patch, in_clusters(stage.operated):
        patch.setattr("cli.ops.doctor.datetime", Later)
        done = person.run("doctor", "--output", "json")
    assert done.code in (0, 1), done
    checks = [finding["check"] for finding in json.loads(done.out)]
    assert (NOT_CHECKED in checks, checks.count("access-entry-missing")) == (False, 1)


def check_deployed(person: Person, stage: Stage) -> None:
    # A run is in the way.
    well(person.run("check", "night", "--deployed", root=stage.smaller), code=1)


def start(person: Person, _stage: Stage) -> None:
    well(person.run("start", "obeys", "--input", '{"lines": 1}', "--command", "x", "--dry-run"))
    well(person.run("start", "many", "--input", '{"items": [{"lines": 1}], "last": {}}', "--follow"))
    well(person.run("start", "cut-off", "--input", '{"lines": 1, "seconds": 600}', "--follow"), code=1)
    well(person.run("start", "tick", "--input", '{"lines": 1}', "--follow"))


def rerun(person: Person, _stage: Stage) -> None:
    well(person.run("rerun", "obeys-alone@latest", "--set", "lines=1", "--wait"))
    well(person.run("rerun", "many@failed", "--from", "last"))
    well(person.run("rerun", "tick@failed", "--input", "{}"))


def backfill(person: Person, _stage: Stage) -> None:
    time = "2024-02-29T03:15:00Z"
    well(person.run("backfill", "obeys", "--from", time, "--to", time, "--yes"))
    well(person.run("backfill", "tick", "--from", "2024-02-29", "--to", "2024-03-01", "--yes"))


def redrive(person: Person, stage: Stage) -> None:
    with going_on(stage.operated, "obeys") as execution_arn:
        stage.operated.stop(execution_arn)
        well(person.run("redrive", "obeys@latest"))
    # What it asks of a run with steps ends in the advice to run it again.
    well(person.run("redrive", "many@failed"), code=1)
    well(person.run("redrive", "tick@failed"), code=1)


def stop(person: Person, stage: Stage) -> None:
    with going_on(stage.operated, "obeys"), may_not(stage.operated, "obeys", "ecs:StopTask"):
        done = person.run("stop", "obeys@latest", "--yes")
    well(person.run("stop", "many@failed", "--yes"))
    with task_going_on(stage.operated, "tick"):
        well(person.run("stop", "tick@latest", "--yes"))
    well(done)
    assert "after Step Functions had left it running" in done.out


def pause(person: Person, stage: Stage) -> None:
    try:
        for job in TRIGGERED:
            well(person.run("pause", job, "--reason", "disk full"))
    finally:
        switch_on(stage.operated)


def resume(person: Person, stage: Stage) -> None:
    with paused(stage.operated):
        for job in TRIGGERED:
            well(person.run("resume", job))


@contextmanager
def paused(operated: Operated) -> Iterator[None]:
    """Whatever has a trigger is paused for as long, by an administrator."""
    for job in TRIGGERED:
        trigger = operated.job(job).trigger
        assert trigger is not None
        pausing.pause(operated.aws, trigger, PauseNote(when="2026-11-24T03:15:00Z"))
    try:
        yield
    finally:
        switch_on(operated)


def switch_on(operated: Operated) -> None:
    """Resume whatever has a trigger, as an administrator does."""
    for job in TRIGGERED:
        trigger = operated.job(job).trigger
        assert trigger is not None
        pausing.resume(operated.aws, trigger)


USES: dict[str, Callable[[Person, Stage], None]] = {
    "status": status,
    "history": history,
    "calendar": calendar,
    "show": show,
    "logs": logs,
    "doctor": doctor,
    "check --deployed": check_deployed,
    "start": start,
    "rerun": rerun,
    "backfill": backfill,
    "redrive": redrive,
    "stop": stop,
    "pause": pause,
    "resume": resume,
}
"""By the verb."""
