"""ECR: image repositories and what is kept in them."""

from typing import ClassVar

from sandbox.resources.aws import Aws
from sandbox.resources.fields import Nested, observed
from sandbox.resources.handler import Created, Handler, Properties
from sandbox.resources.tags import ECR, tag_list, tags_all


class Repository(Handler):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html"""

    token = "aws:ecr/repository:Repository"
    fields: ClassVar = {
        "name": "repositoryName",
        "imageTagMutability": "imageTagMutability",
        "imageScanningConfiguration": Nested("imageScanningConfiguration", {"scanOnPush": "scanOnPush"}),
    }
    others = frozenset({"forceDelete"})
    defaults: ClassVar = {"imageTagMutability": "MUTABLE", "forceDelete": False}
    tagging = ECR
    flags = frozenset({"forceDelete"})
    max_name_length = 256

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the repository's name; the output `repositoryUrl` has no scheme."""
        request = self.request(inputs)
        repository = aws.client("ecr").create_repository(**request, **tag_list(inputs, "tags"))["repository"]
        outputs = {
            "arn": repository["repositoryArn"],
            "registryId": repository["registryId"],
            "repositoryUrl": repository["repositoryUri"],
            **observed(repository, self.fields),
        }
        return Created(inputs["name"], {**inputs, **tags_all(inputs), **outputs})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Change whether tags may move and whether images are scanned."""
        ecr, request = aws.client("ecr"), self.request(inputs)
        ecr.put_image_tag_mutability(repositoryName=made.id, imageTagMutability=request["imageTagMutability"])
        ecr.put_image_scanning_configuration(
            repositoryName=made.id,
            imageScanningConfiguration=request.get("imageScanningConfiguration", {"scanOnPush": False}),
        )

    def look(self, aws: Aws, made: Created) -> Properties:
        """What DescribeRepositories tells."""
        (repository,) = aws.client("ecr").describe_repositories(repositoryNames=[made.id])["repositories"]
        return observed(repository, self.fields)

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the repository; AWS refuses while images are in it, unless `forceDelete` is set."""
        aws.client("ecr").delete_repository(repositoryName=made.id, force=made.outputs["forceDelete"])


class LifecyclePolicy(Handler):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html"""

    token = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    fields: ClassVar = {"repository": "repositoryName", "policy": "lifecyclePolicyText"}
    required = frozenset({"repository", "policy"})
    replace_on = frozenset({"repository", "policy"})
    delete_before_replace = True
    json_properties = ("policy",)
    auto_named = None

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the repository's name."""
        answer = aws.client("ecr").put_lifecycle_policy(**self.request(inputs))
        return Created(inputs["repository"], {**inputs, "registryId": answer["registryId"]})

    def look(self, aws: Aws, made: Created) -> Properties:
        """What GetLifecyclePolicy tells."""
        return observed(aws.client("ecr").get_lifecycle_policy(repositoryName=made.id), self.fields)

    def delete(self, aws: Aws, made: Created) -> None:
        """Leave the repository without a policy."""
        aws.client("ecr").delete_lifecycle_policy(repositoryName=made.id)


class RepositoryPolicy(Handler):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html"""

    token = "aws:ecr/repositoryPolicy:RepositoryPolicy"
    fields: ClassVar = {"repository": "repositoryName", "policy": "policyText"}
    required = frozenset({"repository", "policy"})
    replace_on = frozenset({"repository"})
    json_properties = ("policy",)
    auto_named = None

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the repository's name."""
        answer = aws.client("ecr").set_repository_policy(**self.request(inputs))
        return Created(inputs["repository"], {**inputs, "registryId": answer["registryId"]})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:  # noqa: ARG002
        """Put the new document in the place of the old one."""
        aws.client("ecr").set_repository_policy(**self.request(inputs))

    def look(self, aws: Aws, made: Created) -> Properties:
        """What GetRepositoryPolicy tells."""
        return observed(aws.client("ecr").get_repository_policy(repositoryName=made.id), self.fields)

    def delete(self, aws: Aws, made: Created) -> None:
        """Leave the repository without a policy."""
        aws.client("ecr").delete_repository_policy(repositoryName=made.id)
