"""The state machine of any job."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from definitions.place import Place
from definitions.run_task import RunTarget
from definitions.state_machine import state_machine
from definitions.steps.machine import steps_machine
from spec.job import JobSpec


def machine(job: JobSpec, place: Place, target: RunTarget, task_definition_arns: Mapping[str, str]) -> dict[str, Any]:
    """The definition of a job's state machine, for CreateStateMachine, type STANDARD.

    Args:
        job: the job.
        place: its stack.
        target: where it runs; its task definition is any.
        task_definition_arns: the exact revisions of its containers, by their names.
    """
    targets = {name: replace(target, task_definition_arn=arn) for name, arn in task_definition_arns.items()}
    if job.steps or job.count is not None:
        return steps_machine(job, place, target, targets)
    return state_machine(job, place, targets[job.name])
