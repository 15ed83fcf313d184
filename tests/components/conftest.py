"""Runs the program on a monitor that records every resource it is asked for and answers like the AWS provider."""

import asyncio
import contextlib
import contextvars
import json
import runpy
import shutil
import textwrap
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format, struct_pb2
from pulumi.runtime import config, mocks, rpc, settings, stack
from pulumi.runtime.proto import engine_pb2, resource_pb2

from tests.components.lambda_image.runtime_api import RuntimeApi
from tests.components.provider_answers import ANSWERS, FUNCTIONS

ROOT = Path(__file__).parents[2]
# A program that waits for itself would never end.
RUN_SECONDS = 120
PLAIN_DOCKERFILE = """\
FROM python:3.13-slim
ENV LEVEL=debug COLOR=no
WORKDIR /app
COPY main.py .
ENTRYPOINT ["python", "main.py"]
"""


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource as the program asked for it, and what it got to know about it afterwards."""

    urn: str
    type: str
    name: str
    parent: str
    inputs: Mapping[str, Any]
    dependencies: frozenset[str]
    id: str
    outputs: Mapping[str, Any]
    retain_on_delete: bool
    delete_before_replace: bool

    def document(self, name: str) -> Any:
        """The JSON document in the input `name`."""
        return json.loads(self.inputs[name])


@dataclass
class Deployment:
    """All that one run of the program asked the engine for."""

    resources: list[Resource] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def all(self, type_: str) -> list[Resource]:
        """The resources of a type, given as `ecs/cluster:Cluster` or in full, in the order of their names.

        They are asked for in no order that a test could expect: what waits for nothing of the other may come first.
        """
        return sorted(
            (one for one in self.resources if one.type in (type_, f"aws:{type_}")), key=lambda one: (one.name, one.urn)
        )

    def one(self, type_: str, name: str | None = None) -> Resource:
        """The only resource of that type, or of that type and logical name."""
        found = [one for one in self.all(type_) if name in (None, one.name)]
        assert len(found) == 1, f"{len(found)} resources {type_} {name}: {[one.name for one in self.all(type_)]}"
        return found[0]

    def policy_of(self, role: Resource) -> dict[str, Any]:
        """The only policy that a role holds."""
        (policy,) = [one for one in self.all("iam/rolePolicy:RolePolicy") if one.inputs["role"] == role.id]
        return policy.document("policy")

    def children(self, parent: Resource) -> list[Resource]:
        """The resources that belong to a component, directly or not."""
        direct = [one for one in self.resources if one.parent == parent.urn]
        return direct + [below for child in direct for below in self.children(child)]


class RecordingMonitor(mocks.MockMonitor):
    """Pulumi's mock monitor, which hides parents and dependencies from Mocks, with all of a request kept."""

    def __init__(self, *, preview: bool) -> None:
        super().__init__(mocks=None)  # pyright: ignore[reportArgumentType]
        self.deployment = Deployment()
        self._preview = preview

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        answer = resource_pb2.ResourceInvokeResponse()
        getattr(answer, "return").update(FUNCTIONS[request.tok])
        return answer

    def RegisterResource(  # noqa: N802
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = _plain_values(json_format.MessageToDict(request.object))
        resource_id, outputs = "", {}
        if request.custom or request.remote:
            resource_id, outputs = ANSWERS[request.type](request.name, inputs)
            if self._preview:
                resource_id, outputs = "", dict.fromkeys(outputs, rpc.UNKNOWN)
        self.deployment.resources.append(
            Resource(
                urn=urn,
                type=request.type,
                name=request.name,
                parent=request.parent,
                inputs=inputs,
                dependencies=frozenset(request.dependencies),
                id=resource_id,
                outputs=outputs,
                retain_on_delete=request.retainOnDelete,
                delete_before_replace=request.deleteBeforeReplace,
            )
        )
        # A remote component must not answer its inputs: awsx's Vpc has two `natGateways` of two types, one in, one out.
        answer = outputs if request.remote else {**inputs, **outputs}
        return resource_pb2.RegisterResourceResponse(urn=urn, id=resource_id, object=_struct(answer))

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Any:  # noqa: N802
        if request.urn.split("::")[2] == "pulumi:pulumi:Stack":
            self.deployment.exports.update(_plain_values(json_format.MessageToDict(request.outputs)))
        return super().RegisterResourceOutputs(request)


class ComplainingEngine(mocks.MockEngine):
    """Keeps warnings and errors."""

    def __init__(self, complaints: list[str]) -> None:
        super().__init__(None)
        self._complaints = complaints

    def Log(self, request: engine_pb2.LogRequest) -> None:  # noqa: N802
        if request.severity in (engine_pb2.WARNING, engine_pb2.ERROR):
            self._complaints.append(request.message)


def _struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def _plain_values(value: Any) -> Any:
    """Numbers arrive as floats."""
    if isinstance(value, dict):
        return {key: _plain_values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain_values(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def read_configuration(project: Path, stack_name: str) -> dict[str, str]:
    """The stack file's configuration as the engine gives it to a program: text, and JSON for what is not."""
    values = yaml.safe_load((project / f"Pulumi.{stack_name}.yaml").read_text())["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def run_program(project: Path, stack_name: str, *, preview: bool = False) -> Deployment:
    """Run the program in the folder `project`, as `pulumi up` or `pulumi preview` would for that stack."""
    monitor = RecordingMonitor(preview=preview)

    def run() -> None:
        config.set_all_config(read_configuration(project, stack_name))
        settings.ROOT.set(None)
        # Of what a program leaves unfinished; the SDK's mocks go on with the set of whoever ran before.
        settings.SETTINGS.outputs = set()  # type: ignore[assignment]
        settings.configure(
            mocks.MockSettings(
                monitor=monitor,
                monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),
                engine=ComplainingEngine(monitor.deployment.complaints),
                project=yaml.safe_load((project / "Pulumi.yaml").read_text())["name"],
                stack=stack_name,
                dry_run=preview,
                organization="organization",
                callbacks=None,
            )
        )

        async def program() -> None:
            # Pulumi's language host gives a program its folder as the working directory.
            with contextlib.chdir(project):
                runpy.run_path(str(project / "__main__.py"), run_name="__main__")

        with ThreadPoolExecutor(1) as executor, closing(asyncio.new_event_loop()) as loop:
            loop.set_default_executor(executor)
            loop.run_until_complete(asyncio.wait_for(stack.run_in_stack(program), RUN_SECONDS))

    # Pulumi keeps its state in context variables: a copy of the context leaves nothing behind for the next run.
    contextvars.copy_context().run(run)
    return monitor.deployment


@pytest.fixture(autouse=True)
def _refuse_outputs_in_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Formatting an Output raises, where Pulumi would put an explanation into the text and go on."""
    monkeypatch.setenv("PULUMI_ERROR_OUTPUT_STRING", "1")


@cache
def repository_stack(stack_name: str, *, preview: bool = False) -> Deployment:
    """A stack of this repository as it is; run once, so nothing may change it."""
    return run_program(ROOT, stack_name, preview=preview)


def write_project(folder: Path, *configuration: str) -> None:
    """A project with this repository's program, folders `code` and `plain` with Dockerfiles, and a stack `test`.

    The pieces of `configuration` are what stands under `config:` in the stack's file.
    """
    shutil.copy(ROOT / "__main__.py", folder)
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    (folder / "code").mkdir()
    (folder / "code" / "Dockerfile").write_text("FROM scratch\n")
    (folder / "plain").mkdir()
    (folder / "plain" / "Dockerfile").write_text(PLAIN_DOCKERFILE)
    (folder / "plain" / "main.py").write_text("print('done')\n")
    text = "\n".join(textwrap.dedent(piece).strip("\n") for piece in configuration)
    (folder / "Pulumi.test.yaml").write_text("config:\n" + textwrap.indent(text, "  "))


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    api = RuntimeApi()
    yield api
    api.close()


@pytest.fixture
def deploy(tmp_path: Path) -> Callable[..., Deployment]:
    """Run the program on a stack written in the test, `deploy(*configuration)`: see `write_project`."""

    def run(*configuration: str) -> Deployment:
        write_project(tmp_path, *configuration)
        return run_program(tmp_path, "test")

    return run
