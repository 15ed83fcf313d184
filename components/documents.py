"""AWS documents as JSON text, once the parts they are written with are known."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pulumi import Input, Output


def document(build: Callable[..., Mapping[str, Any]], **parts: Input[Any]) -> Output[str]:
    """The JSON text of `build(**parts)`.

    All parts are awaited together: one Output for a document costs a quarter of one for each value inside it.
    """
    return Output.all(**parts).apply(lambda known: json.dumps(build(**known)))
