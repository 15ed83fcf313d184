"""What becomes of a resource that is there when its inputs change, and what is seen of it when others change it."""

from __future__ import annotations

import json

import pytest

from sandbox.errors import SandboxError
from sandbox.resources.handler import Handler
from sandbox.resources.registry import HANDLERS, handler_for

ROLE, RULE, GROUP = "aws:iam/role:Role", "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/logGroup:LogGroup"
ALLOW = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
TRUST = {"Version": "2012-10-17", "Statement": [ALLOW]}


@pytest.fixture
def change(aws):
    """Change a resource to other inputs, as the engine does; gives what is then read of it."""

    def update(token, made, inputs):
        handler = handler_for(token)
        outputs = handler.update(aws, made, handler.check(inputs, "unused", b""))
        after = made._replace(outputs=outputs)
        assert handler.read(aws, after) == {k: v for k, v in outputs.items() if v is not None}
        return outputs

    return update


@pytest.mark.parametrize("token", sorted(HANDLERS))
def test_every_input_that_can_change_in_place_has_someone_to_change_it(token):
    handler = HANDLERS[token]
    in_place = handler.properties - handler.replacing - handler.flags - {"tags"}
    says_how = type(handler).change is not Handler.change or type(handler).update is not Handler.update
    # A subnet that moves to another table gets another association, with another id, which no update can give it; rules
    # beside a security group are only made and deleted.
    if not token.endswith((":RouteTableAssociation", "gressRule")):
        assert says_how == bool(in_place)


@pytest.mark.parametrize("token", sorted(HANDLERS))
def test_what_needs_a_replacement_is_an_input(token):
    handler = HANDLERS[token]
    assert handler.replace_on | handler.flags <= handler.properties
    assert not handler.replace_on & handler.flags


def test_a_role_changes_in_place(aws, make, change, unique):
    made = make(ROLE, {"name": unique, "assumeRolePolicy": json.dumps(TRUST), "description": "old"})
    other = {**TRUST, "Statement": [{**ALLOW, "Sid": "Other"}]}
    change(
        ROLE, made, {"name": unique, "assumeRolePolicy": json.dumps(other), "description": "new", "tags": {"a": "b"}}
    )
    role = aws.client("iam").get_role(RoleName=unique)["Role"]
    assert role["AssumeRolePolicyDocument"] == other
    assert role["Description"] == "new"
    assert role["Tags"] == [{"Key": "a", "Value": "b"}]


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (ROLE, {"assumeRolePolicy": json.dumps(TRUST)}),
        (RULE, {"scheduleExpression": "rate(1 day)"}),
        (GROUP, {}),
        ("aws:sqs/queue:Queue", {}),
        (
            "aws:dynamodb/table:Table",
            {"hashKey": "k", "attributes": [{"name": "k", "type": "S"}], "billingMode": "PAY_PER_REQUEST"},
        ),
        ("aws:ecs/cluster:Cluster", {}),
        ("aws:ecr/repository:Repository", {}),
        ("aws:scheduler/scheduleGroup:ScheduleGroup", {}),
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"}),
    ],
    ids=str,
)
def test_tags_are_added_changed_and_taken_away(make, change, token, inputs, unique):
    named = {**inputs, **({"name": unique} if handler_for(token).auto_named else {})}
    made = make(token, {**named, "tags": {"stays": "1", "changes": "1", "goes": "1"}})
    outputs = change(token, made, {**named, "tags": {"stays": "1", "changes": "2", "comes": "1"}})
    assert outputs["tags"] == {"stays": "1", "changes": "2", "comes": "1"}


def test_a_log_groups_retention_changes_and_ends(aws, make, change, unique):
    made = make(GROUP, {"name": unique, "retentionInDays": 14})
    change(GROUP, made, {"name": unique, "retentionInDays": 30})
    change(GROUP, made, {"name": unique})
    (group,) = aws.client("logs").describe_log_groups(logGroupNamePrefix=unique)["logGroups"]
    assert "retentionInDays" not in group


def test_a_security_groups_rules_change(aws, make, change, unique):
    token = "aws:ec2/securityGroup:SecurityGroup"
    vpc = make("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"})

    def https(cidr):
        return {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": [cidr]}

    made = make(token, {"name": unique, "vpcId": vpc.id, "ingress": [https("10.0.0.0/24"), https("10.0.1.0/24")]})
    change(token, made, {"name": unique, "vpcId": vpc.id, "ingress": [https("10.0.1.0/24"), https("10.0.2.0/24")]})
    (group,) = aws.client("ec2").describe_security_groups(GroupIds=[made.id])["SecurityGroups"]
    cidrs = {peer["CidrIp"] for permission in group["IpPermissions"] for peer in permission["IpRanges"]}
    assert cidrs == {"10.0.1.0/24", "10.0.2.0/24"}


def test_what_someone_else_changed_is_read(aws, make, unique):
    made = make(RULE, {"name": unique, "scheduleExpression": "rate(1 day)"})
    aws.client("events").put_rule(Name=unique, ScheduleExpression="rate(2 days)", State="DISABLED")
    found = handler_for(RULE).read(aws, made)
    assert found is not None
    assert (found["scheduleExpression"], found["state"]) == ("rate(2 days)", "DISABLED")


def test_a_resource_that_is_gone_reads_as_nothing(aws, make, unique):
    made = make(RULE, {"name": unique, "scheduleExpression": "rate(1 day)"})
    aws.client("events").delete_rule(Name=unique)
    assert handler_for(RULE).read(aws, made) is None


def test_a_document_that_is_written_otherwise_is_the_same():
    handler = handler_for(ROLE)
    old = {"assumeRolePolicy": json.dumps(TRUST), "description": "x"}
    new = {"assumeRolePolicy": json.dumps(TRUST, indent=2), "description": "x"}
    assert handler.differing(old, new) == set()
    assert handler.differing(old, {**new, "description": "y"}) == {"description"}


def test_what_the_sandbox_cannot_change_is_refused(aws, make, unique):
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    made = make(GROUP, {"name": unique})
    handler = handler_for(GROUP)
    with pytest.raises(SandboxError, match="cannot change kmsKeyId"):
        handler.update(aws, made, handler.check({"name": unique, "kmsKeyId": key}, "unused", b""))
