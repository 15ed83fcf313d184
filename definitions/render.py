"""All documents of a job at once, with stand-ins for what only a deployment knows: for reviewers and validators."""

from typing import Any

from definitions import policies
from definitions.rendered.functions import functions
from definitions.rendered.in_cluster import in_cluster
from definitions.rendered.stand_ins import STAND_IN_ACCOUNT, STAND_IN_SUFFIX, Containers, StandIns
from definitions.rendered.starts import alone, by_machine
from definitions.rendered.tasks import tasks
from spec.job import JobSpec
from spec.stack import StackSpec
from spec.step_containers import needs_bucket

__all__ = ["STAND_IN_ACCOUNT", "STAND_IN_SUFFIX", "documents"]


def documents(job: JobSpec, stack: StackSpec) -> dict[str, Any]:
    """What a job becomes in a stack, with stand-in ARNs (account 123456789012, partition aws).

    Args:
        job: one of the stack's jobs.
        stack: the stack; without a Region it is rendered for us-east-1.

    Returns:
        `state-machine` (but of a job that runs without one); what that runs: `task-definition` on ECS, `function` on
        Lambda (of a job with steps, one for each that has a container, by its name), or `kubernetes` (what AWS is told
        of the job's access to the cluster, and the objects that must be there); `policies` (role, queue or repository
        to its documents) and `trigger` (`rule` with `target`, or `schedule`; nothing for a job without a schedule; and
        in `startedBy` the rules that other things start it by, each with its target).
    """
    given = StandIns(job, stack)
    runs = _containers(given)
    starts = alone(given, runs) if job.run_on.kind == "task" else by_machine(given, runs)
    return {
        **starts.documents,
        **runs.documents,
        "policies": {**runs.policies, **starts.policies, **_shared_policies(given)},
        "trigger": starts.trigger,
    }


def _containers(given: StandIns) -> Containers:
    match given.job.run_on.kind:
        case "fargate" | "ec2" | "task":
            return tasks(given)
        case "lambda":
            return functions(given)
        case "kubernetes":
            return in_cluster(given)


def _shared_policies(given: StandIns) -> dict[str, dict[str, Any]]:
    job, place = given.job, given.place
    found = {"dead-letter-queue": {"policy": policies.dead_letter_queue_policy(place, given.dead_letter_arn)}}
    if needs_bucket(job):
        found["results-bucket"] = {"policy": policies.results_bucket_policy(place, given.results_bucket_arn)}
    starters = {
        f"starter {name}": {"policy": policies.starter_policy(job, place)} for name in job.started_by.role_names
    }
    return {**found, **starters}
