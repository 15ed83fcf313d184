"""What the real AWS provider knows about one resource type, as far as the sandbox needs it."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, NamedTuple

from botocore.exceptions import ClientError

from sandbox.errors import SandboxError
from sandbox.resources.aws import Aws
from sandbox.resources.fields import Fields, refuse_unknown, translate
from sandbox.resources.naming import auto_name, prefixed_name

Properties = dict[str, Any]

# How the services end the codes of "there is no such thing": NoSuchEntity, InvalidSubnetID.NotFound, QueueDoesNotExist.
GONE = re.compile(r"(NotFound|NoSuchEntity|NonExistentQueue|DoesNotExist)(Exception)?$")


class Created(NamedTuple):
    """A resource's id and output properties, named as the real provider names them."""

    id: str
    outputs: Properties


class Handler(ABC):
    """One resource type. Stateless: everything about a resource travels in its inputs and outputs.

    `fields` are the inputs that go into the create call as they are; `others` are the inputs that the handler treats
    itself. Any other input is refused.
    """

    token: ClassVar[str]
    fields: ClassVar[Fields] = {}
    others: ClassVar[frozenset[str]] = frozenset()
    required: ClassVar[frozenset[str]] = frozenset()
    taggable: ClassVar[bool] = True
    defaults: ClassVar[Mapping[str, Any]] = {}
    # Inputs that hold a JSON document as text.
    json_properties: ClassVar[Sequence[str]] = ()
    # The input that gets a generated name when it is absent.
    auto_named: ClassVar[str | None] = "name"
    # The provider's own limit for a generated name, where it has a narrower one than its general 255.
    max_name_length: ClassVar[int] = 255

    def check(self, inputs: Properties, logical_name: str, seed: bytes) -> Properties:
        """The complete inputs: defaults and a generated name filled in.

        `seed` makes generated names differ between deployments. Raises SandboxError for an input that the sandbox does
        not know, one that is missing, and text that should be JSON and is not.
        """
        known = {*self.fields, *self.others}
        refuse_unknown(inputs, known | {"tags"} if self.taggable else known)
        checked = {**self.defaults, **{name: value for name, value in inputs.items() if value is not None}}
        if "name" in checked and "namePrefix" in checked:
            raise SandboxError("the properties 'name' and 'namePrefix' exclude each other")
        if self.auto_named and self.auto_named not in checked:
            checked[self.auto_named] = self._generated_name(checked.get("namePrefix"), logical_name, seed)
        for name in sorted(self.required - checked.keys()):
            raise SandboxError(f"the property {name!r} is required")
        for name in self.json_properties:
            _refuse_other_than_json(name, checked.get(name))
        return checked

    @abstractmethod
    def create(self, aws: Aws, inputs: Properties) -> Created:
        """Create the resource from checked inputs. Raises botocore's ClientError for what AWS refuses."""

    @abstractmethod
    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the resource. Raises botocore's ClientError for what AWS refuses."""

    def request(self, inputs: Properties) -> Properties:
        """The create call's arguments for those inputs that are `fields`."""
        return translate({name: value for name, value in inputs.items() if name in self.fields}, self.fields)

    def _generated_name(self, prefix: str | None, logical_name: str, seed: bytes) -> str:
        if prefix is not None:
            return prefixed_name(prefix, seed, self.max_name_length)
        return auto_name(logical_name, seed, self.max_name_length)


def _refuse_other_than_json(name: str, text: str | None) -> None:
    if text is None:
        return
    try:
        json.loads(text)
    except ValueError as error:
        raise SandboxError(f"the property {name!r} contains an invalid JSON document: {error}") from error


@contextmanager
def undone_on_error(undo: Callable[[], Any]) -> Iterator[None]:
    """For the steps after the first of a creation: when one fails, the first is undone, or it would be orphaned."""
    try:
        yield
    except Exception:
        # What is to be told is why the step failed.
        with suppress(ClientError):
            undo()
        raise


def is_gone(error: Exception) -> bool:
    """Whether AWS refused because the thing is not there (any more), which is what a deletion wants."""
    return isinstance(error, ClientError) and bool(GONE.search(error.response["Error"]["Code"]))
