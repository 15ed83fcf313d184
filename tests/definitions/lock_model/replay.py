"""Replays a trace of the model on the rendered machines: same calls, same decisions, same line, after every move."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from definitions import names
from definitions.left_over_function import SLACK_SECONDS
from definitions.place import Place
from definitions.state_machine import RunTarget, state_machine
from tests.definitions.lambda_samples import errored, invoked
from tests.definitions.lock_model.aws import Aws, DynamoDb, Table
from tests.definitions.lock_model.machine import Clock, Machine
from tests.definitions.lock_model.model import Entry, Move, Policy, Run, Scenario, State
from tests.definitions.samples import failed, job, task
from tests.definitions.walker import Failure

TABLE = "longhaul-dev-locks-replay"
PLACE = Place(project="longhaul", stack="dev", partition="aws", region="eu-west-1", account="123456789012")
MachineOf = Callable[[Policy, int, bool], dict[str, Any]]
"""A policy, the room in the queue, and whether timeouts are retried, to a machine's definition."""
FUNCTION_SECONDS: dict[Policy, int] = {"skip": 300, "queue": 120, "replace": 600}
"""How long the function of a job on Lambda may take, by its policy."""

_TIME = "2026-11-24T03:15:00Z"
_CANCELLED = "DynamoDb.TransactionCanceledException"
_REFUSALS = {_CANCELLED, "DynamoDB.ConditionalCheckFailedException"}
_DYNAMODB = {
    "aws-sdk:dynamodb:transactWriteItems": ("TransactWriteItems", "DynamoDb"),
    "aws-sdk:dynamodb:batchGetItem": ("BatchGetItem", "DynamoDb"),
    "dynamodb:updateItem": ("UpdateItem", "DynamoDB"),
}


@lru_cache
def rendered(policy: Policy, limit: int, retries_timeouts: bool) -> dict[str, Any]:
    """The machine of a job with a policy, as JSON gives it back; all of them are in one group."""
    return _rendered(policy, limit, retries_timeouts)


@lru_cache
def rendered_on_lambda(policy: Policy, limit: int, retries_timeouts: bool) -> dict[str, Any]:
    """The same of jobs on Lambda."""
    function = {"runOn": "lambda", "entrypoint": ["run"], "timeout": f"{FUNCTION_SECONDS[policy]}s"}
    return _rendered(policy, limit, retries_timeouts, **function)


def _rendered(policy: Policy, limit: int, retries_timeouts: bool, **more: Any) -> dict[str, Any]:
    room = {"queueLimit": limit} if policy == "queue" else {}
    subject = job(
        name=policy,
        overlap={"policy": policy, "group": "all", **room},
        retries={"attempts": 5, "onTimeout": retries_timeouts},
        **more,
    )
    target = RunTarget(
        cluster_arn="arn:aws:ecs:eu-west-1:123456789012:cluster/longhaul-dev",
        what_runs=f"arn:aws:ecs:eu-west-1:123456789012:task-definition/longhaul-dev-{policy}:7",
        subnet_ids=("subnet-0a1b2c3d",),
        security_group_ids=("sg-0a1b2c3d",),
        assign_public_ip=True,
        log_group_name="/longhaul/longhaul/dev/job",
        lock_table_name=TABLE,
    )
    return json.loads(json.dumps(state_machine(subject, PLACE, target)))


class Replay:
    """The executions of one trace, and the world they are in.

    Args:
        scenario: what the trace is of.
        definitions: the machine of each run.
        dynamodb: where their lock is.
    """

    def __init__(self, scenario: Scenario, definitions: list[dict[str, Any]], dynamodb: DynamoDb) -> None:
        self._scenario = scenario
        self._definitions = definitions
        self._clock = Clock()
        self._aws = Aws(self._clock)
        self._dynamodb = dynamodb
        self._table = Table(dynamodb, TABLE)
        self._machines: dict[int, Machine] = {}
        self._before = scenario.start()
        self._late: tuple[str, Any] | None = None
        self._shown: dict[int, str] = {}

    def play(self, move: Move) -> None:
        """Let one thing happen; raises AssertionError where the machine does another thing than the model."""
        before, self._before = self._before, move.state
        self._clock.now += 1
        run = before.runs[move.run]
        life = Entry(move.run, run.redrives)
        match move.action:
            case "start":
                self._start(move.run)
            case "abort":
                if move.answer == "call under way":
                    self._late = self._request(move.run)
            case "redrive":
                self._machines[move.run].redrive()
                self._aws.begin(Entry(move.run, life.redrives + 1))
            case "timeout, final" | "timeout, retried":
                self._aws.give_up(life)
                given_up = self._clock.now
                self._machines[move.run].answer(Failure("States.Timeout", ""))
                if self._scenario.functions and move.action == "timeout, retried":
                    self._check_function_ended(move.run, given_up)
            case "task stops" if move.answer and self._scenario.functions:
                of_bootstrap = errored("Job.ExitedNonZero", exitCode=1)
                self._machines[move.run].answer(invoked() if move.answer == "final" else of_bootstrap)
            case "task stops" if move.answer:
                self._machines[move.run].answer(task() if move.answer == "final" else failed(1))
            case "forget" | "task ends" | "task stops":
                pass
            case late if late.startswith("late "):
                assert self._late is not None
                self._take_effect(move.run, *self._late)
            case _:
                self._step(run, move)
        self._see_ends(before, move)
        self._compare(move)

    def _start(self, number: int) -> None:
        policy = self._scenario.policies[number]
        arn = f"arn:aws:states:eu-west-1:123456789012:execution:longhaul-dev-{policy}:run-{'abcdef'[number]}"
        trigger = "schedule" if number in self._scenario.scheduled else "manual"
        execution_input = {"trigger": trigger, "scheduledTime": _TIME}
        self._machines[number] = Machine(self._definitions[number], arn, execution_input, self._clock)
        self._aws.begin(Entry(number, 0))

    def _step(self, run: Run, move: Move) -> None:
        """The next call of a run, with the trace's answer."""
        number, machine = move.run, self._machines[move.run]
        assert machine.step == move.action
        match move.action:
            case "ask":
                self._ask(run, move)
            case "list running" | "list stopped":
                assert run.seen is not None
                owner, own = self._machines[run.seen.run], run.note == "own"
                self._shown[number] = self._aws.task
                self._aws.list_tasks(machine, owner, run.seen, between_attempts=own, shows_task=move.answer != "none")
            case "run":
                self._run(move)
            case "stop task":
                assert run.seen is not None
                integration, arguments = self._request(number)
                assert (integration, arguments["Task"]) == ("aws-sdk:ecs:stopTask", self._shown[number])
                machine.answer({"Task": {}})
            case _ if move.answer == "conflict":
                machine.answer(Failure(_CANCELLED, "[TransactionConflict]"))
            case _:
                result = self._take_effect(number, *self._request(number))
                refused = isinstance(result, Failure)
                assert refused == (move.answer in ("refused", "another")), result
                assert not refused or result.error in _REFUSALS
                if move.answer == "done, answer lost":
                    assert machine.is_retried("DynamoDb.SdkClientException")
                else:
                    machine.answer(result)

    def _ask(self, run: Run, move: Move) -> None:
        machine = self._machines[move.run]
        integration, arguments = self._request(move.run)
        assert integration == "aws-sdk:sfn:describeExecution"
        asked = move.run if run.seen is None else run.seen.run
        head = machine.head if run.seen is not None else None
        told = self._aws.describe_execution(arguments, self._machines[asked], asked, move.answer, head)
        at = self._clock.now
        machine.answer(told)
        if self._scenario.functions and run.seen is not None and machine.step == "clear":
            # Of its own former life, and of one that is not found, the end is not told.
            ended = None if run.seen.run == move.run or isinstance(told, Failure) else self._aws.ended_at(run.seen)
            self._check_function_ended(run.seen.run, at if ended is None else ended)

    def _check_function_ended(self, number: int, since: float) -> None:
        """Whether the function of a run must have ended by now, which is what the model takes for granted."""
        seconds = FUNCTION_SECONDS[self._scenario.policies[number]]
        assert self._clock.now - since >= seconds + SLACK_SECONDS, "a function is taken to have ended too early"

    def _run(self, move: Move) -> None:
        machine = self._machines[move.run]
        request = machine.request()
        if move.answer == "redriven":
            assert isinstance(request, Failure)
            machine.answer(request)
        else:
            self._take_effect(move.run, *self._request(move.run))
            machine.is_running_task = True

    def _request(self, number: int) -> tuple[str, Any]:
        request = self._machines[number].request()
        assert not isinstance(request, Failure), request.cause
        return request

    def _take_effect(self, number: int, integration: str, arguments: Any) -> Any:
        if integration in _DYNAMODB:
            operation, prefix = _DYNAMODB[integration]
            return self._dynamodb.call(operation, arguments, prefix)
        if integration == "ecs:runTask.sync":
            return self._aws.start_task(arguments, self._machines[number])
        if integration == "lambda:invoke":
            assert self._machines[number].family in arguments["FunctionName"]
            return None
        assert integration == "aws-sdk:sfn:stopExecution"
        assert arguments["ExecutionArn"] in {machine.arn for machine in self._machines.values()}
        return {"StopDate": self._clock.text}

    def _see_ends(self, before: State, move: Move) -> None:
        for number, (old, new) in enumerate(zip(before.runs, move.state.runs, strict=True)):
            if not old.lives or new.lives:
                continue
            machine, life = self._machines[number], Entry(number, old.redrives)
            if machine.step != "end":
                assert move.action in ("abort", "stop", "late stop"), f"{machine.state} is no end"
                machine.abort()
                self._aws.end(life, "ABORTED")
                continue
            skipped = move.action == "ask"
            assert (machine.state == names.SKIPPED) == skipped
            assert move.action != "timeout, final" or machine.state == "Timed out"
            self._aws.end(life, "FAILED" if move.action == "timeout, final" else "SUCCEEDED")

    def _compare(self, move: Move) -> None:
        """Whether every run is where the model says, and the table holds what the model's does."""
        for number, run in enumerate(move.state.runs):
            if run.lives or run.aborted:
                assert self._machines[number].step == run.step, f"run {number} is in {self._machines[number].state}"
                assert self._machines[number].redrives == (run.life - 1) // 2
        line, started = self._table.read()
        entries = [f"{self._machines[entry.run].arn} {entry.redrives}" for entry in move.state.line]
        assert [" ".join(entry.split(" ")[:2]) for entry in line] == entries
        assert started == ([] if move.state.time < 0 else [self._machines[move.state.time].arn])


def replay(
    scenario: Scenario, trace: tuple[Move, ...], dynamodb: DynamoDb, machine_of: MachineOf | None = None
) -> None:
    """Replay a trace; raises AssertionError where a machine does another thing than the model."""
    machine_of = machine_of or (rendered_on_lambda if scenario.functions else rendered)
    final = {move.run for move in trace if move.action == "timeout, final"}
    definitions = [
        machine_of(policy, scenario.limit, number not in final) for number, policy in enumerate(scenario.policies)
    ]
    replayed = Replay(scenario, definitions, dynamodb)
    for move in trace:
        replayed.play(move)
