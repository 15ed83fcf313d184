"""What Lambda refuses of a request about a function that the sandbox runs.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ministack.services import ec2

from sandbox.functions.code import is_image
from sandbox.functions.failure import RefusedError
from sandbox.functions.function import WRAPPER
from sandbox.functions.launch import CANNOT_ASSUME, PRINCIPAL
from sandbox.functions.managed_runtime import TASK_ROOT
from spec.compact_json import compact

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

_INVALID = "InvalidParameterValueException"
# Field, its bounds, and how a request names it.
_BOUNDS = {
    "Timeout": (1, 900),
    "MemorySize": (128, 10_240),
}
_STORAGE_MIB = (512, 10_240)
_MAX_VARIABLES_BYTES = 4096
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
_RESERVED = frozenset(
    {
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
    }
)  # fmt: skip
_OF_ZIP_FILES = ("Runtime", "Handler", "Layers")
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html, "Deprecated runtimes".
_BLOCKED_RUNTIMES = frozenset({"python2.7", "python3.6", "python3.7", "python3.8"})
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
_NETWORK_ACTIONS = ("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface")
_NOT_SIMULATED = ("FileSystemConfigs", "DurableConfig", "TenancyConfig", "CapacityProviderConfig")


def check(aws: LocalAws, request: Mapping[str, Any]) -> None:
    """Raise RefusedError for the first thing that is wrong with what a request says of a function."""
    for code, message in _problems(aws, request):
        raise RefusedError(code, message, 400)


def check_role(aws: LocalAws, role: str) -> None:
    """Raise RefusedError for a role that Lambda cannot assume."""
    if not aws.identity.trusts(role, PRINCIPAL):
        raise RefusedError(_INVALID, CANNOT_ASSUME, 400)


def _problems(aws: LocalAws, request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, (least, most) in _BOUNDS.items():
        yield from _outside(name, request.get(name, least), least, most)
    size = (request.get("EphemeralStorage") or {}).get("Size", _STORAGE_MIB[0])
    yield from _outside("EphemeralStorage.Size", size, *_STORAGE_MIB)
    yield from _wrong_package_of_image(request) if is_image(request) else _wrong_package_of_zip(aws, request)
    architectures = request.get("Architectures", ["x86_64"])
    if architectures not in (["x86_64"], ["arm64"]):
        yield "ValidationException", f"Architectures must be one of x86_64 and arm64, not {architectures}."
    yield from _wrong_variables((request.get("Environment") or {}).get("Variables") or {})
    if (request.get("LoggingConfig") or {}).get("LogFormat", "Text") != "Text":
        yield _INVALID, "The sandbox writes the logs of functions as text only."
    for name in _NOT_SIMULATED:
        if request.get(name):
            yield _INVALID, f"The sandbox has no {name} of functions."
    yield from _wrong_network(aws, request)


def _wrong_package_of_image(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _OF_ZIP_FILES:
        if request.get(name):
            yield _INVALID, f"Please do not provide {name} when the package type of a function is Image."
    if (request.get("ImageConfig") or {}).get("WorkingDirectory"):
        yield _INVALID, "The sandbox cannot change the working directory of an image."


def _wrong_package_of_zip(aws: LocalAws, request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    runtime = request.get("Runtime")
    if not runtime or not request.get("Handler"):
        yield _INVALID, "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        return
    known = aws.client("lambda").meta.service_model.shape_for("Runtime").enum
    if runtime not in known:
        yield (
            _INVALID,
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(known)}] or be a valid ARN",
        )
    if runtime in _BLOCKED_RUNTIMES:
        yield (
            _INVALID,
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions.",
        )
    if not runtime.startswith("python"):
        yield _INVALID, f"The sandbox starts no runtime {runtime} by a wrapper script."
    if request.get("ImageConfig"):
        yield _INVALID, "Please do not provide ImageConfig when the package type of a function is Zip."
    if request.get("Layers") or (request.get("SnapStart") or {}).get("ApplyOn", "None") != "None":
        yield _INVALID, "The sandbox has no layers and no SnapStart of a function with a wrapper script."
    wrapper = posixpath.normpath(request["Environment"]["Variables"][WRAPPER])
    if not wrapper.startswith(f"{TASK_ROOT}/"):
        yield _INVALID, f"The sandbox has no wrapper script but one in {TASK_ROOT}, found {wrapper}."


def _outside(name: str, value: int, least: int, most: int) -> Iterator[tuple[str, str]]:
    if least <= value <= most:
        return
    word, bound = ("greater", least) if value < least else ("less", most)
    field = name[0].lower() + name[1:]
    yield (
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must have "
        f"value {word} than or equal to {bound}",
    )


def _wrong_variables(variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    unable = "Lambda was unable to configure your environment variables because the environment variables you have "
    if reserved := sorted(_RESERVED & variables.keys()):
        yield (
            _INVALID,
            f"{unable}provided contains reserved keys that are currently not supported for modification. Reserved "
            f"keys used in this request: {', '.join(reserved)}",
        )
    measured = compact(dict(variables))
    if len(measured.encode()) > _MAX_VARIABLES_BYTES:
        yield _INVALID, f"{unable}provided exceeded the 4KB limit. String measured: {measured}"


def _wrong_network(aws: LocalAws, request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    network = request.get("VpcConfig") or {}
    subnets, groups = network.get("SubnetIds") or [], network.get("SecurityGroupIds") or []
    if bool(subnets) != bool(groups):
        yield _INVALID, "SubnetIds and SecurityIds must coexist or be both empty list."
    if not subnets:
        return
    for what, code, ids, known in (
        ("subnet", "InvalidSubnetID.NotFound", subnets, ec2._subnets),
        ("security group", "InvalidGroup.NotFound", groups, ec2._security_groups),
    ):
        for missing in [each for each in ids if each not in known]:
            call = "DescribeSubnets" if what == "subnet" else "DescribeSecurityGroups"
            yield (
                _INVALID,
                f"Error occurred while {call}. EC2 Error Code: {code}. EC2 Error Message: The {what} ID '{missing}' "
                "does not exist",
            )
            return
    if len({known[each]["VpcId"] for ids, known in ((subnets, ec2._subnets), (groups, ec2._security_groups))
            for each in ids}) > 1:  # fmt: skip
        yield _INVALID, "Security Groups are required to be in the same VPC."
    for action in _NETWORK_ACTIONS:
        if not aws.identity.allowed(request["Role"], action, "*"):
            name = action.partition(":")[2]
            yield _INVALID, f"The provided execution role does not have permissions to call {name} on EC2"
