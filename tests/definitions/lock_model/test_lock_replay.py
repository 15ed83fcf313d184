"""The rendered machines do what the model does, call for call: what holds of the one holds of the other."""

import json
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest

from definitions import names
from sandbox.local_aws import LocalAws
from tests.definitions.lock_model.aws import DynamoDb
from tests.definitions.lock_model.check import described
from tests.definitions.lock_model.model import Move, Policy, Scenario
from tests.definitions.lock_model.replay import rendered, rendered_on_lambda, replay
from tests.definitions.lock_model.scenarios import REPLAYED, REPLAYED_FUNCTIONS, WANDERED
from tests.definitions.lock_model.traces import Kind, covering, wander
from tests.definitions.walker import EvaluationError

BROKEN: dict[str, tuple[Policy, str, str]] = {
    "takes a line that is not empty": ("skip", "attribute_not_exists(line[0])", "attribute_not_exists(other)"),
    "removes whatever is at the head": ("skip", '"line[0] = :entry"', '"line[0] = :entry OR line[0] <> :entry"'),
    "starts what was started": ("skip", "attribute_not_exists(execution) OR", "NOT execution = :me OR"),
    "runs after a redrive": ("skip", "$error('redriven since it took the lock')", "$states.context.Execution.Name"),
    "runs by an entry of a former life": (
        "queue",
        "and $seen.mine = $seen.head",
        "and $seen.mine = $seen.head or $exists($seen.head) and $seen.mine = $seen.head",
    ),
    "believes a list too early": ("skip", "+ 60 -", "+ 30 -"),
    "lists those that should stop first": ("skip", '"desired": "RUNNING"', '"desired": "STOPPED"'),
    "takes a young execution for dead": ("skip", "> 300", "> -1"),
    "waits for an execution that is gone": ("skip", "and $ended) : $old", "and $ended) : false"),
    "does not see a later redrive": ("skip", "$other.redrives > $seen.redrives or", ""),
    "takes a former end for the present one": ("skip", "$other.redrives = $seen.redrives and $ended", "$ended"),
    "takes its former self for alive": ("skip", "$seen.holder = $states.context.Execution.Id or", ""),
    "stops tasks unconfirmed": ("skip", f'"Next": "{names.CONFIRM}"', f'"Next": "{names.STOP_TASK}"'),
    "takes a stopping task for stopped": ("skip", "LastStatus != 'STOPPED'", "LastStatus = 'RUNNING'"),
    "tries again beside its former task": ("skip", '"mayRunOn": true', '"mayRunOn": false'),
    "joins twice": ("queue", "AND NOT contains(line, :mine)", "AND (size(line) > size(:mine) OR NOT line[9] = :mine)"),
    "joins a full line": ("queue", "size(line) < :limit", "size(line) <= :limit"),
    "displaces whoever is there": ("replace", "line[0] = :head", "(line[0] = :head OR NOT line[0] = :head)"),
    "lets the run in the way run on": (
        "replace",
        f'"Next": "{names.STOP_OTHER}"',
        f'"Next": "{names.WAIT_FOR_TURN}"',
    ),
}
"""A policy, and what of its machine is replaced by what."""


BROKEN_ON_LAMBDA: dict[str, tuple[Policy, str, str]] = {
    "takes a function for ended too early": ("skip", "+ $leaving.seconds + 60 -", "+ 60 -"),
    "takes no call to be under way": ("skip", "+ $leaving.seconds + 60 -", "+ $leaving.seconds -"),
    "says too little of how long its function takes": ("skip", '& \\" 300\\"', '& \\" 30\\"'),
    "tries again beside its former function": ("skip", '"mayRunOn": true', '"mayRunOn": false'),
    "takes its former self for alive": ("skip", "$seen.holder = $states.context.Execution.Id or", ""),
}
"""The same of the machines of jobs on Lambda."""


@pytest.fixture(scope="module")
def dynamodb(local_aws: LocalAws) -> DynamoDb:
    # Only a sandbox loads MiniStack as it has to be.
    del local_aws
    from ministack.services import dynamodb

    return DynamoDb(dynamodb.handle_request)


@lru_cache
def traces(policy: Policy, *, functions: bool = False) -> list[tuple[Scenario, tuple[Move, ...]]]:
    known: set[Kind] = set()
    replayed = REPLAYED_FUNCTIONS if functions else REPLAYED
    return [(scenario, trace) for scenario in replayed[policy] for trace in covering(scenario, known)]


@pytest.mark.parametrize("functions", [False, True])
@pytest.mark.parametrize("policy", REPLAYED)
def test_the_machine_does_what_the_model_does(policy: Policy, functions: bool, dynamodb: DynamoDb) -> None:
    for scenario, trace in traces(policy, functions=functions):
        try:
            replay(scenario, trace, dynamodb)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{described(trace)}") from problem


@pytest.mark.parametrize("scenario", [*WANDERED, *(replace(one, functions=True) for one in WANDERED)])
def test_the_machines_do_at_random_what_the_model_does(scenario: Scenario, dynamodb: DynamoDb) -> None:
    for seed in range(5):
        trace = wander(scenario, seed)
        try:
            replay(scenario, trace, dynamodb)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{described(trace)}") from problem


@pytest.mark.parametrize("what", BROKEN)
def test_no_machine_does_that_lacks_a_guard(what: str, dynamodb: DynamoDb) -> None:
    _see_it_fail(BROKEN[what], dynamodb, functions=False)


@pytest.mark.parametrize("what", BROKEN_ON_LAMBDA)
def test_no_machine_on_lambda_does_that_lacks_a_guard(what: str, dynamodb: DynamoDb) -> None:
    _see_it_fail(BROKEN_ON_LAMBDA[what], dynamodb, functions=True)


def _see_it_fail(change: tuple[Policy, str, str], dynamodb: DynamoDb, *, functions: bool) -> None:
    policy, right, wrong = change

    @lru_cache
    def broken(policy: Policy, limit: int, retries_timeouts: bool) -> dict[str, Any]:
        whole = rendered_on_lambda if functions else rendered
        text = json.dumps(whole(policy, limit, retries_timeouts))
        assert right in text
        return json.loads(text.replace(right, wrong))

    def does_what_the_model_does() -> None:
        for scenario, trace in traces(policy, functions=functions):
            replay(scenario, trace, dynamodb, broken)

    with pytest.raises((AssertionError, EvaluationError)):
        does_what_the_model_does()
