"""The job on its deployed state machine, with the rights that the stack dev gives it: its report, and its failures."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.runs import Run, read_run
from sandbox.deploy import Deployment, deploy
from sandbox.local_aws import LocalAws
from sandbox.play import run_to_end

ROOT = Path(__file__).parents[2]
JOB = "weekly-report"
DUE = {"trigger": "schedule", "scheduledTime": "2026-11-23T06:00:00Z"}
WEEK = "weekly/to=2026-11-22"


def entry(stack: str, prefix: str) -> dict[str, Any]:
    """The job's entry in a stack, with another beginning of its buckets' names."""
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text("utf-8").replace(f"longhaul-{stack}-", prefix)
    return yaml.safe_load(text)["config"]["longhaul:jobs"][JOB]


@dataclass(frozen=True)
class Place:
    """The deployed job, with its two buckets."""

    aws: LocalAws
    deployment: Deployment
    flights: str
    reports: str

    @property
    def s3(self) -> Any:
        return self.aws.client("s3")

    def run(self, **more: Any) -> Run:
        """A run of the week at its end."""
        arn = self.aws.client("stepfunctions").start_execution(
            stateMachineArn=self.deployment.outputs["stateMachines"][JOB], input=json.dumps({**DUE, **more})
        )["executionArn"]
        run_to_end(self.aws, arn)
        return read_run(self.aws.client, JOB, arn)

    def events(self, run: Run) -> list[dict[str, Any]]:
        history = self.aws.client("stepfunctions").get_paginator("get_execution_history")
        pages = history.paginate(executionArn=run.execution_arn)
        return [event for page in pages for event in page["events"]]

    def path(self, run: Run) -> list[str]:
        """The states that a run entered: what AWS bills of it."""
        entered = [event for event in self.events(run) if event["type"].endswith("StateEntered")]
        return [event["stateEnteredEventDetails"]["name"] for event in entered]

    def results(self, run: Run) -> dict[str, Any]:
        """What the steps of a run left, by their names, from its history."""
        found = {}
        for event in self.events(run):
            for name, text in event.get("stateExitedEventDetails", {}).get("assignedVariables", {}).items():
                if name.startswith("result_"):
                    found[name.removeprefix("result_")] = json.loads(text)
        return found

    def reported(self) -> set[str]:
        """The keys of all that was written of reports."""
        return {entry["Key"] for entry in self.s3.list_objects_v2(Bucket=self.reports).get("Contents", ())}

    def read(self, key: str) -> str:
        return self.s3.get_object(Bucket=self.reports, Key=key)["Body"].read().decode()

    def tables(self, run: Run) -> dict[str, str]:
        """The tables of the report that a run says it has published."""
        assert run.status == "SUCCEEDED", run
        bucket, _, key = run.result["report"].removeprefix("s3://").partition("/")
        assert (bucket, key) == (self.reports, f"{WEEK}.json")
        report = json.loads(self.read(key))
        assert {report[name].split("/")[2] for name in ("airlines", "days")} == {run.name}
        return {name: self.read(report[name]) for name in ("airlines", "days")}

    @contextmanager
    def denied(self, *actions_on_resources: str) -> Iterator[None]:
        """Takes permissions away from the job for a while: an action, what on, another action, ..."""
        iam = self.aws.client("iam")
        names = [role["RoleName"] for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
        (name,) = [name for name in names if name.startswith(f"weekly-dev-{JOB}-task")]
        pairs = zip(actions_on_resources[::2], actions_on_resources[1::2], strict=True)
        statements = [{"Effect": "Deny", "Action": action, "Resource": resource} for action, resource in pairs]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="denied", PolicyDocument=document)
        yield
        iam.delete_role_policy(RoleName=name, PolicyName="denied")

    def assert_failed(self, run: Run, step: str, exit_code: int) -> None:
        """That a run failed as its step did, and cleaned up."""
        assert (run.status, run.error, run.exit_code) == ("FAILED", "Job.ExitedNonZero", exit_code)
        assert run.cause is not None
        assert run.cause.startswith(f"step {step} of {JOB} (dev) exited with code {exit_code}")
        path = self.path(run)
        assert path[path.index("Run clean_up") :] in (
            ["Run clean_up", "Failed"],
            ["Run clean_up", "How did clean_up end?", "Failed"],
        )


@pytest.fixture(scope="module")
def place(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory, week) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("weekly")
    shutil.copy(ROOT / "__main__.py", root)
    shutil.copytree(ROOT / "jobs" / JOB, root / "jobs" / JOB, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "Pulumi.yaml").write_text("name: weekly\nruntime: python\n")
    # A worker may come back to these tests, and makes the buckets anew.
    prefix = f"weekly-{secrets.token_hex(4)}-"
    config = {"aws:region": "eu-west-1", "longhaul:jobs": {JOB: entry("dev", prefix)}}
    (root / "Pulumi.dev.yaml").write_text(json.dumps({"config": config}))
    deployment = deploy(root, "dev", local_aws)
    place = Place(local_aws, deployment, f"{prefix}flights", f"{prefix}reports")
    for bucket in (place.flights, place.reports):
        place.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": local_aws.region})
    for name, body in week.files.items():
        place.s3.put_object(Bucket=place.flights, Key=f"flights/{name}", Body=body)
    yield place
    deployment.destroy()


@pytest.fixture(scope="module")
def plain(place: Place) -> Run:
    """A run in which nothing went wrong."""
    return place.run()


def test_it_publishes_what_sql_says(place: Place, plain: Run, week) -> None:
    week.assert_told_by(place.tables(plain))
    assert plain.result["flights"] == week.flights
    report = json.loads(place.read(f"{WEEK}.json"))
    assert (report["firstDay"], report["lastDay"], report["rejectedRows"]) == ("2026-11-16", "2026-11-22", 0)


def test_aws_bills_two_transitions_a_task(place: Place, plain: Run) -> None:
    """Step Functions bills each state that is entered, and those of a Map's iterations like any other.

    https://aws.amazon.com/step-functions/pricing/
    """
    path = place.path(plain)
    fixed = ["Which step is first?", "Run add_up for each item", "Is publish needed?", "Succeeded"]
    tasks = [event for event in place.events(plain) if event["type"] == "TaskSubmitted"]
    assert len(tasks) == 10
    assert len(path) <= 2 * len(tasks) + len(fixed)
    # The figures of docs/steps.md.
    assert len(path) == 24
    types = [event["type"] for event in place.events(plain)]
    within = types[types.index("MapStateStarted") + 1 : types.index("MapStateSucceeded")]
    assert len(within) == 7 * 13
    assert {name for name in path if not name.startswith(("Run ", "Read "))} == {*fixed} - {"Run add_up for each item"}


def test_a_day_that_is_missing_fails_until_it_is_there(place: Place, week) -> None:
    missing = {name: body for name, body in week.files.items() if name.startswith("day=2026-11-18/")}
    for name in missing:
        place.s3.delete_object(Bucket=place.flights, Key=f"flights/{name}")

    failed = place.run()

    place.assert_failed(failed, "list", 66)
    assert failed.attempts == 4
    for name, body in missing.items():
        place.s3.put_object(Bucket=place.flights, Key=f"flights/{name}", Body=body)
    again = place.run(**{"from": "list", "results": place.results(failed)})
    week.assert_told_by(place.tables(again))


def test_a_broken_file_fails_its_day_until_it_is_mended(place: Place, plain: Run, week) -> None:
    listed = place.results(plain)["list"]
    name = "day=2026-11-20/EWR.csv"
    place.s3.put_object(Bucket=place.flights, Key=f"flights/{name}", Body=b"year,month\n2026,11\n")

    failed = place.run(**{"from": "add_up", "results": {"list": listed}})

    place.assert_failed(failed, "add_up", 65)
    assert not any(failed.name in key for key in place.reported())
    place.s3.put_object(Bucket=place.flights, Key=f"flights/{name}", Body=week.files[name])
    again = place.run(**{"from": "add_up", "results": {"list": listed}})
    week.assert_told_by(place.tables(again))
    assert "Run list" not in place.path(again)


def test_sums_that_do_not_fit_together_fail(place: Place, plain: Run, week) -> None:
    results = place.results(plain)
    without_a_day = {**results, "add_up": results["add_up"][1:]}

    failed = place.run(**{"from": "combine", "results": without_a_day})

    place.assert_failed(failed, "combine", 65)
    again = place.run(**{"from": "combine", "results": results})
    week.assert_told_by(place.tables(again))
    assert place.path(again)[:2] == ["Which step is first?", "Run combine"]


def test_a_report_that_is_written_half_is_taken_away(place: Place, plain: Run, week) -> None:
    results, before = place.results(plain), place.reported()

    with place.denied("s3:PutObject", f"arn:aws:s3:::{place.reports}/{WEEK}.json"):
        failed = place.run(**{"from": "publish", "results": results})

    place.assert_failed(failed, "publish", 77)
    assert place.reported() == before
    again = place.run(**{"from": "publish", "results": results})
    week.assert_told_by(place.tables(again))


def test_cleaning_up_in_vain_does_not_hide_the_failure(place: Place, plain: Run) -> None:
    with place.denied("s3:PutObject", f"arn:aws:s3:::{place.reports}/{WEEK}*/days.csv", "s3:DeleteObject", "*"):
        failed = place.run(**{"from": "publish", "results": place.results(plain)})

    place.assert_failed(failed, "publish", 77)
    assert place.path(failed)[-2:] == ["How did clean_up end?", "Failed"]
    assert [key for key in place.reported() if failed.name in key] == [f"{WEEK}/{failed.name}/airlines.csv"]


def test_a_week_without_flights_is_not_published(place: Place, plain: Run) -> None:
    before = place.reported()
    combined = place.results(plain)["combine"] | {"flights": 0}

    run = place.run(**{"from": "publish", "results": {"combine": combined}})

    assert (run.status, run.has_result, run.result) == ("SUCCEEDED", True, None)
    assert place.path(run) == ["Which step is first?", "Is publish needed?", "Succeeded"]
    assert place.reported() == before


def test_each_stack_gives_it_the_same_rights() -> None:
    dev, prod = entry("dev", ""), entry("prod", "")
    assert dev["permissions"] == prod["permissions"]
    assert dev["environment"] == prod["environment"]
