"""What a function is made of: an image in ECR, or a zip archive with a script that Lambda starts its runtime by.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html#runtime-wrapper
"""

from __future__ import annotations

import base64
import io
import stat
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.functions.failure import RefusedError
from sandbox.functions.function import WRAPPER
from sandbox.functions.image_access import resolved

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

_INVALID = "InvalidParameterValueException"
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MOST_ZIPPED_BYTES = 52_428_800


def is_image(config: Mapping[str, Any]) -> bool:
    """Whether a configuration, or the request for one, is of a function of a container image."""
    return config.get("PackageType") == "Image"


def is_here(config: Mapping[str, Any]) -> bool:
    """Whether the sandbox runs the function: one of an archive without a wrapper script is MiniStack's."""
    variables = (config.get("Environment") or {}).get("Variables") or {}
    return is_image(config) or WRAPPER in variables


def check(config: Mapping[str, Any], code: Mapping[str, Any], *, is_new: bool) -> None:
    """Raise RefusedError for code that the function cannot have.

    Args:
        config: the function, or the request for it.
        code: `Code` of CreateFunction, or the request of UpdateFunctionCode.
        is_new: whether it is CreateFunction's.
    """
    uri, archive = code.get("ImageUri"), code.get("ZipFile")
    if is_image(config):
        if not uri:
            why = "for an image" if is_new else "when updating a function with packageType Image"
            raise RefusedError(_INVALID, f"Please provide ImageUri {why}.", 400)
        return
    if uri:
        if is_new:
            message = "Please do not provide ImageUri when the package type of a function is Zip."
        else:
            message = "Please don't provide ImageUri when updating a function with packageType Zip."
        raise RefusedError(_INVALID, message, 400)
    content = base64.b64decode(archive) if archive is not None else None
    if content is not None and len(content) > _MOST_ZIPPED_BYTES:
        raise RefusedError(_INVALID, f"Zipped size must be smaller than {_MOST_ZIPPED_BYTES} bytes", 400)
    if is_here(config):
        _check_archive(content)


def taken(aws: LocalAws, config: Mapping[str, Any], code: Mapping[str, Any], function_arn: str) -> dict[str, str]:
    """What the configuration says of code that `check` lets pass, beside what MiniStack makes of it.

    Raises:
        RefusedError: Lambda cannot have the image.
    """
    if not is_image(config):
        return {}
    by_digest = resolved(aws, code["ImageUri"], config.get("Architectures", ["x86_64"])[0], function_arn)
    return {"ResolvedImageUri": by_digest, "CodeSha256": by_digest.rpartition(":")[2]}


def _check_archive(content: bytes | None) -> None:
    if content is None:
        raise RefusedError(_INVALID, "The sandbox takes the archive of such a function as ZipFile alone.", 400)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = archive.infolist()
    except zipfile.BadZipFile:
        # MiniStack refuses it, in Lambda's words.
        return
    if not files:
        raise RefusedError(_INVALID, "Uploaded file must be a non-empty zip", 400)
    links = [file.filename for file in files if stat.S_ISLNK(file.external_attr >> 16)]
    if links:
        raise RefusedError(_INVALID, f"The sandbox takes no links in an archive: {', '.join(links)}.", 400)
