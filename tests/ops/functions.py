"""A deployed stack of jobs on Lambda: real invocations of real programs."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from sandbox.local_aws import LocalAws
from tests.ops.operated import OBEYS, Operated, deployed

_OBEYING = {
    "image": "example.com/obeys:1",
    "entrypoint": [sys.executable, "-c", OBEYS],
    "runOn": "lambda",
    "timeout": "1m",
    "overlap": "allow",
}
JOBS: dict[str, Any] = {
    "obeys": _OBEYING | {"retries": {"attempts": 1, "interval": "1m", "finalExitCodes": [64]}},
    "short": _OBEYING | {"timeout": "3s"},
    "alone": _OBEYING | {"overlap": "skip"},
    "stepped": _OBEYING
    | {
        "steps": [
            {"name": "first", "input": "{% $input.first %}"},
            {"name": "one", "forEach": "{% $input.items %}", "input": "{% $item %}"},
        ]
    },
}


class Functions(Operated):
    """A deployed stack, `acme`'s `functions`."""

    name = "functions"

    def until_cut_off(self) -> None:
        """Have functions that outlived their runs come to their timeouts: as long as they work, no clock jumps."""
        clock = self.local_aws.clock
        clock.speed = 10_000.0
        clock.wait_idle()
        clock.speed = 1.0


@cache
def functions_stack(local_aws: LocalAws) -> Functions:
    """The stack, deployed when it is first asked for."""
    return deployed(local_aws, Functions, JOBS)
