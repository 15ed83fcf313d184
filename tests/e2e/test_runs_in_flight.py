"""What becomes of a run when its job is changed before it ends."""

from __future__ import annotations

import json

from tests.e2e.held_job import held_job, started
from tests.e2e.jobs_of_dev import jobs

JOB = "held"


def test_a_run_goes_on_and_tries_again_as_it_began_while_the_next_is_as_deployed(pulumi):
    first = held_job(pulumi, "one", "old", retries={"attempts": 1, "interval": "1s"})
    pulumi.configure(lambda config: jobs(config).update({JOB: first}))
    pulumi.deploy()
    with started(pulumi, JOB) as run:
        attempt, definition = run.attempt(), run.definition()
        assert attempt.told == {"version": "one", "greeting": "old", "attempt": "1"}

        second = held_job(pulumi, "two", "new", memory=1024, retries={"attempts": 0})
        pulumi.configure(lambda config: jobs(config).update({JOB: second}))
        assert pulumi.apply() == {
            f"update Image {JOB}-x86_64",
            f"replace TaskDefinition {JOB}",
            f"update StateMachine {JOB}",
        }

        # The present machine has no retries: this run still has its own.
        attempt.end(3)
        attempt = run.attempt()
        assert attempt.told == {"version": "one", "greeting": "old", "attempt": "2"}
        assert run.definition() == definition
        attempt.end(0)
        ended = run.ended()
    assert (ended["status"], json.loads(ended["output"])["attempts"]) == ("SUCCEEDED", 2)
    old = task_of(pulumi, ended)

    with started(pulumi, JOB) as run:
        attempt = run.attempt()
        assert attempt.told == {"version": "two", "greeting": "new", "attempt": "1"}
        assert run.definition() != definition
        attempt.end(0)
        ended = run.ended()
    assert ended["status"] == "SUCCEEDED"
    new = task_of(pulumi, ended)
    assert (revision(old), revision(new)) == (1, 2)
    assert image(old) != image(new)
    assert tags_of(pulumi, image(old)) == []
    assert tags_of(pulumi, image(new)) == [f"{JOB}-x86_64"]


def task_of(pulumi, ended):
    arn = json.loads(ended["output"])["taskArn"]
    cluster = arn.split("/")[1]
    (task,) = pulumi.client("ecs").describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
    return task


def revision(task):
    return int(task["taskDefinitionArn"].rpartition(":")[2])


def image(task):
    return task["containers"][0]["image"]


def tags_of(pulumi, image):
    repository, _, digest = image.partition("@")
    found = pulumi.client("ecr").describe_images(
        repositoryName=repository.partition("/")[2], imageIds=[{"imageDigest": digest}]
    )
    return found["imageDetails"][0].get("imageTags", [])


def test_a_first_secret_leaves_a_run_that_began_before_without_another_attempt(pulumi):
    # It takes another execution role, and this is not one of a revision: the machine's role passes the present one.
    pulumi.client("secretsmanager").create_secret(Name="token", SecretString="x")
    job = held_job(pulumi, "three", "old", retries={"attempts": 1, "interval": "1s"})
    pulumi.configure(lambda config: jobs(config).update({"secretive": job}))
    pulumi.deploy()
    with started(pulumi, "secretive") as run:
        attempt = run.attempt()
        pulumi.configure(lambda config: jobs(config)["secretive"].update(secrets={"TOKEN": "token"}))
        pulumi.deploy()
        attempt.end(3)
        ended = run.ended()
    assert (ended["status"], ended["error"]) == ("FAILED", "Job.Refused")
    assert "iam:PassRole" in ended["cause"]
