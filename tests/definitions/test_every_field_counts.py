"""Every field of a job reaches a document: nothing is accepted and then ignored."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from definitions.render import documents
from spec.container import ContainerSpec
from spec.job import JobSpec
from spec.stack import StackSpec
from spec.steps import StepSpec
from tests.definitions.lambda_samples import archived
from tests.definitions.samples import job

SCHEDULED = {"schedule": "cron(15 3 * * ? *)"}
SECRET = {"from": "sales/database", "key": "user", "kmsKey": "arn:aws:kms:eu-west-1:123456789012:key/0a1b"}
PERMISSION = {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::sales/*"]}
OBJECTS = {"bucket": "sales"}
BUILT = {"image": None, "build": {"context": "jobs/nightly", "dockerfile": "jobs/nightly/Dockerfile"}}

EC2 = {"kind": "ec2", "capacityProvider": "warehouse"}
IN_CLUSTER = {"kind": "kubernetes", "cluster": "analytics"}
KUBERNETES = {"runOn": IN_CLUSTER, "overlap": "allow"}

FIRST = {"name": "first"}
MANY = {"tasks": 2}
MORE_AT_ONCE = {
    "max_concurrency": ("maxConcurrency", 3),
    "tolerated_failures": ("toleratedFailures", "5%"),
    "distributed": ("distributed", True),
}


def steps(*of_job: dict[str, Any]) -> dict[str, Any]:
    return {"steps": list(of_job)}


# Path of a field: a job without it or with one value, the same job with another.
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "name": ({}, {"name": "hourly"}),
    "description": ({}, {"description": "Adds up the sales"}),
    "image": ({}, {"image": "public.ecr.aws/docker/library/alpine:3.21"}),
    "build": ({}, BUILT),
    "entrypoint": ({}, {"entrypoint": ["python"]}),
    "command": ({}, {"command": ["--all"]}),
    "cpu_units": ({"memory": 1024}, {"memory": 1024, "cpu": 512}),
    "memory_mib": ({}, {"memory": 1024}),
    "ephemeral_storage_gib": ({}, {"ephemeralStorage": 21}),
    "architecture": ({}, {"architecture": "arm64"}),
    "environment": ({}, {"environment": {"SHOP": "all"}}),
    "secrets": ({}, {"secrets": {"USER": SECRET}}),
    "secrets.source": ({"secrets": {"USER": SECRET}}, {"secrets": {"USER": {**SECRET, "from": "sales/other"}}}),
    "secrets.key": ({"secrets": {"USER": SECRET}}, {"secrets": {"USER": {**SECRET, "key": "password"}}}),
    "secrets.kms_key_arn": ({"secrets": {"USER": SECRET}}, {"secrets": {"USER": {**SECRET, "kmsKey": None}}}),
    "permissions": ({}, {"permissions": [PERMISSION]}),
    "permissions.actions": (
        {"permissions": [PERMISSION]},
        {"permissions": [{**PERMISSION, "actions": ["s3:PutObject"]}]},
    ),
    "permissions.resources": (
        {"permissions": [PERMISSION]},
        {"permissions": [{**PERMISSION, "resources": ["arn:aws:s3:::other/*"]}]},
    ),
    "permissions.effect": ({"permissions": [PERMISSION]}, {"permissions": [{**PERMISSION, "effect": "Deny"}]}),
    "permissions.conditions": (
        {"permissions": [PERMISSION]},
        {"permissions": [{**PERMISSION, "conditions": {"Bool": {"aws:SecureTransport": "true"}}}]},
    ),
    "user": ({}, {"user": "1000"}),
    "readonly_root_filesystem": ({}, {"readonlyRootFilesystem": True}),
    "capacity": ({}, {"capacity": {"spot": True}}),
    "capacity.spot": ({}, {"capacity": {"spot": True}}),
    "capacity.on_demand_after": ({"capacity": {"spot": True}}, {"capacity": {"spot": True, "onDemandAfter": 1}}),
    "timeout_seconds": ({}, {"timeout": "5m"}),
    "stop_timeout_seconds": ({}, {"stopTimeout": "5s"}),
    "retries": ({}, {"retries": {"attempts": 1}}),
    "retries.attempts": ({}, {"retries": {"attempts": 1}}),
    "retries.interval_seconds": ({"retries": {"attempts": 1}}, {"retries": {"attempts": 1, "interval": "5s"}}),
    "retries.backoff_rate": ({"retries": {"attempts": 2}}, {"retries": {"attempts": 2, "backoffRate": 3}}),
    "retries.max_interval_seconds": ({"retries": {"attempts": 2}}, {"retries": {"attempts": 2, "maxInterval": "90s"}}),
    "retries.final_exit_codes": ({"retries": {"attempts": 1}}, {"retries": {"attempts": 1, "finalExitCodes": [64]}}),
    "retries.on_timeout": ({"retries": {"attempts": 1}}, {"retries": {"attempts": 1, "onTimeout": True}}),
    "start_retries": ({}, {"startRetries": {"attempts": 1}}),
    "start_retries.attempts": ({}, {"startRetries": {"attempts": 1}}),
    "start_retries.interval_seconds": ({}, {"startRetries": {"interval": "7s"}}),
    "start_retries.backoff_rate": ({}, {"startRetries": {"backoffRate": 3}}),
    "start_retries.max_interval_seconds": ({}, {"startRetries": {"maxInterval": "90s"}}),
    "run_on": ({}, {"runOn": EC2}),
    "run_on.kind": ({}, {"runOn": EC2}),
    "run_on.capacity_provider": ({"runOn": EC2}, {"runOn": {**EC2, "capacityProvider": "other"}}),
    "run_on.network_mode": ({"runOn": EC2}, {"runOn": {**EC2, "networkMode": "bridge"}}),
    "run_on.placement": ({"runOn": EC2}, {"runOn": {**EC2, "placement": ["binpack:memory"]}}),
    "run_on.constraints": (
        {"runOn": EC2},
        {"runOn": {**EC2, "constraints": ["attribute:ecs.instance-type =~ r6.*"]}},
    ),
    "run_on.package": (
        archived(runOn="lambda"),
        archived(runOn={"kind": "lambda", "package": "zip"}),
    ),
    "run_on.cluster": (KUBERNETES, {**KUBERNETES, "runOn": {**IN_CLUSTER, "cluster": "other"}}),
    "run_on.namespace": (KUBERNETES, {**KUBERNETES, "runOn": {**IN_CLUSTER, "namespace": "batch"}}),
    "run_on.service_account": (KUBERNETES, {**KUBERNETES, "runOn": {**IN_CLUSTER, "serviceAccount": "scoring"}}),
    "overlap": ({}, {"overlap": "skip"}),
    "overlap.policy": ({"overlap": "queue"}, {"overlap": "replace"}),
    "overlap.group": ({"overlap": "skip"}, {"overlap": {"group": "sales"}}),
    "overlap.queue_limit": ({"overlap": "queue"}, {"overlap": {"policy": "queue", "queueLimit": 5}}),
    "overlap.once_per_time": ({}, {"overlap": {"policy": "allow", "oncePerTime": True}}),
    "started_by": ({}, {"startedBy": {"jobs": ["other"]}}),
    "started_by.jobs": ({}, {"startedBy": {"jobs": ["other"]}}),
    "started_by.jobs.job": ({"startedBy": {"jobs": ["other"]}}, {"startedBy": {"jobs": ["another"]}}),
    "started_by.jobs.on": (
        {"startedBy": {"jobs": ["other"]}},
        {"startedBy": {"jobs": [{"job": "other", "on": "failure"}]}},
    ),
    "started_by.objects": ({}, {"startedBy": {"objects": [OBJECTS]}}),
    "started_by.objects.bucket": (
        {"startedBy": {"objects": [OBJECTS]}},
        {"startedBy": {"objects": [{**OBJECTS, "bucket": "other"}]}},
    ),
    "started_by.objects.prefix": (
        {"startedBy": {"objects": [OBJECTS]}},
        {"startedBy": {"objects": [{**OBJECTS, "prefix": "in/"}]}},
    ),
    "started_by.objects.suffix": (
        {"startedBy": {"objects": [OBJECTS]}},
        {"startedBy": {"objects": [{**OBJECTS, "suffix": ".csv"}]}},
    ),
    "started_by.roles": ({}, {"startedBy": {"roles": ["importer"]}}),
    "schedule": ({}, SCHEDULED),
    "timezone": (SCHEDULED, {**SCHEDULED, "timezone": "Europe/Berlin"}),
    "flexible_window_minutes": (SCHEDULED, {**SCHEDULED, "flexibleWindow": "5m"}),
    "enabled": (SCHEDULED, {**SCHEDULED, "enabled": False}),
    "start_deadline_seconds": (SCHEDULED, {**SCHEDULED, "startDeadline": "5m"}),
    "input": ({}, {"input": {"day": "today"}}),
    "tags": ({}, {"tags": {"team": "sales"}}),
    "results": ({}, {"results": True}),
    "count": ({}, {"count": 2}),
    "count.tasks": ({"count": 2}, {"count": 3}),
    **{
        f"count.{name}": ({"count": MANY}, {"count": {**MANY, key: value}})
        for name, (key, value) in MORE_AT_ONCE.items()
    },
    "steps": ({}, {"steps": [FIRST]}),
    "steps.name": (steps(FIRST), steps({"name": "begin"})),
    "steps.job": (steps(FIRST), steps({"name": "first", "job": "other"})),
    "steps.parallel": (steps(FIRST), steps({"name": "all", "parallel": [FIRST]})),
    "steps.steps": (
        steps({"name": "all", "parallel": [FIRST]}),
        steps({"name": "all", "parallel": [{"name": "line", "steps": [FIRST, {"name": "second"}]}]}),
    ),
    "steps.when": (steps(FIRST), steps({**FIRST, "when": "{% $input.day = 1 %}"})),
    "steps.input": (steps(FIRST), steps({**FIRST, "input": {"day": "{% $input.day %}"}})),
    "steps.for_each": (steps(FIRST), steps({**FIRST, "forEach": [1]})),
    "steps.for_each.items": (steps({**FIRST, "forEach": [1]}), steps({**FIRST, "forEach": "{% $input.days %}"})),
    "steps.for_each.objects": (
        steps({**FIRST, "forEach": {"items": [1], "distributed": True}}),
        steps({**FIRST, "forEach": {"objects": OBJECTS}}),
    ),
    "steps.for_each.objects.bucket": (
        steps({**FIRST, "forEach": {"objects": OBJECTS}}),
        steps({**FIRST, "forEach": {"objects": {"bucket": "other"}}}),
    ),
    "steps.for_each.objects.prefix": (
        steps({**FIRST, "forEach": {"objects": OBJECTS}}),
        steps({**FIRST, "forEach": {"objects": {**OBJECTS, "prefix": "in/"}}}),
    ),
    "steps.for_each.batch_size": (
        steps({**FIRST, "forEach": {"items": [1], "distributed": True}}),
        steps({**FIRST, "forEach": {"items": [1], "batchSize": 5}}),
    ),
    **{
        f"steps.for_each.{name}": (
            steps({**FIRST, "forEach": {"items": [1], "distributed": name != "distributed"}}),
            steps({**FIRST, "forEach": {"items": [1], "distributed": True, key: value}}),
        )
        for name, (key, value) in MORE_AT_ONCE.items()
    },
    "on_failure": (steps(FIRST), {**steps(FIRST), "onFailure": [{"name": "clean"}]}),
}

ELSEWHERE = {
    "build.context": "components/images.py: the image",
    "build.dockerfile": "components/images.py: the image",
    "build.target": "components/images.py: the image",
    "build.args": "components/images.py: the image",
    "build.starts": "spec/run_on_rules/lambda_.py: what a function is told to start",
    "build.plain": "components/lambda_zip/archive.py: the archive",
    "log_retention_days": "components/scheduled_job.py: the log group",
}
"""Fields that are part of a resource of their own, and of no document."""


def fields_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """The paths of all fields of a model, and of the models within."""
    for name, field in model.model_fields.items():
        # A step's container has the fields of a job's: below, each is tried in a step.
        if issubclass(model, StepSpec) and name in ContainerSpec.model_fields:
            continue
        yield f"{prefix}{name}"
        for inner in models_in(field.annotation):
            if not (inner is StepSpec and prefix + name != "steps"):
                yield from fields_of(inner, f"{prefix}{name}.")


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, tuple, list, dict, Mapping):
        for argument in get_args(annotation):
            yield from models_in(argument)


def rendered(fields: dict[str, Any]) -> dict[str, Any]:
    one = job(**fields)
    return documents(one, StackSpec(project="longhaul", name="dev", jobs=(one,)))


@pytest.mark.parametrize("field", ELSEWHERE)
def test_a_field_of_no_document_is_used_where_it_is_said_to_be(field: str) -> None:
    path = Path(__file__).parents[2] / ELSEWHERE[field].partition(":")[0]

    assert re.search(rf"\b{field.replace('.', '[.]')}\b", path.read_text("utf-8"))


def test_no_field_is_forgotten_here() -> None:
    assert {*fields_of(JobSpec)} == {*CHANGES} | {*ELSEWHERE}


@pytest.mark.parametrize(
    "field", [field for field in CHANGES if field != "build" and field.partition(".")[0] in ContainerSpec.model_fields]
)
def test_a_change_of_the_field_of_a_step_changes_a_document(field: str) -> None:
    before, after = ({**FIRST, **change} for change in CHANGES[field])

    assert rendered({"memory": 2048, "steps": [before]}) != rendered({"memory": 2048, "steps": [after]})


@pytest.mark.parametrize("field", CHANGES)
def test_a_change_of_the_field_changes_a_document(field: str) -> None:
    before, after = CHANGES[field]

    assert rendered(before) != rendered(after)
