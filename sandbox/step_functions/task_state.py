"""Task states: attempts, their events, their time limits, Retry and Catch."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from sandbox.clock import Wake
from sandbox.step_functions import integrations
from sandbox.step_functions.error_handling import TIMEOUT, Retries, first_match
from sandbox.step_functions.errors import StateError
from sandbox.step_functions.integrations.resource import argument_problems
from sandbox.step_functions.json_text import exceeds_payload_limit, to_text
from sandbox.step_functions.task_token import Limits, TaskToken
from sandbox.step_functions.visit import Visit, too_large

Outcome = TypeVar("Outcome")


def with_retries(
    visit: Visit,
    attempt: Callable[[], Outcome],
    caught: Callable[[dict[str, Any], str, StateError], Outcome],
    uncaught: Callable[[StateError], None] = lambda _failure: None,
) -> Outcome:
    """Attempt until it succeeds, its retries are used up or a catcher takes the error.

    `caught` gets the catcher, its location in the state and the error; `uncaught` an error that nothing takes.
    """
    flow, execution = visit.flow, visit.execution
    retries = Retries(visit.state.get("Retry", []), execution.jitter)
    catchers = visit.state.get("Catch", [])
    while True:
        visit.retry_count = retries.count
        try:
            return attempt()
        except StateError as failure:
            delay_seconds = retries.delay_seconds(failure)
            if delay_seconds is not None:
                flow.sleep_until(execution.clock.now() + delay_seconds)
                continue
            at = first_match(catchers, failure)
            if at is None:
                uncaught(failure)
                raise
            return caught(catchers[at], f"Catch[{at}]/", failure)


def attempt(visit: Visit) -> Any:
    """Run the state's task once; returns its result, raises StateError if it fails."""
    execution = visit.execution
    integration = integrations.find(visit.state["Resource"])
    token = TaskToken(visit.flow.wake.set) if integration.waits_for_job else None
    visit.task_token = token.value if token else None
    arguments = visit.arguments()
    if problems := argument_problems(visit.state["Resource"], arguments):
        raise visit.runtime_error(
            f"The Parameters '{to_text(arguments)}' could not be used to start the Task: [{', '.join(problems)}]"
        )
    timeout, heartbeat = (
        visit.seconds(field, minimum=1) if field in visit.state else None
        for field in ("TimeoutSeconds", "HeartbeatSeconds")
    )
    parameters = integration.parameters(arguments)
    events = integration.events(visit.flow.chain, execution.services.region)
    events.scheduled(to_text(parameters), timeout, heartbeat)
    events.started()
    # Only who has a token can send heartbeats.
    limits = Limits(execution.clock.now(), timeout, heartbeat if token else None)
    call = TaskCall(visit, parameters, limits, token, events)
    try:
        with call.registered():
            result = integration.run(call)
        text = to_text(result)
        if exceeds_payload_limit(text):
            raise too_large(integration.name)
    except StateError as failure:
        if failure.error == TIMEOUT:
            events.timed_out(failure)
        else:
            events.failed(failure)
        raise
    events.succeeded(text)
    return result


class TaskCall:
    """What an integration gets to carry out one attempt."""

    def __init__(
        self,
        visit: Visit,
        parameters: Any,
        limits: Limits,
        token: TaskToken | None,
        events: integrations.AttemptEvents,
    ) -> None:
        self.flow = visit.flow
        self.execution = visit.execution
        self.parameters = parameters
        self._limits = limits
        self._token = token
        self._events = events

    def client(self, service: str) -> Any:
        """A boto3 client of `service` with the credentials of the machine's role."""
        return self.execution.services.client(service, self.execution.machine)

    def submitted(self, answer: Any) -> None:
        """Record that the job was started, with the service's answer."""
        self._events.submitted(to_text(answer))

    def limited(self, function: Callable[[], Outcome]) -> Outcome:
        """`function`'s result, unless a time limit passes first: then it is left to itself and a timeout is raised."""
        if self._limits.next(self._token) is None:
            return function()
        outcome: list[Callable[[], Outcome]] = []
        done = Wake()

        def run() -> None:
            with work:
                outcome.append(_outcome_of(function))
                done.set()

        work = self.execution.clock.working()
        threading.Thread(target=run, name="task-call", daemon=True).start()
        self._wait(done)
        return outcome[0]()

    def wait_for_job(self, ended: Wake) -> Any:
        """Wait until `ended` is set or the token reports the end.

        Returns what was reported by the token, else None. Raises timeouts, and ExecutionOver when the execution ends.
        """
        self._wait(ended)
        return self._token.outcome() if self._token is not None and self._token.is_used else None

    def wait_until(self, moment: float) -> bool:
        """Wait until a time (epoch seconds); False if the token has reported the end before, which `reported` gives.

        Raises as `wait_for_job` does.
        """
        while self.execution.clock.now() < moment:
            if self._token is not None and self._token.is_used:
                return False
            self._limits.check(self.execution.clock.now(), self._token)
            limit = self._limits.next(self._token)
            self.flow.pause(moment if limit is None else min(moment, limit))
        self._limits.check(self.execution.clock.now(), self._token)
        return True

    def reported(self) -> Any:
        """What was reported by the token, once `wait_until` has said so."""
        assert self._token is not None
        return self._token.outcome()

    def registered(self) -> "_Registration":
        """While entered, the task's token is known to the API."""
        return _Registration(self.execution, self._token)

    def _wait(self, ended: Wake) -> None:
        flow, clock = self.flow, self.execution.clock
        ended.add_listener(flow.wake)
        try:
            while not ended.is_set() and not (self._token is not None and self._token.is_used):
                self._limits.check(clock.now(), self._token)
                flow.pause(self._limits.next(self._token))
        finally:
            ended.remove_listener(flow.wake)


class _Registration:
    def __init__(self, execution: Any, token: TaskToken | None) -> None:
        self._tokens = execution.services.tokens
        self._token = token

    def __enter__(self) -> None:
        if self._token is not None:
            self._tokens[self._token.value] = self._token

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            self._tokens.pop(self._token.value, None)


def _outcome_of(function: Callable[[], Outcome]) -> Callable[[], Outcome]:
    try:
        result = function()
    except BaseException as error:
        failure = error

        def failed() -> Outcome:
            raise failure

        return failed
    return lambda: result
