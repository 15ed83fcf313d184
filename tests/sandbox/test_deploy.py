"""Deploying programs into a real local server, and all that can be wrong with them."""

from __future__ import annotations

import contextvars
import gc
import json
import os
import sys
from pathlib import Path
from textwrap import dedent, indent

import pulumi
import pytest
from pulumi.runtime import settings
from pulumi.runtime.config import get_config

from sandbox.deploy import deploy
from sandbox.errors import SandboxError

ALLOW = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [ALLOW]})
GRANT = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
HEADER = f"""
import json
import pulumi
from pulumi import Output, ResourceOptions, export
from pulumi_aws import cloudwatch, iam
import pulumi_aws as aws

TRUST = {TRUST!r}
GRANT = {GRANT!r}
"""
FIRST_LINE = HEADER.count("\n") + 1


@pytest.fixture
def write(tmp_path):
    """Write a Pulumi project: its program, after the usual imports, and its stacks' configuration."""

    def project(program: str, **stacks: str) -> Path:
        (tmp_path / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
        for stack, configuration in (stacks or {"dev": ""}).items():
            (tmp_path / f"Pulumi.{stack}.yaml").write_text(
                "config:\n  aws:region: eu-west-1\n" + indent(dedent(configuration), "  ")
            )
        (tmp_path / "__main__.py").write_text(HEADER + dedent(program))
        return tmp_path

    return project


def refusal(root: Path, local_aws, stack: str = "dev") -> list[str]:
    with pytest.raises(SandboxError) as refused:
        deploy(root, stack, local_aws)
    return str(refused.value).splitlines()


def silent(capfd, caplog) -> bool:
    """Whether nothing was printed or logged, not even what Python says of exceptions that nobody asked for."""
    gc.collect()
    return capfd.readouterr() == ("", "") and caplog.records == []


def log_groups(local_aws, prefix: str) -> set[str]:
    groups = local_aws.client("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    return {group["logGroupName"] for group in groups}


def test_a_program_is_there_after_deploy_and_gone_after_destroy(write, local_aws):
    root = write(
        """
        config = pulumi.Config()
        jobs = config.require_object("jobs")
        group = cloudwatch.LogGroup("log", name="/there/log", retention_in_days=config.require_int("days"))
        role = iam.Role("task", assume_role_policy=TRUST, tags={"jobs": ",".join(jobs)})
        export("group", group.name)
        export("role", role.arn)
        export("account", aws.get_caller_identity().account_id)
        export("days", group.retention_in_days)
        export("jobs", jobs)
        """,
        dev="""
          small:days: 14
          small:jobs:
            nightly: {cpu: 256, spot: true}
        """,
    )
    deployment = deploy(root, "dev", local_aws)
    log, role = deployment.resources
    assert (log.token, log.name, log.id) == ("aws:cloudwatch/logGroup:LogGroup", "log", "/there/log")
    assert log.urn == "urn:pulumi:dev::small::aws:cloudwatch/logGroup:LogGroup::log"
    assert log.inputs["retentionInDays"] == 14
    assert isinstance(log.inputs["retentionInDays"], int)
    assert deployment.outputs == {
        "account": "123456789012",
        "days": 14,
        "group": "/there/log",
        "jobs": {"nightly": {"cpu": 256, "spot": True}},
        "role": role.outputs["arn"],
    }
    tags = local_aws.client("iam").list_role_tags(RoleName=role.id)["Tags"]
    assert tags == [{"Key": "jobs", "Value": "nightly"}]
    assert log_groups(local_aws, "/there/") == {"/there/log"}

    deployment.destroy()
    assert deployment.resources == []
    assert log_groups(local_aws, "/there/") == set()
    assert role.id not in {each["RoleName"] for each in local_aws.client("iam").list_roles()["Roles"]}
    deployment.destroy()


def test_stacks_are_deployed_one_after_the_other_with_nothing_left_over(write, local_aws):
    root = write(
        """
        cloudwatch.LogGroup("log", name=f"/stacks/{pulumi.get_stack()}")
        export("only_in_dev", pulumi.Config().get("onlyInDev"))
        export("stack", pulumi.get_stack())
        export("project", pulumi.get_project())
        """,
        dev="small:onlyInDev: here",
        prod="",
    )
    before = (dict(os.environ), Path.cwd(), list(sys.path), gc.get_threshold())
    dev = deploy(root, "dev", local_aws)
    prod = deploy(root, "prod", local_aws)
    assert (dict(os.environ), Path.cwd(), list(sys.path), gc.get_threshold()) == before
    assert dev.outputs == {"only_in_dev": "here", "project": "small", "stack": "dev"}
    assert prod.outputs == {"project": "small", "stack": "prod"}
    assert get_config("small:onlyInDev") is None
    assert settings.get_root_resource() is None
    assert log_groups(local_aws, "/stacks/") == {"/stacks/dev", "/stacks/prod"}
    dev.destroy()
    assert log_groups(local_aws, "/stacks/") == {"/stacks/prod"}
    prod.destroy()


def test_the_same_stack_can_come_back_and_generated_names_differ(write, local_aws):
    root = write("""
        role = iam.Role("task", assume_role_policy=TRUST)
        iam.RolePolicy("grant", role=role.name, policy=GRANT)
        """)
    names = set()
    for _ in range(2):
        deployment = deploy(root, "dev", local_aws)
        names.add(deployment.resources[0].id)
        deployment.destroy()
    assert len(names) == 2


def test_all_refusals_are_told_what_depends_on_them_is_left_out_and_nothing_stays(write, local_aws, capfd, caplog):
    root = write("""
        good = cloudwatch.LogGroup("good", name="/middle/good")
        bad = cloudwatch.LogGroup("bad", name="/middle/good", opts=ResourceOptions(depends_on=[good]))
        worse = iam.Role("worse", assume_role_policy=TRUST, name="x" * 65)
        cloudwatch.LogGroup("by value", name=worse.arn.apply(lambda arn: f"not a legal name {arn}"))
        cloudwatch.LogGroup("by option", name="not a legal name", opts=ResourceOptions(depends_on=[bad]))
        cloudwatch.LogGroup("independent", name="/middle/independent")
        export("arn", worse.arn)
        """)
    assert sorted(refusal(root, local_aws)) == [
        "aws:cloudwatch/logGroup:LogGroup 'bad': CreateLogGroup: ResourceAlreadyExistsException: "
        "The specified log group already exists: /middle/good",
        "aws:iam/role:Role 'worse': CreateRole: ValidationException: 1 validation error detected: "
        f"Value '{'x' * 65}' at 'RoleName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64",
    ]
    assert log_groups(local_aws, "/middle/") == set()
    assert silent(capfd, caplog)


@pytest.mark.parametrize(
    ("program", "line"),
    [
        (
            'cloudwatch.LogGroup("log"); cloudwatch.LogGroup("log")',
            "aws:cloudwatch/logGroup:LogGroup 'log': duplicate resource URN "
            "'urn:pulumi:dev::small::aws:cloudwatch/logGroup:LogGroup::log'; give each resource of a type its own name",
        ),
        (
            'from pulumi_aws import kms; kms.Key("key")',
            "aws:kms/key:Key 'key': the sandbox has no resource type aws:kms/key:Key",
        ),
        (
            'cloudwatch.LogGroup("log", deletion_protection_enabled=True)',
            "aws:cloudwatch/logGroup:LogGroup 'log': the sandbox does not know the property "
            "'deletionProtectionEnabled'",
        ),
        (
            'iam.Role("task", assume_role_policy=TRUST, opts=ResourceOptions(import_="there"))',
            "aws:iam/role:Role 'task': the sandbox does not know the resource option 'import_'",
        ),
        (
            'iam.Role("task", assume_role_policy=TRUST, opts=ResourceOptions(transforms=[lambda args: None]))',
            "aws:iam/role:Role 'task': the sandbox does not know the resource option 'transforms'",
        ),
        (
            "pulumi.runtime.register_resource_transform(lambda args: None)",
            "the sandbox does not run transforms",
        ),
        (
            'cloudwatch.LogGroup("log", name="/a", name_prefix="/b")',
            "aws:cloudwatch/logGroup:LogGroup 'log': the properties 'name' and 'namePrefix' exclude each other",
        ),
        (
            'aws.Provider("elsewhere", region="us-east-1")',
            "pulumi:providers:aws 'elsewhere': the sandbox has no resource type pulumi:providers:aws",
        ),
        (
            'iam.Role.get("there", "there")',
            "aws:iam/role:Role 'there': the sandbox cannot read resources that exist already",
        ),
        (
            "aws.get_regions()",
            "aws:index/getRegions:getRegions: the sandbox has no function aws:index/getRegions:getRegions; "
            "the nearest is aws:index/getRegion:getRegion",
        ),
        ('raise KeyError("nightly")', f"__main__.py:{FIRST_LINE}: KeyError: 'nightly'"),
        (
            'raise pulumi.RunError("Pulumi.dev.yaml:3 small:jobs: found none")',
            "Pulumi.dev.yaml:3 small:jobs: found none",
        ),
        ('raise SystemExit("no such thing")', "no such thing"),
        ("raise SystemExit(3)", "__main__.py stopped with exit code 3"),
        ('pulumi.log.error("half of it is missing")', "half of it is missing"),
        (
            'Output.from_input("/a").apply(lambda name: [][0])',
            f"__main__.py:{FIRST_LINE}: IndexError: list index out of range",
        ),
    ],
)
def test_what_is_wrong_is_one_clear_line(write, local_aws, capfd, caplog, program, line):
    (told,) = refusal(write(program), local_aws)
    assert told.startswith(line)
    assert silent(capfd, caplog)


def test_a_failing_program_leaves_nothing_behind(write, local_aws):
    root = write("""
        group = cloudwatch.LogGroup("log", name="/failing/log")
        group.arn.apply(lambda arn: {}["no such key"])
        """)
    assert refusal(root, local_aws) == [f"__main__.py:{FIRST_LINE + 2}: KeyError: 'no such key'"]
    assert log_groups(local_aws, "/failing/") == set()


def test_what_a_failed_deployment_cannot_delete_again_is_told(write, local_aws):
    root = write("""
        import boto3

        def interfere(name):
            boto3.client("iam").put_role_policy(RoleName=name, PolicyName="by-hand", PolicyDocument=GRANT)
            raise KeyError("nightly")

        iam.Role("task", name="left-behind", assume_role_policy=TRUST).name.apply(interfere)
        """)
    failure, left_behind = refusal(root, local_aws)
    assert failure.endswith("KeyError: 'nightly'")
    assert left_behind.startswith("left behind: aws:iam/role:Role 'task': DeleteRole: DeleteConflict: ")
    local_aws.client("iam").delete_role_policy(RoleName="left-behind", PolicyName="by-hand")
    local_aws.client("iam").delete_role(RoleName="left-behind")


def test_an_output_inside_a_text_is_an_error(write, local_aws):
    root = write("""
        group = cloudwatch.LogGroup("log", name="/text/log")
        cloudwatch.LogGroup("other", name=f"{group.name}-other")
        """)
    (line,) = refusal(root, local_aws)
    assert line.startswith(f"__main__.py:{FIRST_LINE + 2}: ")
    assert "Calling __str__ on an Output[T] is not supported" in line
    assert log_groups(local_aws, "/text/") == set()


def test_a_program_that_waits_for_itself_is_given_up(write, local_aws):
    root = write("""
        import asyncio
        cloudwatch.LogGroup("log", name=Output.from_input(asyncio.get_running_loop().create_future()))
        """)
    with pytest.raises(SandboxError, match=r"__main__.py did not end within 0.2 seconds"):
        deploy(root, "dev", local_aws, timeout_seconds=0.2)


def test_an_asynchronous_program_that_never_ends_is_given_up(write, local_aws):
    root = write("""
        import asyncio

        async def main():
            await asyncio.get_running_loop().create_future()

        cloudwatch.LogGroup("log", name="/endless/log")
        pulumi.run(main)
        """)
    with pytest.raises(SandboxError, match=r"__main__.py did not end within 0.2 seconds"):
        deploy(root, "dev", local_aws, timeout_seconds=0.2)
    assert log_groups(local_aws, "/endless/") == set()


def test_an_asynchronous_program_is_waited_for(write, local_aws):
    root = write("""
        import asyncio

        async def main():
            await asyncio.sleep(0)
            return {"group": cloudwatch.LogGroup("log", name="/asynchronous/log").name}

        pulumi.run(main)
        """)
    deployment = deploy(root, "dev", local_aws)
    assert deployment.outputs == {"group": "/asynchronous/log"}
    deployment.destroy()


def test_components_are_parents_and_take_no_part_in_aws(write, local_aws):
    root = write("""
        class Job(pulumi.ComponentResource):
            def __init__(self, name, opts=None):
                super().__init__("longhaul:index:Job", name, {}, opts)
                self.group = cloudwatch.LogGroup(name, name=f"/components/{name}", opts=ResourceOptions(parent=self))
                self.register_outputs({"group": self.group.name})

        outer = Job("outer")
        inner = Job("inner", ResourceOptions(parent=outer))
        export("groups", [outer.group.name, inner.group.name])
        """)
    deployment = deploy(root, "dev", local_aws)
    # The type in a URN has the types of all parents but the stack in front of it.
    assert {made.urn for made in deployment.resources} == {
        "urn:pulumi:dev::small::longhaul:index:Job$aws:cloudwatch/logGroup:LogGroup::outer",
        "urn:pulumi:dev::small::longhaul:index:Job$longhaul:index:Job$aws:cloudwatch/logGroup:LogGroup::inner",
    }
    assert deployment.outputs == {"groups": ["/components/outer", "/components/inner"]}
    deployment.destroy()


def test_a_secret_stays_secret(write, local_aws):
    root = write("""
        group = cloudwatch.LogGroup("log", name="/secret/log", tags={"token": Output.secret("hunter2")})
        export("is_secret", Output.from_input(group.tags).is_secret())
        """)
    deployment = deploy(root, "dev", local_aws)
    assert deployment.outputs["is_secret"] is True
    assert "hunter2" not in repr(deployment)
    deployment.destroy()


def test_protected_resources_are_not_destroyed_nor_is_anything_else(write, local_aws):
    root = write("""
        cloudwatch.LogGroup("guarded", name="/keeping/guarded", opts=ResourceOptions(protect=True))
        cloudwatch.LogGroup("other", name="/keeping/other")
        """)
    deployment = deploy(root, "dev", local_aws)
    with pytest.raises(SandboxError, match=r"^aws:cloudwatch/logGroup:LogGroup 'guarded' is protected$"):
        deployment.destroy()
    assert log_groups(local_aws, "/keeping/") == {"/keeping/guarded", "/keeping/other"}


def test_retained_resources_stay(write, local_aws):
    root = write('cloudwatch.LogGroup("kept", name="/retained/log", opts=ResourceOptions(retain_on_delete=True))')
    deploy(root, "dev", local_aws).destroy()
    assert log_groups(local_aws, "/retained/") == {"/retained/log"}
    local_aws.client("logs").delete_log_group(logGroupName="/retained/log")


def test_destroy_tells_what_it_could_not_delete_and_can_go_on(write, local_aws):
    root = write("""
        role = iam.Role("task", assume_role_policy=TRUST)
        cloudwatch.LogGroup("log", name="/leftover/log")
        """)
    deployment = deploy(root, "dev", local_aws)
    iam = local_aws.client("iam")
    (role,) = (made for made in deployment.resources if made.name == "task")
    iam.put_role_policy(RoleName=role.id, PolicyName="by-hand", PolicyDocument=GRANT)
    with pytest.raises(SandboxError, match=r"^aws:iam/role:Role 'task': DeleteRole: DeleteConflict: "):
        deployment.destroy()
    assert deployment.resources == [role]
    assert log_groups(local_aws, "/leftover/") == set()
    iam.delete_role_policy(RoleName=role.id, PolicyName="by-hand")
    deployment.destroy()


def test_what_is_gone_already_counts_as_deleted(write, local_aws):
    deployment = deploy(write('cloudwatch.LogGroup("log", name="/gone/log")'), "dev", local_aws)
    local_aws.client("logs").delete_log_group(logGroupName="/gone/log")
    deployment.destroy()
    assert deployment.resources == []


def test_an_image_without_a_dockerfile_is_refused_with_its_path(write, local_aws, tmp_path):
    (tmp_path / "jobs" / "nightly").mkdir(parents=True)
    root = write("""
        import pulumi_awsx as awsx
        repository = awsx.ecr.Repository("images", force_delete=True)
        awsx.ecr.Image("nightly", repository_url=repository.url, context="jobs/nightly", image_name="nightly")
        """)
    (line,) = refusal(root, local_aws)
    assert line.startswith("awsx:ecr:Image 'nightly': docker-build:index:Image 'nightly': ")
    assert str(tmp_path / "jobs" / "nightly" / "Dockerfile") in line
    assert local_aws.client("ecr").describe_repositories()["repositories"] == []


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


# The SDK's mocks ask for a loop that nobody made, which Python warns of from 3.12 on.
@pytest.mark.filterwarnings("ignore:There is no current event loop:DeprecationWarning")
def test_deploying_does_not_disturb_another_use_of_the_sdk(write, local_aws):
    class Mocks(pulumi.runtime.Mocks):
        def new_resource(self, args):
            return args.name, args.inputs

        def call(self, args):
            return args.args, None

    def use() -> None:
        # The mocks' own root resource is never finished, and all copies of a context share the set that keeps it.
        settings.SETTINGS.outputs = set()  # type: ignore[assignment]
        pulumi.runtime.set_mocks(Mocks(), project="mocked", stack="unit")
        deploy(write("export('stack', pulumi.get_stack())"), "dev", local_aws)
        assert (pulumi.get_project(), pulumi.get_stack()) == ("mocked", "unit")

    # The SDK keeps its state in context variables: of those in a copy, no other test sees anything.
    contextvars.copy_context().run(use)


def test_ctrl_c_is_not_taken_for_the_failure_that_follows_it(write, local_aws):
    program = write("Output.from_input(1).apply(lambda _: 1 / 0)\nraise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        deploy(program, "dev", local_aws)
