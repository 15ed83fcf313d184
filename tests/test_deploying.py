"""What docs/deploying.md says: its commands of ours run, and what it names is there."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sandbox.deploy import deploy
from sandbox.local_aws import LocalAws
from spec.load import load_stack
from tests.bootstrap.templates import roles, template

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "deploying.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.strip().splitlines()]
OURS = [command for command in COMMANDS if command.startswith("./longhaul ")]
GIT = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it is here, as the second of two commits."""
    clone = tmp_path_factory.mktemp("deploying") / "longhaul"
    clone.mkdir()
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    there = b"\0".join(name for name in listed.split(b"\0") if name and (ROOT / os.fsdecode(name)).is_file())
    archive = subprocess.run(
        ["tar", "--create", "--null", "--files-from=-"], cwd=ROOT, input=there, capture_output=True, check=True
    ).stdout
    subprocess.run(["tar", "--extract"], cwd=clone, input=archive, check=True)
    (clone / ".venv").symlink_to(ROOT / ".venv")
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=One"]):
        subprocess.run([*GIT, *command], cwd=clone, check=True)
    stack = clone / "Pulumi.dev.yaml"
    stack.write_text(stack.read_text().replace("cron(15 3", "cron(15 4"))
    subprocess.run([*GIT, "commit", "--quiet", "--all", "--message=Two"], cwd=clone, check=True)
    return clone


@pytest.fixture(scope="module")
def deployed(clone: Path, aws_without_buckets: LocalAws) -> Iterator[LocalAws]:
    """The local AWS with the stack dev in it."""
    deployment = deploy(clone, "dev", aws_without_buckets)
    # What the page stops has been started, whichever of its commands this worker runs.
    machine = deployment.outputs["stateMachines"]["daily-rollup"]
    aws_without_buckets.client("stepfunctions").start_execution(stateMachineArn=machine)
    yield aws_without_buckets
    deployment.destroy()


@pytest.mark.parametrize("command", OURS)
def test_our_commands_run(clone: Path, command: str, deployed: LocalAws) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(clone.parent)}
    if re.search("--deployed|longhaul (?:start|history|stop|pause|resume) ", command):
        environment |= deployed.environment

    done = subprocess.run(
        shlex.split(command), cwd=clone, env=environment, capture_output=True, text=True, check=False, timeout=300
    )

    assert (done.returncode, done.stderr) == (0, "")
    if "HEAD^" in command:
        assert "cron(15 4" in done.stdout


def test_parameters_and_outputs_are_those_of_the_templates() -> None:
    for name, parameters in re.findall(r"--template-file (\S+).*--parameter-overrides (.*)", "\n".join(COMMANDS)):
        keys = {parameter.partition("=")[0] for parameter in parameters.split()}
        assert keys <= set(template(Path(name).name)["Parameters"])
    for output in re.findall(r"`(BackendUrl|SecretsProvider|DeployRoleArn|PreviewRoleArn)`", PAGE):
        assert any(output in template(name)["Outputs"] for name in ("account.yaml", "stack.yaml"))
    assert "CreateGitHubProvider" in template("account.yaml")["Parameters"]


def test_roles_and_workflows_are_named_as_they_are() -> None:
    for role in roles().values():
        assert f"`{role['RoleName'].replace('longhaul-dev', '<project>-<stack>')}`" in PAGE
    listed = set(re.findall(r"^\| `(\S+\.yml)`", PAGE, re.MULTILINE))
    # The one that others call is no business of those who deploy.
    assert listed == {path.name for path in (ROOT / ".github" / "workflows").glob("*.yml")} - {"up.yml"}


def test_the_settings_are_ones_that_the_stack_s_file_takes(clone: Path) -> None:
    stack = yaml.safe_load((clone / "Pulumi.dev.yaml").read_text())
    for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        stack["config"] |= yaml.safe_load(block)
    # Written by `pulumi stack init`.
    stack |= {"secretsprovider": "awskms://alias/longhaul-state", "encryptedkey": "AQICAHg="}
    (clone / "Pulumi.vpc.yaml").write_text(yaml.safe_dump(stack))

    loaded = load_stack(clone, "vpc")
    assert (loaded.network.vpc_id, loaded.alerts.email) == ("vpc-0a1b2c3d", ("ops@example.com",))


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)h#][^)#]*)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
