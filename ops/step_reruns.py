"""Runs that begin with a later step, with what the earlier ones left in an old run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ops.aws import Aws
from ops.course import read_course, remembered_children
from ops.runs import Run
from ops.stack import DeployedJob
from ops.starting import MOST_INPUT_BYTES, UnfitInputError, input_bytes
from ops.task_changes import is_task
from ops.top_steps import TopSteps, read_top_steps
from spec.words import nearest


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """Where a run begins.

    Attributes:
        step: the step that it begins with.
        left_out: those before it.
        results: what it takes over of them, by their names.
    """

    step: str
    left_out: tuple[str, ...]
    results: Mapping[str, Any]

    def of(self, execution_input: Mapping[str, Any]) -> dict[str, Any]:
        """The input of an execution that begins there. Raises UnfitInputError where the results are too large."""
        found = {**execution_input, "from": self.step, "results": dict(self.results)}
        if (size := input_bytes(found)) > MOST_INPUT_BYTES:
            raise UnfitInputError(
                f"the results of {', '.join(self.results)} and the input take {size:,} of the {MOST_INPUT_BYTES:,} "
                "bytes that Step Functions takes: run it again as a whole, without --from"
            )
        return found


def beginning(aws: Aws, job: DeployedJob, old: Run, step: str) -> Beginning:
    """Where a run begins that does an old one again from one of its steps.

    Args:
        aws: where it is.
        job: the job as it is deployed now.
        old: the run whose results it takes.
        step: the step.

    Raises:
        UnfitInputError: there is no such step that a run may begin with, or a result is missing.
        botocore's errors.
    """
    steps = read_top_steps(aws, job)
    if steps is None:
        raise UnfitInputError(f"{job.name} has no steps to begin with: run it again without --from")
    if step not in steps.needs:
        raise UnfitInputError(_no_beginning(job, steps, step))
    names = list(steps.needs)
    left_out = tuple(names[: names.index(step)])
    # What is left out is to have been done by the old run; the first step takes nothing over.
    texts = _results(aws, old) if left_out else {}
    missing = [name for name in steps.needs[step] if name not in texts]
    if missing:
        raise UnfitInputError(
            f"{old.name} cannot be run again from {step}: it has no result of {', '.join(missing)}; "
            f"--from {steps.inside.get(missing[0], missing[0])} runs that too"
        )
    return Beginning(
        step=step,
        left_out=left_out,
        results={name: json.loads(texts[name]) for name in steps.needs[step]},
    )


def _results(aws: Aws, old: Run) -> Mapping[str, str]:
    """JSON text of what the steps of a run left, by their names. Raises UnfitInputError where that is not known."""
    if is_task(old.execution_arn):
        raise UnfitInputError(f"{old.name} was a task without steps: run it again without --from")
    try:
        return read_course(aws, old.execution_arn, remembered_children(most=0)).results
    except aws("stepfunctions").exceptions.ExecutionDoesNotExist:
        raise UnfitInputError(
            f"Step Functions knows {old.name} no more, nor what its steps left: run it again without --from"
        ) from None


def _no_beginning(job: DeployedJob, steps: TopSteps, step: str) -> str:
    if step in steps.inside:
        outer = steps.inside[step]
        return f"{step} is within {outer}, which runs as a whole: --from {outer}"
    has = f"it has {', '.join(steps.needs)}"
    if step in steps.others:
        return f"{step} runs after a failure, and no run begins with it; {has}"
    close = nearest(step, [*steps.needs, *steps.inside])
    return f"{job.name} has no step {step!r}; " + (f"did you mean {close}?" if close else has)
