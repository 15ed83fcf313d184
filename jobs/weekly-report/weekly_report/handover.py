"""What a step gets from those before it, and what it leaves for those after it: JSON."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from weekly_report.outcome import Exit, JobError


def read_input(s3: Any, environment: Mapping[str, str]) -> Any:
    """The step's input: in LONGHAUL_INPUT or, where it is longer than ECS takes, where LONGHAUL_INPUT_URL says."""
    if "LONGHAUL_INPUT_URL" in environment:
        bucket, key = _place(environment, "LONGHAUL_INPUT_URL")
        text = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    else:
        text = environment.get("LONGHAUL_INPUT") or "null"
    try:
        return json.loads(text)
    except ValueError as error:
        raise JobError(Exit.USAGE, f"LONGHAUL_INPUT: expected JSON, found text that is not ({error})") from None


def leave(s3: Any, environment: Mapping[str, str], result: Any) -> None:
    """Leaves the step's result."""
    bucket, key = _place(environment, "LONGHAUL_RESULT_URL")
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(result, separators=(",", ":")).encode())


def _place(environment: Mapping[str, str], name: str) -> tuple[str, str]:
    url = urlsplit(environment.get(name, ""))
    if url.scheme != "s3":
        raise JobError(Exit.USAGE, f"{name}: expected s3://BUCKET/KEY, found {environment.get(name)!r}")
    return url.netloc, url.path[1:]
