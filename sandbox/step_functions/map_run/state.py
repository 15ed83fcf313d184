"""Carries out a Map state in Distributed mode."""

from collections.abc import Iterator
from typing import Any

from sandbox.step_functions.compound import carry_out
from sandbox.step_functions.error_handling import UNCATCHABLE
from sandbox.step_functions.errors import StateError
from sandbox.step_functions.integrations.states import denied
from sandbox.step_functions.json_text import exceeds_payload_limit, to_text
from sandbox.step_functions.map_run.batches import batches
from sandbox.step_functions.map_run.labels import label_of
from sandbox.step_functions.map_run.reader import Reader
from sandbox.step_functions.map_run.results import Child, Writer, transformed
from sandbox.step_functions.map_run.run import MapRun
from sandbox.step_functions.map_run.settings import batching, limits
from sandbox.step_functions.map_state import SOURCE_OF_STATE, context_of_item, items, processor
from sandbox.step_functions.transition import Transition, succeed
from sandbox.step_functions.visit import Visit, too_large

MAX_REDRIVES = 1000
"""https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html#redrive-eligibility-map-run"""
# Of the Map Run; children's rights are asked for on the executions of the machine, as the documented policy has them.
# https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
_RIGHTS_ON_EXECUTIONS = ("states:DescribeExecution", "states:StopExecution")


def run(visit: Visit) -> Transition:
    """Start a Map Run, or go on with the one that a redrive finds; the result is its children's."""
    inside = visit.flow.position.inside
    found = [inside] if isinstance(inside, MapRun) and inside.is_redrivable else []

    def attempt() -> Transition:
        return succeed(visit, _Attempt(visit).result(found.pop() if found else None))

    return carry_out(visit, attempt)


class _Attempt:
    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._chain = visit.flow.chain
        self._reader = Reader(visit) if "ItemReader" in visit.state else None
        self._items = items(visit) if self._reader is None else []
        self._limits = limits(visit)
        self._batching = batching(visit)
        self._writer = Writer(visit)

    def result(self, found: MapRun | None) -> Any:
        """The state's result, of a Map Run that is started or redriven."""
        map_run = self._start() if found is None else self._redrive(found)
        try:
            result = self._carry_out(map_run, is_new=found is None)
        except StateError as failure:
            map_run.end("FAILED")
            if failure.error != UNCATCHABLE:
                self._chain.add("MapRunFailed", error=failure.error, cause=failure.cause)
            raise
        except BaseException:
            map_run.end("ABORTED")
            raise
        map_run.end("SUCCEEDED")
        # As AWS links them: each follows from the one before, and the exit from the start.
        started = self._chain.previous
        self._chain.add("MapRunSucceeded")
        self._chain.aside("MapStateSucceeded")
        self._chain.previous = started
        return result

    def _start(self) -> MapRun:
        execution, state = self._visit.execution, self._visit.state
        self._chain.add("MapStateStarted", length=len(self._items))
        machine = execution.machine.processor(label_of(execution.machine, self._visit.name, state), processor(state))
        self._check_rights(machine.arn.replace(":stateMachine:", ":execution:"))
        map_run = MapRun(execution.services, execution.record, machine, self._limits)
        execution.services.map_run_started(map_run)
        self._begin(map_run, "MapRunStarted")
        return map_run

    def _redrive(self, map_run: MapRun) -> MapRun:
        if map_run.redrive_count >= MAX_REDRIVES:
            raise self._visit.runtime_error(f"The Map Run was redriven {MAX_REDRIVES} times")
        child_arn = f"{map_run.machine.arn.replace(':stateMachine:', ':execution:')}:*"
        self._check("states:RedriveExecution", child_arn)
        map_run.redrive(self._visit.flow)
        map_run.limits = self._limits
        self._begin(map_run, "MapRunRedriven", redriveCount=map_run.redrive_count)
        return map_run

    def _begin(self, map_run: MapRun, event_type: str, **details: Any) -> None:
        try:
            self._chain.add(event_type, mapRunArn=map_run.arn, **details)
        except BaseException:
            map_run.end("ABORTED")
            raise
        self._visit.flow.lanes = map_run

    def _carry_out(self, map_run: MapRun, *, is_new: bool) -> Any:
        if is_new:
            if self._writer.exports:
                self._writer.begin(map_run.arn)
            map_run.load(list(batches(self._selected(), self._batching)))
        try:
            map_run.drive(self._visit.flow)
        except StateError:
            # What it stops has stopped before it is written.
            map_run.end("FAILED")
            if self._writer.exports:
                self._write(map_run)
            raise
        if self._writer.exports:
            return self._write(map_run)
        result = transformed(self._children(map_run), self._writer.transformation)
        if exceeds_payload_limit(to_text(result)):
            map_run.is_redrivable = False
            raise too_large(self._visit.name)
        return result

    def _write(self, map_run: MapRun) -> dict[str, Any]:
        pending = [batch.text for batch, record in zip(map_run.batches, map_run.records, strict=True) if record is None]
        return self._writer.write(map_run.arn, list(self._children(map_run)), pending)

    def _children(self, map_run: MapRun) -> Iterator[Child]:
        for record in map_run.records:
            if record is not None:
                yield record, self._visit.execution.services.redrive_refusal(record)

    def _selected(self) -> Iterator[Any]:
        found = self._items if self._reader is None else self._reader.read()
        source = SOURCE_OF_STATE if self._reader is None else self._reader.source
        selector = self._visit.state.get("ItemSelector")
        for index, value in enumerate(found):
            if selector is None:
                yield value
            else:
                yield self._visit.evaluate(selector, "ItemSelector", item=context_of_item(index, value, source))

    def _check_rights(self, child_arn: str) -> None:
        machine = self._visit.execution.machine
        self._check("states:StartExecution", machine.created_arn)
        own = f"{machine.created_arn.replace(':stateMachine:', ':execution:')}:*"
        for action in _RIGHTS_ON_EXECUTIONS:
            # A policy may name the children as they are called, too.
            if self._denial(action, f"{child_arn}:*") is not None:
                self._check(action, own)

    def _check(self, action: str, resource: str) -> None:
        if (sentence := self._denial(action, resource)) is not None:
            raise denied(sentence)

    def _denial(self, action: str, resource: str) -> str | None:
        execution = self._visit.execution
        return execution.services.denial(execution.machine, action, resource)
