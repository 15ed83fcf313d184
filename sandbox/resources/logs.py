"""CloudWatch Logs: log groups, and the policies that let AWS services write to them."""

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


class LogResourcePolicy(Handler):
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html"""

    token = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"
    fields: ClassVar = {"policyDocument": "policyDocument", "policyName": "policyName", "resourceArn": "resourceArn"}
    required = frozenset({"policyDocument"})
    replace_on = frozenset({"policyName", "resourceArn"})
    volatile = frozenset({"revisionId"})
    json_properties = ("policyDocument",)
    auto_named = None

    def check(self, inputs: Properties, logical_name: str, seed: bytes) -> Properties:
        """The inputs; a policy is the account's and has a name, or is that of one log group and has none."""
        checked = super().check(inputs, logical_name, seed)
        if ("policyName" in checked) == ("resourceArn" in checked):
            raise SandboxError("exactly one of 'policyName' and 'resourceArn' is required")
        return checked

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the policy's name, or the ARN of the log group whose policy it is."""
        aws.client("logs").put_resource_policy(**self.request(inputs))
        scope = "ACCOUNT" if "policyName" in inputs else "RESOURCE"
        made = Created(inputs.get("policyName") or inputs["resourceArn"], {**inputs, "policyScope": scope})
        return made._replace(outputs={**made.outputs, **(self.look(aws, made) or {})})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Put the new document in the place of the old one."""
        aws.client("logs").put_resource_policy(**self.request(inputs), **_revision(made))

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What DescribeResourcePolicies tells."""
        scope = made.outputs["policyScope"]
        of_group = {"resourceArn": made.id} if scope == "RESOURCE" else {}
        policies = aws.client("logs").describe_resource_policies(policyScope=scope, **of_group)["resourcePolicies"]
        named = "resourceArn" if scope == "RESOURCE" else "policyName"
        policy = next((policy for policy in policies if policy.get(named) == made.id), None)
        told = ("policyDocument", "policyScope", "resourceArn", "revisionId")
        return policy and {name: policy.get(name) for name in told}

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the policy; that of a log group in the revision that is known."""
        named = "resourceArn" if made.outputs["policyScope"] == "RESOURCE" else "policyName"
        aws.client("logs").delete_resource_policy(**{named: made.id}, **_revision(made))


def _revision(made: Created) -> Properties:
    """Only a log group's policy has one; without it, or with another one, AWS changes nothing."""
    return {"expectedRevisionId": made.outputs["revisionId"]} if made.outputs["policyScope"] == "RESOURCE" else {}
