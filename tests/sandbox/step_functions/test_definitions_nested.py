"""What AWS refuses of the machines inside of Parallel and Map states, by its code and text.

https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html
https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.step_functions.test_definitions import DONE, problems


def nested(*branches: dict[str, Any], before: dict[str, Any] | None = None) -> list[str]:
    """The problems of a Parallel state with these branches, after a Pass state if that is given."""
    states: dict[str, Any] = {"Parallel": {"Type": "Parallel", "Branches": list(branches), "End": True}}
    if before is not None:
        states = {"Before": {"Type": "Pass", "Next": "Parallel", **before}, **states}
    return problems(json.dumps({"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}))


def branch(**states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (branch(In={"Type": "Pass", "Next": "Parallel"}), "MISSING_TRANSITION_TARGET: Missing 'Next' target: Parallel "
         "at /States/Parallel/Branches[0]/States/In/Next"),
        ({**branch(In=DONE), "StartAt": "Out"}, "MISSING_TRANSITION_TARGET: Missing 'Next' target: Out "
         "at /States/Parallel/Branches[0]/StartAt"),
        (branch(In=DONE, Alone=DONE), 'MISSING_TRANSITION_TARGET: State "Alone" is not reachable. '
         "at /States/Parallel/Branches[0]/States/Alone"),
        (branch(Parallel=DONE), "DUPLICATE_STATE_NAME: Duplicate State name: Parallel "
         "at /States/Parallel/Branches[0]/States/Parallel"),
        ({"States": {"In": DONE}}, "SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] "
         "at /States/Parallel/Branches[0]"),
        ({**branch(In=DONE), "TimeoutSeconds": 5}, "SCHEMA_VALIDATION_FAILED: Field 'TimeoutSeconds' is not supported "
         "at /States/Parallel/Branches[0]"),
        (branch(In={"Type": "Pass", "Output": "{% name %}", "End": True}), "UNSUPPORTED_JSONATA_EXPRESSION: Reference "
         "to 'name' at the top level is not supported. at /States/Parallel/Branches[0]/States/In/Output"),
        ("In", "SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/Parallel/Branches[0]"),
    ],
)  # fmt: skip
def test_a_branch_is_checked_as_a_machine_of_its_own(state: Any, expected: str) -> None:
    assert expected in nested(state)


def test_names_are_unique_in_the_whole_machine() -> None:
    assert nested(branch(A=DONE), branch(B=DONE)) == []
    (found,) = nested(branch(A=DONE), branch(A=DONE))
    assert found == "DUPLICATE_STATE_NAME: Duplicate State name: A at /States/Parallel/Branches[1]/States/A"


def test_a_branch_cannot_assign_what_is_assigned_around_it() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html#variable-scope"""
    sets = {"Type": "Pass", "Assign": {"x": 1}, "End": True}
    assert nested(branch(A=sets), branch(B=sets)) == []
    assert nested(branch(A=sets), before={"Assign": {"y": 1}}) == []
    (found,) = nested(branch(A=sets), before={"Assign": {"x": 1}})
    assert "Variable 'x' is assigned in an outer scope" in found
    assert found.endswith("at /States/Parallel/Branches[0]/States/A/Assign")


def mapping(**fields: Any) -> list[str]:
    """The problems of a Map state with these fields."""
    state = {"Type": "Map", "ItemProcessor": branch(In=DONE), "End": True, **fields}
    return problems(json.dumps({"QueryLanguage": "JSONata", "StartAt": "Map", "States": {"Map": state}}))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Items": [1, "{% 2 %}"], "ItemSelector": "{% $states.context.Map.Item.Value %}", "MaxConcurrency": 0},
        {"Items": "{% $states.input %}", "MaxConcurrency": "{% 5 %}"},
        # AWS takes them in Inline mode too.
        {"ToleratedFailureCount": "{% 1 %}", "ToleratedFailurePercentage": 12.5},
        {"ItemProcessor": {**branch(In=DONE), "ProcessorConfig": {"Mode": "INLINE"}}},
        {"ItemProcessor": {**branch(In=DONE), "ProcessorConfig": {}}},
    ],
)
def test_maps_that_are_right(fields: dict[str, Any]) -> None:
    assert mapping(**fields) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Items": "[1]"}, "Expected value of type [ARRAY] at /States/Map/Items"),
        ({"MaxConcurrency": -1}, "Minimum value is 0 at /States/Map/MaxConcurrency"),
        ({"MaxConcurrency": 1.5}, "Expected value of type [INTEGER] at /States/Map/MaxConcurrency"),
        ({"ToleratedFailurePercentage": 101}, "Maximum value is 100.0 at /States/Map/ToleratedFailurePercentage"),
        ({"ItemProcessor": []}, "Expected value of type [OBJECT] at /States/Map/ItemProcessor"),
        ({"ItemProcessor": {**branch(In=DONE), "ProcessorConfig": {"Mode": "PARALLEL"}}},
         "Value should be one of the following: [INLINE, DISTRIBUTED] "
         "at /States/Map/ItemProcessor/ProcessorConfig/Mode"),
        ({"ItemProcessor": {**branch(In=DONE), "ProcessorConfig": {"Mode": "DISTRIBUTED"}}},
         "These fields are required: [ExecutionType] at /States/Map/ItemProcessor/ProcessorConfig"),
        ({"ItemProcessor": {**branch(In=DONE), "ProcessorConfig": 1}},
         "Expected value of type [OBJECT] at /States/Map/ItemProcessor/ProcessorConfig"),
        ({"ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2"}},
         "Field 'ItemReader' is not supported at /States/Map"),
        ({"Label": "mine"}, "Field 'Label' is not supported at /States/Map"),
        ({"Iterator": branch(Other=DONE)},
         "There should only be one of the following fields: [ItemProcessor, Iterator] at /States/Map"),
        ({"Parameters": {}}, "The QueryLanguage is set to 'JSONata', but field 'Parameters' is only supported for the "
         "'JSONPath' QueryLanguage at /States/Map"),
    ],
)  # fmt: skip
def test_maps_that_are_wrong(fields: dict[str, Any], expected: str) -> None:
    assert f"SCHEMA_VALIDATION_FAILED: {expected}" in mapping(**fields)


def test_an_iteration_cannot_assign_what_is_assigned_around_it() -> None:
    sets = branch(In={"Type": "Pass", "Assign": {"x": 1}, "End": True})
    (found,) = mapping(ItemProcessor=sets, Assign={"x": 2})
    assert found.endswith("at /States/Map/ItemProcessor/States/In/Assign")
