"""Who may do what: each role what it needs, on the stack's own things, and nothing beside."""

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest

from definitions import policies
from definitions.place import Place
from definitions.trust import trigger_trust_policy, trust_policy
from spec.job import JobSpec
from tests.definitions.lambda_samples import function_job
from tests.definitions.samples import job

CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/longhaul-dev"
OTHER_CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/longhaul-prod"
TASK_DEFINITION = "arn:aws:ecs:eu-west-1:123456789012:task-definition/longhaul-dev-nightly:7"
EXECUTION_ROLE = "arn:aws:iam::123456789012:role/longhaul-dev-execution-0a1b2c3"
TASK_ROLE = "arn:aws:iam::123456789012:role/longhaul-dev-nightly-task-0a1b2c3"
REPOSITORY = "arn:aws:ecr:eu-west-1:123456789012:repository/longhaul-dev"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:longhaul-dev-dead-letters-0a1b2c3"
LOG_STREAM = "arn:aws:logs:eu-west-1:123456789012:log-group:/longhaul/longhaul/dev/{}-0a1b2c3:log-stream:run/job/0123"
BUCKET = "arn:aws:s3:::longhaul-dev-results-0a1b2c3"
LOCKS = "arn:aws:dynamodb:eu-west-1:123456789012:table/longhaul-dev-locks-0a1b2c3"
EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:longhaul-dev-{}:7f2e"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-4e5f"


def allows(policy: dict[str, Any], action: str, resource: str, **context: str) -> bool:
    """Whether a policy grants an action. `context`: condition keys, with `__` for the colon."""
    known = {key.replace("__", ":"): value for key, value in context.items()}
    return any(
        action in statement["Action"]
        and any(fnmatchcase(resource, pattern) for pattern in _list(statement["Resource"]))
        and all(
            key in known and any(fnmatchcase(known[key], pattern) for pattern in _list(patterns))
            for keys in statement.get("Condition", {}).values()
            for key, patterns in keys.items()
        )
        for statement in policy["Statement"]
    )


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def machine_role_of(one: JobSpec, place: Place, *rivals: str) -> dict[str, Any]:
    return policies.state_machine_role_policy(
        one,
        place,
        rivals=[one.name, *rivals],
        cluster_arn=CLUSTER,
        passed_role_arns=[EXECUTION_ROLE, TASK_ROLE],
        lock_table_arn=LOCKS,
        results_bucket_arn=BUCKET,
    )


@pytest.fixture(scope="module")
def machine_role(place: Place) -> dict[str, Any]:
    return machine_role_of(job(), place)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("ecs:RunTask", TASK_DEFINITION, {"ecs__cluster": CLUSTER}),
        ("ecs:RunTask", TASK_DEFINITION.replace(":7", ":8"), {"ecs__cluster": CLUSTER}),
        ("ecs:StopTask", "arn:aws:ecs:eu-west-1:123456789012:task/longhaul-dev/0123", {"ecs__cluster": CLUSTER}),
        ("ecs:DescribeTasks", "arn:aws:ecs:eu-west-1:123456789012:task/longhaul-dev/0123", {"ecs__cluster": CLUSTER}),
        (
            "ecs:TagResource",
            "arn:aws:ecs:eu-west-1:123456789012:task/longhaul-dev/0123",
            {"ecs__CreateAction": "RunTask"},
        ),
        ("iam:PassRole", EXECUTION_ROLE, {"iam__PassedToService": "ecs-tasks.amazonaws.com"}),
        ("iam:PassRole", TASK_ROLE, {"iam__PassedToService": "ecs-tasks.amazonaws.com"}),
        *(
            (action, "arn:aws:events:eu-west-1:123456789012:rule/StepFunctionsGetEventsForECSTaskRule", {})
            for action in ("events:PutRule", "events:PutTargets", "events:DescribeRule")
        ),
        ("logs:CreateLogDelivery", "*", {}),
        ("xray:PutTraceSegments", "*", {}),
    ],
)
def test_the_machine_may_do_what_running_its_job_takes(
    machine_role: dict[str, Any], action: str, resource: str, context: dict[str, str]
) -> None:
    assert allows(machine_role, action, resource, **context)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("ecs:RunTask", TASK_DEFINITION, {"ecs__cluster": OTHER_CLUSTER}),
        ("ecs:RunTask", TASK_DEFINITION, {}),
        ("ecs:RunTask", TASK_DEFINITION.replace("nightly", "hourly"), {"ecs__cluster": CLUSTER}),
        ("ecs:RunTask", TASK_DEFINITION.replace("nightly", "nightly-copy"), {"ecs__cluster": CLUSTER}),
        ("ecs:StopTask", "arn:aws:ecs:eu-west-1:123456789012:task/longhaul-prod/0123", {"ecs__cluster": CLUSTER}),
        (
            "ecs:TagResource",
            "arn:aws:ecs:eu-west-1:123456789012:task/longhaul-dev/0123",
            {"ecs__CreateAction": "CreateCluster"},
        ),
        ("iam:PassRole", TASK_ROLE, {"iam__PassedToService": "lambda.amazonaws.com"}),
        (
            "iam:PassRole",
            "arn:aws:iam::123456789012:role/Admin",
            {"iam__PassedToService": "ecs-tasks.amazonaws.com"},
        ),
        ("events:PutRule", "arn:aws:events:eu-west-1:123456789012:rule/longhaul-dev-nightly", {}),
    ],
)
def test_the_machine_may_do_nothing_else(
    machine_role: dict[str, Any], action: str, resource: str, context: dict[str, str]
) -> None:
    assert not allows(machine_role, action, resource, **context)


def test_the_shared_execution_role_writes_the_logs_of_its_stack_and_reads_no_secret(place: Place) -> None:
    shared = policies.execution_role_policy(place, repository_arn=REPOSITORY, job=None)

    assert allows(shared, "ecr:BatchGetImage", REPOSITORY)
    assert allows(shared, "ecr:GetAuthorizationToken", "*")
    assert allows(shared, "logs:PutLogEvents", LOG_STREAM.format("nightly"))
    assert allows(shared, "logs:CreateLogStream", LOG_STREAM.format("hourly"))
    assert not allows(shared, "logs:PutLogEvents", LOG_STREAM.format("nightly").replace("/dev/", "/prod/"))
    assert "secretsmanager" not in json.dumps(shared)


SECRETS = {
    "NAMED": {"from": "sales/database", "key": "password", "kmsKey": KEY},
    "BY_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shared-a1B2c3",
    "PARAMETER": "/sales/token",
}


def execution_role_with_secrets(place: Place) -> dict[str, Any]:
    secretive = job(secrets=SECRETS)
    assert policies.needs_own_execution_role(secretive)
    return policies.execution_role_policy(place, repository_arn=None, job=secretive)


def function_role_with_secrets(place: Place) -> dict[str, Any]:
    secretive = function_job(secrets=SECRETS)
    return policies.function_role_policy(secretive, secretive, place, results_bucket_arn=None, in_vpc=False)


@pytest.mark.parametrize("role", [execution_role_with_secrets, function_role_with_secrets])
def test_a_role_that_is_to_read_secrets_reads_exactly_those(
    place: Place, role: Callable[[Place], dict[str, Any]]
) -> None:
    own = role(place)

    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sales/database"
    assert allows(own, "secretsmanager:GetSecretValue", f"{secret}-x1Y2z3")
    assert not allows(own, "secretsmanager:GetSecretValue", f"{secret}-two-x1Y2z3")
    assert allows(
        own,
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shared-a1B2c3",
    )
    assert allows(own, "ssm:GetParameters", "arn:aws:ssm:eu-west-1:123456789012:parameter/sales/token")
    assert not allows(own, "ssm:GetParameters", "arn:aws:ssm:eu-west-1:123456789012:parameter/sales/token2")
    assert allows(own, "kms:Decrypt", KEY, kms__ViaService="secretsmanager.eu-west-1.amazonaws.com")
    assert not allows(own, "kms:Decrypt", KEY, kms__ViaService="s3.eu-west-1.amazonaws.com")
    assert allows(own, "logs:PutLogEvents", LOG_STREAM.format("nightly"))
    assert not allows(own, "logs:PutLogEvents", LOG_STREAM.format("hourly"))
    assert "ecr:" not in json.dumps(own)


@pytest.mark.parametrize(
    "host", ["dkr.ecr.us-east-1.amazonaws.com", "dkr.ecr-fips.us-east-1.amazonaws.com", "dkr-ecr.us-east-1.on.aws"]
)
def test_an_image_in_a_registry_of_ecr_is_pulled_by_a_role_that_may(place: Place, host: str) -> None:
    foreign = job(image=f"210987654321.{host}/team/tool:1")

    own = policies.execution_role_policy(place, repository_arn=None, job=foreign)

    assert policies.needs_own_execution_role(foreign)
    assert allows(own, "ecr:BatchGetImage", "arn:aws:ecr:us-east-1:210987654321:repository/team/tool")
    assert not allows(own, "ecr:BatchGetImage", REPOSITORY)
    assert not policies.needs_own_execution_role(job())


@pytest.mark.parametrize("policy", ["skip", "queue", "replace"])
def test_a_job_that_does_not_overlap_may_hold_its_own_lock_and_no_other(place: Place, policy: str) -> None:
    role = machine_role_of(job(overlap=policy), place)

    for action in ("dynamodb:BatchGetItem", "dynamodb:UpdateItem"):
        assert allows(role, action, LOCKS, dynamodb__LeadingKeys="lock#job#nightly")
        assert not allows(role, action, LOCKS, dynamodb__LeadingKeys="lock#job#hourly")
        assert not allows(role, action, f"{LOCKS}-other", dynamodb__LeadingKeys="lock#job#nightly")
    for action in ("dynamodb:PutItem", "dynamodb:BatchGetItem"):
        assert allows(role, action, LOCKS, dynamodb__LeadingKeys="time#nightly#2026-11-24T03:15:00Z")
    assert not allows(role, "dynamodb:UpdateItem", LOCKS, dynamodb__LeadingKeys="time#nightly#2026-11-24T03:15:00Z")
    assert not allows(role, "dynamodb:PutItem", LOCKS, dynamodb__LeadingKeys="time#hourly#2026-11-24T03:15:00Z")
    assert not allows(role, "dynamodb:PutItem", LOCKS, dynamodb__LeadingKeys="lock#job#nightly")
    assert allows(role, "ecs:ListTasks", "*", ecs__cluster=CLUSTER)
    assert not allows(role, "ecs:ListTasks", "*", ecs__cluster=OTHER_CLUSTER)
    assert allows(role, "states:DescribeExecution", EXECUTION.format("nightly"))
    assert allows(role, "states:StopExecution", EXECUTION.format("nightly")) == (policy == "replace")
    assert not allows(role, "states:DescribeExecution", EXECUTION.format("hourly"))


def test_a_job_of_a_group_may_ask_after_the_runs_of_the_group(place: Place) -> None:
    role = machine_role_of(job(overlap={"policy": "replace", "group": "sales"}), place, "hourly")

    assert allows(role, "dynamodb:UpdateItem", LOCKS, dynamodb__LeadingKeys="lock#group#sales")
    assert not allows(role, "dynamodb:UpdateItem", LOCKS, dynamodb__LeadingKeys="lock#job#nightly")
    for name in ("nightly", "hourly"):
        assert allows(role, "states:DescribeExecution", EXECUTION.format(name))
        assert allows(role, "states:StopExecution", EXECUTION.format(name))
    assert not allows(role, "states:StopExecution", EXECUTION.format("weekly"))


def test_a_job_that_may_overlap_has_no_right_to_any_lock(place: Place) -> None:
    once = machine_role_of(job(overlap={"policy": "allow", "oncePerTime": True}), place)

    assert "dynamodb" not in json.dumps(machine_role_of(job(overlap="allow"), place))
    assert allows(once, "dynamodb:PutItem", LOCKS, dynamodb__LeadingKeys="time#nightly#2026-11-24T03:15:00Z")
    assert "lock#" not in json.dumps(once)
    assert "ListTasks" not in json.dumps(once)


def test_the_code_of_a_job_may_do_what_the_job_asks_for() -> None:
    granted = policies.task_role_policy(
        job(
            permissions=[
                {
                    "actions": ["s3:GetObject"],
                    "resources": ["arn:aws:s3:::sales/*"],
                    "conditions": {"StringEquals": {"aws:ResourceAccount": "123456789012"}},
                },
                {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::sales/secret"], "effect": "Deny"},
            ]
        ),
        results_bucket_arn=BUCKET,
    )

    assert granted == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": ["arn:aws:s3:::sales/*"],
                "Condition": {"StringEquals": {"aws:ResourceAccount": ["123456789012"]}},
            },
            {"Effect": "Deny", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::sales/secret"]},
        ],
    }
    assert policies.task_role_policy(job(), results_bucket_arn=None) is None


def test_the_trigger_role_starts_the_machines_of_its_stack_only(place: Place) -> None:
    trigger = policies.trigger_role_policy(place, dead_letter_arn=QUEUE)

    machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:longhaul-{}-nightly"
    assert allows(trigger, "states:StartExecution", machine.format("dev"))
    assert not allows(trigger, "states:StartExecution", machine.format("prod"))
    assert allows(trigger, "sqs:SendMessage", QUEUE)
    assert not allows(trigger, "sqs:SendMessage", f"{QUEUE}-other")


def test_the_queue_takes_messages_of_the_rules_of_its_stack_only(place: Place) -> None:
    policy = policies.dead_letter_queue_policy(place, QUEUE)

    def accepts(account: str, rule: str) -> bool:
        source = f"arn:aws:events:eu-west-1:{account}:rule/{rule}"
        return allows(policy, "sqs:SendMessage", QUEUE, aws__SourceAccount=account, aws__SourceArn=source)

    assert policy["Statement"][0]["Principal"] == {"Service": "events.amazonaws.com"}
    assert accepts("123456789012", "longhaul-dev-nightly")
    assert not accepts("123456789012", "longhaul-prod-nightly")
    assert not accepts("210987654321", "longhaul-dev-nightly")


@pytest.mark.parametrize(
    ("service", "source"),
    [
        ("ecs-tasks", "arn:aws:ecs:eu-west-1:123456789012:task/longhaul-dev/0123"),
        ("states", "arn:aws:states:eu-west-1:123456789012:stateMachine:longhaul-dev-nightly"),
        ("events", "arn:aws:events:eu-west-1:123456789012:rule/longhaul-dev-nightly"),
        ("scheduler", "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/longhaul-dev"),
    ],
)
def test_a_role_is_assumed_by_one_service_for_one_account(place: Place, service: Any, source: str) -> None:
    (statement,) = trust_policy(service, place)["Statement"]
    assumable = {"Statement": [{**statement, "Resource": "role"}]}

    assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}
    assert allows(assumable, "sts:AssumeRole", "role", aws__SourceAccount="123456789012", aws__SourceArn=source)
    assert not allows(assumable, "sts:AssumeRole", "role")
    for other in (source.replace("123456789012", "210987654321"), source.replace(":eu-west-1:", ":us-east-1:")):
        assert not allows(assumable, "sts:AssumeRole", "role", aws__SourceAccount="123456789012", aws__SourceArn=other)


def test_the_trigger_role_serves_rules_and_schedules(place: Place) -> None:
    assert trigger_trust_policy(place)["Statement"] == [
        *trust_policy("events", place)["Statement"],
        *trust_policy("scheduler", place)["Statement"],
    ]


def test_in_another_partition_every_arn_is_of_that_partition() -> None:
    china = Place(project="longhaul", stack="dev", partition="aws-cn", region="cn-north-1", account="123456789012")
    cluster = "arn:aws-cn:ecs:cn-north-1:123456789012:cluster/longhaul-dev"
    role = "arn:aws-cn:iam::123456789012:role/one"

    documents = json.dumps(
        [
            policies.state_machine_role_policy(
                job(overlap="replace", results=True),
                china,
                rivals=["nightly"],
                cluster_arn=cluster,
                passed_role_arns=[role, role],
                lock_table_arn="arn:aws-cn:dynamodb:cn-north-1:123456789012:table/locks",
                results_bucket_arn="arn:aws-cn:s3:::results",
            ),
            policies.results_bucket_policy(china, "arn:aws-cn:s3:::results"),
            policies.execution_role_policy(china, repository_arn=None, job=job(secrets={"ONE": "sales/database"})),
            policies.trigger_role_policy(china, dead_letter_arn="arn:aws-cn:sqs:cn-north-1:123456789012:dead"),
            policies.dead_letter_queue_policy(china, "arn:aws-cn:sqs:cn-north-1:123456789012:dead"),
            trust_policy("states", china),
        ]
    )

    assert "arn:aws:" not in documents
