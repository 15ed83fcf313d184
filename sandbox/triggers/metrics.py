"""The CloudWatch metrics that the two services publish of their deliveries.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
"""

from __future__ import annotations

from ministack.core.responses import request_scope
from ministack.services import cloudwatch

from sandbox.triggers.deployed import Trigger

# What happened: the metric of a rule, the metric of a schedule's group.
_METRICS = {
    "triggered": ("TriggeredRules", None),
    "attempted": ("Invocations", "InvocationAttemptCount"),
    "errored": (None, "TargetErrorCount"),
    "retried": ("RetryInvocationAttempts", None),
    "gave up": ("FailedInvocations", "InvocationDroppedCount"),
    "dead-lettered": ("InvocationsSentToDlq", "InvocationsSentToDeadLetterCount"),
    "lost": ("InvocationsFailedToBeSentToDlq", "InvocationsFailedToBeSentToDeadLetterCount"),
}


def record(trigger: Trigger, happened: str) -> None:
    """Count one of what happened (`triggered`, `attempted`, `failed`, ...) to a trigger now."""
    of_rule, of_group = _METRICS[happened]
    metric = of_rule if trigger.service == "events" else of_group
    if metric is None:
        return
    rule = trigger.service == "events"
    namespace = "AWS/Events" if rule else "AWS/Scheduler"
    dimensions = {"RuleName": trigger.name} if rule else {"ScheduleGroup": trigger.group}
    region, account = trigger.arn.split(":")[3:5]
    with request_scope(account, region):
        cloudwatch.record_metric(namespace, metric, 1, "Count", dimensions)
