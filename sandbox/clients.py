"""boto3 clients of the local AWS, and the service models that they are made from."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boto3.session import Session

# Making clients of a session is not thread-safe.
_lock = threading.Lock()


def new_client(service: str, endpoint: str, region: str, credentials: tuple[str, str, str | None]) -> Any:
    """A boto3 client that asks `endpoint` and does not retry.

    Args:
        service: boto3's name of the service.
        endpoint: `http://127.0.0.1:PORT`.
        region: the region it signs for.
        credentials: access key, secret key, session token.
    """
    from botocore.config import Config

    access_key, secret_key, session_token = credentials
    with _lock:
        return _session().client(
            service,
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            aws_session_token=session_token,
            config=Config(
                retries={"total_max_attempts": 1},
                # None, whatever the environment says: who knows what a proxy reaches.
                proxies={},
                # A Lambda function may take fifteen minutes to answer.
                read_timeout=960,
                max_pool_connections=50,
                # Presigned URLs otherwise carry the old signature, which the sandbox does not accept.
                signature_version="s3v4" if service == "s3" else None,
            ),
        )


def service_data(service: str) -> dict[str, Any]:
    """The document that describes a service, by boto3's name; raises botocore's UnknownServiceError.

    It is the one that the clients are made from, read once: EC2's alone takes a quarter of a second.
    """
    with _lock:
        loader = _session()._session.get_component("data_loader")
        # As the clients ask for it, or it would be kept apart.
        return loader.load_service_model(service, "service-2", api_version=None)


@cache
def service_model(service: str) -> Any:
    """botocore's ServiceModel of `service_data`, Any because type checkers do not see through its attributes."""
    from botocore.model import ServiceModel

    return ServiceModel(service_data(service), service)


@cache
def _session() -> Session:
    """One for all, because it keeps the models it has read."""
    from boto3.session import Session

    return Session()
