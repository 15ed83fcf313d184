"""What is secret is in no answer of AWS about a job or its runs, and in nothing that an operator is shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from ops.logs import read_lines
from ops.names import NamedRun
from ops.show import read_shown_run
from sandbox.local_aws import LocalAws
from tests.ops.operated import Operated, deployed

CANARY = "canary-in-the-mine"
SECRETS = {
    "stay/whole": CANARY,
    "stay/json": json.dumps({"user": CANARY, "port": 5432}),
    "stay/torn": f'{{"user": "{CANARY}',
    "stay/list": json.dumps([CANARY]),
    "stay/unfit": json.dumps({"user": f"{CANARY}\0{CANARY}"}),
}
DIGEST = hashlib.sha256(CANARY.encode()).hexdigest()
# It fails where it has not got what it should have, and leaves its secrets where another run might find them.
CHECKS = f"""
import hashlib, os, pathlib, sys
values = {{os.environ[name] for name in ("WHOLE", "USER_", "PARAMETER")}}
pathlib.Path(os.environ["HOME"], "left").write_text(str(dict(os.environ)))
sys.exit({{hashlib.sha256(value.encode()).hexdigest() for value in values}} != {{"{DIGEST}"}})
"""
_HAS = {"WHOLE": "stay/whole", "USER_": {"from": "stay/json", "key": "user"}, "PARAMETER": "/stay/parameter"}
_LACKS = {
    "torn": {"from": "stay/torn", "key": "user"},
    "list": {"from": "stay/list", "key": "user"},
    "without": {"from": "stay/json", "key": "password"},
    "missing": "stay/nobody",
}
PLACES = ("fargate", "lambda")
CAUSES = {
    "fargate": dict.fromkeys(_LACKS, "ResourceInitializationError"),
    "lambda": {
        "torn": "it is not JSON, and so has no key user",
        "list": "its JSON has no key user",
        "without": "its JSON has no key password",
        "missing": "cannot read the secret TOKEN from arn:aws:secretsmanager:",
        # A task's container is started by this machine's Python here, which is another matter.
        "unfit": "it has a character that no environment variable can have",
    },
}


def jobs() -> dict[str, Any]:
    common = {"image": "example.com/checks:1", "timeout": "1m", "overlap": "allow", "startRetries": {"attempts": 0}}
    found: dict[str, Any] = {}
    for place in PLACES:
        there = {**common, "runOn": place, "entrypoint": ["python3", "-c", CHECKS]}
        found[f"knows-{place}"] = {**there, "secrets": _HAS}
        for name in CAUSES[place]:
            source = _LACKS.get(name, {"from": "stay/unfit", "key": "user"})
            found[f"{name}-{place}"] = {**there, "secrets": {"TOKEN": source}}
    return found


class Secretive(Operated):
    """A deployed stack, `acme`'s `secretive`."""

    name = "secretive"


@pytest.fixture(scope="module")
def secretive(local_aws: LocalAws) -> Iterator[Secretive]:
    manager, ssm = local_aws.client("secretsmanager"), local_aws.client("ssm")
    for name, text in SECRETS.items():
        manager.create_secret(Name=name, SecretString=text)
    ssm.put_parameter(Name="/stay/parameter", Value=CANARY, Type="SecureString")
    stack = deployed(local_aws, Secretive, jobs())
    yield stack
    stack.deployment.destroy()
    for name in SECRETS:
        manager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    ssm.delete_parameter(Name="/stay/parameter")


def told_of_a_run(stack: Secretive, job: str, execution_arn: str) -> list[Any]:
    """What AWS tells of a run, and what `show` and `logs` make of it."""
    run = NamedRun(job=stack.job(job), execution_arn=execution_arn)
    now = datetime.fromtimestamp(stack.local_aws.clock.now()).astimezone()
    lines = stack.local_aws.client("logs").get_paginator("filter_log_events")
    group = stack.deployment.outputs["logGroups"][job]
    return [
        stack.states.describe_execution(executionArn=execution_arn),
        stack.events(execution_arn),
        [page["events"] for page in lines.paginate(logGroupName=group)],
        read_shown_run(stack.aws, run, now=now, lines=100),
        list(read_lines(stack.aws, run)),
    ]


@pytest.mark.parametrize("place", PLACES)
def test_a_program_has_its_secrets_and_nobody_is_told_of_them(secretive: Secretive, place: str) -> None:
    told = []
    # The second run in the environment of the first, where there is such a thing.
    for _ in range(2):
        execution_arn = secretive.run(f"knows-{place}")
        told += told_of_a_run(secretive, f"knows-{place}", execution_arn)
        assert told[-5]["status"] == "SUCCEEDED", told[-5]
    assert CANARY not in str(told)


@pytest.mark.parametrize(("place", "name"), [(place, name) for place in PLACES for name in CAUSES[place]])
def test_a_secret_that_cannot_be_had_is_told_of_without_what_it_is(secretive: Secretive, place: str, name: str) -> None:
    told = told_of_a_run(secretive, f"{name}-{place}", secretive.run(f"{name}-{place}"))
    assert told[0]["error"] == "Job.Refused"
    assert CAUSES[place][name] in told[0]["cause"]
    assert CANARY not in str(told)


def test_what_is_deployed_holds_no_secret(secretive: Secretive) -> None:
    client, states, ecs = (secretive.local_aws.client(name) for name in ("lambda", "stepfunctions", "ecs"))
    machines = secretive.deployment.outputs["stateMachines"].values()
    of_kind = {":function:": list[str](), ":task-definition/": list[str]()}
    for arn in secretive.deployment.outputs["taskDefinitions"].values():
        next(found for kind, found in of_kind.items() if kind in arn).append(arn)
    functions, tasks = of_kind.values()
    told = [
        secretive.deployment.outputs,
        [(made.inputs, made.outputs) for made in secretive.deployment.resources],
        [client.get_function(FunctionName=arn) for arn in functions],
        [states.describe_state_machine(stateMachineArn=arn) for arn in machines],
        [ecs.describe_task_definition(taskDefinition=arn) for arn in tasks],
    ]
    assert (len(tasks), len(functions)) == tuple(len(CAUSES[place]) + 1 for place in PLACES)
    assert "LONGHAUL_SECRETS" in str(told)
    assert CANARY not in str(told)
