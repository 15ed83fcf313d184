"""What the record of an execution said some time ago."""

from typing import Any

from sandbox.step_functions.history import epoch

_NOT_ENDED = {"status": "RUNNING", "stopDate": None, "output": None, "error": None, "cause": None}


def as_of(record: dict[str, Any], moment: float) -> dict[str, Any] | None:
    """The record as it was at `moment` (epoch seconds); None if there was no such execution yet."""
    while epoch(record["redriveDate"] or record["startDate"]) > moment:
        if record["before"] is None:
            return None
        record = {**record, **record["before"]}
    is_over = record["stopDate"] is not None and epoch(record["stopDate"]) <= moment
    return record if is_over else {**record, **_NOT_ENDED}
