"""What all runs of a stack share: the cluster, the images, the role that starts containers, the state machines' log."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_awsx as awsx
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, dynamodb, ecr, ecs

from components.documents import document
from components.roles import GrantedRole, create_role
from components.tags import tags_of_stack
from definitions.lock import EXPIRY_ATTRIBUTE, KEY_ATTRIBUTE
from definitions.place import Place
from definitions.policies import execution_role_policy, function_images_policy, needs_own_execution_role
from definitions.trust import trust_policy
from spec.stack import StackSpec

# An execution may live for a year, and each of its attempts pulls the image that it was defined with.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
UNTAGGED_IMAGES_EXPIRE_AFTER_DAYS = 365

# As long as Step Functions itself remembers an execution.
STATE_MACHINE_LOG_RETENTION_DAYS = 90


@dataclass(frozen=True, kw_only=True)
class JobClusterArgs:
    """What a JobCluster is made from: the stack, and the place it deploys to."""

    stack: StackSpec
    place: Place


class JobCluster(pulumi.ComponentResource):
    """An ECS cluster for Fargate and Fargate Spot, and what every job's runs need beside it.

    cluster_arn, cluster_name: of the cluster.
    capacity_providers: the resource that must exist before a task may ask for Spot.
    repository_url, repository_arn: where images are pushed to; None when no job has one pushed.
    image_grants: what must exist before Lambda may read an image.
    execution_role: what ECS starts containers with; None when every job needs one of its own.
    state_machine_log_group_arn: where state machines log their failures to.
    lock_table: what keeps runs apart; None when no job asks for that.
    """

    cluster_arn: Output[str]
    cluster_name: Output[str]
    capacity_providers: pulumi.Resource
    repository_url: Output[str] | None = None
    repository_arn: Output[str] | None = None
    image_grants: Sequence[pulumi.Resource] = ()
    execution_role: GrantedRole | None = None
    state_machine_log_group_arn: Output[str]
    lock_table: dynamodb.Table | None = None

    def __init__(self, name: str, args: JobClusterArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("longhaul:index:JobCluster", name, {}, opts)
        self._tags = tags_of_stack(args.stack)
        self._create_cluster(name, args)
        with_image = [one for one in args.stack.containers if not one.run_on.is_zip]
        functions = [one for one in with_image if one.run_on.kind == "lambda"]
        if functions or any(container.build is not None for container in with_image):
            self._create_repository(name, args)
        if functions:
            self._let_lambda_read_images(name, args)
        tasks = [one for one in args.stack.containers if one.run_on.kind in ("fargate", "ec2", "task")]
        if not all(needs_own_execution_role(container) for container in tasks):
            self._create_execution_role(name, args)
        self.state_machine_log_group_arn = cloudwatch.LogGroup(
            f"{name}-states",
            # Under this prefix log delivery needs no entry in a resource policy of limited size for each state machine.
            # https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
            name_prefix=f"/aws/vendedlogs/states/{name}-",
            retention_in_days=STATE_MACHINE_LOG_RETENTION_DAYS,
            skip_destroy=args.stack.keep_logs,
            tags=self._tags,
            opts=ResourceOptions(parent=self),
        ).arn
        if args.stack.needs_lock_table:
            self._create_lock_table(name)
        self.register_outputs(
            {
                "cluster_arn": self.cluster_arn,
                "cluster_name": self.cluster_name,
                "repository_url": self.repository_url,
                "state_machine_log_group_arn": self.state_machine_log_group_arn,
            }
        )

    def _create_cluster(self, name: str, args: JobClusterArgs) -> None:
        cluster = ecs.Cluster(
            name,
            settings=[ecs.ClusterSettingArgs(name="containerInsights", value=args.stack.container_insights)],
            tags=self._tags,
            opts=ResourceOptions(parent=self),
        )
        self.cluster_arn = cluster.arn
        self.cluster_name = cluster.name
        self.capacity_providers = ecs.ClusterCapacityProviders(
            name,
            cluster_name=cluster.name,
            # Those of EC2 instances are there already, and their instances join the cluster by its name.
            capacity_providers=["FARGATE", "FARGATE_SPOT", *_providers_of_instances(args.stack)],
            opts=ResourceOptions(parent=self),
        )

    def _create_lock_table(self, name: str) -> None:
        self.lock_table = dynamodb.Table(
            f"{name}-locks",
            # Billed by the request: it costs nothing while no job starts.
            billing_mode="PAY_PER_REQUEST",
            hash_key=KEY_ATTRIBUTE,
            attributes=[dynamodb.TableAttributeArgs(name=KEY_ATTRIBUTE, type="S")],
            ttl=dynamodb.TableTtlArgs(attribute_name=EXPIRY_ATTRIBUTE, enabled=True),
            tags=self._tags,
            opts=ResourceOptions(parent=self),
        )

    def _create_repository(self, name: str, args: JobClusterArgs) -> None:
        place = args.place
        repository = awsx.ecr.Repository(
            f"{name}-images",
            force_delete=not args.stack.keep_logs,
            image_scanning_configuration={"scan_on_push": True},
            # Every push moves a job's tag, so the image of a run in flight or of an older revision has none: age alone,
            # and a long one, may remove it.
            lifecycle_policy=awsx.ecr.LifecyclePolicyArgs(
                rules=[
                    awsx.ecr.LifecyclePolicyRuleArgs(
                        description=f"Untagged images expire {UNTAGGED_IMAGES_EXPIRE_AFTER_DAYS} days after their push",
                        tag_status=awsx.ecr.LifecycleTagStatus.UNTAGGED,
                        maximum_age_limit=UNTAGGED_IMAGES_EXPIRE_AFTER_DAYS,
                    )
                ]
            ),
            tags=self._tags,
            # AWS deletes no repository with images in it, and `pulumi destroy` would stop there. The component hands
            # this on to the repository inside: https://www.pulumi.com/docs/iac/concepts/resources/options/retainondelete/
            opts=ResourceOptions(parent=self, retain_on_delete=args.stack.keep_logs),
        )
        self.repository_url = repository.url
        self.repository_arn = repository.url.apply(
            lambda url: f"arn:{place.partition}:ecr:{place.region}:{place.account}:repository/{url.partition('/')[2]}"
        )

    def _let_lambda_read_images(self, name: str, args: JobClusterArgs) -> None:
        assert self.repository_url is not None, "a stack with a function has a repository"
        self.image_grants = (
            ecr.RepositoryPolicy(
                f"{name}-images",
                repository=self.repository_url.apply(lambda url: url.partition("/")[2]),
                policy=json.dumps(function_images_policy(args.place)),
                opts=ResourceOptions(parent=self),
            ),
        )

    def _create_execution_role(self, name: str, args: JobClusterArgs) -> None:
        self.execution_role = create_role(
            f"{name}-exec",
            parent=self,
            description="Starts the containers of jobs that need no role of their own for it",
            trust=trust_policy("ecs-tasks", args.place),
            policy=document(
                lambda repository_arn: execution_role_policy(args.place, repository_arn=repository_arn, job=None),
                repository_arn=self.repository_arn,
            ),
            tags=self._tags,
        )


def _providers_of_instances(stack: StackSpec) -> list[str]:
    """The capacity providers that jobs on EC2 instances name, each once."""
    return sorted({job.run_on.capacity_provider for job in stack.jobs if job.run_on.capacity_provider is not None})
