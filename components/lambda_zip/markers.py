"""What of a job's packages pip has left out, because the Python that installs them does not need it.

pip looks at the conditions of requirements, such as `python_version >= "3.13"`, with the Python that it runs on,
whatever it installs for: https://github.com/pypa/pip/issues/11664
"""

import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from components.lambda_zip.errors import PackError
from spec.plain_python import PlainPython

MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""The architectures of functions as Linux calls them."""


def check_complete(job: str, plain: PlainPython, architecture: str, texts: Iterable[str], packages: Path) -> None:
    """Raise PackError for requirements that Lambda's Python has and this one has not, where they are not there anyway.

    Args:
        job: whose packages they are.
        plain: what its Dockerfile says.
        architecture: of its function.
        texts: the job's own requirements, as arguments of pip and lines of files.
        packages: the folder with what is installed.
    """
    there: dict[str, str] = {}
    wanted = [*texts]
    for file in packages.glob("*.dist-info/METADATA"):
        metadata = HeaderParser().parsestr(file.read_text("utf-8", errors="replace"))
        there[canonicalize_name(metadata["Name"])] = metadata["Version"]
        wanted += metadata.get_all("Requires-Dist", [])
    left_out = sorted({str(one) for one in _left_out(wanted, there, _on_lambda(plain.python, architecture))})
    if left_out:
        here = f"Python {platform.python_version()} on {sys.platform} {platform.machine()}"
        raise PackError(
            f"{job}: expected all that its packages need on {plain.runtime}, {architecture}, found without "
            f"{' and '.join(left_out)}, which pip leaves out on {here}: name it in the requirements without a condition"
        )


def _left_out(wanted: Iterable[str], there: Mapping[str, str], on_lambda: Mapping[str, str]) -> Iterator[Requirement]:
    for text in wanted:
        requirement = _requirement(text)
        if requirement is None or requirement.marker is None:
            continue
        # Of extras nothing is known: they are pip's, which has heard of them.
        needs_it = requirement.marker.evaluate({**on_lambda, "extra": ""})
        if needs_it and not requirement.marker.evaluate({"extra": ""}):
            version = there.get(canonicalize_name(requirement.name))
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                yield requirement


def _requirement(text: str) -> Requirement | None:
    """The requirement of a line, without a comment and what is said to pip alone; None for what is none."""
    try:
        return Requirement(text.partition(" #")[0].partition(" --")[0].rstrip("\\ "))
    except InvalidRequirement:
        return None


def _on_lambda(python: str, architecture: str) -> dict[str, str]:
    """https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers"""
    # Lambda has the newest patches, and which these are is not known here.
    newest = f"{python}.99"
    return {
        "implementation_name": "cpython",
        "implementation_version": newest,
        "os_name": "posix",
        "platform_machine": MACHINES[architecture],
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": newest,
        "python_version": python,
        "sys_platform": "linux",
    }
