"""CloudWatch Logs: log groups."""

from typing import ClassVar

from sandbox.errors import SandboxError
from sandbox.resources.aws import Aws
from sandbox.resources.handler import Created, Handler, Properties, undone_on_error
from sandbox.resources.tags import LOGS, tag_map, tags_all


class LogGroup(Handler):
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"""

    token = "aws:cloudwatch/logGroup:LogGroup"
    fields: ClassVar = {"name": "logGroupName", "kmsKeyId": "kmsKeyId", "logGroupClass": "logGroupClass"}
    others = frozenset({"namePrefix", "retentionInDays", "skipDestroy"})
    defaults: ClassVar = {"skipDestroy": False, "retentionInDays": 0}
    tagging = LOGS
    replace_on = frozenset({"logGroupClass"})
    flags = frozenset({"skipDestroy"})

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the group's name; the output `arn` has no `:*` at its end."""
        logs = aws.client("logs")
        logs.create_log_group(**self.request(inputs), **tag_map(inputs))
        # Zero is the provider's word for "never expires", which to AWS is the absence of a retention policy.
        if inputs["retentionInDays"]:
            with undone_on_error(lambda: logs.delete_log_group(logGroupName=inputs["name"])):
                logs.put_retention_policy(logGroupName=inputs["name"], retentionInDays=inputs["retentionInDays"])
        arn = aws.arn("logs", f"log-group:{inputs['name']}")
        return Created(inputs["name"], {**inputs, **tags_all(inputs), "arn": arn})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Change how long events are kept."""
        if inputs.get("kmsKeyId") != made.outputs.get("kmsKeyId"):
            raise SandboxError("the sandbox cannot change kmsKeyId of a log group that is there")
        if inputs["retentionInDays"]:
            aws.client("logs").put_retention_policy(logGroupName=made.id, retentionInDays=inputs["retentionInDays"])
        else:
            aws.client("logs").delete_retention_policy(logGroupName=made.id)

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What DescribeLogGroups tells."""
        groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=made.id)["logGroups"]
        group = next((group for group in groups if group["logGroupName"] == made.id), None)
        return group and {"kmsKeyId": group.get("kmsKeyId"), "retentionInDays": group.get("retentionInDays", 0)}

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the group and what is in it, unless `skipDestroy` says to keep it."""
        if not made.outputs["skipDestroy"]:
            aws.client("logs").delete_log_group(logGroupName=made.id)
