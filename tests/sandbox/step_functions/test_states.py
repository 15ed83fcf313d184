"""What each kind of state does with its input, as the Amazon States Language's pages describe it.

https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.sandbox.step_functions.conftest import Machines


def passing(**fields):
    return {"Type": "Pass", "End": True, **fields}


def test_a_pass_state_passes_its_input_on(machines: Machines) -> None:
    assert machines.run({"Pass": passing()}, {"a": [1, None, "x"]}).output == {"a": [1, None, "x"]}


def test_an_output_may_mix_constants_and_expressions(machines: Machines) -> None:
    output = {"n": "{% $states.input.n + 1 %}", "list": ["{% $states.input.n %}", "plain", {"deep": True}]}
    assert machines.run({"Pass": passing(Output=output)}, {"n": 1}).output == {
        "n": 2,
        "list": [1, "plain", {"deep": True}],
    }


def test_an_expression_within_a_string_is_text(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html: a whole string or nothing."""
    output = ["a {% 1 %}", "{% 1 %} b", " {% 1 %}"]
    assert machines.run({"Pass": passing(Output=output)}).output == output


def test_the_context_object_tells_of_execution_machine_and_state(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html"""
    arn = machines.create({"Pass": passing(Output="{% $states.context %}")})
    run = machines.run(arn, {"a": 1}, name="mine")
    context = run.output
    assert context["Execution"] == {
        "Id": run.arn,
        "Input": {"a": 1},
        "Name": "mine",
        "RoleArn": machines.role_arn,
        "StartTime": context["Execution"]["StartTime"],
        "RedriveCount": 0,
    }
    started = datetime.fromisoformat(context["Execution"]["StartTime"])
    assert started.astimezone(UTC) == run.description["startDate"].astimezone(UTC)
    assert context["StateMachine"] == {"Id": arn, "Name": arn.rsplit(":", 1)[-1]}
    assert context["State"]["Name"] == "Pass"
    assert "Task" not in context


@pytest.mark.parametrize(("n", "chosen"), [(1, "small"), (10, "big"), (-1, "other")])
def test_a_choice_takes_the_first_rule_that_holds(machines: Machines, n: int, chosen: str) -> None:
    states = {
        "Choose": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input.n > 5 %}", "Next": "Big"},
                {"Condition": "{% $states.input.n > 0 %}", "Next": "Small", "Output": "{% 'small' %}"},
            ],
            "Default": "Other",
            "Output": "{% 'other' %}",
        },
        "Big": passing(Output="{% 'big' %}"),
        "Small": passing(),
        "Other": passing(),
    }
    assert machines.run(states, {"n": n}).output == chosen


def test_a_choice_without_a_match_and_default_fails(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html: Default is optional, then it errors."""
    rule = {"Condition": "{% false %}", "Next": "Done"}
    run = machines.run({"Choose": {"Type": "Choice", "Choices": [rule]}, "Done": {"Type": "Succeed"}})
    assert run.status == "FAILED"
    error, cause = run.failure
    assert error == "States.Runtime"
    assert "Failed to transition out of the state. The state does not point to a next state." in str(cause)


def test_a_fail_state_names_its_error_by_expressions(machines: Machines) -> None:
    states = {"Fail": {"Type": "Fail", "Error": "{% 'Bad' & $states.input.kind %}", "Cause": "because"}}
    run = machines.run(states, {"kind": "Luck"})
    assert (run.status, run.failure) == ("FAILED", ("BadLuck", "because"))
    assert run.types == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]


def test_a_fail_state_may_say_nothing(machines: Machines) -> None:
    run = machines.run({"Fail": {"Type": "Fail"}})
    assert (run.status, run.failure) == ("FAILED", (None, None))


def test_a_wait_of_a_month_takes_its_time_on_the_clock_alone(machines: Machines) -> None:
    seconds = 30 * 86_400
    run = machines.run({"Wait": {"Type": "Wait", "Seconds": seconds, "End": True}}, {"kept": 1})
    assert run.output == {"kept": 1}
    (entered,), (exited,) = run.times("WaitStateEntered"), run.times("WaitStateExited")
    assert seconds <= exited - entered < seconds + 60


def test_a_wait_may_end_at_a_timestamp(machines: Machines) -> None:
    until = machines.aws.clock.now() + 5_000
    stamp = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    run = machines.run({"Wait": {"Type": "Wait", "Timestamp": "{% $states.input.at %}", "End": True}}, {"at": stamp})
    (exited,) = run.times("WaitStateExited")
    assert int(until) <= exited < until + 60


def test_a_wait_for_what_has_passed_ends_at_once(machines: Machines) -> None:
    run = machines.run({"Wait": {"Type": "Wait", "Timestamp": "2016-08-18T17:33:00Z", "End": True}})
    assert run.status == "SUCCEEDED"


@pytest.mark.parametrize("stamp", ["tomorrow", "2030-02-30T00:00:00Z", "2030-01-01"])
def test_a_timestamp_that_is_none_fails(machines: Machines, stamp: str) -> None:
    run = machines.run({"Wait": {"Type": "Wait", "Timestamp": "{% $states.input.at %}", "End": True}}, {"at": stamp})
    error, cause = run.failure
    assert error == "States.QueryEvaluationError"
    assert f"cannot be parsed as an ISO-8601 extended offset date-time format string: {stamp}" in str(cause)


def test_a_result_beyond_256_kib_fails(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html: 256 KiB of UTF-8."""

    def of(bytes_of_output: int):
        # Two bytes each, within two quotation marks.
        text = f"{{% $pad('', {(bytes_of_output - 2) // 2}, 'é') %}}"
        return machines.run({"Big": passing(Output=text)})

    assert of(262_144).status == "SUCCEEDED"
    run = of(262_146)
    assert run.status == "FAILED"
    assert run.failure == (
        "States.DataLimitExceeded",
        "The state/task 'Big' returned a result with a size exceeding the maximum number of bytes service limit.",
    )
