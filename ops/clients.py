"""boto3's clients for whoever the environment says: credentials, profile, region and endpoint, as AWS's SDKs take them.

https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
"""

from __future__ import annotations

import os
from functools import cache

import boto3

from ops.runs import Clients


def environment_clients(region: str | None = None) -> Clients:
    """Clients in `region`; where that is None, in the region of the environment or of its profile.

    The clients raise botocore's errors where there is no region, and where there are no credentials.
    """
    # Of the two variables that name a region, boto3 reads AWS_DEFAULT_REGION only.
    return cache(boto3.Session(region_name=region or os.environ.get("AWS_REGION")).client)
