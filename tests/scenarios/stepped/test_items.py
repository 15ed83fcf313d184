"""Steps that are done for each item in executions of their own, and inputs that ECS does not take."""

from __future__ import annotations

import json

from tests.scenarios.stepped.jobs import LEAVE, does
from tests.scenarios.stepped.world import Play, World
from tests.waiting import until_left

# Three fails.
BUT_THREE = f"""test $LONGHAUL_INPUT -ne 3 && {LEAVE} "[$LONGHAUL_INPUT, $LONGHAUL_INDEX]" """


def results(world: World, job: str, name: str) -> list[str]:
    """The names of the objects that a map run's results are in."""
    prefix = f"{job}/{name}/0/child/"
    listed = world.aws.client("s3").list_objects_v2(Bucket=world.results_bucket, Prefix=prefix)
    return [entry["Key"].rpartition("/")[2] for entry in listed["Contents"]]


def test_some_of_them_may_fail_and_none_is_a_run_to_the_ledger(play: Play, world: World) -> None:
    run = play.start("spread", does(child=BUT_THREE), input=[1, 2, 3])
    *done, failed = run.succeeds()["result"]
    assert done == [[1, 0], [2, 1]]
    assert failed["Error"] == "Job.ExitedNonZero"
    # It has its new status before that is told to others.
    until_left(run.name)
    pages = world.aws.client("logs").get_paginator("filter_log_events")
    told = [
        json.loads(line["message"])["detail"]
        for page in pages.paginate(logGroupName=world.deployment.outputs["ledger"])
        for line in page["events"]
    ]
    assert [one["status"] for one in told if one["executionArn"] == run.arn] == ["RUNNING", "SUCCEEDED"]
    assert not [one for one in told if "/" in one["executionArn"]]


def test_more_of_them_fail_than_are_tolerated(play: Play) -> None:
    error, _ = play.start("spread", does(child=BUT_THREE), input=[3, 3, 1]).fails()
    assert error == "States.ExceedToleratedFailureThreshold"


def test_what_became_of_those_that_leave_nothing_is_written_down(play: Play, world: World) -> None:
    run = play.start("unread", does(child="test $LONGHAUL_INPUT -ne 3"), input=[1, 3, 3])
    run.succeeds()
    assert {"manifest.json", "FAILED_0.json", "SUCCEEDED_0.json"} <= set(results(world, "unread", run.name))


def test_objects_in_batches(play: Play) -> None:
    run = play.start("batches")
    run.succeeds()
    assert sorted(task.input for task in run.tasks()) == [["in/a", "in/b"], ["in/c"]]
    assert not [task for task in run.tasks() if "LONGHAUL_INDEX" in task.environment]


def test_an_input_that_ecs_does_not_take_goes_through_s3(play: Play, world: World) -> None:
    run = play.start("large", input="x" * 9000)
    run.succeeds()
    (task,) = run.tasks()
    assert "LONGHAUL_INPUT" not in task.environment
    bucket, _, key = task.environment["LONGHAUL_INPUT_URL"].removeprefix("s3://").partition("/")
    assert bucket == world.results_bucket
    assert json.loads(world.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()) == "x" * 9000
