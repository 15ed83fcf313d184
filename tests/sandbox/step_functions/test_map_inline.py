"""Map states in Inline mode: results, limits, errors, and the events of their iterations.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.step_functions.conftest import Machines, Run
from tests.sandbox.step_functions.test_parallel import BOOM, DESCRIBE, NO_TABLE, PASS, WAIT_A_DAY, branch
from tests.sandbox.step_functions.test_redrive_resumes import COUNT

# Waits as many seconds as the item says, and gives the item.
SLEEP = {"Type": "Wait", "Seconds": "{% $states.input %}", "End": True}
# Fails for an item that is "fail", waits for a day for "wait", and is over for all others.
SORT_OUT = branch(
    Choose={
        "Type": "Choice",
        "Choices": [
            {"Condition": "{% $states.input = 'fail' %}", "Next": "Pause"},
            {"Condition": "{% $states.input = 'wait' %}", "Next": "Long"},
            {"Condition": "{% $states.input = 'task' %}", "Next": "Describe"},
        ],
        "Default": "Over",
    },
    Pause={"Type": "Wait", "Seconds": 30, "Next": "Boom"},
    Boom=BOOM,
    Long=WAIT_A_DAY,
    Describe=DESCRIBE,
    Over=PASS,
)


def mapping(processor: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """States of which the first is a Map state."""
    state = {"Type": "Map", "ItemProcessor": processor or branch(Pass=PASS), "Next": "Done", **fields}
    return {"Map": state, "Done": PASS}


def most_at_once(run: Run) -> int:
    """How many iterations ran beside each other."""
    running = most = 0
    for event_type in run.types:
        running += (event_type == "MapIterationStarted") - (event_type == "MapIterationSucceeded")
        most = max(most, running)
    return most


def indexes(run: Run, what: str) -> list[int]:
    return [each["index"] for each in run.details(f"MapIteration{what}")]


def test_the_result_has_the_outputs_in_the_order_of_the_items(machines: Machines) -> None:
    output = {"result": "{% $states.result %}", "input": "{% $states.input %}"}
    assign = {"first": "{% $states.result[0] %}"}
    states = mapping(branch(Sleep=SLEEP), Items="{% $states.input.n %}", Output=output, Assign=assign)
    states["Done"] = {**PASS, "Output": ["{% $states.input %}", "{% $first %}"]}
    # Hours, since each iteration counts its time from when it comes to its Wait state.
    hours = [10_800, 3600, 7200]
    run = machines.run(states, {"n": hours})
    assert run.output == [{"result": hours, "input": {"n": hours}}, 10_800]
    assert indexes(run, "Succeeded") == [1, 2, 0]


def test_the_events_of_iterations(machines: Machines) -> None:
    """As AWS links them: an iteration begins from MapStateStarted, the exit follows from the last event of all."""
    run = machines.run(mapping(MaxConcurrency=1, ItemSelector=["{% $states.context.Map.Item.Value %}"]), [7, 8])
    assert run.output == [[7], [8]]
    assert run.links == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "MapStateEntered"),
        (3, 2, "MapStateStarted"),
        (4, 3, "MapIterationStarted"),
        (5, 4, "PassStateEntered"),
        (6, 5, "PassStateExited"),
        (7, 6, "MapIterationSucceeded"),
        (8, 3, "MapIterationStarted"),
        (9, 8, "PassStateEntered"),
        (10, 9, "PassStateExited"),
        (11, 10, "MapIterationSucceeded"),
        (12, 11, "MapStateSucceeded"),
        (13, 11, "MapStateExited"),
        (14, 13, "PassStateEntered"),
        (15, 14, "PassStateExited"),
        (16, 15, "ExecutionSucceeded"),
    ]
    assert run.details("MapStateStarted") == [{"length": 2}]
    assert run.details("MapIterationStarted") == [{"name": "Map", "index": 0}, {"name": "Map", "index": 1}]


def test_no_items(machines: Machines) -> None:
    run = machines.run(mapping(), [])
    assert run.output == []
    assert run.links[2:5] == [(3, 2, "MapStateStarted"), (4, 3, "MapStateSucceeded"), (5, 3, "MapStateExited")]


def test_what_the_context_object_tells_of_an_item(machines: Machines) -> None:
    """In ItemSelector and inside of the iteration, the states of a branch in it included; not outside."""
    item = "{% $states.context.Map.Item %}"
    inner = {"Type": "Parallel", "Branches": [branch(Deep={**PASS, "Output": item})], "End": True}
    step = {"Type": "Pass", "Output": {"input": "{% $states.input %}", "item": item}, "Assign": {"own": item}}
    processor = branch(Step={**step, "Next": "Nest"}, Nest={**inner, "Output": ["{% $own %}", "{% $states.result %}",
                       "{% $states.input %}"]})  # fmt: skip
    states = mapping(
        processor,
        Items=["{% $states.input.a %}", {"b": 2}],
        ItemSelector={"item": item, "input": "{% $states.input.a %}", "fixed": True},
    )
    states["Done"] = {**PASS, "Output": ["{% $states.input %}", "{% $exists($states.context.Map) %}"]}
    first, second = (
        {"Index": index, "Value": value, "Source": "STATE_DATA"} for index, value in enumerate([1, {"b": 2}])
    )
    expected = [
        [each, [each], {"input": {"item": each, "input": 1, "fixed": True}, "item": each}] for each in (first, second)
    ]
    assert machines.run(states, {"a": 1}).output == [expected, False]


def test_variables_around_are_seen_and_those_within_are_kept_apart(machines: Machines) -> None:
    first = {"Type": "Pass", "Assign": {"own": "{% $outer & $states.input %}"}, "Next": "Second"}
    states = {
        "Set": {"Type": "Pass", "Assign": {"outer": "o"}, "Next": "Map"},
        **mapping(branch(First=first, Second={**PASS, "Output": "{% $own %}"}), Items=["a", "b"]),
    }
    states["Done"] = {**PASS, "Output": ["{% $states.input %}", "{% $exists($own) %}"]}
    assert machines.run(states).output == [["oa", "ob"], False]


@pytest.mark.parametrize(
    ("fields", "count", "expected"),
    [
        ({"MaxConcurrency": 2}, 5, 2),
        ({"MaxConcurrency": "{% $count($states.input) - 2 %}"}, 5, 3),
        # "Inline mode supports up to 40 concurrent iterations", which 0 and larger numbers come to as well.
        ({}, 45, 40),
        ({"MaxConcurrency": 0}, 45, 40),
        ({"MaxConcurrency": 50}, 45, 40),
    ],
)
def test_how_many_iterations_run_at_a_time(
    machines: Machines, fields: dict[str, Any], count: int, expected: int
) -> None:
    run = machines.run(mapping(branch(Sleep=SLEEP), **fields), [60] * count)
    assert run.output == [60] * count
    assert most_at_once(run) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("MaxConcurrency", value) for value in ("-1", "1.5", "'1'")),
        *(("ToleratedFailureCount", value) for value in ("-1", "1.5", "'1'")),
        *(("ToleratedFailurePercentage", value) for value in ("-1", "100.5", "'1'")),
    ],
)
def test_a_number_that_is_none(machines: Machines, field: str, value: str) -> None:
    run = machines.run(mapping(None, **{field: f"{{% {value} %}}"}), [1])
    assert run.failure[0] == "States.QueryEvaluationError"
    assert run.details("EvaluationFailed")[0]["location"] == field


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"Items": "{% $states.input %}"}, "The JSONata expression '$states.input' specified for the field 'Items' "
         "returned an unexpected result type. Expected 'array', but was 'object' for value: {\"a\":1}"),
        ({}, 'Map state input must be an array but was: {"a":1}'),
    ],
)  # fmt: skip
def test_what_is_no_array_fails_before_the_state_starts(machines: Machines, fields: Any, told: str) -> None:
    run = machines.run(mapping(**fields), {"a": 1})
    prefix = "An error occurred while executing the state 'Map' (entered at the event id #2). "
    assert run.failure == ("States.QueryEvaluationError", prefix + told)
    assert run.links[2:] == [(3, 2, "EvaluationFailed"), (4, 3, "MapStateFailed"), (5, 4, "ExecutionFailed")]


def test_an_iteration_that_fails_fails_the_state_and_stops_the_others(machines: Machines) -> None:
    """As AWS writes it, all of it from the failing iteration's last event; what was over or not begun is not told."""
    run = machines.run(mapping(SORT_OUT, MaxConcurrency=3), ["over", "fail", "wait", "over", "wait", "over"])
    assert (run.status, run.failure) == ("FAILED", ("Boom", "why"))
    boom = run.types.index("FailStateEntered") + 1
    aborted = [(boom, "MapIterationAborted"), (boom, "WaitStateAborted")]
    assert [link[1:] for link in run.links[boom:]] == [
        *aborted,
        *aborted,
        (boom, "MapIterationFailed"),
        (boom, "MapStateFailed"),
        (boom + 6, "ExecutionFailed"),
    ]
    assert sorted(indexes(run, "Started")) == [0, 1, 2, 3, 4]
    assert (indexes(run, "Succeeded"), indexes(run, "Failed"), indexes(run, "Aborted")) == ([0, 3], [1], [2, 4])


def test_a_task_that_fails_its_iteration_was_aborted(machines: Machines) -> None:
    catcher = {"ErrorEquals": [NO_TABLE], "Output": "{% $states.errorOutput.Error %}", "Next": "Done"}
    run = machines.run(mapping(SORT_OUT, Catch=[catcher]), ["task"])
    assert run.output == NO_TABLE
    at = run.types.index("TaskFailed") + 1
    assert [link[1:] for link in run.links[at : at + 4]] == [
        (at, "TaskStateAborted"),
        (at, "MapIterationFailed"),
        (at, "MapStateFailed"),
        (at + 3, "MapStateExited"),
    ]


def test_an_item_selector_that_fails_fails_the_state_before_the_iteration(machines: Machines) -> None:
    run = machines.run(mapping(ItemSelector="{% $states.context.Map.Item.Value.missing %}"), [1])
    assert run.failure[0] == "States.QueryEvaluationError"
    assert run.types[2:] == ["MapStateStarted", "EvaluationFailed", "MapStateFailed", "ExecutionFailed"]


def test_an_error_that_nothing_catches_leaves_no_trace_of_the_iteration(machines: Machines) -> None:
    stuck = branch(
        Choose={"Type": "Choice", "Choices": [{"Condition": "{% $states.input %}", "Next": "Over"}]}, Over=PASS
    )
    catcher = {"ErrorEquals": ["States.ALL"], "Next": "Done"}
    run = machines.run(mapping(stuck, Catch=[catcher]), [False])
    assert run.failure[0] == "States.Runtime"
    assert run.types[3:] == ["MapIterationStarted", "ChoiceStateEntered", "ExecutionFailed"]


def test_a_retry_maps_all_items_again(machines: Machines) -> None:
    retrier = {"ErrorEquals": ["Boom"], "MaxAttempts": 1, "IntervalSeconds": 60}
    run = machines.run(mapping(SORT_OUT, MaxConcurrency=1, Retry=[retrier]), ["over", "fail", "over"])
    assert run.failure[0] == "Boom"
    assert run.types.count("MapStateStarted") == 2
    assert run.types.count("MapStateFailed") == 1
    assert indexes(run, "Started") == [0, 1, 0, 1]
    assert indexes(run, "Failed") == [1, 1]


def test_a_redrive_goes_on_with_the_iterations_that_are_not_over(machines: Machines) -> None:
    tries = {**PASS, "Output": f"{{% {COUNT} < $states.input ? $error('early') : [$states.input, {COUNT}] %}}"}
    run = machines.run(mapping(branch(Try=tries), MaxConcurrency=1), [0, 1, 0, 2, 0])
    assert indexes(run, "Started") == [0, 1]
    run = machines.redrive(run)
    assert (run.status, indexes(run, "Started")) == ("FAILED", [0, 1, 2, 3])
    run = machines.redrive(run)
    # Each item with the redrives there had been when it was done.
    assert run.output == [[0, 0], [1, 1], [0, 1], [2, 2], [0, 2]]
    assert indexes(run, "Started") == indexes(run, "Succeeded") == [0, 1, 2, 3, 4]
    assert run.types.count("MapStateStarted") == run.types.count("MapStateEntered") == 1


def test_a_redrive_after_a_stop(machines: Machines) -> None:
    run = machines.start(mapping(branch(Sleep=SLEEP), MaxConcurrency=2), [3600, 3600, 1])
    assert machines.aws.clock.wait_idle(30)
    machines.aws.client("stepfunctions").stop_execution(executionArn=run.arn)
    assert machines.aws.clock.wait_idle(30)
    run = machines.redrive(run)
    assert run.output == [3600, 3600, 1]
    assert sorted(indexes(run, "Started")) == [0, 1, 2]
