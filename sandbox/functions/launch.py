"""What the process of an execution environment starts with.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.functions.code_folders import CodeFolders
from sandbox.functions.failure import RefusedError
from sandbox.functions.function import Function
from sandbox.functions.managed_runtime import ManagedRuntimes, Start
from sandbox.identity import RoleNotAssumable
from sandbox.task_start import Launch, search_path

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

PRINCIPAL = "lambda.amazonaws.com"
CANNOT_ASSUME = "The role defined for the function cannot be assumed by Lambda."


class Launcher:
    """Knows how environments start.

    Args:
        aws: the local AWS.
        folder: a folder for what they share.
    """

    def __init__(self, aws: LocalAws, folder: Path) -> None:
        self._aws = aws
        self._code = CodeFolders(folder / "code")
        self._runtimes = ManagedRuntimes(folder / "runtimes")

    def launch(self, function: Function, stream: str, scratch: Path) -> Launch:
        """The command, folder and variables of an environment, AWS_LAMBDA_RUNTIME_API aside.

        Args:
            function: the version that it is for.
            stream: the name of its log stream.
            scratch: an empty folder of its own.

        Raises:
            RefusedError: its role cannot be assumed, or its image is gone.
        """
        home, temporary = scratch / "home", scratch / "tmp"
        for folder in (home, temporary):
            folder.mkdir()
        if function.archive is None:
            start = _start_of_image(self._aws, function, home)
        else:
            start = self._runtimes.start(function, self._code.folder(function.archive))
        environment = {
            "TZ": ":UTC",
            **start.variables,
            **function.variables,
            **_own(self._aws, function),
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        }
        if function.archive is None:
            environment["PATH"] = search_path(environment.get("PATH", ""))
        environment["HOME"] = str(home)
        # Stands for /tmp, which an environment has for itself.
        environment.setdefault("TMPDIR", str(temporary))
        environment["AWS_ENDPOINT_URL"] = self._aws.endpoint
        return Launch(start.command, start.folder, environment)


def _start_of_image(aws: LocalAws, function: Function, home: Path) -> Start:
    image = aws.images.find(function.image_uri)
    if image is None:
        raise RefusedError("InvalidParameterValueException", f"Source image {function.image_uri} does not exist.", 400)
    given = function.image_config
    entry_point = tuple(given.get("EntryPoint") or ())
    command = tuple(given.get("Command") or ())
    if not entry_point:
        entry_point, command = image.entry_point, command or image.command
    words = tuple(image.here(word) for word in entry_point + command)
    return Start(words or ("",), image.folder or home, image.environment)


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
