"""The documents of some jobs, as files to read and to review: a change of any of them shows in a diff.

`LONGHAUL_UPDATE_GOLDEN=1 pytest tests/definitions/test_golden.py` writes them anew.
"""

import json
import os
from pathlib import Path

import pytest

from definitions.render import documents
from tests.definitions.golden_jobs import JOBS, stack_of
from tests.definitions.validators import document_problems

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("LONGHAUL_UPDATE_GOLDEN") == "1"
RUNS_AS = {"lambda": "function", "kubernetes": "kubernetes"}


def documents_of(name: str) -> tuple[str, ...]:
    """The names of a job's documents."""
    kind = JOBS[name].run_on.kind
    machine = () if kind == "task" else ("state-machine",)
    return (*machine, RUNS_AS.get(kind, "task-definition"), "policies", "trigger")


@pytest.mark.parametrize(("name", "document"), [(name, document) for name in JOBS for document in documents_of(name)])
def test_a_document_is_as_it_was_reviewed(name: str, document: str) -> None:
    path = GOLDEN / f"{name}.{document}.json"
    rendered = documents(JOBS[name], stack_of(JOBS[name]))[document]
    if UPDATE:
        path.write_text(json.dumps(rendered, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    assert rendered == json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", JOBS)
def test_no_validator_objects_to_a_golden_document(name: str) -> None:
    read = {
        document: json.loads((GOLDEN / f"{name}.{document}.json").read_text("utf-8")) for document in documents_of(name)
    }

    assert document_problems(read) == []


def test_there_is_no_golden_file_without_a_job() -> None:
    expected = {f"{name}.{document}.json" for name in JOBS for document in documents_of(name)}

    assert {path.name for path in GOLDEN.iterdir()} == expected
