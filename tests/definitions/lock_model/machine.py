"""An execution of a rendered state machine that is moved one call of AWS at a time."""

import math
from datetime import UTC, datetime
from typing import Any

from definitions import names
from tests.definitions.lock_model.model import Step
from tests.definitions.walker import EvaluationError, Failure, evaluate

_STEPS: dict[str, Step] = {
    names.TAKE: "take",
    names.LOOK: "look",
    names.ASK: "ask",
    names.JOIN: "join",
    names.DISPLACE: "displace",
    names.STOP_OTHER: "stop",
    names.CONFIRM: "confirm",
    names.STOP_TASK: "stop task",
    names.CLEAR: "clear",
    names.RELEASE: "release",
    names.RELEASE_FAILED: "release",
}


class Clock:
    """The time of all executions, in seconds since 1970."""

    def __init__(self) -> None:
        self.now = 1_795_490_100.0

    @property
    def text(self) -> str:
        return iso(self.now)


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Machine:
    """One execution, always in a state that calls AWS, or at its end.

    Attributes:
        arn: the execution's.
        state: the name of the state it is in.
        redrives: how often it was redriven.
        is_running_task: whether its task was asked for and has not stopped, as far as it has been told.
    """

    def __init__(self, definition: dict[str, Any], arn: str, execution_input: Any, clock: Clock) -> None:
        self.arn = arn
        self.redrives = 0
        self.is_running_task = False
        self._states: dict[str, Any] = definition["States"]
        self._clock = clock
        self._variables: dict[str, Any] = {}
        self._input = execution_input
        self._execution = {"Id": arn, "Name": self.name, "StartTime": clock.text, "Input": execution_input}
        self._enter(definition["StartAt"])

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]

    @property
    def family(self) -> str:
        return self.arn.split(":")[-2]

    @property
    def step(self) -> Step:
        """The step of the model that it is at."""
        if self.state == names.RUN:
            return "running" if self.is_running_task else "run"
        if self.state in (names.LIST_TASKS, names.DESCRIBE_TASKS):
            return "list running" if self._variables["tasks"]["desired"] == "RUNNING" else "list stopped"
        if self._states[self.state]["Type"] in ("Succeed", "Fail"):
            return "end"
        assert self.state in _STEPS, f"{self.state} is no step of the model"
        return _STEPS[self.state]

    @property
    def head(self) -> str:
        """The entry at the head of the line when it last looked."""
        return self._variables["seen"]["head"]

    def request(self) -> tuple[str, Any] | Failure:
        """The call that it makes: the integration and its arguments; or that those have no value."""
        state = self._states[self.state]
        try:
            arguments = evaluate(state["Arguments"], self._context(), self._variables)
        except EvaluationError as problem:
            return Failure("States.QueryEvaluationError", str(problem))
        return state["Resource"].removeprefix("arn:aws:states:::"), arguments

    def is_retried(self, error: str) -> bool:
        """Whether the present state's Retry makes the same call again after an error."""
        for retrier in self._states[self.state].get("Retry", ()):
            if {error, "States.ALL"} & {*retrier["ErrorEquals"]}:
                return retrier.get("MaxAttempts", 3) > 0
        return False

    def answer(self, answer: Any) -> None:
        """Go on with the result of the call, or with its Failure, to the next call."""
        state, told = self._states[self.state], self._context()
        self.is_running_task = False
        chosen = state
        if isinstance(answer, Failure):
            assert not self.is_retried(answer.error), f"{self.state} is tried again after {answer.error}"
            told["errorOutput"] = {"Error": answer.error, "Cause": answer.cause}
            caught = {answer.error, "States.ALL"}
            catchers = [catcher for catcher in state.get("Catch", ()) if caught & {*catcher["ErrorEquals"]}]
            assert catchers, f"{self.state} does not expect {answer.error}"
            chosen = catchers[0]
        else:
            told["result"] = answer
        self._leave(chosen, told)

    def abort(self) -> None:
        self.is_running_task = False

    def redrive(self) -> None:
        """Step Functions makes the state that did not finish anew; variables stay."""
        self.redrives += 1
        self._entered = self._clock.text

    def _context(self) -> dict[str, Any]:
        state = {"Name": self.state, "EnteredTime": self._entered}
        return {
            "input": self._input,
            "context": {"Execution": {**self._execution, "RedriveCount": self.redrives}, "State": state},
        }

    def _enter(self, name: str) -> None:
        self.state, self._entered = name, self._clock.text
        state = self._states[name]
        match state["Type"]:
            case "Choice":
                told = self._context()
                rules = (
                    rule for rule in state["Choices"] if evaluate(rule["Condition"], told, self._variables) is True
                )
                self._leave(next(rules, {"Next": state.get("Default")}), told)
            case "Wait":
                seconds = evaluate(state["Seconds"], self._context(), self._variables)
                assert math.floor(seconds) == seconds >= 0
                self._clock.now += seconds
                self._leave(state, self._context())

    def _leave(self, chosen: dict[str, Any], told: dict[str, Any]) -> None:
        assigned = evaluate(chosen.get("Assign", {}), told, self._variables)
        if "Output" in chosen:
            self._input = evaluate(chosen["Output"], told, self._variables)
        self._variables |= assigned
        self._enter(chosen["Next"])
