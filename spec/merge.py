"""Layers of a job laid over each other: maps merge, lists and scalars replace, an empty value takes away.

A map also completes a text that is short for one.

Each merged value remembers the layer it came from, so that a mistake is reported where it was written.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from spec.errors import SpecError
from spec.fields import model_at
from spec.job import JobSpec
from spec.model import Loc
from spec.yaml_file import Written

# One replaces the other across layers: a stack may run an image where the job's folder says how to build one.
_ALTERNATIVES = {"image": "build", "build": "image"}
# Inside these, an empty value is data.
_DATA = ("input",)


class Merged:
    """The fields of a job from several layers, with the layer of each."""

    def __init__(self, layers: Iterable[Written]) -> None:
        """Lay `layers`, maps all of them, over each other, the lowest first."""
        self.value: dict[str, Any] = {}
        self.errors: list[SpecError] = []
        self._layers = tuple(layers)
        self._layer_of: dict[Loc, Written] = {}
        for layer in self._layers:
            self._replace_alternatives(layer.value)
            self._leave_other_place(layer.value)
            self._lay(self.value, layer.value, (), layer)

    def layer_of(self, loc: Loc) -> Written | None:
        """The layer that the value at `loc`, or the nearest part of its path, came from; None when no layer has it."""
        ends = range(len(loc), 0, -1)
        return next((self._layer_of[loc[:end]] for end in ends if loc[:end] in self._layer_of), None)

    def height_of(self, loc: Loc) -> int:
        """How high the layer is that has the value at `loc`: 0 is the lowest, -1 none."""
        layer = self.layer_of(loc)
        return -1 if layer is None else next(i for i, one in enumerate(self._layers) if one is layer)

    def written(self, loc: Loc) -> Any:
        """The value at a path of keys; None when no layer has it."""
        value: Any = self.value
        for key in loc:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def drop(self, loc: Loc) -> None:
        """Take the field at a path of keys away."""
        above = self.written(loc[:-1])
        if isinstance(above, dict):
            above.pop(loc[-1], None)
            self._forget(loc)

    def _replace_alternatives(self, fields: Mapping[str, Any]) -> None:
        for key, other in _ALTERNATIVES.items():
            if fields.get(key) is not None and fields.get(other) is None:
                self.drop((other,))

    def _leave_other_place(self, fields: Mapping[str, Any]) -> None:
        """A place of another kind takes nothing from the one below: each kind has fields of its own."""
        over, under = fields.get("runOn"), self.written(("runOn",))
        if not isinstance(over, Mapping) or not isinstance(under, Mapping):
            return
        kinds = (over.get("kind"), under.get("kind"))
        if None not in kinds and kinds[0] != kinds[1]:
            self.drop(("runOn",))

    def _lay(self, under: dict[str, Any], over: Mapping[str, Any], loc: Loc, layer: Written) -> None:
        for key, value in over.items():
            here = (*loc, key)
            if value is None and not (loc and loc[0] in _DATA):
                if under.pop(key, None) is None:
                    wanted = (
                        "expected a value, found nothing: it would take away what a lower layer says, and none says it"
                    )
                    self.errors.append(layer.error(wanted, here))
                self._forget(here)
            elif isinstance(value, Mapping):
                under[key] = self._as_map(under.get(key), here)
                self._layer_of[here] = layer
                self._lay(under[key], value, here, layer)
            else:
                under[key] = value
                self._forget(here)
                self._layer_of[here] = layer

    def _as_map(self, lower: Any, here: Loc) -> dict[str, Any]:
        """What a map is laid over: a map, or the text that stands for one of its keys."""
        if isinstance(lower, Mapping):
            return dict(lower)
        model = model_at(JobSpec, here)
        if not isinstance(lower, str) or model is None or model.SHORTHAND is None:
            self._forget(here)
            return {}
        self._layer_of[(*here, model.SHORTHAND)] = self._layer_of[here]
        return {model.SHORTHAND: lower}

    def _forget(self, loc: Loc) -> None:
        """Forget who said what is at a path or below it."""
        for known in [known for known in self._layer_of if known[: len(loc)] == loc]:
            del self._layer_of[known]
