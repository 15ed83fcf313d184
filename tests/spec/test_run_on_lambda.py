"""What a job on Lambda may say, and what `check` has to say about it."""

import pytest

from spec.container import ImageStart
from spec.dockerfile import image_start
from spec.run_on_rules import notes
from spec.run_on_rules.lambda_ import start_of

STACK = (
    "config:\n  longhaul:jobs:\n    nightly: {{image: alpine, entrypoint: [run], runOn: lambda, timeout: 10m{more}}}\n"
)
AT = "Pulumi.dev.yaml:3 longhaul:jobs.nightly"


@pytest.mark.parametrize(
    ("more", "mistake"),
    [
        (
            "15m1s",
            "timeout: expected at most 15m with runOn: lambda, found 15m1s: no function runs longer; leave Lambda for "
            "it: runOn: fargate",
        ),
        (
            "10m, cpu: 2048, memory: 11264",
            "memory: expected 128 to 10,240 MiB with runOn: lambda, found 11,264; leave Lambda for it: runOn: fargate",
        ),
        (
            "10m, ephemeralStorage: 21",
            "ephemeralStorage: expected at most 10 GiB with runOn: lambda, found 21; leave "
            "Lambda for it: runOn: fargate",
        ),
        (
            "10m, environment: {X: a}",
            "environment.X: expected a name of two or more letters, digits and underscores, a letter first and not "
            "LAMBDA_, as Lambda takes it, found X",
        ),
        (
            "10m, environment: {LAMBDA_TASK_ROOT: a}",
            "environment.LAMBDA_TASK_ROOT: expected a name of two or more letters, digits and underscores, a letter "
            "first and not LAMBDA_, as Lambda takes it, found LAMBDA_TASK_ROOT",
        ),
    ],
)
def test_what_lambda_cannot_do_is_refused(repository, more: str, mistake: str) -> None:
    repository.write("Pulumi.dev.yaml", STACK.format(more="").replace("10m", more))
    assert repository.mistakes() == [f"{AT}.{mistake}"]


def test_a_move_names_what_is_in_its_way_and_where_that_is_written(repository) -> None:
    repository.write_job("nightly", "cpu: 512\nmemory: 1024\ntimeout: 1h\nentrypoint: [run]\n")
    repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    nightly: {runOn: lambda}\n")
    assert repository.mistakes() == [
        "Pulumi.dev.yaml:3 longhaul:jobs.nightly.runOn: timeout (jobs/nightly/job.yaml:3): expected at most 15m with "
        "runOn: lambda, found 1h: no function runs longer; leave Lambda for it: runOn: fargate"
    ]


def test_a_default_names_the_jobs_that_are_in_its_way(repository) -> None:
    jobs = "{one: {image: a, entrypoint: [a]}, two: {image: a, entrypoint: [a]}}"
    repository.write("Pulumi.dev.yaml", f"config:\n  longhaul:defaults: {{runOn: lambda}}\n  longhaul:jobs: {jobs}\n")
    said = "timeout: expected at most 15m with runOn: lambda, found 4h: no function runs longer; leave Lambda for it"
    assert repository.mistakes() == [
        f"Pulumi.dev.yaml:2 longhaul:defaults.runOn: {job}'s {said}: runOn: fargate" for job in ("one", "two")
    ]


def test_a_function_has_the_environment_that_lambda_takes_to_the_byte(repository) -> None:
    """Lambda's error names what it measures, such as `{"AA":"xx"}`."""
    repository.write("Pulumi.dev.yaml", STACK.format(more=f", environment: {{AA: {'x' * 4087}}}"))
    assert repository.load()
    repository.write("Pulumi.dev.yaml", STACK.format(more=f", environment: {{AA: {'x' * 4088}}}"))
    assert repository.mistakes() == [
        f"{AT}.environment: expected at most 4,096 bytes as JSON text with runOn: lambda, found 4,097"
    ]


def test_references_to_secrets_count_as_the_longest_arns_that_they_may_have(repository) -> None:
    """In a variable of their own, as JSON in JSON: `{"AA":"xx","LONGHAUL_SECRETS":"{\\"T\\":\\"arn...\\"}"}`."""
    arn = "arn:aws-us-gov:secretsmanager:ap-northeast-1:123456789012:secret:sales/login"
    secrets = f'{{\\"T\\":\\"{arn}:user::\\"}}'
    room = 4096 - len(f'{{"AA":"","LONGHAUL_SECRETS":"{secrets}"}}')
    more = ", environment: {{AA: {}}}, secrets: {{T: {{from: sales/login, key: user}}}}"
    repository.write("Pulumi.dev.yaml", STACK.format(more=more.format("x" * room)))
    assert repository.load()
    repository.write("Pulumi.dev.yaml", STACK.format(more=more.format("x" * (room + 1))))
    assert repository.mistakes() == [
        f"{AT}.environment: expected at most 4,096 bytes as JSON text with runOn: lambda, found up to 4,097 "
        "with the ARNs of its secrets"
    ]


def test_too_many_secrets_alone_are_too_large(repository) -> None:
    secrets = ", ".join(f"TOKEN_{number}: /sales/{'x' * 40}/{number}" for number in range(40))
    repository.write("Pulumi.dev.yaml", STACK.format(more=f", secrets: {{{secrets}}}"))
    (mistake,) = repository.mistakes()
    assert mistake.startswith(
        f"{AT}.secrets: expected at most 4,096 bytes as JSON text with runOn: lambda, found up to 4,9"
    )
    on_fargate = STACK.format(more=f", secrets: {{{secrets}}}").replace("runOn: lambda, ", "")
    repository.write("Pulumi.dev.yaml", on_fargate)
    assert repository.load()


def test_a_secret_may_have_a_name_that_no_variable_of_a_function_has(repository) -> None:
    """Lambda is not told of it as of a variable."""
    repository.write("Pulumi.dev.yaml", STACK.format(more=", secrets: {X: sales/login, LAMBDA_TASK_ROOT: /sales/root}"))
    (job,) = repository.load().jobs
    assert set(job.secrets) == {"X", "LAMBDA_TASK_ROOT"}
    assert list(notes(job)) == []


def test_fifteen_minutes_are_right_and_near_the_limit(repository) -> None:
    repository.write("Pulumi.dev.yaml", STACK.format(more="").replace("10m", "15m"))
    (job,) = repository.load().jobs
    assert [(note.loc, note.message) for note in notes(job)] == [
        (("timeout",), "15m is near the 15m that a function has; `doctor` tells when runs come near it")
    ]


def test_what_has_no_effect_is_said(repository) -> None:
    fields = ", cpu: 256, stopTimeout: 5s, user: app, readonlyRootFilesystem: true, capacity: {spot: true}"
    repository.write("Pulumi.dev.yaml", STACK.format(more=fields))
    (job,) = repository.load().jobs
    assert [note.loc for note in notes(job)] == [
        ("cpu",),
        ("stopTimeout",),
        ("user",),
        ("readonlyRootFilesystem",),
        ("capacity", "spot"),
    ]


def test_a_rule_is_said_of_the_step_that_breaks_it(repository) -> None:
    steps = ", steps: [{name: one}, {name: two, timeout: 20m}]"
    repository.write("Pulumi.dev.yaml", STACK.format(more=steps))
    (mistake,) = repository.mistakes()
    assert mistake.startswith(f"{AT}.steps[1].timeout: expected at most 15m")


def test_jobs_of_a_group_are_all_functions_or_none_is(repository) -> None:
    repository.write(
        "Pulumi.dev.yaml",
        "config:\n  longhaul:jobs:\n    one: {image: a, overlap: {group: sales}}\n"
        "    two: {image: a, entrypoint: [a], timeout: 1m, overlap: {group: sales}, runOn: lambda}\n"
        "    three: {image: a, overlap: {group: sales}}\n",
    )
    assert repository.mistakes() == [
        "Pulumi.dev.yaml:4 longhaul:jobs.two.runOn: expected fargate, where one of the same overlap group runs, found "
        "lambda: a run of one cannot tell whether the other's has ended"
    ]


def test_an_image_of_another_registry_is_within_reach_of_whoever_deploys(repository) -> None:
    repository.write("Pulumi.dev.yaml", f"{STACK.format(more='')}  longhaul:network: {{endpoints: [sqs]}}\n")
    assert repository.load().job("nightly").image == "alpine"
    on_fargate = STACK.format(more="").replace("runOn: lambda, ", "")
    repository.write("Pulumi.dev.yaml", f"{on_fargate}  longhaul:network: {{endpoints: [sqs]}}\n")
    assert "expected an image in ECR" in repository.mistakes()[0]


@pytest.mark.parametrize(
    ("dockerfile", "start"),
    [
        ('FROM a\nENTRYPOINT ["python", "-m", "job"]', (("python", "-m", "job"), ())),
        ('FROM a\nENTRYPOINT ["python"]\nCMD ["-m", "job"]', (("python",), ("-m", "job"))),
        ('FROM a\nCMD ["-m", "job"]\nENTRYPOINT ["python"]', (("python",), ("-m", "job"))),
        ("FROM a\nENTRYPOINT exec python job.py", (("/bin/sh", "-c", "exec python job.py"), ())),
        ('FROM a\nSHELL ["/bin/bash", "-c"]\nENTRYPOINT job', (("/bin/bash", "-c", "job"), ())),
        # The base image may have an entry point, of which the Dockerfile says nothing.
        ('FROM python\nCMD ["python", "job.py"]', None),
        ("FROM python", None),
        ('FROM scratch\nCMD ["/job"]', ((), ("/job",))),
        ('FROM a AS one\nENTRYPOINT ["one"]\nCMD ["1"]\nFROM one AS two\nCMD ["2"]', (("one",), ("2",))),
        ('FROM a AS one\nENTRYPOINT ["one"]\nCMD ["1"]\nFROM one\nENTRYPOINT ["two"]', (("two",), ())),
        ('ARG BASE=one\nFROM a AS one\nENTRYPOINT ["one"]\nFROM ${BASE}', (("one",), ())),
        ('FROM a\nRUN cat <<EOF\nENTRYPOINT ["no"]\nEOF\nENTRYPOINT ["yes"]', (("yes",), ())),
        # What the builder's platform is, nobody knows here.
        ('FROM --platform=$BUILDPLATFORM a AS one\nENTRYPOINT ["one"]\nFROM one', (("one",), ())),
        ("", None),
    ],
)
def test_what_an_image_starts_is_read_off_its_dockerfile(dockerfile: str, start: tuple | None) -> None:
    found = image_start(dockerfile, None, {})
    assert (None if found is None else (found.entrypoint, found.command)) == start


def test_the_stage_that_is_built_tells() -> None:
    text = 'FROM a AS one\nENTRYPOINT ["one"]\nFROM a AS two\nENTRYPOINT ["two"]\n'
    for target, entrypoint in ((None, "two"), ("one", "one"), ("TWO", "two")):
        found = image_start(text, target, {})
        assert found is not None
        assert found.entrypoint == (entrypoint,)


@pytest.mark.parametrize("dockerfile", ["FROM scratch\n", 'FROM a\nCMD ["b"]\nFROM a\nENTRYPOINT []\n'])
def test_an_image_that_starts_nothing_is_refused(repository, dockerfile: str) -> None:
    repository.write_job("nightly", "timeout: 1m")
    repository.write("jobs/nightly/Dockerfile", dockerfile)
    repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    nightly: {runOn: lambda}\n")
    (mistake,) = repository.mistakes()
    assert "expected entrypoint, or ENTRYPOINT in jobs/nightly/Dockerfile, with runOn: lambda, found neither" in mistake
    repository.write_job("nightly", "timeout: 1m\ncommand: [/job]")
    assert start_of(repository.load().job("nightly")) == ImageStart((), ("/job",))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("", (("run",), ("all",))),
        ("command: [one]", (("run",), ("one",))),
        # As in Docker: an entry point of the job's own drops the image's command.
        ("entrypoint: [other]", (("other",), ())),
        ("entrypoint: [other]\ncommand: [one]", (("other",), ("one",))),
    ],
)
def test_what_a_job_says_goes_over_what_its_image_starts(repository, fields: str, words: tuple) -> None:
    repository.write_job("nightly", f"timeout: 1m\n{fields}")
    repository.write("jobs/nightly/Dockerfile", 'FROM a\nENTRYPOINT ["run"]\nCMD ["all"]\n')
    repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    nightly: {runOn: lambda}\n")
    start = start_of(repository.load().job("nightly"))
    assert start is not None
    assert (start.entrypoint, start.command) == words


def test_a_step_that_builds_another_image_starts_what_that_says(repository) -> None:
    repository.write_job(
        "nightly", "timeout: 1m\nsteps: [{name: one}, {name: two, build: {dockerfile: Other}}, {name: three, image: a}]"
    )
    repository.write("jobs/nightly/Dockerfile", 'FROM a\nENTRYPOINT ["run"]\n')
    repository.write("jobs/nightly/Other", "FROM a\n")
    repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    nightly: {runOn: lambda}\n")
    at = "Pulumi.dev.yaml:3 longhaul:jobs.nightly.runOn: entrypoint"
    assert [mistake.partition(", found")[0] for mistake in repository.mistakes()] == [
        f"{at}: expected entrypoint, or ENTRYPOINT in jobs/nightly/Other, with runOn: lambda",
        f"{at}: expected entrypoint beside the image a with runOn: lambda",
    ]


def test_what_an_image_starts_is_not_for_people_to_write(repository) -> None:
    repository.write_job("nightly", "build: {starts: [a]}")
    repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    nightly:\n")
    assert repository.mistakes() == [
        "jobs/nightly/job.yaml:1 build.starts: expected no starts here, found one: the Dockerfile says what its image "
        "starts"
    ]


@pytest.mark.parametrize(
    ("network", "is_said"),
    [
        ("{vpcId: vpc-0a1b2c3d, subnetIds: [subnet-0a1b2c3d], assignPublicIp: true}", True),
        ("{vpcId: vpc-0a1b2c3d, subnetIds: [subnet-0a1b2c3d]}", False),
        # In a VPC of the stack's own there is nothing else that it could want to reach.
        ("{nat: none}", False),
        ("{nat: single}", False),
    ],
)
def test_a_function_that_is_left_outside_of_the_vpc_is_told_of(repository, network: str, is_said: bool) -> None:
    repository.write("Pulumi.dev.yaml", STACK.format(more="") + f"  longhaul:network: {network}\n")
    stack = repository.load()

    said = [note.loc for note in notes(stack.jobs[0], stack.network)]

    assert said == ([("runOn",)] if is_said else [])


def test_a_dockerfile_that_is_missing_is_said_once(repository) -> None:
    repository.write(
        "Pulumi.dev.yaml",
        STACK.format(more="").replace("image: alpine, entrypoint: [run], ", "build: {dockerfile: none}, "),
    )

    (mistake,) = repository.mistakes()

    assert ".build.dockerfile: expected the file " in mistake
