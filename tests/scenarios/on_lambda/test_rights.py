"""Every right of a function's role and of its machine's is needed: without it what uses it fails as on AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from definitions import names
from sandbox.deploy import deploy
from sandbox.local_aws import LocalAws
from tests.project import new_project
from tests.sandbox.permissions.deployed import Execution, Jobs
from tests.sandbox.permissions.policies import Document, Part, parts, without
from tests.sandbox.permissions.project import PROGRAM, RETURNING, SECRET, Prepared
from tests.sandbox.permissions.scenarios import NOT_FOR_A_RUN, Outcome, names_all, outcome, scenarios

NAME = "rights-dev"
JOBS = ("permitted", "returning", "secretive")
NOT_OF_A_RUN = {action for entry in NOT_FOR_A_RUN if entry["role"] == "states" for action in entry["actions"]}
TO_READ_SECRETS = {"secretsmanager:GetSecretValue", "ssm:GetParameters", "kms:Decrypt"}
CHECKED_BY_LAMBDA = ("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface")
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
ASKED_FOR_BY_ITS_PAGE = ("ec2:AssignPrivateIpAddresses", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses")


class FunctionJobs(Jobs):
    """The deployed jobs; what a run has written is in the stream that it tells of, between the lines of its request."""

    def lines(self, job: str, execution: Execution) -> list[str]:
        told = execution.details
        streams = self.aws.client("logs").get_log_events(
            logGroupName=self.deployment.outputs["logGroups"][job], logStreamName=told["logStream"], startFromHead=True
        )
        said = [event["message"].rstrip("\n") for event in streams["events"]]
        begin, end = (
            next(place for place, line in enumerate(said) if line.startswith(f"{word} RequestId: {told['requestId']}"))
            for word in ("START", "END")
        )
        return said[begin + 1 : end]

    def function(self, job: str) -> str:
        return f"{NAME}-{job}"


def write_project(root: Path, prepared: Prepared) -> None:
    bucket = f"arn:aws:s3:::{prepared.bucket}"
    common: dict[str, Any] = {
        "image": "public.ecr.aws/docker/library/python:3.12-slim",
        "runOn": "lambda",
        "timeout": "2m",
        "startRetries": {"attempts": 0},
    }
    jobs = {
        "permitted": {
            **common,
            "entrypoint": ["python", str(PROGRAM)],
            "overlap": "replace",
            "environment": {"BUCKET": prepared.bucket},
            "permissions": [
                {"actions": ["s3:GetObject", "s3:PutObject"], "resources": [f"{bucket}/in/*"]},
                {"actions": ["s3:DeleteObject"], "resources": [f"{bucket}/in/*", f"{bucket}/out/*"]},
                {
                    "actions": ["s3:ListBucket"],
                    "resources": [bucket],
                    "conditions": {"StringEquals": {"s3:prefix": "in/"}},
                },
            ],
        },
        "returning": {**common, "entrypoint": ["python", str(RETURNING)], "results": True},
        "secretive": {
            **common,
            "entrypoint": [
                "sh",
                "-c",
                'test -n "$PASSWORD" && test -n "$TOKEN" && test -n "$PLAIN" && test -n "$CLOSED"',
            ],
            "secrets": {
                "PASSWORD": {"from": f"{prepared.bucket}/login", "key": "password"},
                "TOKEN": {"from": prepared.by_arn, "kmsKey": prepared.key},
                "PLAIN": f"/{prepared.bucket}/plain",
                "CLOSED": {"from": f"/{prepared.bucket}/closed", "kmsKey": prepared.key},
            },
        },
    }
    network = {"nat": "single", "availabilityZones": 1}
    new_project(root, "rights", {"aws:region": "eu-west-1", "longhaul:network": network, "longhaul:jobs": jobs})


@pytest.fixture(scope="module")
def jobs(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FunctionJobs]:
    """The jobs, deployed in a network of their own; a test gives back each right that it takes away."""
    root, prepared = tmp_path_factory.mktemp("rights"), Prepared(local_aws)
    write_project(root, prepared)
    deployment = deploy(root, "dev", local_aws)
    roles = {
        made.name.removeprefix(f"{NAME}-"): made.id
        for made in deployment.resources
        if made.token == "aws:iam/role:Role"
    }
    yield FunctionJobs(local_aws, deployment, roles)
    deployment.destroy()
    prepared.clear()


def granted(jobs: Jobs, holder: str) -> list[Part]:
    """All that the role's policy allows something by."""
    _, document = jobs.held(holder)
    return [part for part in parts(document) if document["Statement"][part.statement]["Effect"] == "Allow"]


def replace(jobs: Jobs, holder: str) -> Outcome:
    """Run while the function of another run does its work, which is to be stopped."""
    job = holder.rpartition("-")[0]
    first = jobs.start(job, "wait")
    jobs.until(lambda: _reached(jobs, first, names.RUN))
    with jobs.hurried():
        second = jobs.run(job)
        jobs.end(first)
        # Its function goes on to its timeout.
        jobs.aws.clock.wait_idle(30)
    return outcome(second)


def _reached(jobs: Jobs, execution_arn: str, state: str) -> bool:
    return any(event.get("stateEnteredEventDetails", {}).get("name") == state for event in jobs.events(execution_arn))


def run(jobs: Jobs, holder: str) -> Outcome:
    return outcome(jobs.run(holder.rpartition("-")[0]))


Act = Callable[[Jobs, str], Outcome]
OF_FUNCTIONS: dict[str, tuple[Act, str]] = {
    # Lambda's model has no such error, which is the service's general one then.
    "lambda:InvokeFunction": (run, "Lambda.AWSLambdaException"),
    "states:StopExecution": (replace, "Sfn.SfnException"),
}


def test_the_jobs_succeed_with_what_they_are_granted(jobs: FunctionJobs) -> None:
    assert {job: jobs.run(job, "work").status for job in JOBS} == dict.fromkeys(JOBS, "SUCCEEDED")


def test_no_right_is_left_out(jobs: FunctionJobs) -> None:
    of_machines = {part.action for job in JOBS for part in granted(jobs, f"{job}-states")}
    known = {action for action in of_machines if action in OF_FUNCTIONS or scenarios("permitted-states", action)}
    assert of_machines == known | NOT_OF_A_RUN - {"events:DescribeRule", "events:PutRule", "events:PutTargets"}
    assert not {action for action in of_machines if action.startswith(("ecs:", "iam:"))}
    of_code = {part.action for job in JOBS for part in granted(jobs, f"{job}-lambda")}
    logs = {"logs:CreateLogStream", "logs:PutLogEvents"}
    s3 = {f"s3:{call}" for call in ("GetObject", "PutObject", "DeleteObject", "ListBucket")}
    assert of_code == logs | s3 | TO_READ_SECRETS | {*CHECKED_BY_LAMBDA, *ASKED_FOR_BY_ITS_PAGE}


@pytest.mark.parametrize("job", JOBS)
def test_without_a_right_the_machine_fails(jobs: FunctionJobs, job: str, subtests: pytest.Subtests) -> None:
    holder = f"{job}-states"
    _, document = jobs.held(holder)
    for part in granted(jobs, holder):
        if part.action in NOT_OF_A_RUN:
            continue
        found = scenarios(holder, part.action)
        act, error = OF_FUNCTIONS.get(part.action) or (found[0].act, found[0].error)
        with subtests.test(str(part)):
            with jobs.without(holder, part):
                refused = act(jobs, holder)
            assert refused.error == error, refused
            assert names_all(refused.cause, jobs.roles[holder], part, document), refused
            assert not act(jobs, holder).error


def of_code(document: Document, part: Part) -> bool:
    return document["Statement"][part.statement].get("Sid") not in ("WriteLog", "ConnectToVpc")


@pytest.mark.parametrize("job", ["permitted", "returning"])
def test_without_a_permission_the_functions_code_is_refused(
    jobs: FunctionJobs, job: str, subtests: pytest.Subtests
) -> None:
    holder = f"{job}-lambda"
    _, document = jobs.held(holder)
    for part in [part for part in granted(jobs, holder) if of_code(document, part)]:
        with subtests.test(str(part)):
            with jobs.without(holder, part):
                execution = jobs.run(job, "work")
            assert (execution.error, execution.details["exitCode"]) == ("Job.ExitedNonZero", 1)
            (line,) = jobs.lines(job, execution)
            assert line.startswith("AccessDenied ")
            assert names_all(line, jobs.roles[holder], part, document), line
    assert jobs.run(job, "work").status == "SUCCEEDED"


def test_without_a_right_to_a_secret_the_function_starts_nothing(jobs: FunctionJobs, subtests: pytest.Subtests) -> None:
    holder = "secretive-lambda"
    _, document = jobs.held(holder)
    rights = [part for part in granted(jobs, holder) if part.action in TO_READ_SECRETS]
    # Two secrets, two parameters, a key by way of each of the two services.
    assert len(rights) == 7
    for part in rights:
        with subtests.test(str(part)):
            with jobs.without(holder, part):
                refused = jobs.run("secretive")
            assert refused.error == "Job.Refused"
            assert "cannot read the secret " in refused.cause
            assert names_all(refused.cause, jobs.roles[holder], part, document), refused.cause
            assert SECRET not in str(refused)
            assert jobs.run("secretive").status == "SUCCEEDED"


@pytest.mark.parametrize("action", ["logs:CreateLogStream", "logs:PutLogEvents"])
def test_without_a_right_to_the_log_what_it_says_is_lost(jobs: FunctionJobs, action: str) -> None:
    """Nobody is told: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html"""

    def said() -> list[str]:
        execution = jobs.run("permitted", "who")
        assert execution.status == "SUCCEEDED"
        place = {
            "logGroupName": jobs.deployment.outputs["logGroups"]["permitted"],
            "logStreamName": execution.details["logStream"],
        }
        logs = jobs.aws.client("logs")
        try:
            return [event["message"] for event in logs.get_log_events(**place)["events"]]
        except logs.exceptions.ResourceNotFoundException:
            return []

    # A new environment asks for its stream.
    jobs.until(lambda: jobs.aws.clock.advance_to(jobs.aws.clock.now() + 3600))
    with jobs.without_action("permitted-lambda", action):
        assert said() == []
    jobs.until(lambda: jobs.aws.clock.advance_to(jobs.aws.clock.now() + 3600))
    assert any("assumed-role" in line for line in said())


def test_the_functions_code_is_its_role(jobs: FunctionJobs) -> None:
    execution = jobs.run("permitted", "who")
    session = f"assumed-role/{jobs.roles['permitted-lambda']}/{jobs.function('permitted')}"
    assert jobs.lines("permitted", execution) == [f"arn:aws:sts::{jobs.aws.account}:{session}"]


def redeploy(jobs: FunctionJobs, job: str) -> None:
    """Deploy the function's network and code once more, as they are."""
    client, name = jobs.aws.client("lambda"), jobs.function(job)
    told = client.get_function(FunctionName=name)
    network = {key: told["Configuration"]["VpcConfig"][key] for key in ("SubnetIds", "SecurityGroupIds")}
    assert network["SubnetIds"]
    client.update_function_configuration(FunctionName=name, VpcConfig=network)
    client.update_function_code(FunctionName=name, ImageUri=told["Code"]["ImageUri"])


@pytest.mark.parametrize("action", CHECKED_BY_LAMBDA)
def test_without_a_right_to_the_network_lambda_refuses_the_function(jobs: FunctionJobs, action: str) -> None:
    with (
        jobs.without_action("permitted-lambda", action),
        pytest.raises(ClientError, match=f"role does not have permissions to call {action.partition(':')[2]} on EC2"),
    ):
        redeploy(jobs, "permitted")
    redeploy(jobs, "permitted")


def test_its_code_has_no_business_with_the_network(jobs: FunctionJobs) -> None:
    """Lambda alone uses what the role may do there."""
    acting = jobs.aws.identity.client(
        "ec2",
        jobs.role_arn("permitted-lambda"),
        "lambda.amazonaws.com",
        session_name="code",
        source_arn=jobs.arn("lambda", f"function:{jobs.function('permitted')}"),
    )
    with pytest.raises(ClientError, match=r"not authorized.*with an explicit deny"):
        acting.describe_network_interfaces()


def test_without_the_repositorys_policy_lambda_refuses_the_function(jobs: FunctionJobs) -> None:
    ecr = jobs.aws.client("ecr")
    (repository,) = [made.id for made in jobs.deployment.resources if made.token == "aws:ecr/repository:Repository"]
    own = json.loads(ecr.get_repository_policy(repositoryName=repository)["policyText"])
    try:
        for part in parts(own):
            less = without(own, part)
            if less["Statement"]:
                ecr.set_repository_policy(repositoryName=repository, policyText=json.dumps(less))
            else:
                ecr.delete_repository_policy(repositoryName=repository)
            with pytest.raises(ClientError, match="Lambda does not have permission to access the ECR image"):
                redeploy(jobs, "permitted")
    finally:
        ecr.set_repository_policy(repositoryName=repository, policyText=json.dumps(own))
    redeploy(jobs, "permitted")


def test_lambda_alone_assumes_the_functions_role(jobs: FunctionJobs) -> None:
    trust = jobs.trust("permitted-lambda")
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    other = {**trust, "Statement": [{**statement, "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]}
    with jobs.trusting("permitted-lambda", other):
        jobs.until(lambda: jobs.aws.clock.advance_to(jobs.aws.clock.now() + 3600))
        failed = jobs.run("permitted").event("TaskFailed")
    assert failed["error"] == "Lambda.AWSLambdaException"
    assert "cannot be assumed by Lambda" in failed["cause"]
    assert jobs.run("permitted").status == "SUCCEEDED"
