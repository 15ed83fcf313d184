"""Whatever people write is a stack or a list of mistakes, and what is a stack is one to the JSON Schemas too."""

import json
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from spec.errors import SpecErrors
from spec.fields import model_at
from spec.job import JobSpec
from spec.load import load_stack
from spec.schema import job_schema, stack_schema
from spec.stack import StackSettings, StackSpec

VALID = {
    "description": st.sampled_from(["", "adds things up"]),
    "image": st.sampled_from(["alpine", "public.ecr.aws/docker/library/alpine:3.22"]),
    "build": st.fixed_dictionaries({}, optional={"target": st.just("slim"), "args": st.just({"A": "b"})}),
    "entrypoint": st.just(["python", "-m", "job"]),
    "command": st.lists(st.text("ab", min_size=1), min_size=1),
    "cpu": st.sampled_from([256, "256", "0.25 vCPU", 512]),
    "memory": st.sampled_from([1024, "1 GB", "1024"]),
    "ephemeralStorage": st.sampled_from([20, "100 GB", "21"]),
    "architecture": st.sampled_from(["arm64", "x86_64"]),
    "environment": st.dictionaries(st.sampled_from(["A", "b_2"]), st.text(st.characters(exclude_categories=["C"]))),
    "secrets": st.just({"TOKEN": "prod/token", "KEY": {"from": "/prod/key"}}),
    "permissions": st.just(
        [
            {
                "actions": ["s3:Get*"],
                "resources": ["arn:aws:s3:::b/*"],
                "conditions": {"Bool": {"aws:SecureTransport": True}, "StringLike": {"aws:a": ["x", "y"]}},
            }
        ]
    ),
    "user": st.sampled_from(["app", "1000:1000"]),
    "readonlyRootFilesystem": st.booleans(),
    "capacity": st.sampled_from([{"spot": False}, {"spot": True}, {"spot": True, "onDemandAfter": 2}]),
    "timeout": st.sampled_from(["2h30m", "1d", "45s"]),
    "stopTimeout": st.sampled_from(["2s", "2m"]),
    "retries": st.fixed_dictionaries(
        {"attempts": st.integers(1, 5)},
        optional={
            "interval": st.just("5m"),
            "backoffRate": st.sampled_from([1, 2.5]),
            "maxInterval": st.just("10m"),
            "finalExitCodes": st.just([64]),
            "onTimeout": st.booleans(),
        },
    ),
    "startRetries": st.fixed_dictionaries(
        {},
        optional={
            "attempts": st.integers(2, 5),
            "interval": st.just("1s"),
            "backoffRate": st.just(1.5),
            "maxInterval": st.just("10m"),
        },
    ),
    "results": st.booleans(),
    "count": st.sampled_from(
        [3, "{% $input.shards %}", {"tasks": 100, "maxConcurrency": 50, "toleratedFailures": "5%"}]
    ),
    "steps": st.lists(
        st.sampled_from(
            [
                {"name": "list", "results": True, "command": ["list"]},
                {"name": "fetch", "forEach": ["a", "b"], "input": {"file": "{% $item %}"}},
                {"name": "sides", "parallel": [{"name": "a"}, {"name": "b", "steps": [{"name": "c"}, {"name": "d"}]}]},
                {
                    "name": "add",
                    "when": "{% $input.really %}",
                    "forEach": {"objects": {"bucket": "sales"}, "batchSize": 9},
                },
            ]
        ),
        unique_by=lambda step: step["name"],
        min_size=1,
    ),
    "onFailure": st.just([{"name": "clean", "input": "{% $failure.error %}"}]),
    "runOn": st.sampled_from(["fargate", {"kind": "fargate"}, {}]),
    "overlap": st.sampled_from(["skip", "queue", "replace", "allow"])
    | st.fixed_dictionaries(
        {"policy": st.sampled_from(["skip", "replace"])}, optional={"group": st.sampled_from(["loads", "sweeps"])}
    )
    | st.fixed_dictionaries({"policy": st.just("queue")}, optional={"queueLimit": st.integers(1, 500)})
    | st.fixed_dictionaries({"policy": st.just("allow")}, optional={"oncePerTime": st.booleans()}),
    # Jobs are known of a stack as a whole only.
    "startedBy": st.fixed_dictionaries(
        {},
        optional={
            "jobs": st.just([]),
            "objects": st.just([{"bucket": "sales"}, {"bucket": "sales", "prefix": "in/", "suffix": ".csv"}]),
            "roles": st.just(["importer", "arn:aws:iam::123456789012:role/service/api"]),
        },
    ),
    "schedule": st.sampled_from(["rate(1 day)", "cron(0 3 * * ? *)", "at(2031-05-06T07:08:09)"]),
    "timezone": st.just("Europe/Berlin"),
    "flexibleWindow": st.just("15m"),
    "enabled": st.booleans(),
    "startDeadline": st.just("5m"),
    "input": st.recursive(
        st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(st.characters(exclude_categories=["C"])),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
        max_leaves=5,
    ).filter(lambda value: value is not None),
    "logRetention": st.sampled_from([1, 3653]),
    "tags": st.dictionaries(st.sampled_from(["team", "cost centre"]), st.text("ab ", min_size=1, max_size=5)),
}
SETTINGS = {
    "longhaul:network": st.sampled_from(
        [
            {},
            {"nat": "single", "cidr": "10.1.0.0/20", "availabilityZones": 3},
            {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d"], "assignPublicIp": True},
            {"nat": "none"},
        ]
    ),
    "longhaul:trigger": st.sampled_from(["rule", "scheduler"]),
    "longhaul:containerInsights": st.sampled_from(["disabled", "enhanced"]),
    "longhaul:keepLogs": st.sampled_from([True, "true"]),
    "longhaul:ledgerRetention": st.sampled_from([1, "3653"]),
    "longhaul:resultRetention": st.sampled_from([1, 3650]),
    "longhaul:alerts": st.sampled_from(
        [
            {},
            {"email": ["ops@example.com", "owner@example.com"], "https": ["https://example.com:8443/alerts?of=jobs"]},
            {"topic": "arn:aws:sns:eu-west-1:123456789012:alerts"},
            '{"email": ["ops@example.com"]}',
        ]
    ),
    "longhaul:tags": st.sampled_from([{}, {"owner": "x"}, '{"owner": "x"}']),
    "aws:region": st.just("eu-west-1"),
    "aws:allowedAccountIds": st.just(["123456789012"]),
}
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1h", "512", "rate(1 day)", "{}", "[1]", "true", "secure"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4) | st.sampled_from([*VALID, "secure", "from"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def sound(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields without those that would contradict others."""
    without = {"build"} if "image" in fields else set()
    if "schedule" not in fields:
        without |= {"timezone", "flexibleWindow", "enabled", "startDeadline"}
    elif fields["schedule"].startswith("rate"):
        without |= {"timezone"}
    without |= {"count"} if "steps" in fields else {"onFailure"}
    return {"memory": 1024, **{key: value for key, value in fields.items() if key not in without}}


SOUND_JOB = st.fixed_dictionaries({}, optional=VALID).map(sound)
BROKEN_JOB = st.fixed_dictionaries({}, optional={key: st.one_of(valid, JUNK) for key, valid in VALID.items()}) | JUNK
# What a job does is said in one place, so that no layer has a count and another one steps.
SOUND_ENTRY = st.fixed_dictionaries(
    {}, optional={key: one for key, one in VALID.items() if key not in ("count", "steps", "onFailure")}
).map(sound)
SOUND_STACK = st.fixed_dictionaries(
    {"longhaul:jobs": st.dictionaries(st.sampled_from(["nightly", "weekly"]), SOUND_ENTRY, min_size=1)},
    optional={**SETTINGS, "longhaul:defaults": st.sampled_from([{}, {"cpu": 512, "memory": 1024, "user": "app"}])},
)
BROKEN_STACK = st.fixed_dictionaries(
    {"longhaul:jobs": st.dictionaries(st.sampled_from(["nightly", "weekly"]) | st.text(max_size=5), BROKEN_JOB) | JUNK},
    optional={key: st.one_of(valid, JUNK) for key, valid in {**SETTINGS, "longhaul:defaults": BROKEN_JOB}.items()},
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("repository")
    (folder / "Pulumi.yaml").write_text("name: longhaul\n")
    for name in ("nightly", "weekly"):
        (folder / "jobs" / name).mkdir(parents=True)
        (folder / "jobs" / name / "Dockerfile").write_text("FROM scratch\n")
        (folder / "jobs" / name / "job.yaml").write_text("{}")
    return folder


def write(folder: Any, config: Any, job: Any) -> None:
    # JSON is YAML, but for escaped surrogate pairs and some characters YAML does not take.
    for file, value in (("Pulumi.dev.yaml", {"config": config}), ("jobs/nightly/job.yaml", job)):
        (folder / file).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


@settings(max_examples=60)
@given(config=BROKEN_STACK, job=BROKEN_JOB)
def test_any_stack_is_a_spec_or_mistakes_in_plain_words(folder, config: Any, job: Any) -> None:
    write(folder, config, job)
    for given_config in (None, {key.removeprefix("longhaul:"): value for key, value in config.items()}):
        try:
            outcome = load_stack(folder, "dev", given_config)
        except SpecErrors as errors:
            outcome = errors
        if isinstance(outcome, StackSpec):
            continue
        for line in str(outcome).splitlines():
            assert line.startswith(("Pulumi.dev.yaml", "jobs/nightly/job.yaml"))
            assert ": " in line
            for foreign in ("Input should", "Value error", "pydantic", "Traceback", "validation error"):
                assert foreign not in line


STACK_VALIDATOR, JOB_VALIDATOR = Draft202012Validator(stack_schema()), Draft202012Validator(job_schema())


@settings(max_examples=60)
@given(config=SOUND_STACK, job=SOUND_JOB)
def test_what_the_loader_takes_the_schemas_take(folder, config: Any, job: Any) -> None:
    write(folder, config, {key: value for key, value in job.items() if key not in ("image", "build")})
    stack = load_stack(folder, "dev")
    assert len(stack.jobs) == len(config["longhaul:jobs"])
    assert not [error.message for error in STACK_VALIDATOR.iter_errors({"config": config})]
    assert not [error.message for error in JOB_VALIDATOR.iter_errors(job)]


@pytest.mark.parametrize("field", ["capacity", "retries", "startRetries", "overlap", "startedBy"])
def test_every_key_of_a_map_is_tried(field: str) -> None:
    model = model_at(JobSpec, (field,))
    assert model
    for key in model.yaml_keys():
        # Raises where no value has the key.
        find(VALID[field], lambda value, key=key: isinstance(value, dict) and key in value)


def test_every_field_is_tried() -> None:
    assert set(VALID) == set(JobSpec.yaml_keys())
    tried = {key.removeprefix("longhaul:") for key in SETTINGS if key.startswith("longhaul:")}
    assert tried == set(StackSettings.yaml_keys())
