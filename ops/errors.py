"""What AWS, or the way to it, refused."""

from collections.abc import Iterator
from contextlib import contextmanager


class AwsError(Exception):
    """In one line: the call and AWS's own code and words, or what the environment lacks to make one."""


@contextmanager
def aws_errors_in_a_line() -> Iterator[None]:
    """Raise AwsError for each error of botocore in the block."""
    # Who only wants to catch an AwsError need not wait for botocore.
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        refusal = error.response.get("Error", {})
        code, message = refusal.get("Code", "Unknown"), refusal.get("Message", str(error))
        raise AwsError(f"{error.operation_name}: {code}: {message}") from error
    except BotoCoreError as error:
        raise AwsError(" ".join(str(error).split())) from error
