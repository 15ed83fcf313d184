"""What a rule's target is given, by the examples of AWS's page.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.input_transformer import UnknownTransformError, input_of

EVENT = {
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "time": "2015-11-11T21:29:54Z",
    "region": "us-east-1",
    "detail": {"instance-id": "i-0123456789", "state": "RUNNING", "count": 2, "tags": {"a": ["b"]}},
}
PATHS = {"instance": "$.detail.instance-id", "state": "$.detail.state", "absent": "$.detail.none", "all": "$.detail",
         "count": "$.detail.count"}  # fmt: skip


def given(template: str, paths: dict[str, str] = PATHS) -> Any:
    return input_of({"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}, EVENT)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('"instance <instance> is in <state>"', "instance i-0123456789 is in RUNNING"),
        ('{"instance" : <instance>, "state": <state>}', {"instance": "i-0123456789", "state": "RUNNING"}),
        ('{"instance": "<instance>", "of": [9, <instance>, true]}',
         {"instance": "i-0123456789", "of": [9, "i-0123456789", True]}),
        ('{"all": <all>, "count": <count>}', {"all": EVENT["detail"], "count": 2}),
        # What the event has not.
        ('{"it": <absent>, "text": "is <absent>."}', {"it": "", "text": "is ."}),
        ('{"said": "\\u003cinstance>"}', {"said": "<instance>"}),
    ],
)  # fmt: skip
def test_templates_are_filled(template: str, expected: Any) -> None:
    assert given(template) == expected


def test_without_a_transformer_it_is_the_event() -> None:
    assert input_of({"Arn": "arn:aws:logs:eu-west-1:123456789012:log-group:g"}, EVENT) == EVENT


def test_a_value_with_quotes_is_json_outside_of_a_string_alone() -> None:
    said = {"detail": {"cause": 'a "quote"\n{"and": "more"}'}}
    target = {"InputTransformer": {"InputPathsMap": {"cause": "$.detail.cause"}, "InputTemplate": '{"why": <cause>}'}}
    assert input_of(target, said) == {"why": said["detail"]["cause"]}
    target["InputTransformer"]["InputTemplate"] = '{"why": "<cause>"}'
    with pytest.raises(UnknownTransformError, match="gives no JSON"):
        input_of(target, said)


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ({"Input": "{}"}, "of another kind"),
        ({"InputPath": "$.detail"}, "of another kind"),
        ({"InputTransformer": {"InputTemplate": "<aws.events.event.json>"}}, "only EventBridge knows"),
        ({"InputTransformer": {"InputPathsMap": {"a": "$.resources[0]"}, "InputTemplate": "<a>"}}, "not known here"),
    ],
)
def test_what_is_not_known_is_not_guessed(target: dict[str, Any], why: str) -> None:
    with pytest.raises(UnknownTransformError, match=why):
        input_of(target, json.loads(json.dumps(EVENT)))
