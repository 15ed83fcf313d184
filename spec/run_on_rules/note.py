"""What is right and still worth a word."""

from dataclasses import dataclass

from spec.model import Loc


@dataclass(frozen=True)
class Note:
    """`loc`: the path of the field, in YAML keys; `message`: what is to be known about it."""

    loc: Loc
    message: str
