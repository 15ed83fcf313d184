"""Where a job runs: on Fargate, or in one of the other places that AWS has for a container."""

from typing import Annotated, Literal

from pydantic import Field

from spec.forms import choice, text
from spec.model import Spec

RunOnKind = Literal["fargate", "ec2", "lambda", "task", "kubernetes"]

FIELDS_OF = {
    "ec2": ("capacity_provider", "network_mode", "placement", "constraints"),
    "kubernetes": ("cluster", "namespace", "service_account"),
    "lambda": ("package",),
}
"""The fields that only one kind of place has, by the kind."""

_LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_OF_A_LABEL = " of up to 63 lower-case letters, digits and hyphens"


class RunOnSpec(Spec):
    """Where a job runs: a kind of place alone, or a map."""

    SHORTHAND = "kind"

    kind: Annotated[RunOnKind, choice("fargate", "ec2", "lambda", "task", "kubernetes")] = Field(
        default="fargate",
        description="`fargate`: ECS tasks on Fargate. [`ec2`](run-on-ec2.md): ECS tasks on machines that are there "
        "anyway. [`lambda`](run-on-lambda.md): a Lambda function, for at most 15 minutes. [`task`](run-on-task.md): on "
        "Fargate, without a state machine. [`kubernetes`](run-on-kubernetes.md): a Job in an EKS cluster.",
    )
    package: Annotated[Literal["image", "zip"], choice("image", "zip")] = Field(
        default="image",
        description="With `lambda`: what a function is made from. `image`: the job's image. "
        "[`zip`](run-on-lambda.md#from-a-zip-archive): an archive, without Docker, of a job that is plain Python.",
    )
    capacity_provider: (
        Annotated[
            str,
            text(
                "the name of an ECS capacity provider of up to 255 letters, digits, hyphens and underscores",
                pattern="[A-Za-z0-9_-]{1,255}",
            ),
        ]
        | None
    ) = Field(
        default=None,
        validation_alias="capacityProvider",
        description="With `ec2`: the capacity provider, which is there already.",
    )
    network_mode: Annotated[Literal["awsvpc", "bridge", "host"], choice("awsvpc", "bridge", "host")] = Field(
        default="awsvpc",
        validation_alias="networkMode",
        description="With `ec2`: `awsvpc` gives each task a network interface in the stack's subnets; `bridge` and "
        "`host` use the machine's.",
    )
    placement: tuple[
        Annotated[
            str,
            text(
                "random, binpack:cpu, binpack:memory, spread:instanceId, spread:host or spread:attribute:NAME",
                pattern="random|binpack:(?:cpu|memory)|spread:(?:instanceId|host|attribute:[A-Za-z0-9._/-]+)",
            ),
        ],
        ...,
    ] = Field(
        default=(),
        max_length=5,
        description="With `ec2`: ECS's placement strategy, the first rule first, such as `binpack:memory` or "
        "`spread:attribute:ecs.availability-zone`.",
    )
    constraints: tuple[Annotated[str, text("an expression of ECS's cluster query language", shortest=1)], ...] = Field(
        default=(),
        max_length=10,
        description="With `ec2`: what a machine must be like, in ECS's cluster query language, such as "
        "`attribute:ecs.instance-type =~ r6.*`.",
    )
    cluster: (
        Annotated[
            str,
            text(
                "the name of an EKS cluster of up to 100 letters, digits, hyphens and underscores",
                pattern="[A-Za-z0-9][A-Za-z0-9_-]{0,99}",
            ),
        ]
        | None
    ) = Field(default=None, description="With `kubernetes`: the EKS cluster, which is there already.")
    namespace: Annotated[str, text(f"a namespace's name{_OF_A_LABEL}", pattern=_LABEL)] = Field(
        default="default", description="With `kubernetes`: the namespace, which is there already."
    )
    service_account: Annotated[str, text(f"a service account's name{_OF_A_LABEL}", pattern=_LABEL)] | None = Field(
        default=None,
        validation_alias="serviceAccount",
        description="With `kubernetes`: the service account that the job's role is given to; without it, the job's "
        "name.",
    )

    @property
    def is_zip(self) -> bool:
        """Whether a job is a function that is made from an archive, without an image."""
        return self.kind == "lambda" and self.package == "zip"

    @property
    def place(self) -> str:
        """The kind, and whatever else of it no deployment changes in place: as `DeployedJob.place` has it."""
        return "lambda with package: zip" if self.is_zip else self.kind
