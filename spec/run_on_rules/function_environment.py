"""The environment of a job's Lambda function, as far as it is known before it is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec.compact_json import compact
from spec.run_on_rules.lambda_zip import WRAPPER, WRAPPER_VARIABLE

if TYPE_CHECKING:
    from spec.container import SecretSpec
    from spec.job import JobSpec

SECRETS_VARIABLE = "LONGHAUL_SECRETS"
"""Tells the bootstrap (components/lambda_image) where the secrets of a job are: JSON text, each variable with the
reference that a task definition has. The job's own program does not see it."""

# No ARN of a secret that is known by its name alone is longer.
_LONGEST_ARN = "arn:aws-us-gov:{service}:ap-northeast-1:123456789012:{resource}"


def variables_of(container: JobSpec) -> dict[str, str]:
    """The environment that the function has, but for what tells of its secrets: of one that is made from an archive,
    with that of its Dockerfile."""
    if not container.run_on.is_zip:
        return dict(container.environment)
    plain = container.build.plain if container.build is not None else None
    of_image = plain.environment if plain is not None else {}
    return {**of_image, **container.environment, WRAPPER_VARIABLE: WRAPPER}


def largest_environment(container: JobSpec) -> dict[str, str]:
    """Variables and their values, in which references to secrets are as long as they may be in any account."""
    if not container.secrets:
        return variables_of(container)
    references = {name: _longest_reference(secret) for name, secret in container.secrets.items()}
    return {**variables_of(container), SECRETS_VARIABLE: compact(references)}


def _longest_reference(secret: SecretSpec) -> str:
    arn = secret.source
    if not arn.startswith("arn:"):
        resource = f"parameter{arn}" if secret.service == "ssm" else f"secret:{arn}"
        arn = _LONGEST_ARN.format(service=secret.service, resource=resource)
    return f"{arn}:{secret.key}::" if secret.key is not None else arn
