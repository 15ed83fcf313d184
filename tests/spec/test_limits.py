"""Limits of AWS on a job as a whole, to the character."""

import json

import pytest

from definitions.place import Place
from definitions.run_task import RunTarget, run_task_arguments, task_of_job
from definitions.trigger import rule_target
from spec.job import JobSpec
from spec.overrides import input_room
from tests.definitions.walker import evaluate

PLACE = Place(project="longhaul", stack="dev", partition="aws", region="eu-west-1", account="123456789012")
JOB = "config:\n  longhaul:trigger: {trigger}\n  longhaul:jobs:\n    nightly:\n      image: alpine\n"


def overrides(stack: str, attempt: int, text: str) -> str:
    """The overrides that ECS gets for the longest name of an execution, written out by hand."""
    return (
        '{"containerOverrides":[{"name":"job","environment":['
        '{"name":"LONGHAUL_JOB","value":"nightly"},'
        f'{{"name":"LONGHAUL_STACK","value":"{stack}"}},'
        f'{{"name":"LONGHAUL_EXECUTION","value":"{"e" * 80}"}},'
        '{"name":"LONGHAUL_SCHEDULED_TIME","value":"2026-11-24T03:15:00.000Z"},'
        f'{{"name":"LONGHAUL_ATTEMPT","value":"{attempt}"}},'
        f'{{"name":"LONGHAUL_INPUT","value":{json.dumps(text, ensure_ascii=False)}}}'
        "]}]}"
    )


@pytest.mark.parametrize("letter", ["x", '"', "ä", "\\"], ids=["plain", "quote", "umlaut", "backslash"])
@pytest.mark.parametrize("trigger", ["rule", "scheduler"])
def test_the_input_is_measured_as_json_within_the_overrides(repository, trigger: str, letter: str) -> None:
    def written(length: int) -> str:
        return json.dumps({"text": letter * length}, ensure_ascii=False, separators=(",", ":"))

    def size(length: int) -> int:
        return len(overrides("dev", 11, written(length)).encode())

    def load(length: int) -> None:
        repository.write("Pulumi.dev.yaml", JOB.format(trigger=trigger) + f"      input: {written(length)}\n")

    most = (8192 - size(0)) // (size(1) - size(0))
    load(most)
    assert repository.load().job("nightly").input == {"text": letter * most}
    load(most + 1)
    room = 8192 - len(overrides("dev", 11, ""))
    assert repository.mistakes() == [
        f"Pulumi.dev.yaml:6 longhaul:jobs.nightly.input: expected at most {room:,} bytes of LONGHAUL_INPUT as JSON in "
        f"JSON, what ECS leaves beside the other overrides, found {room + size(most + 1) - 8192:,}: "
        "keep larger input in S3 and pass its name"
    ]


@pytest.mark.parametrize(
    ("stack", "retries", "start_retries", "attempt"),
    [("dev", 0, 0, 1), ("production", 0, 8, 9), ("dev", 3, 10, 14), ("dev", 100, 100, 201)],
)
def test_the_room_for_an_input_is_what_the_longest_run_leaves(
    stack: str, retries: int, start_retries: int, attempt: int
) -> None:
    fields = {"name": "nightly", "image": "alpine", "retries": {"attempts": retries}}
    job = JobSpec.model_validate({**fields, "startRetries": {"attempts": start_retries}})
    assert len(overrides(stack, attempt, "x" * input_room(job, stack))) == 8192


@pytest.mark.parametrize("results", [False, True])
def test_the_room_is_measured_with_the_variables_of_a_run(results: bool) -> None:
    """What RunTask gets when each variable of a run has its longest value."""
    job = JobSpec.model_validate({"name": "nightly", "image": "alpine", "overlap": "allow", "results": results})
    target = RunTarget(
        cluster_arn="",
        what_runs="",
        subnet_ids=(),
        security_group_ids=(),
        assign_public_ip=False,
        log_group_name="",
        results_bucket="x" * 63,
    )
    given = {"scheduledTime": "2026-11-24T03:15:00.000Z", "input": ""}
    # A history has at most 25,000 events, and each redrive is one.
    states = {"context": {"Execution": {"Name": "x" * 80, "Input": given, "RedriveCount": 25_000}}}
    overrides = evaluate(
        run_task_arguments(task_of_job(job, PLACE, target))["Overrides"]["ContainerOverrides"],
        states,
        {"attempt": 1, "startRetries": job.start_retries.attempts},
    )
    size = len(json.dumps({"containerOverrides": overrides}, separators=(",", ":")))
    # An empty text is two quotes, each of them two characters in the JSON around it.
    assert 8192 - (size - 4) == input_room(job, "dev")


def test_a_rules_template_has_every_opening_bracket_escaped(repository) -> None:
    # A `<` begins a placeholder in an input template, and is written as six characters there: \u003c.
    fixed = len('{"trigger":"schedule","scheduledTime":<time>,"input":""}')
    most = (8192 - fixed) // 6

    def write(count: int, trigger: str) -> None:
        entry = f"      schedule: rate(1 day)\n      input: '{'<' * count}'\n"
        repository.write("Pulumi.dev.yaml", JOB.format(trigger=trigger) + entry)

    write(most, "rule")
    deployed = rule_target(repository.load().job("nightly"), PLACE, role_arn="", dead_letter_arn="")
    assert 8192 - 6 < len(deployed["InputTransformer"]["InputTemplate"]) <= 8192
    write(most + 1, "rule")
    (line,) = repository.mistakes()
    assert line == (
        "Pulumi.dev.yaml:7 longhaul:jobs.nightly.input: expected at most 8,192 characters of a rule's input template "
        f"with every < escaped, found {fixed + 6 * (most + 1):,}"
    )
    write(most + 1, "scheduler")
    assert repository.load().jobs


def test_a_policy_is_measured_as_iam_does(repository) -> None:
    statement = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::"]}],
    }
    room = 10_240 - len(json.dumps(statement, separators=(",", ":")))

    def write(length: int) -> None:
        resource = f"arn:aws:s3:::{'b' * length}"
        entry = f"      permissions: [{{actions: ['s3:GetObject'], resources: ['{resource}']}}]\n"
        repository.write("Pulumi.dev.yaml", JOB.format(trigger="rule") + entry)

    write(room)
    assert repository.load().jobs
    write(room + 1)
    assert repository.mistakes() == [
        "Pulumi.dev.yaml:6 longhaul:jobs.nightly.permissions: "
        "expected at most 10,240 characters of policy, IAM's limit for a role, found 10,241"
    ]


def test_the_right_to_leave_results_is_measured_too(repository) -> None:
    leaving = {
        "Sid": "LeaveResults",
        "Effect": "Allow",
        "Action": ["s3:PutObject"],
        "Resource": f"arn:aws-us-gov:s3:::{'x' * 63}/nightly/*",
    }
    length = len("," + json.dumps(leaving, separators=(",", ":")))
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::"]}
    own = len(json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":")))
    resource = f"arn:aws:s3:::{'b' * (10_240 - own)}"
    permissions = f"      permissions: [{{actions: ['s3:GetObject'], resources: ['{resource}']}}]\n"

    repository.write("Pulumi.dev.yaml", JOB.format(trigger="rule") + permissions + "      results: true\n")
    (line,) = repository.mistakes()
    assert line.endswith(f"IAM's limit for a role, found {10_240 + length:,}")


def test_the_container_leaves_room_in_the_task_definition(repository) -> None:
    repository.write("Pulumi.dev.yaml", JOB.format(trigger="rule") + f"      environment: {{BIG: {'x' * 62_000}}}\n")
    (line,) = repository.mistakes()
    assert line.startswith("Pulumi.dev.yaml:6 longhaul:jobs.nightly.environment: expected at most 61,440 bytes of ")


def test_tags_are_counted_with_the_stacks(repository) -> None:
    def write(count: int) -> None:
        of_stack = json.dumps({f"stack{index}": "x" for index in range(20)})
        of_job = json.dumps({f"job{index}": "x" for index in range(count)})
        text = JOB.format(trigger="rule") + f"      tags: {of_job}\n  longhaul:tags: {of_stack}\n"
        repository.write("Pulumi.dev.yaml", text)

    write(25)
    assert repository.load().jobs
    write(26)
    assert repository.mistakes() == [
        "Pulumi.dev.yaml:6 longhaul:jobs.nightly.tags: expected at most 45 tags with the stack's, found 46"
    ]


def test_a_tag_of_the_job_may_replace_the_stacks_but_not_differ_in_case_alone(repository) -> None:
    text = JOB.format(trigger="rule") + "      tags: {{team: job}}\n  longhaul:tags: {{{key}: stack}}\n"
    repository.write("Pulumi.dev.yaml", text.format(key="team"))
    assert repository.load().job("nightly").tags == {"team": "job"}
    repository.write("Pulumi.dev.yaml", text.format(key="Team"))
    assert repository.mistakes() == [
        "Pulumi.dev.yaml:6 longhaul:jobs.nightly.tags.team: expected keys that differ in more than case, "
        'found "Team" too'
    ]


@pytest.mark.parametrize(
    ("image", "within_reach"),
    [
        ("alpine:3.22", False),
        ("public.ecr.aws/docker/library/alpine", False),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/jobs:1", True),
    ],
)
def test_isolated_subnets_reach_images_in_ecr_only(repository, image: str, within_reach: bool) -> None:
    text = JOB.format(trigger="rule").replace("alpine", image)
    repository.write("Pulumi.dev.yaml", text + "  longhaul:network: {endpoints: [sts]}\n")
    if within_reach:
        assert repository.load().job("nightly").image == image
    else:
        assert repository.mistakes() == [
            f'Pulumi.dev.yaml:5 longhaul:jobs.nightly.image: expected an image in ECR, found "{image}": '
            "the stack's isolated subnets reach no other registry"
        ]


@pytest.mark.parametrize(
    ("run_on", "within_reach"),
    [
        ("fargate", False),
        ("task", False),
        ("{kind: ec2, capacityProvider: warehouse}", True),
        ("{kind: kubernetes, cluster: analytics}", True),
        ("lambda", True),
    ],
)
def test_only_fargate_pulls_images_through_the_subnets(repository, run_on: str, within_reach: bool) -> None:
    job = f"image: alpine, entrypoint: [run], timeout: 5m, overlap: allow, schedule: rate(1 day), runOn: {run_on}"
    repository.write(
        "Pulumi.dev.yaml",
        f"config:\n  longhaul:network: {{endpoints: []}}\n  longhaul:jobs:\n    nightly: {{{job}}}\n",
    )
    if within_reach:
        assert [one.name for one in repository.load().jobs] == ["nightly"]
    else:
        (mistake,) = repository.mistakes()
        assert "image: expected an image in ECR" in mistake
