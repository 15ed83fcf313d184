"""The clusters of one local AWS."""

from __future__ import annotations

import base64
import hashlib
import threading
from typing import TYPE_CHECKING, Any

from sandbox.errors import SandboxError
from sandbox.kubernetes.cluster import Cluster
from sandbox.processes import Processes

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

# In standard support: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
_VERSION = "1.33"


class Clusters:
    """Adds clusters, and finds them; once the local AWS is started."""

    def __init__(self, aws: LocalAws) -> None:
        self._aws = aws
        self._processes = Processes()
        self._lock = threading.Lock()
        self._clusters: dict[str, Cluster] = {}

    def add_cluster(self, name: str, *, version: str = _VERSION, is_public: bool = True) -> Cluster:
        """Have a cluster that EKS tells of from now on.

        Args:
            name: the cluster's.
            version: of Kubernetes, whose published schemas hold for what is sent to it.
            is_public: whether its API server can be reached from outside of its VPC, as Step Functions needs it.

        Raises:
            SandboxError: there is one of this name.
        """
        from ministack.core.responses import request_scope
        from ministack.services import eks

        with self._lock:
            if name in self._clusters:
                raise SandboxError(f"there is a cluster {name} already")
            record = self._record(name, version, is_public=is_public)
            with request_scope(self._aws.account, self._aws.region):
                eks._clusters[name] = record
            self._clusters[name] = Cluster(self._aws, self._processes, record)
            return self._clusters[name]

    def apply(self, name: str, text: str) -> None:
        """Apply a YAML text to a cluster; see Objects.apply. Raises KeyError if there is no such cluster."""
        self._clusters[name].objects.apply(text)

    def find(self, name: str) -> Cluster | None:
        """The cluster of that name; None if there is none."""
        return self._clusters.get(name)

    def close(self) -> None:
        """Kill every process of every Pod and start no more."""
        self._processes.kill_all()
        for cluster in self._clusters.values():
            cluster.delete_all()

    def _record(self, name: str, version: str, *, is_public: bool) -> dict[str, Any]:
        """A cluster as DescribeCluster tells of it.

        https://docs.aws.amazon.com/eks/latest/APIReference/API_Cluster.html
        """
        aws = self._aws
        identity = hashlib.sha256(name.encode()).hexdigest()[:32].upper()
        certificate = f"-----BEGIN CERTIFICATE-----\n{identity}\n-----END CERTIFICATE-----\n"
        return {
            "name": name,
            "arn": f"arn:aws:eks:{aws.region}:{aws.account}:cluster/{name}",
            "createdAt": int(aws.clock.now()),
            "version": version,
            "endpoint": f"https://{identity}.gr7.{aws.region}.eks.amazonaws.com",
            "roleArn": f"arn:aws:iam::{aws.account}:role/{name}-cluster",
            "resourcesVpcConfig": {
                "subnetIds": [],
                "securityGroupIds": [],
                "endpointPublicAccess": is_public,
                "endpointPrivateAccess": not is_public,
                "publicAccessCidrs": ["0.0.0.0/0"] if is_public else [],
            },
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.100.0.0/16", "ipFamily": "ipv4"},
            "status": "ACTIVE",
            "certificateAuthority": {"data": base64.b64encode(certificate.encode()).decode()},
            "platformVersion": "eks.1",
            "tags": {},
            "accessConfig": {"authenticationMode": "API"},
        }
