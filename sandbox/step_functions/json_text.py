"""JSON as Step Functions writes it into histories, inputs and outputs."""

import json
from typing import Any

MAX_PAYLOAD_BYTES = 262_144
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-task-executions"""


def to_text(value: Any) -> str:
    """A JSON value as compact text."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def exceeds_payload_limit(text: str) -> bool:
    """Whether a payload is larger than the 256 KiB of UTF-8 that a state may take or give."""
    return len(text) * 4 > MAX_PAYLOAD_BYTES and len(text.encode()) > MAX_PAYLOAD_BYTES
