"""JSON as it is sent to AWS, where every character counts."""

import json
from typing import Any


def compact(value: Any) -> str:
    """A value as JSON text without spaces, characters outside ASCII as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
