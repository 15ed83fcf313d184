"""The names of the states of steps: what an operator reads in an execution's history."""

from collections.abc import Iterable
from dataclasses import astuple

from definitions.attempts import AttemptNames

FIRST = "Which step is first?"
WHAT_FAILED = "What failed?"
FAILED = "Failed"


def of_step(step: str) -> AttemptNames:
    """Of the states that run a step's container."""
    return AttemptNames(
        run=run_step(step),
        read_result=f"Read {step}'s result",
        read_whole=f"Read {step}'s whole result",
        let_it_stop=f"Let {step}'s task stop",
        list_stopped=f"Look for {step}'s task",
        describe_stopped=f"Look at {step}'s task",
        is_it_found=f"Is {step}'s among them?",
        decide=f"How did {step} end?",
        wait_to_retry=f"Wait before {step}'s next attempt",
        wait_to_start=f"Wait before starting {step} again",
    )


def run_step(step: str) -> str:
    """Of the state that runs a step: its container, another job, or steps side by side."""
    return f"Run {step}"


def run_many(step: str) -> str:
    """Of the Map around a step."""
    return f"Run {step} for each item"


def put_input(step: str) -> str:
    """Of the state that puts a large input into S3."""
    return f"Put {step}'s input into S3"


def is_needed(step: str) -> str:
    """Of the choice whether a step is run."""
    return f"Is {step} needed?"


def not_needed(step: str) -> str:
    """Of the end of a branch whose last step is not run."""
    return f"{step} is not needed"


def failed(step: str) -> str:
    """Of the end of a branch, or of the execution, in which a step failed."""
    return f"{step} failed"


def frames(steps: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The parts of a machine with these steps, as its diagram frames them."""
    return {
        f"The step {step}": (is_needed(step), *astuple(of_step(step)), put_input(step), not_needed(step), failed(step))
        for step in steps
    }
