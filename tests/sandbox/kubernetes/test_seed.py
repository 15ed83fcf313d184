"""The clusters that a stack's jobs name are there, with what the jobs need in them."""

from __future__ import annotations

import secrets
from pathlib import Path

from sandbox.kubernetes.seed import SECRET, seed_clusters
from sandbox.local_aws import LocalAws
from spec.load import load_stack

STACK = """
config:
  aws:region: eu-west-1
  longhaul:jobs:
    scoring:
      description: Scores
      image: registry.example/scoring:1
      schedule: rate(1 day)
      cpu: 256
      memory: 512
      timeout: 1h
      overlap: allow
      secrets: {TOKEN: {from: warehouse, key: token}}
      runOn: {kind: kubernetes, cluster: CLUSTER, namespace: batch}
    other:
      description: Runs elsewhere
      image: registry.example/other:1
      schedule: rate(1 day)
      cpu: 256
      memory: 512
      timeout: 1h
"""


def test_a_cluster_has_what_the_jobs_need(local_aws: LocalAws, tmp_path: Path) -> None:
    name = f"cluster-{secrets.token_hex(6)}"
    (tmp_path / "Pulumi.yaml").write_text("name: acme\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK.replace("CLUSTER", name))
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "scoring", "namespace": "batch"}}
    jobs = load_stack(tmp_path, "dev").jobs
    before = local_aws.client("eks").list_clusters()["clusters"]
    seed_clusters(local_aws.kubernetes, jobs, {"scoring": [account]})
    # A second job in the same cluster finds it.
    seed_clusters(local_aws.kubernetes, jobs, {})
    assert set(local_aws.client("eks").list_clusters()["clusters"]) - set(before) == {name}
    cluster = local_aws.kubernetes.find(name)
    assert cluster is not None
    assert cluster.objects.find("ServiceAccount", "batch", "scoring") == account
    assert cluster.objects.secret_value("batch", "warehouse", "token") == SECRET
