"""Runs of a job that would run at the same time: who goes on, who waits, who is left out."""

from typing import Annotated, Literal

from pydantic import Field

from spec.forms import choice, flag, text, whole_number
from spec.model import Spec

OverlapPolicy = Literal["skip", "queue", "replace", "allow"]


class OverlapSpec(Spec):
    """What a run does while another one of the same job, or of its group, runs: a policy alone, or a map."""

    SHORTHAND = "policy"

    policy: Annotated[OverlapPolicy, choice("skip", "queue", "replace", "allow")] = Field(
        default="skip",
        description="`skip`: it ends at once, as succeeded, and says why. `queue`: it waits, first come first served. "
        "`replace`: it stops the other one. `allow`: both run.",
    )
    group: (
        Annotated[
            str,
            text(
                "a group's name of up to 64 lower-case letters, digits and single hyphens, a letter first",
                pattern="[a-z][a-z0-9]*(?:-[a-z0-9]+)*",
                longest=64,
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="Jobs of the stack that name the same group do not run at the same time as each other either; "
        "each has its own policy for that.",
    )
    queue_limit: Annotated[int, whole_number(1, 500)] = Field(
        default=100,
        validation_alias="queueLimit",
        description="With `queue`: how many runs may be there, the running one included; one more is skipped.",
    )
    once_per_time: Annotated[bool, flag()] = Field(
        default=False,
        validation_alias="oncePerTime",
        description="With `allow`: a scheduled time that is delivered twice, which AWS does not rule out, starts one "
        "run. The other policies always see to that.",
    )

    @property
    def is_exclusive(self) -> bool:
        """Whether a run needs the lock before it starts."""
        return self.policy != "allow"

    @property
    def needs_table(self) -> bool:
        """Whether a run needs the stack's lock table at all."""
        return self.is_exclusive or self.once_per_time
