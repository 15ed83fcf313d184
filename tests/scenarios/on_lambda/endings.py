"""How runs on Lambda end, and the stretches of states that they pass."""

from __future__ import annotations

from definitions import names
from tests.scenarios.scenario import FAILS, LOOKS, MEETS, RETRIES, STARTS, STARTS_AGAIN, SUCCEEDS, End

TWO_RETRIES = {"retries": {"attempts": 2, "finalExitCodes": [64]}}
TWO_STARTS = {"startRetries": {"attempts": 2}}

WAITS_FOR_FUNCTION = (names.WAIT_FOR_FUNCTION, names.WHOSE_FUNCTION)
WAITS_FOR_TURN = (*MEETS, names.JOIN, names.WAIT_FOR_TURN)
CLAIMS = (*MEETS, names.DISPLACE, names.STOP_OTHER, names.WAIT_FOR_TURN)
CLEARS = (*WAITS_FOR_FUNCTION, names.CLEAR, *LOOKS)
STEP_BY_STEP = (names.TAKE, "Which step is first?", "Run first", "Read first's result", "Run second", *SUCCEEDS)
EXITED = (*FAILS, "Exited non-zero")
OUT_OF_MEMORY = (*FAILS, "Ran out of memory")
REFUSED = (*FAILS, "Refused")
NEVER_STARTED = (*FAILS, "Never started")
TIMED_OUT = (*FAILS, "Timed out")


def succeeded(*path: str, attempts: int = 1, start_retries: int = 0) -> End:
    told = path or (*STARTS, *STARTS_AGAIN * start_retries, *RETRIES * (attempts - 1), *SUCCEEDS)
    return End(outcome="SUCCEEDED", attempts=attempts, start_retries=start_retries, path=told)


def failed(outcome: str, says: str, *end: str, attempts: int = 1, start_retries: int = 0) -> End:
    path = (*STARTS, *STARTS_AGAIN * start_retries, *RETRIES * (attempts - 1), *end)
    return End(outcome=outcome, attempts=attempts, start_retries=start_retries, path=path, says=says)


def refused(says: str) -> End:
    return failed("Job.Refused", says, *REFUSED)
