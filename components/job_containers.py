"""What a job runs as ECS tasks: for each of its containers the roles, the image and the task definition."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import ecs

from components.created import CreatedContainer
from components.documents import document
from components.images import create_image, image_key
from components.job_cluster import JobCluster
from components.results import Results
from components.roles import GrantedRole, create_role
from components.task_role import create_task_role
from definitions.place import Place
from definitions.policies import execution_role_policy, needs_own_execution_role
from definitions.task_definition import task_definition
from definitions.trust import trust_policy
from spec.job import JobSpec
from spec.step_containers import containers, task_rights


@dataclass(frozen=True, kw_only=True)
class JobContainers:
    """Creates what a job runs, as children of its component.

    job: the job.
    place: its stack.
    parent: its component.
    cluster: where its tasks run.
    results: where they leave their results; None where no job of the stack leaves any.
    log_group_name: where they log to.
    tags: of all that can be tagged.
    """

    job: JobSpec
    place: Place
    parent: pulumi.Resource
    cluster: JobCluster
    results: Results | None
    log_group_name: Output[str]
    tags: Mapping[str, str]

    def create(self) -> dict[str, CreatedContainer]:
        """The containers, by their names. Those that may do the same share a role, those that build the same an
        image."""
        task_roles: dict[str, GrantedRole] = {}
        images: dict[str, Input[str]] = {}
        created = {}
        for container in containers(self.job):
            rights = task_rights(self.job, container)
            if rights.name not in task_roles:
                task_roles[rights.name] = self._create_task_role(rights)
            image = image_key(container)
            if image not in images:
                images[image] = create_image(
                    self.job,
                    container,
                    self.place,
                    parent=self.parent,
                    repository_url=self.cluster.repository_url,
                )
            execution_role = self._create_execution_role(container)
            definition = self._create_task_definition(container, images[image], task_roles[rights.name], execution_role)
            created[container.name] = CreatedContainer(
                what_runs=definition.arn, roles=(task_roles[rights.name], execution_role)
            )
        return created

    def _create_task_role(self, rights: JobSpec) -> GrantedRole:
        return create_task_role(
            rights,
            self.job,
            self.place,
            parent=self.parent,
            trust=trust_policy("ecs-tasks", self.place),
            results=self.results,
            tags=self.tags,
        )

    def _create_execution_role(self, container: JobSpec) -> GrantedRole:
        """The one that the stack's jobs share, or for a container with secrets one that may read exactly those."""
        if self.cluster.execution_role is not None and not needs_own_execution_role(container):
            return self.cluster.execution_role
        repository_arn = self.cluster.repository_arn if container.build is not None else None
        # It writes to the log of the whole job.
        reader = container.model_copy(update={"name": self.job.name})
        return create_role(
            f"{self.place.name(container.name)}-exec",
            parent=self.parent,
            description=f"Starts the container of {container.name} and reads its secrets",
            trust=trust_policy("ecs-tasks", self.place),
            policy=document(
                lambda repository_arn: execution_role_policy(self.place, repository_arn=repository_arn, job=reader),
                repository_arn=repository_arn,
            ),
            tags=self.tags,
        )

    def _create_task_definition(
        self, container: JobSpec, image: Input[str], task_role: GrantedRole, execution_role: GrantedRole
    ) -> ecs.TaskDefinition:
        # All but the container is known before the program's first resource, and so shown by every preview.
        known = task_definition(
            container, self.place, image="", execution_role_arn="", task_role_arn="", log_group_name=""
        )
        storage = known.get("ephemeralStorage")
        return ecs.TaskDefinition(
            self.place.name(container.name),
            family=known["family"],
            container_definitions=Output.all(image=image, log_group_name=self.log_group_name).apply(
                lambda parts: json.dumps(
                    task_definition(container, self.place, execution_role_arn="", task_role_arn="", **parts)[
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
            tags=self.tags,
            opts=ResourceOptions(parent=self.parent),
        )
