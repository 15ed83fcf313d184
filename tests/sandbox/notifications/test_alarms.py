"""Alarms are judged as AWS's own examples are."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.local_aws import LocalAws

ALARM = {
    "Namespace": "tests",
    "MetricName": "Depth",
    "Statistic": "Maximum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 5,
    "ComparisonOperator": "GreaterThanThreshold",
}
VALUES = {"0": 1.0, "X": 9.0}


@pytest.fixture
def judged(local_aws: LocalAws) -> Iterator[Callable[..., str]]:
    """Puts data of the last periods, the latest last, and gives the state of an alarm on it."""
    client, made = local_aws.client("cloudwatch"), []

    def state(data: str, others: str = "", before: str = "", **alarm: Any) -> str:
        name = f"alarm-{secrets.token_hex(4)}"
        now = local_aws.clock.now()
        for queue, points in ((name, data), (f"{name}-other", others)):
            for age, point in enumerate(reversed(points)):
                if point in VALUES:
                    datum = {
                        "MetricName": "Depth",
                        "Dimensions": [{"Name": "Queue", "Value": queue}],
                        "Timestamp": datetime.fromtimestamp(now - 60 * age - 30, UTC),
                        "Value": VALUES[point],
                    }
                    client.put_metric_data(Namespace="tests", MetricData=[datum])
        request = {**ALARM, "AlarmName": name, "Dimensions": [{"Name": "Queue", "Value": name}], **alarm}
        if before:
            client.put_metric_alarm(**{**request, "ComparisonOperator": "LessThanThreshold", "Threshold": -1})
            client.set_alarm_state(AlarmName=name, StateValue=before, StateReason="before")
        client.put_metric_alarm(**request)
        made.append(name)
        return client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]

    yield state
    client.delete_alarms(AlarmNames=made)


@pytest.mark.parametrize(
    ("data", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0-X-X", "OK", "OK", "OK", "OK"),
        ("----0", "OK", "OK", "OK", "OK"),
        ("-----", "INSUFFICIENT_DATA", "kept", "ALARM", "OK"),
        ("0XX-X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("--X--", "ALARM", "kept", "ALARM", "OK"),
    ],
)
def test_missing_data_as_the_documentation_shows(
    judged: Callable[..., str], data: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html"""
    treated = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}
    for treatment, state in treated.items():
        for before in ("OK", "ALARM"):
            expected = before if state == "kept" else state
            assert judged(data, before=before, TreatMissingData=treatment) == expected, (treatment, before)


@pytest.mark.parametrize(("data", "state"), [("XX0", "ALARM"), ("X00", "OK"), ("0XX", "ALARM"), ("XXX0X0", "OK")])
def test_some_of_several_periods_are_enough(judged: Callable[..., str], data: str, state: str) -> None:
    assert judged(data, DatapointsToAlarm=2) == state


@pytest.mark.parametrize(
    ("comparison", "threshold", "state"),
    [
        ("GreaterThanThreshold", 9, "OK"),
        ("GreaterThanOrEqualToThreshold", 9, "ALARM"),
        ("LessThanThreshold", 9, "OK"),
        ("LessThanOrEqualToThreshold", 9, "ALARM"),
    ],
)
def test_each_comparison(judged: Callable[..., str], comparison: str, threshold: float, state: str) -> None:
    assert judged("XXX", ComparisonOperator=comparison, Threshold=threshold) == state


def test_the_data_of_another_dimension_is_anothers(judged: Callable[..., str]) -> None:
    assert judged("000", others="XXX") == "OK"
    assert judged("XXX", others="000") == "ALARM"


def test_an_alarm_on_a_band_is_not_judged(local_aws: LocalAws) -> None:
    client, name = local_aws.client("cloudwatch"), f"alarm-{secrets.token_hex(4)}"
    client.put_metric_alarm(**{**ALARM, "AlarmName": name, "ComparisonOperator": "LessThanLowerThreshold"})
    assert client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"] == "INSUFFICIENT_DATA"
    client.delete_alarms(AlarmNames=[name])
