"""One job: what it runs as, the state machine that runs it to its end, and the trigger that starts it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, sfn

from components.containers import create_containers
from components.created import CreatedContainer, roles_of
from components.documents import document
from components.job_cluster import JobCluster
from components.job_pods import create_access_entry, find_cluster
from components.network import Network
from components.results import Results
from components.roles import create_role
from components.started_by import create_starters
from components.tags import tags_of_job
from components.task_trigger import create_task_trigger
from components.trigger import create_trigger
from components.trigger_delivery import TriggerDelivery
from definitions.machine import machine
from definitions.place import Place
from definitions.policies import state_machine_role_policy
from definitions.run_task import RunTarget
from definitions.trust import trust_policy
from spec.job import JobSpec
from spec.stack import StackSpec
from spec.step_containers import containers, needs_bucket


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

    A job that is started as a task alone has no state machine: its trigger has ECS run the task.

    Its name is the job's name in AWS, `<project>-<stack>-<job>`, so that roles with generated names carry it too.

    state_machine_arn: what an operator starts and asks about; None of a job that is started as a task alone.
    what_runs: the exact revisions that are run, by the containers' names: on ECS, the ARNs of task
        definitions.
    log_group_name: where the job's output goes, to a stream `run/job/<task id>` each run.
    """

    state_machine_arn: Output[str] | None = None
    what_runs: Mapping[str, Output[str]]
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
        created = create_containers(
            args.job,
            args.place,
            parent=self,
            cluster=args.cluster,
            network=args.network,
            results=args.results,
            log_group_name=log_group.name,
            tags=self._tags,
        )
        self.what_runs = {key: one.what_runs for key, one in created.items()}
        if args.job.run_on.kind == "task":
            create_task_trigger(
                name,
                parent=self,
                job=args.job,
                stack=args.stack,
                place=args.place,
                delivery=args.delivery,
                network=args.network,
                cluster=args.cluster,
                created=created[args.job.name],
                tags=self._tags,
            )
        else:
            self._create_machine_and_triggers(created)
        self.register_outputs(
            {
                "state_machine_arn": self.state_machine_arn,
                "what_runs": self.what_runs,
                "log_group_name": self.log_group_name,
            }
        )

    def _create_machine_and_triggers(self, created: Mapping[str, CreatedContainer]) -> None:
        args = self._args
        self.state_machine_arn = self._create_state_machine(created).arn
        create_trigger(
            self._name,
            parent=self,
            job=args.job,
            stack=args.stack,
            place=args.place,
            delivery=args.delivery,
            state_machine_arn=self.state_machine_arn,
            tags=self._tags,
        )
        create_starters(
            self._name,
            parent=self,
            job=args.job,
            place=args.place,
            delivery=args.delivery,
            state_machine_arn=self.state_machine_arn,
            tags=self._tags,
        )

    def _create_state_machine(self, created: Mapping[str, CreatedContainer]) -> sfn.StateMachine:
        job, place, network, cluster = self._args.job, self._args.place, self._args.network, self._args.cluster
        rivals, table = self._args.stack.rivals(job), cluster.lock_table if job.overlap.needs_table else None
        results, roles = self._args.results if needs_bucket(job) else None, roles_of(created)
        role = create_role(
            f"{self._name}-states",
            parent=self,
            description=f"Runs the tasks of {job.name}",
            trust=trust_policy("states", place),
            policy=document(
                lambda **arns: state_machine_role_policy(job, place, rivals=rivals, **arns),
                cluster_arn=cluster.cluster_arn,
                passed_role_arns=[role.arn for role in roles],
                lock_table_arn=table and table.arn,
                results_bucket_arn=results and results.bucket_arn,
            ),
            tags=self._tags,
        )
        # One that only runs other jobs has nothing to ask of the cluster.
        in_cluster = job.run_on.kind == "kubernetes" and bool(containers(job))
        eks_cluster, entries = find_cluster(job) if in_cluster else None, []
        if in_cluster:
            entries.append(create_access_entry(self._name, job, place, parent=self, role=role, tags=self._tags))
        return sfn.StateMachine(
            self._name,
            name=place.name(job.name),
            type="STANDARD",
            definition=document(
                lambda what_runs, **target: machine(
                    job,
                    place,
                    RunTarget(
                        what_runs="",
                        assign_public_ip=network.assign_public_ip,
                        has_other_families=self._args.stack.runs_steps_beside(job),
                        eks_cluster=eks_cluster,
                        **target,
                    ),
                    what_runs,
                ),
                cluster_arn=cluster.cluster_arn,
                what_runs=self.what_runs,
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
                    *entries,
                    *(grant for one in roles for grant in one.grants),
                    *network.endpoints,
                    cluster.capacity_providers,
                    *(results.settings if results else ()),
                ],
            ),
        )
