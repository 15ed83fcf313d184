"""The ECS task definition of a job: one container, on Fargate or on an EC2 instance."""

from typing import Any

from definitions.place import Place
from definitions.secrets import value_from
from definitions.tags import job_tags
from spec.job import JobSpec

CONTAINER_NAME = "job"
LOG_STREAM_PREFIX = "run"
"""Streams are named prefix/container/task id, so a run logs to `run/job/<task id>`."""

FREE_EPHEMERAL_STORAGE_GIB = 20
_CPU_ARCHITECTURES = {"arm64": "ARM64", "x86_64": "X86_64"}


def task_definition(
    job: JobSpec,
    place: Place,
    *,
    image: str,
    execution_role_arn: str,
    task_role_arn: str,
    log_group_name: str,
) -> dict[str, Any]:
    """The request of RegisterTaskDefinition for one job.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html

    Args:
        job: the job.
        place: its stack.
        image: the image's URI, best pinned by digest.
        execution_role_arn: the role with which ECS pulls the image, reads the secrets and writes the log.
        task_role_arn: the role the job's own code has.
        log_group_name: the CloudWatch log group of the job.

    Returns:
        the request in ECS's camelCase; keys without a value are left out.
    """
    on_ec2 = job.run_on.kind == "ec2"
    document: dict[str, Any] = {
        "family": place.name(job.name),
        "requiresCompatibilities": ["EC2" if on_ec2 else "FARGATE"],
        "networkMode": job.run_on.network_mode if on_ec2 else "awsvpc",
        # On EC2 it says on which instances the task may be placed.
        "runtimePlatform": {
            "cpuArchitecture": _CPU_ARCHITECTURES[job.architecture],
            "operatingSystemFamily": "LINUX",
        },
        "cpu": str(job.cpu_units),
        "memory": str(job.memory_mib),
        "executionRoleArn": execution_role_arn,
        "taskRoleArn": task_role_arn,
        "containerDefinitions": [_container(job, place, image, log_group_name)],
        "tags": [{"key": key, "value": value} for key, value in job_tags(job, place).items()],
    }
    # 20 GiB come with every task, and asking for exactly those is refused: the field takes 21 to 200.
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html
    # On EC2 the disk is the instance's, and the field is refused.
    if not on_ec2 and job.ephemeral_storage_gib > FREE_EPHEMERAL_STORAGE_GIB:
        document["ephemeralStorage"] = {"sizeInGiB": job.ephemeral_storage_gib}
    return document


def _container(job: JobSpec, place: Place, image: str, log_group_name: str) -> dict[str, Any]:
    container: dict[str, Any] = {"name": CONTAINER_NAME, "image": image, "essential": True}
    if job.entrypoint is not None:
        container["entryPoint"] = list(job.entrypoint)
    if job.command is not None:
        container["command"] = list(job.command)
    if job.user is not None:
        container["user"] = job.user
    container |= {
        "readonlyRootFilesystem": job.readonly_root_filesystem,
        # As process 1 a program without a SIGTERM handler of its own ignores SIGTERM and sits out stopTimeout until
        # SIGKILL. An init process in front of it passes the signal on, so that the program ends as it would anywhere.
        "linuxParameters": {"initProcessEnabled": True},
        "stopTimeout": job.stop_timeout_seconds,
        "environment": [{"name": name, "value": value} for name, value in sorted(job.environment.items())],
    }
    if job.secrets:
        container["secrets"] = [
            {"name": name, "valueFrom": value_from(secret, place)} for name, secret in sorted(job.secrets.items())
        ]
    container["logConfiguration"] = {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": log_group_name,
            "awslogs-region": place.region,
            "awslogs-stream-prefix": LOG_STREAM_PREFIX,
            # The log is the record of the run. ECS's own default drops lines when CloudWatch is slow.
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
            "mode": "blocking",
        },
    }
    return container
