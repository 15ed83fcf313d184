"""What can end a state or an execution before its end."""


class StateError(Exception):
    """A state failed with an error name that Retry and Catch may match.

    `error` and `cause` are None where AWS leaves them out (a Fail state without them, a timeout's cause).
    """

    def __init__(self, error: str | None, cause: str | None = None) -> None:
        self.error = error
        self.cause = cause
        super().__init__(f"{error}: {cause}")


class EvaluationError(StateError):
    """A JSONata expression failed; AWS records where before the state fails.

    `location` is the field in AWS's notation, such as `Output/total` or `Choices[0]/Condition`; None for no field.
    """

    def __init__(self, cause: str, location: str | None) -> None:
        super().__init__("States.QueryEvaluationError", cause)
        self.location = location


class ExecutionOver(BaseException):
    """The execution has ended (stopped or timed out) while a state was at work: no Retry or Catch sees this."""


class HistoryFull(BaseException):
    """The execution reached the most events a history can hold: it fails, and nothing can catch it."""
