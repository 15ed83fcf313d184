"""The JSON Schemas: sound, at one with the files of this repository, and strict where editors should warn."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from spec.load import stack_names
from spec.schema import job_schema, stack_schema

ROOT = Path(__file__).parents[2]
JOB, STACK = Draft202012Validator(job_schema()), Draft202012Validator(stack_schema())


@pytest.mark.parametrize("schema", [job_schema(), stack_schema()], ids=["job", "stack"])
def test_a_schema_is_a_schema(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("stack", stack_names(ROOT))
def test_the_stacks_of_this_repository_pass(stack: str) -> None:
    STACK.validate(yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text()))


@pytest.mark.parametrize("file", sorted(ROOT.glob("jobs/*/job.yaml")), ids=lambda file: file.parent.name)
def test_the_jobs_of_this_repository_pass(file: Path) -> None:
    JOB.validate(yaml.safe_load(file.read_text()))


@pytest.mark.parametrize(
    "job",
    [
        None,
        {},
        {"timeout": "2h30m", "cpu": "1 vCPU", "memory": "2 GB", "ephemeralStorage": "100 GB"},
        {"cpu": 256, "memory": 512, "ephemeralStorage": 21},
        {"secrets": {"A": "prod/a", "B": {"from": "/b"}, "C": {"key": "completes what a lower layer says"}, "D": None}},
        {"user": None, "environment": {"A": None}, "retries": {"attempts": None}, "build": None},
        {"input": [1, None, {"a": None}]},
        {"overlap": "queue", "startRetries": {"attempts": 0}, "capacity": {"spot": True, "onDemandAfter": 2}},
        {"overlap": {"policy": "queue", "queueLimit": 5, "group": None}},
        {"overlap": None},
        {"permissions": [{"actions": ["s3:*"], "resources": ["*"], "conditions": {"Bool": {"a:b": True}}}]},
    ],
)
def test_every_form_of_a_job_passes(job: Any) -> None:
    JOB.validate(job)
    STACK.validate({"config": {"longhaul:jobs": {"nightly": job}, "longhaul:defaults": job or {}}})


@pytest.mark.parametrize(
    "job",
    [
        [],
        {"timout": "2h"},
        {"name": "nightly"},
        {"timeout_seconds": 60},
        {"timeout": 60},
        {"timeout": ""},
        {"timeout": "2h 30m"},
        {"cpu": 0},
        {"cpu": "1 CPU"},
        {"command": "run"},
        {"command": []},
        {"environment": {"A": 1}},
        {"environment": {"a-b": "x"}},
        {"secrets": {"A": "no spaces, please"}},
        {"secrets": {"A": {"form": "prod/a"}}},
        {"permissions": [{"actions": ["s3:*"]}]},
        {"logRetention": 31},
        {"schedule": "every day"},
        {"retries": {"finalExitCodes": [0]}},
        {"retries": {"onTimeout": "yes"}},
        {"startRetries": {"attempts": 101}},
        {"overlap": "wait"},
        {"overlap": {"policy": "wait"}},
        {"overlap": {"group": "Loads"}},
        {"overlap": {"queueLimit": 0}},
    ],
)
def test_an_editor_warns_of_a_wrong_job(job: Any) -> None:
    assert not JOB.is_valid(job)
    assert not STACK.is_valid({"config": {"longhaul:jobs": {"nightly": job}}})


@pytest.mark.parametrize(
    "config",
    [
        {"longhaul:job": {}},
        {"longhaul:jobs": {"Not_A_Name": {}}},
        {"longhaul:trigger": "cron"},
        {"longhaul:keepLogs": "maybe"},
        {"longhaul:network": {"nat": "all"}},
        {"longhaul:tags": {"team": 1}},
        {"aws:region": "Ireland"},
    ],
)
def test_an_editor_warns_of_a_wrong_stack(config: Any) -> None:
    assert not STACK.is_valid({"config": config})


def test_what_is_pulumis_own_is_of_any_form() -> None:
    STACK.validate({"encryptionsalt": "v1:abc", "config": {"aws:profile": "x", "other:key": {"secure": "v1:abc"}}})


def test_every_key_says_what_it_is_and_what_holds_without_it() -> None:
    job = job_schema()["$defs"]["JobSpec"]["properties"]
    assert all(field.get("description") for field in job.values())
    assert (job["timeout"]["default"], job["cpu"]["default"], job["logRetention"]["default"]) == ("4h", 256, 30)
