"""Repairs of who may do what: MiniStack's callers, and the resources and actions that their calls are checked on."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import iam, sts

from sandbox import eks_permissions, permissions
from sandbox.identity import FUNCTION_ARN

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws


def only_the_admin_is_root(_aws: LocalAws) -> None:
    """As shipped, the access key `test` and any number of 12 digits are root, and root's signatures are not checked."""

    def is_root_access_key(access_key_id: str) -> bool:
        return access_key_id in ("", os.environ["AWS_ACCESS_KEY_ID"])

    iam_evaluator.is_root_access_key = is_root_access_key
    sts.is_root_access_key = is_root_access_key
    # The question that decides whether a signature is looked at.
    iam_evaluator._is_root_key = lambda access_key_id: not access_key_id


def denials_name_the_resource(_aws: LocalAws) -> None:
    """As shipped, most services' AccessDenied leaves out the resource that AWS names."""

    def named(service: str, action: str, principal_arn: str, request_id: str, **details: Any) -> Any:
        policy_denies = details.get("explicit_deny") and details.get("resource_policy_arn")
        if not (details.get("message") or details.get("error_code") or policy_denies or service == "ec2"):
            resource = details.get("resource_arn", "*")
            explicit = details.get("explicit_deny", False)
            details["message"] = iam_actions.identity_denial_message(
                action, principal_arn, f'"{resource}"' if service == "s3" else resource, explicit
            )
        return _access_denied_response(service, action, principal_arn, request_id, **details)

    iam_actions.access_denied_response = named


def callers_are_remembered(_aws: LocalAws) -> None:
    """As shipped, a handler cannot tell with which key its request was signed, so it cannot ask about PassRole."""
    iam_evaluator.pin_request_caller = permissions.pin_request_caller


def calls_are_checked_on_what_they_name(_aws: LocalAws) -> None:
    """As shipped, many calls are checked on another resource than on AWS, or on `*`, and ECS has no key `ecs:cluster`.

    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """

    def resource_arn(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        named = permissions.named_resources(service, _action(headers), body, region, account_id)
        if service == "scheduler":
            named = filter(None, [permissions.schedule_resource(path, query_params, body, region, account_id)])
        if service == "lambda":
            named = filter(None, [permissions.function_resource(path, query_params, body, region, account_id)])
        if service == "eks":
            named = filter(None, [eks_permissions.resource(path, region, account_id)])
        for resource in named:
            return resource
        return _extract_resource_arn(service, method, path, headers, body, query_params, region, account_id)

    def context(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        keys = _request_tag_context(service, iam_action, body, params)
        if service == "ecs":
            keys |= permissions.ecs_context(iam_action.partition(":")[2], body)
        if service == "eks":
            keys |= eks_permissions.context(iam_action.partition(":")[2], body)
        return keys

    def further(service: str, headers: dict[str, str], body: bytes) -> str | None:
        action = _action(headers)
        keys = permissions.ecs_context(action, body) if service == "ecs" else {}
        named = permissions.named_resources(service, action, body, get_region(), get_account_id())
        denials = (permissions.caller_denial(f"{service}:{action}", resource, keys) for resource in named[1:])
        return next(filter(None, denials), None)

    def logs_context(action: str, body: bytes, resource: str, region: str, account_id: str) -> dict[str, Any]:
        return _logs_service_context(action, body, permissions.log_group_arn(resource), region, account_id)

    iam_actions.extract_resource_arn = resource_arn
    iam_actions.request_tag_context = context
    iam_actions.logs_service_context = logs_context
    # MiniStack asks about one resource of a call.
    for service in ("ecs", "ssm"):
        _check_before(service, lambda _method, headers, body, service=service: further(service, headers, body))


def calls_are_checked_for_their_own_action(_aws: LocalAws) -> None:
    """As shipped, most calls of Lambda need the right to another one or none, and batches one that IAM does not know.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
    """
    # So that the model of its API tells the operation, as of other services.
    iam_actions._BOTOCORE_SERVICE_MAP["lambda"] = ["lambda"]
    iam_actions._lambda_action = lambda _method, _path: None

    def action(service: str, *request: Any) -> str | None:
        found = _extract_iam_action(service, *request)
        return found and permissions.ACTIONS_OF_OPERATIONS.get(found, found)

    iam_actions.extract_iam_action = action


def arns_are_compared_part_by_part(_aws: LocalAws) -> None:
    """As shipped, a wildcard in the ARN of a condition reaches over colons: AWS compares six parts, each for itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """

    def like(actual: str, expected: str) -> bool:
        parts, patterns = actual.split(":", 5), expected.split(":", 5)
        return len(parts) == len(patterns) and all(map(iam_evaluator.fnmatch_iam_cs, parts, patterns))

    for operator in ("arnequals", "arnlike"):
        iam_evaluator._CONDITION_OPS[operator] = like
    for operator in ("arnnotequals", "arnnotlike"):
        iam_evaluator._CONDITION_OPS[operator] = lambda actual, expected: not like(actual, expected)


def the_principal_of_a_session_is_its_role(_aws: LocalAws) -> None:
    """As shipped, `aws:PrincipalArn` is the session's ARN: on AWS it is the role's.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """

    def resolve(key: str, context: Any) -> Any:
        if key.lower() == "aws:principalarn" and context.principal_type == "AssumedRole":
            name = iam_evaluator._role_name_from_assumed_arn(context.principal_arn)
            role = iam._roles.get_scoped(context.principal_account, None, name)
            return role and role["Arn"]
        return _resolve_condition_key(key, context)

    iam_evaluator._resolve_condition_key = resolve


def calls_of_functions_say_so(_aws: LocalAws) -> None:
    """As shipped, nothing tells a call of a Lambda function's code: on AWS it has `lambda:SourceFunctionArn`.

    https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
    """

    def keys(credential: Any) -> dict[str, Any]:
        function_arn = (sts._sessions.get(credential.access_key_id) or {}).get(FUNCTION_ARN)
        return _principal_keys(credential) | ({"lambda:sourcefunctionarn": function_arn} if function_arn else {})

    iam_evaluator._principal_keys = keys


def roles_are_passed(_aws: LocalAws) -> None:
    """As shipped, anyone may hand any role to a machine, a target, a schedule or a pod without iam:PassRole."""

    def passed(service: str, method: str, headers: dict[str, str], body: bytes) -> str | None:
        roles = permissions.passed_roles(service, method, headers, body)
        denials = (
            permissions.caller_denial("iam:PassRole", role, {"iam:PassedToService": principal})
            for role, principal in roles.items()
        )
        return next(filter(None, denials), None)

    for service in ("states", "events", "scheduler", "eks"):
        _check_before(service, lambda method, headers, body, service=service: passed(service, method, headers, body))


def snapshots_and_images_have_no_account(_aws: LocalAws) -> None:
    """As shipped, the ARNs of EBS snapshots and AMIs that policies are asked about hold an account: AWS's hold none.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    """
    # Whatever repair came before this one.
    extract = iam_actions.extract_resource_arn

    def resource_arn(*request: Any, **named: Any) -> str:
        parts = extract(*request, **named).split(":", 5)
        if parts[2:3] == ["ec2"] and parts[-1].startswith(("snapshot/", "image/")):
            parts[4] = ""
        return ":".join(parts)

    iam_actions.extract_resource_arn = resource_arn


# What the repairs call in turn.
_access_denied_response = iam_actions.access_denied_response
_extract_iam_action = iam_actions.extract_iam_action
_extract_resource_arn = iam_actions.extract_resource_arn
_logs_service_context = iam_actions.logs_service_context
_principal_keys = iam_evaluator._principal_keys
_request_tag_context = iam_actions.request_tag_context
_resolve_condition_key = iam_evaluator._resolve_condition_key
_service_handlers = dict(app.SERVICE_HANDLERS)

ALL: tuple[Callable[[LocalAws], None], ...] = (
    only_the_admin_is_root,
    denials_name_the_resource,
    callers_are_remembered,
    calls_are_checked_on_what_they_name,
    calls_are_checked_for_their_own_action,
    arns_are_compared_part_by_part,
    the_principal_of_a_session_is_its_role,
    calls_of_functions_say_so,
    roles_are_passed,
    snapshots_and_images_have_no_account,
)


def _check_before(service: str, denial: Callable[[str, dict[str, str], bytes], str | None]) -> None:
    """Have a call of `service` refused with what `denial` says of its method, headers and body."""
    handlers: dict[str, Any] = app.SERVICE_HANDLERS

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query_params: Any) -> Any:
        denied = denial(method, headers, body)
        if denied is not None:
            status = 400 if headers.get("x-amz-target") else 403
            return error_response_json("AccessDeniedException", denied, status)
        return await _service_handlers[service](method, path, headers, body, query_params)

    handlers[service] = handle


def _action(headers: dict[str, str]) -> str:
    return headers.get("x-amz-target", "").rpartition(".")[2]
