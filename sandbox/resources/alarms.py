"""CloudWatch: alarms on one metric."""

from typing import ClassVar

from sandbox.resources.aws import Aws
from sandbox.resources.fields import observed
from sandbox.resources.handler import Created, Handler, Properties
from sandbox.resources.tags import CLOUDWATCH, tag_list, tags_all


class MetricAlarm(Handler):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""

    token = "aws:cloudwatch/metricAlarm:MetricAlarm"
    fields: ClassVar = {
        "name": "AlarmName",
        "actionsEnabled": "ActionsEnabled",
        "alarmActions": "AlarmActions",
        "alarmDescription": "AlarmDescription",
        "comparisonOperator": "ComparisonOperator",
        "datapointsToAlarm": "DatapointsToAlarm",
        "evaluationPeriods": "EvaluationPeriods",
        "insufficientDataActions": "InsufficientDataActions",
        "metricName": "MetricName",
        "namespace": "Namespace",
        "okActions": "OKActions",
        "period": "Period",
        "statistic": "Statistic",
        "threshold": "Threshold",
        "treatMissingData": "TreatMissingData",
    }
    others = frozenset({"dimensions"})
    required = frozenset({"comparisonOperator", "evaluationPeriods", "metricName", "namespace", "period", "statistic"})
    defaults: ClassVar = {"actionsEnabled": True, "treatMissingData": "missing"}
    tagging = CLOUDWATCH

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the alarm's name."""
        name = inputs["name"]
        self._put(aws, inputs, tag_list(inputs))
        return Created(name, {**inputs, **tags_all(inputs), "arn": aws.arn("cloudwatch", f"alarm:{name}")})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:  # noqa: ARG002
        """Put the alarm again: PutMetricAlarm replaces what an alarm says, and leaves its state and tags."""
        self._put(aws, inputs, {})

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What DescribeAlarms tells of those properties that were given."""
        alarms = aws.client("cloudwatch").describe_alarms(AlarmNames=[made.id], AlarmTypes=["MetricAlarm"])
        if not alarms["MetricAlarms"]:
            return None
        (alarm,) = alarms["MetricAlarms"]
        told = observed(alarm, self.fields)
        told["dimensions"] = {one["Name"]: one["Value"] for one in alarm.get("Dimensions", [])}
        return {name: value for name, value in told.items() if name in made.outputs}

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the alarm."""
        aws.client("cloudwatch").delete_alarms(AlarmNames=[made.id])

    def _put(self, aws: Aws, inputs: Properties, tags: Properties) -> None:
        dimensions = [{"Name": name, "Value": value} for name, value in (inputs.get("dimensions") or {}).items()]
        aws.client("cloudwatch").put_metric_alarm(**self.request(inputs), Dimensions=dimensions, **tags)
