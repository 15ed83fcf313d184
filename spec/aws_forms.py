"""Forms of what AWS defines: images, secrets, keys, environment variables, tags, users, time zones, retentions."""

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated

from spec import schedule
from spec.forms import Form, one_of_numbers, text
from spec.words import UnexpectedValueError, shown

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
SECRET_EXPECTS = "the name or ARN of a secret in Secrets Manager, or of an SSM parameter (a name with a leading /)"
LONGEST_BUCKET_NAME = 63
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""
LAMBDA_VARIABLE = re.compile("[A-Za-z][A-Za-z0-9_]+")
"""https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html"""
_PARTITION = r"aws(?:-[a-z]+)*"
_RESERVED_VARIABLES = ("LONGHAUL_", "AWS_", "ECS_")


def image_reference() -> Form:
    """`registry/repository:tag` or `...@sha256:digest`; ECS takes at most 255 characters."""
    component = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
    host = r"(?:[A-Za-z0-9.-]+(?::[0-9]{1,5})?/)?"
    pattern = rf"{host}{component}(?:/{component})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?"
    return text("an image reference such as public.ecr.aws/docker/library/alpine:3.22", pattern=pattern, longest=255)


def variable_name() -> Form:
    """Name of an environment variable of the container that neither Longhaul nor AWS sets itself."""

    def reserved(name: str) -> str | None:
        prefix = next((prefix for prefix in _RESERVED_VARIABLES if name.startswith(prefix)), None)
        return f'"{name}": the prefix {prefix} is reserved' if prefix else None

    expects = "the name of an environment variable, such as LOG_LEVEL"
    return text(expects, pattern="[A-Za-z_][A-Za-z0-9_]*", longest=255, check=reserved)


def variable_value() -> Form:
    """Value of an environment variable. Never shown in an error: it may be a secret in the wrong place."""

    def no_nul(value: str) -> str | None:
        return "text with a NUL character" if "\0" in value else None

    return text("text", check=no_nul, echo=False)


def secret_source() -> Form:
    """Name or ARN of a secret in Secrets Manager or of a parameter in SSM Parameter Store.

    Names: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html and
    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    """
    secret_name = r"[A-Za-z0-9_+=.@-][A-Za-z0-9/_+=.@-]{0,511}"
    secret_arn = rf"arn:{_PARTITION}:secretsmanager:[a-z0-9-]+:[0-9]{{12}}:secret:[A-Za-z0-9/_+=.@-]{{1,519}}"
    parameter_name = r"/[A-Za-z0-9_.\-/]{1,1010}"
    parameter_arn = rf"arn:{_PARTITION}:ssm:[a-z0-9-]+:[0-9]{{12}}:parameter/[A-Za-z0-9_.\-/]{{1,1010}}"
    # Not echoed: whoever pastes the secret itself here must not find it in a build log.
    return text(
        SECRET_EXPECTS,
        pattern="|".join((secret_name, secret_arn, parameter_name, parameter_arn)),
        check=_cut_off_secret,
        echo=False,
    )


def _cut_off_secret(source: str) -> str | None:
    """What is wrong with the end of a secret's ARN."""
    if ":secretsmanager:" in source and not _ends_as_an_arn(source):
        return "an ARN without the hyphen and six characters that Secrets Manager ends it with: give it whole"
    return None


def ambiguous_secret(source: str) -> str | None:
    """What is wrong with the end of a secret's name in Secrets Manager.

    Secrets Manager puts a hyphen and six characters of its own behind the name, and takes whatever ends like that for a
    complete ARN. The policy of the execution role must know which of the two it is.
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
    """
    if not source.startswith(("/", "arn:")) and _ends_as_an_arn(source):
        return (
            "a name that ends in a hyphen and six characters, which Secrets Manager takes for a complete ARN: "
            "give the secret's ARN"
        )
    return None


def _ends_as_an_arn(source: str) -> bool:
    return re.search(r"-[A-Za-z0-9]{6}$", source) is not None


def kms_key() -> Form:
    """ARN of a customer managed key. An alias will not do: IAM policies grant kms:Decrypt on keys."""
    pattern = rf"arn:{_PARTITION}:kms:[a-z0-9-]+:[0-9]{{12}}:key/[A-Za-z0-9-]{{1,128}}"
    return text("the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID (not of an alias)", pattern=pattern)


def container_user() -> Form:
    """`user`, `user:group`, `uid`, `uid:gid`, `user:gid` or `uid:group`."""
    part = r"(?:[0-9]{1,10}|[A-Za-z_][A-Za-z0-9_.-]{0,31})"
    return text(
        'a user or user:group of the image, by name or number, such as "1000:1000"', pattern=f"{part}(?::{part})?"
    )


def aws_region() -> Form:
    """A Region's code."""
    return text("an AWS Region such as eu-west-1", pattern=r"[a-z]{2}(?:-[a-z]+)+-[0-9]")


def retention_days() -> Form:
    """Days that CloudWatch keeps a log group's lines."""
    return one_of_numbers("one of CloudWatch's retentions in days", RETENTION_DAYS)


def tag_key() -> Form:
    """Key of a tag that every service used here accepts (IAM's rules are the narrowest)."""

    def not_reserved(key: str) -> str | None:
        prefix = next((prefix for prefix in ("aws:", "longhaul:") if key.lower().startswith(prefix)), None)
        return f'"{key}": the prefix {prefix} is reserved' if prefix else _illegal_in_tag(key)

    return text(
        "a tag's key of 1 to 128 letters, digits, spaces and _.:/=+-@", shortest=1, longest=128, check=not_reserved
    )


def tag_value() -> Form:
    """Value of a tag that every service used here accepts (EventBridge Scheduler's groups take no empty one)."""

    def not_reserved(value: str) -> str | None:
        return (
            f"{shown(value)}: the prefix aws: is reserved"
            if value.lower().startswith("aws:")
            else _illegal_in_tag(value)
        )

    return text(
        "a tag's value of 1 to 256 letters, digits, spaces and _.:/=+-@", shortest=1, longest=256, check=not_reserved
    )


def _illegal_in_tag(value: str) -> str | None:
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html: letters, separators and numbers of any script.
    illegal = next((c for c in value if c not in "_.:/=+-@" and unicodedata.category(c)[0] not in "LZN"), None)
    return f"the character {illegal!a}" if illegal else None


def time_zone() -> Form:
    """A zone of the IANA database."""
    return _as_scheduled("an IANA time zone such as Europe/Berlin", schedule.time_zone, {})


def schedule_expression() -> Form:
    """`cron(...)`, `rate(...)` or `at(...)`, as EventBridge reads them."""
    pattern = {"pattern": r"^(cron|rate|at)\(.+\)$"}
    return _as_scheduled("a schedule: cron(...), rate(...) or at(...)", schedule.parse_schedule, pattern)


def _as_scheduled(expects: str, check: Callable[[str], object], schema: dict[str, str]) -> Form:
    """Text that stays text once `check`, which knows why and what would be right, has not raised ScheduleError."""

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise UnexpectedValueError(expects, shown(value))
        check(value)
        return value

    return Form(expects, read, {"type": "string", **schema})


VariableName = Annotated[str, variable_name()]
VariableValue = Annotated[str, variable_value()]
Tags = dict[Annotated[str, tag_key()], Annotated[str, tag_value()]]
