"""JSONata as Step Functions evaluates it: its own functions, and the texts of its errors.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from sandbox.step_functions.errors import EvaluationError
from sandbox.step_functions.query import Evaluator
from tests.sandbox.step_functions.conftest import Machines

NOW_SECONDS = 1_700_000_000.25


def evaluate(expression: str, **names: Any) -> Any:
    return Evaluator(lambda: NOW_SECONDS).template(f"{{% {expression} %}}", "Output", {"states": {}, **names})


def failure(expression: str, **names: Any) -> str:
    with pytest.raises(EvaluationError) as caught:
        evaluate(expression, **names)
    subject = f"The JSONata expression '{expression}' specified for the field 'Output' "
    cause = str(caught.value.cause)
    assert caught.value.error == "States.QueryEvaluationError"
    assert cause.startswith(subject)
    return cause.removeprefix(subject)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # The examples of the page.
        ("$partition([1,2,3,4], 2)", [[1, 2], [3, 4]]),
        ("$range(0, 4, 2)", [0, 2, 4]),
        ('$parse("{\\"a\\": 1}")', {"a": 1}),
        ('$parse("null")', None),
        ('$hash("input data", "SHA-1")', "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        # Of a length that the size does not divide, and downward.
        ("$partition([1..5], 2)", [[1, 2], [3, 4], [5]]),
        ("$range(9, 1, -4)", [9, 5, 1]),
        ("$range(1, 1, 1)", [1]),
    ],
)
def test_functions_that_aws_adds(expression: str, expected: Any) -> None:
    assert evaluate(expression) == expected


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"])
def test_hashes(algorithm: str) -> None:
    import hashlib

    name = algorithm.replace("-", "").lower()
    assert evaluate(f'$hash("a", "{algorithm}")') == hashlib.new(name, b"a").hexdigest()


def test_a_uuid_is_of_version_4_and_new() -> None:
    first, second = evaluate("[$uuid(), $uuid()]")
    assert uuid.UUID(first).version == uuid.UUID(second).version == 4
    assert first != second


def test_a_seeded_random_repeats() -> None:
    first, again, other = evaluate("[$random(7), $random(7), $random(8)]")
    assert first == again != other
    assert 0 <= evaluate("$random()") < 1


def test_now_is_the_virtual_time() -> None:
    assert evaluate("$millis()") == 1_700_000_000_250
    assert evaluate("$now()") == "2023-11-14T22:13:20.250Z"
    assert evaluate('$now("[Y]")') == "2023"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$sum([1, 2.5])", 3.5),
        ("6 / 2", 3),
        ("$states.input.missing ~> $exists", False),
        ("[1..3][$ > 1]", [2, 3]),
        ("$merge([{'a': 1}, {'b': null}])", {"a": 1, "b": None}),
        ("'a' in ['a', 'b']", True),
        ("$toMillis('1970-01-01T00:00:01Z')", 1000),
        ("[$number('0x1F'), $number('0b101'), $number('-1.5e3'), $number(true)]", [31, 5, -1500, 1]),
        ("$power(2, 10)", 1024),
        ("$sort(['b', 'a'])", ["a", "b"]),
        # Items that compare as equal keep their order.
        ("$sort([21, 11, 32, 31], function($l, $r) { $l % 10 > $r % 10 })", [21, 11, 31, 32]),
        ("$fromMillis(0)", "1970-01-01T00:00:00.000Z"),
        ("($f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f(5))", 120),
    ],
)
def test_the_language_itself(expression: str, expected: Any) -> None:
    assert evaluate(expression) == expected


def test_null_is_a_value_and_undefined_an_error() -> None:
    assert evaluate("$x", x=None) is None
    assert evaluate("{'a': $x}", x=None) == {"a": None}
    assert failure("$y") == "returned nothing (undefined)."


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'a' + 1", 'T2001: The left side of the "+" operator must evaluate to a number'),
        ("$notAFunction()", "T1006: Attempted to invoke a non-function"),
        ("'a' < 1", 'T2009: The values "a" and 1 either side of operator "<" must be of the same data type'),
        ("$trim(5)", 'T0410: Argument 1 of function "trim" does not match function signature'),
        ("$sum(['a'])", 'T0412: Argument 1 of function "sum" must be an array of "numbers"'),
        ("$number('x')", 'D3030: Unable to cast value to a number: "x"'),
        ("$number(' 1')", 'D3030: Unable to cast value to a number: " 1"'),
        ("$number('1_0')", 'D3030: Unable to cast value to a number: "1_0"'),
        (
            "$power(10, 400)",
            "D3061: The power function has resulted in a value that cannot be represented as a JSON number: "
            "base=10, exponent=400",
        ),
        (
            "$sort([1, 'a'])",
            "D3070: The single argument form of the sort function can only be applied to an array of strings or an "
            "array of numbers.  Use the second argument to specify a comparison function",
        ),
        ("$error('no luck')", "D3137: no luck"),
        ("$assert(false, 'not so')", "D3141: not so"),
        (
            "$toMillis('yesterday')",
            'D3110: The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given "yesterday"',
        ),
        ("$replace('a', /x*/, 'b')", "D1004: Regular expression matches zero length string"),
    ],
)
def test_an_error_has_the_language_s_code_and_text(expression: str, expected: str) -> None:
    """https://docs.jsonata.org and its reference implementation's table of errors."""
    assert failure(expression) == f"threw an error during evaluation. {expected}"


def test_eval_is_left_out() -> None:
    """ "Step Functions does not support $eval"."""
    assert "T1006" in failure('$eval("1 + 1")')


def test_a_function_is_not_a_result() -> None:
    assert failure("function($x) { $x }") == "returned an unsupported result type."


def test_endless_recursion_ends() -> None:
    assert "Stack overflow" in failure("($f := function($n) { 1 + $f($n) }; $f(1))")


def test_an_endless_loop_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.step_functions.query.evaluator.MAX_STEPS", 10_000)
    assert "Expression evaluation timeout" in failure("($f := function($n) { $f($n + 1) }; $f(1))")


@pytest.mark.parametrize(
    ("value", "actual", "shown"),
    [("'x'", "string", '"x"'), ("5", "number", "5"), ("{'a': [1]}", "object", '{"a":[1]}'), ("null", "null", "null")],
)
def test_a_condition_that_is_no_boolean_fails(machines: Machines, value: str, actual: str, shown: str) -> None:
    rule = {"Condition": f"{{% {value} %}}", "Next": "Done"}
    run = machines.run(
        {"Choose": {"Type": "Choice", "Choices": [rule], "Default": "Done"}, "Done": {"Type": "Succeed"}}
    )
    cause = (
        "An error occurred while executing the state 'Choose' (entered at the event id #2). The JSONata expression "
        f"'{value}' specified for the field 'Choices[0]/Condition' returned an unexpected result type. "
        f"Expected 'boolean', but was '{actual}' for value: {shown}"
    )
    assert run.failure == ("States.QueryEvaluationError", cause)
    assert run.types == ["ExecutionStarted", "ChoiceStateEntered", "EvaluationFailed", "ExecutionFailed"]
    (details,) = run.details("EvaluationFailed")
    assert details == {
        "error": "States.QueryEvaluationError",
        "cause": cause,
        "location": "Choices[0]/Condition",
        "state": "Choose",
    }


def test_the_field_is_named_down_to_the_item(machines: Machines) -> None:
    run = machines.run({"Pass": {"Type": "Pass", "Output": {"a": [1, {"b": "{% $nobody %}"}]}, "End": True}})
    (details,) = run.details("EvaluationFailed")
    assert details["location"] == "Output/a[1]/b"
    assert re.search("specified for the field 'Output/a\\[1\\]/b' returned nothing", details["cause"])


def test_expressions_see_neither_the_process_nor_each_other(machines: Machines) -> None:
    """What one expression binds is gone with it."""
    output = ["{% ($x := 1; $x) %}", "{% $exists($x) %}"]
    assert machines.run({"Pass": {"Type": "Pass", "Output": output, "End": True}}).output == [1, False]
