"""Was everything delivered?"""

from __future__ import annotations

from ops.dead_letters import letter_count, queue_of
from ops.doctor.finding import REDEPLOY, Finding
from ops.doctor.patient import Patient


def check(patient: Patient) -> list[Finding]:
    """What lies in the stack's dead-letter queue."""
    return patient.noting("the dead-letter queue", None, lambda: _letters(patient))


def _letters(patient: Patient) -> list[Finding]:
    url = queue_of(patient.aws, patient.stack)
    if url is None:
        return [
            Finding(
                check="dead-letters",
                job=None,
                problem="The stack has no dead-letter queue: a start that cannot be delivered is lost.",
                advice=f"{REDEPLOY}.",
                arn=None,
            )
        ]
    count = letter_count(patient.aws, url)
    if not count:
        return []
    lie = "1 letter lies" if count == 1 else f"{count} letters lie"
    sqs = patient.aws("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return [
        Finding(
            check="dead-letters",
            job=None,
            problem=f"{lie} in the dead-letter queue: what was to be started or told and could not be delivered.",
            advice="`./longhaul dead-letters list` tells what they are, why, and what to do.",
            arn=attributes["QueueArn"],
        )
    ]
