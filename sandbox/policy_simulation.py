"""SimulatePrincipalPolicy: what a user's or a role's policies say of calls that nobody makes.

As shipped, only the first resource is asked about, condition keys and permissions boundaries are not looked at, a role
that does not exist is denied everything, and the caller needs the right on `*`.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam

_KEY_TYPES = {
    "string", "stringList", "numeric", "numericList", "boolean", "booleanList", "ip", "ipList", "binary", "binaryList",
    "date", "dateList",
}  # fmt: skip
_UNSUPPORTED = ("PolicyInputList", "PermissionsBoundaryPolicyInputList", "PolicyExclusionList", "ResourcePolicy")
_DECISIONS = {"Allow": "allowed", "Deny": "explicitDeny", "ImplicitDeny": "implicitDeny"}

Policies = list[list[Any]]


class _RefusedError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.response = iam._error(status, code, escape(message), ns="iam")


def install() -> None:
    """Answer the call from here, and check it on the user or role that it asks about."""
    handlers: dict[str, Any] = iam._IAM_HANDLERS
    handlers["SimulatePrincipalPolicy"] = simulate
    # Whatever repair came before this one.
    extract = iam_actions.extract_resource_arn

    def resource_arn(service: str, method: str, path: str, headers: Any, body: bytes, query: Any, *place: str) -> str:
        if service == "iam" and _text(query, "Action") == "SimulatePrincipalPolicy":
            return _text(query, "PolicySourceArn")
        return extract(service, method, path, headers, body, query, *place)

    iam_actions.extract_resource_arn = resource_arn


def simulate(request: Mapping[str, Any]) -> Any:
    """A result for each action and resource, of identity policies and the boundary: of the resource's own policy AWS
    asks for users only, and only where it is told one."""
    try:
        principal = _Principal(_text(request, "PolicySourceArn"))
        actions, resources, context = _actions(request), _members(request, "ResourceArns"), _context(request)
        for name in _UNSUPPORTED:
            if _members(request, name) or _text(request, name):
                raise _RefusedError(400, "InvalidInput", f"The sandbox does not simulate {name}.")
    except _RefusedError as refused:
        return refused.response
    results = "".join(
        principal.result(action, resource, context) for action in actions for resource in resources or [None]
    )
    answer = f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"
    name = "SimulatePrincipalPolicy"
    return iam._xml(200, f"{name}Response", f"<{name}Result>{answer}</{name}Result>", ns="iam")


class _Principal:
    """The policies of a user or a role."""

    def __init__(self, arn: str) -> None:
        found = re.fullmatch(r"arn:[^:]+:iam::(?P<account>\d{12}):(?P<kind>user|role)/(?:.*/)?(?P<name>[^/]+)", arn)
        if found is None:
            raise _RefusedError(400, "InvalidInput", f"Invalid Entity Arn: {arn}")
        self._account, name = get_account_id(), found["name"]
        is_role = found["kind"] == "role"
        known = iam._roles if is_role else iam._users
        if known.get_scoped(self._account, None, name, {}).get("Arn") != arn:
            kind = "role" if is_role else "user"
            raise _RefusedError(404, "NoSuchEntity", f"The {kind} with name {name} cannot be found.")
        gather = iam_evaluator._gather_role_policies if is_role else iam_evaluator._gather_user_policies
        self._policies: Policies = gather(name, self._account)
        self._limits = iam_evaluator._permissions_boundary(known, name, self._account)
        partition = arn.split(":")[1]
        # A role acts by its sessions.
        session = f"arn:{partition}:sts::{self._account}:assumed-role/{name}/simulated"
        self._arn, self._type = (session, "AssumedRole") if is_role else (arn, "User")

    def result(self, action: str, resource: str | None, context: Mapping[str, Any]) -> str:
        """One EvaluationResult, of a resource or, for None, of all."""
        request = iam_evaluator.EvalContext(
            principal_arn=self._arn,
            principal_type=self._type,
            principal_account=self._account,
            action=action,
            resource_arn=resource or "*",
            region=get_region(),
            service_context=dict(context),
        )
        decision = _DECISIONS[iam_evaluator.evaluate(request, self._policies, *self._limits).decision]
        shown, missing = escape(resource or "*"), self._missing(context)
        specific = (
            f"<ResourceSpecificResults><member><EvalResourceName>{shown}</EvalResourceName>"
            f"<EvalResourceDecision>{decision}</EvalResourceDecision><MatchedStatements/>{missing}"
            "</member></ResourceSpecificResults>"
        )
        return (
            f"<member><EvalActionName>{escape(action)}</EvalActionName><EvalResourceName>{shown}</EvalResourceName>"
            f"<EvalDecision>{decision}</EvalDecision><MatchedStatements/>"
            # Where resources are named, each tells for itself what is missing.
            f"{missing if resource is None else '<MissingContextValues/>' + specific}</member>"
        )

    def _missing(self, context: Mapping[str, Any]) -> str:
        """The condition keys that the policies name and nobody gave."""
        layers = (self._policies, *self._limits)
        statements = [statement for layer in layers for document in layer for statement in document]
        named = {key for statement in statements for keys in statement.conditions.values() for key in keys}
        members = "".join(f"<member>{escape(key)}</member>" for key in sorted(named) if key.lower() not in context)
        return f"<MissingContextValues>{members}</MissingContextValues>"


def _actions(request: Mapping[str, Any]) -> list[str]:
    actions = _members(request, "ActionNames")
    if not actions:
        raise _RefusedError(400, "ValidationError", "Value null at 'actionNames' failed to satisfy constraint")
    for action in actions:
        if not re.fullmatch(r"[\w-]+:[\w*]+", action):
            raise _RefusedError(400, "InvalidInput", f"Invalid Input Action: {action}")
    return actions


def _context(request: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """The condition keys, with lists for those of a list's type."""
    context: dict[str, str | list[str]] = {}
    number = 1
    while name := _text(request, f"ContextEntries.member.{number}.ContextKeyName"):
        entry = f"ContextEntries.member.{number}"
        values, kind = _members(request, f"{entry}.ContextKeyValues"), _text(request, f"{entry}.ContextKeyType")
        if kind not in _KEY_TYPES:
            raise _RefusedError(400, "ValidationError", f"Value '{kind}' at 'contextKeyType' must be one of its values")
        if not kind.endswith("List") and len(values) != 1:
            raise _RefusedError(400, "InvalidInput", f"Context key {name} of type {kind} must have one value")
        context[name.lower()] = values if kind.endswith("List") else values[0]
        number += 1
    return context


def _members(request: Mapping[str, Any], name: str) -> list[str]:
    found = []
    while value := _text(request, f"{name}.member.{len(found) + 1}"):
        found.append(value)
    return found


def _text(request: Mapping[str, Any], name: str) -> str:
    value = request.get(name, "")
    return value[0] if isinstance(value, list) else value
