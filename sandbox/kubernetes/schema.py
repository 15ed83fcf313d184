"""Kubernetes' published schemas: what an API server says of a document that is not of its kind's form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubernetes_validate import ValidationError


def problem(document: dict[str, Any], version: str) -> str | None:
    """What is wrong with the form of an object, None if nothing is; fields that its kind has not are refused.

    Args:
        document: the object.
        version: of Kubernetes, as in `1.33`.
    """
    # Not above: it would make every start of a sandbox wait for it.
    import kubernetes_validate
    from kubernetes_validate.utils import VersionNotSupportedError

    if not isinstance(document.get("apiVersion"), str):
        return "apiVersion: it says none"
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return _sentence(error)
    except (kubernetes_validate.SchemaNotFoundError, VersionNotSupportedError) as error:
        return error.message
    return None


def _sentence(error: ValidationError) -> str:
    place = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        known: Any = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        unknown = sorted(set(error.instance) - set(known)) if isinstance(error.instance, dict) else []
        return ", ".join(f'strict decoding error: unknown field "{f"{place}.{name}".lstrip(".")}"' for name in unknown)
    # Not the message, which quotes the value, and a value may be a secret.
    return f"{place or 'the object'}: {error.validator} {error.validator_value!r} expected"
