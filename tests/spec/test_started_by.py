"""What starts a job beside its schedule: names, buckets and roles that cannot be meant are mistakes."""

import pytest

from spec.job import JobSpec
from spec.started_by import StartingJobSpec


def write(repository, **started_by: str) -> None:
    jobs = "".join(f"    {job}: {{image: alpine, startedBy: {by}}}\n" for job, by in started_by.items())
    repository.write("Pulumi.dev.yaml", f"config:\n  longhaul:jobs:\n{jobs}")


def test_a_name_alone_is_the_job_whose_success_starts_it(repository) -> None:
    write(repository, rollup="{}", report="{jobs: [rollup]}", cleanup="{jobs: [{job: rollup, on: failure}]}")
    stack = repository.load()
    assert stack.job("report").started_by.jobs == (StartingJobSpec(job="rollup", on="success"),)
    assert stack.job("cleanup").started_by.jobs == (StartingJobSpec(job="rollup", on="failure"),)


@pytest.mark.parametrize(
    ("by", "mistake"),
    [
        ("{jobs: [rolup]}", '.jobs[0]: expected a job of the stack, found "rolup": did you mean "rollup"?'),
        ("{jobs: [rollup, elsewhere]}", '.jobs[1]: expected a job of the stack, found "elsewhere"'),
        ("{jobs: [report]}", '.jobs[0]: expected another job of the stack, found "report" itself'),
        ("{jobs: [{job: report, on: failure}]}", '.jobs[0]: expected another job of the stack, found "report" itself'),
        (
            "{jobs: [rollup, {job: rollup, on: success}]}",
            ".jobs[1]: expected each entry once, found it at jobs[0] too",
        ),
        (
            "{jobs: [{job: rollup, on: succes}]}",
            '.jobs[0].on: expected success or failure, found "succes": did you mean "success"?',
        ),
        ("{jobs: rollup}", ".jobs: expected a list such as [a, b], found text"),
        (
            "{jobs: [1]}",
            ".jobs[0]: expected the name of another job of the stack, or a map with the keys job or on, found a number",
        ),
        ("{job: [rollup]}", '.job: expected a known key, found "job": did you mean "jobs"?'),
        ("{objects: [{prefix: in/}]}", '.objects[0]: expected the key "bucket", found none'),
        (
            "{objects: [{bucket: Sales}]}",
            ".objects[0].bucket: expected a bucket's name of 3 to 63 lower-case letters, digits, dots and hyphens, "
            'found "Sales"',
        ),
        (
            "{objects: [{bucket: sales}, {bucket: sales}]}",
            ".objects[1]: expected each entry once, found it at objects[0] too",
        ),
        (
            "{roles: [arn:aws:iam::123456789012:user/me]}",
            ".roles[0]: expected the name of an IAM role or its ARN, arn:aws:iam::ACCOUNT:role/NAME, "
            'found "arn:aws:iam::123456789012:user/me"',
        ),
        (
            "{roles: [api, arn:aws:iam::123456789012:role/service/api]}",
            ".roles[1]: expected each entry once, found it at roles[0] too",
        ),
    ],
)
def test_what_cannot_be_meant_is_a_mistake(repository, by: str, mistake: str) -> None:
    write(repository, rollup="{}", report=by)
    assert repository.mistakes() == [f"Pulumi.dev.yaml:4 longhaul:jobs.report.startedBy{mistake}"]


def test_more_of_a_key_than_an_event_pattern_holds_is_a_mistake(repository) -> None:
    write(repository, report=f"{{objects: [{{bucket: sales, prefix: {'x' * 1000}, suffix: {'y' * 900}}}]}}")
    (mistake,) = repository.mistakes()
    assert "startedBy.objects: expected at most 1,848 characters" in mistake


def test_jobs_that_start_each_other_without_end_are_a_mistake(repository) -> None:
    write(repository, a="{jobs: [c]}", b="{jobs: [a]}", c="{jobs: [b]}", d="{jobs: [c]}")
    (mistake,) = repository.mistakes()
    assert mistake == (
        "Pulumi.dev.yaml:5 longhaul:jobs.c.startedBy.jobs[0]: "
        "expected jobs that do not start each other without end, found b -> c -> a -> b"
    )


def test_a_job_may_start_again_the_one_whose_failure_started_it(repository) -> None:
    write(repository, rollup="{jobs: [repair]}", repair="{jobs: [{job: rollup, on: failure}]}")
    assert len(repository.load().jobs) == 2


def test_a_job_that_cannot_be_read_is_known_by_its_name_all_the_same(repository) -> None:
    entries = "    rollup: {image: alpine, cpu: 3}\n    report: {image: alpine, startedBy: {jobs: [rollup]}}\n"
    repository.write("Pulumi.dev.yaml", f"config:\n  longhaul:jobs:\n{entries}")
    (mistake,) = repository.mistakes()
    assert ".cpu: " in mistake


def test_an_unknown_job_in_the_jobs_own_file_is_blamed_there(repository) -> None:
    repository.write_job("nightly", "startedBy: {jobs: [rolup]}\n")
    repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    rollup: {image: alpine}\n    nightly:\n")
    (mistake,) = repository.mistakes()
    assert mistake.startswith("jobs/nightly/job.yaml:1 startedBy.jobs[0]: expected a job of the stack, found ")


def test_a_deadline_needs_a_schedule_or_something_else_that_starts_the_job(repository) -> None:
    events, roles = "{objects: [{bucket: sales}]}, startDeadline: 5m", "{roles: [api]}, startDeadline: 5m"
    write(repository, a=events)
    assert repository.load().job("a").start_deadline_seconds == 300
    write(repository, a=roles)
    (mistake,) = repository.mistakes()
    assert mistake.endswith("startDeadline: expected a schedule beside it, found none")


def test_a_role_is_known_without_its_path() -> None:
    arn = "arn:aws:iam::123456789012:role/service/api"
    job = JobSpec.model_validate({"name": "report", "image": "alpine", "startedBy": {"roles": ["importer", arn]}})
    assert job.started_by.role_names == {"importer": "importer", "api": arn}
