"""Repositories, and the images that are pushed to them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from sandbox.errors import SandboxError

REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE_POLICY = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
IMAGE = "docker-build:index:Image"


@pytest.fixture
def repository(make, unique):
    return make(
        REPOSITORY,
        {
            "name": unique,
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "forceDelete": True,
            "tags": {"a": "b"},
        },
    )


@pytest.fixture
def job_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "jobs" / "nightly"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text('FROM python:3.11\nENTRYPOINT ["python", "main.py"]\n')
    (folder / "main.py").write_text("print('done')\n")
    return folder


def build(repository, **more):
    url = repository.outputs["repositoryUrl"]
    return {"tags": [f"{url}:nightly"], "push": True, "context": {"location": "jobs/nightly"}, **more}


def test_repository_is_made_as_asked_and_deleted(aws, repository, delete, unique):
    ecr = aws.client("ecr")
    (found,) = ecr.describe_repositories(repositoryNames=[unique])["repositories"]
    assert found["repositoryUri"] == repository.outputs["repositoryUrl"]
    assert repository.outputs["repositoryUrl"] == f"{aws.account}.dkr.ecr.{aws.region}.amazonaws.com/{unique}"
    assert found["repositoryArn"] == repository.outputs["arn"]
    assert found["imageTagMutability"] == "MUTABLE"
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    assert ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"] == [{"Key": "a", "Value": "b"}]
    delete(REPOSITORY, repository)
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        ecr.describe_repositories(repositoryNames=[unique])


@pytest.mark.usefixtures("repository")
def test_lifecycle_policy_is_put_and_taken_away(aws, make, delete, unique):
    document = {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countNumber": 365,
                    "countUnit": "days",
                },
                "action": {"type": "expire"},
            }
        ]
    }
    made = make(LIFECYCLE_POLICY, {"repository": unique, "policy": json.dumps(document)})
    found = aws.client("ecr").get_lifecycle_policy(repositoryName=unique)
    assert json.loads(found["lifecyclePolicyText"]) == document
    delete(LIFECYCLE_POLICY, made)
    with pytest.raises(ClientError, match="LifecyclePolicyNotFoundException"):
        aws.client("ecr").get_lifecycle_policy(repositoryName=unique)


def test_an_image_is_in_its_repository_and_can_be_run_by_its_digest(
    local_aws, aws, make, repository, job_folder, unique
):
    made = make(IMAGE, build(repository))
    (found,) = aws.client("ecr").describe_images(repositoryName=unique)["imageDetails"]
    assert found["imageDigest"] == made.outputs["digest"]
    assert found["imageTags"] == ["nightly"]
    image = local_aws.images.find(f"{repository.outputs['repositoryUrl']}@{made.outputs['digest']}")
    assert image.folder == job_folder
    assert image.entry_point == ("python", "main.py")


def test_the_same_source_gives_the_same_digest_and_another_another(make, repository, job_folder):
    first = make(IMAGE, build(repository)).outputs["digest"]
    assert make(IMAGE, build(repository)).outputs["digest"] == first
    (job_folder / "main.py").write_text("print('changed')\n")
    assert make(IMAGE, build(repository)).outputs["digest"] != first


def test_a_push_moves_the_tag_and_leaves_the_old_image_untagged(aws, make, repository, job_folder, unique):
    old = make(IMAGE, build(repository)).outputs["digest"]
    (job_folder / "main.py").write_text("print('changed')\n")
    new = make(IMAGE, build(repository)).outputs["digest"]
    images = aws.client("ecr").describe_images(repositoryName=unique)["imageDetails"]
    assert {image["imageDigest"]: image.get("imageTags", []) for image in images} == {old: [], new: ["nightly"]}


def test_a_context_without_a_dockerfile_is_refused_with_the_path(make, repository, job_folder):
    (job_folder / "Dockerfile").unlink()
    with pytest.raises(SandboxError, match=str(job_folder / "Dockerfile")):
        make(IMAGE, build(repository))


def test_a_context_that_is_not_there_is_refused_with_the_path(make, repository, tmp_path):
    with pytest.raises(SandboxError, match=str(tmp_path / "jobs" / "nightly")):
        make(IMAGE, build(repository))


@pytest.mark.usefixtures("job_folder")
def test_an_image_for_a_repository_that_is_not_there_is_refused(make):
    url = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/nowhere"
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        make(IMAGE, {"tags": [f"{url}:nightly"], "context": {"location": "jobs/nightly"}})
