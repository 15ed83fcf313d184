"""Faults of RunTask: ECS starts no task."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.faults.fault import Fault

FARGATE, SPOT = "FARGATE", "FARGATE_SPOT"
_QUEUE_IS_FULL = "Tasks provisioning capacity limit exceeded."
_NO_CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"


@dataclass(frozen=True, kw_only=True)
class RunTaskCall:
    """A call that ECS would accept.

    Attributes:
        family: the task definition's family.
        capacity_provider: FARGATE, FARGATE_SPOT, or None for a launch type.
        subnets: the ids in the request.
        second: when it came, in virtual epoch seconds.
    """

    family: str
    capacity_provider: str | None
    subnets: Sequence[str]
    second: float

    @property
    def is_on_ec2(self) -> bool:
        """Whether the provider is one of EC2 instances."""
        return self.capacity_provider not in (None, FARGATE, SPOT)


@dataclass(frozen=True, kw_only=True)
class RunTaskAnswer:
    """What RunTask answers in the place of a task.

    Attributes:
        error_code: the code of an error with HTTP status 400; empty for an answer with status 200 and `failures`.
        message: the error's message, or the failure's reason.
    """

    message: str
    error_code: str = ""


@dataclass(kw_only=True, eq=False)
class RefuseCapacity(Fault):
    """There is no room: of Fargate, RunTask answers 200 with no task and one failure, which has a reason and no ARN.

    https://repost.aws/knowledge-center/ecs-fargate-runtask-capacity has the text. It also says that Step Functions
    records ECS.AmazonECSException, its name for an error with a code that ECS's model lacks, while
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html says AmazonECS.Unknown for a failure in an
    answer with status 200. Which of the two Fargate gives when is not documented: `as_error` makes it the first. The
    code of that error is unverified.

    On EC2 instances the reason is RESOURCE:MEMORY, and the error that too many tasks wait already:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html

    Args:
        spot_only: only FARGATE_SPOT has no room.
        as_error: answer with an error instead of a failure.
    """

    spot_only: bool = False
    as_error: bool = False

    def answer(self, call: RunTaskCall) -> RunTaskAnswer | None:
        """What to answer; None lets the call through."""
        if (self.spot_only and call.capacity_provider != SPOT) or not self.strikes(call.family):
            return None
        if call.is_on_ec2:
            return (
                RunTaskAnswer(message=_QUEUE_IS_FULL, error_code="ClientException")
                if self.as_error
                else RunTaskAnswer(message="RESOURCE:MEMORY")
            )
        return RunTaskAnswer(message=_NO_CAPACITY, error_code="CapacityUnavailableException" if self.as_error else "")


@dataclass(kw_only=True, eq=False)
class Throttle(Fault):
    """RunTask is throttled: in one virtual second only so many calls are let through.

    ECS fills a bucket of tokens once a second, and answers ThrottlingException "Rate exceeded" when it is empty. For
    Fargate the rate is 20 a second by default, with a bucket of 100: here the bucket holds one second's tokens. Step
    Functions names the error ECS.AmazonECSException, since ECS's model has no ThrottlingException.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/request-throttling.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html
    https://github.com/AllenInstitute/neuron_morphology/issues/151

    Args:
        a_second: the calls that are let through in a second.
        by_ec2: it is EC2 that throttles ECS, which then answers InvalidParameterException.
            https://github.com/dagster-io/dagster/issues/33439
    """

    a_second: int = 20
    by_ec2: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.a_second < 1:
            raise ValueError(f"a_second must be 1 or more, not {self.a_second}")
        self._second = 0
        self._tokens = 0

    def answer(self, call: RunTaskCall) -> RunTaskAnswer | None:
        """What to answer; None lets the call through."""
        if not self.strikes(call.family, unless=lambda: self._take_token(math.floor(call.second))):
            return None
        if self.by_ec2:
            subnets = f"Error retrieving subnet information for [{', '.join(call.subnets)}]"
            return RunTaskAnswer(
                message=f"{subnets}: Rate exceeded (ErrorCode: Throttling)", error_code="InvalidParameterException"
            )
        return RunTaskAnswer(message="Rate exceeded", error_code="ThrottlingException")

    def _take_token(self, second: int) -> bool:
        if second != self._second:
            self._second, self._tokens = second, self.a_second
        if not self._tokens:
            return False
        self._tokens -= 1
        return True
