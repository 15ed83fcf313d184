"""What an account may have: the few quotas that a stack of scheduled jobs meets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A quota as AWS documents it: its default, and other defaults by Region."""

    service: str
    code: str
    name: str
    default: float
    elsewhere: Mapping[str, float] = field(default_factory=dict)

    def default_in(self, region: str) -> float:
        return self.elsewhere.get(region, self.default)


# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#compute-and-storage
LAMBDA_CONCURRENCY = Quota(service="lambda", code="L-B99A9384", name="Concurrent executions", default=1000)
QUOTAS = (
    LAMBDA_CONCURRENCY,
    # https://docs.aws.amazon.com/general/latest/gr/ecs-service.html#service-quotas-fargate
    Quota(service="fargate", code="L-3032A538", name="Fargate On-Demand vCPU resource count", default=6),
    Quota(service="fargate", code="L-36FBB829", name="Fargate Spot vCPU resource count", default=6),
    # https://docs.aws.amazon.com/general/latest/gr/ev.html
    Quota(
        service="events",
        code="L-244521F2",
        name="Number of rules",
        default=300,
        elsewhere={"af-south-1": 100, "eu-south-1": 100},
    ),
)


class AppliedQuotas:
    """What an account has been granted beside the defaults: `aws.quotas.apply("fargate", "L-3032A538", 64)`."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], float] = {}

    def apply(self, service: str, code: str, value: float) -> None:
        """Grant a value; raises KeyError for a quota that the sandbox does not know."""
        if all((quota.service, quota.code) != (service, code) for quota in QUOTAS):
            raise KeyError(f"{service} {code}")
        self._values[service, code] = value

    def clear(self) -> None:
        """Take back what was granted."""
        self._values.clear()

    def value(self, quota: Quota) -> float | None:
        """The applied value; None where only the default is known."""
        return self._values.get((quota.service, quota.code))
