"""What a stack tells about itself once it is deployed: its outputs, for operators and their scripts."""

from collections.abc import Mapping
from typing import Any

from components.alerts import Alerts
from components.job_cluster import JobCluster
from components.ledger import Ledger
from components.network import Network
from components.scheduled_job import ScheduledJob
from components.trigger_delivery import TriggerDelivery
from spec.stack import StackSpec, trigger_kind


def stack_outputs(
    stack: StackSpec,
    *,
    network: Network,
    cluster: JobCluster,
    delivery: TriggerDelivery,
    ledger: Ledger,
    alerts: Alerts | None,
    jobs: Mapping[str, ScheduledJob],
) -> dict[str, Any]:
    """The outputs by name. What belongs to a job stands under the job's name.

    stateMachines: ARNs, of the jobs that have one. taskDefinitions: ARNs; a step's task definition is called
    `<job>_<step>`. logGroups: names. schedules: `{trigger, schedule, timezone, enabled}` of the jobs that have one.
    cluster: its name. subnets, securityGroups: where tasks run. deadLetterQueueUrl: where starts that could not be
    delivered are. ledger: the name of the log group with the runs' changes of status. alertsTopic: the ARN of the topic
    that tells of failures, if anybody is to hear.
    """
    return {
        "stateMachines": {
            name: job.state_machine_arn for name, job in jobs.items() if job.state_machine_arn is not None
        },
        "taskDefinitions": {name: arn for job in jobs.values() for name, arn in job.what_runs.items()},
        "logGroups": {name: job.log_group_name for name, job in jobs.items()},
        "schedules": {
            job.name: {
                "trigger": kind,
                "schedule": job.schedule,
                "timezone": job.timezone or "UTC",
                "enabled": job.enabled,
            }
            for job in stack.jobs
            if (kind := trigger_kind(job, stack)) is not None
        },
        "cluster": cluster.cluster_name,
        "subnets": network.subnet_ids,
        "securityGroups": network.security_group_ids,
        "deadLetterQueueUrl": delivery.dead_letter_url,
        "ledger": ledger.log_group_name,
        **({} if alerts is None else {"alertsTopic": alerts.topic_arn}),
    }
