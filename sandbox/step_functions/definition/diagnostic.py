"""One problem of a definition, under AWS's code and text."""

from dataclasses import dataclass

SCHEMA = "SCHEMA_VALIDATION_FAILED"


@dataclass(frozen=True)
class Diagnostic:
    """`location` is a path such as `/States/Run/Retry[0]/ErrorEquals`; None where AWS names no place.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html
    """

    code: str
    message: str
    location: str | None

    def __str__(self) -> str:
        place = "null" if self.location is None else self.location
        return f"{self.code}: {self.message} at {place}"


def schema(message: str, location: str) -> Diagnostic:
    """A problem of a field."""
    return Diagnostic(SCHEMA, message, location)
