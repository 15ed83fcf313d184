"""ECS tasks as processes, seen through the API as an operator sees them."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from sandbox.images import BuildContext
from sandbox.local_aws import LocalAws
from tests.sandbox.conftest import TaskPlace

PATIENCE_SECONDS = 120


def started(place: TaskPlace, *command: str, **container: Any) -> str:
    """Run a task whose command says `ready`, and return once it has."""
    task_arn = place.run(place.register("sh", "-c", *command, **container))
    while (status := place.describe(task_arn)["lastStatus"]) != "RUNNING" or "ready" not in place.lines(task_arn):
        assert status != "STOPPED"
    return task_arn


def test_a_task_runs_to_its_end(place: TaskPlace) -> None:
    task_arn = place.run(place.register("sh", "-c", "echo hello; exit 3"))
    task = place.finish(task_arn)
    assert task["lastStatus"] == task["desiredStatus"] == "STOPPED"
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["stoppedReason"] == "Essential container in task exited"
    assert task["containers"][0]["name"] == "job"
    assert task["containers"][0]["exitCode"] == 3
    assert task["createdAt"] <= task["startedAt"] <= task["stoppedAt"]
    assert place.lines(task_arn) == ["hello"]


def test_what_is_asked_for_is_what_is_described(place: TaskPlace) -> None:
    overrides = {"containerOverrides": [{"name": "job", "environment": [{"name": "DAY", "value": "2026-11-24"}]}]}
    definition = place.register("sh", "-c", "echo $DAY")
    task_arn = place.run(definition, overrides=overrides, startedBy="someone", group="a-group")
    task = place.finish(task_arn)
    assert task["taskDefinitionArn"] == definition
    assert task["overrides"]["containerOverrides"] == overrides["containerOverrides"]
    assert (task["startedBy"], task["group"]) == ("someone", "a-group")
    assert (task["cpu"], task["memory"], task["launchType"]) == ("256", "512", "FARGATE")
    assert place.lines(task_arn) == ["2026-11-24"]


def test_the_default_group_is_the_family(place: TaskPlace) -> None:
    task = place.describe(place.run(place.register("true")))
    assert task["group"] == f"family:{place.cluster}"
    assert "startedBy" not in task


def test_a_default_strategy_gives_the_capacity_provider(place: TaskPlace) -> None:
    ecs = place.aws.client("ecs")
    ecs.put_cluster_capacity_providers(
        cluster=place.cluster,
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    )
    definition = place.register("true")
    assert place.describe(place.run(definition, launchType=None))["capacityProviderName"] == "FARGATE_SPOT"
    assert "capacityProviderName" not in place.describe(place.run(definition))


def test_a_command_of_the_override_replaces_the_definitions(place: TaskPlace) -> None:
    overrides = {"containerOverrides": [{"name": "job", "command": ["echo", "other"]}]}
    task_arn = place.run(place.register("echo", "one"), overrides=overrides)
    place.finish(task_arn)
    assert place.lines(task_arn) == ["other"]


def test_an_image_runs_in_its_build_context(place: TaskPlace, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("import os, sys; print(os.getcwd(), os.environ['MODE'], *sys.argv[1:])")
    (tmp_path / "Dockerfile").write_text(
        'FROM python:3.12\nENV MODE=image\nENTRYPOINT ["python", "main.py"]\nCMD ["by", "default"]\n'
    )
    uri = f"{place.aws.account}.dkr.ecr.{place.aws.region}.amazonaws.com/{place.cluster}@sha256:{'0' * 64}"
    place.aws.images.register(uri, BuildContext(tmp_path, tmp_path / "Dockerfile"))
    name = place.execution_role.rsplit("/", 1)[-1]
    place.aws.client("iam").attach_role_policy(
        RoleName=name, PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    )
    by_default = place.run(place.register(image=uri))
    with_command = place.run(place.register("other", image=uri))
    with_entry_point = place.run(
        place.register("x", image=uri, entryPoint=["python", "-c", "import sys; print(sys.argv[1:])"])
    )
    for task_arn in (by_default, with_command, with_entry_point):
        assert place.finish(task_arn)["containers"][0]["exitCode"] == 0
    assert place.lines(by_default) == [f"{tmp_path} image by default"]
    assert place.lines(with_command) == [f"{tmp_path} image other"]
    assert place.lines(with_entry_point) == ["['x']"]


def test_what_an_image_has_elsewhere_is_found_and_its_folder_is_empty(place: TaskPlace, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("import os; print(os.listdir('.'))")
    (tmp_path / "Dockerfile").write_text(
        'FROM python:3.12\nCOPY main.py /opt/job/\nENTRYPOINT ["python", "/opt/job/main.py"]\n'
    )
    place.aws.images.register(place.cluster, BuildContext(tmp_path, tmp_path / "Dockerfile"))
    task_arn = place.run(place.register(image=place.cluster))
    assert place.finish(task_arn)["containers"][0]["exitCode"] == 0
    assert place.lines(task_arn) == ["[]"]


def test_python_is_the_sandboxs_own(place: TaskPlace) -> None:
    task_arn = place.run(place.register("python", "-c", "import sys; print(sys.prefix)"))
    place.finish(task_arn)
    assert place.lines(task_arn) == [sys.prefix]


def test_an_images_path_comes_after_the_sandboxs_python_and_its_home_is_not_this_machines(
    place: TaskPlace, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.12\nENV PATH=/opt/tool/bin:$PATH HOME=/root\n")
    place.aws.images.register(place.cluster, BuildContext(tmp_path, tmp_path / "Dockerfile"))
    program = "import os; print(*os.environ['PATH'].split(':')[:2]); print(os.listdir(os.environ['HOME']))"
    task_arn = place.run(place.register("python", "-c", program, image=place.cluster))
    place.finish(task_arn)
    assert place.lines(task_arn) == [f"{Path(sys.executable).parent} /opt/tool/bin", "[]"]


def test_the_environment_holds_nothing_of_this_machine(place: TaskPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THIS_MACHINE", "x")
    task_arn = place.run(place.register("python", "-c", "import os; print(*sorted(os.environ))"))
    place.finish(task_arn)
    assert set(place.lines(task_arn)[0].split()) - {"LC_CTYPE"} == {
        "PATH", "HOME", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_EXECUTION_ENV",
        "AWS_EC2_METADATA_DISABLED", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    }  # fmt: skip


WHO = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"


def test_a_task_acts_with_its_own_role(place: TaskPlace) -> None:
    task_arn = place.run(place.register("python", "-c", WHO))
    assert place.finish(task_arn)["containers"][0]["exitCode"] == 0
    role_name, task_id = place.task_role.rsplit("/", 1)[-1], task_arn.rsplit("/", 1)[-1]
    assert place.lines(task_arn) == [f"arn:aws:sts::{place.aws.account}:assumed-role/{role_name}/{task_id}"]


def test_a_task_without_a_role_has_no_credentials(place: TaskPlace) -> None:
    task_arn = place.run(place.register("python", "-c", WHO, task={"taskRoleArn": None}))
    assert place.finish(task_arn)["containers"][0]["exitCode"] == 1
    assert "NoCredentialsError" in place.lines(task_arn)[-1]


def test_lines_arrive_whole_and_in_order(place: TaskPlace) -> None:
    task_arn = place.run(place.register("sh", "-c", "seq 1 2000; printf 'caf\\351 last'"))
    place.finish(task_arn)
    events = place.aws.client("logs").get_log_events(
        logGroupName=place.log_group, logStreamName=f"run/job/{task_arn.rsplit('/', 1)[-1]}", startFromHead=True
    )["events"]
    assert [event["message"] for event in events] == [*map(str, range(1, 2001)), "caf\ufffd last"]
    times = [event["timestamp"] for event in events]
    assert times == sorted(times)


def test_stop_answers_at_once_and_ends_with_sigterm(place: TaskPlace, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    stopping = f"echo stopping; until [ -e {gate} ]; do sleep 0.01; done; exit 7"
    task_arn = started(place, f"trap '{stopping}' TERM; echo ready; while :; do sleep 0.01; done", stopTimeout=120)
    answer = place.aws.client("ecs").stop_task(cluster=place.cluster, task=task_arn, reason="enough")["task"]
    assert (answer["lastStatus"], answer["desiredStatus"]) == ("RUNNING", "STOPPED")
    gate.touch()
    task = place.finish(task_arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
    assert task["containers"][0]["exitCode"] == 7
    assert place.lines(task_arn) == ["ready", "stopping"]


def test_a_task_that_ignores_sigterm_is_killed_after_its_stop_timeout(place: TaskPlace) -> None:
    task_arn = started(place, "trap '' TERM; echo ready; while :; do sleep 0.01; done", stopTimeout=2)
    place.aws.client("ecs").stop_task(cluster=place.cluster, task=task_arn)
    task = place.finish(task_arn)
    assert task["containers"][0]["exitCode"] == 137
    assert task["stopCode"] == "UserInitiated"
    assert (task["stoppedAt"] - task["stoppingAt"]).total_seconds() >= 2


def test_a_task_that_has_stopped_can_be_stopped(place: TaskPlace) -> None:
    task_arn = place.run(place.register("true"))
    before = place.finish(task_arn)
    answer = place.aws.client("ecs").stop_task(cluster=place.cluster, task=task_arn, reason="late")["task"]
    assert answer["lastStatus"] == "STOPPED"
    assert place.describe(task_arn) == before


def test_a_list_shows_what_should_run_or_has_stopped(place: TaskPlace) -> None:
    ecs = place.aws.client("ecs")
    running = started(place, "echo ready; sleep 1000")
    stopped = place.run(place.register("true"), startedBy="someone")
    place.finish(stopped)
    listed = {
        name: ecs.list_tasks(cluster=place.cluster, **query)["taskArns"]
        for name, query in {
            "default": {},
            "stopped": {"desiredStatus": "STOPPED"},
            "family": {"desiredStatus": "STOPPED", "family": place.cluster},
        }.items()
    }
    assert listed == {"default": [running], "stopped": [stopped], "family": [stopped]}
    ecs.stop_task(cluster=place.cluster, task=running)
    place.finish(running)


def test_the_task_ends_with_its_essential_container(place: TaskPlace) -> None:
    definition = place.register("sh", "-c", "exit 4", task={"containerDefinitions": [
        {"name": "job", "image": "x", "command": ["sh", "-c", "exit 4"], "essential": True},
        {"name": "beside", "image": "x", "command": ["sleep", "1000"], "essential": False, "stopTimeout": 2},
    ]})  # fmt: skip
    task = place.finish(place.run(definition))
    assert {container["name"]: container["exitCode"] for container in task["containers"]} == {"job": 4, "beside": 143}


def test_the_task_outlives_a_container_that_is_not_essential(place: TaskPlace, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    work = f"until [ -e {gate} ]; do sleep 0.01; done; exit 5"
    definition = place.register(task={"containerDefinitions": [
        {"name": "beside", "image": "x", "command": ["true"], "essential": False},
        {"name": "job", "image": "x", "command": ["sh", "-c", work], "essential": True},
    ]})  # fmt: skip
    task_arn = place.run(definition)
    while not any("exitCode" in container for container in place.describe(task_arn)["containers"]):
        continue
    gate.touch()
    task = place.finish(task_arn)
    assert {container["name"]: container["exitCode"] for container in task["containers"]} == {"beside": 0, "job": 5}


def test_a_missing_executable_fails_the_start(place: TaskPlace) -> None:
    task = place.finish(place.run(place.register("no-such-command")))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotStartContainerError: ")
    assert '"no-such-command": executable file not found in $PATH' in task["stoppedReason"]
    assert "exitCode" not in task["containers"][0]
    assert task["containers"][0]["reason"] == task["stoppedReason"]
    assert "startedAt" not in task


def test_an_image_that_is_nowhere_cannot_be_pulled(place: TaskPlace) -> None:
    task = place.finish(place.run(place.register(image="public.ecr.aws/nobody/nothing:1")))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert "public.ecr.aws/nobody/nothing:1" in task["stoppedReason"]


def test_the_clock_does_not_jump_while_a_task_runs(place: TaskPlace) -> None:
    clock = place.aws.clock
    task_arn = started(place, "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done")
    assert not clock.advance_to(clock.now() + 3600)
    place.aws.client("ecs").stop_task(cluster=place.cluster, task=task_arn)
    place.finish(task_arn)
    assert clock.wait_idle(PATIENCE_SECONDS)
    assert clock.advance_to(clock.now() + 3600)


def test_times_follow_the_clock(place: TaskPlace, local_aws: LocalAws) -> None:
    assert local_aws.clock.wait_idle(PATIENCE_SECONDS)
    assert local_aws.clock.advance_to(local_aws.clock.now() + 10 * 86_400)
    before = local_aws.clock.now()
    task = place.finish(place.run(place.register("echo", "x")))
    for field in ("createdAt", "startedAt", "stoppedAt"):
        assert before - 1 <= task[field].timestamp() <= local_aws.clock.now() + 1


def test_a_stopped_task_is_shown_for_an_hour(place: TaskPlace) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
    clock, ecs = place.aws.clock, place.aws.client("ecs")
    old = place.run(place.register("true"))
    stopped = place.finish(old)["stoppedAt"].timestamp()
    assert clock.wait_idle(PATIENCE_SECONDS)
    assert clock.advance_to(stopped + 3500)
    new = place.run(place.register("true"))
    place.finish(new)
    assert clock.wait_idle(PATIENCE_SECONDS)
    assert clock.advance_to(stopped + 3700)
    answer = ecs.describe_tasks(cluster=place.cluster, tasks=[old, new])
    assert [task["taskArn"] for task in answer["tasks"]] == [new]
    assert answer["failures"] == [{"arn": old, "reason": "MISSING"}]
    assert ecs.list_tasks(cluster=place.cluster, desiredStatus="STOPPED")["taskArns"] == [new]


def test_two_hundred_tasks_at_once_all_end_right(place: TaskPlace) -> None:
    definition = place.register("sh", "-c", "echo $NUMBER; exit $((NUMBER % 4 == 0))")
    arns: dict[int, str] = {}

    def run(number: int) -> None:
        variable = [{"name": "NUMBER", "value": str(number)}]
        overrides = {"containerOverrides": [{"name": "job", "environment": variable}]}
        arns[number] = place.run(definition, overrides=overrides)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    for number, task_arn in arns.items():
        task = place.finish(task_arn)
        assert task["containers"][0]["exitCode"] == (number % 4 == 0)
        assert place.lines(task_arn) == [str(number)]
    assert len(arns) == 200
