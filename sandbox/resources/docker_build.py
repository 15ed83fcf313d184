"""docker-build: an image. Nothing is built; where it would be built from is kept, so that tasks can run from there."""

import json
from pathlib import Path
from typing import Any

from sandbox.images import BuildContext
from sandbox.resources import build_context
from sandbox.resources.aws import Aws
from sandbox.resources.handler import Created, Handler, Properties

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


class Image(Handler):
    """https://www.pulumi.com/registry/packages/docker-build/api-docs/image/

    Raises SandboxError, naming the path, for a context that is not there or has no Dockerfile.
    """

    token = "docker-build:index:Image"
    others = frozenset({"tags", "push", "context", "dockerfile", "buildArgs", "platforms", "target"})
    required = frozenset({"tags", "context"})
    taggable = False
    auto_named = None

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """Push a manifest to ECR and register the context under the image's name by tag and by digest."""
        build = _build(aws.root, inputs)
        digest = ""
        for name in inputs["tags"]:
            # First, because it reads the Dockerfile and says what is wrong with it.
            aws.images.register(name, build)
            repository_url, _, tag = name.rpartition(":")
            digest = _push(aws, repository_url, tag, build)
            aws.images.register(f"{repository_url}@{digest}", build)
        return Created(inputs["tags"][0], {**inputs, "digest": digest, "ref": f"{inputs['tags'][0]}@{digest}"})

    def delete(self, aws: Aws, made: Created) -> None:
        """Leave the image where it is: the real provider does not delete what was pushed either."""


def _build(root: Path, inputs: Properties) -> BuildContext:
    context = root / inputs["context"]["location"]
    given = (inputs.get("dockerfile") or {}).get("location")
    dockerfile = root / given if given else context / "Dockerfile"
    platforms = inputs.get("platforms") or []
    return BuildContext(
        context=context.resolve(),
        dockerfile=dockerfile.resolve(),
        target=inputs.get("target"),
        args=inputs.get("buildArgs") or {},
        platform=platforms[0] if platforms else None,
    )


def _push(aws: Aws, repository_url: str, tag: str, build: BuildContext) -> str:
    """Put an image manifest whose one layer is the build context; the digest of the image is the manifest's."""
    content = build_context.digest(
        build.context,
        build.dockerfile,
        target=build.target,
        args=build.args,
        platforms=[build.platform] if build.platform else [],
    )
    layer: dict[str, Any] = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": content, "size": 0}
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": content, "size": 0}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": [layer]}
    image = aws.client("ecr").put_image(
        repositoryName=repository_url.partition("/")[2],
        imageManifest=json.dumps(manifest, sort_keys=True),
        imageManifestMediaType=MANIFEST_TYPE,
        imageTag=tag,
    )["image"]
    return image["imageId"]["imageDigest"]
