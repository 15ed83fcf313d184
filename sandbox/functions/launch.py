"""What the process of an execution environment starts with.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.functions.failure import RefusedError
from sandbox.functions.function import Function
from sandbox.identity import RoleNotAssumable
from sandbox.task_start import Launch, search_path

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

PRINCIPAL = "lambda.amazonaws.com"
CANNOT_ASSUME = "The role defined for the function cannot be assumed by Lambda."


def launch(aws: LocalAws, function: Function, stream: str, scratch: Path) -> Launch:
    """The command, folder and variables of an environment, AWS_LAMBDA_RUNTIME_API aside.

    Args:
        aws: the local AWS.
        function: the version that it is for.
        stream: the name of its log stream.
        scratch: an empty folder of its own.

    Raises:
        RefusedError: its role cannot be assumed, or its image is gone.
    """
    image = aws.images.find(function.image_uri)
    if image is None:
        raise RefusedError("InvalidParameterValueException", f"Source image {function.image_uri} does not exist.", 400)
    home, temporary = scratch / "home", scratch / "tmp"
    for folder in (home, temporary):
        folder.mkdir()
    environment = {
        "TZ": ":UTC",
        **image.environment,
        **function.variables,
        **_own(aws, function),
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
    }
    environment["PATH"] = search_path(environment.get("PATH", ""))
    environment["HOME"] = str(home)
    # Stands for /tmp, which an environment has for itself.
    environment.setdefault("TMPDIR", str(temporary))
    environment["AWS_ENDPOINT_URL"] = aws.endpoint
    given = function.image_config
    entry_point = tuple(given.get("EntryPoint") or ())
    command = tuple(given.get("Command") or ())
    if not entry_point:
        entry_point, command = image.entry_point, command or image.command
    words = tuple(image.here(word) for word in entry_point + command)
    return Launch(words or ("",), image.folder or home, environment)


def _own(aws: LocalAws, function: Function) -> dict[str, str]:
    """What every environment has from Lambda; a function cannot set these."""
    try:
        credentials = aws.identity.credentials(
            function.role, PRINCIPAL, session_name=function.name[:64], source_arn=function.arn
        )
    except RoleNotAssumable:
        raise RefusedError("AccessDeniedException", CANNOT_ASSUME, 403) from None
    return {
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        # Without it an AWS client would look on the machine that it runs on.
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mib),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
    }
