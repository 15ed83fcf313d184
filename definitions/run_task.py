"""The arguments with which the state machine runs a job's task: RunTask's request in Step Functions' PascalCase.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
"""

import json
from dataclasses import dataclass
from typing import Any

from definitions.jsonata import default, expression, literal
from definitions.place import Place
from definitions.task_definition import CONTAINER_NAME
from spec.job import JobSpec


@dataclass(frozen=True, kw_only=True)
class RunTarget:
    """Where a job runs.

    Attributes:
        cluster_arn: the ECS cluster.
        task_definition_arn: the exact revision, `...:task-definition/<family>:<revision>`.
        subnet_ids: 1 to 16 subnets of one VPC.
        security_group_ids: 1 to 5 security groups of that VPC.
        assign_public_ip: True in a public subnet without NAT, where it is the task's only way out.
        log_group_name: the CloudWatch log group the task definition writes to.
    """

    cluster_arn: str
    task_definition_arn: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    assign_public_ip: bool
    log_group_name: str


SCHEDULED_TIME = r"""(
    $given := $states.context.Execution.Input.scheduledTime;
    $given ? $string($given) : $replace($states.context.Execution.StartTime, /\.[0-9]+Z$/, 'Z')
)"""
"""When the run was due. A person who starts one by hand may leave it out: then it is due when it starts."""


def run_task_arguments(job: JobSpec, place: Place, target: RunTarget) -> dict[str, Any]:
    """The `Arguments` of the task state that runs the job."""
    capacity_provider = "FARGATE_SPOT" if job.capacity.spot else "FARGATE"
    environment = {
        "LONGHAUL_JOB": job.name,
        "LONGHAUL_STACK": place.stack,
        "LONGHAUL_EXECUTION": expression("$states.context.Execution.Name"),
        "LONGHAUL_SCHEDULED_TIME": expression(SCHEDULED_TIME),
        "LONGHAUL_ATTEMPT": expression(f"$string({default('attempt', 1)})"),
        "LONGHAUL_INPUT": expression(_input(job)),
    }
    return {
        "Cluster": target.cluster_arn,
        "TaskDefinition": target.task_definition_arn,
        "CapacityProviderStrategy": [{"CapacityProvider": capacity_provider, "Weight": 1}],
        # arm64, 8 and 16 vCPU, and more than 20 GiB of storage need 1.4.0, and LATEST has not been older since 2021.
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html
        "PlatformVersion": "LATEST",
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {
                "Subnets": list(target.subnet_ids),
                "SecurityGroups": list(target.security_group_ids),
                "AssignPublicIp": "ENABLED" if target.assign_public_ip else "DISABLED",
            }
        },
        # Finds an execution's task: ECS lists tasks by group, and knows nothing else of Step Functions.
        "Group": expression("$states.context.Execution.Name"),
        "PropagateTags": "TASK_DEFINITION",
        "EnableExecuteCommand": False,
        "Overrides": {
            "ContainerOverrides": [
                {
                    "Name": CONTAINER_NAME,
                    "Environment": [{"Name": name, "Value": value} for name, value in environment.items()],
                }
            ]
        },
    }


def _input(job: JobSpec) -> str:
    """JSON text of the execution's `input`, or else of the job's own.

    $string gives a text back without quotes; inside an object it is quoted, so a text is cut out of one.
    """
    own = json.dumps(job.input, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f"""(
        $given := $states.context.Execution.Input.input;
        $boxed := $string({{'': $given}});
        $exists($given) ? $substring($boxed, 4, $length($boxed) - 5) : {literal(own)}
    )"""
