"""Map Runs in the API, and their redrives.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html
https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import policy
from tests.sandbox.step_functions.conftest import Machines, Run
from tests.sandbox.step_functions.test_map_distributed import (
    EXCEEDED,
    children,
    counts,
    distributed,
    map_run_arn,
)
from tests.sandbox.step_functions.test_map_inline import SORT_OUT
from tests.sandbox.step_functions.test_map_items import RIGHTS, put, reading, writing
from tests.sandbox.step_functions.test_parallel import PASS, WAIT_A_DAY, branch
from tests.sandbox.step_functions.test_redrive import refusal
from tests.sandbox.step_functions.test_redrive_resumes import COUNT

# Fails in a child execution that has been redriven less often than its item says.
TRIES = branch(Try={**PASS, "Output": f"{{% {COUNT} < $states.input ? $error('early') : [$states.input, {COUNT}] %}}"})


def describe(run: Run, which: int = -1) -> dict[str, Any]:
    arn = run.now().details("MapRunStarted")[which]["mapRunArn"]
    return run.aws.client("stepfunctions").describe_map_run(mapRunArn=arn)


def test_what_is_told_of_a_run(machines: Machines) -> None:
    """The values are those that AWS gave for such runs."""
    run = machines.run(distributed(), [1, 2, 3])
    described = describe(run)
    assert (described["mapRunArn"], described["executionArn"]) == (map_run_arn(run), run.arn)
    assert (described["status"], described["redriveCount"], "redriveDate" in described) == ("SUCCEEDED", 0, False)
    assert described["maxConcurrency"] == 2_147_483_647
    assert (described["toleratedFailureCount"], described["toleratedFailurePercentage"]) == (0, 0.0)
    names = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten",
             "failuresNotRedrivable", "pendingRedrive")  # fmt: skip
    expected = {**dict.fromkeys(names, 0), "succeeded": 3, "total": 3, "resultsWritten": 3}
    assert described["itemCounts"] == described["executionCounts"] == expected
    (listed,) = machines.aws.client("stepfunctions").list_map_runs(executionArn=run.arn)["mapRuns"]
    assert (listed["mapRunArn"], listed["stopDate"]) == (described["mapRunArn"], described["stopDate"])
    assert described["startDate"].timestamp() == pytest.approx(run.times("MapRunStarted")[0], abs=1)


def test_a_run_in_progress(machines: Machines) -> None:
    run = machines.start(distributed(branch(Long=WAIT_A_DAY), MaxConcurrency=2, ToleratedFailureCount=3), [1, 2, 3])
    map_run_arn(run)
    assert machines.aws.clock.wait_idle(30)
    described = describe(run)
    assert (described["status"], "stopDate" in described) == ("RUNNING", False)
    assert (described["maxConcurrency"], described["toleratedFailureCount"]) == (2, 3)
    assert counts(run) == {"running": 2, "pending": 1, "total": 3}
    assert len(children(run, statusFilter="RUNNING")) == 2
    machines.aws.client("stepfunctions").stop_execution(executionArn=run.arn)


def test_limits_can_be_changed_while_a_run_is_in_progress(machines: Machines) -> None:
    sfn = machines.aws.client("stepfunctions")
    run = machines.start(distributed(branch(Long=WAIT_A_DAY), MaxConcurrency=1), [1, 2, 3, 4])
    arn = map_run_arn(run)
    assert machines.aws.clock.wait_idle(30)
    sfn.update_map_run(mapRunArn=arn, maxConcurrency=3, toleratedFailurePercentage=50)
    while counts(run).get("running") != 3:
        assert machines.aws.clock.wait_idle(30)
    assert (describe(run)["maxConcurrency"], describe(run)["toleratedFailurePercentage"]) == (3, 50.0)
    for child in children(run, statusFilter="RUNNING")[:2]:
        sfn.stop_execution(executionArn=child["executionArn"])
    assert machines.aws.clock.wait_idle(30)
    assert run.now().status == "RUNNING"
    sfn.update_map_run(mapRunArn=arn, toleratedFailureCount=1)
    assert machines.play(run).failure[0] == EXCEEDED
    assert refusal(sfn.update_map_run, mapRunArn=arn, maxConcurrency=1)[0] == "ValidationException"


def test_what_is_no_map_run(machines: Machines) -> None:
    sfn, run = machines.aws.client("stepfunctions"), machines.run(distributed(), [1])
    missing = map_run_arn(run)[:-1] + "x"
    for call in (sfn.describe_map_run, sfn.update_map_run, sfn.list_executions):
        assert refusal(call, mapRunArn=missing) == ("ResourceNotFound", f"Resource not found: '{missing}'")
        assert refusal(call, mapRunArn=run.arn)[0] == "InvalidArn"
    assert refusal(sfn.list_map_runs, executionArn=run.arn + "x")[0] == "ExecutionDoesNotExist"


def test_children_are_listed_in_pages_and_by_status(machines: Machines) -> None:
    run = machines.run(distributed(SORT_OUT, ToleratedFailureCount=5), ["over", "fail", "over"])
    assert len(children(run, PaginationConfig={"PageSize": 1})) == 3
    assert [each["status"] for each in children(run, statusFilter="FAILED")] == ["FAILED"]


def test_a_redrive_goes_on_with_what_did_not_succeed(machines: Machines) -> None:
    """ "redriven from the last state in ItemProcessor", under the ARN of before; what was not started is started."""
    run = machines.run(distributed(TRIES, MaxConcurrency=1), [0, 1, 2, 0])
    assert run.failure[0] == EXCEEDED
    assert counts(run) == {"total": 4, "succeeded": 1, "failed": 1, "pending": 2, "resultsWritten": 2}
    before = {each["executionArn"] for each in children(run)}
    # The first redrive is enough for the second item and starts the third, which takes two more.
    for _ in range(2):
        run = machines.redrive(run)
        assert (run.failure[0], counts(run)["succeeded"], counts(run)["failed"]) == (EXCEEDED, 2, 1)
    run = machines.redrive(run)
    assert run.output == [[0, 0], [1, 1], [2, 2], [0, 0]]
    assert before < {each["executionArn"] for each in children(run)}
    assert len(children(run)) == 4
    arn = map_run_arn(run)
    assert run.details("MapRunRedriven") == [{"mapRunArn": arn, "redriveCount": count} for count in (1, 2, 3)]
    assert run.types.count("MapRunStarted") == run.types.count("MapStateStarted") == 1
    described = describe(run)
    assert (described["status"], described["redriveCount"]) == ("SUCCEEDED", 3)
    assert described["redriveDate"] >= run.description["redriveDate"]
    assert counts(run) == {"total": 4, "succeeded": 4, "resultsWritten": 4}
    assert [each["redriveCount"] for each in sorted(children(run), key=lambda each: each["redriveCount"])] == [
        0,
        0,
        1,
        2,
    ]
    for wanted in ("REDRIVEN", "NOT_REDRIVEN"):
        found = children(run, redriveFilter=wanted, PaginationConfig={"PageSize": 1})
        assert [each["redriveCount"] > 0 for each in found] == [wanted == "REDRIVEN"] * 2


def test_a_redrive_after_a_stop(machines: Machines) -> None:
    sleep = branch(Sleep={"Type": "Wait", "Seconds": f"{{% {COUNT} = 0 ? 3600 : 1 %}}", "End": True})
    run = machines.start(distributed(sleep, MaxConcurrency=2), [1, 2, 3])
    map_run_arn(run)
    assert machines.aws.clock.wait_idle(30)
    machines.aws.client("stepfunctions").stop_execution(executionArn=run.arn)
    assert machines.aws.clock.wait_idle(30)
    assert describe(run)["status"] == "ABORTED"
    run = machines.redrive(run)
    assert run.output == [1, 2, 3]
    assert sorted(each["redriveCount"] for each in children(run)) == [0, 1, 1]


def test_redrives_that_do_not_wait_for_what_was_stopped(machines: Machines) -> None:
    sfn = machines.aws.client("stepfunctions")
    sleep = branch(Sleep={"Type": "Wait", "Seconds": f"{{% {COUNT} < 3 ? 3600 : 1 %}}", "End": True})
    run = machines.start(distributed(sleep), list(range(20)))
    while counts(run).get("running") != 20:
        machines.aws.clock.wait_idle(0.05)
    for _ in range(3):
        sfn.stop_execution(executionArn=run.arn)
        sfn.redrive_execution(executionArn=run.arn)
        while counts(run) != {"running": 20, "total": 20}:
            machines.aws.clock.wait_idle(0.05)
    run = machines.play(run)
    assert run.output == list(range(20))
    assert counts(run) == {"total": 20, "succeeded": 20, "resultsWritten": 20}


def test_a_run_that_started_no_child_is_started_anew(machines: Machines, bucket: str) -> None:
    """ "The redriven Map Run uses the input in the Amazon S3 bucket." """
    run = machines.run(distributed(ItemReader=reading(bucket, InputType="JSON")))
    assert run.failure[0] == "States.ItemReaderFailed"
    put(machines, bucket, file="[7]")
    run = machines.redrive(run)
    assert run.output == [7]
    assert (len(run.details("MapRunStarted")), run.details("MapRunRedriven")) == (2, [])
    assert [describe(run, which)["status"] for which in (0, 1)] == ["FAILED", "SUCCEEDED"]


def test_a_redriven_run_keeps_the_items_it_has_read(machines: Machines, bucket: str) -> None:
    """ "The redriven Map Run uses the same input provided in the original execution attempt." """
    put(machines, bucket, file="[1]")
    run = machines.run(distributed(TRIES, ItemReader=reading(bucket, InputType="JSON")))
    put(machines, bucket, file="[5, 6]")
    assert machines.redrive(run).output == [[1, 1]]


def test_results_too_large_start_a_new_run(machines: Machines) -> None:
    """ "A new Map Run is started and the existing Map Run isn't redriven": States.DataLimitExceeded."""
    states = distributed(Items=[1, 2], ItemSelector="{% $states.input %}", Output="small")
    run = machines.redrive(machines.run(states, "x" * 150_000))
    assert run.failure[0] == "States.DataLimitExceeded"
    assert len(run.details("MapRunStarted")) == 2


def test_a_redrive_writes_all_results(machines: Machines, bucket: str) -> None:
    writer = writing(bucket, Transformation="COMPACT", OutputType="JSON")
    run = machines.redrive(machines.run(distributed(TRIES, MaxConcurrency=1, ResultWriter=writer), [0, 1]))
    key = f"out/{map_run_arn(run).rpartition(':')[2]}/SUCCEEDED_0.json"
    assert machines.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == b"[[0,0],[1,1]]"


def test_the_right_to_redrive_children(machines: Machines, role: Any) -> None:
    """ "states:RedriveExecution" on `execution:myStateMachineName/myMapRunLabel:*`."""
    place = f"arn:aws:states:{machines.aws.region}:{machines.aws.account}:execution"
    lacking = policy(*RIGHTS, ("states:RedriveExecution", f"{place}:redriving:*"))
    role_arn = role("states.amazonaws.com", lacking)
    arn = machines.create(distributed(TRIES, Label="mine"), role_arn=role_arn, name="redriving")
    run = machines.redrive(machines.run(arn, [1]))
    assert "is not authorized to perform: states:RedriveExecution" in str(run.failure[1])
    enough = policy(("states:RedriveExecution", f"{place}:redriving/mine:*"))
    name = role_arn.rpartition("/")[2]
    machines.aws.client("iam").put_role_policy(RoleName=name, PolicyName="more", PolicyDocument=enough)
    assert machines.redrive(run).output == [[1, 1]]


def test_a_child_is_redriven_by_its_map_run_alone(machines: Machines) -> None:
    run = machines.run(distributed(TRIES), [1])
    child = Run(machines.aws, children(run)[0]["executionArn"])
    assert child.description["redriveStatus"] == "REDRIVABLE_BY_MAP_RUN"
    redrive = machines.aws.client("stepfunctions").redrive_execution
    assert refusal(redrive, executionArn=child.arn)[0] == "ExecutionNotRedrivable"
    run = machines.redrive(run)
    assert child.now().description["redriveStatus"] == "NOT_REDRIVABLE"
    assert child.now().types[-3:] == ["ExecutionRedriven", "PassStateExited", "ExecutionSucceeded"]


def test_a_deleted_machine_ends_its_children_at_their_next_step(machines: Machines) -> None:
    steps = branch(First={"Type": "Wait", "Seconds": 3600, "Next": "Second"}, Second=PASS)
    arn = machines.create(distributed(steps))
    run = machines.start(arn, [1])
    map_run_arn(run)
    assert machines.aws.clock.wait_idle(30)
    machines.aws.client("stepfunctions").delete_state_machine(stateMachineArn=arn)
    assert machines.play(run).status != "SUCCEEDED"
    assert children(run)[0]["status"] == "ABORTED"


@pytest.mark.parametrize("filter_name", ["statusFilter", "redriveFilter"])
def test_filters_that_are_none(machines: Machines, filter_name: str) -> None:
    run = machines.run(distributed(), [1])
    call = machines.aws.client("stepfunctions").list_executions
    assert refusal(call, mapRunArn=map_run_arn(run), **{filter_name: "none"})[0] == "ValidationException"
