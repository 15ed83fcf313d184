"""The arguments with which the state machine runs a job's task: RunTask's request in Step Functions' PascalCase.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from definitions.jsonata import ME, NAME, REDRIVES, default, expression, literal, text_of
from definitions.kubernetes.cluster import EksCluster
from definitions.outcome import Outcome
from definitions.place import Place
from definitions.task_definition import CONTAINER_NAME
from spec.job import JobSpec
from spec.overrides import MOST_CHARACTERS, RESULT_VARIABLE


@dataclass(frozen=True, kw_only=True)
class RunTarget:
    """Where a job runs.

    Attributes:
        cluster_arn: the ECS cluster.
        what_runs: the exact revision of it: the ARN of a task definition, `...:task-definition/<family>:<revision>`,
            or of a function's version, or an image's URI in a Kubernetes cluster.
        subnet_ids: 1 to 16 subnets of one VPC.
        security_group_ids: 1 to 5 security groups of that VPC.
        assign_public_ip: True in a public subnet without NAT, where it is the task's only way out.
        log_group_name: the CloudWatch log group the task definition writes to.
        lock_table_name: the stack's DynamoDB table of locks; None where no job of the stack needs one.
        results_bucket: the name of the stack's bucket for results; None where no job of the stack leaves any.
        has_other_families: whether tasks of other families than the job's may be in the way of a run: those of steps.
        eks_cluster: the cluster of a job that runs on Kubernetes; None elsewhere.
    """

    cluster_arn: str
    what_runs: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    assign_public_ip: bool
    log_group_name: str
    lock_table_name: str | None = None
    results_bucket: str | None = None
    has_other_families: bool = False
    eks_cluster: EksCluster | None = None


ATTEMPT_VARIABLE = "LONGHAUL_ATTEMPT"
INPUT_FILE = "input.json"
"""How the key of an object ends that holds an input which ECS does not take."""
TOO_LARGE_ERROR = "more than ECS takes: "
"""Before the number of characters, in the error of a request that ECS would not take."""
TOO_LARGE_REASON = f"""'its input and what goes with it take ' & $string($size) & {
    literal(f" of the {MOST_CHARACTERS:,} characters that ECS takes: keep larger input in S3 and pass its name")
}"""

SCHEDULED_TIME = r"""(
    $given := $states.context.Execution.Input.scheduledTime;
    $given ? $string($given) : $replace($states.context.Execution.StartTime, /\.[0-9]+Z$/, 'Z')
)"""
"""When the run was due. A person who starts one by hand may leave it out: then it is due when it starts."""


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """How the facts of the run are written where a task is started, as JSONata.

    Attributes:
        execution_arn, name: of the execution that is the run.
        scheduled_time: when it was due.
        given: what it was started with.
        redrives: how often what runs the task has been redriven.
    """

    execution_arn: str
    name: str
    scheduled_time: str
    given: str
    redrives: str


OWN_RUN = RunFacts(
    execution_arn=ME,
    name=NAME,
    scheduled_time=SCHEDULED_TIME,
    given="$states.context.Execution.Input",
    redrives=REDRIVES,
)
"""Of the execution itself."""


@dataclass(frozen=True, kw_only=True)
class TaskRun:
    """A container to be run, and what it is told.

    Attributes:
        job: the job that it is run for.
        container: what runs.
        place: its stack.
        target: where.
        input_text: JSONata of its LONGHAUL_INPUT.
        run: how the facts of the run are written.
        guard: JSONata of whether the run still has the lock that it took; None for a job that may overlap.
        variables: more environment variables, as JSONata of text.
        takes_command: whether a person's start may give it another command.
        path: JSONata of what keeps its objects apart from those of the run's other tasks.
        input_url: the variable that holds the URL of an input that ECS does not take; None: there is none.
    """

    job: JobSpec
    container: JobSpec
    place: Place
    target: RunTarget
    input_text: str
    run: RunFacts = OWN_RUN
    guard: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    takes_command: bool = True
    path: tuple[str, ...] = ()
    input_url: str | None = None


OWN_GUARD = f"$redrive = {REDRIVES}"
"""Whether the execution has not been redriven since it took the lock."""


def task_of_job(job: JobSpec, place: Place, target: RunTarget) -> TaskRun:
    """The one task of a job without steps."""
    return TaskRun(
        job=job,
        container=job,
        place=place,
        target=target,
        input_text=input_text(job),
        guard=OWN_GUARD if job.overlap.is_exclusive else None,
    )


def result_key(task: TaskRun) -> str:
    """The key of the result of the attempt in hand, as JSONata: `<job>/<execution>/<redrive>/1-0.json`, with the
    step before its last part."""
    attempt = f"$string({default('attempt', 1)}) & '-' & $string({default('startRetries', 0)}) & '.json'"
    return _key(task, attempt)


def input_key(task: TaskRun) -> str:
    """The key of an input that ECS does not take, as JSONata."""
    return _key(task, literal(INPUT_FILE))


def folder_of_run(job: JobSpec, run: RunFacts) -> str:
    """What the keys of a run's objects begin with, as JSONata: `<job>/<execution>/<redrive>`."""
    return f"{literal(job.name)} & '/' & {run.name} & '/' & $string({run.redrives})"


def _key(task: TaskRun, file: str) -> str:
    return " & '/' & ".join([folder_of_run(task.job, task.run), *task.path, file])


def attempt_number() -> str:
    """The number of the attempt in hand, as JSONata of text: 1, 2, ... of the run, or of the step and item."""
    return f"$string(({default('attempt', 1)}) + ({default('startRetries', 0)}))"


def run_task_arguments(task: TaskRun) -> dict[str, Any]:
    """The `Arguments` of the task state that runs a container.

    They fail to evaluate, with States.QueryEvaluationError, for an input that no task could be given, and in a job that
    must not overlap when the execution was redriven since it took the lock: Step Functions resumes here, and by now the
    lock may be another run's.
    """
    return {
        "Cluster": task.target.cluster_arn,
        "TaskDefinition": task.target.what_runs,
        **(_on_instances(task) if task.container.run_on.kind == "ec2" else _on_fargate(task)),
        # Finds an execution's task: ECS lists tasks by group, and knows nothing else of Step Functions.
        "Group": expression(
            task.run.name
            if task.guard is None
            else f"{task.guard} ? {task.run.name} : $error('redriven since it took the lock')"
        ),
        "PropagateTags": "TASK_DEFINITION",
        "EnableExecuteCommand": False,
        "Overrides": {
            "ContainerOverrides": expression(f"""(
                {overrides(task)}
                $size > {MOST_CHARACTERS} ? $error('{TOO_LARGE_ERROR}' & $string($size)) : $overrides
            )""")
        },
    }


def after_evaluation_error(task: TaskRun, lost_turn: str) -> str:
    """The record of an attempt whose arguments could not be evaluated, as a JSONata expression.

    Its outcome is `lost_turn` when the execution was redriven since it took the lock, and else that it was refused:
    most likely for its input.
    """
    guard = "" if task.guard is None else f"$not({task.guard}) ? '{lost_turn}' : "
    return expression(f"""(
        {overrides(task)}
        {{
            'outcome': {guard}'{Outcome.REFUSED}',
            'mayRunOn': false,
            'reason': $size > {MOST_CHARACTERS}
                ? {TOO_LARGE_REASON}
                : $substring($replace($string($states.errorOutput.Cause), /[ \\t\\r\\n]+/, ' '), 0, 1024)
        }}
    )""")


def overrides(task: TaskRun) -> str:
    """JSONata that sets `$overrides`, what the run tells its container, and `$size`, as ECS measures it.

    Nothing in here fails, whatever a person starts the run with: what is not as it should be is left for ECS to refuse.
    But the input of a step may, which is made by an expression that people wrote.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html
    """
    environment = {
        "LONGHAUL_JOB": literal(task.job.name),
        "LONGHAUL_STACK": literal(task.place.stack),
        "LONGHAUL_EXECUTION": task.run.name,
        "LONGHAUL_SCHEDULED_TIME": task.run.scheduled_time,
        ATTEMPT_VARIABLE: attempt_number(),
        **({"LONGHAUL_INPUT": task.input_text} if task.input_url is None else {}),
        **task.variables,
    }
    if task.container.results:
        assert task.target.results_bucket is not None, "a stack with such a job has a bucket"
        environment[RESULT_VARIABLE] = f"{literal(f's3://{task.target.results_bucket}/')} & {result_key(task)}"
    own = ", ".join(_variable(name, value) for name, value in environment.items())
    if task.input_url is not None:
        url, text = _variable("LONGHAUL_INPUT_URL", f"${task.input_url}"), _variable("LONGHAUL_INPUT", task.input_text)
        own += f", $exists(${task.input_url}) ? {url} : {text}"
    given = task.run.given
    return f"""
        $environment := $type({given}.environment) = 'object' ? {given}.environment;
        $added := $each($environment, function($value, $name) {{
            $not($contains($name, /^(?:LONGHAUL|AWS|ECS)_/)) ? {{'Name': $name, 'Value': $string($value)}}
        }});
        $command := {f"{given}.command" if task.takes_command else "$nothing"};
        $overrides := [$merge([
            {{'Name': {literal(CONTAINER_NAME)}, 'Environment': $append([{own}], $added)}},
            $exists($command) ? {{'Command': [$command]}} : {{}}
        ])];
        $size := $length($string({{'containerOverrides': $overrides}}));
    """


def _variable(name: str, value: str) -> str:
    return f"{{'Name': {literal(name)}, 'Value': {value}}}"


def _on_fargate(task: TaskRun) -> dict[str, Any]:
    return {
        "CapacityProviderStrategy": [{"CapacityProvider": _capacity_provider(task.container), "Weight": 1}],
        # arm64, 8 and 16 vCPU, and more than 20 GiB of storage need 1.4.0, and LATEST has not been older since 2021.
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html
        "PlatformVersion": "LATEST",
        "NetworkConfiguration": _network(task, "ENABLED" if task.target.assign_public_ip else "DISABLED"),
    }


def _on_instances(task: TaskRun) -> dict[str, Any]:
    """On the EC2 instances of a capacity provider.

    A launch type would place tasks on any instance of the cluster, and managed scaling would not know of them.
    """
    run_on = task.container.run_on
    placed: dict[str, Any] = {"CapacityProviderStrategy": [{"CapacityProvider": run_on.capacity_provider, "Weight": 1}]}
    # Only a task with a network interface of its own has a network to be told, and on EC2 it has no public address.
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html
    if run_on.network_mode == "awsvpc":
        placed["NetworkConfiguration"] = _network(task, "DISABLED")
    if run_on.placement:
        placed["PlacementStrategy"] = [_strategy(written) for written in run_on.placement]
    if run_on.constraints:
        placed["PlacementConstraints"] = [{"Type": "memberOf", "Expression": one} for one in run_on.constraints]
    return placed


def _strategy(written: str) -> dict[str, str]:
    """`binpack:memory` as RunTask's `PlacementStrategy` has it."""
    kind, _, of = written.partition(":")
    return {"Type": kind, **({"Field": of} if of else {})}


def _network(task: TaskRun, assign_public_ip: str) -> dict[str, Any]:
    return {
        "AwsvpcConfiguration": {
            "Subnets": list(task.target.subnet_ids),
            "SecurityGroups": list(task.target.security_group_ids),
            "AssignPublicIp": assign_public_ip,
        }
    }


def _capacity_provider(job: JobSpec) -> str:
    if not job.capacity.spot:
        return "FARGATE"
    if job.capacity.on_demand_after is None:
        return "FARGATE_SPOT"
    lost = default("lostCapacity", 0)
    return expression(f"({lost}) >= {job.capacity.on_demand_after} ? 'FARGATE' : 'FARGATE_SPOT'")


def input_text(job: JobSpec) -> str:
    """JSON text of the execution's `input`, or else of the job's own, as JSONata."""
    own = json.dumps(job.input, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f"""(
        $given := $states.context.Execution.Input.input;
        $exists($given) ? {text_of("$given")} : {literal(own)}
    )"""
