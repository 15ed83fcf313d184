"""Images in the sandbox's ECR: what stands for one, and what a task started from it runs.

The manifest of a pushed image says in its annotations what it would have been built from. So whoever pushes it, in this
process or in another, a task finds it by what ECR holds, and not before it is there.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sandbox.images import BuildContext

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_BUILD = "longhaul.sandbox.build"
IMAGE_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<name>[^:@]+)"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64})|:(?P<tag>[^:@]+))?"
)


def image_id(named: re.Match[str]) -> dict[str, str]:
    """Which image of its repository a match of `IMAGE_URI` names, as ECR's requests do."""
    return {"imageDigest": named["digest"]} if named["digest"] else {"imageTag": named["tag"] or "latest"}


def manifest(build: BuildContext, content_digest: str) -> str:
    """The manifest of an image whose one layer, with that digest, is the build context.

    https://github.com/opencontainers/image-spec/blob/main/manifest.md
    """
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": content_digest, "size": 0}
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": content_digest, "size": 0}
    source = {
        "context": str(build.context),
        "dockerfile": str(build.dockerfile),
        "target": build.target,
        "args": dict(build.args),
        "platform": build.platform,
    }
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config,
        "layers": [layer],
        "annotations": {_BUILD: json.dumps(source, sort_keys=True)},
    }
    return json.dumps(document, sort_keys=True)


def find_build(uri: str) -> BuildContext | None:
    """What the image that ECR has under `uri` would have been built from; None if ECR has none, or not one of ours."""
    named = IMAGE_URI.fullmatch(uri)
    if named is None:
        return None
    from ministack.core.responses import request_scope
    from ministack.services import ecr

    with request_scope(named["account"], named["region"]):
        found: dict[str, Any] | None = ecr._find_image(named["name"], image_id(named))
    return build_of((found or {}).get("imageManifest") or "{}")


def build_of(text: str) -> BuildContext | None:
    """What the image of a manifest would have been built from; None for one that is not of `manifest`."""
    source = json.loads(text).get("annotations", {}).get(_BUILD)
    if source is None:
        return None
    build = json.loads(source)
    return BuildContext(
        context=Path(build["context"]),
        dockerfile=Path(build["dockerfile"]),
        target=build["target"],
        args=build["args"],
        platform=build["platform"],
    )
