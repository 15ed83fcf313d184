"""The state machine that an execution runs, as it was when the execution started."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A snapshot: updating a machine does not touch the executions that run."""

    arn: str
    name: str
    role_arn: str
    definition_text: str
    logging: dict[str, Any]
    tracing: dict[str, Any]
    creation_date: str
    update_date: str

    @property
    def definition(self) -> dict[str, Any]:
        """The definition as JSON; it was checked when the machine was created."""
        return json.loads(self.definition_text)
