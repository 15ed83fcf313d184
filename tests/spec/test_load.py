"""Where a stack comes from: its file, Pulumi.yaml, or what Pulumi hands to the program."""

import json
from pathlib import Path

import pytest

from spec.errors import SpecErrors
from spec.load import job_names, load_stack, stack_names
from spec.network import NetworkSpec
from spec.stack import trigger_kind

ROOT = Path(__file__).parents[2]
STACK = """\
config:
  aws:region: eu-west-1
  longhaul:network: {nat: single, availabilityZones: 3}
  longhaul:trigger: scheduler
  longhaul:containerInsights: enhanced
  longhaul:keepLogs: true
  longhaul:tags: {team: data}
  longhaul:jobs:
    zebra: {image: alpine, schedule: rate(1 day)}
    aardvark: {image: alpine}
"""


def test_a_stack_has_its_settings_and_its_jobs_in_the_order_of_the_file(repository) -> None:
    repository.write("Pulumi.dev.yaml", STACK)
    stack = repository.load()
    assert (stack.project, stack.name, stack.region) == ("longhaul", "dev", "eu-west-1")
    assert stack.network == NetworkSpec(nat="single", availability_zones=3)
    assert (stack.trigger, stack.container_insights, stack.keep_logs) == ("scheduler", "enhanced", True)
    assert stack.tags == {"team": "data"}
    assert [job.name for job in stack.jobs] == ["zebra", "aardvark"]


@pytest.mark.parametrize("stack", stack_names(ROOT))
def test_the_stacks_of_this_repository_are_right(stack: str) -> None:
    assert load_stack(ROOT, stack).jobs


def test_a_job_that_is_not_there_is_a_key_error(repository) -> None:
    repository.write("Pulumi.dev.yaml", STACK)
    with pytest.raises(KeyError, match="mouse"):
        repository.load().job("mouse")


def test_a_stack_with_no_jobs_says_so(repository) -> None:
    repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs: {}\n")
    assert repository.load().jobs == ()


@pytest.mark.parametrize("text", ["config:\n  aws:region: eu-west-1\n", "config:\n"])
def test_a_stack_that_says_nothing_of_jobs_is_a_mistake(repository, text: str) -> None:
    repository.write("Pulumi.dev.yaml", text)
    assert repository.mistakes() == [
        "Pulumi.dev.yaml: expected longhaul:jobs with the jobs that run in this stack, found none"
    ]


@pytest.mark.parametrize("text", ["config: [a]\n", "- config\n", "", "just text\n"])
def test_a_file_that_is_no_map_is_one_mistake(repository, text: str) -> None:
    repository.write("Pulumi.dev.yaml", text)
    (line,) = repository.mistakes()
    assert line.startswith("Pulumi.dev.yaml")
    assert ": expected " in line


def test_an_unknown_stack_is_told_the_known_ones(repository) -> None:
    repository.write("Pulumi.dev.yaml", STACK)
    repository.write("Pulumi.prod.yaml", STACK)
    assert repository.mistakes(stack="prd") == [
        'Pulumi.prd.yaml: expected one of this project\'s stacks (dev or prod), found "prd": did you mean "prod"?'
    ]


def test_a_project_without_stacks_says_so(repository) -> None:
    assert repository.mistakes() == ['Pulumi.dev.yaml: expected a stack\'s file, and the project has none, found "dev"']


def test_a_repository_without_a_project_file_says_so(tmp_path) -> None:
    with pytest.raises(SpecErrors, match=r"^Pulumi\.yaml: cannot be read: No such file or directory$"):
        load_stack(tmp_path, "dev")


def test_stacks_and_jobs_are_known_by_their_files(repository) -> None:
    for file in ("Pulumi.prod.yaml", "Pulumi.dev.yaml", "Pulumi.dev.yaml.bak", "jobs/README.md"):
        repository.write(file, "")
    repository.write_job("b")
    repository.write_job("a")
    assert stack_names(repository.root) == ["dev", "prod"]
    assert job_names(repository.root) == ["a", "b"]


def test_a_folder_that_no_stack_names_does_no_harm(repository) -> None:
    repository.write("Pulumi.dev.yaml", STACK)
    repository.write_job("draft", "timeout: not yet\n")
    assert len(repository.load().jobs) == 2


def test_a_misspelt_job_is_told_the_nearest_folder(repository) -> None:
    repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    nigthly:\n    other:\n")
    repository.write_job("nightly")
    assert repository.mistakes() == [
        "Pulumi.dev.yaml:3 longhaul:jobs.nigthly: expected the folder jobs/nigthly with a job.yaml, or an image, "
        'found neither: did you mean "nightly"?',
        "Pulumi.dev.yaml:4 longhaul:jobs.other: expected the folder jobs/other with a job.yaml, or an image, "
        "found neither: ./longhaul new other makes one",
    ]


@pytest.mark.parametrize("entry", ["[a]", "text", "7"])
def test_an_entry_that_is_no_map_is_a_mistake(repository, entry: str) -> None:
    repository.write("Pulumi.dev.yaml", f"config:\n  longhaul:jobs:\n    nightly: {entry}\n")
    (line,) = repository.mistakes()
    assert line.startswith("Pulumi.dev.yaml:3 longhaul:jobs.nightly: expected a map of a job's fields, found ")


def test_a_job_file_that_is_no_map_is_a_mistake(repository) -> None:
    repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    nightly:\n")
    repository.write_job("nightly", "- a\n")
    assert repository.mistakes() == ["jobs/nightly/job.yaml: expected a map of a job's fields, found a list"]


@pytest.mark.parametrize("name", ["Nightly", "9lives", "a_b", "a--b", "-a", "a-", "a.b", "a b", "ä"])
def test_a_name_that_aws_or_a_folder_would_not_take_is_refused(repository, name: str) -> None:
    repository.write("Pulumi.dev.yaml", f"config:\n  longhaul:jobs:\n    {json.dumps(name)}: {{image: alpine}}\n")
    (line,) = repository.mistakes()
    assert "expected a job's name of lower-case letters, digits and single hyphens, a letter first, found" in line


class TestNames:
    def test_a_name_is_measured_with_project_stack_and_the_suffix_of_the_longest_role(self, repository) -> None:
        # longhaul-dev- has 13 characters, -states 7, Pulumi's suffix 8: 36 are left of 64.
        repository.write("Pulumi.dev.yaml", f"config:\n  longhaul:jobs:\n    {'a' * 36}: {{image: alpine}}\n")
        assert len(repository.load().jobs) == 1
        repository.write("Pulumi.dev.yaml", f"config:\n  longhaul:jobs:\n    {'a' * 37}: {{image: alpine}}\n")
        assert repository.mistakes() == [
            f"Pulumi.dev.yaml:3 longhaul:jobs.{'a' * 37}: expected at most 49 characters in longhaul-dev-{'a' * 37}, "
            "found 50: too long for an IAM role (64, with -states and a suffix of 8)"
        ]

    def test_all_limits_that_a_name_exceeds_are_named(self, repository) -> None:
        job = "a" * 70
        entry = "{image: alpine, schedule: rate(1 day)}"
        repository.write("Pulumi.dev.yaml", f"config:\n  longhaul:jobs:\n    {job}: {entry}\n")
        (line,) = repository.mistakes()
        assert line.endswith(
            "found 83: too long for an IAM role (64, with -states and a suffix of 8), "
            "a state machine (80) and a rule or schedule (64)"
        )

    @pytest.mark.parametrize("project", ["my.project", "jobs_", "a--b", "a-_b", "_a", "9lives", "ä"])
    def test_a_project_that_resources_cannot_be_named_after_is_refused(self, repository, project: str) -> None:
        # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html: repositoryName
        repository.write("Pulumi.yaml", f"runtime: python\nname: {project}\n")
        repository.write("Pulumi.dev.yaml", STACK)
        assert repository.mistakes() == [
            "Pulumi.yaml:2 name: expected a name of letters, digits, and single hyphens or underscores between them, "
            f'a letter first, as AWS resources are named after it, found "{project}"'
        ]

    @pytest.mark.parametrize("stack", ["eu.west", "dev_", "a--b", "-a"])
    def test_a_stack_that_resources_cannot_be_named_after_is_refused(self, repository, stack: str) -> None:
        repository.write(f"Pulumi.{stack}.yaml", STACK)
        assert repository.mistakes(stack=stack) == [
            f"Pulumi.{stack}.yaml: expected a stack's name of letters, digits, and single hyphens or underscores "
            f'between them, as AWS resources are named after it, found "{stack}"'
        ]

    @pytest.mark.parametrize(("project", "stack"), [("Long_haul-2", "Dev"), ("longhaul", "2026_a-b")])
    def test_other_names_are_taken(self, repository, project: str, stack: str) -> None:
        repository.write("Pulumi.yaml", f"name: {project}\n")
        repository.write(f"Pulumi.{stack}.yaml", STACK)
        assert repository.load(stack=stack).project == project

    def test_no_stack_is_within_reach_of_anothers_policies(self, repository) -> None:
        # They are for `longhaul-dev-*`.
        for stack in ("dev", "dev-eu", "dev_eu", "develop", "eu-dev"):
            repository.write(f"Pulumi.{stack}.yaml", STACK)
        assert repository.mistakes(stack="dev-eu") == [
            'Pulumi.dev-eu.yaml: expected a stack\'s name that does not begin with "dev-", found "dev-eu": '
            "the roles of the stack dev reach all that is named so; dev_eu would do"
        ]
        # The stack that was there first is deployed as before.
        for stack in ("dev", "dev_eu", "develop", "eu-dev"):
            assert repository.load(stack=stack).name == stack


class TestEncrypted:
    def test_an_encrypted_value_is_refused_wherever_it_is(self, repository) -> None:
        repository.write(
            "Pulumi.dev.yaml",
            """\
config:
  longhaul:tags:
    secure: v1:abc
  longhaul:jobs:
    nightly:
      image: alpine
      environment:
        TOKEN:
          secure: v1:def
      command:
        - run
        - secure: v1:ghi
""",
        )
        reason = (
            "expected a plain value, found an encrypted one (secure:): "
            "a secret belongs in Secrets Manager or SSM, and its name under the secrets of a job"
        )
        lines = repository.mistakes()
        assert f"Pulumi.dev.yaml:8 longhaul:jobs.nightly.environment.TOKEN: {reason}" in lines
        assert f"Pulumi.dev.yaml:11 longhaul:jobs.nightly.command[1]: {reason}" not in lines
        assert f"Pulumi.dev.yaml:12 longhaul:jobs.nightly.command[1]: {reason}" in lines
        assert f"Pulumi.dev.yaml:2 longhaul:tags: {reason}" in lines
        assert not any("v1:" in line for line in lines)

    def test_other_namespaces_may_hold_them(self, repository) -> None:
        repository.write("Pulumi.dev.yaml", STACK + "  datadog:apiKey:\n    secure: v1:abc\n")
        assert repository.load().name == "dev"


class TestFromPulumi:
    def test_values_may_come_as_pulumi_hands_them_over(self, repository) -> None:
        repository.write("Pulumi.dev.yaml", STACK)
        config = {
            "network": {"nat": "single", "availabilityZones": 3},
            "trigger": "scheduler",
            "containerInsights": "enhanced",
            "keepLogs": True,
            "tags": {"team": "data"},
            "jobs": {"zebra": {"image": "alpine", "schedule": "rate(1 day)"}, "aardvark": {"image": "alpine"}},
        }
        assert repository.load(config) == repository.load()
        as_text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
        assert repository.load(as_text) == repository.load()

    def test_the_file_may_hold_json_text(self, repository) -> None:
        repository.write(
            "Pulumi.dev.yaml",
            'config:\n  longhaul:keepLogs: "true"\n  longhaul:jobs: \'{"nightly": {"image": "alpine", "cpu": 3}}\'\n',
        )
        (line,) = repository.mistakes()
        assert line.startswith("Pulumi.dev.yaml:3 longhaul:jobs.nightly.cpu: ")

    def test_mistakes_have_the_lines_of_the_file(self, repository) -> None:
        repository.write("Pulumi.dev.yaml", STACK)
        (line,) = repository.mistakes({"jobs": {"aardvark": {"image": "alpine", "cpu": 3}}})
        assert line.startswith("Pulumi.dev.yaml:10 longhaul:jobs.aardvark.cpu: ")

    def test_a_stack_without_a_file_has_no_lines(self, repository) -> None:
        (line,) = repository.mistakes({"jobs": {"nightly": {"image": "alpine", "cpu": 3}}})
        assert line.startswith("Pulumi.dev.yaml longhaul:jobs.nightly.cpu: ")

    def test_an_unknown_key_is_refused(self, repository) -> None:
        repository.write("Pulumi.dev.yaml", STACK)
        assert repository.mistakes({"job": {}, "jobs": {}}) == [
            'Pulumi.dev.yaml longhaul:job: expected a known longhaul: key, found "job": did you mean "jobs"?'
        ]


class TestProjectConfiguration:
    PROJECT = """\
name: longhaul
config:
  longhaul:trigger:
    description: What starts jobs
    value: scheduler
  longhaul:keepLogs: true
  longhaul:tags:
    description: declared, with no value
  longhaul:containerInsights: {value: enabled}
"""

    def test_the_project_says_what_the_stack_does_not(self, repository) -> None:
        repository.write("Pulumi.yaml", self.PROJECT)
        repository.write("Pulumi.dev.yaml", "config:\n  longhaul:containerInsights: disabled\n  longhaul:jobs: {}\n")
        stack = repository.load()
        assert (stack.trigger, stack.keep_logs, stack.container_insights, stack.tags) == (
            *("scheduler", True, "disabled"),
            {},
        )

    def test_its_mistakes_are_in_its_file(self, repository) -> None:
        repository.write("Pulumi.yaml", self.PROJECT.replace("scheduler", "cron"))
        repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs: {}\n")
        (line,) = repository.mistakes()
        assert line.startswith("Pulumi.yaml:5 config.longhaul:trigger.value: expected rule or scheduler")


@pytest.mark.parametrize(
    ("trigger", "fields", "kind"),
    [
        ("rule", "{image: alpine}", None),
        ("scheduler", "{image: alpine}", None),
        ("rule", "{image: alpine, schedule: rate(1 day)}", "rule"),
        ("rule", "{image: alpine, schedule: 'cron(0 3 * * ? *)'}", "rule"),
        ("scheduler", "{image: alpine, schedule: rate(1 day)}", "scheduler"),
        ("rule", "{image: alpine, schedule: 'at(2031-05-06T07:08:09)'}", "scheduler"),
        ("rule", "{image: alpine, schedule: 'cron(0 3 * * ? *)', timezone: UTC}", "scheduler"),
        ("rule", "{image: alpine, schedule: rate(1 day), flexibleWindow: 5m}", "scheduler"),
    ],
)
def test_a_job_gets_a_schedule_where_a_rule_would_not_do(
    repository, trigger: str, fields: str, kind: str | None
) -> None:
    repository.write(
        "Pulumi.dev.yaml", f"config:\n  longhaul:trigger: {trigger}\n  longhaul:jobs:\n    nightly: {fields}\n"
    )
    stack = repository.load()
    assert trigger_kind(stack.job("nightly"), stack) == kind
