"""docs/steps.md: its examples are jobs that can be deployed, and its figures are the program's."""

import json
import re
from pathlib import Path

import pytest

from definitions.machine import machine
from definitions.place import Place
from definitions.run_task import RunTarget
from spec.load import load_stack
from spec.overrides import MOST_CHARACTERS
from spec.stack import StackSpec
from spec.step_containers import containers
from spec.steps import MOST_DISTRIBUTED, MOST_INLINE
from tests.definitions.validators import machine_problems

PAGE = (Path(__file__).parents[1] / "docs" / "steps.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n# jobs/([a-z]+)/job\.yaml\n(.*?)```", PAGE, re.DOTALL)
PLACE = Place(project="longhaul", stack="dev", partition="aws", region="eu-west-1", account="123456789012")
TARGET = RunTarget(
    cluster_arn="arn:aws:ecs:eu-west-1:123456789012:cluster/longhaul-dev",
    what_runs="any",
    subnet_ids=("subnet-0a1b2c3d",),
    security_group_ids=("sg-0a1b2c3d",),
    assign_public_ip=True,
    log_group_name="/longhaul/longhaul/dev/report-0a1b2c3",
    lock_table_name="longhaul-dev-locks-0a1b2c3",
    results_bucket="longhaul-dev-results-0a1b2c3",
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> StackSpec:
    """All jobs of the page in one stack, as they stand there: each in a folder with a Dockerfile."""
    root = tmp_path_factory.mktemp("page")
    for name, text in EXAMPLES:
        folder = root / "jobs" / name
        folder.mkdir(parents=True)
        (folder / "job.yaml").write_text(text)
        (folder / "Dockerfile").write_text("FROM scratch\n")
    (root / "Pulumi.yaml").write_text("name: longhaul\nruntime: python\n")
    config = {"aws:region": "eu-west-1", "longhaul:jobs": {name: {} for name, _ in EXAMPLES}}
    (root / "Pulumi.dev.yaml").write_text(json.dumps({"config": config}))
    return load_stack(root, "dev")


def test_every_example_is_a_job() -> None:
    assert len(EXAMPLES) == PAGE.count("```yaml")
    assert len({name for name, _ in EXAMPLES}) == len(EXAMPLES)


@pytest.mark.parametrize("name", [name for name, _ in EXAMPLES])
def test_an_example_has_a_machine_that_nobody_objects_to(stack: StackSpec, name: str) -> None:
    job = stack.job(name)
    arns = {one.name: f"arn:aws:ecs:eu-west-1:123456789012:task-definition/{one.name}:7" for one in containers(job)}

    definition = json.loads(json.dumps(machine(job, PLACE, TARGET, arns)))

    assert machine_problems(definition) == []


def test_what_the_page_says_of_its_examples(stack: StackSpec) -> None:
    fetch, encode = containers(stack.job("encode"))
    assert (fetch.retries.attempts, fetch.retries.final_exit_codes, fetch.cpu_units) == (5, (64,), 512)
    assert (encode.memory_mib, encode.environment) == (8192, {"LEVEL": "info", "THREADS": "4"})
    assert encode.permissions
    assert not fetch.permissions
    modes = {
        (name, step.name): step.for_each.is_distributed
        for name, _ in EXAMPLES
        for step in stack.job(name).steps
        if step.for_each is not None
    }
    assert {found for found, distributed in modes.items() if distributed} == {("archive", "pack")}
    assert {job.steps[0].for_each.max_concurrency for job in (stack.job("archive"),) if job.steps[0].for_each} == {200}


@pytest.mark.parametrize("limit", [MOST_CHARACTERS, MOST_INLINE, MOST_DISTRIBUTED])
def test_the_limits_are_the_programs(limit: int) -> None:
    assert re.search(rf"\b{limit:,}\b", PAGE)
