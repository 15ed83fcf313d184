"""The state machine of any job."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from definitions.place import Place
from definitions.run_task import RunTarget
from definitions.state_machine import state_machine
from definitions.steps.machine import steps_machine
from spec.job import JobSpec


def machine(job: JobSpec, place: Place, target: RunTarget, what_runs: Mapping[str, str]) -> dict[str, Any]:
    """The definition of a job's state machine, for CreateStateMachine, type STANDARD.

    Args:
        job: the job.
        place: its stack.
        target: where it runs, with any container.
        what_runs: the exact revisions of its containers, by their names.
    """
    targets = {name: replace(target, what_runs=revision) for name, revision in what_runs.items()}
    if job.steps or job.count is not None:
        return steps_machine(job, place, target, targets)
    return state_machine(job, place, targets[job.name])
