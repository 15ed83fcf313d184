"""What the machines of jobs with steps and without have in common around their work."""

from typing import Any

from definitions import names
from definitions.place import Place
from definitions.verdict import skipped_output
from spec.job import JobSpec

_INTEGRATIONS = "arn:aws:states:::"


def definition(job: JobSpec, place: Place, states: dict[str, Any]) -> dict[str, Any]:
    """The definition for CreateStateMachine, type STANDARD, of a job's states, the first one first."""
    about = f"{job.name} in stack {place.stack}"
    return {
        "Comment": f"{about}: {job.description}" if job.description else about,
        "QueryLanguage": "JSONata",
        "StartAt": next(iter(states)),
        "States": _in_partition(states, place.partition),
    }


def _in_partition(part: Any, partition: str) -> Any:
    """A part of a definition, its integrations named as where the machine runs: in China and in GovCloud no execution
    finds those of `aws`. https://github.com/aws/aws-cdk/issues/4597
    """
    if isinstance(part, dict):
        return {key: _in_partition(value, partition) for key, value in part.items()}
    if isinstance(part, list):
        return [_in_partition(value, partition) for value in part]
    if isinstance(part, str) and part.startswith(_INTEGRATIONS):
        return part.replace(_INTEGRATIONS, f"arn:{partition}:states:::", 1)
    return part


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
