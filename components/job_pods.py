"""What a job runs in an EKS cluster: the image and the roles of its pods, and the way in for its state machine."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import eks

from components.created import CreatedContainer
from components.images import create_image, image_key
from components.job_cluster import JobCluster
from components.results import Results
from components.roles import GrantedRole
from components.task_role import create_task_role
from definitions.kubernetes import access
from definitions.kubernetes.cluster import EksCluster
from definitions.place import Place
from definitions.trust import pod_trust_policy
from spec.job import JobSpec
from spec.step_containers import containers, task_rights

_EVERYBODY = "0.0.0.0/0"
_WITH_ENTRIES = ("API", "API_AND_CONFIG_MAP")


@dataclass(frozen=True, kw_only=True)
class JobPods:
    """Creates what a job runs, as children of its component.

    job: the job.
    place: its stack.
    parent: its component.
    cluster: what the stack's jobs share: the repository of images.
    results: where they leave their results; None where no job of the stack leaves any.
    tags: of all that can be tagged.
    """

    job: JobSpec
    place: Place
    parent: pulumi.Resource
    cluster: JobCluster
    results: Results | None
    tags: Mapping[str, str]

    def create(self) -> dict[str, CreatedContainer]:
        """The containers, by their names. Those that may do the same share a role, those that build the same an
        image."""
        associations = access.pod_identity_associations(self.job)
        roles: dict[str, GrantedRole] = {}
        images: dict[str, Input[str]] = {}
        created = {}
        for container in containers(self.job):
            rights = task_rights(self.job, container)
            if rights.name not in roles:
                roles[rights.name] = self._create_role(rights, associations[rights.name])
            image = image_key(container)
            if image not in images:
                url = self.cluster.repository_url
                images[image] = create_image(self.job, container, self.place, parent=self.parent, repository_url=url)
            created[container.name] = CreatedContainer(
                what_runs=Output.from_input(images[image]), roles=(roles[rights.name],)
            )
        return created

    def _create_role(self, rights: JobSpec, association: dict[str, str]) -> GrantedRole:
        """The role, with what gives it to pods."""
        role = create_task_role(
            rights,
            self.job,
            self.place,
            parent=self.parent,
            trust=pod_trust_policy(self.place, self.job.run_on, association["serviceAccount"]),
            results=self.results,
            tags=self.tags,
        )
        identity = eks.PodIdentityAssociation(
            self.place.name(rights.name),
            cluster_name=association["clusterName"],
            namespace=association["namespace"],
            service_account=association["serviceAccount"],
            role_arn=role.arn,
            tags=self.tags,
            opts=ResourceOptions(parent=self.parent, depends_on=role.grants),
        )
        return GrantedRole(arn=role.arn, grants=[*role.grants, identity])


def create_access_entry(
    name: str, job: JobSpec, place: Place, *, parent: pulumi.Resource, role: GrantedRole, tags: Mapping[str, str]
) -> pulumi.Resource:
    """Let the role of a job's state machine into the cluster."""
    entry = access.access_entry(job, place)
    return eks.AccessEntry(
        name,
        cluster_name=entry["clusterName"],
        kubernetes_groups=entry["kubernetesGroups"],
        type=entry["type"],
        principal_arn=role.arn,
        tags=tags,
        opts=ResourceOptions(parent=parent),
    )


def find_cluster(job: JobSpec) -> EksCluster:
    """Where the API of a job's cluster is; warns where Step Functions may not reach it.

    Raises:
        pulumi.RunError: it cannot be read, Step Functions cannot call it, or access entries are no way into it.
    """
    name = job.run_on.cluster
    assert name is not None, "a job on Kubernetes names its cluster"
    try:
        found = eks.get_cluster(name=name)
    except Exception as error:
        # Pulumi raises nothing more special, and prints a traceback of it.
        raise pulumi.RunError(
            f"{job.name}: expected an EKS cluster of this account and Region in runOn.cluster, cannot read {name}: "
            f"{error}"
        ) from None
    if not found.vpc_config.endpoint_public_access:
        raise pulumi.RunError(
            f"{job.name}: expected an EKS cluster with a public endpoint in runOn.cluster, found {name}, whose "
            "endpoint is private: Step Functions cannot call it. "
            "https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html"
        )
    if (open_to := found.vpc_config.public_access_cidrs) and _EVERYBODY not in open_to:
        pulumi.log.warn(
            f"{job.name}: the public endpoint of {name} is open to {', '.join(open_to)} only. AWS does not say from "
            "which addresses Step Functions calls: a run that it cannot start ends as Job.NeverStarted"
        )
    mode = found.access_configs[0].authentication_mode if found.access_configs else "none"
    if mode not in _WITH_ENTRIES:
        raise pulumi.RunError(
            f"{job.name}: expected an EKS cluster with the authentication mode {' or '.join(_WITH_ENTRIES)} in "
            f"runOn.cluster, found {name} with {mode}: it takes no access entries. "
            "https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html"
        )
    return EksCluster(endpoint=found.endpoint, certificate_authority=found.certificate_authorities[0].data)
