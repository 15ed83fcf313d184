"""No Cause, however odd, may end an execution without one of our names for how it ended."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jsonata import Jsonata

from definitions import outcome
from spec.job import JobSpec
from tests.definitions.samples import failed, job, task
from tests.definitions.walker import Failure, walk

MachineOf = Callable[[JobSpec], dict[str, Any]]

NAMES = {
    "Job.ExitedNonZero",
    "Job.OutOfMemory",
    "Job.NeverStarted",
    "Job.Refused",
    "Job.Interrupted",
    "Job.Stopped",
    "Job.Unexplained",
}
# An ECS Task in the Cause is some six levels deep; the machine looks twelve deep.
DEEPEST = 12
REAL_CAUSE = failed(3).cause

few = settings(max_examples=50)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
# Like an ECS Task, with any value under each key.
containers = st.dictionaries(st.sampled_from(["Name", "ExitCode", "Reason"]), st.sampled_from(["job", 0]) | json_values)
told = st.lists(containers | json_values, max_size=3) | json_values | st.sampled_from(["UserInitiated", 1795490160000])
tasks = st.dictionaries(st.sampled_from([*task(), "Failures"]), told)
damaged_causes = st.builds(
    lambda start, end, between: REAL_CAUSE[:start] + between + REAL_CAUSE[end:],
    st.integers(0, len(REAL_CAUSE)),
    st.integers(0, len(REAL_CAUSE)),
    st.sampled_from(["", " ", "\n", "'", '"', "\\", "{", "}", "[", "]", ",", ":", "0", "1.", "tru", "\\x"]),
)
causes = (
    st.text()
    | st.text("{}[]\",:0\\ \n'aetrufls")
    | json_values.map(json.dumps)
    | tasks.map(json.dumps)
    | damaged_causes
)

_reader = Jsonata(f"({outcome._PARSED_CAUSE} $plain = '0')")
_reader.register_lambda("parse", json.loads)


def takes_for_json(cause: str) -> bool:
    """What the machine thinks of a Cause, after reading it: an error in $parse would be one here."""
    _reader.assign("states", {"errorOutput": {"Error": "States.TaskFailed", "Cause": cause}})
    return bool(_reader.evaluate(None))


def is_json(text: str) -> bool:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        value = json.loads(text, parse_constant=refuse)
    except ValueError:
        return False
    assume(depth(value) <= DEEPEST)
    # A text in quotes is nothing that a task could be read from, and is left alone.
    return not isinstance(value, str)


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(causes)
@example(REAL_CAUSE)
@example(json.dumps(json.loads(REAL_CAUSE), indent=4))
@example("[" * DEEPEST + "]" * DEEPEST)
@example('{"a": "\n"}')
@example("{':0}")
@example('"a" "b"')
@example("1null")
@example('{"a": 1 2}')
@example('{"a": "\\x"}')
@example('{"a": [1, {"b": "\\\\\\" \'"}], "c": -0.5E+9}')
@example("NaN")
@example("")
def test_a_cause_is_parsed_if_and_only_if_it_is_json(cause: str) -> None:
    assert takes_for_json(cause) == is_json(cause)


@few
@given(st.sampled_from(["States.TaskFailed", "ECS.ClientException", "States.QueryEvaluationError"]), causes)
def test_any_failure_ends_under_one_of_our_names(machine_of: MachineOf, error: str, cause: str) -> None:
    run = walk(machine_of(job()), {}, [Failure(error, cause)] * 11)

    assert run.error in NAMES
    assert run.details["status"] == "FAILED"
    assert "\n" not in run.sentence


@few
@given(tasks)
@example({"Containers": [{}, {"ExitCode": 0, "Name": "job"}]})
@example({"Containers": {"ExitCode": 0, "Name": "job"}})
def test_only_exit_code_0_of_a_task_that_ended_by_itself_is_success(
    machine_of: MachineOf, result: dict[str, Any]
) -> None:
    run = walk(machine_of(job()), {}, [result] * 11)

    if run.error is None:
        assert run.output["exitCode"] == 0
        told = result["Containers"] if isinstance(result["Containers"], list) else [result["Containers"]]
        of_the_job = next(item for item in told if isinstance(item, dict) and item.get("Name") == "job")
        assert of_the_job["ExitCode"] == 0
        assert result.get("StopCode") not in ("UserInitiated", "SpotInterruption", "TerminationNotice")
    else:
        assert run.error in NAMES
