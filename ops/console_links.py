"""Where to look in AWS's console."""

from __future__ import annotations

from urllib.parse import quote

from ops.task_changes import is_task

_DOMAINS = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}


def execution_link(execution_arn: str) -> str:
    """An execution's page."""
    return f"{_home(execution_arn, 'states/home')}#/v2/executions/details/{execution_arn}"


def run_link(arn: str) -> str:
    """The page of an execution, or of a task without a state machine."""
    return task_link(arn) if is_task(arn) else execution_link(arn)


def task_link(task_arn: str) -> str:
    """A task's page; ECS shows a task for an hour after its end."""
    cluster, task = task_arn.split("/")[-2:]
    return _home(task_arn, f"ecs/v2/clusters/{cluster}/tasks/{task}")


def function_link(version_arn: str) -> str:
    """The page of a version of a Lambda function."""
    function, version = version_arn.split(":")[-2:]
    return f"{_home(version_arn, 'lambda/home')}#/functions/{function}/versions/{version}"


def log_link(arn: str, log_group: str, log_stream: str) -> str:
    """The page of a log stream in the Region of an ARN."""

    def twice(text: str) -> str:
        # The console wants names percent-encoded twice, with a dollar for the second percent sign.
        return quote(quote(text, safe=""), safe="").replace("%", "$")

    place = f"log-groups/log-group/{twice(log_group)}/log-events/{twice(log_stream)}"
    return f"{_home(arn, 'cloudwatch/home')}#logsV2:{place}"


def _home(arn: str, page: str) -> str:
    _, partition, _, region, *_ = arn.split(":")
    return f"https://{region}.{_DOMAINS.get(partition, 'console.aws.amazon.com')}/{page}?region={region}"
