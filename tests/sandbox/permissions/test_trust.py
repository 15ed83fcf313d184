"""Whom the roles trust, and the queue: on behalf of another account, or of another resource, nothing gets through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.sandbox.permissions.deployed import Jobs
from tests.sandbox.permissions.policies import Document, Part, parts, without
from tests.sandbox.permissions.project import JOBS
from tests.sandbox.permissions.scenarios import job_of

STATES = "states.amazonaws.com"
TASKS = "ecs-tasks.amazonaws.com"
EVENTS = "events.amazonaws.com"
SCHEDULER = "scheduler.amazonaws.com"
HOLDERS = {
    **{f"{job}-states": [STATES] for job in JOBS},
    # One that only runs other jobs has no task.
    **{f"{job}-task": [TASKS] for job in JOBS if job != "calling"},
    **{holder: [TASKS] for holder in ("stepping_first-task", "exec", "secretive-exec", "elsewhere-exec")},
    "trigger": [EVENTS, SCHEDULER],
}
CONDITIONS = {"aws:SourceAccount", "aws:SourceArn"}


def changes(trust: Document) -> Iterator[tuple[str, str, Document]]:
    """Each way to trust someone else: the service that loses the trust, what is changed, the trust policy."""
    for index, statement in enumerate(trust["Statement"]):
        service = statement["Principal"]["Service"]
        others = list(trust["Statement"])
        others[index] = {**statement, "Principal": {"Service": "lambda.amazonaws.com"}}
        yield service, "the service", {**trust, "Statement": others}
        for part in parts(trust):
            if part.statement == index and part.condition is not None:
                yield service, part.condition[1], without(trust, part)


def refused(jobs: Jobs, holder: str, service: str) -> None:
    """What needs the trust fails, and says so as AWS does."""
    job = job_of(holder)
    if service == STATES:
        run = jobs.run(job)
        # Of a map run that is not started, no task is told.
        failed = run.event("ExecutionFailed" if job == "mapping" else "TaskFailed")
        told = "The principal states.amazonaws.com is not authorized to assume the provided role."
        assert (failed["error"], failed["cause"]) == ("States.TaskFailed", told)
    elif service == TASKS:
        failed = jobs.run(job).event("TaskFailed")
        assert failed["error"] == "ECS.ClientException"
        assert f"ECS was unable to assume the role '{jobs.role_arn(holder)}'" in failed["cause"]
    elif service == EVENTS:
        # The queue's own policy lets the rule keep what it could not start.
        delivery = jobs.fire("plain")
        assert (delivery.status, delivery.error_code) == ("DEAD_LETTERED", "FAILED_TO_ASSUME_ROLE")
        assert jobs.role_arn(holder) in delivery.error_message
    else:
        # A schedule would keep it with the role that it cannot have.
        delivery = jobs.fire("zoned")
        assert (delivery.status, delivery.error_code) == ("LOST", "AccessDeniedException")
        assert jobs.role_arn(holder) in delivery.error_message


def works(jobs: Jobs, holder: str, service: str) -> bool:
    """Whether what needs the trust succeeds."""
    if service in (STATES, TASKS):
        return jobs.run(job_of(holder)).status == "SUCCEEDED"
    return jobs.fire("plain" if service == EVENTS else "zoned").status == "STARTED"


def test_no_role_is_left_out_and_each_is_bound_to_account_and_resource(jobs: Jobs) -> None:
    trusts = {holder: jobs.trust(holder)["Statement"] for holder in jobs.roles}
    assert {name: [each["Principal"]["Service"] for each in trust] for name, trust in trusts.items()} == HOLDERS
    for statement in [statement for trust in trusts.values() for statement in trust]:
        assert {key for keys in statement["Condition"].values() for key in keys} == CONDITIONS


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_role_that_trusts_someone_else_is_not_assumed(jobs: Jobs, holder: str, subtests: pytest.Subtests) -> None:
    for service, changed, trust in changes(jobs.trust(holder)):
        with subtests.test(f"{service}: {changed}"):
            with jobs.trusting(holder, trust):
                refused(jobs, holder, service)
            assert works(jobs, holder, service)


class TestTheDeadLetterQueue:
    """Rules send to it by its own policy."""

    @contextmanager
    def under(self, jobs: Jobs, policy: Document | None) -> Iterator[None]:
        """Give the queue another policy, or none, and its own back afterwards."""
        sqs, url = jobs.aws.client("sqs"), jobs.deployment.outputs["deadLetterQueueUrl"]
        own = self.policy(jobs)
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy) if policy else ""})
        try:
            yield
        finally:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(own)})

    def policy(self, jobs: Jobs) -> Document:
        url = jobs.deployment.outputs["deadLetterQueueUrl"]
        answer = jobs.aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
        return json.loads(answer["Attributes"]["Policy"])

    def test_it_takes_the_letters_of_the_stacks_rules_alone(self, jobs: Jobs, subtests: pytest.Subtests) -> None:
        policy = self.policy(jobs)
        found = list(parts(policy))
        assert {part.condition and part.condition[1] for part in found} == {None, *CONDITIONS}
        with jobs.without_action("trigger", "states:StartExecution"):
            for part in found:
                with subtests.test(str(part)):
                    left = without(policy, part)
                    with self.under(jobs, left if left["Statement"] else None):
                        lost = jobs.fire("plain")
                    assert lost.status == "LOST"
                    (queue,) = {statement["Resource"] for statement in policy["Statement"]}
                    for named in (queue, "sqs:SendMessage", lost.trigger_arn):
                        assert named in lost.error_message
                    assert jobs.fire("plain").status == "DEAD_LETTERED"

    def test_a_schedule_needs_no_policy_of_the_queue(self, jobs: Jobs) -> None:
        with jobs.without_action("trigger", "states:StartExecution"), self.under(jobs, None):
            assert jobs.fire("zoned").status == "DEAD_LETTERED"


def test_a_part_of_a_trust_policy_is_one_of_its_conditions(jobs: Jobs) -> None:
    assert list(parts(jobs.trust("exec"))) == [
        Part(0, "sts:AssumeRole"),
        Part(0, "sts:AssumeRole", condition=("StringEquals", "aws:SourceAccount", "123456789012")),
        Part(0, "sts:AssumeRole", condition=("ArnLike", "aws:SourceArn", "arn:aws:ecs:eu-west-1:123456789012:*")),
    ]
