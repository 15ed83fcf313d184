"""What starts the jobs: the one trigger role of a stack, and the queue for the starts that did not happen."""

from typing import Any

from definitions.place import Place
from definitions.policies.statements import allow, policy


def trigger_role_policy(place: Place, *, dead_letter_arn: str) -> dict[str, Any]:
    """The policy of the role with which the stack's rules and schedules start its state machines.

    Args:
        place: the stack; its machines are matched by their names' prefix, so that a new job needs no new grant.
        dead_letter_arn: the SQS queue. Scheduler sends there with this role; EventBridge rules send by the queue's
            own policy.
    """
    return policy(
        [
            allow("StartTheJobs", ["states:StartExecution"], place.state_machine_arn_pattern),
            # https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
            allow("KeepWhatCouldNotStart", ["sqs:SendMessage"], dead_letter_arn),
        ]
    )


def dead_letter_queue_policy(place: Place, queue_arn: str) -> dict[str, Any]:
    """The queue policy that lets the stack's EventBridge rules, and no others, keep their failed starts in a queue.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    statement = allow(
        "RulesOfTheStack",
        ["sqs:SendMessage"],
        queue_arn,
        {"StringEquals": {"aws:SourceAccount": place.account}, "ArnLike": {"aws:SourceArn": place.rule_arn_pattern}},
    )
    return policy([{**statement, "Principal": {"Service": "events.amazonaws.com"}}])
