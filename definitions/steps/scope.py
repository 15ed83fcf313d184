"""What the states of a list of steps know of where they are: how they go on, and how they end when one fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from definitions.jsonata import SAID_OF_ERROR, UNCHANGED, expression, literal
from definitions.place import Place
from definitions.run_task import OWN_RUN, RunFacts, RunTarget
from definitions.verdict import LOST_TURN
from spec.job import JobSpec


def result_variable(step: str, depth: int) -> str:
    """The variable of a step's result, in so many Parallels: Step Functions lets no inner variable have the name of an
    outer one.

    https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html#variable-scope
    """
    return f"result{depth or ''}_{step}"


SKIPPED = "its run was skipped: "
"""Before the reason, in the error of a step whose job's run was skipped."""


@dataclass(frozen=True, kw_only=True)
class Next:
    """Goes on to a state, and sets variables on the way."""

    state: str
    assign: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class End:
    """Ends a branch or an iteration.

    results: the steps whose results are its output, an object by name; None: the output is its only step's result.
    """

    results: tuple[str, ...] | None


Exit = Next | End


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A list of steps.

    Attributes:
        job: the job as a whole.
        place: its stack.
        containers: what each step runs, by the step's name.
        targets: where each of them runs, by the container's name.
        run: how the facts of the run are written here.
        guard: JSONata of whether the run still has the lock that it took; None for a job that may overlap.
        after_failure: the state that follows when a step has failed, with the failure in `$failure`; None: the step
            ends the branch, or the execution, itself.
        keeps_failure: whether `$failure` is left as it is, as by a step that runs because of another one's.
        is_outermost: whether a redriven run can go back to the lock from here.
        given_input: JSONata of the step's input where it was made before, as for each item; None elsewhere.
        variables: more environment variables, as JSONata of text.
        bucket: the stack's bucket; None where the job needs none.
        tells_details: whether the cause of a failure has details for programs behind its sentence.
        depth: how many Parallels it is in.
        results: the variables of the results that its steps may read, by the names of those steps.
        path: JSONata of what keeps the objects of an iteration apart from those of others; None outside of one.
    """

    job: JobSpec
    place: Place
    containers: Mapping[str, JobSpec]
    targets: Mapping[str, RunTarget]
    run: RunFacts = OWN_RUN
    guard: str | None = None
    after_failure: str | None = None
    keeps_failure: bool = False
    is_outermost: bool = True
    given_input: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    path: str | None = None
    bucket: str | None = None
    tells_details: bool = True
    depth: int = 0
    results: Mapping[str, str] = field(default_factory=dict)


def leave(way: Exit, own: Mapping[str, str], scope: Scope) -> dict[str, Any]:
    """The fields with which a task state, a Parallel or a Map goes on after a step.

    Args:
        way: where to.
        own: JSONata of the results that the state has, by the names of their steps.
        scope: where it is.
    """
    if isinstance(way, End):
        return {"End": True, "Output": output_of(way, own, scope)}
    results = {result_variable(name, scope.depth): expression(value) for name, value in own.items()}
    assign = {**results, **way.assign}
    return {**({"Assign": assign} if assign else {}), "Output": UNCHANGED, "Next": way.state}


def output_of(end: End, own: Mapping[str, str], scope: Scope) -> str:
    """The output with which a branch or an iteration ends; `own` as in `leave`."""
    if end.results is None:
        return expression(next(iter(own.values()), "null"))
    pairs = (f"{literal(name)}: {own.get(name, f'${scope.results.get(name)}')}" for name in end.results)
    return expression(f"{{{', '.join(pairs)}}}")


def catch_failure(step: str, scope: Scope) -> dict[str, Any]:
    """What a state of a step does with a failure of what it runs: nothing where the failure ends what it is in.

    Of a run that another execution was, error and cause are in the text that describes it. What is redriven without
    the lock that it took is no failure of what it runs.
    """
    if scope.after_failure is None:
        return {}
    where = literal(f"step {step} of {scope.job.name} ({scope.place.stack})")
    lost = f"$not({scope.guard})" if scope.guard is not None else "false"
    failure = expression(f"""(
        $lost := {lost};
        $text := $string($states.errorOutput.Cause);
        $said := {SAID_OF_ERROR};
        $skipped := $match($said, /{SKIPPED}(.*)/).groups[0];
        $run := $match($text, /"ExecutionArn":"([^"]+)"/).groups[0];
        $error := $match($text, /"Error":"([^"]+)"/).groups[0];
        {{
            'step': {literal(step)},
            'error': $lost ? '{LOST_TURN}' : $exists($run) and $exists($error) ? $error : $states.errorOutput.Error,
            'cause': $lost ? {where} & ' was redriven, and cannot ask for the lock again'
                : $exists($run) ? {where} & ': the run ' & $run & ' did not succeed'
                : $exists($skipped) ? {where} & ': {SKIPPED}' & $skipped
                : $contains($text, /^step /) ? $text
                : {where} & ': ' & $states.errorOutput.Error & ': ' & $substring($said, 0, 1024),
            'mayRunOn': true
        }}
    )""")
    catcher = {
        "Comment": "failed",
        "ErrorEquals": ["States.ALL"],
        **({} if scope.keeps_failure else {"Assign": {"whatFailed": failure}}),
        "Output": UNCHANGED,
        "Next": scope.after_failure,
    }
    return {"Catch": [catcher]}
