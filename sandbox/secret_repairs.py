"""The repairs of MiniStack's Secrets Manager and SSM, as those in `sandbox.repairs`.

`tests/sandbox/test_secret_repairs.py` fails when MiniStack changes under them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import kms, secretsmanager, ssm

from sandbox import permissions

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[dict[str, Any]], Answer]

NO_SECRET = "Secrets Manager can't find the specified secret."
THROTTLED = ("ThrottlingException", "Rate exceeded")
"""Code and message; the latter is unverified of these two services."""


def a_secret_has_all_of_its_name(_aws: LocalAws) -> None:
    """As shipped, a secret is found by any beginning of its ARN: on AWS by one that lacks no more than the suffix.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
    """

    def resolve(secret_id: str, *, use_arn_scope: bool = False) -> tuple[Any, Any]:
        key, secret = _resolve(secret_id, use_arn_scope=use_arn_scope)
        if secret is None or not secret_id.startswith("arn:") or secret["ARN"] == secret_id:
            return key, secret
        _, _, _, region, account, _ = secret_id.split(":", 5)
        with_suffix = re.compile(re.escape(secret_id) + "-[A-Za-z0-9]{6}")
        candidates = secretsmanager._secrets.items_scoped(account, region)
        return next((each for each in candidates if with_suffix.fullmatch(each[1]["ARN"])), (None, None))

    secretsmanager._resolve = resolve


def a_value_needs_the_right_to_its_key(_aws: LocalAws) -> None:
    """As shipped, nobody needs the right to decrypt with a customer's key what is encrypted with it.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
    """

    def secret(request: dict[str, Any]) -> Answer:
        answer = _get_secret_value(request)
        if answer[0] != 200:
            return answer
        _, found = secretsmanager._resolve(request["SecretId"])
        assert found is not None
        context = {"kms:EncryptionContext:SecretARN": found["ARN"]}
        return _refused(_decrypt_denial(found.get("KmsKeyId"), "secretsmanager", context)) or answer

    def decrypted(handler: Handler) -> Handler:
        def handle(request: dict[str, Any]) -> Answer:
            answer = handler(request)
            if answer[0] != 200 or not request.get("WithDecryption"):
                return answer
            told = json.loads(answer[2])
            for each in [told["Parameter"]] if "Parameter" in told else told["Parameters"]:
                found = ssm._lookup_parameter(each["Name"])[1] or {}
                context = {"kms:EncryptionContext:PARAMETER_ARN": found.get("ARN", "")}
                if refused := _refused(_decrypt_denial(found.get("KeyId"), "ssm", context)):
                    return refused
            return answer

        return handle

    secretsmanager._get_secret_value = secret
    for name, handler in _OF_SSM.items():
        setattr(ssm, name, decrypted(handler))


def secrets_of_functions_may_be_lost(aws: LocalAws) -> None:
    """As shipped, nothing goes wrong: see `faults.LoseSecret`."""

    def because() -> str | None:
        function_arn = permissions.calling_function()
        return aws.faults.read_secret(function_arn.rpartition(":")[2]) if function_arn else None

    def unless(handler: Handler, missing: Callable[[Mapping[str, Any]], Answer]) -> Handler:
        def handle(request: dict[str, Any]) -> Answer:
            match because():
                case None:
                    return handler(request)
                case "throttled":
                    return error_response_json(*THROTTLED, 400)
                case _:
                    return missing(request)

        return handle

    secretsmanager._get_secret_value = unless(
        secretsmanager._get_secret_value,
        lambda _request: error_response_json("ResourceNotFoundException", NO_SECRET, 400),
    )
    ssm._get_parameters = unless(
        ssm._get_parameters,
        lambda request: json_response({"Parameters": [], "InvalidParameters": request.get("Names", [])}),
    )


def _decrypt_denial(key_id: str | None, service: str, encryption_context: Mapping[str, str]) -> str | None:
    """Why the caller may not decrypt with a key; None if it may, or the key is one that AWS manages.

    `service` asks for it on the caller's behalf.
    """
    key = kms._resolve_key(key_id)
    # Those that AWS manages are not among MiniStack's.
    if key is None:
        return None
    # https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
    context = {
        "kms:ViaService": f"{service}.{get_region()}.amazonaws.com",
        "kms:CallerAccount": get_account_id(),
        **encryption_context,
    }
    return permissions.caller_denial("kms:Decrypt", key["Arn"], context)


def _refused(denial: str | None) -> Answer | None:
    return error_response_json("AccessDeniedException", denial, 400) if denial else None


# What the repairs call in turn.
_resolve = secretsmanager._resolve
_get_secret_value = secretsmanager._get_secret_value
_OF_SSM: dict[str, Handler] = {
    name: getattr(ssm, name)
    for name in ("_get_parameter", "_get_parameters", "_get_parameters_by_path", "_get_parameter_history")
}

ALL: tuple[Callable[[LocalAws], None], ...] = (
    a_secret_has_all_of_its_name,
    a_value_needs_the_right_to_its_key,
    secrets_of_functions_may_be_lost,
)
