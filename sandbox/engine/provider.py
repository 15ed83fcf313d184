"""Pulumi's ResourceProvider service over the sandbox's resource handlers.

https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf import empty_pb2
from pulumi.runtime import proto
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.engine import construct
from sandbox.errors import SandboxError
from sandbox.pulumi_monitor import one_line
from sandbox.pulumi_values import to_python, to_struct
from sandbox.resources import functions
from sandbox.resources.aws import Aws
from sandbox.resources.handler import Created, Handler, Properties, is_gone
from sandbox.resources.registry import handler_for
from sandbox.resources.unknown import has_unknown

# Where the AWS provider keeps the names of the inputs that it filled in itself.
DEFAULTS = "__defaults"
SECONDS_BETWEEN_LOOKS = 0.2
Kind = proto.PropertyDiff


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One package of the sandbox: `aws`, `awsx` or `docker-build`.

    Args:
        package: its name; the version is that of its SDK, which the engine compares.
        account: gives the AWS for the provider's settings; asked once, when the engine configures the provider.

    What goes wrong is raised: the server answers it as an error of the call.
    """

    def __init__(self, package: str, account: Callable[[Properties], Aws]) -> None:
        self._version = version(f"pulumi-{package}")
        # Components see the program's secrets before they reach a resource, and refuse them; everything else gets plain
        # values, and the engine marks the outputs that come of secret inputs.
        self._takes_secrets = package == "awsx"
        self._account = account
        self._aws: Aws | None = None

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Say what kinds of values are understood."""
        return proto.ProviderHandshakeResponse(accept_secrets=self._takes_secrets)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Say which version this stands in for."""
        return proto.PluginInfo(version=self._version)

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Take the settings as they are; Configure refuses what it does not know."""
        return proto.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Say that no setting needs resources to be replaced: there is one account in one region."""
        return proto.DiffResponse(changes=proto.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Reach the account."""
        self._aws = self._account({name: _setting(value) for name, value in to_python(request.args).items()})
        return proto.ConfigureResponse(acceptSecrets=self._takes_secrets, supportsPreview=True)

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Let what is under way end: no call takes long."""
        return empty_pb2.Empty()

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Fill in defaults and a name, and refuse what is not known. A generated name stays for the resource's life."""
        handler = _handler(request.urn)
        old, new = to_python(request.olds), to_python(request.news)
        try:
            checked = handler.check(new, _name(request.urn), request.randomSeed or request.urn.encode())
        except SandboxError as error:
            return proto.CheckResponse(inputs=request.news, failures=[proto.CheckFailure(reason=str(error))])
        name = handler.auto_named
        if name and name not in new:
            if "namePrefix" in new:
                # Unknown until it is made, as with the real provider: the name has the time in it.
                del checked[name]
            elif name in old.get(DEFAULTS, ()):
                checked[name] = old[name]
        return proto.CheckResponse(inputs=to_struct({**checked, DEFAULTS: sorted(checked.keys() - new.keys())}))

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Compare inputs with those of the last deployment, and what lies behind them with what it was then."""
        handler, old, new = _handler(request.urn), to_python(request.old_inputs), to_python(request.news)
        changed = {name for name in handler.differing(old, new) if name not in request.ignoreChanges}
        replacing = changed & handler.replacing
        outdated = set()
        if not has_unknown(new):
            made = Created(request.id, to_python(request.olds))
            outdated = handler.outdated(self._account_in_use(), made, _without_defaults(new))
        details = {name: Kind(kind=_kind(name, old, new, name in replacing), inputDiff=True) for name in changed}
        details |= {name: Kind(kind=Kind.UPDATE) for name in outdated}
        return proto.DiffResponse(
            changes=proto.DiffResponse.DIFF_SOME if details else proto.DiffResponse.DIFF_NONE,
            diffs=sorted(details),
            replaces=sorted(replacing),
            deleteBeforeReplace=bool(replacing) and _cannot_stand_side_by_side(handler, old, new),
            detailedDiff=details,
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Create the resource; a preview tells what is known of it before."""
        handler, inputs = _handler(request.urn), _without_defaults(to_python(request.properties))
        if request.preview:
            return proto.CreateResponse(properties=to_struct(inputs))
        if handler.auto_named and handler.auto_named not in inputs:
            seed = request.urn.encode()
            inputs[handler.auto_named] = handler.generated_name(inputs["namePrefix"], _name(request.urn), seed)
        made = handler.create(self._account_in_use(), inputs)
        return proto.CreateResponse(id=made.id, properties=to_struct(made.outputs))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Change the resource in place; a preview tells what it would then be."""
        handler, old = _handler(request.urn), to_python(request.olds)
        inputs = _without_defaults(to_python(request.news))
        if request.preview:
            withdrawn = to_python(request.old_inputs).keys() - inputs.keys()
            stays = {name: value for name, value in old.items() if name not in withdrawn | handler.volatile}
            return proto.UpdateResponse(properties=to_struct({**stays, **inputs}))
        if handler.auto_named and handler.auto_named not in inputs:
            inputs[handler.auto_named] = old[handler.auto_named]
        outputs = handler.update(self._account_in_use(), Created(request.id, old), inputs)
        return proto.UpdateResponse(properties=to_struct(outputs))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """What there is of it now. The inputs go with it, or a difference would be seen and never repaired."""
        handler, before, inputs = _handler(request.urn), to_python(request.properties), to_python(request.inputs)
        if not before:
            raise SandboxError(
                f"{_token(request.urn)} {request.id!r}: the sandbox imports nothing that it did not make"
            )
        outputs = handler.read(self._account_in_use(), Created(request.id, before))
        if outputs is None:
            return proto.ReadResponse(id="")
        drifted = {name for name in handler.properties if outputs.get(name) != before.get(name)}
        found = {name: outputs[name] for name in drifted & outputs.keys()}
        kept = {name: value for name, value in inputs.items() if name not in drifted}
        return proto.ReadResponse(id=request.id, properties=to_struct(outputs), inputs=to_struct({**kept, **found}))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Delete the resource, and wait until it is gone; one that is gone already is deleted."""
        handler, made = _handler(request.urn), Created(request.id, to_python(request.properties))
        try:
            handler.delete(self._account_in_use(), made)
        except ClientError as error:
            if not is_gone(error):
                raise
        _wait_until_gone(handler, self._account_in_use(), made, request.timeout or handler.seconds_to_be_gone)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Answer a function."""
        response = proto.InvokeResponse()
        answer = functions.call(self._account_in_use(), request.tok, to_python(request.args))
        getattr(response, "return").CopyFrom(to_struct(answer))
        return response

    def Construct(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Make a component of this package out of resources that it registers with the engine."""
        return construct.construct(request)

    def _account_in_use(self) -> Aws:
        if self._aws is None:
            raise SandboxError("the provider has not been configured")
        return self._aws


def in_words(error: Exception) -> str | None:
    """What went wrong, in one line; None for a mistake of the sandbox."""
    return one_line(error) if isinstance(error, (SandboxError, ClientError, BotoCoreError)) else None


def _wait_until_gone(handler: Handler, aws: Aws, made: Created, seconds: float) -> None:
    """Raises SandboxError in the words of the real provider when it is still there after so many seconds."""
    give_up, never = time.monotonic() + seconds, threading.Event()
    while state := handler.lingers(aws, made):
        if time.monotonic() >= give_up:
            raise SandboxError(
                f"waiting for {made.id} delete: timeout while waiting for resource to be gone "
                f"(last state: '{state}', timeout: {seconds:g}s)"
            )
        never.wait(SECONDS_BETWEEN_LOOKS)


def _setting(value: Any) -> Any:
    """A setting of a provider: the engine hands over lists and objects as JSON text."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        return json.loads(value)
    return value


def _token(urn: str) -> str:
    """The type, the last one of a URN's `<type of the parent>$<type>`."""
    return urn.split("::")[2].rpartition("$")[2]


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _handler(urn: str) -> Handler:
    return handler_for(_token(urn))


def _without_defaults(inputs: Properties) -> Properties:
    return {name: value for name, value in inputs.items() if name != DEFAULTS}


def _kind(name: str, old: Properties, new: Properties, replace: bool) -> Any:
    if name not in old:
        return Kind.ADD_REPLACE if replace else Kind.ADD
    if name not in new:
        return Kind.DELETE_REPLACE if replace else Kind.DELETE
    return Kind.UPDATE_REPLACE if replace else Kind.UPDATE


def _cannot_stand_side_by_side(handler: Handler, old: Properties, new: Properties) -> bool:
    """Whether old and new resource would be the same to AWS: for most types, when a person's own name stays."""
    name = handler.auto_named
    same_name = name is not None and name in new and new[name] == old.get(name) and name not in new.get(DEFAULTS, ())
    return handler.delete_before_replace or same_name
