"""The stack's configuration as Pulumi hands it over."""

import json
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG

NAMESPACE = "longhaul"


def stack_configuration() -> dict[str, Any]:
    """All `longhaul:*` values by their key without the namespace, known or not: a misspelt key must not go unnoticed.

    Raises pulumi.RunError for an encrypted value: it would stand in plain text in a task definition.
    """
    values: dict[str, Any] = {}
    for key, value in CONFIG.get().items():
        namespace, _, name = key.partition(":")
        if namespace != NAMESPACE:
            continue
        if pulumi.runtime.is_config_secret(key):
            raise pulumi.RunError(
                f"{key}: expected no encrypted value, because a job's definition is stored in plain text; "
                "put the secret into Secrets Manager or SSM Parameter Store and name it under the job's `secrets`"
            )
        values[name] = _decode(value)
    return values


def _decode(value: str) -> Any:
    # Pulumi gives text for a scalar and JSON for everything else, and does not say which of the two it is.
    try:
        return json.loads(value)
    except ValueError:
        return value
