"""The rows of results: what a container leaves and what becomes of it."""

from __future__ import annotations

from pathlib import Path

from definitions import names
from tests.scenarios.endings import EXITED
from tests.scenarios.scenario import FAILS, STARTS, SUCCEEDS, TRIES, End, Scenario, one_run
from tests.scenarios.scene import REDRIVEN
from tests.scenarios.steps import (
    ENDS_WITH_0_ON_SIGTERM,
    ends,
    gives_rights_back,
    is_ready,
    redrives,
    start,
    stops_task,
    without,
)

RESULTS = {"results": True}
RETRIED = {**RESULTS, "retries": {"attempts": 1}}

READS = (names.TAKE, names.RUN, names.READ_RESULT)
INVALID = (names.DECIDE, *FAILS, "Left no valid result")


def leaves(*arguments: str) -> str:
    return f"python {Path(__file__).with_name('leave.py')} {' '.join(arguments)}"


def read(says: str, *path: str, attempts: int = 1) -> End:
    return End(
        outcome="SUCCEEDED",
        attempts=attempts,
        start_retries=0,
        tasks=["on demand"] * attempts,
        path=path or (*READS, *SUCCEEDS),
        says=says,
    )


def invalid(says: str, *path: str) -> End:
    return End(
        outcome="Job.InvalidResult",
        attempts=1,
        start_retries=0,
        tasks=["on demand"],
        path=path or (*READS, *INVALID),
        says=f"exited with code 0 in {says}",
    )


SCENARIOS = [
    one_run(
        "the job leaves a result", read('"result":{"rows":896}'), script=leaves("""'{"rows": 896}'"""), job=RESULTS
    ),
    one_run(
        "the job leaves a result, and its runs may overlap",
        read('"result":[1,null]', names.RUN, names.READ_RESULT, names.SUCCEEDED),
        script=leaves("'[1, null]'"),
        job={**RESULTS, "overlap": "allow"},
    ),
    one_run(
        "the job leaves a result at its second attempt",
        read('"result":2', names.TAKE, *TRIES, names.WAIT_TO_RETRY, *READS[1:], *SUCCEEDS, attempts=2),
        script=f"[ $LONGHAUL_ATTEMPT -ge 2 ] || exit 3; {leaves('2')}",
        job=RETRIED,
    ),
    one_run(
        "the job leaves a result at its first attempt, which fails, and none at its second",
        End(
            outcome="Job.InvalidResult",
            attempts=2,
            start_retries=0,
            tasks=["on demand"] * 2,
            path=[names.TAKE, *TRIES, names.WAIT_TO_RETRY, *READS[1:], *INVALID],
            says="exited with code 0 in attempt 2 of 2 and left no result at s3://scenes-dev-results-",
        ),
        script=f"[ $LONGHAUL_ATTEMPT -ge 2 ] || {{ {leaves('1')}; exit 3; }}",
        job=RETRIED,
    ),
    one_run("the job leaves no result", invalid("its only attempt and left no result at s3://"), job=RESULTS),
    one_run(
        "the job leaves the longest result",
        read('"result":"xxxxxxx', *READS, *SUCCEEDS),
        script=leaves("131072", "120"),
        job=RESULTS,
    ),
    one_run(
        "the job leaves a result that is a byte too long",
        invalid("its only attempt and left a result of 131073 bytes, of at most 131,072, at s3://"),
        script=leaves("131073", "120"),
        job=RESULTS,
    ),
    one_run(
        "the job leaves a result that is too long as text",
        invalid("its only attempt and left a result that is too long for Step Functions to read at s3://"),
        script=leaves("131072", "1"),
        job=RESULTS,
    ),
    one_run(
        "the job leaves a result that is not JSON, which is not tried again",
        invalid("attempt 1 of 2 and left a result that is not JSON at s3://"),
        script=leaves("'896 rows'"),
        job=RETRIED,
    ),
    one_run(
        "the job leaves an empty result",
        invalid("its only attempt and left a result that is not JSON at", *READS, names.READ_WHOLE, *INVALID),
        script=leaves("''"),
        job=RESULTS,
    ),
    one_run(
        "the job has a result and exits with 3",
        End(
            outcome="Job.ExitedNonZero",
            attempts=1,
            start_retries=0,
            tasks=["on demand"],
            path=[*STARTS, *EXITED],
            says="exited with code 3",
        ),
        script=f"{leaves('1')}; exit 3",
        job=RESULTS,
    ),
    one_run(
        "somebody stops the task of a job with results, and it exits with 0: no success",
        End(
            outcome="Job.Stopped",
            attempts=1,
            start_retries=0,
            tasks=["on demand"],
            path=[*READS, names.DECIDE, *FAILS, "Stopped"],
            says="was stopped by a person or a tool",
        ),
        script=ENDS_WITH_0_ON_SIGTERM,
        after=[is_ready(), stops_task()],
        job=RESULTS,
    ),
    Scenario(
        name="redrive: a result that could not be read is read then, without another task",
        jobs={"job": RESULTS},
        steps=[
            without("s3:GetObject"),
            start(script=leaves("7")),
            ends(),
            gives_rights_back,
            redrives("run"),
        ],
        ends={"run": read('"result":7', *READS, REDRIVEN, *SUCCEEDS)},
    ),
]
