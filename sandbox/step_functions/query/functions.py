"""JSONata functions that Step Functions adds or that must follow the sandbox's clock.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions-provided-by-step-functions
"""

import hashlib
import json
import math
import random
import uuid
from collections.abc import Callable
from typing import Any

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

from sandbox.step_functions.query import corrections

_MAX_RANGE_ITEMS = 1_000_000
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def bindings(now_seconds: Callable[[], float]) -> dict[str, Any]:
    """What to bind beside or instead of the built-in functions, by name without `$`; `now_seconds` is epoch seconds."""

    def millis() -> int:
        return int(now_seconds() * 1000)

    def now(picture: str | None = None, timezone: str | None = None) -> str | None:
        return Functions.datetime_from_millis(millis(), picture, timezone)

    return _FIXED | {"millis": _native(millis, "<:n>"), "now": _native(now, "<s?s?:s>")}


def _native(function: Callable[..., Any], signature: str) -> Any:
    return Jsonata.JFunction(Jsonata.JLambda(function), signature)


def _partition(array: list[Any] | None, size: float | None) -> list[list[Any]] | None:
    if array is None or size is None:
        return None
    step = math.floor(size)
    if step <= 0:
        raise ValueError("Second argument of partition function must evaluate to a positive number")
    return [array[start : start + step] for start in range(0, len(array), step)]


def _range(first: float | None, last: float | None, step: float | None) -> list[int] | None:
    if first is None or last is None or step is None:
        return None
    start, end, delta = math.floor(first), math.floor(last), math.floor(step)
    if delta == 0:
        raise ValueError("Third argument of range function cannot be zero")
    values = range(start, end + (1 if delta > 0 else -1), delta)
    if len(values) > _MAX_RANGE_ITEMS:
        raise JException("D2014", -1, len(values))
    return list(values)


def _hash(text: str | None, algorithm: str | None) -> str | None:
    if text is None or algorithm is None:
        return None
    if algorithm not in _HASHES:
        raise ValueError(f"Second argument of hash function must be one of: {', '.join(_HASHES)}")
    return hashlib.new(_HASHES[algorithm], text.encode()).hexdigest()


def _random(seed: float | None = None) -> float:
    # Not for secrets: AWS calls it pseudo-random, and a seed makes it repeat.
    return random.random() if seed is None else random.Random(math.floor(seed)).random()


def _uuid() -> str:
    return str(uuid.uuid4())


def _parse(text: str | None) -> Any:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f"The argument of the parse function must be valid JSON. {error}") from None
    return Utils.NULL_VALUE if value is None else value


def _no_eval(*_: Any) -> Any:
    """AWS leaves `$eval` out: the name is unbound, as a call of any undefined function."""
    raise JException("T1006", -1, "eval")


_FIXED = {
    "partition": _native(_partition, "<an:a>"),
    "range": _native(_range, "<nnn:a>"),
    "hash": _native(_hash, "<ss:s>"),
    "random": _native(_random, "<n?:n>"),
    "uuid": _native(_uuid, "<:s>"),
    "parse": _native(_parse, "<s:x>"),
    "number": _native(corrections.number, "<(nsb)-:n>"),
    "power": _native(corrections.power, "<n-n:n>"),
    "replace": _native(corrections.replace, "<s-(sf)(sf)n?:s>"),
    "sort": _native(corrections.sort, "<af?:a>"),
    "toMillis": _native(corrections.to_millis, "<s-s?:n>"),
    "eval": _native(_no_eval, "<sx?:x>"),
}
