"""The Lambda function of a job: its image, or an archive, started by a bootstrap that speaks Lambda's Runtime API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from definitions.place import Place
from definitions.secrets import value_from
from definitions.tags import job_tags
from spec.compact_json import compact
from spec.job import JobSpec
from spec.run_on_rules.function_environment import SECRETS_VARIABLE, variables_of
from spec.run_on_rules.lambda_ import start_of

BOOTSTRAP = ("python3", "/opt/longhaul/bootstrap.py")
"""What the function starts in place of its image's entry point; components/lambda_image puts it there."""

HANDLER = "longhaul.never_called"
"""Lambda asks for one of each function that is made from an archive, and its own runtime would call it: what is started
in the place of that never does."""

FREE_STORAGE_MIB = 512
_LONGEST_DESCRIPTION = 256


@dataclass(frozen=True, kw_only=True)
class FunctionNetwork:
    """The VPC that a function is in: 1 to 16 of its subnets, 1 to 5 of its security groups."""

    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]


def lambda_function(
    job: JobSpec,
    place: Place,
    *,
    code: str,
    role_arn: str,
    log_group_name: str,
    network: FunctionNetwork | None,
) -> dict[str, Any]:
    """The request of CreateFunction for one job.

    https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html

    Args:
        job: the job.
        place: its stack.
        code: the URI, by digest, of the job's image with the bootstrap; for one that is made from an archive, that in
            Base64.
        role_arn: the role of the job's own code and of what Lambda does for it.
        log_group_name: the CloudWatch log group of the job.
        network: the VPC it is in; None outside of any, where a function reaches the internet by itself.

    Returns:
        the request; keys without a value are left out. Each change of it is published as a version, which is what the
        state machine invokes.
    """
    document: dict[str, Any] = {
        "FunctionName": place.name(job.name),
        **(_archive(job, code) if job.run_on.is_zip else _image(job, code)),
        "Role": role_arn,
        "Architectures": [job.architecture],
        "MemorySize": job.memory_mib,
        "Timeout": job.timeout_seconds,
        "EphemeralStorage": {"Size": storage_mib(job)},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": log_group_name},
        "Publish": True,
        "Tags": job_tags(job, place),
    }
    if job.description:
        document["Description"] = job.description[:_LONGEST_DESCRIPTION]
    if variables := {**variables_of(job), **_where_secrets_are(job, place)}:
        document["Environment"] = {"Variables": dict(sorted(variables.items()))}
    if network is not None:
        document["VpcConfig"] = {
            "SubnetIds": list(network.subnet_ids),
            "SecurityGroupIds": list(network.security_group_ids),
        }
    return document


def _where_secrets_are(job: JobSpec, place: Place) -> dict[str, str]:
    """The variable that tells the bootstrap: Lambda itself puts no secret into one."""
    if not job.secrets:
        return {}
    references = {name: value_from(secret, place) for name, secret in sorted(job.secrets.items())}
    return {SECRETS_VARIABLE: compact(references)}


def _image(job: JobSpec, uri: str) -> dict[str, Any]:
    start = start_of(job)
    assert start is not None, "a job on Lambda says what it starts"
    return {
        "PackageType": "Image",
        "Code": {"ImageUri": uri},
        "ImageConfig": {"EntryPoint": list(BOOTSTRAP), "Command": [*start.entrypoint, *start.command]},
    }


def _archive(job: JobSpec, content: str) -> dict[str, Any]:
    assert job.build is not None, "an archive is made from a build"
    assert job.build.plain is not None, "a job with package: zip is plain Python"
    return {
        "PackageType": "Zip",
        "Code": {"ZipFile": content},
        "Runtime": job.build.plain.runtime,
        "Handler": HANDLER,
    }


def storage_mib(job: JobSpec) -> int:
    """The size of `/tmp`: what the job asks for, or else what comes with every function."""
    asked = "ephemeral_storage_gib" in job.model_fields_set
    return job.ephemeral_storage_gib * 1024 if asked else FREE_STORAGE_MIB


def is_in_vpc(*, assign_public_ip: bool) -> bool:
    """Whether the stack's functions are in its VPC: not in public subnets, where they would reach nothing.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html

    Args:
        assign_public_ip: whether the stack's tasks need a public IP to reach anything.
    """
    return not assign_public_ip
