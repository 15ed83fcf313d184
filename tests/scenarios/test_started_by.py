"""What starts jobs beside their schedules, on deployed machines with real processes: jobs' ends, objects, roles."""

from __future__ import annotations

import io
import json
import secrets
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.aws import Aws
from ops.runs import read_run
from ops.stack import find_stack
from sandbox.deploy import deploy
from sandbox.errors import SandboxError
from sandbox.faults import DeliverTwice
from sandbox.local_aws import LocalAws
from tests.scenarios.chains import OBEYS, TELLS, Stack, new_role, write_project
from tests.waiting import until


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    root, bucket = tmp_path_factory.mktemp("chains"), f"chains-{secrets.token_hex(4)}"
    role = new_role(local_aws, f"{bucket}-api")
    objects = [{"bucket": bucket, "prefix": "in/", "suffix": ".csv"}, {"bucket": bucket, "suffix": ".ok"}]
    write_project(
        root,
        {
            "rollup": OBEYS,
            "report": {**TELLS, "startedBy": {"jobs": ["rollup"]}},
            "cleanup": {**TELLS, "startedBy": {"jobs": [{"job": "rollup", "on": "failure"}]}},
            "load": {**TELLS, "startedBy": {"objects": objects}},
            "reload": {**TELLS, "startedBy": {"objects": [{"bucket": with_versions(bucket)}]}},
            "called": {**TELLS, "startedBy": {"roles": [role]}},
        },
    )
    s3 = local_aws.client("s3")
    for name in (bucket, with_versions(bucket)):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    deployment = deploy(root, "dev", local_aws)
    yield Stack(local_aws, deployment, bucket, role)
    deployment.destroy()
    left = local_aws.client("iam").list_role_policies(RoleName=role.rpartition("/")[2])["PolicyNames"]
    assert left == [], "what a role was given goes with the stack"
    local_aws.client("iam").delete_role(RoleName=role.rpartition("/")[2])


def with_versions(bucket: str) -> str:
    """The name of a second bucket, for the test that has it keep versions: a bucket never goes back from that."""
    return f"{bucket}-versions"


@pytest.fixture
def new_runs(stack: Stack) -> Callable[[str], list[str]]:
    """The runs of a job since the test began."""
    before = {job: set(stack.runs(job)) for job in stack.deployment.outputs["stateMachines"]}
    return lambda job: [arn for arn in stack.runs(job) if arn not in before[job]]


@pytest.fixture
def notifying(stack: Stack) -> Iterator[None]:
    """The buckets send their events to EventBridge."""
    notify(stack, {"EventBridgeConfiguration": {}})
    yield
    notify(stack, {})


def notify(stack: Stack, configuration: dict[str, Any]) -> None:
    for bucket in (stack.bucket, with_versions(stack.bucket)):
        stack.aws.client("s3").put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration=configuration
        )


def test_a_success_starts_the_next_job_once(stack: Stack, new_runs) -> None:
    first = stack.start("rollup", {"input": "exit 0"})
    (second,) = new_runs("report")
    assert new_runs("cleanup") == []
    given = stack.describe(second)["input"]
    assert (given["trigger"], given["startedBy"]) == ("job", first)
    deployed = {job.name: job.has_starting_rules for job in find_stack(Aws(), "chains", "dev").jobs}
    started = {"report": True, "cleanup": True, "load": True, "reload": True}
    assert deployed == {"rollup": False, "called": False, **started}
    assert stack.told(second) == {"job": "rollup", "execution": first, "status": "SUCCEEDED"}


def test_a_failure_starts_what_cleans_up(stack: Stack, new_runs) -> None:
    first = stack.start("rollup", {"input": "exit 3"})
    (second,) = new_runs("cleanup")
    assert new_runs("report") == []
    assert stack.told(second) == {"job": "rollup", "execution": first, "status": "FAILED"}


SKIPPED = '{"job":"rollup","stack":"dev","status":"SKIPPED","reason":"the run x of y still runs"}'
SUCCEEDED = '{"job":"rollup","stack":"dev","status":"SUCCEEDED","exitCode":0}'
INCLUDED, TOO_LARGE = {"included": True}, {"included": False}


@pytest.mark.parametrize(
    ("change", "starts"),
    [
        # As in https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html.
        ({"status": "RUNNING", "output": None, "outputDetails": None}, []),
        ({"status": "SUCCEEDED", "output": SUCCEEDED, "outputDetails": INCLUDED}, ["report"]),
        ({"status": "SUCCEEDED", "output": SKIPPED, "outputDetails": INCLUDED}, []),
        ({"status": "SUCCEEDED", "output": None, "outputDetails": TOO_LARGE}, ["report"]),
        ({"status": "FAILED", "error": "Job.ExitedNonZero", "output": None, "outputDetails": None}, ["cleanup"]),
        ({"status": "TIMED_OUT", "output": None, "outputDetails": None}, ["cleanup"]),
        ({"status": "ABORTED", "error": None, "output": None, "outputDetails": None}, ["cleanup"]),
        ({"status": "ABORTED", "error": "Job.Replaced", "output": None, "outputDetails": None}, []),
    ],
)
def test_what_each_change_of_status_starts(stack: Stack, change: dict[str, Any], starts: list[str]) -> None:
    events = stack.aws.client("events")
    event = {
        "id": "315c1398-40ff-a850-213b-158f73e60175",
        "source": "aws.states",
        "account": stack.aws.account,
        "time": "2026-11-24T03:15:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"stateMachineArn": stack.machine("rollup"), **change},
    }
    matching = [
        rule["Name"].removeprefix("chains-dev-").partition(".")[0]
        for rule in events.list_rules(NamePrefix="chains-dev-")["Rules"]
        if "." in rule["Name"]
        and events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))["Result"]
    ]
    assert matching == starts


def test_a_skipped_run_starts_nothing(stack: Stack, new_runs, tmp_path: Path) -> None:
    at_it, gate = tmp_path / "at it", tmp_path / "gate"
    stack.start("rollup", {"input": f"touch '{at_it}'; until [ -e '{gate}' ]; do sleep 0.02; done"})
    until(stack.aws.clock, at_it.exists, lambda: "the first run goes on")
    skipped = stack.start("rollup", {})
    states = stack.aws.client("stepfunctions")
    while states.describe_execution(executionArn=skipped)["status"] == "RUNNING":
        pass
    gate.touch()
    assert len(new_runs("rollup")) == 2
    assert "SKIPPED" in states.describe_execution(executionArn=skipped)["output"]
    assert len(new_runs("report")) == 1
    assert new_runs("cleanup") == []


@pytest.mark.usefixtures("notifying")
def test_an_object_starts_a_job(stack: Stack, new_runs) -> None:
    # In a key anything may be.
    key = 'in/day="1"\\<time> ü.csv'
    stack.aws.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=b"a,b\n")
    (run,) = new_runs("load")
    given = stack.describe(run)["input"]
    assert given["trigger"] == "object"
    assert given["input"]["bucket"] == stack.bucket
    told = stack.told(run)
    assert {name: told["object"][name] for name in ("key", "size")} == {"key": key, "size": 4}
    assert told["object"]["etag"] == stack.aws.client("s3").head_object(Bucket=stack.bucket, Key=key)["ETag"].strip('"')
    assert "version-id" not in told["object"]


@pytest.mark.usefixtures("notifying")
def test_each_object_that_an_entry_is_for_starts_one_run(stack: Stack, new_runs) -> None:
    for key in ("in/1.csv", "elsewhere/1.ok"):
        stack.aws.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=b"")
    runs = new_runs("load")
    # Both within a second: events are told apart by their ids, and not by their times.
    assert sorted(stack.told(run)["object"]["key"] for run in runs) == ["elsewhere/1.ok", "in/1.csv"]


@pytest.mark.usefixtures("notifying")
def test_an_object_of_a_bucket_with_versions_tells_its_version(stack: Stack, new_runs) -> None:
    s3, bucket = stack.aws.client("s3"), with_versions(stack.bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="in/2.csv", Body=b"")["VersionId"]
    (run,) = new_runs("reload")
    assert stack.told(run)["object"]["version-id"] == version


@pytest.mark.usefixtures("notifying")
@pytest.mark.parametrize("key", ["out/1.csv", "in/1.txt", "1.csv", "IN/1.csv"])
def test_another_object_starts_nothing(stack: Stack, new_runs, key: str) -> None:
    stack.aws.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=b"")
    assert new_runs("load") == []


def test_a_bucket_that_tells_nobody_starts_nothing(stack: Stack, new_runs) -> None:
    stack.aws.client("s3").put_object(Bucket=stack.bucket, Key="in/1.csv", Body=b"")
    assert new_runs("load") == []


def trigger_role(stack: Stack) -> str:
    """The name of the role with which the rules start jobs."""
    events = stack.aws.client("events")
    (rule,) = events.list_rules(NamePrefix="chains-dev-load.")["Rules"]
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    return target["RoleArn"].rpartition("/")[2]


@pytest.mark.usefixtures("notifying")
def test_a_role_that_cannot_be_assumed_starts_nothing(stack: Stack, new_runs) -> None:
    iam, role = stack.aws.client("iam"), trigger_role(stack)
    own = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    rest = {**own, "Statement": [each for each in own["Statement"] if each["Sid"] != "Events"]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(rest))
    try:
        stack.aws.client("s3").put_object(Bucket=stack.bucket, Key="in/4.csv", Body=b"")
        assert new_runs("load") == []
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(own))
    (letter,) = stack.dead_letters()
    assert letter["ERROR_CODE"] == "FAILED_TO_ASSUME_ROLE"


@pytest.mark.usefixtures("notifying")
def test_what_may_not_be_started_is_kept(stack: Stack, new_runs) -> None:
    iam, role = stack.aws.client("iam"), trigger_role(stack)
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    own = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    rest = {**own, "Statement": [each for each in own["Statement"] if each["Action"] != ["states:StartExecution"]]}
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(rest))
    try:
        stack.aws.client("s3").put_object(Bucket=stack.bucket, Key="in/3.csv", Body=b"")
        assert new_runs("load") == []
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(own))
    (letter,) = stack.dead_letters()
    assert letter["ERROR_CODE"] == "NO_PERMISSIONS"
    assert letter["TARGET_ARN"] == stack.machine("load")
    assert "is not authorized to perform: states:StartExecution" in letter["ERROR_MESSAGE"]


def test_an_event_that_comes_twice_starts_the_job_once(stack: Stack, new_runs) -> None:
    stack.aws.faults.add(DeliverTwice(of="chains-dev-report"))
    try:
        stack.start("rollup", {})
        told = [stack.describe(arn) for arn in new_runs("report")]
    finally:
        stack.aws.faults.clear()
    outputs = {each["executionArn"]: json.loads(each["output"]) for each in told}
    (skipped,) = [output for output in outputs.values() if output["status"] == "SKIPPED"]
    (ran,) = [arn for arn, output in outputs.items() if output["status"] == "SUCCEEDED"]
    assert skipped["because"] == ran
    (event,) = {each["input"]["eventId"] for each in told}
    assert skipped["reason"] == f"its event {event} was started before"


def test_a_named_role_may_start_the_job_and_no_other(stack: Stack) -> None:
    def client(role: str) -> Any:
        return stack.aws.identity.client("stepfunctions", role, principal="lambda.amazonaws.com", session_name="call")

    arn = client(stack.role).start_execution(stateMachineArn=stack.machine("called"), input="{}")["executionArn"]
    assert arn in stack.runs("called")
    with pytest.raises(ClientError, match="AccessDenied"):
        client(stack.role).start_execution(stateMachineArn=stack.machine("report"), input="{}")


@pytest.fixture
def function(stack: Stack) -> Iterator[Callable[[dict[str, Any]], Any]]:
    """The function that the documentation shows, in Lambda with the role that may start a job: it is called."""
    page = (Path(__file__).parents[2] / "docs" / "starting.md").read_text(encoding="utf-8")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("start_the_job.py", page.partition("```python\n")[2].partition("```")[0])
    client = stack.aws.client("lambda")
    client.create_function(
        FunctionName=stack.bucket,
        Runtime="python3.12",
        Role=stack.role,
        Handler="start_the_job.handler",
        Code={"ZipFile": package.getvalue()},
        Environment={"Variables": {"STATE_MACHINE_ARN": stack.machine("called")}},
    )

    def call(event: dict[str, Any]) -> Any:
        answer = client.invoke(FunctionName=stack.bucket, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    yield call
    client.delete_function(FunctionName=stack.bucket)


def test_the_documented_function_starts_the_job_once(stack: Stack, new_runs, function) -> None:
    first = function({"order": 4711})
    assert first["started"] is True
    assert new_runs("called") == [first["executionArn"]]
    run = read_run(stack.aws.client, "called", first["executionArn"])
    assert (run.name, run.trigger, run.started_by) == ("order-4711", "manual", "the order service")
    assert stack.told(first["executionArn"]) == {"order": 4711}
    assert function({"order": 4711}) == {"started": False}
    assert len(new_runs("called")) == 1


def test_a_role_of_another_account_is_refused(local_aws: LocalAws, tmp_path: Path) -> None:
    role = "arn:aws:iam::210987654321:role/api"
    write_project(tmp_path, {"called": {**TELLS, "startedBy": {"roles": [role]}}})
    with pytest.raises(
        SandboxError, match=rf"called: expected a role of the account \d+ in startedBy.roles, found {role}"
    ):
        deploy(tmp_path, "dev", local_aws)
