"""What the machine of a job on EC2 instances does where one on Fargate does something else."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from definitions.render import documents
from spec.job import JobSpec
from tests.definitions.endings import DECIDE, RUN, STARTED_AGAIN
from tests.definitions.golden_jobs import stack_of
from tests.definitions.samples import TASK_ARN, failed, job, task
from tests.definitions.walker import EXECUTION, Failure, all_is_well, walk

MachineOf = Callable[[JobSpec], dict[str, Any]]

LOOKS = ["Let its task stop", "Look for its task", "Is it among them?"]
FINDS = ["Look at its task", "Is it among them?"]
WAITED_IN_VAIN: dict[str, Any] = {"StopCode": "TaskFailedToStart", "StartedAt": None, "Containers": [{"Name": "job"}]}
TIMED_OUT = Failure("States.Timeout", "")


def on_ec2(**fields: Any) -> JobSpec:
    return job(**{"runOn": {"kind": "ec2", "capacityProvider": "warehouse"}, "startRetries": {"attempts": 1}, **fields})


def answered(*reasons: str) -> Failure:
    """RunTask's answer without a task: a failure for each instance."""
    failures = [{"Arn": f"arn:aws:ecs:::container-instance/c/{n}", "Reason": each} for n, each in enumerate(reasons)]
    return Failure("AmazonECS.Unknown", json.dumps({"Failures": failures, "Tasks": []}))


def given_up(reason: str) -> Failure:
    """A task for which ECS has found no instance."""
    return failed(StoppedReason=reason, **WAITED_IN_VAIN)


# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html, and of the full queue
# https://github.com/aws/aws-sdk-ruby/issues/3047
@pytest.mark.parametrize(
    ("result", "state", "is_started_again"),
    [
        (answered("RESOURCE:MEMORY"), "Never started", True),
        (answered("RESOURCE:CPU", "RESOURCE:ENI"), "Never started", True),
        (answered("AGENT"), "Never started", True),
        (answered("EMPTY CAPACITY PROVIDER"), "Never started", True),
        (answered("NO ACTIVE INSTANCES"), "Never started", True),
        (answered("MemberOf placement constraint unsatisfied."), "Never started", True),
        (Failure("ECS.ClientException", "Tasks provisioning capacity limit exceeded."), "Never started", True),
        (Failure("ECS.InvalidParameterException", "No Container Instances were found in your cluster."),
         "Never started", True),
        (answered("ATTRIBUTE"), "Refused", False),
        (answered("ATTRIBUTE", "LOCATION"), "Refused", False),
        # One of them would do, and has no room.
        (answered("ATTRIBUTE", "RESOURCE:MEMORY"), "Never started", True),
        (Failure("ECS.InvalidParameterException", "The specified capacity provider strategy cannot contain a capacity "
         "provider that is not associated with the cluster."), "Refused", False),
        (given_up("TaskFailedToStart: RESOURCE:MEMORY"), "Not placed", True),
        (given_up("RESOURCE:CPU"), "Not placed", True),
        (given_up("TaskFailedToStart: EMPTY CAPACITY PROVIDER"), "Not placed", True),
        (given_up("TaskFailedToStart: NO ACTIVE INSTANCES"), "Not placed", True),
        (given_up("TaskFailedToStart: AGENT"), "Not placed", True),
        (given_up("TaskFailedToStart: MemberOf placement constraint unsatisfied."), "Not placed", True),
        (given_up("TaskFailedToStart: ATTRIBUTE"), "Refused", False),
        (given_up("CannotPullContainerError: image: not found"), "Refused", False),
        (given_up("CannotPullContainerError: write /var/lib/docker/tmp/GetImageBlob111111111: no space left on device"),
         "Never started", True),
        (failed(StoppedReason="Host EC2 (instance i-0123456789abcdef0) terminated.", StopCode=None), "Interrupted",
         True),
    ],
)  # fmt: skip
def test_what_is_waited_for_and_what_is_not(
    result: Failure, state: str, is_started_again: bool, machine_of: MachineOf
) -> None:
    run = walk(machine_of(on_ec2()), {}, [result] * 2)
    again = [STARTED_AGAIN, RUN, DECIDE] if is_started_again else []
    assert run.states == [RUN, DECIDE, *again, state]
    assert run.details["reason"]


@pytest.mark.parametrize(
    "reason", ["TaskFailedToStart: RESOURCE:MEMORY", "CannotPullContainerError: write /x: no space left on device"]
)
def test_the_same_words_say_nothing_of_fargate(reason: str, machine_of: MachineOf) -> None:
    ended = walk(machine_of(job()), {}, [given_up(reason)])
    assert ended.states == [RUN, DECIDE, "Refused"]


def described(attempt: str = "1", group: str = EXECUTION["Name"], **fields: Any) -> dict[str, Any]:
    """A task as DescribeTasks tells of it after its run timed out."""
    environment = [{"Name": "LONGHAUL_JOB", "Value": "nightly"}, {"Name": "LONGHAUL_ATTEMPT", "Value": attempt}]
    overrides = {"ContainerOverrides": [{"Name": "job", "Environment": environment}]}
    reason = "The Task state in AWS Step Functions execution [x] which was managing this resource was aborted"
    stopped = {"StopCode": "UserInitiated", "StoppedReason": reason}
    return task(None, **{"Group": group, "Overrides": overrides, **stopped, **fields})


NEVER_PLACED: dict[str, Any] = {"StartedAt": None}
PULLING: dict[str, Any] = {"StartedAt": None, "ContainerInstanceArn": "arn:aws:ecs:eu-west-1:1:container-instance/c/1"}
RAN: dict[str, Any] = {"ContainerInstanceArn": "arn:aws:ecs:eu-west-1:1:container-instance/c/1"}


def world_of(*pages: list[dict[str, Any]]) -> Callable[[str, Any], Any]:
    """ListTasks tells of these tasks page by page, and DescribeTasks of those it is asked about."""

    def world(integration: str, arguments: Any) -> Any:
        if integration == "aws-sdk:ecs:listTasks":
            page = int(arguments.get("NextToken", 0))
            more = {"NextToken": str(page + 1)} if page + 1 < len(pages) else {}
            return {"TaskArns": [f"{page} {number}" for number in range(len(pages[page]))], **more}
        if integration == "aws-sdk:ecs:describeTasks":
            found = [arn.split() for arn in arguments["Tasks"]]
            return {"Tasks": [pages[int(page)][int(number)] for page, number in found]}
        return all_is_well(integration, arguments)

    return world


@pytest.mark.parametrize(
    ("tasks", "state"),
    [
        ([described(**NEVER_PLACED)], "Not placed"),
        ([described(**RAN)], "Timed out"),
        # It had an instance, on which its image took too long.
        ([described(**PULLING)], "Timed out"),
        # Of another run, and of an earlier attempt of this one.
        ([described(group="other", **NEVER_PLACED)], "Timed out"),
        ([described(attempt="2", **NEVER_PLACED)], "Timed out"),
        ([described(group="other", **RAN), described(**NEVER_PLACED), described(attempt="2", **RAN)], "Not placed"),
        ([], "Timed out"),
    ],
)
def test_a_timeout_tells_whether_the_task_was_placed(
    tasks: list[dict[str, Any]], state: str, machine_of: MachineOf
) -> None:
    run = walk(machine_of(on_ec2(startRetries={"attempts": 0}, timeout="10m")), {}, [TIMED_OUT], world_of(tasks))
    assert run.states == [RUN, *LOOKS, *(FINDS if tasks else []), DECIDE, state]
    # A list of tasks is believed a minute later: ECS says no bound.
    assert run.waits == [60]
    if state == "Not placed":
        assert run.details["taskArn"] == TASK_ARN
        assert run.details["reason"] == "no instance had room for it within its timeout of 10m"
        assert "logStream" not in run.details


@pytest.mark.parametrize(
    ("before", "since", "state"), [("NEVER_PLACED", "RAN", "Timed out"), ("RAN", "NEVER_PLACED", "Not placed")]
)
def test_a_redriven_run_does_not_take_its_former_task_for_the_present_one(
    before: str, since: str, state: str, machine_of: MachineOf
) -> None:
    fields = {"NEVER_PLACED": NEVER_PLACED, "RAN": RAN}
    # Both were told that they are the first attempt.
    former = described(CreatedAt="2026-11-24T03:01:00.123Z", **fields[before])
    present = described(CreatedAt="2026-11-24T03:15:01.456Z", **fields[since])
    of = machine_of(on_ec2(startRetries={"attempts": 0}))
    ended = walk(of, {}, [TIMED_OUT], world_of([former, present]), redrives=1)
    assert ended.states[-1] == state


def test_the_list_is_read_to_its_end(machine_of: MachineOf) -> None:
    others = [described(group="other", **RAN)] * 20
    world = world_of(others, others, [described(**NEVER_PLACED)])
    run = walk(machine_of(on_ec2(startRetries={"attempts": 0})), {}, [TIMED_OUT], world)
    assert run.states == [RUN, LOOKS[0], *[*LOOKS[1:], *FINDS] * 3, DECIDE, "Not placed"]
    asked = [arguments for integration, arguments in run.calls if integration == "aws-sdk:ecs:listTasks"]
    assert [one.get("NextToken") for one in asked] == [None, "1", "2"]
    assert {(one["Family"], one["DesiredStatus"]) for one in asked} == {("longhaul-dev-nightly", "STOPPED")}


def test_who_cannot_look_says_no_more_than_that_it_timed_out(machine_of: MachineOf) -> None:
    def world(_integration: str, _arguments: Any) -> Any:
        return Failure("Ecs.AccessDeniedException", "not authorized to perform: ecs:ListTasks")

    run = walk(machine_of(on_ec2()), {}, [TIMED_OUT], world)
    assert run.states == [RUN, *LOOKS[:2], DECIDE, "Timed out"]


def test_the_second_attempt_looks_for_its_own_task(machine_of: MachineOf) -> None:
    world = world_of([described(attempt="1", **NEVER_PLACED), described(attempt="2", **RAN)])
    run = walk(machine_of(on_ec2()), {}, [TIMED_OUT, TIMED_OUT], world)
    looked = [RUN, *LOOKS, *FINDS, DECIDE]
    assert run.states == [*looked, STARTED_AGAIN, *looked, "Timed out"]


def test_an_item_is_told_from_the_others_of_its_step() -> None:
    of = on_ec2(steps=[{"name": "add", "forEach": ["a", "b"]}, {"name": "tell"}])
    states = documents(of, stack_of(of))["state-machine"]["States"]
    inner = states["Run add for each item"]["ItemProcessor"]["States"]
    looks = json.dumps([inner["Look at add's task"], states["Look at tell's task"]])
    assert looks.count("LONGHAUL_STEP") == 2
    assert looks.count("LONGHAUL_INDEX") == 1


@pytest.mark.parametrize(
    ("run_on", "network", "placed"),
    [
        ({}, True, {}),
        ({"networkMode": "bridge"}, False, {}),
        ({"networkMode": "host"}, False, {}),
        (
            {"placement": ["random"], "constraints": ["attribute:disk exists"]},
            True,
            {
                "PlacementStrategy": [{"Type": "random"}],
                "PlacementConstraints": [{"Type": "memberOf", "Expression": "attribute:disk exists"}],
            },
        ),
    ],
)
def test_the_request_says_where_and_nothing_of_fargate(
    run_on: dict[str, Any], network: bool, placed: dict[str, Any], machine_of: MachineOf
) -> None:
    of = on_ec2(runOn={"kind": "ec2", "capacityProvider": "warehouse", **run_on}, capacity={"spot": True})
    arguments = machine_of(of)["States"][RUN]["Arguments"]
    assert arguments["CapacityProviderStrategy"] == [{"CapacityProvider": "warehouse", "Weight": 1}]
    assert not {"LaunchType", "PlatformVersion"} & arguments.keys()
    assert ("NetworkConfiguration" in arguments) == network
    if network:
        assert arguments["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "DISABLED"
    assert {key: value for key, value in arguments.items() if key.startswith("Placement")} == placed
