"""What a job does in several steps, and what it does many times over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from spec.bucket_name import bucket_name
from spec.container import ContainerSpec
from spec.expressions import expression, is_expression
from spec.forms import Form, flag, json_value, text, whole_number
from spec.model import Loc, Spec
from spec.words import UnexpectedValueError, shown

MOST_INLINE = 40
"""How many iterations of an inline Map run at the same time at most.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
"""
MOST_DISTRIBUTED = 10_000
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-map-state"""

STEP_NAME = text(
    "a step's name of up to 32 lower-case letters, digits and underscores, a letter first",
    pattern="[a-z][a-z0-9_]*",
    longest=32,
)
_PERCENT = re.compile(r"(100|[0-9]{1,2})%")


def tolerance() -> Form:
    """How many may fail: a number, or a part of them."""
    expects = "a whole number, or a percentage such as 5%"

    def read(value: Any) -> int | str:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_DISTRIBUTED:
            return value
        if isinstance(value, str) and _PERCENT.fullmatch(value):
            return value
        raise UnexpectedValueError(expects, shown(value))

    number = {"type": "integer", "minimum": 0, "maximum": MOST_DISTRIBUTED}
    return Form(expects, read, {"anyOf": [number, {"type": "string", "pattern": f"^{_PERCENT.pattern}$"}]})


def item_list() -> Form:
    """A list as it is, or an expression that gives one."""
    expects = "a list, or a JSONata expression that gives one, such as {% $list.files %}"
    any_list, any_expression = json_value(), expression("$list.files")

    def read(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return any_list.read(value)
        if is_expression(value):
            return any_expression.read(value)
        raise UnexpectedValueError(expects, shown(value))

    return Form(expects, read, {"anyOf": [{"type": "array"}, dict(any_expression.schema)]})


def task_count() -> Form:
    """A number, or an expression that gives one."""
    expects = f"a whole number from 1 to {MOST_DISTRIBUTED}, or a JSONata expression that gives one"
    any_expression = expression("$input.shards")

    def read(value: Any) -> int | str:
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_DISTRIBUTED:
            return value
        if is_expression(value):
            return any_expression.read(value)
        raise UnexpectedValueError(expects, shown(value))

    number = {"type": "integer", "minimum": 1, "maximum": MOST_DISTRIBUTED}
    return Form(expects, read, {"anyOf": [number, dict(any_expression.schema)]})


class ObjectsSpec(Spec):
    """The objects of a bucket, listed when the step begins: each an item with `Key`, `Size`, `Etag`, `LastModified`."""

    bucket: Annotated[str, bucket_name()] = Field(description="Name of the bucket; the job's machine may list it.")
    prefix: Annotated[str, text("the beginning of the objects' keys", longest=1024)] = Field(
        default="", description="What the keys begin with."
    )


class ManySpec(Spec):
    """How many of a step's tasks run at the same time, and how many of them may fail."""

    max_concurrency: Annotated[int, whole_number(1, MOST_DISTRIBUTED)] = Field(
        default=10,
        validation_alias="maxConcurrency",
        description=f"How many run at the same time. Above {MOST_INLINE} the tasks are executions of their own.",
    )
    tolerated_failures: Annotated[int | str, tolerance()] = Field(
        default=0,
        validation_alias="toleratedFailures",
        description="How many may fail, or which part of them, before the step does.",
    )
    distributed: Annotated[bool, flag()] = Field(
        default=False,
        description="Whether each is an execution of its own, in a map run: for thousands, beyond the 25,000 events of "
        "an execution's history. It is so in any case where failures are tolerated, items are taken in batches or from "
        f"a bucket, or `maxConcurrency` is above {MOST_INLINE}.",
    )

    @property
    def is_distributed(self) -> bool:
        """Whether a distributed Map does it."""
        return self.distributed or self.max_concurrency > MOST_INLINE or self.tolerated_failures not in (0, "0%")


class ForEachSpec(ManySpec):
    """Runs a step once for each item of a list. Its results are a list, in the order of the items."""

    SHORTHAND = "items"
    SHORT_FORMS = (str, list)

    items: Annotated[Any, item_list()] = Field(
        default=None, description="The items: a list, or an expression that gives one."
    )
    objects: ObjectsSpec | None = Field(default=None, description="In place of `items`: the objects of a bucket.")
    batch_size: Annotated[int, whole_number(1, MOST_DISTRIBUTED)] | None = Field(
        default=None,
        validation_alias="batchSize",
        description="How many items one task gets, as a list. Without it, one.",
    )

    @property
    def is_distributed(self) -> bool:
        return super().is_distributed or self.objects is not None or self.batch_size is not None


class CountSpec(ManySpec):
    """Runs a job's container as several tasks at once, each with its `LONGHAUL_INDEX` (from 0) and `LONGHAUL_COUNT`."""

    SHORTHAND = "tasks"
    SHORT_FORMS = (str, int)

    tasks: Annotated[int | str, task_count()] = Field(
        default=1, description="How many tasks; an expression may read the run's `$input`."
    )


class StepSpec(ContainerSpec):
    """One step: a container, another job of the stack, or steps side by side.

    A container's fields are those of a job; what a step does not say, the job says for all its steps: maps merge, lists
    and single values replace.
    """

    name: Annotated[str, STEP_NAME] = Field(
        description="Name of the step: later steps see its result under this name, with a `$` before it."
    )
    job: Annotated[str, text("the name of another job of the stack", shortest=1)] | None = Field(
        default=None,
        description="Runs another job of the stack: a run of its own, with that job's retries, timeout and `overlap`.",
    )
    parallel: tuple[StepSpec, ...] | None = Field(
        default=None, min_length=1, description="Steps that run side by side. The step ends when all have."
    )
    steps: tuple[StepSpec, ...] | None = Field(
        default=None, min_length=1, description="Within `parallel`: steps that run one after the other."
    )
    for_each: ForEachSpec | None = Field(
        default=None,
        validation_alias="forEach",
        description="Runs the step once for each item of a list, which is its `$item`; `$index` counts from 0.",
    )
    when: Annotated[str, expression("$count($list.files) > 0")] | None = Field(
        default=None, description="Runs the step only where this is true; its result is null where it is not."
    )
    input: Annotated[Any, json_value()] = Field(
        default=None,
        description="JSON the step gets as `LONGHAUL_INPUT`, with expressions for values. Without it the step gets the "
        "run's input, and with `forEach` its item.",
    )

    @property
    def is_container(self) -> bool:
        """Whether it runs a task of its own."""
        return self.job is None and self.parallel is None and self.steps is None

    @property
    def inner(self) -> tuple[StepSpec, ...]:
        """The steps within it."""
        return self.parallel or self.steps or ()


def all_steps(steps: tuple[StepSpec, ...], loc: Loc = ()) -> Iterator[tuple[Loc, StepSpec]]:
    """Steps and those within them, each with its place, as people wrote them."""
    for here, step in placed(steps, loc):
        yield here, step
        yield from all_steps(step.parallel or (), (*here, "parallel"))
        yield from all_steps(step.steps or (), (*here, "steps"))


def placed(steps: tuple[StepSpec, ...], loc: Loc) -> list[tuple[Loc, StepSpec]]:
    """Steps with their places, of a list that is at `loc`."""
    return [((*loc, index), step) for index, step in enumerate(steps)]
