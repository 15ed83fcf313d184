"""The answers of the provider to the engine, call by call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pulumi.runtime import proto
from pulumi.runtime.proto import provider_pb2

from sandbox.engine.local_account import local_account
from sandbox.engine.provider import DEFAULTS, Provider
from sandbox.errors import SandboxError
from sandbox.pulumi_values import to_python, to_struct
from sandbox.resources.unknown import UNKNOWN

PREFIX = "urn:pulumi:dev::longhaul::longhaul:index:JobCluster$"
QUEUE = f"{PREFIX}aws:sqs/queue:Queue::letters"
RULE = f"{PREFIX}aws:cloudwatch/eventRule:EventRule::nightly"
GROUP = f"{PREFIX}aws:cloudwatch/logGroup:LogGroup::log"
ROLE = f"{PREFIX}aws:iam/role:Role::task"
TABLE = f"{PREFIX}aws:dynamodb/table:Table::locks"
LIFECYCLE = f"{PREFIX}aws:ecr/lifecyclePolicy:LifecyclePolicy::images"


@pytest.fixture
def provider(local_aws, tmp_path: Path) -> Provider:
    provider = Provider("aws", lambda settings: local_account(local_aws.environment, settings, tmp_path))
    provider.Configure(provider_pb2.ConfigureRequest(args=to_struct({"region": "eu-west-1"})), None)
    return provider


def check(provider, urn, new, old=None, seed=b"seed"):
    request = provider_pb2.CheckRequest(urn=urn, news=to_struct(new), olds=to_struct(old or {}), randomSeed=seed)
    return provider.Check(request, None)


def diff(provider, urn, old, new, outputs=None):
    request = provider_pb2.DiffRequest(
        id="x", urn=urn, old_inputs=to_struct(old), news=to_struct(new), olds=to_struct(outputs or old)
    )
    return provider.Diff(request, None)


def test_a_generated_name_stays_for_the_life_of_the_resource(provider):
    first = to_python(check(provider, QUEUE, {}).inputs)
    assert first["name"].startswith("letters-")
    assert "name" in first[DEFAULTS]
    again = to_python(check(provider, QUEUE, {"tags": {"a": "b"}}, old=first, seed=b"another").inputs)
    assert again["name"] == first["name"]


def test_a_name_made_of_a_prefix_is_not_known_before_the_resource_is_there(provider):
    checked = to_python(check(provider, GROUP, {"namePrefix": "/prefix-"}).inputs)
    assert "name" not in checked
    previewed = provider.Create(
        provider_pb2.CreateRequest(urn=GROUP, properties=to_struct(checked), preview=True), None
    )
    assert "name" not in to_python(previewed.properties)
    created = provider.Create(provider_pb2.CreateRequest(urn=GROUP, properties=to_struct(checked)), None)
    assert to_python(created.properties)["name"].startswith("/prefix-")
    provider.Delete(provider_pb2.DeleteRequest(urn=GROUP, id=created.id, properties=created.properties), None)


def test_what_is_wrong_with_inputs_is_told_to_the_engine(provider):
    (failure,) = check(provider, QUEUE, {"visibility": 3}).failures
    assert "does not know the property 'visibility'" in failure.reason


def test_unknown_values_pass_the_check(provider):
    assert not check(provider, ROLE, {"assumeRolePolicy": UNKNOWN}).failures


def test_a_change_that_aws_can_make_is_an_update(provider):
    old = {"name": "nightly", "scheduleExpression": "rate(1 day)"}
    answer = diff(provider, RULE, old, {**old, "scheduleExpression": "rate(2 days)"})
    assert answer.changes == proto.DiffResponse.DIFF_SOME
    assert (list(answer.diffs), list(answer.replaces)) == (["scheduleExpression"], [])


def test_a_document_that_is_written_otherwise_is_no_change(provider):
    document = {"Version": "2012-10-17", "Statement": []}
    old, new = ({"name": "r", "assumeRolePolicy": json.dumps(document, indent=indent)} for indent in (None, 2))
    assert diff(provider, ROLE, old, new).changes == proto.DiffResponse.DIFF_NONE


def test_another_name_is_another_resource_beside_the_old(provider):
    answer = diff(provider, RULE, {"name": "a"}, {"name": "b"})
    assert list(answer.replaces) == ["name"]
    assert not answer.deleteBeforeReplace


def test_a_resource_whose_name_stays_is_deleted_before_it_is_made_anew(provider):
    old = {"name": "nightly", "eventBusName": "default"}
    new = {"name": "nightly", "eventBusName": "other"}
    assert diff(provider, RULE, old, new).deleteBeforeReplace
    # A generated name makes room for both: the engine asks for another.
    generated = {DEFAULTS: ["name"]}
    assert not diff(provider, RULE, {**old, **generated}, {**new, **generated}).deleteBeforeReplace


def test_a_policy_of_a_repository_is_deleted_before_it_is_made_anew(provider):
    # Otherwise the deletion of the old one would take away the new one: https://github.com/pulumi/pulumi-aws/issues/2075
    answer = diff(provider, LIFECYCLE, {"repository": "a", "policy": "{}"}, {"repository": "a", "policy": "[]"})
    assert answer.deleteBeforeReplace


def test_drift_is_read_into_the_inputs_or_it_would_never_be_repaired(provider, local_aws):
    inputs = check(provider, RULE, {"name": "drifting", "scheduleExpression": "rate(1 day)"}).inputs
    made = provider.Create(provider_pb2.CreateRequest(urn=RULE, properties=inputs), None)
    local_aws.client("events").put_rule(Name="drifting", ScheduleExpression="rate(2 days)", Description="by hand")
    read = provider.Read(
        provider_pb2.ReadRequest(urn=RULE, id=made.id, properties=made.properties, inputs=inputs), None
    )
    found = to_python(read.inputs)
    assert (found["scheduleExpression"], found["description"]) == ("rate(2 days)", "by hand")
    provider.Delete(provider_pb2.DeleteRequest(urn=RULE, id=made.id, properties=made.properties), None)
    gone = provider.Read(provider_pb2.ReadRequest(urn=RULE, id=made.id, properties=made.properties), None)
    assert gone.id == ""


def test_a_table_is_made_read_without_drift_changed_and_deleted(provider):
    key = {"hashKey": "key", "attributes": [{"name": "key", "type": "S"}], "billingMode": "PAY_PER_REQUEST"}
    inputs = check(provider, TABLE, {**key, "ttl": {"attributeName": "expires", "enabled": True}}).inputs
    made = provider.Create(provider_pb2.CreateRequest(urn=TABLE, properties=inputs), None)
    assert made.id.startswith("locks-")
    request = provider_pb2.ReadRequest(urn=TABLE, id=made.id, properties=made.properties, inputs=inputs)
    read = provider.Read(request, None)
    assert (to_python(read.properties), to_python(read.inputs)) == (to_python(made.properties), to_python(inputs))
    news = check(provider, TABLE, {**key, "tags": {"a": "b"}}, old=to_python(inputs)).inputs
    told = diff(provider, TABLE, to_python(inputs), to_python(news), to_python(made.properties))
    assert (sorted(told.diffs), list(told.replaces)) == (["tags"], [])
    update = provider_pb2.UpdateRequest(urn=TABLE, id=made.id, olds=made.properties, old_inputs=inputs, news=news)
    assert to_python(provider.Update(update, None).properties)["tags"] == {"a": "b"}
    other = {**to_python(news), "hashKey": "id", "attributes": [{"name": "id", "type": "S"}]}
    told = diff(provider, TABLE, to_python(news), other)
    # Its generated name makes room for both.
    assert (list(told.replaces), told.deleteBeforeReplace) == (["hashKey"], False)
    named = {**key, "name": "locks"}
    assert diff(provider, TABLE, named, {**named, "hashKey": "id"}).deleteBeforeReplace
    provider.Delete(provider_pb2.DeleteRequest(urn=TABLE, id=made.id, properties=made.properties), None)
    assert provider.Read(request, None).id == ""


def test_what_exists_already_is_not_imported(provider):
    with pytest.raises(SandboxError, match="imports nothing that it did not make"):
        provider.Read(provider_pb2.ReadRequest(urn=RULE, id="nightly"), None)


def test_a_preview_of_an_update_knows_what_stays(provider):
    old = {"namePrefix": "/p-", "name": "/p-1", "retentionInDays": 14, "arn": "arn:x"}
    request = provider_pb2.UpdateRequest(
        urn=GROUP,
        id="/p-1",
        olds=to_struct(old),
        old_inputs=to_struct({"namePrefix": "/p-", "retentionInDays": 14}),
        news=to_struct({"namePrefix": "/p-"}),
        preview=True,
    )
    answer = to_python(provider.Update(request, None).properties)
    assert answer == {"namePrefix": "/p-", "name": "/p-1", "arn": "arn:x"}
