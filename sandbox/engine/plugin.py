"""A provider plugin: `python -m sandbox.engine.plugin PACKAGE`, started by the engine.

It prints the port that it serves on, as the engine expects, and ends when the engine interrupts it or is gone.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.engine.local_account import local_account, loopback_endpoint
from sandbox.engine.provider import Provider, in_words
from sandbox.engine.service import serve
from sandbox.errors import SandboxError


def main(package: str) -> None:
    """Serve one package for the project in the working directory, which is what the engine starts plugins in."""
    try:
        loopback_endpoint(os.environ)
    except SandboxError as error:
        sys.exit(f"error: {error}")
    provider = Provider(package, partial(_account, package))
    serve(partial(provider_pb2_grpc.add_ResourceProviderServicer_to_server, provider), in_words)


def _account(package: str, settings: dict[str, Any]) -> Any:
    # awsx asks the engine for everything, and docker-build's settings are about builders.
    return local_account(os.environ, settings if package == "aws" else {}, Path.cwd())


if __name__ == "__main__":
    main(sys.argv[1])
