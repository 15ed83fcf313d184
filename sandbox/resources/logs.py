"""CloudWatch Logs: log groups."""

from typing import ClassVar

from sandbox.resources.aws import Aws
from sandbox.resources.handler import Created, Handler, Properties, undone_on_error
from sandbox.resources.tags import tag_map, tags_all


class LogGroup(Handler):
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"""

    token = "aws:cloudwatch/logGroup:LogGroup"
    fields: ClassVar = {"name": "logGroupName", "kmsKeyId": "kmsKeyId", "logGroupClass": "logGroupClass"}
    others = frozenset({"namePrefix", "retentionInDays", "skipDestroy"})
    defaults: ClassVar = {"skipDestroy": False, "retentionInDays": 0}

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

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the group and what is in it, unless `skipDestroy` says to keep it."""
        if not made.outputs["skipDestroy"]:
            aws.client("logs").delete_log_group(logGroupName=made.id)
