"""Map states in Distributed mode: child executions, limits, tolerated failures, events.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.conftest import policy
from tests.sandbox.step_functions.conftest import Machines, Run
from tests.sandbox.step_functions.test_map_inline import SORT_OUT
from tests.sandbox.step_functions.test_parallel import PASS, WAIT_A_DAY, branch, parallel

MODE = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
EXCEEDED = "States.ExceedToleratedFailureThreshold"


def distributed(processor: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """States of which the first is a Map state with executions of its own."""
    machine = {**(processor or branch(Pass=PASS)), "ProcessorConfig": MODE}
    return {"Map": {"Type": "Map", "ItemProcessor": machine, "Next": "Done", **fields}, "Done": PASS}


def map_run_arn(run: Run) -> str:
    """The Map Run that an execution started last."""
    while not (started := run.now().details("MapRunStarted")):
        assert run.now().status == "RUNNING", run.now().failure
        run.aws.clock.wait_idle(0.05)
    return started[-1]["mapRunArn"]


def children(run: Run, **request: Any) -> list[dict[str, Any]]:
    """ListExecutions of the Map Run."""
    pages = run.aws.client("stepfunctions").get_paginator("list_executions")
    return [each for page in pages.paginate(mapRunArn=map_run_arn(run), **request) for each in page["executions"]]


def counts(run: Run, what: str = "executionCounts") -> dict[str, int]:
    """The counts of the Map Run that are not 0."""
    described = run.aws.client("stepfunctions").describe_map_run(mapRunArn=map_run_arn(run))
    return {name: count for name, count in described[what].items() if count}


def test_the_result_has_the_outputs_in_the_order_of_the_items(machines: Machines) -> None:
    sleep = branch(Sleep={"Type": "Wait", "Seconds": "{% $states.input %}", "End": True})
    states = distributed(sleep, Items="{% $states.input.n %}", Output={"result": "{% $states.result %}"})
    assert machines.run(states, {"n": [3, 1, 2]}).output == {"result": [3, 1, 2]}


def test_the_events_of_the_state(machines: Machines) -> None:
    """As AWS links them: what a child execution does is told in its own history alone."""
    run = machines.run(distributed(), ["a", "b"])
    assert run.links == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "MapStateEntered"),
        (3, 2, "MapStateStarted"),
        (4, 3, "MapRunStarted"),
        (5, 4, "MapRunSucceeded"),
        (6, 5, "MapStateSucceeded"),
        (7, 4, "MapStateExited"),
        (8, 7, "PassStateEntered"),
        (9, 8, "PassStateExited"),
        (10, 9, "ExecutionSucceeded"),
    ]
    assert run.details("MapStateStarted") == [{"length": 2}]


def test_a_child_is_an_execution_of_its_own(machines: Machines) -> None:
    context = "$states.context"
    output = {"execution": f"{{% {context}.Execution %}}", "machine": f"{{% {context}.StateMachine %}}",
              "others": f"{{% [$exists({context}.Map), $exists($outer)] %}}"}  # fmt: skip
    states = {
        "Set": {"Type": "Pass", "Assign": {"outer": 1}, "Next": "Map"},
        **distributed(branch(Tell={**PASS, "Output": output}), Label="mine", Items=[{"n": 1}]),
    }
    run = machines.run(states)
    (told,), (child,) = run.output, children(run)
    name = run.description["stateMachineArn"].rpartition(":")[2]
    place = f"arn:aws:states:{machines.aws.region}:{machines.aws.account}"
    assert child["executionArn"] == f"{place}:execution:{name}/mine:{child['name']}"
    assert child["stateMachineArn"] == f"{place}:stateMachine:{name}/mine"
    assert child["mapRunArn"] == map_run_arn(run)
    assert map_run_arn(run).startswith(f"{place}:mapRun:{name}/mine:")
    assert told["execution"]["Id"] == child["executionArn"]
    assert told["execution"]["Input"] == {"n": 1}
    assert told["machine"] == {"Id": child["stateMachineArn"], "Name": f"{name}/mine"}
    assert told["others"] == [False, False]
    described = Run(machines.aws, child["executionArn"])
    assert described.description["mapRunArn"] == map_run_arn(run)
    assert (described.status, json.loads(described.description["input"])) == ("SUCCEEDED", {"n": 1})
    assert described.types == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    sfn = machines.aws.client("stepfunctions")
    machine = sfn.describe_state_machine_for_execution(executionArn=child["executionArn"])
    assert (machine["label"], machine["mapRunArn"]) == ("mine", map_run_arn(run))
    assert list(json.loads(machine["definition"])["States"]) == ["Tell"]
    # Only the executions that were started by somebody are the machine's.
    listed = sfn.list_executions(stateMachineArn=run.description["stateMachineArn"])["executions"]
    assert [each["executionArn"] for each in listed] == [run.arn]


def test_what_the_item_selector_sees(machines: Machines) -> None:
    selector = {"item": "{% $states.context.Map.Item %}", "id": "{% $states.context.Execution.Id %}", "x": "{% $x %}"}
    states = {
        "Set": {"Type": "Pass", "Assign": {"x": 1}, "Next": "Map"},
        **distributed(ItemSelector=selector, Items=["a"]),
    }
    run = machines.run(states)
    assert run.output == [{"item": {"Index": 0, "Value": "a", "Source": "STATE_DATA"}, "id": run.arn, "x": 1}]


@pytest.mark.parametrize(("fields", "expected"), [({"MaxConcurrency": 3}, 3), ({}, 60), ({"MaxConcurrency": 0}, 60)])
def test_how_many_children_run_at_a_time(machines: Machines, fields: dict[str, Any], expected: int) -> None:
    """0, the default: as many as there are, up to the 10,000 of AWS."""
    run = machines.start(distributed(branch(Long=WAIT_A_DAY), **fields), list(range(60)))
    map_run_arn(run)
    assert machines.aws.clock.wait_idle(30)
    found = {"running": expected, "pending": 60 - expected, "total": 60}
    assert counts(run) == {name: count for name, count in found.items() if count}
    machines.aws.client("stepfunctions").stop_execution(executionArn=run.arn)


def test_batches(machines: Machines) -> None:
    batcher = {"MaxItemsPerBatch": "{% $states.input.size %}", "BatchInput": {"who": "{% $states.input.who %}"}}
    states = distributed(Items=[1, 2, 3, 4, 5], ItemBatcher=batcher, MaxConcurrency=1)
    run = machines.run(states, {"size": 2, "who": "me"})
    assert run.output == [{"BatchInput": {"who": "me"}, "Items": items} for items in ([1, 2], [3, 4], [5])]
    assert (counts(run)["total"], counts(run, "itemCounts")["total"]) == (3, 5)
    assert sorted(each["itemCount"] for each in children(run)) == [1, 2, 2]


def test_batches_by_size(machines: Machines) -> None:
    """The size is that of the child's whole input: `{"Items":["aaaa","aaaa"]}` has 25 bytes."""
    items = ["aaaa"] * 5
    run = machines.run(distributed(Items=items, ItemBatcher={"MaxInputBytesPerBatch": 25}))
    assert run.output == [{"Items": items[:2]}, {"Items": items[:2]}, {"Items": items[:1]}]
    run = machines.run(distributed(Items=items, ItemBatcher={"MaxInputBytesPerBatch": 24}))
    assert run.output == [{"Items": items[:1]}] * 5
    # Never more than the 256 KiB that an execution can be given.
    states = distributed(
        branch(Size={**PASS, "Output": "{% $count($states.input.Items) %}"}),
        ItemSelector="{% $states.input.half %}",
        Items=[1, 2],
        ItemBatcher={"MaxItemsPerBatch": 10},
    )
    assert machines.run(states, {"half": "x" * 132_000}).output == [1, 1]


@pytest.mark.parametrize(
    ("fields", "failures", "is_tolerated"),
    [
        ({}, 0, True),
        ({}, 1, False),
        ({"ToleratedFailureCount": 2}, 2, True),
        ({"ToleratedFailureCount": "{% 2 %}"}, 3, False),
        ({"ToleratedFailurePercentage": 50}, 5, True),
        ({"ToleratedFailurePercentage": 49.5}, 5, False),
        ({"ToleratedFailurePercentage": 100}, 10, True),
        # "If you specify both values, the workflow fails when it exceeds either value."
        ({"ToleratedFailureCount": 1, "ToleratedFailurePercentage": 100}, 2, False),
        ({"ToleratedFailureCount": 10, "ToleratedFailurePercentage": 10}, 2, False),
    ],
)
def test_tolerated_failures(machines: Machines, fields: dict[str, Any], failures: int, is_tolerated: bool) -> None:
    items = ["fail"] * failures + ["over"] * (10 - failures)
    run = machines.run(distributed(SORT_OUT, **fields), items)
    if not is_tolerated:
        assert run.failure == (EXCEEDED, "The specified tolerated failure threshold was exceeded")
        assert run.types[4:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
        assert run.details("MapRunFailed") == [{"error": run.failure[0], "cause": run.failure[1]}]
        return
    # "If a child workflow execution fails, Step Functions returns its execution result unchanged", with its metadata.
    failed, over = run.output[:failures], run.output[failures:]
    assert over == ["over"] * (10 - failures)
    for each in failed:
        assert (each["Status"], each["Error"], each["Cause"], each["Input"]) == ("FAILED", "Boom", "why", '"fail"')
    expected = {"total": 10, "succeeded": 10 - failures, "failed": failures, "resultsWritten": 10}
    assert counts(run) == {name: count for name, count in expected.items() if count}


def test_a_failed_batch_counts_with_all_its_items(machines: Machines) -> None:
    fails = branch(Try={**PASS, "Output": "{% 'fail' in $states.input.Items ? $error('no') : 'over' %}"})
    for count, status in ((1, "FAILED"), (2, "SUCCEEDED")):
        fields = {"ItemBatcher": {"MaxItemsPerBatch": 2}, "ToleratedFailureCount": count}
        assert machines.run(distributed(fails, **fields), ["fail", "a", "b", "c"]).status == status


def test_a_run_that_fails_stops_its_children(machines: Machines) -> None:
    run = machines.run(distributed(SORT_OUT, MaxConcurrency=3), ["wait", "fail", "wait", "over", "over"])
    assert run.failure[0] == EXCEEDED
    assert counts(run) == {"total": 5, "aborted": 2, "failed": 1, "pending": 2, "resultsWritten": 3}
    assert sorted(each["status"] for each in children(run)) == ["ABORTED", "ABORTED", "FAILED"]


def test_a_child_that_somebody_stops_counts_as_failed(machines: Machines) -> None:
    run = machines.start(distributed(SORT_OUT), ["wait", "over"])
    map_run_arn(run)
    assert machines.aws.clock.wait_idle(30)
    (waiting,) = children(run, statusFilter="RUNNING")
    machines.aws.client("stepfunctions").stop_execution(executionArn=waiting["executionArn"], error="Mine")
    assert machines.play(run).failure[0] == EXCEEDED


@pytest.mark.parametrize("way", ["ABORTED", "TIMED_OUT", "sibling"])
def test_the_end_of_the_execution_or_its_branch_ends_the_children(machines: Machines, way: str) -> None:
    states = distributed(branch(Long=WAIT_A_DAY))
    if way == "sibling":
        fail = {"Type": "Fail", "Error": "Boom"}
        hold = branch(Hold={"Type": "Wait", "Seconds": 3600, "Next": "Boom"}, Boom=fail)
        states = parallel(hold, branch(Map={**states["Map"], "Next": None, "End": True, "Items": [1, 2]}))
        del states["Parallel"]["Branches"][1]["States"]["Map"]["Next"]
    run = machines.start(machines.create(states, TimeoutSeconds=7200), [1, 2])
    while len(children(run)) < 2:
        machines.aws.clock.wait_idle(0.05)
    if way == "ABORTED":
        machines.aws.client("stepfunctions").stop_execution(executionArn=run.arn)
    run = machines.play(run)
    assert run.status == ("FAILED" if way == "sibling" else way)
    assert machines.aws.clock.wait_idle(30)
    assert [each["status"] for each in children(run)] == ["ABORTED", "ABORTED"]
    assert ("MapStateAborted" in run.types) == (way == "sibling")
    described = machines.aws.client("stepfunctions").describe_map_run(mapRunArn=map_run_arn(run))
    assert described["status"] == "ABORTED"


def test_distributed_within_inline_within_distributed(machines: Machines) -> None:
    inner = distributed(branch(Deep={**PASS, "Output": "{% $states.input * 10 %}"}), End=True)["Map"]
    del inner["Next"]
    inline = {"Type": "Map", "ItemProcessor": branch(Inner=inner), "End": True}
    run = machines.run(distributed(branch(Inline=inline)), [[[1, 2], [3]], [[4]]])
    assert run.output == [[[10, 20], [30]], [[40]]]


def test_retry_and_catch(machines: Machines) -> None:
    retrier = {"ErrorEquals": [EXCEEDED], "MaxAttempts": 1, "IntervalSeconds": 60}
    catcher = {"ErrorEquals": [EXCEEDED], "Output": "{% $states.errorOutput.Error %}", "Next": "Done"}
    run = machines.run(distributed(SORT_OUT, Retry=[retrier], Catch=[catcher]), ["fail"])
    assert run.output == EXCEEDED
    first, second = run.details("MapRunStarted")
    assert first != second
    runs = machines.aws.client("stepfunctions").list_map_runs(executionArn=run.arn)["mapRuns"]
    assert [each["mapRunArn"] for each in runs] == [second["mapRunArn"], first["mapRunArn"]]


def test_results_larger_than_a_payload_fail_the_run(machines: Machines) -> None:
    """ "States.DataLimitExceeded", which Output cannot help; a ResultWriter can."""
    states = distributed(Items=[1, 2], ItemSelector="{% $states.input %}", Output="small")
    assert machines.run(states, "x" * 100_000).output == "small"
    run = machines.run(states, "x" * 150_000)
    assert run.failure[0] == "States.DataLimitExceeded"
    assert run.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


@pytest.mark.parametrize(
    ("actions", "missing"),
    [
        ([], "states:StartExecution"),
        (["states:StartExecution"], "states:DescribeExecution"),
        (["states:StartExecution", "states:DescribeExecution"], "states:StopExecution"),
        (["states:StartExecution", "states:DescribeExecution", "states:StopExecution"], None),
    ],
)
def test_the_rights_of_the_machine_s_role(machines: Machines, role: Any, actions: list[str], missing: Any) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html"""
    place, name = f"arn:aws:states:{machines.aws.region}:{machines.aws.account}", f"rights-{len(actions)}"
    grants = [
        (action, f"{place}:{'stateMachine:' + name if 'Start' in action else f'execution:{name}:*'}")
        for action in actions
    ]
    documents = [policy(*grants)] if grants else []
    arn = machines.create(distributed(), role_arn=role("states.amazonaws.com", *documents), name=name)
    run = machines.run(arn, [1])
    if missing is None:
        assert run.output == [1]
        return
    assert run.types[3:] == ["MapStateFailed", "ExecutionFailed"]
    assert f"is not authorized to perform: {missing} on resource: {place}:" in str(run.failure[1])
