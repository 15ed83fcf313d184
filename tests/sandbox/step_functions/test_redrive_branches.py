"""What a redrive does inside of Parallel and Map states.

"RedriveExecution API action reschedules and redrives only the iterations and branches that failed or aborted":
https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.step_functions.conftest import Machines, Run
from tests.sandbox.step_functions.test_parallel import PASS, WAIT_A_DAY, branch, later, parallel
from tests.sandbox.step_functions.test_redrive_resumes import COUNT, IDENTITY

TOO_EARLY = f"{{% {COUNT} = 0 ? $error('early') : 'late' %}}"


def by_name(run: Run, what: str) -> dict[str, dict[str, Any]]:
    """The events of entries or exits, by the state's name."""
    key = f"state{what}EventDetails"
    return {event[key]["name"]: event for event in run.events if key in event}


def test_only_the_branches_that_failed_or_were_stopped_go_on(machines: Machines) -> None:
    over = branch(Call={**IDENTITY, "Arguments": {}, "Output": f"{{% 'over' & {COUNT} %}}", "End": True})
    kept = {"Type": "Pass", "Assign": {"own": "kept"}, "Next": "Try"}
    failing = later(Keep=kept, Try={**PASS, "Output": f"{{% {COUNT} = 0 ? $error('early') : $own %}}"})
    stopped = branch(Long={"Type": "Wait", "Seconds": f"{{% {COUNT} = 0 ? 3600 : 1 %}}", "Next": "End"}, End=PASS)
    run = machines.run(parallel(over, failing, stopped), 7)
    assert run.failure[0] == "States.QueryEvaluationError"
    before = run.events
    again = machines.redrive(run)
    assert again.output == ["over0", "kept", 7]
    assert again.events[: len(before)] == before
    # The branch that failed and the one that was stopped were entered before, and are exited now.
    assert again.types[len(before)] == "ExecutionRedriven"
    assert sorted(again.types[len(before) + 1 : -5]) == [
        "PassStateEntered",
        "PassStateExited",
        "PassStateExited",
        "WaitStateExited",
    ]
    assert again.types[-5] == "ParallelStateSucceeded"
    entered, exited = by_name(again, "Entered"), by_name(again, "Exited")
    for name in ("Try", "Long"):
        assert exited[name]["previousEventId"] == entered[name]["id"]
    assert exited["Parallel"]["previousEventId"] == max(exited["Try"]["id"], exited["End"]["id"])


def test_an_output_that_failed_is_evaluated_anew(machines: Machines) -> None:
    call = {**IDENTITY, "Arguments": {}, "Output": "called", "End": True}
    run = machines.run(parallel(branch(Call=call), Output=[TOO_EARLY, "{% $states.result %}"]))
    assert run.types[-3:] == ["EvaluationFailed", "ParallelStateFailed", "ExecutionFailed"]
    again = machines.redrive(run)
    assert again.output == ["late", ["called"]]
    assert again.types.count("TaskScheduled") == 1


def test_retries_are_counted_anew_and_run_every_branch(machines: Machines) -> None:
    retrier = {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 60}
    call = {**IDENTITY, "Arguments": {}, "End": True}
    failing = later(Try={**PASS, "Output": "{% $error('always') %}"})
    run = machines.run(parallel(branch(Call=call), failing, Retry=[retrier]))
    again = machines.redrive(run)
    assert again.types.count("ParallelStateStarted") == 3
    assert again.types.count("TaskScheduled") == 3
    # The attempt that the redrive found goes on with the branch that had failed.
    assert again.types.count("EvaluationFailed") == 4


def test_arguments_that_failed_are_evaluated_anew(machines: Machines) -> None:
    run = machines.run(parallel(branch(Pass=PASS), Arguments=TOO_EARLY))
    again = machines.redrive(run)
    assert again.output == ["late"]
    assert again.types.count("ParallelStateStarted") == 1


def test_after_a_stop_between_and_within_branches(machines: Machines) -> None:
    inner = {"Type": "Parallel", "Branches": [branch(Deep=WAIT_A_DAY), branch(Quick=PASS)], "End": True}
    run = machines.start(parallel(branch(Inner=inner), branch(Outer=PASS)), 1)
    assert machines.aws.clock.wait_idle(30)
    machines.aws.client("stepfunctions").stop_execution(executionArn=run.arn)
    assert machines.aws.clock.wait_idle(30)
    again = machines.redrive(run)
    assert again.output == [[1, 1], 1]
    assert again.types.count("PassStateEntered") == 3
    assert again.types.count("ParallelStateStarted") == 2


# A number is a state that fails while the execution has been redriven less often, a list is a Parallel state of its
# parts, a tuple a Map state over such numbers.
Tree = int | list["Tree"] | tuple[int, ...]
NUMBERS = st.integers(0, 2)
TREES: st.SearchStrategy[Tree] = st.recursive(
    NUMBERS | st.lists(NUMBERS, max_size=3).map(tuple),
    lambda inner: st.lists(inner, min_size=1, max_size=3),
    max_leaves=6,
)


def states_of(tree: Tree, name: str) -> dict[str, Any]:
    if isinstance(tree, list):
        branches = [branch(**states_of(each, f"{name}-{at}")) for at, each in enumerate(tree)]
        return {name: {"Type": "Parallel", "Branches": branches, "End": True}}
    limit = tree if isinstance(tree, int) else "$states.input"
    step = {**PASS, "Output": f"{{% {COUNT} < {limit} ? $error('early') : 'done' %}}"}
    if isinstance(tree, int):
        return {name: step}
    processor = branch(**{f"{name}-item": step})
    return {name: {"Type": "Map", "Items": list(tree), "MaxConcurrency": 2, "ItemProcessor": processor, "End": True}}


def leaves(tree: Tree) -> int:
    return 1 if isinstance(tree, int) else sum(map(leaves, tree))


def outputs(tree: Tree) -> Any:
    return "done" if isinstance(tree, int) else [outputs(each) for each in tree]


@settings(max_examples=25)
@given(TREES)
def test_redrives_come_to_what_one_undisturbed_run_does(machines: Machines, tree: Tree) -> None:
    run = machines.run(states_of(tree, "Top"))
    while run.status != "SUCCEEDED":
        assert run.description["redriveCount"] < 3
        run = machines.redrive(run)
    assert run.output == outputs(tree)
    for what in ("Entered", "Exited"):
        assert run.types.count(f"PassState{what}") == leaves(tree)
    assert [event["id"] for event in run.events] == list(range(1, len(run.events) + 1))
