"""How the runs of many rows end: what is expected of them is the same but for a few words."""

from __future__ import annotations

from tests.scenarios.scenario import FAILS, RETRIES, STARTS, STARTS_AGAIN, SUCCEEDS, End

EXITED = (*FAILS, "Exited non-zero")
REFUSED = (*FAILS, "Refused")


def exited(attempts: int, says: str = "", code: int = 3) -> End:
    return End(
        outcome="Job.ExitedNonZero",
        attempts=attempts,
        start_retries=0,
        tasks=["on demand"] * attempts,
        path=[*STARTS, *RETRIES * (attempts - 1), *EXITED],
        says=says or f"exited with code {code} after {attempts}",
    )


def succeeded(start_retries: int, tasks: list[str], attempts: int = 1) -> End:
    return End(
        outcome="SUCCEEDED",
        attempts=attempts,
        start_retries=start_retries,
        tasks=tasks,
        path=[*STARTS, *STARTS_AGAIN * start_retries, *RETRIES * (attempts - 1), *SUCCEEDS],
    )


def refused(says: str, tasks: int = 0) -> End:
    return End(
        outcome="Job.Refused",
        attempts=1,
        start_retries=0,
        tasks=["on demand"] * tasks,
        path=[*STARTS, *REFUSED],
        says=says,
    )


def interrupted(says: str, tasks: list[str]) -> End:
    return End(
        outcome="Job.Interrupted",
        attempts=1,
        start_retries=len(tasks) - 1,
        tasks=tasks,
        path=[*STARTS, *STARTS_AGAIN * (len(tasks) - 1), *FAILS, "Interrupted"],
        says=says,
    )


def never_started(says: str, tasks: int = 0) -> End:
    return End(
        outcome="Job.NeverStarted",
        attempts=1,
        start_retries=2,
        tasks=["on demand"] * tasks,
        path=[*STARTS, *STARTS_AGAIN * 2, *FAILS, "Never started"],
        says=says,
    )
