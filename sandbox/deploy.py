"""Deploys a stack: runs the unmodified Pulumi program, with no Pulumi command, and creates what it declares."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.errors import SandboxError
from sandbox.pulumi_monitor import Monitor, Resource, one_line
from sandbox.pulumi_program import PROGRAM, run_program
from sandbox.resources.aws import Aws
from sandbox.resources.handler import Created, is_gone
from sandbox.resources.limits import enforce_limits
from sandbox.resources.registry import handler_for
from sandbox.stack_file import StackFile, read_stack_file

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

# Of the AWS provider's own settings, those that hold here; profiles and accounts name credentials that are not used.
# https://www.pulumi.com/registry/packages/aws/installation-configuration/
PROVIDER_SETTINGS = frozenset({"aws:region", "aws:profile", "aws:allowedAccountIds", "aws:forbiddenAccountIds"})


@dataclass
class Deployment:
    """A stack that is there.

    outputs: the stack's exports.
    resources: what was created, each after all it depends on.
    """

    stack: str
    outputs: dict[str, Any] = field(repr=False)
    resources: list[Resource]
    aws: Aws = field(repr=False)

    def destroy(self) -> None:
        """Delete the resources, dependents first, as far as AWS lets; those that are kept by design stay.

        Raises SandboxError, one line a resource, for those that could not be deleted and, before anything is deleted,
        for those that are protected.
        """
        protected = [f"{made.token} {made.name!r} is protected" for made in self.resources if made.protect]
        if protected:
            raise SandboxError("\n".join(protected))
        errors = _delete(self.aws, self.resources)
        if errors:
            raise SandboxError("\n".join(errors))


def deploy(root: Path, stack: str, local_aws: "LocalAws", *, timeout_seconds: float = 300) -> Deployment:
    """Run `__main__.py` in `root` with the configuration of `stack`, creating its resources in `local_aws`.

    Raises SandboxError, one line a problem: with the stack's files (nothing is created), with the program, and with
    each resource that could not be created. What was created until then is deleted again as `destroy` does it, because
    nobody would be left who knows of it; what could not be deleted is told too.
    """
    root = root.resolve()
    stack_file = read_stack_file(root, stack)
    _check_provider_settings(stack_file, stack, local_aws.region)
    if not (root / PROGRAM).is_file():
        raise SandboxError(f"there is no program: {root / PROGRAM}")
    aws = Aws(
        client=lambda service: enforce_limits(local_aws.client(service)),
        region=local_aws.region,
        account=local_aws.account,
        root=root,
    )
    monitor = Monitor(aws, stack_file.project, stack, secrets.token_bytes(16))
    try:
        run_program(root, stack, stack_file, monitor, timeout_seconds)
    except SandboxError as error:
        monitor.errors.extend(str(error).splitlines())
    except BaseException:
        _delete(aws, monitor.created)
        raise
    if monitor.errors:
        left_over = [f"left behind: {line}" for line in _delete(aws, monitor.created)]
        raise SandboxError("\n".join([*monitor.errors, *left_over]))
    return Deployment(stack, monitor.outputs, monitor.created, aws)


def _check_provider_settings(stack_file: StackFile, stack: str, region: str) -> None:
    for key, value in stack_file.configuration.items():
        if key.startswith("aws:") and key not in PROVIDER_SETTINGS:
            raise SandboxError(f"Pulumi.{stack}.yaml {key}: the sandbox does not know this setting of the provider")
        if key == "aws:region" and value != region:
            raise SandboxError(f"Pulumi.{stack}.yaml aws:region: {value}, but this AWS was started in {region}")


def _delete(aws: Aws, resources: list[Resource]) -> list[str]:
    """Delete what can be deleted, the last first, and take it off the list; one line for each that could not be."""
    errors = []
    for made in reversed(resources[:]):
        try:
            if not made.retain_on_delete:
                handler_for(made.token).delete(aws, Created(made.id, made.outputs))
        except (SandboxError, ClientError, BotoCoreError) as error:
            if not is_gone(error):
                errors.append(f"{made.token} {made.name!r}: {one_line(error)}")
                continue
        resources.remove(made)
    return errors
