"""One visit of a state: its context object, its expressions, its first and last event."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from sandbox.step_functions.errors import EvaluationError, StateError
from sandbox.step_functions.json_text import MAX_PAYLOAD_BYTES, exceeds_payload_limit, to_text
from sandbox.step_functions.position import Position

if TYPE_CHECKING:
    from sandbox.step_functions.flow import Flow

MAX_VARIABLES_BYTES = 10 * 1024 * 1024
"""https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html#variable-limits"""
MAX_SECONDS = 99_999_999
_RETRIED = ("Task", "Parallel", "Map")


class Visit:
    """Writes the state's entry, unless a redrive finds it entered; `leave` writes its exit.

    `state` is its definition, `input` its input.
    """

    def __init__(self, flow: "Flow", name: str, state: dict[str, Any]) -> None:
        self.flow = flow
        self.execution = flow.execution
        self.name = name
        self.state = state
        self.input = flow.position.input
        if flow.position.entered_time is None:
            flow.enter(
                f"{state['Type']}StateEntered", name=name, input=to_text(self.input), inputDetails={"truncated": False}
            )
        self._entered_time, self._entered_event = flow.position.entered_time, flow.position.event
        self.retry_count: int | None = 0 if state["Type"] in _RETRIED else None
        self.task_token: str | None = None

    def context(self, item: dict[str, Any] | None = None) -> dict[str, Any]:
        """The context object, with the member Map for an item if one is given or the state is inside of a Map state.

        https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
        """
        record, machine = self.execution.record, self.execution.machine
        state: dict[str, Any] = {"Name": self.name, "EnteredTime": self._entered_time}
        if self.retry_count is not None:
            state["RetryCount"] = self.retry_count
        context: dict[str, Any] = {
            "Execution": {
                "Id": record["executionArn"],
                "Input": self.execution.input,
                "StartTime": record["startDate"],
                "Name": record["name"],
                "RoleArn": machine.role_arn,
                "RedriveCount": record["redriveCount"],
            },
            "StateMachine": {"Id": machine.arn, "Name": machine.name},
            "State": state,
        }
        if record["redriveDate"] is not None:
            context["Execution"]["RedriveTime"] = record["redriveDate"]
        if self.task_token is not None:
            context["Task"] = {"Token": self.task_token}
        item = item or self.flow.item
        if item is not None:
            context["Map"] = item
        return context

    def evaluate(self, value: Any, location: str, *, item: dict[str, Any] | None = None, **extra: Any) -> Any:
        """A field's value with its expressions replaced; `extra` (result, errorOutput) joins `$states`.

        `item` is what the context object tells of the item that the field is evaluated for.
        """
        try:
            return self.execution.evaluator.template(value, location, self._names(extra, item))
        except EvaluationError as error:
            self._evaluation_failed(error)

    def arguments(self) -> Any:
        """What the state's work is given: its Arguments, or else its input."""
        return self.evaluate(self.state["Arguments"], "Arguments") if "Arguments" in self.state else self.input

    def typed(self, value: Any, expected: str, location: str) -> Any:
        """As `evaluate`, for a field that needs a JSON type: boolean, number or string."""
        try:
            return self.execution.evaluator.typed(value, expected, location, self._names({}, None))
        except EvaluationError as error:
            self._evaluation_failed(error)

    def seconds(self, field: str, *, minimum: int) -> float:
        """A field that holds or gives whole seconds."""
        return self.whole_number(field, minimum=minimum, maximum=MAX_SECONDS)

    def whole_number(self, field: str, *, minimum: int, maximum: int) -> float:
        """A field that holds or gives a whole number within bounds."""
        value = self.typed(self.state[field], "number", field)
        if value != int(value) or not minimum <= value <= maximum:
            raise self.evaluation_error(
                f"The {field} field must be a whole number from {minimum} to {maximum}: {value}", field
            )
        return value

    def evaluation_error(self, text: str, location: str | None) -> StateError:
        """Record that a value, of a field if there is a location, cannot be used; returns the error to raise."""
        try:
            self._evaluation_failed(EvaluationError(text, location))
        except EvaluationError as error:
            return error

    def runtime_error(self, text: str) -> StateError:
        """An error that nothing can catch."""
        return StateError("States.Runtime", f"{self._prefix}{text}")

    def check_output(self, output: Any) -> None:
        """Raise States.DataLimitExceeded for an output larger than a state may give."""
        if exceeds_payload_limit(to_text(output)):
            raise too_large(self.name)

    def check_assigned(self, assigned: dict[str, Any]) -> None:
        """Raise for variables beyond 256 KiB in one Assign or 10 MiB in the execution."""
        if not assigned:
            return
        size = sum(len(to_text(value).encode()) for value in assigned.values())
        kept = {name: value for name, value in self._variables.items() if name not in assigned}
        total = size + sum(len(to_text(value).encode()) for value in kept.values())
        if size > MAX_PAYLOAD_BYTES or total > MAX_VARIABLES_BYTES:
            raise StateError(
                "States.DataLimitExceeded",
                f"{self._prefix}The variables that the Assign field sets exceed the size limit: "
                f"{size} of {MAX_PAYLOAD_BYTES} bytes, {total} of {MAX_VARIABLES_BYTES} bytes in the execution.",
            )

    def leave(self, output: Any, assigned: dict[str, Any], following: str | None) -> None:
        """Write the state's exit; from here on the execution has the variables, and goes on to `following`."""
        variables = {name: to_text(value) for name, value in sorted(assigned.items())}
        self.flow.leave(
            Position(following, output, {**self._variables, **assigned}),
            f"{self.state['Type']}StateExited",
            name=self.name,
            output=to_text(output),
            outputDetails={"truncated": False},
            assignedVariables=variables or None,
            assignedVariablesDetails={"truncated": False} if variables else None,
        )

    @property
    def _variables(self) -> Mapping[str, Any]:
        return self.flow.position.variables

    @property
    def _prefix(self) -> str:
        return (
            f"An error occurred while executing the state '{self.name}' "
            f"(entered at the event id #{self._entered_event}). "
        )

    def _names(self, extra: dict[str, Any], item: dict[str, Any] | None) -> dict[str, Any]:
        return {**self._variables, "states": {"input": self.input, "context": self.context(item), **extra}}

    def _evaluation_failed(self, error: EvaluationError) -> NoReturn:
        failure = EvaluationError(f"{self._prefix}{error.cause}", error.location)
        self.flow.chain.add(
            "EvaluationFailed",
            cause=failure.cause,
            error=failure.error,
            location=failure.location,
            state=self.name,
        )
        raise failure


def too_large(who: str) -> StateError:
    """The error for a result that is larger than a state may give; `who` is the state's or the service's name."""
    return StateError(
        "States.DataLimitExceeded",
        f"The state/task '{who}' returned a result with a size exceeding the maximum number of bytes service limit.",
    )
