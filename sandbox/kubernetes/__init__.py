"""EKS clusters that were there before any stack, and the part of Kubernetes that Step Functions asks of them.

    aws.kubernetes.add_cluster("analytics")
    aws.kubernetes.apply("analytics", Path("rbac.yaml").read_text())

No Kubernetes runs: a Job's Pods are local processes. What this proves is how a Job's document, its rights and each of
its outcomes are dealt with, and nothing about a node, a network or an image.
"""

from sandbox.kubernetes.clusters import Clusters

__all__ = ["Clusters"]
