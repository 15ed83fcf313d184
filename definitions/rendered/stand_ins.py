"""What only a deployment knows of a job and its stack, as it is put into documents that nobody deploys."""

from dataclasses import dataclass, field
from typing import Any

from definitions.kubernetes.cluster import EksCluster
from definitions.place import Place
from definitions.results import bucket_name_beginning
from definitions.run_task import RunTarget
from spec.job import JobSpec
from spec.stack import StackSpec

STAND_IN_ACCOUNT = "123456789012"
STAND_IN_SUFFIX = "0a1b2c3"
"""Stands for the characters that Pulumi adds to the names it makes."""
STAND_IN_ARCHIVE = "YW4gYXJjaGl2ZQ=="
"""Stands for the archive that a function is made from."""
_REGION = "us-east-1"
_EKS_CLUSTER = EksCluster(
    endpoint=f"https://{'0' * 32}.gr7.{_REGION}.eks.amazonaws.com", certificate_authority="QSBzdGFuZC1pbg=="
)


@dataclass(frozen=True)
class StandIns:
    """A job of a stack, which without a Region is in us-east-1."""

    job: JobSpec
    stack: StackSpec

    @property
    def place(self) -> Place:
        return Place(
            project=self.stack.project,
            stack=self.stack.name,
            partition="aws",
            region=self.stack.region or _REGION,
            account=STAND_IN_ACCOUNT,
        )

    @property
    def cluster_arn(self) -> str:
        return self.place.arn("ecs", f"cluster/{self.place.prefix}cluster")

    @property
    def dead_letter_arn(self) -> str:
        return self.place.arn("sqs", f"{self.place.prefix}dead-letters-{STAND_IN_SUFFIX}")

    @property
    def lock_table_name(self) -> str:
        return f"{self.place.prefix}locks-{STAND_IN_SUFFIX}"

    @property
    def log_group_name(self) -> str:
        return f"{self.place.log_group_prefix(self.job.name)}-{STAND_IN_SUFFIX}"

    @property
    def repository_arn(self) -> str:
        return self.place.arn("ecr", f"repository/{self.place.project}-{self.place.stack}")

    @property
    def results_bucket(self) -> str:
        return f"{bucket_name_beginning(self.place)}-{STAND_IN_SUFFIX}"

    @property
    def results_bucket_arn(self) -> str:
        return f"arn:{self.place.partition}:s3:::{self.results_bucket}"

    @property
    def built_image(self) -> str:
        place = self.place
        registry = f"{place.account}.dkr.ecr.{place.region}.amazonaws.com"
        return f"{registry}/{place.project}-{place.stack}@sha256:{'0' * 64}"

    def image(self, container: JobSpec) -> str:
        """The URI of a container's image."""
        return container.image or self.built_image

    def role_arn(self, name: str) -> str:
        """The ARN of a role of the stack."""
        place = self.place
        return f"arn:{place.partition}:iam::{place.account}:role/{place.prefix}{name}-{STAND_IN_SUFFIX}"

    @property
    def target(self) -> RunTarget:
        """Where the job runs, with any container."""
        network = self.stack.network
        zones = range(network.availability_zones)
        return RunTarget(
            cluster_arn=self.cluster_arn,
            what_runs="",
            subnet_ids=network.subnet_ids or tuple(f"subnet-{number:08x}" for number in zones),
            security_group_ids=network.security_group_ids or ("sg-00000000",),
            assign_public_ip=network.gives_public_ips,
            log_group_name=self.log_group_name,
            lock_table_name=self.lock_table_name,
            results_bucket=self.results_bucket,
            has_other_families=self.stack.runs_steps_beside(self.job),
            eks_cluster=_EKS_CLUSTER if self.job.run_on.kind == "kubernetes" else None,
        )


@dataclass(frozen=True, kw_only=True)
class Containers:
    """What a job runs.

    Attributes:
        documents: what AWS is told of it, by the documents' names.
        policies: of its roles, and of what holds its images: name to its documents.
        what_runs: the revisions of the containers, as `RunTarget.what_runs`, by their names.
        passed_role_arns: the roles that whoever starts them gives them.
    """

    documents: dict[str, Any]
    policies: dict[str, dict[str, Any]]
    what_runs: dict[str, str]
    passed_role_arns: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Start:
    """What starts it: `documents` and `policies` as above, and what does so on time and on events."""

    documents: dict[str, Any]
    policies: dict[str, dict[str, Any]]
    trigger: dict[str, Any]


def of_job_or_steps(job: JobSpec, documents: dict[str, Any]) -> Any:
    """The documents by the names of the containers; of a job without steps, its only one."""
    return documents if job.steps else documents[job.name]
