"""The wheels that pip takes for Lambda's platform."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.tags import platform_tags

from components.lambda_zip import PackError, pack
from components.lambda_zip.packages import platforms
from tests.components.lambda_zip.conftest import PLACE, MakeJob, names_in, write_wheel

TAKEN = {
    "x86_64": (
        "cp313-cp313-manylinux_2_34_x86_64",
        "cp313-cp313-manylinux_2_28_x86_64",
        "cp313-cp313-manylinux2014_x86_64",
        "cp39-abi3-manylinux_2_17_x86_64",
    ),
    "arm64": ("cp313-cp313-manylinux_2_28_aarch64", "cp313-cp313-manylinux2014_aarch64"),
}
REFUSED = {
    "x86_64": (
        "cp313-cp313-manylinux_2_35_x86_64",
        "cp312-cp312-manylinux_2_28_x86_64",
        "cp313-cp313-manylinux_2_28_aarch64",
        "cp313-cp313-musllinux_1_2_x86_64",
    ),
    "arm64": ("cp313-cp313-manylinux_2_28_x86_64", "cp313-cp313-manylinux_2_35_aarch64"),
}


@pytest.mark.parametrize("architecture", TAKEN)
def test_wheels_are_those_of_lambda_not_of_this_machine(make_job: MakeJob, wheels: Path, architecture: str) -> None:
    names = [f"fast{number}" for number in range(len(TAKEN[architecture]))]
    for name, tag in zip(names, TAKEN[architecture], strict=True):
        write_wheel(wheels, name, "1.0", {f"{name}.py": ""}, tag=tag)

    packed = names_in(pack(make_job(*names, more=f"architecture: {architecture}"), PLACE))

    assert {f"{name}.py" for name in names} <= set(packed)


@pytest.mark.parametrize("architecture", REFUSED)
def test_wheels_of_other_machines_are_refused(make_job: MakeJob, wheels: Path, architecture: str) -> None:
    for tag in REFUSED[architecture]:
        write_wheel(wheels, "fast", "1.0", {"fast.py": ""}, tag=tag)

    with pytest.raises(PackError, match="No matching distribution found for fast"):
        pack(make_job("fast", more=f"architecture: {architecture}"), PLACE)


def test_the_tags_are_those_that_the_makers_of_wheels_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """`packaging` tells which tags a machine takes, if it is told that its glibc is that of Amazon Linux 2023."""
    from packaging import _manylinux

    monkeypatch.setattr(_manylinux, "_get_glibc_version", lambda: (2, 34))
    monkeypatch.setattr(_manylinux, "_have_compatible_abi", lambda *_: True)
    monkeypatch.setattr("sysconfig.get_platform", lambda: "linux-x86_64")
    monkeypatch.setattr("platform.system", lambda: "Linux")

    assert platforms("3.13", "x86_64") == [tag for tag in platform_tags() if not tag.startswith("linux")]


def test_an_older_python_is_on_an_older_amazon_linux() -> None:
    assert platforms("3.11", "x86_64")[0] == "manylinux_2_26_x86_64"
    assert platforms("3.12", "arm64")[0] == "manylinux_2_34_aarch64"
    assert platforms("3.12", "arm64")[-1] == "manylinux2014_aarch64"
