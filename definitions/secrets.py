"""Secrets of a job: how ECS, or a function, is told to fetch them, and the ARNs that a role must be allowed to read.

A secret is named in job.yaml by its name or its ARN, in Secrets Manager or in SSM's Parameter Store. Values never
appear in any document.
"""

from definitions.place import Place
from spec.container import SecretSpec


def region(secret: SecretSpec, place: Place) -> str:
    """The Region that holds a secret: the one in its ARN, or else the stack's."""
    return secret.source.split(":")[3] if secret.source.startswith("arn:") else place.region


def value_from(secret: SecretSpec, place: Place) -> str:
    """What a container definition says under `valueFrom`, and what a function is told.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html

    Returns:
        an ARN. For one key of a JSON secret it ends in `:key::`, where version stage and version id stay empty.
    """
    arn = _arn(secret, place)
    return f"{arn}:{secret.key}::" if secret.key is not None else arn


def readable_arn(secret: SecretSpec, place: Place) -> str:
    """The resource of the IAM statement that lets a role read a secret.

    Secrets Manager adds a hyphen and six characters of its own to a secret's name. A secret known by name alone is
    therefore matched with `-??????`.
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
    """
    arn = _arn(secret, place)
    by_name = not secret.source.startswith("arn:")
    return f"{arn}-??????" if by_name and secret.service == "secretsmanager" else arn


def _arn(secret: SecretSpec, place: Place) -> str:
    if secret.source.startswith("arn:"):
        return secret.source
    if secret.service == "ssm":
        return place.arn("ssm", f"parameter{secret.source}")
    return place.arn("secretsmanager", f"secret:{secret.source}")
