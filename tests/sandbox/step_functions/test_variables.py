"""Workflow variables. https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html"""

from __future__ import annotations

import json

from tests.sandbox.step_functions.conftest import Machines

DONE = {"Type": "Pass", "End": True}


def test_a_variable_lives_from_the_next_state_on(machines: Machines) -> None:
    states = {
        "Set": {"Type": "Pass", "Assign": {"x": "{% $states.input.n %}"}, "Next": "Between"},
        "Between": {"Type": "Pass", "Output": "{% 'nothing' %}", "Next": "Get"},
        "Get": {**DONE, "Output": "{% $x %}"},
    }
    assert machines.run(states, {"n": 7}).output == 7


def test_all_of_an_assign_sees_the_values_of_before(machines: Machines) -> None:
    """The page's own example: `"x": "{% $a %}", "nextX": "{% $x %}"` gives nextX the former value of x."""
    states = {
        "First": {"Type": "Pass", "Assign": {"x": 3, "a": 6}, "Next": "Second"},
        "Second": {
            "Type": "Pass",
            "Assign": {"x": "{% $a %}", "nextX": "{% $x %}"},
            "Output": "{% $x %}",
            "Next": "Third",
        },
        "Third": {**DONE, "Output": {"before": "{% $states.input %}", "x": "{% $x %}", "nextX": "{% $nextX %}"}},
    }
    assert machines.run(states).output == {"before": 3, "x": 6, "nextX": 3}


def test_a_choice_assigns_by_its_rule_or_by_its_default(machines: Machines) -> None:
    states = {
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.a %}", "Assign": {"who": "rule"}, "Next": "Get"}],
            "Assign": {"who": "default"},
            "Default": "Get",
        },
        "Get": {**DONE, "Output": "{% $who %}"},
    }
    arn = machines.create(states)
    assert machines.run(arn, {"a": True}).output == "rule"
    assert machines.run(arn, {"a": False}).output == "default"


def test_null_can_be_assigned_and_read(machines: Machines) -> None:
    states = {
        "Set": {"Type": "Pass", "Assign": {"x": None}, "Next": "Get"},
        "Get": {**DONE, "Output": "{% $x = null ? 'null' : 'other' %}"},
    }
    assert machines.run(states).output == "null"


def test_the_exit_of_the_state_shows_what_was_assigned(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_StateExitedEventDetails.html"""
    run = machines.run({"Set": {**DONE, "Assign": {"x": {"b": 1}, "s": "text"}}})
    (details,) = run.details("PassStateExited")
    assert {name: json.loads(text) for name, text in details["assignedVariables"].items()} == {
        "x": {"b": 1},
        "s": "text",
    }


def test_changing_what_an_expression_gave_does_not_change_the_variable(machines: Machines) -> None:
    states = {
        "Set": {"Type": "Pass", "Assign": {"x": {"n": 1}}, "Next": "Change"},
        "Change": {"Type": "Pass", "Output": '{% $x ~> |$|{"n": 2}| %}', "Next": "Get"},
        "Get": {**DONE, "Output": ["{% $states.input.n %}", "{% $x.n %}"]},
    }
    assert machines.run(states).output == [2, 1]


def test_one_assign_holds_256_kib(machines: Machines) -> None:
    """ "Maximum ... for all variables in a single Assign field: 256 KiB"."""

    def of(characters: int):
        return machines.run({"Set": {**DONE, "Assign": {"x": f"{{% $pad('', {characters}, 'a') %}}"}}})

    assert of(262_142).status == "SUCCEEDED"
    run = of(262_143)
    assert (run.status, run.failure[0]) == ("FAILED", "States.DataLimitExceeded")


def test_a_variable_that_is_not_set_is_undefined(machines: Machines) -> None:
    run = machines.run({"Get": {**DONE, "Output": "{% $nobody %}"}})
    assert run.failure[0] == "States.QueryEvaluationError"


def test_the_machine_tells_which_states_read_which_variables(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html"""
    states = {
        "Set": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "Get"},
        "Get": {
            **DONE,
            "Output": "{% ($local := 5; $f := function($z) { $z + $x }; $f($local) + $y + $count([$states.input])) %}",
        },
    }
    described = machines.aws.client("stepfunctions").describe_state_machine(stateMachineArn=machines.create(states))
    assert described["variableReferences"] == {"Get": ["x", "y"]}
