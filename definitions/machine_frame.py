"""What the machines of jobs with steps and without have in common around their work."""

from typing import Any

from definitions import names
from definitions.place import Place
from definitions.verdict import skipped_output
from spec.job import JobSpec


def definition(job: JobSpec, place: Place, states: dict[str, Any]) -> dict[str, Any]:
    """The definition for CreateStateMachine, type STANDARD, of a job's states, the first one first."""
    about = f"{job.name} in stack {place.stack}"
    return {
        "Comment": f"{about}: {job.description}" if job.description else about,
        "QueryLanguage": "JSONata",
        "StartAt": next(iter(states)),
        "States": states,
    }


def skipped_states(job: JobSpec, place: Place) -> dict[str, Any]:
    """The end of a run that was left out; none of a job whose runs never are."""
    if not job.overlap.needs_table:
        return {}
    return {
        names.SKIPPED: {
            "Comment": "The job was not started, as its overlap policy says; nothing failed.",
            "Type": "Succeed",
            "Output": skipped_output(job, place),
        }
    }
