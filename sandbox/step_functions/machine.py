"""The state machine that an execution runs, as it was when the execution started."""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sandbox.step_functions.json_text import to_text


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A snapshot: updating a machine does not touch the executions that run.

    `label` is that of the Map state whose processor this is, None for a machine of its own. `is_express`: its
    executions last five minutes at most, and nobody can stop them or read their histories.
    """

    arn: str
    name: str
    role_arn: str
    definition_text: str
    logging: dict[str, Any]
    tracing: dict[str, Any]
    creation_date: str
    update_date: str
    label: str | None = None
    is_express: bool = False

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The definition as JSON, which nobody changes; it was checked when the machine was created."""
        return json.loads(self.definition_text)

    @property
    def created_arn(self) -> str:
        """The ARN of the machine that was created, which a processor is a part of."""
        return self.arn.partition("/")[0]

    @property
    def created_name(self) -> str:
        """The name of that machine."""
        return self.name.partition("/")[0]

    def processor(self, label: str, definition: dict[str, Any]) -> "Machine":
        """What the child executions of a Map Run execute."""
        return replace(
            self,
            arn=f"{self.created_arn}/{label}",
            name=f"{self.created_name}/{label}",
            definition_text=to_text(definition),
            label=label,
            is_express=definition["ProcessorConfig"]["ExecutionType"] == "EXPRESS",
        )
