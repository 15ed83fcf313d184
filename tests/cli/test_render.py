import json

import pytest

from tests.cli.conftest import Longhaul


def test_all_documents_of_a_job_are_json(longhaul: Longhaul) -> None:
    rendered = longhaul("render", "hello", "--stack", "dev")
    assert rendered.returncode == 0
    assert set(json.loads(rendered.stdout)) == {"state-machine", "task-definition", "policies", "trigger"}


@pytest.mark.parametrize(
    ("document", "key"), [("state-machine", "StartAt"), ("task-definition", "containerDefinitions")]
)
def test_one_document_alone(longhaul: Longhaul, document: str, key: str) -> None:
    assert key in json.loads(longhaul("render", "hello", "--stack", "dev", "--document", document).stdout)


def test_an_unknown_job_gets_the_nearest(longhaul: Longhaul) -> None:
    refused = longhaul("render", "helo", "--stack", "dev")
    assert refused.returncode == 2
    assert "did you mean hello?" in refused.stderr


@pytest.mark.parametrize("subject", ["job", "stack"])
def test_the_schemas_are_json_schemas(longhaul: Longhaul, subject: str) -> None:
    assert json.loads(longhaul("schema", subject).stdout)["$schema"].startswith("https://json-schema.org/")
