"""What people read when a stack is wrong: the file, the line, the path, what was expected and what was found."""

import pytest

IMAGE_JOB = "config:\n  longhaul:jobs:\n    nightly:\n      image: alpine\n"

STACK_MISTAKES = [
    (
        "longhaul:trigerr: rule",
        'longhaul:trigerr: expected a known longhaul: key, found "trigerr": did you mean "trigger"?',
    ),
    ("longhaul:trigger: rules", 'longhaul:trigger: expected rule or scheduler, found "rules": did you mean "rule"?'),
    ("longhaul:trigger:", "longhaul:trigger: expected rule or scheduler, found nothing"),
    ("longhaul:keepLogs: 1", "longhaul:keepLogs: expected true or false, found 1"),
    (
        "longhaul:containerInsights: true",
        "longhaul:containerInsights: expected disabled, enabled or enhanced, found true",
    ),
    ("aws:region: Ireland", 'aws:region: expected an AWS Region such as eu-west-1, found "Ireland"'),
    (
        "longhaul:network: nat",
        "longhaul:network: expected a map with the keys cidr, availabilityZones, nat, endpoints, vpcId, subnetIds, "
        "securityGroupIds or assignPublicIp, found text",
    ),
    (
        "longhaul:network: {nat: one}",
        'longhaul:network.nat: expected none, single or one-per-az, found "one": did you mean "none"?',
    ),
    (
        "longhaul:network: {cidr: 10.0.0.1/16}",
        "longhaul:network.cidr: expected an IPv4 block from /16 to /24, such as 10.0.0.0/16, "
        'found "10.0.0.1/16": did you mean "10.0.0.0/16"?',
    ),
    (
        "longhaul:network: {cidr: 10.0.0.0/8}",
        'longhaul:network.cidr: expected an IPv4 block from /16 to /24, such as 10.0.0.0/16, found "10.0.0.0/8"',
    ),
    (
        "longhaul:network: {endpoints: null}",
        "longhaul:network.endpoints: expected a value, found nothing",
    ),
    (
        "longhaul:network: {cidr: 10.0.0.0/24, availabilityZones: 5}",
        "longhaul:network.availabilityZones: expected at most 4 in 10.0.0.0/24, found 5",
    ),
    (
        "longhaul:network: {endpoints: [sts], nat: single}",
        "longhaul:network.endpoints: expected nat: none beside it, found nat: single",
    ),
    (
        "longhaul:network: {endpoints: [logs]}",
        'longhaul:network.endpoints[0]: expected an endpoint that is not there anyway, found "logs"',
    ),
    (
        "longhaul:network: {subnetIds: [subnet-0a1b2c3d]}",
        "longhaul:network.subnetIds: expected vpcId beside it, found none: it takes effect in an existing VPC only",
    ),
    (
        "longhaul:network: {vpcId: vpc-0a1b2c3d, subnetIds: [subnet-0a1b2c3d], nat: none}",
        "longhaul:network.nat: expected nothing beside vpcId, found a value: it describes a VPC of the stack's own",
    ),
    (
        "longhaul:network: {vpcId: vpc-0a1b2c3d}",
        "longhaul:network.subnetIds: expected at least 1 subnet with vpcId, found none",
    ),
    (
        "longhaul:tags: {Team: a, team: b}",
        'longhaul:tags.team: expected keys that differ in more than case, found "Team" too',
    ),
    ("longhaul:defaults: [cpu]", "longhaul:defaults: expected a map of a job's fields, found a list"),
    (
        "longhaul:defaults: {schedul: rate(1 day)}",
        'longhaul:defaults.schedul: expected a known key, found "schedul": did you mean "schedule"?',
    ),
]


@pytest.mark.parametrize(("written", "expected"), STACK_MISTAKES, ids=[case[0] for case in STACK_MISTAKES])
def test_a_wrong_setting_is_one_line(repository, written: str, expected: str) -> None:
    job = IMAGE_JOB.replace("alpine", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/alpine")
    repository.write("Pulumi.dev.yaml", f"{job}  {written}\n")
    assert repository.mistakes() == [f"Pulumi.dev.yaml:5 {expected}"]


def test_endpoints_in_china_are_refused_where_they_are_asked_for(repository) -> None:
    image = "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/alpine"
    text = IMAGE_JOB.replace("alpine", image) + "  aws:region: cn-north-1\n  longhaul:network: {NETWORK}\n"
    repository.write("Pulumi.dev.yaml", text.replace("NETWORK", "nat: single"))
    assert repository.load().region == "cn-north-1"
    repository.write("Pulumi.dev.yaml", text.replace("NETWORK", "endpoints: [sts]"))
    assert repository.mistakes() == [
        "Pulumi.dev.yaml:6 longhaul:network.endpoints: expected no endpoints in cn-north-1, found some: "
        "in China their names differ; use nat, or a VPC that has them"
    ]


def test_a_schedule_that_aws_would_refuse_is_explained(repository) -> None:
    repository.write("Pulumi.dev.yaml", f"{IMAGE_JOB}      schedule: rate(1 days)\n")
    (line,) = repository.mistakes()
    assert line.startswith("Pulumi.dev.yaml:5 longhaul:jobs.nightly.schedule: ")
    assert "rate(1 day)" in line


def test_a_time_zone_that_does_not_exist_is_explained(repository) -> None:
    repository.write("Pulumi.dev.yaml", f"{IMAGE_JOB}      schedule: cron(0 3 * * ? *)\n      timezone: Europe/Berln\n")
    (line,) = repository.mistakes()
    assert line.startswith("Pulumi.dev.yaml:6 longhaul:jobs.nightly.timezone: ")
    assert "Europe/Berlin" in line


def test_ten_mistakes_are_ten_lines_in_the_order_of_the_files(repository) -> None:
    repository.write(
        "Pulumi.dev.yaml",
        """\
config:
  longhaul:trigger: cron
  longhaul:defaults:
    logRetention: 2
  longhaul:jobs:
    nightly:
      cpu: huge
      environment: {AWS_REGION: x}
      schedul: rate(1 day)
    weekly:
      image: alpine
      cpu: 512
    nihgtly:
""",
    )
    repository.write_job("nightly", "timeout: 2\nretries:\n  attempts: many\ndescription: 7\n")
    assert [line.split(": expected")[0] for line in repository.mistakes()] == [
        "Pulumi.dev.yaml:2 longhaul:trigger",
        "Pulumi.dev.yaml:4 longhaul:defaults.logRetention",
        "Pulumi.dev.yaml:7 longhaul:jobs.nightly.cpu",
        "Pulumi.dev.yaml:8 longhaul:jobs.nightly.environment.AWS_REGION",
        "Pulumi.dev.yaml:9 longhaul:jobs.nightly.schedul",
        "Pulumi.dev.yaml:12 longhaul:jobs.weekly.cpu",
        "Pulumi.dev.yaml:13 longhaul:jobs.nihgtly",
        "jobs/nightly/job.yaml:1 timeout",
        "jobs/nightly/job.yaml:3 retries.attempts",
        "jobs/nightly/job.yaml:4 description",
    ]


def test_a_mistake_that_a_higher_layer_hides_is_reported_too(repository) -> None:
    repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    nightly: {timeout: 1h}\n")
    repository.write_job("nightly", "timeout: soon\n")
    assert repository.mistakes() == [
        'jobs/nightly/job.yaml:1 timeout: expected a duration from 1s to 365d, such as 90m or 2h30m, found "soon"'
    ]


def test_a_default_that_is_wrong_is_one_mistake_however_many_jobs_inherit_it(repository) -> None:
    repository.write(
        "Pulumi.dev.yaml",
        "config:\n  longhaul:defaults: {cpu: 3}\n  longhaul:jobs:\n    a: {image: alpine}\n    b: {image: alpine}\n",
    )
    (line,) = repository.mistakes()
    assert line.startswith("Pulumi.dev.yaml:2 longhaul:defaults.cpu: ")


def test_a_rule_is_reported_where_the_highest_layer_broke_it(repository) -> None:
    repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    nightly:\n      cpu: 2048\n")
    repository.write_job("nightly", "description: x\nmemory: 1024\n")
    (line,) = repository.mistakes()
    assert line.startswith("Pulumi.dev.yaml:4 longhaul:jobs.nightly.cpu: expected memory of 4096 to 16384 MiB")


def test_a_variable_that_is_plain_and_secret_is_reported_where_the_second_was_said(repository) -> None:
    repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    nightly:\n      environment: {TOKEN: fake}\n")
    repository.write_job("nightly", "secrets: {TOKEN: prod/token}\n")
    assert repository.mistakes() == [
        "Pulumi.dev.yaml:4 longhaul:jobs.nightly.environment.TOKEN: "
        "expected TOKEN in secrets or in environment, found it in both"
    ]


def test_a_default_that_every_job_overrides_is_reported_too(repository) -> None:
    repository.write(
        "Pulumi.dev.yaml",
        "config:\n  longhaul:defaults: {logRetention: 2}\n  longhaul:jobs:\n    a: {image: alpine, logRetention: 3}\n",
    )
    assert repository.mistakes() == [
        "Pulumi.dev.yaml:2 longhaul:defaults.logRetention: "
        "expected one of CloudWatch's retentions in days, found 2: the nearest are 1 and 3"
    ]


@pytest.mark.parametrize(("value", "line"), [("jobs", 2), ("trigger", 4)])
def test_an_encrypted_value_is_one_mistake_and_not_a_missing_one_too(repository, value: str, line: int) -> None:
    jobs = "" if value == "jobs" else "  longhaul:jobs:\n    nightly: {image: alpine}\n"
    repository.write("Pulumi.dev.yaml", f"config:\n{jobs}  longhaul:{value}:\n    secure: v1:abc\n")
    (mistake,) = repository.mistakes()
    assert mistake.startswith(
        f"Pulumi.dev.yaml:{line} longhaul:{value}: expected a plain value, found an encrypted one"
    )


def test_a_job_s_folder_without_its_file_is_told_of_the_file(repository) -> None:
    repository.write("jobs/nightly/Dockerfile", "FROM scratch\n")
    repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    nightly: {}\n")
    assert repository.mistakes() == [
        "Pulumi.dev.yaml:3 longhaul:jobs.nightly: expected the file jobs/nightly/job.yaml, or an image, found neither"
    ]


def test_true_is_no_number_of_vcpus(repository) -> None:
    repository.write("Pulumi.dev.yaml", IMAGE_JOB + "      cpu: true\n")
    (mistake,) = repository.mistakes()
    assert mistake.endswith("found true")
