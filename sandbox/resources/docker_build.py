"""docker-build: an image. Nothing is built; where it would be built from is kept, so that tasks can run from there."""

from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.images import BuildContext, read_image
from sandbox.images import Image as BuiltImage
from sandbox.pushed_images import IMAGE_URI, MANIFEST_TYPE, build_of, image_id, manifest
from sandbox.resources import build_context
from sandbox.resources.aws import Aws
from sandbox.resources.handler import Created, Handler, Properties


class Image(Handler):
    """https://www.pulumi.com/registry/packages/docker-build/api-docs/image/

    Raises SandboxError, naming the path, for a context that is not there or has no Dockerfile.
    """

    token = "docker-build:index:Image"
    others = frozenset({"tags", "push", "context", "dockerfile", "buildArgs", "platforms", "target"})
    required = frozenset({"tags", "context"})
    auto_named = None
    volatile = frozenset({"contextHash", "digest", "ref"})

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """Push a manifest to ECR, from which tasks of this image are started."""
        return Created(inputs["tags"][0], {**inputs, **_push_all(aws, inputs)})

    def update(self, aws: Aws, made: Created, inputs: Properties) -> Properties:  # noqa: ARG002
        """Push it again: the tags move, and the old image stays in its repository without them."""
        return {**inputs, **_push_all(aws, inputs)}

    def outdated(self, aws: Aws, made: Created, inputs: Properties) -> set[str]:
        """`contextHash`, when what the image is built from is no longer what it was built from."""
        build = _build(aws.root, inputs)
        _read(aws, build)
        return set() if _content_digest(build) == made.outputs.get("contextHash") else {"contextHash"}

    def look(self, aws: Aws, made: Created) -> Properties:  # noqa: ARG002
        """Nothing: that a pushed image is still there is not looked up."""
        return {}

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


def _read(aws: Aws, build: BuildContext) -> BuiltImage:
    """What the image would start, with what it has of an image in ECR that it is made from."""

    def find_base(uri: str) -> BuiltImage | None:
        named = IMAGE_URI.fullmatch(uri)
        if named is None:
            return None
        found = aws.client("ecr").batch_get_image(repositoryName=named["name"], imageIds=[image_id(named)])["images"]
        if not found:
            raise SandboxError(f"{build.dockerfile}: FROM {uri}: there is no such image")
        base = build_of(found[0]["imageManifest"])
        return None if base is None else read_image(base, find_base)

    return read_image(build, find_base)


def _content_digest(build: BuildContext) -> str:
    return build_context.digest(
        build.context,
        build.dockerfile,
        target=build.target,
        args=build.args,
        platforms=[build.platform] if build.platform else [],
    )


def _push_all(aws: Aws, inputs: Properties) -> Properties:
    """Push under every tag; the outputs that tell of it. The digest of an image is its manifest's."""
    build = _build(aws.root, inputs)
    # First, because it says what is wrong with the Dockerfile.
    _read(aws, build)
    content = _content_digest(build)
    digest = ""
    for name in inputs["tags"]:
        repository_url, _, tag = name.rpartition(":")
        image = aws.client("ecr").put_image(
            repositoryName=repository_url.partition("/")[2],
            imageManifest=manifest(build, content),
            imageManifestMediaType=MANIFEST_TYPE,
            imageTag=tag,
        )["image"]
        digest = image["imageId"]["imageDigest"]
    return {"contextHash": content, "digest": digest, "ref": f"{inputs['tags'][0]}@{digest}"}
