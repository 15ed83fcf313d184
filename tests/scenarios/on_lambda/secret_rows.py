"""The rows of jobs on Lambda that have secrets: what they get, and what becomes of a run that gets none."""

from __future__ import annotations

from typing import Any

from definitions import names
from sandbox.faults import LoseSecret
from tests.scenarios.on_lambda.endings import NEVER_STARTED, TWO_RETRIES, TWO_STARTS, failed, refused, succeeded
from tests.scenarios.on_lambda.scene import FunctionScene
from tests.scenarios.scenario import SUCCEEDS, End, one_run
from tests.scenarios.scene import Scene
from tests.scenarios.steps import Step, meets, take_action

TOKEN = {"secrets": {"TOKEN": "functions/token"}}
USER = {"secrets": {"USER": {"from": "functions/login", "key": "user"}}}


def keeps(secret: str, **value: Any) -> Step:
    """There is a secret of that name in Secrets Manager, until the scenario is over."""

    def step(scene: Scene) -> None:
        manager = scene.aws.client("secretsmanager")
        manager.create_secret(Name=secret, **value)
        scene.rights.callback(manager.delete_secret, SecretId=secret, ForceDeleteWithoutRecovery=True)

    return step


def keeps_parameter(name: str, value: str) -> Step:
    """There is a parameter of that name in SSM, until the scenario is over."""

    def step(scene: Scene) -> None:
        ssm = scene.aws.client("ssm")
        ssm.put_parameter(Name=name, Value=value, Type="SecureString")
        scene.rights.callback(ssm.delete_parameter, Name=name)

    return step


def marks_for_deletion(secret: str) -> Step:
    """Somebody deletes a secret, which can be restored for some days."""
    return lambda scene: scene.aws.client("secretsmanager").delete_secret(SecretId=secret)


def function_without(action: str) -> Step:
    """Take an action away from the role of the job's function."""

    def step(scene: Scene) -> None:
        assert isinstance(scene, FunctionScene)
        take_action(scene, scene.stack.role_of_function(scene.job("job")), action)

    return step


HAS_SECRETS = one_run(
    "the function has its secrets",
    succeeded(),
    script='[ "$TOKEN $USER $KEY ${LONGHAUL_SECRETS-none}" = "t0ken me k3y none" ]',
    before=[
        keeps("functions/token", SecretString="t0ken"),
        keeps("functions/login", SecretString='{"user": "me"}'),
        keeps_parameter("/functions/key", "k3y"),
    ],
    job={"secrets": {**TOKEN["secrets"], **USER["secrets"], "KEY": "/functions/key"}},
)

SECRETS = [
    HAS_SECRETS,
    one_run(
        "a step has its own secret, and another one has it not",
        End(outcome="SUCCEEDED", path=(names.TAKE, "Which step is first?", "Run first", "Run second", *SUCCEEDS)),
        before=[keeps("functions/token", SecretString="t0ken")],
        job={
            "steps": [
                {"name": "first", "input": '[ "$TOKEN" = t0ken ]', **TOKEN},
                {"name": "second", "input": '[ "${TOKEN-none}" = none ]'},
            ]
        },
    ),
    one_run(
        "a secret is missing",
        refused("cannot read the secret TOKEN from arn:aws:secretsmanager:"),
        job={**TOKEN, **TWO_RETRIES},
    ),
    one_run(
        "a parameter is missing",
        refused("parameter/functions/nobody: InvalidParameters"),
        job={"secrets": {"TOKEN": "/functions/nobody"}, **TWO_RETRIES},
    ),
    one_run(
        "a secret has no such key",
        refused("its JSON has no key user"),
        before=[keeps("functions/login", SecretString='{"name": "me"}')],
        job={**USER, **TWO_RETRIES},
    ),
    one_run(
        "a secret is binary",
        refused("it is binary"),
        before=[keeps("functions/token", SecretBinary=b"t0ken")],
        job={**TOKEN, **TWO_RETRIES},
    ),
    one_run(
        "a secret is marked for deletion",
        refused("InvalidRequestException"),
        before=[keeps("functions/token", SecretString="t0ken"), marks_for_deletion("functions/token")],
        job={**TOKEN, **TWO_RETRIES},
    ),
    one_run(
        "the function may not read a secret of it",
        refused("is not authorized to perform: secretsmanager:GetSecretValue"),
        before=[keeps("functions/token", SecretString="t0ken"), function_without("secretsmanager:GetSecretValue")],
        job={**TOKEN, **TWO_RETRIES},
    ),
    one_run(
        "Secrets Manager throttles, as often as the function asks",
        succeeded(start_retries=1),
        before=[keeps("functions/token", SecretString="t0ken"), meets(LoseSecret, because="throttled", first=3)],
        job=TOKEN,
    ),
    one_run(
        "Secrets Manager throttles until the budget is used up",
        failed("Job.NeverStarted", "ThrottlingException: Rate exceeded", *NEVER_STARTED, start_retries=2),
        before=[keeps("functions/token", SecretString="t0ken"), meets(LoseSecret, because="throttled")],
        job={**TOKEN, **TWO_STARTS},
    ),
]
