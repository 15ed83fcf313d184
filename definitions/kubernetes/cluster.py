"""An EKS cluster, as far as whoever calls its API must know it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class EksCluster:
    """Where a cluster's API is.

    Attributes:
        endpoint: the URL of its API server, which must be open to the public: Step Functions calls it from outside.
        certificate_authority: the certificate by which that is known, in base64.
    """

    endpoint: str
    certificate_authority: str
