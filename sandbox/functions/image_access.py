"""Whether Lambda can have a function's image: it is in ECR, and its repository lets Lambda pull it.

https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#configuration-images-permissions
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ministack.core.responses import get_region, request_scope
from ministack.services import ecr

from sandbox.functions.failure import RefusedError
from sandbox.functions.launch import PRINCIPAL
from sandbox.notifications import permission
from sandbox.pushed_images import IMAGE_URI, image_id

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

_PULL_ACTIONS = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
# How BuildKit's platforms name what Lambda calls x86_64 and arm64.
_PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}


def resolved(aws: LocalAws, uri: str, architecture: str, function_arn: str) -> str:
    """The URI of the image by its digest: a function keeps to it, whatever its tag comes to name.

    Of a repository whose policy does not let Lambda in, AWS takes the image where whoever makes the function may change
    that policy, and changes it. Here it is refused, so that a stack stands on what it declares.

    Raises:
        RefusedError: there is no such image, it is for another architecture, or Lambda may not pull it.
    """
    named = IMAGE_URI.fullmatch(uri)
    if named is None:
        raise RefusedError("InvalidParameterValueException", f"Source image {uri} is not valid.", 400)
    if named["region"] != get_region():
        message = f"Source image {uri} is not in the function's Region."
        raise RefusedError("InvalidParameterValueException", message, 400)
    with request_scope(named["account"], named["region"]):
        image = ecr._find_image(named["name"], image_id(named))
    if image is None:
        message = f"Source image {uri} does not exist. Provide a valid source image."
        raise RefusedError("InvalidParameterValueException", message, 400)
    _require_access(named["account"], named["region"], named["name"], function_arn)
    by_digest = f"{uri.partition('/')[0]}/{named['name']}@{image['imageDigest']}"
    found = aws.images.find(by_digest)
    if found is not None and found.platform not in (None, _PLATFORMS[architecture]):
        message = f"Source image {uri} is for {found.platform}, which does not fit the architecture {architecture}."
        raise RefusedError("InvalidParameterValueException", message, 400)
    return by_digest


def _require_access(account: str, region: str, repository: str, function_arn: str) -> None:
    arn = f"arn:aws:ecr:{region}:{account}:repository/{repository}"
    with request_scope(account, region):
        found = ecr.repository_policy_for_arn(arn)
    # AWS names no other key.
    context = {"aws:sourcearn": function_arn}
    for action in _PULL_ACTIONS:
        try:
            permission.ask(_about_itself(found[0] if found else "", arn), PRINCIPAL, action, arn, context)
        except permission.NotDelivered:
            message = "Lambda does not have permission to access the ECR image. Check the ECR permissions."
            raise RefusedError("AccessDeniedException", message, 403) from None


def _about_itself(policy: str, arn: str) -> str:
    """A repository's policy, which names no resource, with the one that it is about."""
    document = json.loads(policy or "{}")
    statements = document.get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements
    return json.dumps({**document, "Statement": [{**statement, "Resource": arn} for statement in statements]})
