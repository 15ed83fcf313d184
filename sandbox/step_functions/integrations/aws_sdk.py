"""The AWS SDK integrations: any operation of the services that the sandbox offers.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import botocore.session

from sandbox.clients import service_model
from sandbox.step_functions.history import Chain
from sandbox.step_functions.integrations.calls import Api, java_name, sdk_error
from sandbox.step_functions.integrations.dynamodb import check_table_name
from sandbox.step_functions.integrations.events import TaskEvents
from sandbox.step_functions.integrations.shapes import iso_time, pascal

if TYPE_CHECKING:
    from sandbox.step_functions.task_state import TaskCall

# Step Functions' name of a service: boto3's.
_OFFERED = {
    "cloudtrail": "cloudtrail",
    "cloudwatch": "cloudwatch",
    "cloudwatchlogs": "logs",
    "dynamodb": "dynamodb",
    "ec2": "ec2",
    "ecr": "ecr",
    "ecs": "ecs",
    "eventbridge": "events",
    "iam": "iam",
    "kinesis": "kinesis",
    "kms": "kms",
    "lambda": "lambda",
    "resourcegroups": "resource-groups",
    "resourcegroupstaggingapi": "resourcegroupstaggingapi",
    "s3": "s3",
    "scheduler": "scheduler",
    "secretsmanager": "secretsmanager",
    "sfn": "stepfunctions",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "sts": "sts",
}

# What the SDK says of a body that it is given as text.
_TEXT = "text/plain; charset=UTF-8"


def is_offered(service: str) -> bool:
    """Whether the sandbox has the service, by Step Functions' name."""
    return service in _OFFERED


def boto_name(service: str) -> str | None:
    """boto3's name of a service that the sandbox has."""
    return _OFFERED.get(service)


def is_recognised(service: str, action: str) -> bool:
    """Whether AWS has the operation; of services that the sandbox lacks, whether botocore knows such a service."""
    if service not in _OFFERED:
        return service in _all_services()
    return pascal(action) in service_model(_OFFERED[service]).operation_names


@lru_cache(maxsize=1)
def _all_services() -> frozenset[str]:
    return frozenset(name.replace("-", "") for name in botocore.session.get_session().get_available_services())


class SdkTask:
    """One call of one operation."""

    waits_for_job = False

    def __init__(self, service: str, action: str) -> None:
        self.name = f"aws-sdk:{service}"
        self._action = action
        boto_service = _OFFERED[service]
        prefix = java_name(service_model(boto_service).service_id)
        self._api = Api(service=boto_service, operation=pascal(action), fault=sdk_error(prefix), time_of=iso_time)

    def parameters(self, arguments: Any) -> Any:
        """See Integration."""
        return arguments

    def events(self, chain: Chain, region: str) -> TaskEvents:
        """See Integration."""
        return TaskEvents(chain, region, self.name, self._action)

    def run(self, call: "TaskCall") -> Any:
        """The operation's answer."""
        request = self._api.request(call.parameters)
        if self._api.service == "dynamodb":
            check_table_name(self._api, request)
        if self._api.service == "s3" and "Body" in request:
            request.setdefault("ContentType", _TEXT)
        client = call.client(self._api.service)
        # With the result's conversion, because a streamed body arrives only when it is read.
        return call.limited(lambda: self._api.result(self._api.call_raw(client, request)))
