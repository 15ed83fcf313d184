import json
from pathlib import Path

import pytest
import yaml

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


def test_what_must_be_in_a_cluster_is_printed_for_kubectl(longhaul: Longhaul, project: Path) -> None:
    where = "overlap: allow, runOn: {kind: kubernetes, cluster: analytics, namespace: batch}"
    (project / "Pulumi.eks.yaml").write_text(f"config:\n  longhaul:jobs:\n    hello: {{{where}}}\n")

    printed = longhaul("render", "hello", "--stack", "eks", "--document", "kubernetes").stdout

    # kubectl takes YAML of several documents, each an object.
    objects = list(yaml.safe_load_all(printed))
    assert [one["kind"] for one in objects] == ["ServiceAccount", "Role", "RoleBinding"]
    assert {one["metadata"]["namespace"] for one in objects} == {"batch"}


@pytest.mark.parametrize(
    ("run_on", "document", "expected"),
    [
        ("fargate", "kubernetes", "state-machine, task-definition, policies or trigger"),
        ("fargate", "function", "state-machine, task-definition, policies or trigger"),
        ("task", "state-machine", "task-definition, policies or trigger"),
        ("lambda", "task-definition", "state-machine, function, policies or trigger"),
    ],
)
def test_what_a_job_has_not_where_it_runs_is_refused_with_what_it_has(
    longhaul: Longhaul, project: Path, run_on: str, document: str, expected: str
) -> None:
    job = f"overlap: allow, schedule: rate(1 day), timeout: 5m, runOn: {run_on}"
    (project / "Pulumi.else.yaml").write_text(f"config:\n  longhaul:jobs:\n    hello: {{{job}}}\n")

    refused = longhaul("render", "hello", "--stack", "else", "--document", document)

    assert refused.returncode == 2
    said = " ".join(refused.stderr.split())
    assert f"expected {expected} of hello, which has runOn: {run_on}, found {document}" in said


def test_a_function_alone_is_printed(longhaul: Longhaul, project: Path) -> None:
    (project / "Pulumi.fn.yaml").write_text("config:\n  longhaul:jobs:\n    hello: {timeout: 5m, runOn: lambda}\n")
    printed = longhaul("render", "hello", "--stack", "fn", "--document", "function").stdout
    assert json.loads(printed)["FunctionName"] == "acme-fn-hello"
