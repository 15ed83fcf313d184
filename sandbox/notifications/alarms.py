"""Has CloudWatch judge metric alarms as AWS does, and tell topics whose policies let it.

An alarm is judged when data is put, when a dead letter is kept and when somebody asks for alarms, not as time goes.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch, sqs

from sandbox.notifications.permission import NotDelivered
from sandbox.notifications.publishing import publish

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

SERVICE = "cloudwatch.amazonaws.com"
_VISIBLE = ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
# As in the examples of the page above; AWS says only that there are some.
_FURTHER_PERIODS = 2
_BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}

_describe_alarms = cloudwatch._describe_alarms


def install(aws: LocalAws) -> None:
    """As shipped, alarms mix the data of all dimensions, overlook missing data, and publish whatever policies say."""

    def judge(alarm: dict[str, Any]) -> None:
        if (alarm["Namespace"], alarm["MetricName"]) == _VISIBLE:
            _report_visible(_dimensions(alarm).get("QueueName", ""), aws.clock.now())
        _judge(alarm, aws.clock.now())

    def describe(*request: Any, **named: Any) -> Any:
        cloudwatch._evaluate_all_alarms()
        return _describe_alarms(*request, **named)

    cloudwatch._evaluate_alarm = judge
    cloudwatch._describe_alarms = describe
    cloudwatch._dispatch_alarm_actions = _act


def _judge(alarm: dict[str, Any], now: float) -> None:
    breaches = _BREACHES.get(alarm.get("ComparisonOperator", ""))
    if breaches is None:
        return
    values = _values(alarm, now)[: alarm["EvaluationPeriods"]]
    missing = alarm["EvaluationPeriods"] - len(values)
    breaching = sum(breaches(value, alarm["Threshold"]) for value in values)
    needed = alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
    match alarm["TreatMissingData"]:
        case "breaching":
            state = "ALARM" if breaching + missing >= needed else "OK"
        case "notBreaching":
            state = "ALARM" if breaching >= needed else "OK"
        case "ignore":
            undecided = breaching < needed <= breaching + missing
            state = alarm["StateValue"] if undecided else "ALARM" if breaching >= needed else "OK"
        case _ if not values:
            state = "INSUFFICIENT_DATA"
        case _:
            state = "ALARM" if breaching >= min(needed, len(values)) else "OK"
    _change(alarm, state, values, now)


def _dimensions(alarm: dict[str, Any]) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in alarm.get("Dimensions", [])}


def _report_visible(queue_name: str, now: float) -> None:
    """The metric of a queue, which SQS puts each minute and MiniStack never."""
    queue = sqs._queue_by_arn(f"arn:aws:sqs:{get_region()}:{get_account_id()}:{queue_name}")
    if queue is not None:
        visible = sum(message["visible_at"] <= now for message in list(queue["messages"]))
        cloudwatch.record_metric(*_VISIBLE, visible, "Count", {"QueueName": queue_name})


def _values(alarm: dict[str, Any], now: float) -> list[float]:
    """The statistic of each period that has data, the latest first.

    A few more periods are looked at than are judged: what is there takes the place of what is missing.
    """
    key = (alarm["Namespace"], alarm["MetricName"], cloudwatch._dims_key(_dimensions(alarm)))
    statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
    values = []
    for index in range(alarm["EvaluationPeriods"] + _FURTHER_PERIODS):
        end = now - index * alarm["Period"]
        points = [
            point for point in cloudwatch._metrics.get(key, []) if end - alarm["Period"] < point["Timestamp"] <= end
        ]
        if points:
            values.append(cloudwatch._stat_value(cloudwatch._calc_stats(points), statistic, points))
    return values


def _change(alarm: dict[str, Any], state: str, values: list[float], now: float) -> None:
    old = alarm["StateValue"]
    if old == state:
        return
    reason = f"Threshold Crossed: {values} against the threshold ({alarm['Threshold']}), {alarm['ComparisonOperator']}"
    if not values:
        reason = f"No datapoints were received, and missing data is {alarm['TreatMissingData']}"
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(now))
    cloudwatch._record_history(alarm["AlarmName"], old, state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, old, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _act(alarm: dict[str, Any], old: str, new: str, reason: str) -> None:
    if not alarm.get("ActionsEnabled", True):
        return
    account, arn = get_account_id(), alarm["AlarmArn"]
    source = {"aws:sourcearn": arn, "aws:sourceaccount": account, "aws:sourceowner": account}
    subject = f'{new}: "{alarm["AlarmName"]}" in {get_region()}'[:100]
    for topic_arn in alarm.get(_ACTIONS[new]) or []:
        if topic_arn.split(":")[2:3] != ["sns"]:
            continue
        said = f"Successfully executed action {topic_arn}"
        try:
            publish(SERVICE, topic_arn, _message(alarm, old, new, reason), subject=subject, source=source)
        except NotDelivered as error:
            said = f"Failed to execute action {topic_arn}. Received error: {error}"
        cloudwatch._history_entries().append(
            {
                "AlarmName": alarm["AlarmName"],
                "AlarmType": "MetricAlarm" if "MetricName" in alarm else "CompositeAlarm",
                "Timestamp": cloudwatch._ts_iso(alarm["StateUpdatedTimestamp"]),
                "HistoryItemType": "Action",
                "HistorySummary": said,
                "HistoryData": json.dumps({"actionState": said.partition(" ")[0], "notificationResource": topic_arn}),
            }
        )


def _message(alarm: dict[str, Any], old: str, new: str, reason: str) -> str:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"""
    told = ("Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "ComparisonOperator", "Threshold")
    return json.dumps(
        {
            "AlarmName": alarm["AlarmName"],
            "AlarmDescription": alarm.get("AlarmDescription", ""),
            "AWSAccountId": get_account_id(),
            "AlarmArn": alarm["AlarmArn"],
            "NewStateValue": new,
            "NewStateReason": reason,
            "StateChangeTime": cloudwatch._ts_iso(alarm["StateUpdatedTimestamp"]),
            "Region": get_region(),
            "OldStateValue": old,
            "Trigger": {
                **{name: alarm.get(name) for name in told},
                "TreatMissingData": alarm.get("TreatMissingData", "missing"),
                "Dimensions": [{"name": name, "value": value} for name, value in _dimensions(alarm).items()],
            },
        }
    )
