"""What AWS asks of a machine's role when the machine is created or updated."""

from typing import Any

from sandbox.identity import RoleSessions
from sandbox.step_functions.answers import ApiError
from sandbox.step_functions.definition import all_states
from sandbox.step_functions.integrations.resource import split

# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
_LOG_ACTIONS = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
# The managed rules by which AWS learns of a job's end.
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html#ecs-iam
_MANAGED_RULES = {
    "ecs": "StepFunctionsGetEventsForECSTaskRule",
    "states": "StepFunctionsGetEventsForStepFunctionsExecutionRule",
}
_RULE_ACTIONS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")


def check_role(
    identity: RoleSessions, role_arn: str, machine_arn: str, definition: dict[str, Any], logging: dict[str, Any]
) -> None:
    """Raise AccessDeniedException if the role cannot be assumed, cannot log or cannot have its managed rules."""
    if not identity.trusts(role_arn, "states.amazonaws.com", source_arn=machine_arn):
        raise _denied(
            "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume "
            "the provided role."
        )
    if logging.get("destinations") and not all(identity.allowed(role_arn, action, "*") for action in _LOG_ACTIONS):
        raise _denied("The state machine IAM Role is not authorized to access the Log Destination")
    region, account = machine_arn.split(":")[3:5]
    for rule in sorted(_rules(definition)):
        resource = f"arn:aws:events:{region}:{account}:rule/{rule}"
        if not all(identity.allowed(role_arn, action, resource) for action in _RULE_ACTIONS):
            raise _denied(f"'{role_arn}' is not authorized to create managed-rule.")


def _rules(definition: dict[str, Any]) -> set[str]:
    found = set()
    for _, _, state in all_states(definition):
        service, _, pattern = split(state.get("Resource", ""))
        if pattern.startswith("sync") and service in _MANAGED_RULES:
            found.add(_MANAGED_RULES[service])
    return found


def _denied(message: str) -> ApiError:
    return ApiError("AccessDeniedException", message)
