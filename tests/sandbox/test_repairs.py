"""The repairs still fit the MiniStack they were made for, and do what they say."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.local_aws import LocalAws
from sandbox.ministack_time import REAL_TIME_MODULES

VERSION = "1.5.33"

# The first half of each SHA-256 of the source text of what is replaced, or called by what replaces it. A new version of
# MiniStack that changes one of them needs a look at the repair, then the digest that the failing test prints.
DIGESTS: dict[str, str] = json.loads(Path(__file__).with_name("ministack_digests.json").read_text())

DIGEST_PROGRAM = """
import hashlib, importlib, inspect, json, sys
found = {}
for name in json.load(sys.stdin):
    module, _, attribute = name.rpartition(".")
    source = inspect.getsource(getattr(importlib.import_module("ministack." + module), attribute))
    found[name] = hashlib.sha256(source.encode()).hexdigest()[:32]
json.dump(found, sys.stdout)
"""


def test_the_version_is_the_one_that_the_repairs_were_made_for() -> None:
    assert importlib.metadata.version("ministack") == VERSION


def test_what_the_repairs_replace_and_call_has_not_changed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DIGEST_PROGRAM],
        input=json.dumps(list(DIGESTS)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == DIGESTS


WRONG_AS_SHIPPED = """
import json, os
os.environ.update(AUTH="true", AWS_ACCESS_KEY_ID="AKIAMINE", AWS_SECRET_ACCESS_KEY="mine", LOG_LEVEL="ERROR")
from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb, ecs, iam, lambda_svc, ssm
assert iam_evaluator.is_root_access_key("test") and iam_evaluator.is_root_access_key("123456789012")
iam_evaluator.pin_signed_request("POST", "/", {}, [(b"authorization", b"AWS4-HMAC-SHA256 Credential=AKIAMINE/x")])
assert iam_evaluator.authenticate("AKIAMINE", "123456789012") is None
denied = iam_actions.access_denied_response("ecs", "ecs:RunTask", "me", "", resource_arn="arn:of:it")[2]
assert b"arn:of:it" not in denied
def resource(service, action, body):
    return iam_actions.extract_resource_arn(service, "POST", "/", {"x-amz-target": "A." + action}, body, {}, "r", "1")
assert resource("ecs", "RunTask", b'{"cluster": "c", "taskDefinition": "f:1"}') == "arn:aws:ecs:r:1:cluster/c"
assert resource("ssm", "GetParameters", b'{"Names": ["/a"]}') == "*"
assert resource("logs", "PutLogEvents", b'{"logGroupName": "/g"}') == "arn:aws:logs:r:1:log-group:/g"
assert resource("events", "PutRule", b'{"Name": "n"}') == "arn:aws:events:r:1:rule/default/n"
assert resource("ssm", "GetParametersByPath", b'{"Path": "/a"}') == "*"
def action(service, method, path, headers):
    return iam_actions.extract_iam_action(service, method, path, headers, b"", {})
assert action("lambda", "DELETE", "/2015-03-31/functions/f/aliases/a", {}) == "lambda:ListAliases"
assert action("lambda", "GET", "/2016-08-19/account-settings", {}) is None
assert action("sqs", "POST", "/", {"x-amz-target": "AmazonSQS.SendMessageBatch"}) == "sqs:SendMessageBatch"
assert iam_evaluator._CONDITION_OPS["arnlike"]("arn:aws:s3:::b", "arn:*b")
session = iam_evaluator.EvalContext("arn:aws:sts::1:assumed-role/r/s", "AssumedRole", "1", "a:B", "*", "r")
assert iam_evaluator._resolve_condition_key("aws:PrincipalArn", session) == session.principal_arn
asked = {"PolicySourceArn": "arn:aws:iam::1:role/none", "ActionNames.member.1": "a:B"}
simulated = iam._simulate_principal_policy(asked)
assert simulated[0] == 200 and b"implicitDeny" in simulated[2]
assert ecs._ts_to_epoch("2026-11-24T03:15:00.500Z") == 1795490100
assert ecs._run_task({"cluster": "nowhere", "taskDefinition": "f"})[0] == 400 and "nowhere" in ecs._clusters
assert ecs._register_task_definition({"family": "f", "requiresCompatibilities": ["FARGATE"], "cpu": "1", "memory": "1",
    "containerDefinitions": [{"name": "c", "image": "i"}]})[0] == 200
def function(operation, *request):
    status, _, body = getattr(lambda_svc, "_" + operation)(*request)
    return status, json.loads(body)
asked = {"FunctionName": "f", "PackageType": "Image", "Code": {"ImageUri": "nowhere"}, "Role": "", "Timeout": 901}
assert function("create_function", {**asked, "Publish": True})[0] == 201
assert not lambda_svc._functions["f"]["versions"]["1"]["config"]["FunctionArn"].endswith(":1")
assert function("publish_version", "f", {})[1]["Version"] == "2"
def dynamo(operation, request):
    status, _, body = getattr(dynamodb, operation)({"TableName": "locks", **request})
    return status, json.loads(body)
dynamo("_create_table", {"KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}]})
def update(expression, **values):
    values = {f":{name}": {"S": "v"} for name in values}
    key = {"Key": {"key": {"S": "k"}}, "UpdateExpression": expression}
    return dynamo("_update_item", key | ({"ExpressionAttributeValues": values} if values else {}))[0]
assert [update("REMOVE line[0]"), update("SET line :x", x=1), update("SET a = :x SET b = :x", x=1)] == [200] * 3
assert [update("SET a = :xy", x=1, xy=1), update("SET a = list_append(a, :x)", x=1)] == [200] * 2
assert "UpdateExpression" in dynamodb._check_reserved_keyword_usage([("IDENT", "key")])
ttl = {"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires"}}
assert [dynamo("_update_ttl", ttl)[0] for _ in range(2)] == [200] * 2
item = b'{"TableName": "locks", "Key": {"key": {"S": "k"}}}'
assert "dynamodb:LeadingKeys" not in iam_actions.dynamodb_service_context(item)
page = ecs._list_tasks({"cluster": "nowhere", "startedBy": "me", "family": "f", "maxResults": 0, "nextToken": "7"})
assert page[0] == 200
print("all still wrong")
"""


def test_what_the_repairs_repair_is_still_wrong_as_shipped() -> None:
    done = subprocess.run([sys.executable, "-c", WRONG_AS_SHIPPED], capture_output=True, text=True, check=False)
    assert done.stdout == "all still wrong\n", done.stderr


def test_the_administrators_signature_is_checked_and_no_other_key_is_root(local_aws: LocalAws) -> None:
    from ministack.core import iam_evaluator
    from ministack.services import sts

    assert not iam_evaluator._is_root_key(local_aws.access_key)
    for is_root in (iam_evaluator.is_root_access_key, sts.is_root_access_key):
        assert is_root(local_aws.access_key)
        assert not any(map(is_root, ("test", "123456789012", "AKIAIOSFODNN7EXAMPLE")))


def test_ecs_tells_milliseconds(local_aws: LocalAws) -> None:
    from ministack.services import ecs

    assert local_aws.endpoint
    assert ecs._ts_to_epoch("2026-11-24T03:15:00.500Z") == 1795490100.5


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("events", lambda c: c.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters={
            "ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}})),
        ("events", lambda c: c.create_api_destination(
            Name="d", ConnectionArn="arn:aws:events:eu-west-1:123456789012:connection/c/1",
            InvocationEndpoint="https://example.com/", HttpMethod="GET")),
    ],
)  # fmt: skip
def test_nothing_is_called_outside(local_aws: LocalAws, service: str, call: Callable[[Any], object]) -> None:
    with pytest.raises(ClientError, match="The sandbox calls nothing outside of itself"):
        call(local_aws.client(service))


def test_no_call_leaves_even_where_one_was_configured(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    from ministack.services import eventbridge, sns

    def called(*_arguments: Any, **_named: Any) -> None:
        raise AssertionError("a call went out")

    assert local_aws.endpoint
    monkeypatch.setattr(urllib.request, "urlopen", called)
    for deliver in (sns._http_post_sync, eventbridge._api_destination_send_sync):
        with pytest.raises(OSError, match="calls nothing outside"):
            deliver("http://example.com/", "x", "x")  # type: ignore[call-arg]


def test_no_ticker_and_no_script_is_started(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    from ministack import app
    from ministack.services import eventbridge, scheduler

    assert local_aws.endpoint
    assert app._collect_scripts("/etc", "/") == []
    start, here, started = threading.Thread.start, threading.current_thread(), list[str]()

    def note(thread: threading.Thread) -> None:
        # Others come and go meanwhile.
        if threading.current_thread() is here:
            started.append(thread.name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", note)
    eventbridge.start_scheduler()
    scheduler.start_scheduler()
    assert started == []


def test_no_module_is_left_on_the_machines_clock(local_aws: LocalAws) -> None:
    import datetime
    import time

    assert local_aws.endpoint
    real = {
        f"{name}.{attribute}"
        for name, module in list(sys.modules.items())
        if name.startswith("ministack.") and name not in REAL_TIME_MODULES
        for attribute, value in vars(module).items()
        if value in (time, datetime, datetime.datetime, time.time)
    }
    assert real == set()


def test_the_model_of_a_service_is_read_once(local_aws: LocalAws) -> None:
    from ministack.core import iam_actions, responses

    # MiniStack's own name of CloudWatch is another than boto3's.
    for service, name in (("ec2", "ec2"), ("monitoring", "cloudwatch")):
        read = local_aws.client(name).meta.service_model._service_description
        assert iam_actions._load_botocore_model(name) is read
        model = responses._service_model(service)
        assert model is not None
        assert model._service_description is read
    assert iam_actions._load_botocore_model("unheard-of") == {}
    assert responses._service_model("unheard-of") is None


def test_a_session_outlives_a_jump_of_the_clock(local_aws: LocalAws) -> None:
    iam = local_aws.client("iam")
    trusted = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}  # fmt: skip
    arn = iam.create_role(RoleName="for-a-session", AssumeRolePolicyDocument=json.dumps(trusted))["Role"]["Arn"]
    keys = local_aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="someone")["Credentials"]
    assert local_aws.clock.wait_idle(30)
    assert local_aws.clock.advance_to(local_aws.clock.now() + 30 * 86_400)
    from sandbox.clients import new_client

    credentials = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    client = new_client("sts", local_aws.endpoint, local_aws.region, credentials)
    assert client.get_caller_identity()["Arn"].endswith("assumed-role/for-a-session/someone")
    client.close()
