"""A PULUMI_HOME that holds the sandbox's plugins, and the environment that leads `pulumi` to it and to the sandbox."""

from __future__ import annotations

import json
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from sandbox.errors import SandboxError
from spec.stack_file import PROJECT_FILE, stack_file

HERE = Path(__file__).resolve().parents[2]
# Where `make engine` puts the CLI that it builds.
BUILT_CLI_FOLDER = HERE / ".engine"
SECONDS_TO_CREATE_A_STACK = 60


@dataclass(frozen=True)
class Installation:
    """A Pulumi of the sandbox's own in a folder: a home with the plugins, a state, no stack yet.

    cli: the `pulumi` to run.
    environment: what has to be set for it, beside the sandbox's AWS variables; the state's passphrase is among it.
    """

    cli: Path
    environment: dict[str, str]


def find_cli() -> Path | None:
    """The Pulumi CLI: the one on PATH, else the one that `make engine` built; None where there is neither."""
    found = shutil.which("pulumi") or shutil.which("pulumi", path=str(BUILT_CLI_FOLDER))
    return Path(found) if found else None


def install(folder: Path, cli: Path) -> Installation:
    """Fill `folder`, which should not outlive the sandbox that its state tells of.

    The plugins stand there under the versions of the SDK's packages, so that the engine takes them for those it needs.
    """
    home, state = folder / "home", folder / "state"
    state.mkdir(parents=True)
    for package, version in _packages():
        plugin = home / "plugins" / f"resource-{package}-v{version}" / f"pulumi-resource-{package}"
        _write_command(plugin, f"sandbox.engine.plugin {package}")
    if not (cli.resolve().parent / "pulumi-language-python").exists() or cli.parent == BUILT_CLI_FOLDER:
        # Beside the CLI, where it looks first: from anywhere else it would warn.
        _write_command(cli.parent / "pulumi-language-python", "sandbox.engine.language_host")
    return Installation(
        cli,
        {
            "PULUMI_HOME": str(home),
            "PULUMI_BACKEND_URL": state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": secrets.token_urlsafe(16),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # The real plugins are of no use here, and would be large.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # As in the sandbox's own deployments: the text of an Output is a mistake, not a value.
            "PULUMI_ERROR_OUTPUT_STRING": "true",
        },
    )


def create_stacks(
    installation: Installation, root: Path, stacks: Sequence[str], folder: Path, environment: dict[str, str]
) -> None:
    """Create stacks of the project in `root` in the installation's state, with nothing in them.

    In `folder`, on copies: the command would write into the stacks' files. Raises SandboxError with what it said.
    """
    folder.mkdir()
    shutil.copy(root / PROJECT_FILE, folder)
    for stack in stacks:
        shutil.copy(root / stack_file(stack), folder)
        ended = subprocess.run(
            [str(installation.cli), "stack", "init", stack, "--non-interactive", "--no-select"],
            cwd=folder,
            env={**environment, **installation.environment},
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_CREATE_A_STACK,
            check=False,
        )
        if ended.returncode:
            raise SandboxError(f"pulumi stack init {stack}: {' '.join(ended.stderr.split())}")


def _packages() -> Iterator[tuple[str, str]]:
    """The provider packages that are installed: name and version of the plugin that each asks for.

    https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/ calls the file pulumi-plugin.json.
    """
    for distribution in distributions():
        for file in distribution.files or ():
            if file.name == "pulumi-plugin.json":
                plugin = json.loads(file.read_text())
                yield plugin["name"], plugin["version"]


def _write_command(path: Path, module: str) -> None:
    """An executable that runs a module of the sandbox with the Python and the code that run this."""
    path.parent.mkdir(parents=True, exist_ok=True)
    python, here = shlex.quote(sys.executable), shlex.quote(str(HERE))
    text = f'#!/bin/sh\nPYTHONPATH={here} exec {python} -m {module} "$@"\n'
    new = path.with_suffix(f".{secrets.token_hex(4)}")
    new.write_text(text)
    new.chmod(0o755)
    # At once, because another sandbox may be about to run it.
    new.replace(path)
