"""People who use the command line with an IAM policy of their own, and what AWS is asked as they do."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cli import project
from cli.app import main
from definitions.policies.operator import needs
from ops.aws import Aws
from sandbox.local_aws import LocalAws

# Whoever has credentials may do it: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
_NEEDS_NO_PERMISSION = "sts:GetCallerIdentity"


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


@dataclass
class Person:
    """An IAM user.

    Attributes:
        name: the user's.
        access_key: of the user.
        root: the project's folder.
        aws: clients that act as the user.
        asked: the actions about which the sandbox has asked the user's policies, and whether they allowed it each time.
    """

    name: str
    access_key: str
    root: Path
    aws: Callable[..., Aws]
    asked: dict[str, bool] = field(default_factory=dict)

    def run(self, *arguments: str, root: Path | None = None) -> Done:
        """Run the command as a person does, but in this process, where the SDK's clients are made once."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            # The command sets it.
            patch.setattr(project, "_root", project.root())
            patch.setattr("ops.aws.Aws", self.aws)
            patch.setattr("sys.argv", ["longhaul", "-C", str(root or self.root), *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, out.getvalue(), err.getvalue())


def needed(verb: str) -> dict[str, bool]:
    """What a verb is said to need, as `Person.asked` has it where all of that is allowed."""
    return {need.action: True for _, need in needs((verb,))}


@contextmanager
def people(local_aws: LocalAws, root: Path, folder: Path, policies: Mapping[str, Any]) -> Iterator[dict[str, Person]]:
    """A user for each policy, by its name; what AWS is asked is written down for as long.

    Args:
        local_aws: where they are.
        root: the project that they work on.
        folder: where their credentials are kept.
        policies: each user's only policy, as a managed one: those within a user have 2,048 characters together.
    """
    credentials = ConfigParser()
    found: dict[str, Person] = {}
    for name, document in policies.items():
        key = _user(local_aws, f"{name}-{secrets.token_hex(4)}", document)
        credentials[name] = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        found[name] = Person(name=key["UserName"], access_key=key["AccessKeyId"], root=root, aws=_clients(name))
    with (folder / "credentials").open("w") as file:
        credentials.write(file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
        _write_down(patch, found)
        yield found


def _clients(profile: str) -> Callable[..., Aws]:
    """What makes clients with a profile, the same ones for the same arguments."""

    @cache
    def clients(*, region: str | None = None, endpoint_url: str | None = None, **_: Any) -> Aws:
        return Aws(profile=profile, region=region, endpoint_url=endpoint_url)

    return clients


def _user(local_aws: LocalAws, name: str, document: Any) -> dict[str, str]:
    """An access key of a new user who holds the policy and nothing else."""
    iam = local_aws.client("iam")
    iam.create_user(UserName=name)
    made = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))
    iam.attach_user_policy(UserName=name, PolicyArn=made["Policy"]["Arn"])
    return iam.create_access_key(UserName=name)["AccessKey"]


def _write_down(patch: pytest.MonkeyPatch, found: Mapping[str, Person]) -> None:
    """Have the sandbox's every question about these people's policies noted, with its answer."""
    from ministack.core import iam_evaluator

    by_key, enforce = {person.access_key: person for person in found.values()}, iam_evaluator.enforce

    def noting(access_key: str, action: str, *request: Any, **named: Any) -> Any:
        refusal = enforce(access_key, action, *request, **named)
        person = by_key.get(access_key)
        if person and action != _NEEDS_NO_PERMISSION:
            person.asked[action] = person.asked.get(action, True) and refusal is None
        return refusal

    patch.setattr(iam_evaluator, "enforce", noting)
