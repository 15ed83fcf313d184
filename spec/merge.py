"""Layers of a job laid over each other: maps merge, lists and scalars replace, an empty value takes away.

Each merged value remembers the layer it came from, so that a mistake is reported where it was written.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from spec.errors import SpecError
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
            self._lay(self.value, layer.value, (), layer)

    def layer_of(self, loc: Loc) -> Written | None:
        """The layer that the value at `loc`, or the nearest part of its path, came from; None when no layer has it."""
        ends = range(len(loc), 0, -1)
        return next((self._layer_of[loc[:end]] for end in ends if loc[:end] in self._layer_of), None)

    def height_of(self, loc: Loc) -> int:
        """How high the layer is that has the value at `loc`: 0 is the lowest, -1 none."""
        layer = self.layer_of(loc)
        return -1 if layer is None else next(i for i, one in enumerate(self._layers) if one is layer)

    def drop(self, key: str) -> None:
        """Take a top-level field away."""
        self.value.pop(key, None)

    def _replace_alternatives(self, fields: Mapping[str, Any]) -> None:
        for key, other in _ALTERNATIVES.items():
            if fields.get(key) is not None and fields.get(other) is None:
                self.drop(other)

    def _lay(self, under: dict[str, Any], over: Mapping[str, Any], loc: Loc, layer: Written) -> None:
        for key, value in over.items():
            here = (*loc, key)
            if value is None and not (loc and loc[0] in _DATA):
                if under.pop(key, None) is None:
                    wanted = (
                        "expected a value, found nothing: it would take away what a lower layer says, and none says it"
                    )
                    self.errors.append(layer.error(wanted, here))
            elif isinstance(value, Mapping):
                lower = under.get(key)
                under[key] = dict(lower) if isinstance(lower, Mapping) else {}
                self._layer_of[here] = layer
                self._lay(under[key], value, here, layer)
            else:
                under[key] = value
                self._layer_of[here] = layer
