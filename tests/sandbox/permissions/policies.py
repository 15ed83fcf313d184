"""A policy taken apart: every action, resource and condition that it grants something by, and the policy without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """What a policy can do without, or cannot.

    Attributes:
        statement: its place among the policy's statements: 0, 1, ...
        action: the action that is no longer allowed.
        resource: the resource on which it is no longer allowed; "" is all of the statement's.
        condition: operator, key and value. The value is another from then on, or gone where there are several.
    """

    statement: int
    action: str
    resource: str = ""
    condition: tuple[str, str, str] | None = None

    def __str__(self) -> str:
        where = f" on {self.resource}" if self.resource else ""
        when = f" where {' '.join(self.condition)}" if self.condition else ""
        return f"{self.action}{where}{when}"


def parts(document: Document) -> Iterator[Part]:
    """Each action of each statement; each of several resources for itself; each value of each condition."""
    for index, statement in enumerate(document["Statement"]):
        resources = listed(statement.get("Resource", []))
        for action in listed(statement["Action"]):
            for resource in resources if len(resources) > 1 else [""]:
                yield Part(index, action, resource)
            for operator, keys in statement.get("Condition", {}).items():
                for key, values in keys.items():
                    for value in listed(values):
                        yield Part(index, action, condition=(operator, key, value))


def without(document: Document, part: Part) -> Document:
    """The policy without the part, and otherwise the same."""
    statements = list(document["Statement"])
    whole = statements[part.statement]
    others = [action for action in listed(whole["Action"]) if action != part.action]
    left = [{**whole, "Action": others}] if others else []
    if part.resource:
        resources = [resource for resource in listed(whole["Resource"]) if resource != part.resource]
        left.append({**whole, "Action": part.action, "Resource": resources})
    if part.condition:
        left.append({**whole, "Action": part.action, "Condition": _otherwise(whole["Condition"], *part.condition)})
    statements[part.statement : part.statement + 1] = left
    return {**document, "Statement": statements}


def listed(value: str | list[str]) -> list[str]:
    """IAM's one or many, as many."""
    return [value] if isinstance(value, str) else value


def _otherwise(conditions: Mapping[str, Any], operator: str, key: str, value: str) -> Mapping[str, Any]:
    others = [each for each in listed(conditions[operator][key]) if each != value]
    return {**conditions, operator: {**conditions[operator], key: others or f"{value}-other"}}
