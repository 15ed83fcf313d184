"""What a program declares is there once it is deployed, and gone once it is destroyed."""

from __future__ import annotations

import contextvars
import gc
import os
import sys
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime import settings
from pulumi.runtime.config import get_config

from sandbox.deploy import deploy
from sandbox.errors import SandboxError
from tests.sandbox.deploying.conftest import GRANT, log_groups


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
        pulumi.log.debug = print
        export("only_in_dev", pulumi.Config().get("onlyInDev"))
        export("stack", pulumi.get_stack())
        export("project", pulumi.get_project())
        """,
        dev="small:onlyInDev: here",
        prod="",
    )
    before = (dict(os.environ), Path.cwd(), list(sys.path), gc.get_threshold(), pulumi.log.debug)
    dev = deploy(root, "dev", local_aws)
    prod = deploy(root, "prod", local_aws)
    assert (dict(os.environ), Path.cwd(), list(sys.path), gc.get_threshold(), pulumi.log.debug) == before
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
