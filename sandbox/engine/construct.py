"""Components of awsx on the real engine: each resource inside is registered with the engine, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import grpc
from pulumi.runtime import proto
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import resource_pb2, resource_pb2_grpc

from sandbox.errors import SandboxError
from sandbox.pulumi_values import secret_names, to_python, to_struct
from sandbox.resources.awsx import COMPONENTS
from sandbox.resources.awsx.component import Component, Registered
from sandbox.resources.unknown import UNKNOWN, PreviewedOutputs, has_unknown


def construct(request: Any) -> Any:
    """The ConstructResponse to a ConstructRequest.

    Raises SandboxError for a component that is not there, for one given a secret, and where the engine gave up.
    """
    if request.type not in COMPONENTS:
        raise SandboxError(f"the sandbox has no component {request.type}; it has {', '.join(sorted(COMPONENTS))}")
    secret = ", ".join(sorted(secret_names(request.inputs)))
    if secret:
        # It would go on to the resources inside, and from there into the state, as plain text.
        raise SandboxError(f"{request.type} {request.name!r}: the sandbox takes no secret in {secret}")
    with grpc.insecure_channel(request.monitorEndpoint, options=_GRPC_CHANNEL_OPTIONS) as channel:
        return _Construction(request, resource_pb2_grpc.ResourceMonitorStub(channel)).build()


class _Construction:
    def __init__(self, request: Any, monitor: Any) -> None:
        self._request = request
        self._monitor = monitor

    def build(self) -> Any:
        request = self._request
        # Protection and retention are the engine's to hand on to the children.
        urn = self._monitor.RegisterResource(
            resource_pb2.RegisterResourceRequest(
                type=request.type,
                name=request.name,
                parent=request.parent,
                protect=request.protect,
                retainOnDelete=request.retainOnDelete,
                dependencies=request.dependencies,
                aliasURNs=request.aliases,
                acceptSecrets=True,
                acceptResources=True,
                object=to_struct({}),
            )
        ).urn
        component = Component(request.name, urn, self._register, self._invoke)
        outputs = COMPONENTS[request.type](component, to_python(request.inputs))
        # In a plan, a resource whose id is not known yet would not be the one that has it later.
        values = {name: UNKNOWN if has_unknown(output.value) else output.value for name, output in outputs.items()}
        state = to_struct(values)
        self._monitor.RegisterResourceOutputs(resource_pb2.RegisterResourceOutputsRequest(urn=urn, outputs=state))
        dependencies = {
            name: proto.ConstructResponse.PropertyDependencies(urns=[made.urn for made in output.sources])
            for name, output in outputs.items()
        }
        return proto.ConstructResponse(urn=urn, state=state, stateDependencies=dependencies)

    def _register(
        self,
        token: str,
        name: str,
        inputs: dict[str, Any],
        *,
        parent: str | None,
        depends_on: Sequence[Registered] = (),
    ) -> Registered:
        package = token.partition(":")[0]
        answer = self._monitor.RegisterResource(
            resource_pb2.RegisterResourceRequest(
                type=token,
                name=name,
                parent=parent or "",
                custom=True,
                object=to_struct({name: value for name, value in inputs.items() if value is not None}),
                dependencies=[made.urn for made in depends_on],
                provider=self._request.providers.get(package, ""),
                version=version(f"pulumi-{package}"),
                supportsPartialValues=True,
            )
        )
        if answer.result != resource_pb2.Result.SUCCESS:
            raise SandboxError(f"{token} {name!r} was not made")
        return Registered(answer.urn, answer.id or UNKNOWN, PreviewedOutputs(to_python(answer.object)))

    def _invoke(self, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        package = token.partition(":")[0]
        request = resource_pb2.ResourceInvokeRequest(
            tok=token,
            args=to_struct(arguments),
            provider=self._request.providers.get(package, ""),
            version=version(f"pulumi-{package}"),
        )
        return to_python(getattr(self._monitor.Invoke(request), "return"))
