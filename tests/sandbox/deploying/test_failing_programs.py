"""All that can be wrong with a program is told, and nothing of it stays."""

from __future__ import annotations

import pytest

from sandbox.deploy import deploy
from sandbox.errors import SandboxError
from tests.sandbox.deploying.conftest import FIRST_LINE, log_groups, refusal, silent


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
            'from pulumi_aws import kinesis; kinesis.Stream("stream")',
            "aws:kinesis/stream:Stream 'stream': the sandbox has no resource type aws:kinesis/stream:Stream",
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
        (
            'aws.lambda_.Function("job", role="x", code=pulumi.AssetArchive({"a.py": pulumi.StringAsset("")}))',
            "aws:lambda/function:Function 'job': the sandbox takes no assets, and of archives a pulumi.FileArchive",
        ),
        (
            'aws.lambda_.Function("job", role="x", code=pulumi.FileArchive("x"), handler="a.b", runtime="python3.13")',
            "aws:lambda/function:Function 'job': the property 'code': cannot read ",
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


def test_ctrl_c_is_not_taken_for_the_failure_that_follows_it(write, local_aws):
    program = write("Output.from_input(1).apply(lambda _: 1 / 0)\nraise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        deploy(program, "dev", local_aws)
