"""What lies in the dead-letter queue."""

from __future__ import annotations

from ops.dead_letters import queue_of
from ops.doctor import letters
from ops.doctor.finding import Finding
from tests.ops.doctor.sick import Sick


def found(sick: Sick) -> list[Finding]:
    with sick.patient() as patient:
        return letters.check(patient)


def test_letters_are_counted(sick: Sick) -> None:
    sqs, url = sick.local_aws.client("sqs"), queue_of(sick.aws, sick.found())
    assert found(sick) == []
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    (one,) = found(sick)
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    (two,) = found(sick)
    sqs.purge_queue(QueueUrl=url)
    assert (one.check, one.job) == ("dead-letters", None)
    assert one.arn == sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    assert one.problem.startswith("1 letter lies in the dead-letter queue")
    assert two.problem.startswith("2 letters lie in the dead-letter queue")
    assert "dead-letters list" in two.advice
