"""The arguments with which the state machine runs a job's task: RunTask's request in Step Functions' PascalCase.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
"""

import json
from dataclasses import dataclass
from typing import Any

from definitions.jsonata import NAME, REDRIVES, default, expression, literal
from definitions.outcome import Outcome
from definitions.place import Place
from definitions.results import result_url
from definitions.task_definition import CONTAINER_NAME
from spec.job import JobSpec
from spec.overrides import MOST_CHARACTERS, RESULT_VARIABLE


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
        lock_table_name: the stack's DynamoDB table of locks; None where no job of the stack needs one.
        results_bucket: the name of the stack's bucket for results; None where no job of the stack leaves any.
    """

    cluster_arn: str
    task_definition_arn: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    assign_public_ip: bool
    log_group_name: str
    lock_table_name: str | None = None
    results_bucket: str | None = None


SCHEDULED_TIME = r"""(
    $given := $states.context.Execution.Input.scheduledTime;
    $given ? $string($given) : $replace($states.context.Execution.StartTime, /\.[0-9]+Z$/, 'Z')
)"""
"""When the run was due. A person who starts one by hand may leave it out: then it is due when it starts."""


def run_task_arguments(job: JobSpec, place: Place, target: RunTarget) -> dict[str, Any]:
    """The `Arguments` of the task state that runs the job.

    They fail to evaluate, with States.QueryEvaluationError, for an input that no task could be given, and in a job that
    must not overlap when the execution was redriven since it took the lock: Step Functions resumes here, and by now the
    lock may be another run's.
    """
    return {
        "Cluster": target.cluster_arn,
        "TaskDefinition": target.task_definition_arn,
        "CapacityProviderStrategy": [{"CapacityProvider": _capacity_provider(job), "Weight": 1}],
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
        "Group": expression(
            f"$redrive = {REDRIVES} ? {NAME} : $error('redriven since it took the lock')"
            if job.overlap.is_exclusive
            else NAME
        ),
        "PropagateTags": "TASK_DEFINITION",
        "EnableExecuteCommand": False,
        "Overrides": {
            "ContainerOverrides": expression(f"""(
                {_overrides(job, place, target)}
                $size > {MOST_CHARACTERS} ? $error('more than ECS takes') : $overrides
            )""")
        },
    }


def after_evaluation_error(job: JobSpec, place: Place, target: RunTarget, lost_turn: str | None) -> str:
    """The record of an attempt whose arguments could not be evaluated, as a JSONata expression.

    Its outcome is `lost_turn` when the execution was redriven since it took the lock (None where there is no lock), and
    else that it was refused: most likely for its input.
    """
    too_large = f"""'its input and what goes with it take ' & $string($size) & {
        literal(f" of the {MOST_CHARACTERS:,} characters that ECS takes: keep larger input in S3 and pass its name")
    }"""
    return expression(f"""(
        {_overrides(job, place, target)}
        {{
            'outcome': {f"$not($redrive = {REDRIVES}) ? '{lost_turn}' : " if lost_turn else ""}'{Outcome.REFUSED}',
            'mayRunOn': false,
            'reason': $size > {MOST_CHARACTERS}
                ? {too_large}
                : $substring($replace($string($states.errorOutput.Cause), /[ \\t\\r\\n]+/, ' '), 0, 1024)
        }}
    )""")


def _overrides(job: JobSpec, place: Place, target: RunTarget) -> str:
    """JSONata that sets `$overrides`, what the run tells its container, and `$size`, as ECS measures it.

    Nothing in here fails, whatever a person starts the run with: what is not as it should be is left for ECS to refuse.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html
    """
    environment = {
        "LONGHAUL_JOB": literal(job.name),
        "LONGHAUL_STACK": literal(place.stack),
        "LONGHAUL_EXECUTION": NAME,
        "LONGHAUL_SCHEDULED_TIME": SCHEDULED_TIME,
        "LONGHAUL_ATTEMPT": f"$string(({default('attempt', 1)}) + ({default('startRetries', 0)}))",
        "LONGHAUL_INPUT": _input(job),
    }
    if job.results:
        assert target.results_bucket is not None, "a stack with such a job has a bucket"
        environment[RESULT_VARIABLE] = result_url(job, target.results_bucket)
    own = ", ".join(f"{{'Name': {literal(name)}, 'Value': {value}}}" for name, value in environment.items())
    given = "$states.context.Execution.Input"
    return f"""
        $environment := $type({given}.environment) = 'object' ? {given}.environment;
        $added := $each($environment, function($value, $name) {{
            $not($contains($name, /^(?:LONGHAUL|AWS|ECS)_/)) ? {{'Name': $name, 'Value': $string($value)}}
        }});
        $command := {given}.command;
        $overrides := [$merge([
            {{'Name': {literal(CONTAINER_NAME)}, 'Environment': $append([{own}], $added)}},
            $exists($command) ? {{'Command': [$command]}} : {{}}
        ])];
        $size := $length($string({{'containerOverrides': $overrides}}));
    """


def _capacity_provider(job: JobSpec) -> str:
    if not job.capacity.spot:
        return "FARGATE"
    if job.capacity.on_demand_after is None:
        return "FARGATE_SPOT"
    lost = default("lostCapacity", 0)
    return expression(f"({lost}) >= {job.capacity.on_demand_after} ? 'FARGATE' : 'FARGATE_SPOT'")


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
