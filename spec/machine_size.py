"""How large the state machine of a job's steps is, on the safe side: Step Functions takes no more than 1 MiB.

What a machine says is decided elsewhere; the figures here were read off such machines, and tests hold them to those.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from spec.expressions import expression_mistake, expressions_in, names_in
from spec.step_containers import has_result, placed_containers
from spec.steps import all_steps

if TYPE_CHECKING:
    from spec.job import JobSpec
    from spec.steps import StepSpec

MOST_BYTES = 1024 * 1024
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""

_MACHINE = 40_000
"""What is there whatever the steps are: the lock, the ends."""
_CONTAINER, _ANY_STEP, _OTHER_STEP = 15_000, 600, 3_500
_LEAVES_RESULT, _HAS_LOCK, _IS_RETRIED, _IS_DONE_FOR_EACH = 5_000, 1_600, 600, 1_000
_LOOKS_FOR_ITS_TASK = 6_500
"""On EC2, after a timeout: was it placed?"""
_OF_A_NAME = 110
"""How often the name of a container's step is written."""
_EXPRESSION, _VALUE, _GIVEN_RESULT = 300, 40, 130


def machine_bytes(job: JobSpec) -> int:
    """At most so many bytes has the state machine of a job with steps whose expressions are right."""
    steps = [step for part in (job.steps, job.on_failure) for _, step in all_steps(part)]
    total = _MACHINE + sum(_step(job, step) for step in steps)
    for _, step, container in placed_containers(job):
        total += _CONTAINER + _OF_A_NAME * len(step.name)
        total += (_LEAVES_RESULT if container.results else 0) + (_HAS_LOCK if job.overlap.is_exclusive else 0)
        total += _of_the_place(container)
        retries = container.retries
        total += (_IS_RETRIED if retries.attempts else 0) + 8 * (retries.attempts + container.start_retries.attempts)
        total += 16 * len(retries.final_exit_codes)
    return total + _given_results(job)


def _of_the_place(container: JobSpec) -> int:
    """What a container takes by where it runs."""
    run_on = container.run_on
    if run_on.kind != "ec2":
        return 0
    # Each with the words that RunTask has around it.
    placed = [run_on.capacity_provider or "", *run_on.placement, *run_on.constraints]
    return _LOOKS_FOR_ITS_TASK + sum(_length(one) + 50 for one in placed)


def _step(job: JobSpec, step: StepSpec) -> int:
    items = step.for_each.items if step.for_each is not None else None
    # The input of a container is written twice, for it may go through S3.
    own_input = step.input if step.input is not None or step.for_each is not None else job.input
    own = _ANY_STEP + (0 if step.is_container else _OTHER_STEP) + (0 if step.for_each is None else _IS_DONE_FOR_EACH)
    return own + 3 * len(step.name) + _written(job, own_input) * 2 + _written(job, items) + _written(job, step.when)


def _written(job: JobSpec, value: Any) -> int:
    """A value with expressions in it, in each of which stands what it reads."""
    total = _length(value) + _VALUE * _values(value)
    for _, text in expressions_in(value):
        total += _EXPRESSION
        if expression_mistake(text) is None:
            names = names_in(text)
            total += sum(2 * len(name) + 20 for name in names) + (_length(job.input) if "input" in names else 0)
    return total


def _given_results(job: JobSpec) -> int:
    """A run may begin with any step, with the results of all before it."""
    total, before = 0, 0
    for step in job.steps:
        total += before + 300
        inner = [one for _, one in all_steps((step,)) if has_result(job, one)]
        before += sum(_GIVEN_RESULT + 2 * len(one.name) for one in inner)
    return total


def _length(value: Any) -> int:
    """As a text within a text."""
    return len(json.dumps(json.dumps(value)))


def _values(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(_values(item) for item in value.values())
    return 1 + sum(_values(item) for item in value) if isinstance(value, list | tuple) else 1
