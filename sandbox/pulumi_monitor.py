"""Pulumi's resource monitor over the sandbox's handlers: it creates each resource while the program registers it.

A resource that fails does not stop the program. Its outputs become unknown, whatever depends on them is left out, and
everything else goes on, so that one deployment tells of all that is wrong.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf import empty_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from sandbox.errors import SandboxError
from sandbox.pulumi_values import secret_names, to_python, to_struct
from sandbox.resources import functions
from sandbox.resources.aws import Aws
from sandbox.resources.awsx import COMPONENTS
from sandbox.resources.awsx.component import Component, Registered
from sandbox.resources.registry import handler_for

STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Resource:
    """A resource that was created. `inputs` are complete, defaults and generated names included."""

    urn: str
    token: str
    name: str
    id: str
    inputs: dict[str, Any] = field(repr=False)
    outputs: dict[str, Any] = field(repr=False)
    protect: bool = False
    retain_on_delete: bool = False


class Monitor(mocks.MockMonitor):
    """Takes registrations from the SDK, in any of its worker threads, and creates resources in `aws`.

    resources: what was created, each after all it depends on.
    errors: one line a problem.
    outputs: the stack's exports.
    """

    def __init__(self, aws: Aws, project: str, stack: str, seed: bytes) -> None:
        # The base class asks its mocks only in methods that are all overridden here.
        super().__init__(cast(mocks.Mocks, None))
        self.aws = aws
        self.created: list[Resource] = []
        self.errors: list[str] = []
        self.outputs: dict[str, Any] = {}
        self._urn_prefix = f"urn:pulumi:{stack}::{project}::"
        self._seed = seed
        self._urns: set[str] = set()
        self._failed: set[str] = set()
        self._lock = threading.Lock()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """https://www.pulumi.com/docs/iac/concepts/resources/names/#urns"""
        parent_type = parent.split("::")[2] if parent else STACK_TYPE
        qualified = type_ if parent_type == STACK_TYPE else f"{parent_type}${type_}"
        return f"{self._urn_prefix}{qualified}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        """Create what the program registers; a failure is recorded and answered as such."""
        urn = self.make_urn(request.parent, request.type, request.name)
        try:
            self._claim(urn)
            _refuse_options(request)
            if self._is_left_out(request):
                return self._fail(urn)
            inputs = to_python(request.object)
            if request.remote:
                return self._construct(urn, request, inputs)
            if not request.custom:
                return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
            secret = secret_names(request.object) | set(request.additionalSecretOutputs)
            created = self._create(urn, request.type, request.name, inputs, request.protect, request.retainOnDelete)
            return resource_pb2.RegisterResourceResponse(
                urn=urn, id=created.id, object=to_struct(created.outputs, secret)
            )
        except (SandboxError, ClientError, BotoCoreError) as error:
            self._record(request.type, request.name, error)
            return self._fail(urn)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        """Keep the stack's exports."""
        if request.urn.split("::")[2] == STACK_TYPE:
            self.outputs = to_python(request.outputs)
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        """Answer a function of the provider. Raises SandboxError, which ends the program where it asked."""
        arguments = to_python(request.args)
        if request.tok == "pulumi:pulumi:getResource":
            answer = self.resources[arguments["urn"]]._asdict()
        else:
            try:
                answer = functions.call(self.aws, request.tok, arguments)
            except (SandboxError, ClientError, BotoCoreError) as error:
                raise SandboxError(f"{request.tok}: {one_line(error)}") from error
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(answer))
        return response

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """Refused: the sandbox looks nothing up that it did not create."""
        raise SandboxError(f"{request.type} {request.name!r}: the sandbox cannot read resources that exist already")

    def ExistsResource(self, request: Any) -> Any:  # noqa: N802
        """Refused, as ReadResource is."""
        raise SandboxError(f"{request.type}: the sandbox cannot look for resources that exist already")

    def RegisterStackTransform(self, request: Any) -> Any:  # noqa: N802, ARG002
        """Refused: a transform that does not run would deploy something else."""
        raise SandboxError("the sandbox does not run transforms")

    RegisterStackInvokeTransform = RegisterStackTransform

    def RegisterResourceHook(self, request: Any) -> Any:  # noqa: N802, ARG002
        """Refused: a hook that does not run would be missed."""
        raise SandboxError("the sandbox does not run resource hooks")

    RegisterErrorHook = RegisterResourceHook

    def _claim(self, urn: str) -> None:
        with self._lock:
            if urn in self._urns:
                raise SandboxError(f"duplicate resource URN {urn!r}; give each resource of a type its own name")
            self._urns.add(urn)

    def _is_left_out(self, request: Any) -> bool:
        """Whether something that this resource needs has failed, which is recorded already."""
        needed = {request.parent, *request.dependencies}
        return bool(needed & self._failed)

    def _fail(self, urn: str) -> Any:
        self._failed.add(urn)
        return resource_pb2.RegisterResourceResponse(urn=urn, result=resource_pb2.Result.FAIL)

    def _record(self, token: str, name: str, error: Exception) -> None:
        self.errors.append(f"{token} {name!r}: {one_line(error)}")

    def _create(
        self,
        urn: str,
        token: str,
        name: str,
        inputs: dict[str, Any],
        protect: bool = False,
        retain_on_delete: bool = False,
    ) -> Registered:
        handler = handler_for(token)
        checked = handler.check(inputs, name, self._seed + urn.encode())
        resource_id, outputs = handler.create(self.aws, checked)
        resource = Resource(urn, token, name, resource_id, checked, outputs, protect, retain_on_delete)
        with self._lock:
            self.created.append(resource)
            self.resources[urn] = mocks.MockMonitor.ResourceRegistration(urn, resource_id, outputs)
        return Registered(urn, resource_id, outputs)

    def _construct(self, urn: str, request: Any, inputs: dict[str, Any]) -> Any:
        """Make a component of another package, all its resources before the answer."""
        if request.type not in COMPONENTS:
            raise SandboxError(f"the sandbox has no component {request.type}; it has {', '.join(sorted(COMPONENTS))}")

        def register(
            token: str,
            name: str,
            inputs: dict[str, Any],
            *,
            parent: str | None,
            depends_on: Sequence[Registered] = (),  # noqa: ARG001 (each is made before the call returns)
        ) -> Registered:
            child = self.make_urn(parent or "", token, name)
            try:
                self._claim(child)
                # A child has these two options from its parent, so what a component makes without a parent has neither.
                inherits = parent is not None
                protect, retain = inherits and request.protect, inherits and request.retainOnDelete
                return self._create(child, token, name, inputs, protect, retain)
            except (SandboxError, ClientError, BotoCoreError) as error:
                raise SandboxError(f"{token} {name!r}: {one_line(error)}") from error

        component = Component(request.name, urn, register, partial(functions.call, self.aws))
        outputs = COMPONENTS[request.type](component, inputs)
        values = {name: output.value for name, output in outputs.items()}
        return resource_pb2.RegisterResourceResponse(urn=urn, object=to_struct(values))


def one_line(error: BaseException) -> str:
    """What went wrong, on one line; for a refusal by AWS the operation, AWS's error code and what it said."""
    if isinstance(error, ClientError):
        refusal = error.response.get("Error", {})
        return f"{error.operation_name}: {refusal.get('Code', 'Unknown')}: {refusal.get('Message', error)}"
    return "; ".join(_lines(str(error)))


def _lines(text: str) -> Iterable[str]:
    return (line.strip() for line in text.splitlines() if line.strip())


def _refuse_options(request: Any) -> None:
    """Refuse the resource options that would change what is deployed and have no effect here."""
    refused = {
        "import_": request.importId,
        "transforms": request.transforms,
        "provider": request.provider,
        "providers": request.providers,
    }
    for option, value in refused.items():
        if value:
            raise SandboxError(f"the sandbox does not know the resource option {option!r}")
