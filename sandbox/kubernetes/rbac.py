"""Who may do what in a cluster, by its Roles and their bindings.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from sandbox.kubernetes.objects import Objects
from sandbox.kubernetes.refused import Refused


@dataclass(frozen=True)
class User:
    """Whom the cluster takes a caller for."""

    name: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Wish:
    """What a caller wants to do.

    Attributes:
        verb: `create`, `get`, `list`, `delete`.
        group: the API group; empty for the core's.
        resource: `jobs`, `pods`, `pods/log`.
        namespace: where.
        name: of which object; empty where a request names none.
    """

    verb: str
    group: str
    resource: str
    namespace: str
    name: str = ""


def check(objects: Objects, user: User, wish: Wish) -> None:
    """Raise Refused with 403 unless a rule of a role that is bound to the user or a group of theirs allows it."""
    if any(_allows(rule, wish) for rule in _rules(objects, user, wish.namespace)):
        return
    resource = f"{wish.resource}.{wish.group}" if wish.group else wish.resource
    named = f' "{wish.name}"' if wish.name else ""
    raise Refused(
        HTTPStatus.FORBIDDEN,
        "Forbidden",
        f'{resource.replace("/log", "")}{named} is forbidden: User "{user.name}" cannot {wish.verb} resource '
        f'"{wish.resource}" in API group "{wish.group}" in the namespace "{wish.namespace}"',
    )


def _rules(objects: Objects, user: User, namespace: str) -> Iterator[Mapping[str, Any]]:
    for binding in objects.all("ClusterRoleBinding"):
        if _binds(binding, user):
            yield from _rules_of(objects.find("ClusterRole", "", binding["roleRef"]["name"]))
    for binding in objects.all("RoleBinding", namespace):
        if _binds(binding, user):
            reference = binding["roleRef"]
            where = namespace if reference["kind"] == "Role" else ""
            yield from _rules_of(objects.find(reference["kind"], where, reference["name"]))


def _rules_of(role: Mapping[str, Any] | None) -> Iterable[Mapping[str, Any]]:
    # A binding may name a role that is not there: it grants nothing.
    return (role or {}).get("rules") or ()


def _binds(binding: Mapping[str, Any], user: User) -> bool:
    return any(
        (subject["kind"] == "User" and subject["name"] == user.name)
        or (subject["kind"] == "Group" and subject["name"] in user.groups)
        for subject in binding.get("subjects") or ()
    )


def _allows(rule: Mapping[str, Any], wish: Wish) -> bool:
    names = rule.get("resourceNames") or ()
    return (
        _has(rule.get("verbs"), wish.verb)
        and _has(rule.get("apiGroups"), wish.group)
        and _has(rule.get("resources"), wish.resource)
        # A request that names no object (create, list) is not covered by a rule for some names.
        and (not names or wish.name in names)
    )


def _has(listed: Iterable[str] | None, wanted: str) -> bool:
    return any(each in ("*", wanted) for each in listed or ())
