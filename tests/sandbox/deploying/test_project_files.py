"""What stands beside the program: stack files, values of the project, images."""

from __future__ import annotations

from textwrap import dedent

import pytest

from sandbox.deploy import deploy
from tests.sandbox.deploying.conftest import refusal


def test_an_image_without_a_dockerfile_is_refused_with_its_path(write, local_aws, tmp_path):
    before = local_aws.client("ecr").describe_repositories()["repositories"]
    (tmp_path / "jobs" / "nightly").mkdir(parents=True)
    root = write("""
        import pulumi_awsx as awsx
        repository = awsx.ecr.Repository("images", force_delete=True)
        awsx.ecr.Image("nightly", repository_url=repository.url, context="jobs/nightly", image_name="nightly")
        """)
    (line,) = refusal(root, local_aws)
    assert line.startswith("awsx:ecr:Image 'nightly': docker-build:index:Image 'nightly': ")
    assert str(tmp_path / "jobs" / "nightly" / "Dockerfile") in line
    assert local_aws.client("ecr").describe_repositories()["repositories"] == before


def test_an_image_is_named_by_digest_and_runs_from_its_folder(write, local_aws, tmp_path):
    folder = tmp_path / "jobs" / "nightly"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text('FROM python:3.11\nENTRYPOINT ["python", "main.py"]\n')
    root = write("""
        import pulumi_awsx as awsx
        repository = awsx.ecr.Repository("images", force_delete=True)
        image = awsx.ecr.Image("nightly", repository_url=repository.url, context="jobs/nightly", image_name="nightly")
        export("image", image.image_uri)
        export("arn", repository.repository.arn)
        """)
    deployment = deploy(root, "dev", local_aws)
    repository, digest = deployment.outputs["image"].split("@")
    assert digest.startswith("sha256:")
    assert deployment.outputs["arn"].endswith(f":repository/{repository.partition('/')[2]}")
    assert local_aws.images.find(deployment.outputs["image"]).folder == folder
    deployment.destroy()


# The order of these does not matter: each is refused before anything is created.
@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({}, "there is no Pulumi.yaml in {root}: is it the folder of a Pulumi project?"),
        ({"Pulumi.yaml": "name: small\n"}, "there is no Pulumi.dev.yaml in {root}; the stacks there: none"),
        (
            {"Pulumi.yaml": "name: small\n", "Pulumi.prod.yaml": "", "Pulumi.test.yaml": ""},
            "there is no Pulumi.dev.yaml in {root}; the stacks there: prod, test",
        ),
        (
            {"Pulumi.yaml": "name: small\n", "Pulumi.dev.yaml": "config:\n  small:token:\n    secure: v1:abc\n"},
            "Pulumi.dev.yaml small:token: the value is encrypted, and the sandbox has no key to it; "
            "name a secret in Secrets Manager or Parameter Store instead",
        ),
        (
            {"Pulumi.yaml": "name: small\n", "Pulumi.dev.yaml": "config:\n  small:a: {b: [{c: {secure: v1:abc}}]}\n"},
            "Pulumi.dev.yaml small:a: the value is encrypted, and the sandbox has no key to it; "
            "name a secret in Secrets Manager or Parameter Store instead",
        ),
        (
            {"Pulumi.yaml": "name: small\n", "Pulumi.dev.yaml": "config:\n  aws:region: us-east-1\n"},
            "Pulumi.dev.yaml aws:region: us-east-1, but this AWS was started in eu-west-1",
        ),
        (
            {"Pulumi.yaml": "name: small\n", "Pulumi.dev.yaml": "config:\n  aws:skipRegionValidation: true\n"},
            "Pulumi.dev.yaml aws:skipRegionValidation: the sandbox does not know this setting of the provider",
        ),
        (
            {"Pulumi.yaml": "name: small\n", "Pulumi.dev.yaml": "config: {}\n"},
            "there is no program: {root}/__main__.py",
        ),
    ],
)
def test_wrong_files_are_refused_in_one_line(tmp_path, local_aws, files, line):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert refusal(tmp_path, local_aws) == [line.format(root=tmp_path)]


def test_a_stack_gets_the_projects_values_unless_it_has_its_own(write, local_aws):
    root = write(
        """
        config = pulumi.Config()
        export("values", [config.get("kept"), config.get("changed"), config.get("declared"), config.get("described")])
        export("texts", config.require_object("texts"))
        """,
        dev="""
          small:changed: by the stack
          small:texts: [yes, 12:30, 2026-11-24, true]
        """,
    )
    (root / "Pulumi.yaml").write_text(
        dedent("""
            name: small
            runtime: python
            config:
              kept: by the project
              small:changed: by the project
              declared: {type: string, default: by declaration}
              described: {description: has no value}
            """)
    )
    deployment = deploy(root, "dev", local_aws)
    assert deployment.outputs["values"] == ["by the project", "by the stack", "by declaration", None]
    assert deployment.outputs["texts"] == ["yes", "12:30", "2026-11-24", True]
