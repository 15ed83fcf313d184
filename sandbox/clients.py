"""boto3 clients of the local AWS."""

from __future__ import annotations

import threading
from typing import Any

_lock = threading.Lock()
_session: Any = None


def new_client(service: str, endpoint: str, region: str, credentials: tuple[str, str, str | None]) -> Any:
    """A boto3 client that asks `endpoint` and does not retry.

    Args:
        service: boto3's name of the service.
        endpoint: `http://127.0.0.1:PORT`.
        region: the region it signs for.
        credentials: access key, secret key, session token.
    """
    global _session
    from boto3.session import Session
    from botocore.config import Config

    access_key, secret_key, session_token = credentials
    # One session, because it keeps the service models it has read; making clients of it is not thread-safe.
    with _lock:
        if _session is None:
            _session = Session()
        return _session.client(
            service,
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            aws_session_token=session_token,
            config=Config(
                retries={"total_max_attempts": 1},
                # A Lambda function may take fifteen minutes to answer.
                read_timeout=960,
                max_pool_connections=50,
                # Presigned URLs otherwise carry the old signature, which the sandbox does not accept.
                signature_version="s3v4" if service == "s3" else None,
            ),
        )
