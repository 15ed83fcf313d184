"""Distributed Map states whose child executions are Express ones.

https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html
"""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.step_functions.conftest import Machines
from tests.sandbox.step_functions.test_map_distributed import (
    EXCEEDED,
    MODE,
    children,
    counts,
    distributed,
    map_run_arn,
)
from tests.sandbox.step_functions.test_map_inline import SORT_OUT
from tests.sandbox.step_functions.test_parallel import PASS, WAIT_A_DAY, branch
from tests.sandbox.step_functions.test_redrive import refusal


def express(processor: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """As `distributed`, with Express executions."""
    states = distributed(processor, **fields)
    states["Map"]["ItemProcessor"]["ProcessorConfig"] = {**MODE, "ExecutionType": "EXPRESS"}
    return states


def test_a_child_can_be_described_and_listed_and_nothing_else(machines: Machines) -> None:
    sfn = machines.aws.client("stepfunctions")
    run = machines.run(express(), [7])
    assert run.output == [7]
    (child,) = children(run)
    arn = child["executionArn"]
    machine = child["stateMachineArn"].rpartition(":")[2]
    place = f"arn:aws:states:{machines.aws.region}:{machines.aws.account}"
    assert arn.startswith(f"{place}:express:{machine}:{child['name']}:")
    described = sfn.describe_execution(executionArn=arn)
    assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", 7)
    assert described["mapRunArn"] == map_run_arn(run)
    for call in (sfn.get_execution_history, sfn.stop_execution, sfn.redrive_execution):
        assert refusal(call, executionArn=arn)[0] == "InvalidArn"


def test_a_child_lasts_five_minutes_at_most(machines: Machines) -> None:
    run = machines.run(express(branch(Long=WAIT_A_DAY), ToleratedFailureCount=1), [1])
    (result,) = run.output
    assert (result["Status"], counts(run)["timedOut"]) == ("TIMED_OUT", 1)
    began, ended = run.times("MapRunStarted")[0], run.times("MapRunSucceeded")[0]
    assert 300 <= ended - began < 360


def test_a_run_that_fails_waits_for_the_children_that_run(machines: Machines) -> None:
    """It "may continue to run child workflows": they cannot be stopped."""
    slow = {"Type": "Wait", "Seconds": 60, "End": True}
    processor = {**SORT_OUT, "States": {**SORT_OUT["States"], "Long": slow}}
    run = machines.run(express(processor, MaxConcurrency=2), ["wait", "fail", "over"])
    assert run.failure[0] == EXCEEDED
    assert counts(run) == {"total": 3, "succeeded": 1, "failed": 1, "pending": 1, "resultsWritten": 2}
    assert run.times("MapRunFailed")[0] - run.times("MapRunStarted")[0] >= 60


def test_a_redrive_runs_a_child_from_its_first_state(machines: Machines) -> None:
    """ "The first state in ItemProcessor is run first", under the same ARN."""
    count = "$states.context.Execution.RedriveCount"
    first = {"Type": "Pass", "Output": f"{{% {count} %}}", "Next": "Second"}
    second = {**PASS, "Output": f"{{% {count} = 0 ? $error('early') : $states.input %}}"}
    run = machines.run(express(branch(First=first, Second=second)), [1])
    before = children(run)[0]["executionArn"]
    run = machines.redrive(run)
    assert run.output == [1]
    assert [each["executionArn"] for each in children(run)] == [before]
    assert run.types.count("MapRunRedriven") == 1
