"""From a Task state's Resource to the integration that carries it out."""

import re
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.clients import service_model
from sandbox.step_functions.history import Chain
from sandbox.step_functions.integrations.events import AttemptEvents
from sandbox.step_functions.integrations.shapes import Shape, pascal

if TYPE_CHECKING:
    from sandbox.step_functions.task_state import TaskCall


class Integration(Protocol):
    """One kind of task."""

    name: str
    """What AWS calls it where it complains of the size of its result."""
    waits_for_job: bool
    """Whether the task ends with a job that its call only starts (`.sync`)."""

    def parameters(self, arguments: Any) -> Any:
        """The parameters that are sent, from the state's Arguments."""
        ...

    def events(self, chain: Chain, region: str) -> AttemptEvents:
        """What writes an attempt's events."""
        ...

    def run(self, call: "TaskCall") -> Any:
        """Carry out one attempt: returns the result, raises StateError."""
        ...


_SERVICE_RESOURCE = re.compile(r"arn:[\w-]+:states:[\w-]*:\d*:(?P<service>aws-sdk:[\w-]+|[\w-]+):(?P<action>[\w.:]+)")
_LAMBDA_FUNCTION = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?")
_ACTIVITY = re.compile(r"arn:[\w-]+:states:[\w-]+:\d{12}:activity:.+")
# https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
_OPTIMISED = {
    "apigateway": {"invoke"},
    "athena": {"startQueryExecution", "stopQueryExecution", "getQueryExecution", "getQueryResults"},
    "batch": {"submitJob"},
    "bedrock": {"invokeModel", "createModelCustomizationJob"},
    "codebuild": {"startBuild", "stopBuild", "batchDeleteBuilds", "batchGetReports", "startBuildBatch",
                  "stopBuildBatch", "retryBuildBatch", "deleteBuildBatch"},
    "dynamodb": {"getItem", "putItem", "deleteItem", "updateItem"},
    "ecs": {"runTask"},
    "eks": {"createCluster", "deleteCluster", "createFargateProfile", "deleteFargateProfile", "createNodegroup",
            "deleteNodegroup", "call", "runJob"},
    "elasticmapreduce": {"createCluster", "setClusterTerminationProtection", "terminateCluster", "addStep",
                         "cancelStep", "modifyInstanceFleetByName", "modifyInstanceGroupByName"},
    "emr-containers": {"createVirtualCluster", "deleteVirtualCluster", "startJobRun"},
    "emr-serverless": {"createApplication", "startApplication", "stopApplication", "deleteApplication",
                       "startJobRun", "cancelJobRun"},
    "events": {"putEvents"},
    "glue": {"startJobRun"},
    "databrew": {"startJobRun"},
    "http": {"invoke"},
    "lambda": {"invoke"},
    "mediaconvert": {"createJob"},
    "sagemaker": {"createEndpoint", "createEndpointConfig", "createHyperParameterTuningJob", "createLabelingJob",
                  "createModel", "createProcessingJob", "createTrainingJob", "createTransformJob", "updateEndpoint"},
    "sns": {"publish"},
    "sqs": {"sendMessage"},
    "states": {"startExecution"},
}  # fmt: skip

# Where each pattern exists. https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
_NO_SYNC = {"apigateway", "aws-sdk", "dynamodb", "events", "http", "lambda", "sns", "sqs"}
_NO_TOKEN = {"athena", "batch", "codebuild", "databrew", "dynamodb", "elasticmapreduce", "emr-containers",
             "emr-serverless", "glue", "http", "mediaconvert", "sagemaker"}  # fmt: skip

_OPTIMISED_BOTO_NAMES = {"dynamodb": "dynamodb", "ecs": "ecs", "lambda": "lambda", "states": "stepfunctions"}


def find(resource: str) -> Integration:
    """The integration of a resource that a machine could be created with."""
    from sandbox.step_functions.integrations import aws_sdk, dynamodb, ecs, eks, lambda_, states

    if _LAMBDA_FUNCTION.fullmatch(resource):
        return lambda_.FunctionTask(resource)
    service, action, pattern = split(resource)
    if service.startswith("aws-sdk:"):
        return aws_sdk.SdkTask(service.removeprefix("aws-sdk:"), action)
    makers = {
        "ecs": lambda: ecs.RunTask(waits_for_job=pattern == "sync"),
        "eks": eks.RunJob,
        "lambda": lambda_.InvokeTask,
        "dynamodb": lambda: dynamodb.ItemTask(action),
        "states": lambda: states.StartExecution(pattern),
    }
    return makers[service]()


def split(resource: str) -> tuple[str, str, str]:
    """Service (`ecs`, `aws-sdk:s3`), action and pattern (`sync`, `sync:2`, `waitForTaskToken`, or empty)."""
    found = _SERVICE_RESOURCE.fullmatch(resource)
    if found is None:
        return "", "", ""
    action, _, pattern = found["action"].partition(".")
    return found["service"], action, pattern


def is_arn(resource: str) -> bool:
    """Whether a Resource looks like an ARN at all."""
    return re.fullmatch(r"arn:[\w-]+:[\w-]+:[\w-]*:\d*:.+", resource) is not None


def is_recognised(resource: str) -> bool:
    """Whether AWS has this integration, in this pattern, as far as the sandbox knows."""
    if _LAMBDA_FUNCTION.fullmatch(resource) or _ACTIVITY.fullmatch(resource):
        return True
    service, action, pattern = split(resource)
    family = service.partition(":")[0]
    if pattern not in ("", "sync", "sync:2", "waitForTaskToken"):
        return False
    if (pattern.startswith("sync") and family in _NO_SYNC) or (pattern == "waitForTaskToken" and family in _NO_TOKEN):
        return False
    if pattern == "sync:2" and family != "states":
        return False
    if family != "aws-sdk":
        return action in _OPTIMISED.get(service, ())
    from sandbox.step_functions.integrations import aws_sdk

    return aws_sdk.is_recognised(service.removeprefix("aws-sdk:"), action)


def refusal(resource: str) -> str | None:
    """What the sandbox does not run about a resource that AWS has; None if it runs it."""
    if _LAMBDA_FUNCTION.fullmatch(resource):
        return None
    if _ACTIVITY.fullmatch(resource):
        return "activities"
    service, action, pattern = split(resource)
    if pattern == "waitForTaskToken":
        return "tasks that wait for a task token (.waitForTaskToken)"
    if service.startswith("aws-sdk:"):
        from sandbox.step_functions.integrations import aws_sdk

        name = service.removeprefix("aws-sdk:")
        return None if aws_sdk.is_offered(name) else f"the AWS SDK integration of the service '{name}'"
    if service in _OPTIMISED_BOTO_NAMES or _is_run_job(service, action, pattern):
        return None
    return f"the integration {service}:{action}"


def _is_run_job(service: str, action: str, pattern: str) -> bool:
    return (service, action, pattern) == ("eks", "runJob", "sync")


def argument_problems(resource: str, arguments: Any) -> list[str]:
    """What AWS refuses of the names of a task's arguments, in its words; nothing for a function's ARN."""
    if _is_run_job(*split(resource)):
        from sandbox.step_functions.integrations import eks

        names, required = eks.FIELDS, eks.REQUIRED
    else:
        shape = _input_shape(resource)
        if shape is None:
            return []
        names, required = map(pascal, shape.members), map(pascal, shape.required_members)
    if not isinstance(arguments, dict):
        return ["The Arguments must be a JSON object"]
    known = set(names)
    return [
        *(f"The field '{name}' is not supported by Step Functions" for name in arguments if name not in known),
        *(f"The field '{name}' is required but was missing" for name in required if name not in arguments),
    ]


def _input_shape(resource: str) -> Shape:
    from sandbox.step_functions.integrations import aws_sdk

    service, action, _ = split(resource)
    if service.startswith("aws-sdk:"):
        boto_service = aws_sdk.boto_name(service.removeprefix("aws-sdk:"))
    else:
        boto_service = _OPTIMISED_BOTO_NAMES.get(service)
    if boto_service is None:
        return None
    return service_model(boto_service).operation_model(pascal(action)).input_shape
