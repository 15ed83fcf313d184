"""One job: what it runs as, the state machine that runs it to its end, and the trigger that starts it."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_awsx as awsx
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import cloudwatch, ecs, sfn

from components.documents import document
from components.job_cluster import JobCluster
from components.network import Network
from components.results import Results
from components.roles import GrantedRole, create_role
from components.started_by import create_starters
from components.tags import tags_of_job
from components.trigger import create_trigger
from components.trigger_delivery import TriggerDelivery
from definitions.place import Place
from definitions.policies import (
    execution_role_policy,
    needs_own_execution_role,
    state_machine_role_policy,
    task_role_policy,
)
from definitions.state_machine import RunTarget, state_machine
from definitions.task_definition import task_definition
from definitions.trust import trust_policy
from spec.job import JobSpec
from spec.stack import StackSpec

PLATFORMS = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}


@dataclass(frozen=True, kw_only=True)
class ScheduledJobArgs:
    """What a ScheduledJob is made from.

    job: the job, merged for this stack.
    stack: the stack it belongs to, deployed to `place`.
    network, cluster: where its tasks run.
    delivery: what its trigger starts it with.
    results: where it leaves its results; None where no job of the stack leaves any.
    """

    job: JobSpec
    stack: StackSpec
    place: Place
    network: Network
    cluster: JobCluster
    delivery: TriggerDelivery
    results: Results | None


class ScheduledJob(pulumi.ComponentResource):
    """A job's log, roles, task definition, state machine and triggers. docs/resources.md lists them.

    Its name is the job's name in AWS, `<project>-<stack>-<job>`, so that roles with generated names carry it too.

    state_machine_arn: what an operator starts and asks about.
    task_definition_arn: of the exact revision that the state machine runs.
    log_group_name: where the job's output goes, to a stream `run/job/<task id>` each run.
    """

    state_machine_arn: Output[str]
    task_definition_arn: Output[str]
    log_group_name: Output[str]

    def __init__(self, name: str, args: ScheduledJobArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("longhaul:index:ScheduledJob", name, {}, opts)
        self._name = name
        self._args = args
        self._tags = tags_of_job(args.stack, args.job, args.place)
        log_group = cloudwatch.LogGroup(
            name,
            # A generated suffix: a job that was removed, and whose log was kept, can come back.
            name_prefix=f"{args.place.log_group_prefix(args.job.name)}-",
            retention_in_days=args.job.log_retention_days,
            skip_destroy=args.stack.keep_logs,
            tags=self._tags,
            opts=ResourceOptions(parent=self),
        )
        self.log_group_name = log_group.name
        task_role = self._create_task_role()
        execution_role = self._create_execution_role()
        definition = self._create_task_definition(task_role, execution_role)
        self.task_definition_arn = definition.arn
        machine = self._create_state_machine(task_role, execution_role)
        self.state_machine_arn = machine.arn
        create_trigger(
            name,
            parent=self,
            job=args.job,
            stack=args.stack,
            place=args.place,
            delivery=args.delivery,
            state_machine_arn=machine.arn,
            tags=self._tags,
        )
        create_starters(
            name,
            parent=self,
            job=args.job,
            place=args.place,
            delivery=args.delivery,
            state_machine_arn=machine.arn,
            tags=self._tags,
        )
        self.register_outputs(
            {
                "state_machine_arn": self.state_machine_arn,
                "task_definition_arn": self.task_definition_arn,
                "log_group_name": self.log_group_name,
            }
        )

    def _create_task_role(self) -> GrantedRole:
        job, results = self._args.job, self._args.results
        needed = bool(job.permissions) or job.results
        return create_role(
            f"{self._name}-task",
            parent=self,
            description=f"What the code of {job.name} may do",
            trust=trust_policy("ecs-tasks", self._args.place),
            policy=document(
                lambda results_bucket_arn: task_role_policy(job, results_bucket_arn=results_bucket_arn) or {},
                results_bucket_arn=results.bucket_arn if job.results and results else None,
            )
            if needed
            else None,
            tags=self._tags,
        )

    def _create_execution_role(self) -> GrantedRole:
        """The one that the stack's jobs share, or for a job with secrets one that may read exactly those."""
        job, place, cluster = self._args.job, self._args.place, self._args.cluster
        if cluster.execution_role is not None and not needs_own_execution_role(job):
            return cluster.execution_role
        repository_arn = cluster.repository_arn if job.build is not None else None
        return create_role(
            f"{self._name}-exec",
            parent=self,
            description=f"Starts the container of {job.name} and reads its secrets",
            trust=trust_policy("ecs-tasks", place),
            policy=document(
                lambda repository_arn: execution_role_policy(place, repository_arn=repository_arn, job=job),
                repository_arn=repository_arn,
            ),
            tags=self._tags,
        )

    def _image(self) -> Input[str]:
        """The image's URI: the one named, or one built from the job's folder and pinned by digest."""
        job, cluster = self._args.job, self._args.cluster
        if job.image is not None:
            return job.image
        build = job.build
        assert build is not None, "a job has an image or a build"
        assert cluster.repository_url is not None, "a stack with a build has a repository"
        return awsx.ecr.Image(
            self._name,
            repository_url=cluster.repository_url,
            image_name=f"{job.name}-{job.architecture}",
            context=build.context,
            dockerfile=build.dockerfile,
            target=build.target,
            args=build.args or None,
            platform=PLATFORMS[job.architecture],
            opts=ResourceOptions(parent=self),
        ).image_uri

    def _create_task_definition(self, task_role: GrantedRole, execution_role: GrantedRole) -> ecs.TaskDefinition:
        job, place = self._args.job, self._args.place
        # All but the container is known before the program's first resource, and so shown by every preview.
        known = task_definition(job, place, image="", execution_role_arn="", task_role_arn="", log_group_name="")
        storage = known.get("ephemeralStorage")
        return ecs.TaskDefinition(
            self._name,
            family=known["family"],
            container_definitions=Output.all(image=self._image(), log_group_name=self.log_group_name).apply(
                lambda parts: json.dumps(
                    task_definition(job, place, execution_role_arn="", task_role_arn="", **parts)[
                        "containerDefinitions"
                    ]
                )
            ),
            cpu=known["cpu"],
            memory=known["memory"],
            network_mode=known["networkMode"],
            requires_compatibilities=known["requiresCompatibilities"],
            runtime_platform=ecs.TaskDefinitionRuntimePlatformArgs(
                cpu_architecture=known["runtimePlatform"]["cpuArchitecture"],
                operating_system_family=known["runtimePlatform"]["operatingSystemFamily"],
            ),
            ephemeral_storage=storage and ecs.TaskDefinitionEphemeralStorageArgs(size_in_gib=storage["sizeInGiB"]),
            execution_role_arn=execution_role.arn,
            task_role_arn=task_role.arn,
            # A run in flight tries again with the revision it was started with, and ECS runs no deregistered revision.
            skip_destroy=True,
            tags=self._tags,
            opts=ResourceOptions(parent=self),
        )

    def _create_state_machine(self, task_role: GrantedRole, execution_role: GrantedRole) -> sfn.StateMachine:
        job, place, network, cluster = self._args.job, self._args.place, self._args.network, self._args.cluster
        rivals, table = self._args.stack.rivals(job), cluster.lock_table if job.overlap.needs_table else None
        results = self._args.results if job.results else None
        role = create_role(
            f"{self._name}-states",
            parent=self,
            description=f"Runs the tasks of {job.name}",
            trust=trust_policy("states", place),
            policy=document(
                lambda **arns: state_machine_role_policy(job, place, rivals=rivals, **arns),
                cluster_arn=cluster.cluster_arn,
                execution_role_arn=execution_role.arn,
                task_role_arn=task_role.arn,
                lock_table_arn=table and table.arn,
                results_bucket_arn=results and results.bucket_arn,
            ),
            tags=self._tags,
        )
        return sfn.StateMachine(
            self._name,
            name=place.name(job.name),
            type="STANDARD",
            definition=document(
                lambda **target: state_machine(
                    job, place, RunTarget(assign_public_ip=network.assign_public_ip, **target)
                ),
                cluster_arn=cluster.cluster_arn,
                task_definition_arn=self.task_definition_arn,
                subnet_ids=network.subnet_ids,
                security_group_ids=network.security_group_ids,
                log_group_name=self.log_group_name,
                lock_table_name=table and table.name,
                results_bucket=results and results.bucket_name,
            ),
            role_arn=role.arn,
            logging_configuration=sfn.StateMachineLoggingConfigurationArgs(
                log_destination=cluster.state_machine_log_group_arn.apply(lambda arn: f"{arn}:*"),
                level="ERROR",
                # Inputs and outputs stay out of the log: they are a job's own business.
                include_execution_data=False,
            ),
            tracing_configuration=sfn.StateMachineTracingConfigurationArgs(enabled=True),
            tags=self._tags,
            # Without its policy the machine is refused ("not authorized to create managed-rule"); without the others a
            # run could start before it may do what it is for.
            opts=ResourceOptions(
                parent=self,
                depends_on=[
                    *role.grants,
                    *task_role.grants,
                    *execution_role.grants,
                    *network.endpoints,
                    cluster.capacity_providers,
                    *(results.settings if results else ()),
                ],
            ),
        )
