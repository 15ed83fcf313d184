"""What all models of the spec share."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator

from spec.forms import Reading
from spec.words import path_text

Loc = tuple[str | int, ...]
"""A path of YAML keys and list indexes."""


@dataclass(frozen=True)
class Problem:
    """A rule between several fields that does not hold.

    `loc`: the path of the field to blame, in YAML keys. `others`: the paths of the other fields the rule looks at.
    Where one of all these is wrong by itself, the rule has nothing to say.
    """

    loc: Loc
    message: str
    others: tuple[Loc, ...] = ()

    def concerns(self, wrong: Collection[Loc]) -> bool:
        """Whether the rule looks at one of these fields, at a part of one, or at what holds one."""
        return any(loc[: len(other)] == other[: len(loc)] for loc in (self.loc, *self.others) for other in wrong)


class Spec(BaseModel):
    """A frozen model: camelCase keys in YAML, snake_case in Python, unknown keys refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_alias=True,
        validate_by_name=True,
        # A value may be a secret that someone put in the wrong place.
        hide_input_in_errors=True,
    )

    NOT_WRITTEN: ClassVar[frozenset[str]] = frozenset()
    """Attributes that the loader knows and people do not write."""
    SHORTHAND: ClassVar[str | None] = None
    """The YAML key that a text in place of the whole map stands for; None: a map it must be."""
    SHORT_FORMS: ClassVar[tuple[type, ...]] = (str,)
    """What may stand there in place of the map: the kinds of value that the key takes."""

    @classmethod
    def yaml_keys(cls) -> dict[str, str]:
        """YAML key to the name of the Python attribute, in the order of the reference."""
        written = ((name, field) for name, field in cls.model_fields.items() if name not in cls.NOT_WRITTEN)
        return {_key(name, field.validation_alias): name for name, field in written}

    @classmethod
    def from_yaml(cls, value: Any) -> Self:
        """Read what is written in YAML, by its keys, each field by itself.

        Rules between fields are left to the caller, who knows where each was written. Raises ValidationError.
        """
        return cls.model_validate(value, context=Reading(partial=True), by_alias=True, by_name=False)

    def problems(self) -> Iterable[Problem]:
        """The rules between several fields that do not hold; overridden by models that have such rules."""
        return ()

    @model_validator(mode="before")
    @classmethod
    def _read_shorthand(cls, value: Any) -> Any:
        short = isinstance(value, cls.SHORT_FORMS) and not isinstance(value, bool)
        return {cls.SHORTHAND: value} if cls.SHORTHAND is not None and short else value

    @model_validator(mode="after")
    def _check_rules_between_fields(self, info: ValidationInfo) -> Self:
        if isinstance(info.context, Reading) and info.context.partial:
            return self
        if problems := list(self.problems()):
            raise ValueError("; ".join(f"{path_text(problem.loc)}: {problem.message}" for problem in problems))
        return self


def _key(name: str, alias: Any) -> str:
    return alias if isinstance(alias, str) else name
