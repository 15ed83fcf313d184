"""What the operator's verbs cost: seconds, API calls, and calls per job.

    .venv/bin/python -m bench.operator [--jobs 10 100 1000] [--runs 10000]

A stack's machines and triggers are made by API calls in the sandbox, each job runs once and is told of in the ledger.
Then `status` is asked with the ledger and without, and `history` of one job with many runs. Seconds are of this
machine, which is the sandbox's too; the calls are what AWS would be asked. The last job of each ten has a schedule of
EventBridge Scheduler, whose expression takes a call, the others have a rule.

Without the ledger, ListExecutions is held to AWS's quota, which the sandbox does not have: at what rate the second half
of those calls came is printed below. A thousand jobs take minutes for it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from ops.aws import Aws
from ops.history import read_history
from ops.ledger import find_ledger
from ops.stack import JOB_TAG, STACK_TAG, find_stack
from ops.status import read_status
from sandbox.local_aws import LocalAws

PASSES = {"QueryLanguage": "JSONata", "StartAt": "Done", "States": {"Done": {"Type": "Succeed", "Output": {}}}}
SCHEDULE = "cron(15 3 * * ? *)"


class Counted(Aws):
    """Clients that count their calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()
        self.listed_at: list[float] = []
        self._counted: set[str] = set()

    def __call__(self, service: str) -> Any:
        client = super().__call__(service)
        if service not in self._counted:
            self._counted.add(service)
            client.meta.events.register("before-call", self._count)
        return client

    def _count(self, model: Any, **_: Any) -> None:
        self.calls[model.name] += 1
        if model.name == "ListExecutions":
            self.listed_at.append(time.perf_counter())


class Stack:
    """The stack `acme`'s `bench<jobs>`."""

    def __init__(self, aws: LocalAws, jobs: int) -> None:
        self._aws = aws
        self._role = self._make_role()
        self.name = f"bench{jobs}"
        self.log_group = f"/aws/events/acme-{self.name}-runs-0"
        aws.client("logs").create_log_group(logGroupName=self.log_group)
        aws.client("scheduler").create_schedule_group(Name=f"acme-{self.name}")
        self.machines = [self._make_job(number) for number in range(jobs)]

    def _make_role(self) -> str:
        iam = self._aws.client("iam")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": ["states.amazonaws.com", "scheduler.amazonaws.com"]},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        try:
            made = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(trust))
        except iam.exceptions.EntityAlreadyExistsException:
            made = iam.get_role(RoleName="bench")
        return made["Role"]["Arn"]

    def _make_job(self, number: int) -> str:
        job = f"job{number}"
        name, tags = f"acme-{self.name}-{job}", {STACK_TAG: self.name, JOB_TAG: job}
        machine = self._aws.client("stepfunctions").create_state_machine(
            name=name,
            definition=json.dumps(PASSES),
            roleArn=self._role,
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )["stateMachineArn"]
        if number % 10 == 9:
            self._aws.client("scheduler").create_schedule(
                Name=name,
                GroupName=f"acme-{self.name}",
                ScheduleExpression=SCHEDULE,
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={"Arn": machine, "RoleArn": self._role},
            )
        else:
            self._aws.client("events").put_rule(
                Name=name, ScheduleExpression=SCHEDULE, Tags=[{"Key": key, "Value": tags[key]} for key in tags]
            )
        return machine

    def run(self, machine: str, times: int) -> None:
        """Run a job so often, and write its runs into the ledger as EventBridge does."""
        states = self._aws.client("stepfunctions")
        started = [states.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(times)]
        self._aws.clock.wait_idle()
        lines = []
        for execution_arn in started:
            detail = states.describe_execution(executionArn=execution_arn)
            del detail["ResponseMetadata"]
            for key in ("startDate", "stopDate"):
                detail[key] = round(detail[key].timestamp() * 1000)
            for status, stopped in (("RUNNING", None), (detail["status"], detail["stopDate"])):
                event = {"detail": {**detail, "status": status, "stopDate": stopped}}
                lines.append({"timestamp": stopped or detail["startDate"], "message": json.dumps(event, default=str)})
        logs, stream = self._aws.client("logs"), machine.rpartition(":")[2]
        logs.create_log_stream(logGroupName=self.log_group, logStreamName=stream)
        lines.sort(key=lambda line: line["timestamp"])
        for first in range(0, len(lines), 1000):
            place = {"logGroupName": self.log_group, "logStreamName": stream}
            logs.put_log_events(**place, logEvents=lines[first : first + 1000])


def row(what: str, aws: Counted, seconds: float, jobs: int) -> None:
    """Print what one verb took."""
    calls = sum(aws.calls.values())
    kinds = ", ".join(f"{count} {name}" for name, count in aws.calls.most_common())
    print(f"{what:34} {seconds:7.2f} s {calls:6} calls {calls / jobs:7.3f} a job   {kinds}", flush=True)


def time_status(stack: Stack, jobs: int, *, by_ledger: bool) -> None:
    """Print what `status` takes."""
    aws, began = Counted(), time.perf_counter()
    found = find_stack(aws, "acme", stack.name)
    ledger = find_ledger(aws, found) if by_ledger else None
    told = read_status(aws, found.jobs, now=datetime.now(UTC), runs=20, ledger=ledger)
    assert all(status.last for status in told)
    row(f"status, {jobs} jobs, {'ledger' if ledger else 'no ledger'}", aws, time.perf_counter() - began, jobs)
    if not by_ledger:
        half = sorted(aws.listed_at)[jobs // 2 :]
        print(f"{'':34} {(len(half) - 1) / (half[-1] - half[0]):7.1f} ListExecutions a second in the end", flush=True)


def time_history(stack: Stack, runs: int) -> None:
    """Print what `history` of the first job takes."""
    aws, began = Counted(), time.perf_counter()
    found = find_stack(aws, "acme", stack.name)
    told = read_history(aws, found.jobs[0], limit=runs, ledger=find_ledger(aws, found))
    assert len(told) == runs
    row(f"history, {runs} runs, ledger", aws, time.perf_counter() - began, len(found.jobs))


def main() -> None:
    """Print a row for each verb and size."""
    parser = argparse.ArgumentParser(description="Count and time the operator's calls.")
    parser.add_argument("--jobs", type=int, nargs="*", default=[10, 100, 1000], help="sizes (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=10_000, help="runs of one job, 0 for none (default: %(default)s)")
    arguments = parser.parse_args()
    with LocalAws() as aws:
        for jobs in arguments.jobs:
            stack = Stack(aws, jobs)
            for machine in stack.machines:
                stack.run(machine, 1)
            time_status(stack, jobs, by_ledger=True)
            time_status(stack, jobs, by_ledger=False)
        if arguments.runs:
            stack = Stack(aws, 1)
            stack.run(stack.machines[0], arguments.runs)
            time_history(stack, arguments.runs)


if __name__ == "__main__":
    main()
