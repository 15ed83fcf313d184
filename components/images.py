"""The images that jobs run: named, or built from their folders, and with what Lambda needs beside it."""

from pathlib import Path

import pulumi
import pulumi_awsx as awsx
from pulumi import Input, Output, ResourceOptions

from definitions.place import Place
from spec.job import JobSpec

PLATFORMS = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}
_LAMBDA_IMAGE = f"{Path(__file__).parent.name}/lambda_image"


def image_key(container: JobSpec) -> str:
    """The same for containers that run the same image."""
    return f"{container.image} {container.build!r} {container.architecture if container.build is not None else ''}"


def create_image(
    job: JobSpec, container: JobSpec, place: Place, *, parent: pulumi.Resource, repository_url: Output[str] | None
) -> Input[str]:
    """The URI of a container's image: the one named, or one built from the job's folder and pinned by digest.

    Args:
        job: the job.
        container: the job, or what one of its steps runs.
        place: its stack.
        parent: its component.
        repository_url: where built images are pushed to.
    """
    if container.image is not None:
        return container.image
    build = container.build
    assert build is not None, "a container has an image or a build"
    assert repository_url is not None, "a stack with a build has a repository"
    # That which the job itself builds has its name, whichever step comes first.
    name = job.name if image_key(container) == image_key(job) else container.name
    return awsx.ecr.Image(
        place.name(name),
        repository_url=repository_url,
        image_name=f"{name}-{container.architecture}",
        context=build.context,
        dockerfile=build.dockerfile,
        target=build.target,
        args=build.args or None,
        platform=PLATFORMS[container.architecture],
        opts=ResourceOptions(parent=parent),
    ).image_uri


def create_function_image(
    name: str,
    place: Place,
    image: Input[str],
    container: JobSpec,
    *,
    parent: pulumi.Resource,
    repository_url: Output[str],
) -> Output[str]:
    """The URI of an image with the bootstrap in it that lets Lambda run it, pinned by digest.

    Args:
        name: whose image it is.
        place: its stack.
        image: the URI of what it is made from.
        container: what runs it.
        parent: its component.
        repository_url: where it is pushed to.
    """
    # With a dot, which no name of a job or a step has: a job may be called after another one that is on Lambda.
    return awsx.ecr.Image(
        f"{place.name(name)}.lambda",
        repository_url=repository_url,
        image_name=f"{name}.lambda-{container.architecture}",
        context=_LAMBDA_IMAGE,
        dockerfile=f"{_LAMBDA_IMAGE}/Dockerfile",
        args={"JOB_IMAGE": image},
        platform=PLATFORMS[container.architecture],
        opts=ResourceOptions(parent=parent),
    ).image_uri
