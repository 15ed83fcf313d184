"""What runs, how large, for how long: the fields of a job that say what its container is."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from spec.aws_forms import VariableName, VariableValue, container_user, image_reference, kms_key, secret_source
from spec.durations import DAY_SECONDS, duration
from spec.forms import Form, choice, flag, number, text, whole_number
from spec.model import Spec
from spec.permission import PermissionSpec
from spec.plain_python import PlainPython
from spec.sizes import cpu, disk, memory

Word = Annotated[str, text("text that is not empty", shortest=1)]
RelativePath = Annotated[str, text("a relative path", pattern=r"(?!/)[^\0]+")]


@dataclass(frozen=True)
class ImageStart:
    """What an image starts: its ENTRYPOINT and its CMD."""

    entrypoint: tuple[str, ...]
    command: tuple[str, ...]


def _read_start(value: Any) -> ImageStart | None:
    if value is None or isinstance(value, ImageStart):
        return value
    raise ValueError("expected no starts here, found one: the Dockerfile says what its image starts")


def _read_plain(value: Any) -> PlainPython | None:
    if value is None or isinstance(value, PlainPython):
        return value
    raise ValueError("expected no plain here, found one: the Dockerfile says whether it is plain Python")


class BuildSpec(Spec):
    """How a job's image is built."""

    NOT_WRITTEN = frozenset({"starts", "plain"})

    # Once loaded, both paths are relative to the repository.

    context: RelativePath = Field(
        default=".",
        description="Folder sent to the build. In job.yaml, paths are relative to the job's folder; in a stack's file, "
        "to the repository. Left out: the job's folder.",
    )
    dockerfile: RelativePath = Field(
        default="Dockerfile",
        description="The Dockerfile, relative as `context` is. Left out: the job folder's.",
    )
    target: Word | None = Field(default=None, description="Stage of the Dockerfile to build; without it, the last one.")
    args: dict[
        Annotated[str, text("the name of a build argument", pattern="[A-Za-z_][A-Za-z0-9_]*")], VariableValue
    ] = Field(
        default_factory=dict, description="Values of the Dockerfile's `ARG`s. They end up in the image: no secrets."
    )
    starts: Annotated[ImageStart | None, Form("what an image starts", _read_start, {})] = Field(
        default=None,
        description="What the Dockerfile says that its image starts, where that matters; None where only its base "
        "image says it.",
    )
    plain: Annotated[PlainPython | None, Form("a Dockerfile that is plain Python", _read_plain, {})] = Field(
        default=None,
        description="What the Dockerfile says of a job that is made into an archive; None where it is not plain "
        "Python, or where that does not matter.",
    )


class SecretSpec(Spec):
    """A secret that is put into an environment variable when the container starts."""

    SHORTHAND = "from"

    source: Annotated[str, secret_source()] = Field(
        validation_alias="from",
        description="Name or ARN of a secret in Secrets Manager or of a parameter in SSM Parameter Store. "
        "A name that begins with `/` is a parameter's; a secret whose name ends in a hyphen and six letters or digits "
        "needs its ARN. [On Kubernetes](run-on-kubernetes.md), the name of a Secret in the job's namespace.",
    )
    key: Annotated[str, text("a key without a colon", pattern="[^:]+")] | None = Field(
        default=None,
        description="Key within a Secrets Manager secret that holds a JSON object, or within a Kubernetes Secret.",
    )
    kms_key_arn: Annotated[str, kms_key()] | None = Field(
        default=None,
        validation_alias="kmsKey",
        description="ARN of the customer managed KMS key it is encrypted with, if any.",
    )

    @property
    def service(self) -> Literal["secretsmanager", "ssm"]:
        """The service that keeps the secret, as it is named in ARNs."""
        return "ssm" if self.source.startswith("/") or ":ssm:" in self.source else "secretsmanager"


class CapacitySpec(Spec):
    """The capacity a job runs on."""

    spot: Annotated[bool, flag()] = Field(
        default=False, description="Run on Fargate Spot: cheaper, and interrupted at two minutes' notice."
    )
    on_demand_after: Annotated[int, whole_number(1, 100)] | None = Field(
        default=None,
        validation_alias="onDemandAfter",
        description="With `spot`: from this many interruptions or failures of capacity on, a run goes on on Fargate.",
    )


class RetrySpec(Spec):
    """How often a job runs again that ran and failed: exited non-zero, ran out of memory, or failed unexplained.

    Never after a person's stop or a final exit code. What the infrastructure did to it is retried apart from this.
    """

    attempts: Annotated[int, whole_number(0, 100)] = Field(default=0, description="Retries after the first attempt.")
    interval_seconds: Annotated[int, duration(1, DAY_SECONDS)] = Field(
        default=60, validation_alias="interval", description="Wait before the first retry."
    )
    backoff_rate: Annotated[float, number(1, 100)] = Field(
        default=2.0, validation_alias="backoffRate", description="Factor by which the wait grows from retry to retry."
    )
    max_interval_seconds: Annotated[int, duration(1, 7 * DAY_SECONDS)] = Field(
        default=3600, validation_alias="maxInterval", description="The longest wait between two attempts."
    )
    final_exit_codes: tuple[Annotated[int, whole_number(1, 255)], ...] = Field(
        default=(), validation_alias="finalExitCodes", description="Exit codes that are never retried."
    )
    on_timeout: Annotated[bool, flag()] = Field(
        default=False, validation_alias="onTimeout", description="Whether a timeout is retried too."
    )


class StartRetrySpec(Spec):
    """How often a run starts its task again because of the infrastructure: no capacity, throttling, a lost machine."""

    attempts: Annotated[int, whole_number(0, 100)] = Field(
        default=10, description="Starts after the first one that the infrastructure, not the job, made necessary."
    )
    interval_seconds: Annotated[int, duration(1, DAY_SECONDS)] = Field(
        default=5, validation_alias="interval", description="The longest wait before the first of them."
    )
    backoff_rate: Annotated[float, number(1, 100)] = Field(
        default=2.0, validation_alias="backoffRate", description="Factor by which the longest wait grows each time."
    )
    max_interval_seconds: Annotated[int, duration(1, DAY_SECONDS)] = Field(
        default=300,
        validation_alias="maxInterval",
        description="What the longest wait grows to. Each wait is a random part of it, so that many jobs that wait for "
        "the same thing do not come back at once.",
    )


class ContainerSpec(Spec):
    """What one task runs, and how often it is tried."""

    description: Annotated[str, text("text of up to 512 characters", longest=512)] = Field(
        default="", description="What the job does, for people; shown with its rule or schedule."
    )
    image: Annotated[str, image_reference()] | None = Field(
        default=None,
        description="Image to run, in place of one built from the job's folder. It and `build` replace each other.",
    )
    build: BuildSpec | None = Field(
        default=None,
        description="How the image is built; without it and without `image`, from the job folder's Dockerfile.",
    )
    entrypoint: tuple[Word, ...] | None = Field(
        default=None, min_length=1, description="Replaces the image's entry point: a list, the program first."
    )
    command: tuple[Word, ...] | None = Field(
        default=None, min_length=1, description="Replaces the image's command: a list of arguments to the entry point."
    )
    cpu_units: Annotated[int, cpu()] = Field(
        default=256, validation_alias="cpu", description="CPU of the task; 1024 units are 1 vCPU."
    )
    memory_mib: Annotated[int, memory()] = Field(
        default=512,
        validation_alias="memory",
        description="Memory of the task. Fargate sells certain [sizes](#sizes) only.",
    )
    ephemeral_storage_gib: Annotated[int, disk(1, 200)] = Field(
        default=20,
        validation_alias="ephemeralStorage",
        description="Disk of the task in GiB: from 20 on, which are included in the price; on Lambda up to 10, where "
        "half of one comes with every function.",
    )
    architecture: Annotated[Literal["arm64", "x86_64"], choice("arm64", "x86_64")] = Field(
        default="x86_64", description="Processor the image is built for and runs on."
    )
    environment: dict[VariableName, VariableValue] = Field(
        default_factory=dict,
        description="Environment variables. `LONGHAUL_*`, `AWS_*` and `ECS_*` are set for the job and reserved.",
    )
    secrets: dict[VariableName, SecretSpec] = Field(
        default_factory=dict,
        description="Environment variables that hold secrets: `NAME: {from: ..., key: ..., kmsKey: ...}`, "
        "or `NAME: ...` for `from` alone. [On Lambda](run-on-lambda.md#what-differs) the job's code may read them.",
    )
    permissions: tuple[PermissionSpec, ...] = Field(
        default=(),
        description="What the job itself may do in AWS: the statements of its own role. Without any: nothing.",
    )
    user: Annotated[str, container_user()] | None = Field(
        default=None, description="User the container runs as, in place of the image's."
    )
    readonly_root_filesystem: Annotated[bool, flag()] = Field(
        default=False,
        validation_alias="readonlyRootFilesystem",
        description="Whether the container's own file system is read-only.",
    )
    capacity: CapacitySpec = Field(default_factory=CapacitySpec, description="The capacity the job runs on.")
    timeout_seconds: Annotated[int, duration(1, 365 * DAY_SECONDS)] = Field(
        default=4 * 3600,
        validation_alias="timeout",
        description="How long one attempt may take, the start of the task included.",
    )
    stop_timeout_seconds: Annotated[int, duration(2, 120, example="45s")] = Field(
        default=30,
        validation_alias="stopTimeout",
        description="Time between SIGTERM and SIGKILL when the job is stopped.",
    )
    retries: RetrySpec = Field(
        default_factory=RetrySpec, description="Whether the job runs again when it ran and failed."
    )
    start_retries: StartRetrySpec = Field(
        default_factory=StartRetrySpec,
        validation_alias="startRetries",
        description="How often the task is started again when AWS could not start it or took its machine away, as on "
        "Spot. It uses none of `retries`.",
    )
    results: Annotated[bool, flag()] = Field(
        default=False,
        description="Whether a run leaves a [result](results.md): JSON of up to 128 KiB, put where "
        "`LONGHAUL_RESULT_URL` says. It is part of the run's output; a run that leaves none fails.",
    )
