"""pulumi-language-python, in Python: `python -m sandbox.engine.language_host ENGINE_ADDRESS`, started by the engine.

It runs the program's `__main__.py` in this process with the SDK's own server. Whoever installed Pulumi has its own
language host; this one is for a CLI that was built alone.
"""

from __future__ import annotations

import os
import runpy
import sys
from functools import partial
from pathlib import Path
from typing import Any

from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from sandbox.engine.service import serve

PROGRAM = "__main__.py"


class LanguageHost(LanguageServer):
    """The LanguageRuntime service for one program, with what the SDK's server leaves to Pulumi's own host.

    https://github.com/pulumi/pulumi/blob/master/proto/pulumi/language.proto
    """

    def __init__(self, engine_address: str) -> None:
        super().__init__(lambda: None)
        self._engine_address = engine_address

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Nothing is agreed upon."""
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Say that this is no release of Pulumi's."""
        return plugin_pb2.PluginInfo(version="0.0.0")

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Nothing is asked of the person."""
        return language_pb2.RuntimeOptionsResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Nothing is installed: the program runs with the Python that runs this."""
        return iter(())

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Run the program, in its folder and with that first on the module path."""
        folder = Path(request.info.program_directory)
        program = folder / request.info.entry_point
        if program.is_dir():
            program /= PROGRAM
        os.chdir(request.pwd or folder)
        sys.path.insert(0, str(program.parent))
        if not request.args:
            # Where the SDK's server looks for the engine.
            request.args.append(self._engine_address)
        self.program = partial(_run, program)
        answer = super().Run(request, context)
        # What went wrong is logged by now: the engine would tell it a second time.
        return language_pb2.RunResponse(bail=True) if answer.error else answer


def _run(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


def main() -> None:
    """Serve the engine whose address is the first argument that is no option."""
    address = next(argument for argument in sys.argv[1:] if not argument.startswith("-"))
    serve(partial(language_pb2_grpc.add_LanguageRuntimeServicer_to_server, LanguageHost(address)), str)


if __name__ == "__main__":
    main()
