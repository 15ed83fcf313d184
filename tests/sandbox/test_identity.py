"""Roles: whom they trust, what they may do, and what is said when they may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.identity import RoleNotAssumable
from sandbox.local_aws import LocalAws
from tests.sandbox.conftest import policy, trust

STATES = "states.amazonaws.com"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:nightly"


def test_calls_are_made_as_the_role(local_aws: LocalAws, role: Callable[..., str]) -> None:
    arn = role(STATES)
    client = local_aws.identity.client("sts", arn, session_name="an-execution")
    name = arn.rsplit("/", 1)[-1]
    assert client.get_caller_identity()["Arn"] == f"arn:aws:sts::123456789012:assumed-role/{name}/an-execution"


def test_a_session_is_made_once(local_aws: LocalAws, role: Callable[..., str]) -> None:
    arn = role(STATES)
    assert local_aws.identity.client("sts", arn) is local_aws.identity.client("sts", arn)
    assert local_aws.identity.client("sts", arn) is not local_aws.identity.client("sts", arn, session_name="other")


def test_the_secrets_of_a_session_are_not_in_its_text(local_aws: LocalAws, role: Callable[..., str]) -> None:
    keys = local_aws.identity.credentials(role(STATES), STATES)
    assert keys.secret_key not in repr(keys)
    assert keys.session_token not in repr(keys)


@pytest.mark.parametrize(
    ("trusted", "principal", "source_arn", "expected"),
    [
        (trust(STATES), STATES, None, True),
        (trust(STATES), "events.amazonaws.com", None, False),
        (trust(STATES, StringEquals={"aws:SourceAccount": "123456789012"}), STATES, None, True),
        (trust(STATES, StringEquals={"aws:SourceAccount": "210987654321"}), STATES, None, False),
        (trust(STATES, ArnLike={"aws:SourceArn": "arn:aws:states:*:*:stateMachine:*"}), STATES, MACHINE, True),
        (trust(STATES, ArnLike={"aws:SourceArn": "arn:aws:states:*:*:stateMachine:*"}), STATES, None, False),
        (trust(STATES, ArnLike={"aws:SourceArn": "arn:aws:states:*:*:activity:*"}), STATES, MACHINE, False),
        (trust(STATES, ArnEquals={"aws:SourceArn": MACHINE}), STATES, MACHINE, True),
        (trust("arn:aws:iam::123456789012:root").replace("Service", "AWS"), STATES, None, False),
    ],
)
def test_trust(
    local_aws: LocalAws,
    role: Callable[..., str],
    trusted: str,
    principal: str,
    source_arn: str | None,
    expected: bool,
) -> None:
    arn = role("", trusted=trusted)
    assert local_aws.identity.trusts(arn, principal, source_arn=source_arn) is expected
    if not expected:
        with pytest.raises(RoleNotAssumable, match=f"{principal} is not authorized to assume the role {arn}"):
            local_aws.identity.client("sts", arn, principal, source_arn=source_arn)


def test_a_denying_statement_wins_over_trust(local_aws: LocalAws, role: Callable[..., str]) -> None:
    both = trust(STATES)[:-2] + "," + trust(STATES)[:-2].partition("[")[2].replace("Allow", "Deny") + "]}"
    assert not local_aws.identity.trusts(role("", trusted=both), STATES)


def test_trust_is_asked_each_time(local_aws: LocalAws, role: Callable[..., str]) -> None:
    arn = role(STATES)
    local_aws.identity.client("sts", arn)
    local_aws.client("iam").update_assume_role_policy(
        RoleName=arn.rsplit("/", 1)[-1], PolicyDocument=trust("events.amazonaws.com")
    )
    with pytest.raises(RoleNotAssumable):
        local_aws.identity.client("sts", arn)


def test_a_role_that_is_not_there_is_trusted_by_nobody(local_aws: LocalAws, role: Callable[..., str]) -> None:
    arn = role(STATES)
    assert not local_aws.identity.trusts(f"{arn}-other", STATES)
    assert not local_aws.identity.trusts(arn.replace("123456789012", "210987654321"), STATES)


class TestAllowed:
    RESOURCE = "arn:aws:sqs:eu-west-1:123456789012:queue"

    @pytest.mark.parametrize(
        ("document", "action", "resource", "expected"),
        [
            (policy(("sqs:SendMessage", RESOURCE)), "sqs:SendMessage", RESOURCE, True),
            (policy(("sqs:*", "*")), "sqs:SendMessage", RESOURCE, True),
            (policy(("sqs:SendMessage", RESOURCE)), "sqs:ReceiveMessage", RESOURCE, False),
            (policy(("sqs:SendMessage", RESOURCE)), "sqs:SendMessage", RESOURCE + "-other", False),
        ],
    )
    def test_by_the_roles_policies(
        self,
        local_aws: LocalAws,
        role: Callable[..., str],
        document: str,
        action: str,
        resource: str,
        expected: bool,
    ) -> None:
        assert local_aws.identity.allowed(role(STATES, document), action, resource) is expected

    def test_a_denial_wins(self, local_aws: LocalAws, role: Callable[..., str]) -> None:
        allow = policy(("sqs:*", "*"))
        deny = policy(("sqs:SendMessage", "*")).replace("Allow", "Deny")
        denial = local_aws.identity.denial(role(STATES, allow, deny), "sqs:SendMessage", self.RESOURCE)
        assert denial is not None
        assert denial.endswith("with an explicit deny in an identity-based policy")

    def test_conditions_count(self, local_aws: LocalAws, role: Callable[..., str]) -> None:
        arn = role(
            STATES, policy(("iam:PassRole", "*"), StringEquals={"iam:PassedToService": "ecs-tasks.amazonaws.com"})
        )
        identity, passed = local_aws.identity, "arn:aws:iam::123456789012:role/task"
        assert identity.allowed(arn, "iam:PassRole", passed, {"iam:PassedToService": "ecs-tasks.amazonaws.com"})
        assert not identity.allowed(arn, "iam:PassRole", passed, {"iam:PassedToService": "lambda.amazonaws.com"})
        assert not identity.allowed(arn, "iam:PassRole", passed)

    def test_a_permissions_boundary_limits(self, local_aws: LocalAws, role: Callable[..., str]) -> None:
        iam, arn = local_aws.client("iam"), role(STATES, policy(("sqs:*", "*")))
        name = arn.rsplit("/", 1)[-1]
        boundary = iam.create_policy(PolicyName=f"{name}-limit", PolicyDocument=policy(("s3:*", "*")))["Policy"]["Arn"]
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
        assert not local_aws.identity.allowed(arn, "sqs:SendMessage", self.RESOURCE)

    def test_a_queues_own_policy_counts(self, local_aws: LocalAws, role: Callable[..., str]) -> None:
        sqs, arn = local_aws.client("sqs"), role(STATES)
        url = sqs.create_queue(QueueName=arn.rsplit("/", 1)[-1])["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        assert not local_aws.identity.allowed(arn, "sqs:SendMessage", queue)
        document = policy(("sqs:SendMessage", queue)).replace('"Effect"', f'"Principal": {{"AWS": "{arn}"}}, "Effect"')
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
        assert local_aws.identity.allowed(arn, "sqs:SendMessage", queue)

    def test_a_denial_is_aws_sentence(self, local_aws: LocalAws, role: Callable[..., str]) -> None:
        arn = role(STATES)
        name = arn.rsplit("/", 1)[-1]
        assert local_aws.identity.denial(arn, "sqs:SendMessage", self.RESOURCE, session_name="s") == (
            f"User: arn:aws:sts::123456789012:assumed-role/{name}/s is not authorized to perform: sqs:SendMessage on "
            f"resource: {self.RESOURCE} because no identity-based policy allows the sqs:SendMessage action"
        )


@pytest.mark.parametrize(
    ("service", "call", "code", "resource"),
    [
        ("dynamodb", lambda c: c.get_item(TableName="t", Key={"k": {"S": "v"}}), "AccessDeniedException",
         "arn:aws:dynamodb:eu-west-1:123456789012:table/t"),
        ("s3", lambda c: c.get_object(Bucket="a-bucket-of-someone", Key="key"), "AccessDenied",
         '"arn:aws:s3:::a-bucket-of-someone/key"'),
        ("sqs", lambda c: c.send_message(QueueUrl="http://127.0.0.1/123456789012/q", MessageBody="x"),
         "AccessDenied", "arn:aws:sqs:eu-west-1:123456789012:q"),
        ("ssm", lambda c: c.get_parameters(Names=["/a/b"]), "AccessDeniedException",
         "arn:aws:ssm:eu-west-1:123456789012:parameter/a/b"),
        ("sns", lambda c: c.publish(TopicArn="arn:aws:sns:eu-west-1:123456789012:t", Message="x"),
         "AuthorizationError", "arn:aws:sns:eu-west-1:123456789012:t"),
        ("events", lambda c: c.tag_resource(ResourceARN="arn:aws:events:eu-west-1:123456789012:rule/r",
                                            Tags=[{"Key": "k", "Value": "v"}]),
         "AccessDeniedException", "arn:aws:events:eu-west-1:123456789012:rule/r"),
        ("scheduler", lambda c: c.list_schedules(GroupName="g"), "AccessDeniedException",
         "arn:aws:scheduler:eu-west-1:123456789012:schedule/*/*"),
        ("logs", lambda c: c.describe_log_groups(logGroupNamePrefix="/g"), "AccessDeniedException",
         "arn:aws:logs:eu-west-1:123456789012:log-group::log-stream:"),
    ],
)  # fmt: skip
def test_a_call_without_the_right_is_refused_and_names_the_resource(
    local_aws: LocalAws,
    role: Callable[..., str],
    service: str,
    call: Callable[[Any], object],
    code: str,
    resource: str,
) -> None:
    if service == "s3":
        # A bucket that is not there is said to be so, to everyone.
        where = {"LocationConstraint": local_aws.region}
        local_aws.client("s3").create_bucket(Bucket="a-bucket-of-someone", CreateBucketConfiguration=where)
    with pytest.raises(ClientError) as refused:
        call(local_aws.identity.client(service, role(STATES)))
    error = refused.value.response["Error"]
    assert error["Code"] == code
    assert f"on resource: {resource} because no identity-based policy allows" in error["Message"]


def test_each_of_several_parameters_is_checked(local_aws: LocalAws, role: Callable[..., str]) -> None:
    one = "arn:aws:ssm:eu-west-1:123456789012:parameter/one"
    client = local_aws.identity.client("ssm", role(STATES, policy(("ssm:GetParameters", one))))
    assert client.get_parameters(Names=["/one"])["InvalidParameters"] == ["/one"]
    with pytest.raises(ClientError, match="parameter/two because"):
        client.get_parameters(Names=["/one", "/two"])


def test_who_publishes_to_an_encrypted_topic_may_use_its_key(local_aws: LocalAws, role: Callable[..., str]) -> None:
    key = local_aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    topic = local_aws.client("sns").create_topic(Name="encrypted", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    for_it = {"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": topic}}
    publish, use = policy(("sns:Publish", topic)), ("kms:GenerateDataKey", "kms:Decrypt")
    for_others = {"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": f"{topic}-other"}}
    for grants, lacks in (
        ((), use[0]),
        ((policy((use[0], key), **for_it),), use[1]),
        ((policy((use[0], key), **for_others), policy((use[1], key), **for_it)), use[0]),
    ):
        client = local_aws.identity.client("sns", role(STATES, publish, *grants))
        with pytest.raises(ClientError) as refused:
            client.publish(TopicArn=topic, Message="x")
        assert refused.value.response["Error"]["Code"] == "KMSAccessDenied"
        assert f"is not authorized to perform: {lacks} on resource: {key}" in str(refused.value)
    allowed = role(STATES, publish, *(policy((action, key), **for_it) for action in use))
    local_aws.identity.client("sns", allowed).publish(TopicArn=topic, Message="x")


class TestPassRole:
    """Whoever is no administrator needs iam:PassRole to hand a role to a service."""

    @pytest.fixture
    def passed(self, role: Callable[..., str]) -> str:
        return role("events.amazonaws.com")

    @pytest.mark.parametrize(
        ("service", "principal", "call"),
        [
            ("events", "events.amazonaws.com", lambda c, role_arn, name: c.put_targets(
                Rule=name, Targets=[{"Id": "1", "Arn": MACHINE, "RoleArn": role_arn}])),
            ("scheduler", "scheduler.amazonaws.com", lambda c, role_arn, name: c.create_schedule(
                Name=name, ScheduleExpression="rate(1 day)", State="DISABLED", FlexibleTimeWindow={"Mode": "OFF"},
                Target={"Arn": MACHINE, "RoleArn": role_arn})),
            ("stepfunctions", "states.amazonaws.com", lambda c, role_arn, name: c.create_state_machine(
                name=name, roleArn=role_arn,
                definition='{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Succeed"}}}')),
        ],
    )  # fmt: skip
    def test_without_it_the_call_is_refused(
        self,
        local_aws: LocalAws,
        role: Callable[..., str],
        service: str,
        principal: str,
        call: Callable[..., object],
    ) -> None:
        passed = role(principal)
        name = passed.rsplit("/", 1)[-1]
        namespace = {"stepfunctions": "states"}.get(service, service)
        # Disabled, because whoever fires schedules in this AWS would fire it too.
        local_aws.client("events").put_rule(Name=name, ScheduleExpression="rate(1 day)", State="DISABLED")
        without = role(STATES, policy((f"{namespace}:*", "*")))
        with pytest.raises(ClientError) as refused:
            call(local_aws.identity.client(service, without), passed, name)
        assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
        assert f"is not authorized to perform: iam:PassRole on resource: {passed}" in str(refused.value)
        may_pass = policy(("iam:PassRole", passed), StringEquals={"iam:PassedToService": principal})
        with_it = role(STATES, policy((f"{namespace}:*", "*")), may_pass)
        call(local_aws.identity.client(service, with_it), passed, name)
