"""What the caller of the request in hand may do, where MiniStack asks the wrong question or none.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
"""

from __future__ import annotations

import contextvars
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.core.router import extract_access_key_id
from ministack.services import ecs, sts

from sandbox.identity import FUNCTION_ARN

ACTIONS_OF_OPERATIONS = {
    "lambda:GetLayerVersionByArn": "lambda:GetLayerVersion",
    "lambda:Invoke": "lambda:InvokeFunction",
    "lambda:InvokeWithResponseStream": "lambda:InvokeFunction",
    "sns:PublishBatch": "sns:Publish",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
"""The actions of IAM that are not called like the operation that needs them, where MiniStack does not know it."""

_ABOUT_TAGS = ("TagResource", "UntagResource", "ListTagsForResource")
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html, logGroupArn
_OF_A_LOG_GROUP_ITSELF = _ABOUT_TAGS
_OF_A_RULE = (
    "DeleteRule", "DescribeRule", "DisableRule", "EnableRule", "ListTargetsByRule", "PutRule", "PutTargets",
    "RemoveTargets",
)  # fmt: skip

# Of an ARN without a qualifier.
_PARTS_OF_A_FUNCTION = 7

_access_key: contextvars.ContextVar[str] = contextvars.ContextVar("sandbox_access_key", default="")
_pin_as_shipped = iam_evaluator.pin_request_caller


def pin_request_caller(headers: dict[str, str], query_params: dict[str, Any] | None = None) -> None:
    """MiniStack's function of this name, which also keeps the access key for `caller_denial`."""
    _access_key.set(extract_access_key_id(headers, query_params))
    _pin_as_shipped(headers, query_params)


def caller_denial(action: str, resource: str, context: Mapping[str, str | list[str]] | None = None) -> str | None:
    """None if the caller of the current request may do `action` on `resource`, else AWS's sentence.

    A call within the process (no request) may do everything.
    """
    result = iam_evaluator.enforce(
        _access_key.get(),
        action,
        action.partition(":")[0],
        get_region(),
        resource_arn=resource,
        service_context=dict(context or {}),
    )
    if result is None:
        return None
    if isinstance(result, iam_evaluator.AuthError):
        return result.message
    explicit = result.decision == "Deny"
    return iam_actions.identity_denial_message(action, result.principal_arn, resource, explicit)


def calling_function() -> str | None:
    """The ARN of the Lambda function whose code makes the current request; None if none does."""
    return (sts._sessions.get(_access_key.get()) or {}).get(FUNCTION_ARN)


def caller_is_the_administrator() -> bool:
    """Whether the current request is the administrator's, or a call within the process."""
    return iam_evaluator.is_root_access_key(_access_key.get())


def named_resources(service: str, action: str, body: bytes, region: str, account: str) -> list[str]:
    """The resources on which AWS checks a call, where MiniStack's own answer is wrong; empty where it is right."""
    request = _json(body)
    if service == "ecs":
        return _ecs_resources(action, request, f"arn:aws:ecs:{region}:{account}:")
    if service == "states" and action in _ABOUT_TAGS:
        return [request.get("resourceArn", "*")]
    if service == "states" and "mapRunArn" in request:
        return [request["mapRunArn"]]
    if service == "ssm" and action in ("GetParameter", "GetParameters", "GetParametersByPath"):
        names = request.get("Names") or [request.get("Name") or request.get("Path", "")]
        prefix = f"arn:aws:ssm:{region}:{account}:parameter/"
        return [name if name.startswith("arn:") else prefix + name.removeprefix("/") for name in names]
    if service == "logs" and action == "DescribeLogGroups":
        # Of no group, whatever prefix is asked for: https://github.com/hashicorp/terraform-provider-aws/issues/8804
        return [f"arn:aws:logs:{region}:{account}:log-group::log-stream:"]
    if service == "logs" and action not in _OF_A_LOG_GROUP_ITSELF and (group := _log_group(request)):
        stream = request.get("logStreamName", "")
        return [f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:{stream}"]
    if service == "events" and action in _ABOUT_TAGS:
        return [request.get("ResourceARN", "*")]
    if service == "events" and action in _OF_A_RULE:
        bus = (request.get("EventBusName") or "default").rpartition("/")[2]
        rule = request.get("Rule") or request.get("Name", "")
        return [f"arn:aws:events:{region}:{account}:rule/{'' if bus == 'default' else f'{bus}/'}{rule}"]
    return []


def schedule_resource(path: str, query: Mapping[str, Any], body: bytes, region: str, account: str) -> str | None:
    """The schedule that a call of EventBridge Scheduler is about, by its path; None if it is about no schedule.

    A list is about all of them, whatever group is asked for: https://github.com/aws/aws-cdk/issues/38201
    """
    parts = path.strip("/").split("/")
    if parts == ["schedules"]:
        return f"arn:aws:scheduler:{region}:{account}:schedule/*/*"
    if parts[0] != "schedules":
        return None
    group = query.get("groupName") or _json(body).get("GroupName") or "default"
    return f"arn:aws:scheduler:{region}:{account}:schedule/{group[0] if isinstance(group, list) else group}/{parts[1]}"


def function_resource(path: str, query: Mapping[str, Any], body: bytes, region: str, account: str) -> str | None:
    """The function, or the version or alias of one, that a call of Lambda is about; None if it is about none.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
    """
    parts = path.strip("/").split("/")
    if parts[1:2] != ["functions"]:
        return None
    named = unquote(parts[2]) if len(parts) > 2 else _json(body).get("FunctionName", "")
    if not named:
        return None
    name = named if ":function:" in named else f"arn:aws:lambda:{region}:{account}:function:{named}"
    if not name.startswith("arn:"):
        name = f"arn:aws:lambda:{region}:{name}"
    qualifier = query.get("Qualifier")
    qualifier = qualifier[0] if isinstance(qualifier, list) else qualifier
    return f"{name}:{qualifier}" if qualifier and len(name.split(":")) == _PARTS_OF_A_FUNCTION else name


def role_of_function(method: str, path: str, body: bytes) -> str | None:
    """The role that a call of Lambda hands over; None if it hands over none."""
    parts = path.strip("/").split("/")
    creates = method == "POST" and parts[1:] == ["functions"]
    configures = method == "PUT" and parts[3:] == ["configuration"]
    return _json(body).get("Role") if creates or configures else None


def log_group_arn(resource: str) -> str:
    """The ARN by which a log group is tagged, of the ARN on which calls about it and its streams are checked."""
    return resource.partition(":log-stream:")[0]


def _ecs_resources(action: str, request: Mapping[str, Any], prefix: str) -> list[str]:
    if action == "RunTask":
        return [f"{prefix}task-definition/{definition_key(request.get('taskDefinition', ''))}"]
    if action in ("StopTask", "DescribeTasks"):
        references = request.get("tasks") or [request.get("task", "")]
        tasks = f"{prefix}task/{_cluster_name(request)}/"
        return [reference if reference.startswith("arn:") else tasks + reference for reference in references]
    if action == "RegisterTaskDefinition":
        return [f"{prefix}task-definition/{request.get('family', '')}:*"]
    if action == "ListContainerInstances":
        return [f"{prefix}cluster/{_cluster_name(request)}"]
    if action == "DescribeContainerInstances":
        instances = f"{prefix}container-instance/{_cluster_name(request)}/"
        references = request.get("containerInstances") or ["*"]
        return [reference if reference.startswith("arn:") else instances + reference for reference in references]
    if action in _ABOUT_TAGS:
        return [request.get("resourceArn", "*")]
    if action == "DescribeClusters":
        clusters = request.get("clusters") or ["default"]
        return [cluster if cluster.startswith("arn:") else f"{prefix}cluster/{cluster}" for cluster in clusters]
    if action in ("ListTasks", "DescribeTaskDefinition", "DeregisterTaskDefinition", "ListTaskDefinitions"):
        return ["*"]
    return []


def ecs_context(action: str, body: bytes) -> dict[str, str]:
    """The condition keys of a call of ECS that MiniStack leaves out."""
    if action not in ("RunTask", "StopTask", "DescribeTasks", "ListTasks", "DescribeContainerInstances"):
        return {}
    request = _json(body)
    found = {"ecs:cluster": f"arn:aws:ecs:{get_region()}:{get_account_id()}:cluster/{_cluster_name(request)}"}
    if action == "RunTask":
        definition = ecs._task_defs.get(definition_key(request.get("taskDefinition", ""))) or {}
        tags = ecs._tags.get(definition.get("taskDefinitionArn", ""), ())
        found |= {f"aws:ResourceTag/{tag['key']}": tag["value"] for tag in tags}
    return found


def passed_roles(service: str, method: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The roles that a call hands to a service other than ECS, by ARN, each with that service's principal.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    request = _json(body)
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    if service == "states" and action in ("CreateStateMachine", "UpdateStateMachine"):
        roles = [request.get("roleArn")]
    elif service == "events" and action == "PutTargets":
        roles = [target.get("RoleArn") for target in request.get("Targets") or ()]
    elif service == "events" and action == "PutRule":
        roles = [request.get("RoleArn")]
    elif service == "scheduler" and method in ("POST", "PUT"):
        roles = [(request.get("Target") or {}).get("RoleArn")]
    elif service == "eks" and method == "POST":
        return {role: "pods.eks.amazonaws.com" for role in [request.get("roleArn")] if role}
    else:
        roles = []
    return {role: f"{service}.amazonaws.com" for role in roles if role}


def definition_key(reference: str) -> str:
    """`family:revision` of a task definition by ARN, family or both; the latest active revision of a family."""
    key = ecs._resolve_td_key(reference) or reference
    if ":" in reference.rpartition("/")[2]:
        return key
    family = reference.rpartition("/")[2]
    for revision in range(ecs._task_def_latest.get(family, 0), 0, -1):
        definition = ecs._task_defs.get(f"{family}:{revision}")
        if definition is not None and definition["status"] == "ACTIVE":
            return f"{family}:{revision}"
    return key


def _log_group(request: Mapping[str, Any]) -> str:
    """The name of the log group that a request is about."""
    named = request.get("logGroupName") or request.get("logGroupIdentifier") or ""
    return named.rpartition(":log-group:")[2].removesuffix(":*")


def _cluster_name(request: Mapping[str, Any]) -> str:
    return (request.get("cluster") or "default").rpartition("/")[2]


def _json(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}
