"""What a run costs where it runs, at the list prices of prices.py."""

from review import prices
from spec.job import JobSpec

_HOUR = 3600
_GIB_IN_MIB = 1024
_FREE_FARGATE_GIB = 20
_FREE_LAMBDA_GB = 0.5

# Of a job without steps or a count, in which nothing fails: docs/state-machine.md has them by the state.
_TRANSITIONS = 3
_OF_THE_LOCK = 2
_OF_THE_TIME = 1


def run_dollars(job: JobSpec, seconds: float, *, public_ip: bool) -> float | None:
    """What a run costs that does its work in one attempt of this many seconds; None where it has steps or a count.

    On machines that are there anyway, it is what Step Functions takes. Left out everywhere: logs, requests to DynamoDB
    and S3, traffic. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-standard-vs-express.html

    Args:
        job: the job.
        seconds: how long its container runs.
        public_ip: whether a task of the stack has a public IPv4 address.
    """
    if job.steps or job.count is not None:
        return None
    return transitions(job) * prices.STATE_TRANSITION + attempt_dollars(job, seconds, public_ip=public_ip)


def transitions(job: JobSpec) -> int:
    """The state transitions that a run in which nothing fails is billed for, of a job without steps or a count."""
    if job.run_on.kind == "task":
        return 0
    overlap = job.overlap
    return _TRANSITIONS + (_OF_THE_LOCK if overlap.is_exclusive else _OF_THE_TIME if overlap.once_per_time else 0)


def attempt_dollars(container: JobSpec, seconds: float, *, public_ip: bool) -> float:
    """What one attempt of this many seconds costs, the state machine left out; the arguments as for `run_dollars`."""
    match container.run_on.kind:
        case "fargate" | "task":
            return _fargate_dollars(container, max(seconds, prices.FARGATE_LEAST_SECONDS), public_ip=public_ip)
        case "lambda":
            return _lambda_dollars(container, seconds)
        case "ec2" | "kubernetes":
            return 0.0


def _fargate_dollars(container: JobSpec, seconds: float, *, public_ip: bool) -> float:
    architecture = container.architecture
    an_hour = (
        container.cpu_units / 1024 * prices.FARGATE_VCPU_HOUR[architecture]
        + container.memory_mib / _GIB_IN_MIB * prices.FARGATE_GB_HOUR[architecture]
        + (container.ephemeral_storage_gib - _FREE_FARGATE_GIB) * prices.FARGATE_STORAGE_GB_HOUR
        + (prices.PUBLIC_IPV4_HOUR if public_ip else 0.0)
    )
    return seconds / _HOUR * an_hour


def _lambda_dollars(container: JobSpec, seconds: float) -> float:
    written = "ephemeral_storage_gib" in container.model_fields_set
    storage = max(container.ephemeral_storage_gib - _FREE_LAMBDA_GB, 0.0) if written else 0.0
    a_second = (
        container.memory_mib / _GIB_IN_MIB * prices.LAMBDA_GB_SECOND[container.architecture]
        + storage * prices.LAMBDA_STORAGE_GB_SECOND
    )
    return seconds * a_second + prices.LAMBDA_REQUEST
