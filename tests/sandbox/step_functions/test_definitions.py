"""What AWS refuses of a definition, by its code and text.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.step_functions.definition import validate

DONE = {"Type": "Succeed"}
TASK = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Next": "Done"}
RUN_TASK = {"TaskDefinition": "job"}


def machine(state: dict[str, Any], **top: Any) -> str:
    """A definition of a state that is followed by Done."""
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "First", "States": {"First": state, "Done": DONE}, **top})


def problems(definition: str, machine_type: str = "STANDARD") -> list[str]:
    return [str(found) for found in validate(definition, machine_type)]


def of_field(state: dict[str, Any]) -> list[str]:
    return problems(machine(state))


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Pass", "Output": "{% $states.input.a %}", "Assign": {"x": "{% $states.context.Execution.Id %}"}},
        {"Type": "Wait", "Seconds": 5},
        {"Type": "Wait", "Seconds": "{% $states.input.n %}"},
        {"Type": "Wait", "Timestamp": "2030-01-01T00:00:00.123456789+02:00"},
        {**TASK, "Arguments": RUN_TASK, "Output": "{% $states.result.TaskArn %}"},
        {**TASK, "Arguments": "{% $states.input %}", "TimeoutSeconds": "{% 5 %}", "HeartbeatSeconds": 3},
        {**TASK, "Arguments": RUN_TASK, "Retry": [{"ErrorEquals": ["A", "B"], "JitterStrategy": "FULL"}]},
        {**TASK, "Arguments": RUN_TASK, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done",
                                                   "Output": "{% $states.errorOutput.Cause %}"}]},
        {"Type": "Pass", "Output": "{% $map([1..3], function($v, $i) { {'v': $v, 'i': $i} })[i > 0].v %}"},
        {"Type": "Pass", "Output": "{% $states.input.items[price > 5]^(price).{'n': name} %}"},
    ],
)  # fmt: skip
def test_what_is_right_passes(state: dict[str, Any]) -> None:
    assert of_field({"Next": "Done", **state}) == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"Next": "Done"}, "SCHEMA_VALIDATION_FAILED: These fields are required: [Type] at /States/First"),
        (
            {"Type": "Job", "Next": "Done"},
            "SCHEMA_VALIDATION_FAILED: Value should be one of the following: "
            "[Pass, Task, Choice, Wait, Succeed, Fail, Parallel, Map] at /States/First/Type",
        ),
        (
            {"Type": "Pass", "Colour": 1, "Next": "Done"},
            "SCHEMA_VALIDATION_FAILED: Field 'Colour' is not supported at /States/First",
        ),
        (
            {"Type": "Pass", "Next": "Done", "End": True},
            "SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [Next, End] at /States/First",
        ),
        (
            {"Type": "Pass"},
            "SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] "
            "at /States/First",
        ),
        (
            {"Type": "Task", "Next": "Done"},
            "SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at /States/First",
        ),
        (
            {"Type": "Wait", "Next": "Done"},
            "SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: "
            "[SecondsPath, Seconds, TimestampPath, Timestamp] at /States/First",
        ),
        (
            {"Type": "Wait", "Seconds": -1, "Next": "Done"},
            "SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/First/Seconds",
        ),
        (
            {"Type": "Wait", "Seconds": "5", "Next": "Done"},
            "SCHEMA_VALIDATION_FAILED: Expected value of type [INTEGER] at /States/First/Seconds",
        ),
        (
            {"Type": "Wait", "Timestamp": "2030-01-01", "Next": "Done"},
            "SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/First/Timestamp",
        ),
        (
            {**TASK, "Arguments": RUN_TASK, "TimeoutSeconds": 0},
            "SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /States/First/TimeoutSeconds",
        ),
        (
            {**TASK, "Arguments": {}},
            "SCHEMA_VALIDATION_FAILED: The field 'TaskDefinition' is required but was missing "
            "at /States/First/Arguments",
        ),
        (
            {**TASK, "Arguments": {**RUN_TASK, "taskCount": 2}},
            "SCHEMA_VALIDATION_FAILED: The field 'taskCount' is not supported by Step Functions "
            "at /States/First/Arguments",
        ),
        (
            {**TASK, "Resource": "nonsense"},
            "SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/First/Resource",
        ),
        (
            {**TASK, "Parameters": {}, "Arguments": RUN_TASK},
            "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'Parameters' is only supported "
            "for the 'JSONPath' QueryLanguage at /States/First",
        ),
        (
            {**TASK, "Arguments": RUN_TASK, "Retry": [{"MaxAttempts": 1}]},
            "SCHEMA_VALIDATION_FAILED: These fields are required: [ErrorEquals] at /States/First/Retry[0]",
        ),
        (
            {**TASK, "Arguments": RUN_TASK, "Retry": [{"ErrorEquals": ["A"], "BackoffRate": 0.5}]},
            "SCHEMA_VALIDATION_FAILED: Minimum value is 1.0 at /States/First/Retry[0]/BackoffRate",
        ),
        (
            {**TASK, "Arguments": RUN_TASK, "Retry": [{"ErrorEquals": ["A", "States.ALL"]}]},
            "SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list "
            "at /States/First/Retry[0]/ErrorEquals",
        ),
        (
            {**TASK, "Arguments": RUN_TASK, "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["A"]}]},
            "SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list "
            "at /States/First/Retry[0]/ErrorEquals",
        ),
        (
            {**TASK, "Arguments": RUN_TASK, "Catch": [{"ErrorEquals": []}]},
            "SCHEMA_VALIDATION_FAILED: These fields are required: [Next] at /States/First/Catch[0]",
        ),
        (
            {"Type": "Choice", "Choices": [], "Default": "Done"},
            "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/First/Choices",
        ),
        (
            {"Type": "Choice", "Choices": [{"Condition": "{% true %}"}], "Default": "Done"},
            "SCHEMA_VALIDATION_FAILED: These fields are required: [Next] at /States/First/Choices[0]",
        ),
        (
            {"Type": "Pass", "Output": "{% $x + %}", "Next": "Done"},
            "INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/First/Output",
        ),
        (
            {"Type": "Pass", "Output": "{% name %}", "Next": "Done"},
            "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'name' at the top level is not supported. "
            "at /States/First/Output",
        ),
        (
            {"Type": "Pass", "Output": {"a": ["{% $$.input %}"]}, "Next": "Done"},
            "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' is not supported. at /States/First/Output/a[0]",
        ),
        (
            {"Type": "Pass", "Output": "{% $states.result %}", "Next": "Done"},
            "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/First/Output",
        ),
        (
            {**TASK, "Arguments": {"TaskDefinition": "{% $states.errorOutput %}"}},
            "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.errorOutput' does not exist. "
            "at /States/First/Arguments/TaskDefinition",
        ),
        (
            {"Type": "Pass", "Next": "Nowhere"},
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /States/First/Next",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(state: dict[str, Any], expected: str) -> None:
    assert expected in of_field(state)


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null"),
        ("[]", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null"),
        ("{}", "SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"),
        (
            '{"StartAt": "A", "States": {}}',
            "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States",
        ),
        (
            machine({"Type": "Pass", "Next": "Done"}, Colour=1),
            "SCHEMA_VALIDATION_FAILED: Field 'Colour' is not supported at /",
        ),
        (
            machine({"Type": "Pass", "Next": "Done"}, TimeoutSeconds=0),
            "SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /TimeoutSeconds",
        ),
        (
            machine({"Type": "Pass", "Next": "Done"}, Version="2.0"),
            "SCHEMA_VALIDATION_FAILED: Value should be one of the following: [1.0] at /Version",
        ),
        (
            machine({"Type": "Pass", "Next": "Done"}, StartAt="Nowhere"),
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /StartAt",
        ),
        (
            machine({"Type": "Pass", "End": True}),
            'MISSING_TRANSITION_TARGET: State "Done" is not reachable. at /States/Done',
        ),
        (
            json.dumps(
                {
                    "QueryLanguage": "JSONata",
                    "StartAt": "A",
                    "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}},
                }
            ),
            "MISSING_END_STATE: Workflow has no terminal state at null",
        ),
    ],
)
def test_what_is_wrong_with_the_machine(definition: str, expected: str) -> None:
    assert expected in problems(definition)


@pytest.mark.parametrize("text", ["{", '{"a" 1}', "{'a': 1}", '{"a": nul}', '{"a": 1,}', '{"a": NaN}', '{"a": "b'])
def test_text_that_is_no_json_is_named_with_line_and_column(text: str) -> None:
    (found,) = validate(text)
    assert found.code == "INVALID_JSON_DESCRIPTION"
    assert str(found.location).startswith("[Source: (String)")
    assert "line: 1, column: " in found.message


def test_a_name_of_81_characters_is_too_long() -> None:
    name = "x" * 81
    definition = {"QueryLanguage": "JSONata", "StartAt": name, "States": {name: DONE}}
    (found,) = validate(json.dumps(definition))
    assert (found.code, found.location) == ("INVALID_STATE_NAME", f"/States/{name}")
    definition = {"QueryLanguage": "JSONata", "StartAt": name[1:], "States": {name[1:]: DONE}}
    assert validate(json.dumps(definition)) == []


def test_every_mistake_is_reported() -> None:
    states = {"Type": "Wait", "Seconds": -1, "Colour": 1}
    assert len(of_field(states)) == 3


@pytest.mark.parametrize(
    "expression",
    [
        "$states.input.a.b[c = 'd'].e",
        "$map($states.input.list, function($item) { $item.price })",
        "$states.input.list{kind: $sum(n)}",
        "$states.input ~> |$|{'a': 1}|",
        "($x := 5; $x * 2)",
        "{'name': $states.input.name}",
        "$states.input.list^(>price)",
        "$states.input.list@$l.$l.price",
        "$states.input.list#$i.{'at': $i}",
        "$states.input.*",
        "$states.input.**.name",
    ],
)
def test_names_within_a_path_are_no_references_to_the_top_level(expression: str) -> None:
    assert of_field({"Type": "Pass", "Output": f"{{% {expression} %}}", "Next": "Done"}) == []


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("a.b", "a"),
        ("$sum(prices)", "prices"),
        ("{'n': name}", "name"),
        ("[1, b]", "b"),
        ("-n", "n"),
        ("$states.input.a > b", "b"),
        ("true ? c : 1", "c"),
        ("($x := d; $x)", "d"),
        ("function($v) { e }", "e"),
        ("*", "*"),
        ("$", "$"),
    ],
)
def test_what_reads_the_context_item_is_refused(expression: str, name: str) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html: there is no context item."""
    (found,) = of_field({"Type": "Pass", "Output": f"{{% {expression} %}}", "Next": "Done"})
    assert found == (
        f"UNSUPPORTED_JSONATA_EXPRESSION: Reference to '{name}' at the top level is not supported. "
        "at /States/First/Output"
    )


def test_jsonpath_is_left_to_aws() -> None:
    """A JSONPath machine is checked for its shape alone; its paths are not evaluated here."""
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"a.$": "$.b"}, "End": True}}}
    assert validate(json.dumps(definition)) == []


def test_express_machines_do_not_wait_for_jobs() -> None:
    definition = machine({**TASK, "Arguments": RUN_TASK})
    assert problems(definition, "EXPRESS") == [
        "SCHEMA_VALIDATION_FAILED: Express state machine does not support '.sync' service integration  "
        "at /States/First/Resource"
    ]
