"""What a job runs on Lambda: for each of its containers the role, the image or the archive, and the function."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import FileArchive, Input, Output, ResourceOptions

# A lazy module, which a stack without such a job never reads.
from pulumi_aws import lambda_

from components.created import CreatedContainer
from components.documents import document
from components.images import create_function_image, create_image, image_key
from components.job_cluster import JobCluster
from components.lambda_zip import pack
from components.network import Network
from components.results import Results
from components.roles import GrantedRole, create_role
from definitions.lambda_function import is_in_vpc, lambda_function
from definitions.place import Place
from definitions.policies import function_role_policy
from definitions.trust import function_trust_policy
from spec.job import JobSpec
from spec.step_containers import containers, needs_bucket, task_rights


@dataclass(frozen=True, kw_only=True)
class JobFunctions:
    """Creates what a job runs, as children of its component.

    job: the job.
    place: its stack.
    parent: its component.
    cluster: what the stack's jobs share.
    network: where its functions are, where that is a VPC.
    results: where they leave their results; None where no job of the stack leaves any.
    log_group_name: where they log to.
    tags: of all that can be tagged.
    """

    job: JobSpec
    place: Place
    parent: pulumi.Resource
    cluster: JobCluster
    network: Network
    results: Results | None
    log_group_name: Output[str]
    tags: Mapping[str, str]

    def create(self) -> dict[str, CreatedContainer]:
        """The functions, by the containers' names. Those that may do the same share a role, those that build the same
        an image. What a function starts is in its archive, which no other has."""
        roles: dict[str, GrantedRole] = {}
        images: dict[str, Output[str]] = {}
        created = {}
        for container in containers(self.job):
            rights = task_rights(self.job, container)
            if rights.name not in roles:
                roles[rights.name] = self._create_role(rights)
            if container.run_on.is_zip:
                # It has been packed before the program's first resource.
                code = {"code": FileArchive(pack(container, self.place).as_posix())}
            else:
                key = _image_key(container)
                if key not in images:
                    images[key] = self._create_image(container)
                code = {"image_uri": images[key]}
            version_arn = self._create_function(container, code, roles[rights.name])
            created[container.name] = CreatedContainer(what_runs=version_arn, roles=(roles[rights.name],))
        return created

    @property
    def _in_vpc(self) -> bool:
        return is_in_vpc(assign_public_ip=self.network.assign_public_ip)

    def _create_role(self, rights: JobSpec) -> GrantedRole:
        return create_role(
            f"{self.place.name(rights.name)}-lambda",
            parent=self.parent,
            description=f"What the code of {rights.name} may do, and Lambda for it",
            trust=function_trust_policy(),
            policy=document(
                lambda results_bucket_arn: function_role_policy(
                    rights, self.job, self.place, results_bucket_arn=results_bucket_arn, in_vpc=self._in_vpc
                ),
                results_bucket_arn=self.results.bucket_arn if self.results and needs_bucket(self.job) else None,
            ),
            tags=self.tags,
        )

    def _create_image(self, container: JobSpec) -> Output[str]:
        url = self.cluster.repository_url
        assert url is not None, "a stack with a function has a repository"
        image: Input[str] = create_image(self.job, container, self.place, parent=self.parent, repository_url=url)
        name = self.job.name if _image_key(container) == _image_key(self.job) else container.name
        return create_function_image(name, self.place, image, container, parent=self.parent, repository_url=url)

    def _create_function(self, container: JobSpec, code: Mapping[str, Any], role: GrantedRole) -> Output[str]:
        """The ARN of the function's latest version."""
        # All but these is known before the program's first resource, and so shown by every preview.
        known = lambda_function(container, self.place, code="", role_arn="", log_group_name="", network=None)
        environment, network, image = known.get("Environment"), self.network, known.get("ImageConfig")
        return lambda_.Function(
            self.place.name(container.name),
            name=known["FunctionName"],
            description=known.get("Description"),
            package_type=known["PackageType"],
            **code,
            image_config=image
            and lambda_.FunctionImageConfigArgs(entry_points=image["EntryPoint"], commands=image["Command"]),
            runtime=known.get("Runtime"),
            handler=known.get("Handler"),
            role=role.arn,
            architectures=known["Architectures"],
            memory_size=known["MemorySize"],
            timeout=known["Timeout"],
            ephemeral_storage=lambda_.FunctionEphemeralStorageArgs(size=known["EphemeralStorage"]["Size"]),
            environment=environment and lambda_.FunctionEnvironmentArgs(variables=environment["Variables"]),
            logging_config=lambda_.FunctionLoggingConfigArgs(
                log_format=known["LoggingConfig"]["LogFormat"], log_group=self.log_group_name
            ),
            vpc_config=lambda_.FunctionVpcConfigArgs(
                subnet_ids=network.subnet_ids, security_group_ids=network.security_group_ids
            )
            if self._in_vpc
            else None,
            # A run in flight tries again with the version it was started with: none is deleted while the function is
            # there.
            publish=known["Publish"],
            tags=self.tags,
            # Lambda looks whether the role may connect it to a VPC, and whether it may read the image.
            # Of an image no archive can be made in place, nor the reverse, and two cannot have the one name.
            opts=ResourceOptions(
                parent=self.parent,
                depends_on=[*role.grants, *([] if container.run_on.is_zip else self.cluster.image_grants)],
                delete_before_replace=True,
            ),
        ).qualified_arn


def _image_key(container: JobSpec) -> str:
    """The same for containers whose functions run the same image: of one architecture, also where it is named."""
    return f"{image_key(container)} {container.architecture}"
