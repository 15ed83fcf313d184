# pyright: reportMissingImports=false
"""The job list of bench/program.py as a user of the AWS CDK would write it; bench/cdk_peer.py runs it.

    .cdk/bin/python -m bench.cdk_app JOBS FOLDER

Writes the template for that many jobs to FOLDER. The same resources as the Pulumi program makes, each with the CDK's
own construct for it: what the CDK derives from others (policies of the state machine, grants on queue and machine) is
left to it. It has less to do than the Pulumi program: it leaves out the lock that keeps a job's runs apart (a table and
a dozen states), the log of the runs' changes of status, and other stacks, although CloudFormation takes no more than
500 resources in one. aws-cdk-lib is in the peer's environment alone, where the project's type checker does not look.
"""

import json
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from bench.program import ACCOUNT, JOB, REGION, STACK

PREFIX = f"longhaul-{STACK}"
# Errors of RunTask that pass by themselves.
START_ERRORS = ["AmazonECS.Unknown", "ECS.AmazonECSException", "ECS.ServerException", "ECS.ThrottlingException"]
FAILURES = {
    "Exited non-zero": "Job.ExitedNonZero",
    "Ran out of memory": "Job.OutOfMemory",
    "Never started": "Job.NeverStarted",
    "Refused": "Job.Refused",
    "Interrupted": "Job.Interrupted",
    "Stopped": "Job.Stopped",
}
# How the task ended, from what ECS says of it.
OUTCOME = (
    "$exit := $task.Containers[0].ExitCode; $stop := $task.StopCode; "
    "$outcome := $stop = 'UserInitiated' ? 'Job.Stopped' "
    ": $stop in ['SpotInterruption', 'TerminationNotice', 'ServiceSchedulerInitiated'] ? 'Job.Interrupted' "
    ": $exit = 0 ? 'SUCCEEDED' "
    ": $contains($string($task.Containers[0].Reason), 'OutOfMemoryError') ? 'Job.OutOfMemory' "
    ": $exists($exit) ? 'Job.ExitedNonZero' : $exists($task.StartedAt) ? 'Job.Unexplained' "
    ": $contains($string($task.StoppedReason), /AccessDenied|not found/) ? 'Job.Refused' : 'Job.NeverStarted'; "
    "{'outcome': $outcome, 'exitCode': $exit, 'reason': $string($task.StoppedReason), 'taskArn': $task.TaskArn} "
)
COUNTERS = {
    "attempt": "{% $exists($attempt) ? $attempt : 1 %}",
    "failedStarts": "{% $exists($failedStarts) ? $failedStarts : 0 %}",
}
AFTER_RESULT = {**COUNTERS, "run": f"{{% ($task := $states.result; {OUTCOME}) %}}"}
AFTER_ERROR = {**COUNTERS, "run": f"{{% ($task := $parse($states.errorOutput.Cause); {OUTCOME}) %}}"}
AFTER_TIMEOUT = {**COUNTERS, "run": {"outcome": "Job.TimedOut"}}
UNCHANGED = "{% $states.input %}"


class Jobs(cdk.Stack):
    """A stack of scheduled jobs, and what they share: network, cluster, log of failures, triggers' role and queue."""

    def __init__(self, scope: Construct, name: str, jobs: dict[str, dict[str, Any]]) -> None:
        super().__init__(scope, name, env=cdk.Environment(account=ACCOUNT, region=REGION))
        cdk.Tags.of(self).add("longhaul:stack", STACK)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr("10.0.0.0/16"),
            availability_zones=[f"{REGION}a", f"{REGION}b"],
            nat_gateways=0,
            subnet_configuration=[ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC)],
            gateway_endpoints={"S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
        )
        self.tasks = ec2.SecurityGroup(self, "Tasks", vpc=self.vpc, description="Tasks of scheduled jobs")
        self.cluster = ecs.Cluster(self, "Cluster", vpc=self.vpc, enable_fargate_capacity_providers=True)
        self.states_log = logs.LogGroup(
            self,
            "StatesLog",
            log_group_name=f"/aws/vendedlogs/states/{PREFIX}",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.execution_role = iam.Role(self, "ExecutionRole", assumed_by=principal("ecs-tasks", "ecs", "*"))
        self.execution_role.add_to_policy(
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/longhaul/{PREFIX}/*:log-stream:run/job/*"],
            )
        )
        self.dead_letters = sqs.Queue(
            self, "DeadLetters", retention_period=cdk.Duration.days(14), encryption=sqs.QueueEncryption.SQS_MANAGED
        )
        self.trigger_role = iam.Role(self, "TriggerRole", assumed_by=principal("events", "events", f"rule/{PREFIX}-*"))
        for job_name, job in jobs.items():
            ScheduledJob(self, job_name, job)


class ScheduledJob(Construct):
    """One job: its log, roles, task definition, state machine and rule."""

    def __init__(self, stack: Jobs, name: str, job: dict[str, Any]) -> None:
        super().__init__(stack, name)
        self._stack, self._name, self._job = stack, name, job
        cdk.Tags.of(self).add("longhaul:job", name)
        container = self._container()
        machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=f"{PREFIX}-{name}",
            query_language=sfn.QueryLanguage.JSONATA,
            definition_body=sfn.DefinitionBody.from_chainable(self._states(container)),
            logs=sfn.LogOptions(destination=stack.states_log, level=sfn.LogLevel.ERROR, include_execution_data=False),
            tracing_enabled=True,
        )
        scheduled = {"scheduledTime": events.EventField.from_path("$.time"), "input": job["input"]}
        events.Rule(
            self,
            "Rule",
            rule_name=f"{PREFIX}-{name}",
            description=f"Starts {name} ({STACK})",
            schedule=events.Schedule.expression(job["schedule"]),
            targets=[
                targets.SfnStateMachine(
                    machine,
                    input=events.RuleTargetInput.from_object(scheduled),
                    role=stack.trigger_role,
                    dead_letter_queue=stack.dead_letters,
                    max_event_age=cdk.Duration.hours(1),
                    retry_attempts=185,
                )
            ],
        )

    def _container(self) -> ecs.ContainerDefinition:
        name, job = self._name, self._job
        log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/longhaul/{PREFIX}/{name}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        task_role = iam.Role(self, "TaskRole", assumed_by=principal("ecs-tasks", "ecs", "*"))
        for permission in job["permissions"]:
            task_role.add_to_policy(iam.PolicyStatement(**permission))
        definition = ecs.FargateTaskDefinition(
            self,
            "TaskDefinition",
            family=f"{PREFIX}-{name}",
            cpu=256,
            memory_limit_mib=512,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.X86_64, operating_system_family=ecs.OperatingSystemFamily.LINUX
            ),
            task_role=task_role,
            # Shared by the jobs, and with all the rights that they need of it.
            execution_role=self._stack.execution_role.without_policy_updates(),
        )
        return definition.add_container(
            "job",
            container_name="job",
            image=ecs.ContainerImage.from_registry(job["image"]),
            environment=job["environment"],
            linux_parameters=ecs.LinuxParameters(self, "Linux", init_process_enabled=True),
            stop_timeout=cdk.Duration.seconds(30),
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix="run", log_group=log_group, mode=ecs.AwsLogDriverMode.BLOCKING
            ),
        )

    def _states(self, container: ecs.ContainerDefinition) -> sfn.IChainable:
        retries = self._job["retries"]
        run = self._run(container)
        decide = sfn.Choice.jsonata(self, "How did it end?")
        succeeded = sfn.Succeed.jsonata(
            self, "Succeeded", outputs={"job": self._name, "status": "SUCCEEDED", "attempts": "{% $attempt %}"}
        )
        wait_to_retry = sfn.Wait.jsonata(
            self,
            "Wait before the next attempt",
            time=sfn.WaitTime.seconds("{% $min([3600, 60 * $power(2, $attempt - 1)]) %}"),
            assign={"attempt": "{% $attempt + 1 %}"},
        )
        wait_to_start = sfn.Wait.jsonata(
            self,
            "Wait before starting again",
            time=sfn.WaitTime.seconds("{% $ceil($random() * $min([300, 5 * $power(2, $failedStarts)])) %}"),
            assign={"failedStarts": "{% $failedStarts + 1 %}"},
        )
        may_start_later = (
            "{% $run.outcome = 'Job.NeverStarted' and $failedStarts < 10 "
            "and $contains($run.reason, /throttl|capacity|time(?:d )?out|try again/i) %}"
        )
        may_be_retried = (
            f"{{% $attempt <= {retries['attempts']} and $not($run.exitCode in {retries['finalExitCodes']}) and "
            "$run.outcome in ['Job.ExitedNonZero', 'Job.OutOfMemory', 'Job.Interrupted', 'Job.Unexplained'] %}"
        )
        decide.when(sfn.Condition.jsonata("{% $run.outcome = 'SUCCEEDED' %}"), succeeded)
        decide.when(sfn.Condition.jsonata(may_start_later), wait_to_start.next(run))
        decide.when(sfn.Condition.jsonata(may_be_retried), wait_to_retry.next(run))
        for name, error in FAILURES.items():
            decide.when(sfn.Condition.jsonata(f"{{% $run.outcome = '{error}' %}}"), self._fail(name, error))
        decide.otherwise(self._fail("Failed without a reason", "Job.Unexplained"))
        timed_out = self._fail("Timed out", "Job.TimedOut")
        run.add_catch(timed_out, errors=["States.Timeout"], assign=AFTER_TIMEOUT, outputs=UNCHANGED)
        run.add_catch(decide, errors=["States.ALL"], assign=AFTER_ERROR, outputs=UNCHANGED)
        return run.next(decide)

    def _run(self, container: ecs.ContainerDefinition) -> tasks.EcsRunTask:
        stack = self._stack
        variables = {
            "LONGHAUL_JOB": self._name,
            "LONGHAUL_STACK": STACK,
            "LONGHAUL_EXECUTION": "{% $states.context.Execution.Name %}",
            "LONGHAUL_SCHEDULED_TIME": "{% $string($states.context.Execution.Input.scheduledTime) %}",
            "LONGHAUL_ATTEMPT": "{% $string($exists($attempt) ? $attempt : 1) %}",
            "LONGHAUL_INPUT": "{% $string($states.context.Execution.Input.input) %}",
        }
        environment = [tasks.TaskEnvironmentVariable(name=name, value=value) for name, value in variables.items()]
        run = tasks.EcsRunTask.jsonata(
            self,
            "Run the job",
            integration_pattern=sfn.IntegrationPattern.RUN_JOB,
            cluster=stack.cluster,
            task_definition=container.task_definition,
            launch_target=tasks.EcsFargateLaunchTarget(platform_version=ecs.FargatePlatformVersion.LATEST),
            assign_public_ip=True,
            subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            security_groups=[stack.tasks],
            propagated_tag_source=ecs.PropagatedTagSource.TASK_DEFINITION,
            container_overrides=[tasks.ContainerOverride(container_definition=container, environment=environment)],
            task_timeout=sfn.Timeout.duration(cdk.Duration.hours(4)),
            assign=AFTER_RESULT,
            outputs=UNCHANGED,
        )
        return run.add_retry(
            errors=START_ERRORS,
            interval=cdk.Duration.seconds(5),
            backoff_rate=2,
            max_delay=cdk.Duration.minutes(5),
            max_attempts=10,
            jitter_strategy=sfn.JitterType.FULL,
        )

    def _fail(self, name: str, error: str) -> sfn.Fail:
        cause = f"{{% '{self._name} ({STACK}): {name}' & $string($run) %}}"
        return sfn.Fail.jsonata(self, name, error=error, cause=cause)


def principal(service: str, arn_service: str, resource: str) -> iam.ServicePrincipal:
    """A service of AWS, when it acts for something of this account."""
    conditions = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:{arn_service}:{REGION}:{ACCOUNT}:{resource}"},
    }
    return iam.ServicePrincipal(f"{service}.amazonaws.com", conditions=conditions)


def main(jobs: int, folder: str) -> None:
    """Write the template, and print how many resources are in it."""
    app = cdk.App(outdir=folder, context={"@aws-cdk/core:stackResourceLimit": 0})
    stack = Jobs(app, PREFIX, {f"job-{number:04}": JOB for number in range(1, jobs + 1)})
    template = app.synth().get_stack_by_name(stack.stack_name).template_full_path
    print(len(json.loads(Path(template).read_text())["Resources"]))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
