"""With exactly the policy that `longhaul policy` prints, every verb works, and needs all that the policy grants it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from definitions.place import Place
from definitions.policies.operator import operator_policy
from definitions.policies.operator_needs import READING
from sandbox.local_aws import LocalAws
from tests.cli.ops.permissions.person import Person, needed, people
from tests.cli.ops.permissions.verbs import TRIGGERED, USES, Stage, going_on, paused, staged
from tests.ops.operated import Operated

# What they who only look lack first, of each command that changes something.
REFUSED = {
    "start obeys": "states:StartExecution",
    "rerun obeys@failed": "states:StartExecution",
    "backfill obeys --from 2024-02-28T03:15:00Z --to 2024-02-28T03:15:00Z --yes": "states:StartExecution",
    "redrive obeys@latest": "states:RedriveExecution",
    "stop obeys-in-line@latest --yes": "states:DescribeStateMachineForExecution",
    "pause obeys": "events:TagResource",
    "pause obeys-alone": "scheduler:UpdateSchedule",
    "pause tock": "scheduler:UpdateSchedule",
}
REFUSED_WHILE_PAUSED = {
    "resume obeys": "events:EnableRule",
    "resume obeys-alone": "scheduler:UpdateSchedule",
    "resume tock": "scheduler:UpdateSchedule",
}


@pytest.fixture(scope="module")
def place(local_aws: LocalAws, operated: Operated) -> Place:
    return Place(
        project=operated.project,
        stack=operated.name,
        partition="aws",
        region=local_aws.region,
        account=local_aws.account,
    )


@pytest.fixture(scope="module")
def everybody(
    local_aws: LocalAws, operated: Operated, place: Place, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Person]]:
    """An operator, and somebody who only looks."""
    policies = {"operator": operator_policy(place), "onlooker": operator_policy(place, read_only=True)}
    with people(local_aws, operated.root, tmp_path_factory.mktemp("people"), policies) as found:
        yield found


@pytest.fixture
def operator(everybody: dict[str, Person]) -> Person:
    everybody["operator"].asked.clear()
    return everybody["operator"]


@pytest.fixture
def onlooker(everybody: dict[str, Person]) -> Person:
    everybody["onlooker"].asked.clear()
    return everybody["onlooker"]


@pytest.fixture(scope="module")
def stage(operated: Operated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(operated, tmp_path_factory.mktemp("smaller")) as found:
        yield found


@pytest.mark.parametrize("verb", USES)
def test_an_operator_may_use_a_verb_which_needs_all_that_it_is_said_to(
    operator: Person, stage: Stage, verb: str
) -> None:
    USES[verb](operator, stage)
    assert operator.asked == needed(verb)


@pytest.mark.parametrize("verb", READING)
def test_who_only_looks_may_use_the_verbs_that_look(onlooker: Person, stage: Stage, verb: str) -> None:
    USES[verb](onlooker, stage)
    assert onlooker.asked == needed(verb)


def test_who_only_looks_is_refused_what_changes_something(
    onlooker: Person, stage: Stage, subtests: pytest.Subtests
) -> None:
    def refused(command: str, lacks: str) -> None:
        with subtests.test(command):
            done = onlooker.run(*command.split())
            assert (done.code, done.out) == (3, "")
            last = done.err.splitlines()[-1]
            assert last.startswith("longhaul: AWS refused ")
            assert f"user/{onlooker.name} lacks {lacks} on arn:aws:" in last

    with going_on(stage.operated, "obeys") as execution_arn:
        # So that it could be redriven.
        stage.operated.stop(execution_arn)
        for command, lacks in REFUSED.items():
            refused(command, lacks)
    with paused(stage.operated):
        for command, lacks in REFUSED_WHILE_PAUSED.items():
            refused(command, lacks)
    commands = [*REFUSED, *REFUSED_WHILE_PAUSED]
    assert {command.split()[0] for command in commands} == set(USES) - set(READING)


@pytest.mark.parametrize(
    ("call", "lacks"),
    [
        (lambda aws, _: aws("ecs").list_tasks(cluster="of-another-team"), "ecs:ListTasks"),
        (lambda aws, job: aws("events").tag_resource(
            ResourceARN=job.trigger.arn, Tags=[{"Key": "longhaul:job", "Value": "other"}]), "events:TagResource"),
        (lambda aws, job: aws("events").untag_resource(
            ResourceARN=job.trigger.arn, TagKeys=["longhaul:paused", "longhaul:job"]), "events:UntagResource"),
        (lambda aws, job: aws("stepfunctions").start_execution(
            stateMachineArn=job.state_machine_arn.replace("acme-night", "acme-day")), "states:StartExecution"),
        (lambda aws, _: aws("logs").filter_log_events(logGroupName="/aws/events/acme-day-runs-1"),
         "logs:FilterLogEvents"),
        (lambda aws, _: aws("logs").get_log_events(
            logGroupName="/longhaul/acme/day/obeys-1", logStreamName="run/job/1"), "logs:GetLogEvents"),
    ],
)  # fmt: skip
def test_an_operator_may_not_do_it_elsewhere(
    operator: Person, operated: Operated, call: Callable[..., Any], lacks: str
) -> None:
    with pytest.raises(ClientError, match=f"{operator.name} is not authorized to perform: {lacks} on resource: "):
        call(operator.aws(region=operated.local_aws.region), operated.job("obeys"))


def test_an_operator_gives_a_schedule_no_other_role(operator: Person, operated: Operated) -> None:
    scheduler = operator.aws(region=operated.local_aws.region)("scheduler")
    schedule = scheduler.get_schedule(GroupName="acme-night", Name="acme-night-obeys-alone")
    kept = ("GroupName", "Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    request = {key: schedule[key] for key in kept}
    request["Target"]["RoleArn"] = f"arn:aws:iam::{operated.local_aws.account}:role/administrator"
    with pytest.raises(ClientError, match=r"iam:PassRole on resource: \S+:role/administrator"):
        scheduler.update_schedule(**request)


def test_the_policy_is_printed_for_the_account_of_who_asks(onlooker: Person, place: Place) -> None:
    done = onlooker.run("policy")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == operator_policy(place)
    assert onlooker.asked == {}
    read_only = onlooker.run("policy", "--read-only", "--account", "210987654321", "--stack", "day")
    other = Place(project="acme", stack="day", partition="aws", region=place.region, account="210987654321")
    assert json.loads(read_only.out) == operator_policy(other, read_only=True)


def test_an_account_has_twelve_digits(onlooker: Person) -> None:
    done = onlooker.run("policy", "--account", "1234")
    assert done.code == 2
    assert "expected an account's 12 digits, found '1234'" in done.err


def test_jobs_with_either_trigger_are_switched(operated: Operated) -> None:
    triggers = [operated.job(job).trigger for job in TRIGGERED]
    assert [trigger.kind for trigger in triggers if trigger] == ["rule", "schedule", "schedule"]
