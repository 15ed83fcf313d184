"""Clients for AWS as its own command line has them: credentials, profile, Region and endpoint.

https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from typing import Any

from ops.errors import AwsError
from ops.pace import Clock, list_executions_bucket

# Adaptive: the SDK itself goes slower while AWS throttles, whoever else is asking.
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
_ATTEMPTS = 8
# Of a call that finds nobody to talk to. Once somebody has answered, the way is there, and may be for a while away.
_ATTEMPTS_TO_CONNECT = 3
_CONNECT_SECONDS, _READ_SECONDS = 5, 30
CALLS_AT_ONCE = 10
"""How many calls are made at the same time where many are needed."""

_HERE = Path(__file__).parent
# What comes of reading an answer that is not what AWS says it is; botocore's word for an odd time is RuntimeError.
_MISREAD = (ArithmeticError, AttributeError, LookupError, RuntimeError, StopIteration, TypeError, ValueError)
_DENIED = re.compile(
    r"(?:User: )?(?P<who>arn:\S+) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>\S+))?"
)


class Aws:
    """AWS's clients by the name of the service: `aws("stepfunctions").list_executions(...)`. Threads may share it.

    Its clients raise botocore's errors; `refusals` says them in a line. ListExecutions, of which a stack may need one
    for each job, waits where more of them would go beyond its quota.
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        clock: Clock = time,
    ) -> None:
        """Whose clients they are, and whom they ask.

        Args:
            profile: a profile of the AWS configuration files; the environment's when None.
            region: such as `eu-west-1`; the environment's or the profile's when None.
            endpoint_url: in the place of AWS, such as the sandbox's; AWS_ENDPOINT_URL when None.
            clock: by which calls wait.
        """
        import boto3
        from botocore.config import Config

        # Of the two variables that name a Region, boto3 reads AWS_DEFAULT_REGION only.
        self._session = boto3.Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION"))
        self._endpoint_url = endpoint_url
        self._clock = clock
        # The environment's number is read by botocore, where none is given here.
        attempts = {} if "AWS_MAX_ATTEMPTS" in os.environ else {"total_max_attempts": _ATTEMPTS}
        self._config = Config(
            retries={"mode": "adaptive", **attempts},
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            max_pool_connections=CALLS_AT_ONCE,
        )
        self._has_been_answered = False
        self._clients: dict[str, Any] = {}
        # A session makes one client at a time:
        # https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html#caveats
        self._making = threading.Lock()

    def __call__(self, service: str) -> Any:
        with self._making:
            if service not in self._clients:
                self._clients[service] = self._made(service)
            return self._clients[service]

    def _made(self, service: str) -> Any:
        try:
            client = self._session.client(service, endpoint_url=self._endpoint_url, config=self._config)
        except ValueError as error:  # What botocore says of an endpoint that is no URL.
            raise AwsError(str(error)) from None
        if service == "stepfunctions":
            bucket = list_executions_bucket(client.meta.region_name, self._clock)
            client.meta.events.register("before-call.sfn.ListExecutions", lambda **_: bucket.take())
        if "AWS_MAX_ATTEMPTS" not in os.environ:
            client.meta.events.register_first("needs-retry", self._give_up_where_nobody_is)
        return client

    def _give_up_where_nobody_is(
        self, response: object, attempts: int, caught_exception: Exception | None, **_: object
    ) -> None:
        """Spare whoever has no network, or a wrong endpoint, half a minute of attempts."""
        from botocore.exceptions import ConnectionError as NoConnectionError

        if response is not None:
            self._has_been_answered = True
        elif (
            isinstance(caught_exception, NoConnectionError)
            and attempts >= _ATTEMPTS_TO_CONNECT
            and not self._has_been_answered
        ):
            raise caught_exception

    @property
    def region(self) -> str:
        """The Region that is asked."""
        return self("stepfunctions").meta.region_name

    @property
    def partition(self) -> str:
        """The partition that the Region is in: `aws`, `aws-cn`, `aws-us-gov`."""
        return self("stepfunctions").meta.partition


@contextmanager
def refusals() -> Iterator[None]:
    """Raise AwsError for each error in the block that is botocore's, or comes of an answer that cannot be understood.

    Of a missing permission it names the action, the resource, and who lacks it.
    """
    try:
        yield
    except Exception as error:
        line = _in_a_line(error)
        if line is None:
            raise
        raise AwsError(line) from error


@dataclass(frozen=True)
class Denial:
    """A permission that is missing: whose, the action, and the resource where AWS names one."""

    who: str
    action: str
    resource: str | None


def denial_of(error: BaseException | None) -> Denial | None:
    """The permission that a ClientError of botocore's says is missing; None for any other error."""
    if not isinstance(error, Exception) or not denied(error):
        return None
    found = _DENIED.search(str(getattr(error, "response", {}).get("Error", {}).get("Message", "")))
    return Denial(found["who"], found["action"], found["resource"]) if found else None


def denied(error: Exception) -> bool:
    """Whether botocore's ClientError says that a permission is missing."""
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    return code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


def _place_in_ops(error: Exception) -> str | None:
    """Where answers of AWS are read: the innermost line of this room that an error came through."""
    frames = [(Path(at.f_code.co_filename), line) for at, line in walk_tb(error.__traceback__)]
    ours = [(file, line) for file, line in frames if _HERE in file.parents]
    return f"{ours[-1][0].relative_to(_HERE.parent)}, line {ours[-1][1]}" if ours else None


def _in_a_line(error: Exception) -> str | None:
    """What an error of botocore says, or one of reading its answers: a key that AWS promises may be missing all the
    same, or a value be of another kind. None for any other error."""
    if "botocore" not in sys.modules:
        return None
    # Who waits for no answer of AWS does not wait for botocore either.
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
    from botocore.parsers import ResponseParserError

    if isinstance(error, ClientError):
        refusal = error.response.get("Error", {})
        code, message = refusal.get("Code", "Unknown"), str(refusal.get("Message", error))
        if denial := denial_of(error):
            resource = f" on {denial.resource}" if denial.resource else ""
            return f"AWS refused {error.operation_name}: {denial.who} lacks {denial.action}{resource}"
        return f"AWS refused {error.operation_name}: {code}: {' '.join(message.split())}"
    if isinstance(error, ResponseParserError):
        return f"AWS's answer cannot be read: {' '.join(str(error).split())}"
    if isinstance(error, NoCredentialsError):
        return (
            "there are no credentials for AWS: log in, set AWS_PROFILE, or set what `./longhaul sandbox serve` prints"
        )
    if isinstance(error, BotoCoreError):
        return " ".join(str(error).split())
    if not isinstance(error, _MISREAD) or (place := _place_in_ops(error)) is None:
        return None
    if isinstance(error, KeyError):
        return f"an answer of AWS lacks {error}"
    what = " ".join(str(error).split()) or type(error).__name__
    return f"an answer of AWS is not what it should be: {what} ({place})"
