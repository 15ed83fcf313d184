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
from sandbox.resources.tags import Tagging, tags_all
from sandbox.resources.unknown import UNKNOWN

Properties = dict[str, Any]

# How the services end the codes of "there is no such thing": NoSuchEntity, InvalidSubnetID.NotFound, QueueDoesNotExist.
# Those of S3 begin so: NoSuchBucket, NoSuchBucketPolicy, NoSuchPublicAccessBlockConfiguration.
GONE = re.compile(r"(NotFound|NonExistentQueue|DoesNotExist|NoSuch\w+)(Exception)?$")


class Created(NamedTuple):
    """A resource's id and output properties, named as the real provider names them."""

    id: str
    outputs: Properties


class Handler(ABC):
    """One resource type. Stateless: everything about a resource travels in its inputs and outputs.

    `fields` are the inputs that go into the create call as they are; `others` are the inputs that the handler treats
    itself. Any other input is refused.

    What happens when an input changes: those in `replace_on`, and the name, need a new resource; `flags` are the
    provider's own business, and AWS hears nothing; tags go through `tagging`; for all others there is `change`.
    """

    token: ClassVar[str]
    fields: ClassVar[Fields] = {}
    others: ClassVar[frozenset[str]] = frozenset()
    required: ClassVar[frozenset[str]] = frozenset()
    tagging: ClassVar[Tagging | None] = None
    replace_on: ClassVar[frozenset[str]] = frozenset()
    flags: ClassVar[frozenset[str]] = frozenset()
    # Whether the old resource has to go before the new one can be made, because both would be the same thing to AWS.
    delete_before_replace: ClassVar[bool] = False
    # How long the real provider waits until AWS has really deleted it, unless the resource says otherwise.
    seconds_to_be_gone: ClassVar[float] = 0
    # Outputs that are other ones after any update.
    volatile: ClassVar[frozenset[str]] = frozenset()
    defaults: ClassVar[Mapping[str, Any]] = {}
    # Inputs that hold a JSON document as text.
    json_properties: ClassVar[Sequence[str]] = ()
    # The input that gets a generated name when it is absent.
    auto_named: ClassVar[str | None] = "name"
    # The provider's own limit for a generated name, where it has a narrower one than its general 255.
    max_name_length: ClassVar[int] = 255

    @property
    def properties(self) -> set[str]:
        """The inputs that the type has."""
        return {*self.fields, *self.others} | ({"tags"} if self.tagging else set())

    @property
    def replacing(self) -> set[str]:
        """The inputs whose change needs a new resource."""
        return self.properties & (self.replace_on | {self.auto_named, "namePrefix"})

    def check(self, inputs: Properties, logical_name: str, seed: bytes) -> Properties:
        """The complete inputs: defaults and a generated name filled in.

        `seed` makes generated names differ between deployments. Raises SandboxError for an input that the sandbox does
        not know, one that is missing, and text that should be JSON and is not.
        """
        refuse_unknown(inputs, self.properties)
        checked = {**self.defaults, **{name: value for name, value in inputs.items() if value is not None}}
        if "name" in checked and "namePrefix" in checked:
            raise SandboxError("the properties 'name' and 'namePrefix' exclude each other")
        if self.auto_named and self.auto_named not in checked:
            checked[self.auto_named] = self.generated_name(checked.get("namePrefix"), logical_name, seed)
        for name in sorted(self.required - checked.keys()):
            raise SandboxError(f"the property {name!r} is required")
        for name in self.json_properties:
            _refuse_other_than_json(name, checked.get(name))
        return checked

    @abstractmethod
    def create(self, aws: Aws, inputs: Properties) -> Created:
        """Create the resource from checked inputs. Raises botocore's ClientError for what AWS refuses."""

    def update(self, aws: Aws, made: Created, inputs: Properties) -> Properties:
        """Change what is there to checked inputs that need no replacement; gives all outputs.

        Raises botocore's ClientError for what AWS refuses and SandboxError for what the sandbox cannot change.
        """
        changed = self._changed_in_place(made.outputs, inputs)
        if changed - self.flags - {"tags"}:
            self.change(aws, made, inputs)
        if self.tagging and "tags" in changed:
            self.tagging.replace(aws, self._tagged(made), inputs.get("tags") or {})
        withdrawn = self.properties - inputs.keys()
        kept = {name: value for name, value in made.outputs.items() if name not in withdrawn}
        outputs = {**kept, **inputs, **(tags_all(inputs) if self.tagging else {})}
        # What is no longer given may have a value of AWS's own.
        return self.read(aws, Created(made.id, outputs)) or outputs

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:  # noqa: ARG002
        """Change what is there, tags aside. A type that does not say how refuses."""
        names = ", ".join(sorted(self._changed_in_place(made.outputs, inputs) - self.flags - {"tags"}))
        raise SandboxError(f"the sandbox cannot change {names} of a resource that is there")

    def read(self, aws: Aws, made: Created) -> Properties | None:
        """All outputs, as far as AWS tells them, as they are now; None if the resource is no longer there."""
        try:
            found = self.look(aws, made)
            if found is None:
                return None
            tags = self.tagging.read(aws, self._tagged(made)) if self.tagging else None
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        outputs = {**made.outputs, **found}
        if tags is not None:
            outputs |= tags_all({"tags": tags})
        read = {name: self._as_before(name, value, made) for name, value in outputs.items()}
        return {name: value for name, value in read.items() if value is not None}

    def outdated(self, aws: Aws, made: Created, inputs: Properties) -> set[str]:  # noqa: ARG002
        """Outputs that would be other ones although the inputs are the same; with any the resource is updated."""
        return set()

    @abstractmethod
    def look(self, aws: Aws, made: Created) -> Properties | None:
        """The properties that AWS tells of, None for one that it has not; None, or a "not found", for no resource."""

    def differing(self, old: Properties, new: Properties) -> set[str]:
        """The names of the inputs that are not the same in both; a JSON document is the same however it is written."""
        return {name for name in self.properties if not self._same(name, old.get(name), new.get(name))}

    @abstractmethod
    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the resource. Raises botocore's ClientError for what AWS refuses."""

    def lingers(self, aws: Aws, made: Created) -> str | None:  # noqa: ARG002
        """The state in which a resource that was deleted is still there; None for one that is gone."""
        return None

    def request(self, inputs: Properties) -> Properties:
        """The create call's arguments for those inputs that are `fields`."""
        return translate({name: value for name, value in inputs.items() if name in self.fields}, self.fields)

    def _changed_in_place(self, old: Properties, new: Properties) -> set[str]:
        return self.differing(old, new) - self.replacing

    def _same(self, name: str, one: Any, other: Any) -> bool:
        if name in self.json_properties and isinstance(one, str) and isinstance(other, str):
            return _document(one) == _document(other)
        # To AWS nothing and an empty list, map or text are the same.
        return one == other or (not one and not other and not isinstance(one, (bool, int)))

    def _as_before(self, name: str, value: Any, made: Created) -> Any:
        """A value as it was written before if it says the same: documents come rewritten, lists in any order."""
        before = made.outputs.get(name)
        if name in self.json_properties and isinstance(value, dict):
            value = json.dumps(value)
        same_items = isinstance(before, list) and isinstance(value, list) and _sorted(before) == _sorted(value)
        return before if same_items or self._same(name, before, value) else value

    def _tagged(self, made: Created) -> str:
        return made.outputs["arn"] if self.tagging and self.tagging.by_arn else made.id

    def generated_name(self, prefix: str | None, logical_name: str, seed: bytes) -> str:
        """A name for a resource that was given none, or a prefix only. Raises SandboxError for one that is too long."""
        if prefix is not None:
            return prefixed_name(prefix, seed, self.max_name_length)
        return auto_name(logical_name, seed, self.max_name_length)


def _refuse_other_than_json(name: str, text: str | None) -> None:
    if text is None or text == UNKNOWN:
        return
    try:
        json.loads(text)
    except ValueError as error:
        raise SandboxError(f"the property {name!r} contains an invalid JSON document: {error}") from error


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _sorted(items: list[Any]) -> list[str]:
    return sorted(json.dumps(item, sort_keys=True) for item in items)


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
