"""Rules of a job's steps: what may stand beside what, which names are free, which results an expression may read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from spec.container import ContainerSpec
from spec.expressions import expression_mistake, expressions_in, half_expressions_in, is_a_function, names_in
from spec.machine_size import MOST_BYTES, machine_bytes
from spec.model import Loc, Problem
from spec.step_containers import has_result
from spec.steps import ManySpec, StepSpec, all_steps, placed
from spec.words import nearest, shown

if TYPE_CHECKING:
    from spec.job import JobSpec

RESERVED = ("input", "item", "index", "failure", "states", "null", "true", "false")
"""What expressions call the run's input, an item and its number, and what failed; and Step Functions' own."""

MOST_CONTAINERS = 40
"""The definition of a state machine has at most 1 MiB, and the states of a container take some 20 KiB.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

MOST_INLINE_ITEMS = 1_900
"""A history has at most 25,000 events, and an item with a result makes 13 of them.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

_PARTS = (("steps", "steps"), ("onFailure", "on_failure"))


def problems(job: JobSpec) -> Iterator[Problem]:
    """The rules of the steps of a job, and of its count, that do not hold."""
    if job.count is not None and job.steps:
        yield Problem(("count",), "expected steps or count, found both: give a step a forEach")
    if job.on_failure and not job.steps:
        yield Problem(("onFailure",), "expected steps beside it, found none")
    steps = [found for key, field in _PARTS for found in all_steps(getattr(job, field), (key,))]
    if sum(step.is_container for _, step in steps) > MOST_CONTAINERS:
        message = f"expected at most {MOST_CONTAINERS} steps with a container, what fits into a state machine"
        yield Problem(("steps",), f"{message}, found {sum(step.is_container for _, step in steps)}")
    elif job.steps and (size := machine_bytes(job)) > MOST_BYTES:
        message = f"expected steps that fit into the {MOST_BYTES >> 10} KiB of a state machine"
        yield Problem(("steps",), f"{message}, found up to {size >> 10} KiB: have fewer of them, or shorter inputs")
    yield from _names(steps)
    known = [
        ((*loc, "forEach"), step.for_each, step.for_each.items) for loc, step in steps if step.for_each is not None
    ]
    for loc, many, number in [*known, *([(("count",), job.count, job.count.tasks)] if job.count is not None else [])]:
        yield from _fits_into_a_history(loc, many, len(number) if isinstance(number, list) else number)
    for loc, step in steps:
        yield from _kinds(loc, step)
        yield from _texts(loc, step)
    if job.count is not None:
        yield from _known_names(("count", "tasks"), job.count.tasks, {"input"}, job, {})
    where = {step.name: loc for loc, step in steps}
    found: list[Problem] = []
    _results(job, placed(job.steps, ("steps",)), {"input"}, where, found)
    for one in placed(job.on_failure, ("onFailure",)):
        # Each runs whatever came of those before it.
        _results(job, [one], {"input", "failure"}, where, found)
    yield from found


def _fits_into_a_history(loc: Loc, many: ManySpec, number: object) -> Iterator[Problem]:
    if isinstance(number, int) and number > MOST_INLINE_ITEMS and not many.is_distributed:
        message = f"expected distributed: true beside more than {MOST_INLINE_ITEMS:,} items, found {number:,}"
        yield Problem(loc, f"{message}: they do not fit into the history of one execution")


def _names(steps: list[tuple[Loc, StepSpec]]) -> Iterator[Problem]:
    seen: set[str] = set()
    for loc, step in steps:
        if step.name in seen:
            yield Problem((*loc, "name"), f"expected a name that no other step has, found {shown(step.name)} again")
        elif step.name in RESERVED:
            yield Problem((*loc, "name"), f"expected another name, found {shown(step.name)}: ${step.name} is taken")
        elif is_a_function(step.name):
            message = f"expected another name, found {shown(step.name)}: ${step.name} is a function of JSONata"
            yield Problem((*loc, "name"), message)
        seen.add(step.name)


def _kinds(loc: Loc, step: StepSpec) -> Iterator[Problem]:
    """What a step is, and that it says nothing that has no effect."""
    kinds = [kind for kind in ("job", "parallel", "steps") if getattr(step, kind) is not None]
    if len(kinds) > 1:
        yield Problem((*loc, kinds[1]), f"expected one of job, parallel and steps, found {kinds[0]} too")
        return
    if kinds == ["steps"] and "parallel" not in loc[-2:]:
        yield Problem((*loc, "steps"), "expected steps of steps within parallel only: write them one after the other")
    if kinds:
        useless = [key for key, name in ContainerSpec.yaml_keys().items() if name in step.model_fields_set]
        useless = [key for key in useless if key != "description"]
        useless += ["input"] if kinds != ["job"] and "input" in step.model_fields_set else []
        useless += ["forEach"] if kinds != ["job"] and step.for_each is not None else []
        for key in useless:
            yield Problem((*loc, key), f"expected no {key} beside {kinds[0]}, found one: it would have no effect")
    many = step.for_each
    if many is not None and (many.items is None) == (many.objects is None):
        found = "neither" if many.items is None else "both"
        yield Problem((*loc, "forEach"), f"expected items or objects, found {found}")


def _texts(loc: Loc, step: StepSpec) -> Iterator[Problem]:
    """Expressions in the places that take any JSON: their own mistakes."""
    for key in ("entrypoint", "command", "environment"):
        for place, _ in expressions_in(getattr(step, key), (*loc, key)):
            message = "expected text, found an expression: only input, when and forEach are evaluated"
            yield Problem(place, f"{message}; hand it on by the step's input")
    items = step.for_each.items if step.for_each is not None else None
    for key, value in ((("input",), step.input), (("forEach", "items"), items)):
        for place in half_expressions_in(value, (*loc, *key)):
            yield Problem(place, "expected {% ... %} as the whole text, found more around it: join texts with &")
        for place, text in expressions_in(value, (*loc, *key)):
            if (mistake := expression_mistake(text)) is not None:
                yield Problem(place, f"expected a JSONata expression, found {mistake}")


def _results(
    job: JobSpec, steps: Iterable[tuple[Loc, StepSpec]], known: set[str], where: dict[str, Loc], found: list[Problem]
) -> set[str]:
    """The names whose results are there after these steps; what is wrong with what they read goes to `found`."""
    known = set(known)
    for here, step in steps:
        for key, value, more in _read_by(step):
            found += _known_names((*here, *key), value, known | more, job, where)
        if step.parallel:
            branches = placed(step.parallel, (*here, "parallel"))
            known = known.union(*(_results(job, [branch], known, where, found) for branch in branches))
        elif step.steps:
            known = _results(job, placed(step.steps, (*here, "steps")), known, where, found)
        elif has_result(job, step):
            known.add(step.name)
    return known


def reads(job: JobSpec) -> Iterator[tuple[Loc, str]]:
    """The names that the steps of a job read, each with the place of its expression."""
    for key, field in _PARTS:
        for loc, step in all_steps(getattr(job, field), (key,)):
            for place, value, _ in _read_by(step):
                for at, text in expressions_in(value, (*loc, *place)):
                    if expression_mistake(text) is None:
                        yield from ((at, name) for name in names_in(text))


def _read_by(step: StepSpec) -> Iterator[tuple[Loc, Any, set[str]]]:
    """What a step evaluates: its place, the value, and the names that are there for it alone."""
    yield ("when",), step.when, set()
    many = step.for_each
    if many is not None:
        yield ("forEach", "items"), many.items, set()
    yield ("input",), step.input, {"item", "index"} if many is not None else set()


def _known_names(loc: Loc, value: Any, known: set[str], job: JobSpec, where: dict[str, Loc]) -> Iterator[Problem]:
    for place, text in expressions_in(value, loc):
        if expression_mistake(text) is not None:
            continue
        for name in names_in(text):
            if name not in known:
                wrong = _unknown(name, job, known, where)
                message = f"expected $input or the result of a step before it, found {wrong}"
                yield Problem(place, message, _places_of(name, where))


def _places_of(name: str, where: dict[str, Loc]) -> tuple[Loc, ...]:
    """Where it would be said that the step of that name has a result."""
    return ((*where[name], "results"), ("results",)) if name in where else ()


def _unknown(name: str, job: JobSpec, known: set[str], where: dict[str, Loc]) -> str:
    if name in where:
        key, field = next(part for part in _PARTS if part[0] == where[name][0])
        if "failure" in known:
            return f"${name}: a step that may not have run, for which of them failed is not known"
        step = next(step for loc, step in all_steps(getattr(job, field), (key,)) if loc == where[name])
        if step.inner or not has_result(job, step):
            return f"${name}, a step without results: true"
        return f"${name}, whose result cannot be there yet"
    if name in ("item", "index"):
        return f"${name}, which only the input of a step with forEach has"
    if name == "failure":
        return "$failure, which only onFailure has"
    close = nearest(name, known)
    return f"${name}" + (f": did you mean ${close}?" if close else "")
