"""Any job of steps that the spec accepts, as a hypothesis strategy: each step reads only what is there by then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from spec.job import JobSpec
from tests.definitions.strategies import json_values, retries

Draw = Callable[[st.SearchStrategy[Any]], Any]

_MOST_STEPS = 9
_FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "timeout": st.sampled_from(["1s", "90m"]),
        "retries": retries,
        "startRetries": st.fixed_dictionaries({"attempts": st.integers(1, 5)}),
        "capacity": st.sampled_from([{"spot": True}, {"spot": True, "onDemandAfter": 1}]),
        "permissions": st.just([{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::sales/*"]}]),
        "description": st.sampled_from(["adds up", '"{% none %}"']),
    },
)
_MANY = st.fixed_dictionaries(
    {},
    optional={
        "maxConcurrency": st.sampled_from([1, 40, 41]),
        "toleratedFailures": st.sampled_from([0, 3, "0%", "5%"]),
        "distributed": st.booleans(),
        "batchSize": st.sampled_from([1, 10_000]),
    },
)


class _Maker:
    """Draws steps; `known` are the names that an expression may read."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._left = draw(st.integers(1, _MOST_STEPS))
        self._names = iter(range(100))

    def steps(self, known: list[str], depth: int = 0) -> tuple[list[dict[str, Any]], list[str]]:
        """Steps one after the other, and the names that are known after them."""
        made = []
        for _ in range(self._draw(st.integers(1, 3 if depth else _MOST_STEPS))):
            if made and self._left <= 0:
                break
            step, results = self.step(known, depth)
            made.append(step)
            known = [*known, *results]
        return made, known

    def step(self, known: list[str], depth: int) -> tuple[dict[str, Any], list[str]]:
        """A step, and the names of the results that are there after it."""
        self._left -= 1
        step: dict[str, Any] = {"name": f"s{next(self._names)}"}
        if self._draw(st.booleans()):
            step["when"] = f"{{% $exists({self._read(known)}) %}}"
        kinds = ["container", "container", "for each", "job", *(["parallel"] if depth < 3 and self._left > 0 else [])]
        kind = self._draw(st.sampled_from(kinds))
        if kind == "parallel":
            return self._parallel(step, known, depth)
        item = []
        if kind == "for each" or (kind == "job" and self._draw(st.booleans())):
            step["forEach"], item = self._for_each(known), ["item", "index"]
        if self._draw(st.booleans()):
            step["input"] = self._draw(self._values([*known, *item]))
        if kind == "job":
            return {**step, "job": "other"}, [step["name"]]
        step |= self._draw(_FIELDS)
        step["results"] = self._draw(st.booleans())
        return step, [step["name"]] if step["results"] else []

    def _parallel(self, step: dict[str, Any], known: list[str], depth: int) -> tuple[dict[str, Any], list[str]]:
        branches, found = [], []
        for _ in range(self._draw(st.integers(1, 3))):
            if self._draw(st.booleans()):
                inner, after = self.steps(known, depth + 1)
                branches.append({"name": f"s{next(self._names)}", "steps": inner})
                found += after[len(known) :]
            else:
                branch, results = self.step(known, depth + 1)
                branches.append(branch)
                found += results
        return {**step, "parallel": branches}, found

    def _for_each(self, known: list[str]) -> dict[str, Any]:
        of = st.sampled_from([{"items": ["a", ["b"], {}]}, {"items": f"{{% {self._read(known)} %}}"}])
        return {
            **self._draw(of | st.just({"objects": {"bucket": "sales", "prefix": "in/"}})),
            **self._draw(_MANY),
        }

    def _read(self, known: list[str]) -> str:
        return f"${self._draw(st.sampled_from(known))}.some[0]"

    def _values(self, known: list[str]) -> st.SearchStrategy[Any]:
        expressions = st.sampled_from(known).map(lambda name: f"{{% [${name}, '%'] %}}")
        plain = json_values.filter(lambda value: "{%" not in repr(value) and "%}" not in repr(value))
        return st.recursive(
            expressions | plain,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
            max_leaves=4,
        )


@st.composite
def jobs_of_steps(draw: Draw) -> JobSpec:
    """A job of steps that is well formed."""
    maker = _Maker(draw)
    steps, _ = maker.steps(["input"])
    fields: dict[str, Any] = {
        "name": "nightly",
        "image": "public.ecr.aws/docker/library/alpine:3.22",
        "overlap": draw(
            st.sampled_from(["skip", "queue", "replace", "allow", {"policy": "allow", "oncePerTime": True}])
        ),
        "steps": steps,
        "input": draw(json_values),
        "results": draw(st.booleans()),
    }
    if draw(st.booleans()):
        # Each runs whatever came of those before it, and so reads none of them.
        number = draw(st.integers(1, 3))
        fields["onFailure"] = [maker.step(["input", "failure"], depth=0)[0] for _ in range(number)]
    return JobSpec.model_validate(fields)
