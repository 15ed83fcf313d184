"""How a rule's or a schedule's target has ECS run a task: EcsParameters, which both services have.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EcsParameters.html
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_EcsParameters.html
"""

from typing import Any

from sandbox.resources.fields import Nested

ECS_PARAMETERS = Nested(
    "EcsParameters",
    {
        "taskDefinitionArn": "TaskDefinitionArn",
        "taskCount": "TaskCount",
        "launchType": "LaunchType",
        "capacityProviderStrategies": Nested(
            "CapacityProviderStrategy",
            {"capacityProvider": "capacityProvider", "weight": "weight", "base": "base"},
        ),
        "platformVersion": "PlatformVersion",
        "group": "Group",
        "propagateTags": "PropagateTags",
        "enableExecuteCommand": "EnableExecuteCommand",
        "networkConfiguration": Nested(
            "NetworkConfiguration",
            {"subnets": "Subnets", "securityGroups": "SecurityGroups", "assignPublicIp": "AssignPublicIp"},
        ),
    },
)
"""As far as the provider's words and AWS's go side by side; of the network, one level is AWS's alone."""


def as_asked(target: dict[str, Any]) -> dict[str, Any]:
    """A target in AWS's words, of one whose network is as the provider has it."""
    return _with_network(target, lambda given: {"awsvpcConfiguration": {**given, **_word(given)}})


def as_written(target: dict[str, Any]) -> dict[str, Any]:
    """The inverse: a target as the provider has it, of one in AWS's words."""
    return _with_network(target, lambda told: _with_flag(told.get("awsvpcConfiguration", {})))


def _with_network(target: dict[str, Any], changed: Any) -> dict[str, Any]:
    parameters = target.get("EcsParameters")
    if parameters is None or "NetworkConfiguration" not in parameters:
        return target
    network = changed(parameters["NetworkConfiguration"])
    return {**target, "EcsParameters": {**parameters, "NetworkConfiguration": network}}


def _word(network: dict[str, Any]) -> dict[str, str]:
    return {"AssignPublicIp": "ENABLED" if network.get("AssignPublicIp") else "DISABLED"}


def _with_flag(network: dict[str, Any]) -> dict[str, Any]:
    return {**network, "AssignPublicIp": network.get("AssignPublicIp") == "ENABLED"}
