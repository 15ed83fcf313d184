"""What a role needs to read the secrets of a container: that with which ECS starts it, or a function's own."""

from typing import Any

from definitions import secrets
from definitions.place import Place
from definitions.policies.statements import allow
from spec.job import JobSpec


def read_secrets(container: JobSpec, place: Place) -> list[dict[str, Any]]:
    """The statements that let a role read exactly the secrets and parameters of a container, and decrypt them."""
    statements = []
    for sid, service, action in (
        ("ReadSecrets", "secretsmanager", "secretsmanager:GetSecretValue"),
        ("ReadParameters", "ssm", "ssm:GetParameters"),
    ):
        of_service = [secret for secret in container.secrets.values() if secret.service == service]
        if of_service:
            arns = {secrets.readable_arn(secret, place) for secret in of_service}
            statements.append(allow(sid, [action], sorted(arns)))

    # The keys that AWS manages for both stores need no grant; a customer's key does, and only through its store.
    # https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    keys = {secret.kms_key_arn for secret in container.secrets.values() if secret.kms_key_arn is not None}
    if keys:
        via = {
            f"{secret.service}.{secrets.region(secret, place)}.amazonaws.com"
            for secret in container.secrets.values()
            if secret.kms_key_arn is not None
        }
        statements.append(
            allow("DecryptSecrets", ["kms:Decrypt"], sorted(keys), {"StringEquals": {"kms:ViaService": sorted(via)}})
        )
    return statements
