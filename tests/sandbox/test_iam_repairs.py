"""What IAM is asked of a call, and how it compares: actions of operations, ARNs in conditions, who the caller is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session

from sandbox.local_aws import LocalAws
from tests.sandbox.conftest import policy

STATES = "states.amazonaws.com"


def known_actions() -> set[str]:
    """The actions in AWS's Service Authorization Reference, as parliament has it."""
    # Not imported: it leaves the file open.
    package = find_spec("parliament")
    assert package is not None
    assert package.origin is not None
    services = json.loads(Path(package.origin).with_name("iam_definition.json").read_text())
    return {f"{service['prefix']}:{action['privilege']}" for service in services for action in service["privileges"]}


@pytest.mark.parametrize("service", ["lambda", "scheduler", "resource-groups"])
def test_each_operation_is_its_own_action(local_aws: LocalAws, service: str) -> None:
    """These services tell the operation by method and path alone."""
    from ministack.core import iam_actions

    from sandbox.permissions import ACTIONS_OF_OPERATIONS

    assert local_aws.endpoint
    model: Any = get_session().get_service_model(service)
    wrong = {}
    for operation in model.operation_names:
        http = model.operation_model(operation).http
        path, _, query = http["requestUri"].partition("?")
        request = (
            re.sub(r"\{[^}]+\}", "name", path),
            {},
            b"",
            dict(part.split("=") for part in query.split("&") if part),
        )
        found = iam_actions.extract_iam_action(service, http["method"], *request)
        named = f"{service}:{operation}"
        if found != ACTIONS_OF_OPERATIONS.get(named, named):
            wrong[operation] = found
    assert wrong == {}


def test_an_operation_is_renamed_only_to_an_action_that_iam_knows(local_aws: LocalAws) -> None:
    from sandbox.permissions import ACTIONS_OF_OPERATIONS

    assert local_aws.endpoint
    known = known_actions()
    assert not ACTIONS_OF_OPERATIONS.keys() & known
    assert set(ACTIONS_OF_OPERATIONS.values()) <= known


def test_the_right_to_look_at_aliases_does_not_delete_one(local_aws: LocalAws, role: Callable[..., str]) -> None:
    client = local_aws.identity.client("lambda", role(STATES, policy(("lambda:List*", "*"))))
    with pytest.raises(ClientError, match=r"perform: lambda:DeleteAlias on resource: .*:function:f because"):
        client.delete_alias(FunctionName="f", Name="live")


@pytest.mark.parametrize(
    ("service", "action", "call"),
    [
        ("sqs", "sqs:SendMessage", lambda c, url, _topic: c.send_message_batch(
            QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}])["Successful"]),
        ("sqs", "sqs:ChangeMessageVisibility", lambda c, url, _topic: c.change_message_visibility_batch(
            QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": "x", "VisibilityTimeout": 1}])["Failed"]),
        ("sqs", "sqs:DeleteMessage", lambda c, url, _topic: c.delete_message_batch(
            QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": "x"}])),
        ("sns", "sns:Publish", lambda c, _url, topic: c.publish_batch(
            TopicArn=topic, PublishBatchRequestEntries=[{"Id": "1", "Message": "x"}])["Successful"]),
    ],
)  # fmt: skip
def test_a_batch_needs_the_right_to_one(
    local_aws: LocalAws, role: Callable[..., str], service: str, action: str, call: Callable[..., Any]
) -> None:
    right, other = role(STATES, policy((action, "*"))), role(STATES, policy((f"{action}Batch", "*")))
    name = right.rpartition("/")[2]
    url = local_aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    topic = local_aws.client("sns").create_topic(Name=name)["TopicArn"]
    assert call(local_aws.identity.client(service, right), url, topic)
    with pytest.raises(ClientError, match=f"not authorized to perform: {action} on resource: .*:{name} because"):
        call(local_aws.identity.client(service, other), url, topic)


@pytest.mark.parametrize(
    ("service", "action", "resource", "call"),
    [
        ("logs", "logs:PutLogEvents", "logs:{place}:log-group:/g:log-stream:s", lambda c: c.put_log_events(
            logGroupName="/g", logStreamName="s", logEvents=[{"timestamp": 0, "message": "x"}])),
        ("logs", "logs:CreateLogStream", "logs:{place}:log-group:/g:log-stream:s", lambda c: c.create_log_stream(
            logGroupName="/g", logStreamName="s")),
        ("logs", "logs:FilterLogEvents", "logs:{place}:log-group:/g:log-stream:", lambda c: c.filter_log_events(
            logGroupName="/g")),
        ("logs", "logs:FilterLogEvents", "logs:{place}:log-group:/g:log-stream:", lambda c: c.filter_log_events(
            logGroupIdentifier="arn:aws:logs:eu-west-1:123456789012:log-group:/g")),
        ("logs", "logs:ListTagsForResource", "logs:{place}:log-group:/g", lambda c: c.list_tags_for_resource(
            resourceArn="arn:aws:logs:eu-west-1:123456789012:log-group:/g")),
        ("events", "events:PutTargets", "events:{place}:rule/r", lambda c: c.put_targets(
            Rule="r", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:eu-west-1:123456789012:q"}])),
        ("events", "events:DisableRule", "events:{place}:rule/r", lambda c: c.disable_rule(Name="r")),
        ("events", "events:PutRule", "events:{place}:rule/bus/r", lambda c: c.put_rule(
            Name="r", EventBusName="arn:aws:events:eu-west-1:123456789012:event-bus/bus", EventPattern="{}")),
        ("scheduler", "scheduler:GetSchedule", "scheduler:{place}:schedule/g/s", lambda c: c.get_schedule(
            Name="s", GroupName="g")),
        ("scheduler", "scheduler:CreateSchedule", "scheduler:{place}:schedule/g/s", lambda c: c.create_schedule(
            Name="s", GroupName="g", ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": "arn:aws:states:eu-west-1:123456789012:stateMachine:m", "RoleArn": "arn:of:a:role"})),
        ("scheduler", "scheduler:DeleteSchedule", "scheduler:{place}:schedule/default/s", lambda c: c.delete_schedule(
            Name="s")),
        ("scheduler", "scheduler:DeleteScheduleGroup", "scheduler:{place}:schedule-group/g",
         lambda c: c.delete_schedule_group(Name="g")),
        ("ssm", "ssm:GetParametersByPath", "ssm:{place}:parameter/a/b", lambda c: c.get_parameters_by_path(
            Path="/a/b")),
        ("ecs", "ecs:DescribeClusters", "ecs:{place}:cluster/c", lambda c: c.describe_clusters(clusters=["c"])),
    ],
)  # fmt: skip
def test_a_call_is_checked_on_the_resource_that_aws_names(
    local_aws: LocalAws,
    role: Callable[..., str],
    service: str,
    action: str,
    resource: str,
    call: Callable[[Any], object],
) -> None:
    arn = "arn:aws:" + resource.format(place="eu-west-1:123456789012")
    refused = refusal(call, local_aws.identity.client(service, role(STATES)))
    assert f"perform: {action} on resource: {arn} because" in refused
    # With the right to it, there may be no such thing, or a role that it may not pass.
    allowed = refusal(call, local_aws.identity.client(service, role(STATES, policy((action, arn)))))
    assert f"perform: {action}" not in allowed


def refusal(call: Callable[[Any], object], client: Any) -> str:
    """What a call is refused with; "" if it is not."""
    try:
        call(client)
    except ClientError as error:
        return str(error)
    return ""


def test_log_groups_are_known_by_their_tags(local_aws: LocalAws, role: Callable[..., str]) -> None:
    right = policy(("logs:FilterLogEvents", "*"), StringEquals={"aws:ResourceTag/team": "data"})
    arn = role(STATES, right)
    name, client = arn.rpartition("/")[2], local_aws.identity.client("logs", arn)
    for team in ("data", "other"):
        local_aws.client("logs").create_log_group(logGroupName=f"{name}-{team}", tags={"team": team})
    client.filter_log_events(logGroupName=f"{name}-data")
    with pytest.raises(ClientError, match="logs:FilterLogEvents"):
        client.filter_log_events(logGroupName=f"{name}-other")


class TestConditions:
    ACTION, RESOURCE = "sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:queue"
    CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/jobs"

    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            (CLUSTER, True),
            ("arn:aws:ecs:eu-west-1:123456789012:cluster/*", True),
            ("arn:*:ecs:*:123456789012:cluster/job?", True),
            ("arn:aws:ecs:*:*:*", True),
            # Six parts, each compared for itself.
            ("arn:aws:ecs:*cluster/jobs", False),
            ("arn:aws:ecs:*", False),
            ("arn:aws:*:cluster/jobs", False),
            ("*", False),
            ("arn:aws:ecs:eu-west-1:210987654321:cluster/*", False),
        ],
    )
    @pytest.mark.parametrize("operator", ["ArnLike", "ArnEquals"])
    def test_arns(
        self, local_aws: LocalAws, role: Callable[..., str], operator: str, pattern: str, expected: bool
    ) -> None:
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""
        grant = (self.ACTION, "*")
        context = {"ecs:cluster": self.CLUSTER}
        like = role(STATES, policy(grant, **{operator: {"ecs:cluster": pattern}}))
        unlike = role(STATES, policy(grant, **{operator.replace("Arn", "ArnNot"): {"ecs:cluster": pattern}}))
        assert local_aws.identity.allowed(like, self.ACTION, self.RESOURCE, context) is expected
        assert local_aws.identity.allowed(unlike, self.ACTION, self.RESOURCE, context) is not expected

    def test_an_arn_may_have_colons_in_its_last_part(self, local_aws: LocalAws, role: Callable[..., str]) -> None:
        pattern = "arn:aws:states:eu-west-1:123456789012:stateMachine:jobs-*"
        arn = role(STATES, policy((self.ACTION, "*"), ArnLike={"aws:SourceArn": pattern}))
        for name, expected in (("jobs-nightly", True), ("other", False)):
            context = {"aws:SourceArn": f"arn:aws:states:eu-west-1:123456789012:stateMachine:{name}"}
            assert local_aws.identity.allowed(arn, self.ACTION, self.RESOURCE, context) is expected

    def test_the_principal_of_a_session_is_the_role(self, local_aws: LocalAws, role: Callable[..., str]) -> None:
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""
        arn = role(STATES)
        name, iam = arn.rpartition("/")[2], local_aws.client("iam")
        session = f"arn:aws:sts::123456789012:assumed-role/{name}/sandbox"
        sqs = local_aws.identity.client("sqs", arn)
        for principal, allowed in ((arn, True), (session, False)):
            document = policy(("sqs:ListQueues", "*"), ArnEquals={"aws:PrincipalArn": principal})
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
            assert local_aws.identity.allowed(arn, "sqs:ListQueues", "*") is allowed
            if allowed:
                sqs.list_queues()
            else:
                with pytest.raises(ClientError, match="sqs:ListQueues"):
                    sqs.list_queues()
