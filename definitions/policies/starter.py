"""What a role gets that may start a job: nothing but that."""

from typing import Any

from definitions.place import Place
from definitions.policies.statements import allow, policy
from spec.job import JobSpec


def starter_policy(job: JobSpec, place: Place) -> dict[str, Any]:
    """The policy of a role that `startedBy.roles` names. State machines have no policies of their own.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    """
    return policy([allow("StartTheJob", ["states:StartExecution"], place.state_machine_arn(job.name))])
