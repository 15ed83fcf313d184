"""Which room may import which: data flows one way, and the pure rooms stay pure."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"spec", "definitions", "review", "components", "ops", "cli", "sandbox", "jobs", "bench"}
AWS = {"boto3", "botocore"}
PULUMI = {"pulumi", "pulumi_aws", "pulumi_awsx"}
MAY_IMPORT = {
    "spec": {"spec"},
    "definitions": {"spec", "definitions"},
    "review": {"spec", "definitions", "review"},
    "components": {"spec", "definitions", "components"} | PULUMI,
    "__main__.py": {"spec", "definitions", "components"} | PULUMI,
    # Of ours it knows the grammar of schedules.
    "ops": {"spec", "ops"} | AWS,
    "cli": {"spec", "definitions", "review", "ops", "sandbox", "cli"},
    # Judges by AWS's rules what was deployed; of ours it knows the grammar of schedules and what a stack is.
    "sandbox": {"spec", "sandbox"} | AWS | PULUMI,
    "jobs": AWS,
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    files = [ROOT / room] if room.endswith(".py") else sorted((ROOT / room).rglob("*.py"))
    assert files
    local = {file.stem for file in files} | {folder.name for file in files for folder in file.parents}
    foreign = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        if not file.name.startswith("test_") and file.name != "conftest.py"
        for name in imports(file)
        if name in OURS | AWS | PULUMI and name not in MAY_IMPORT[room] and not (room == "jobs" and name in local)
    }
    assert not foreign
