"""The AWS that the provider plugins talk to: the sandbox on this machine, never another.

They stand in for the real provider under its own name and version. Whatever the environment says, and whatever
credentials are in it, they reach nothing but a loopback address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.clients import new_client
from sandbox.errors import SandboxError
from sandbox.resources.aws import Aws
from sandbox.resources.limits import enforce_limits

SETTINGS = frozenset({"region", "profile", "allowedAccountIds", "forbiddenAccountIds", "version"})


def loopback_endpoint(environment: Mapping[str, str]) -> str:
    """The sandbox's endpoint, `http://127.0.0.1:PORT`.

    Raises SandboxError for none, and for any address that is not a literal loopback address: a name may lead elsewhere.
    """
    endpoint = environment.get("AWS_ENDPOINT_URL", "")
    try:
        address = urlsplit(endpoint)
        on_this_machine = (
            address.scheme == "http"
            and address.port is not None
            and "@" not in address.netloc
            and ipaddress.ip_address(address.hostname or "").is_loopback
        )
    except ValueError:
        on_this_machine = False
    if not on_this_machine:
        raise SandboxError(
            f"AWS_ENDPOINT_URL: expected the sandbox's endpoint, such as http://127.0.0.1:4566, found {endpoint!r}: "
            "these plugins are the sandbox's and reach no AWS but the one that `./longhaul sandbox serve` starts"
        )
    return endpoint


def local_account(environment: Mapping[str, str], settings: Mapping[str, Any], root: Path) -> Aws:
    """The account at the sandbox's endpoint, for a provider with these settings (its own names: region, ...).

    Raises SandboxError for another endpoint than the sandbox's, missing credentials, settings that it does not know and
    an account or region that the settings do not allow.
    """
    endpoint = loopback_endpoint(environment)
    for name in sorted(settings.keys() - SETTINGS):
        raise SandboxError(f"aws:{name}: the sandbox does not know this setting of the provider")
    region = environment.get("AWS_REGION", "")
    if settings.get("region", region) != region:
        raise SandboxError(f"aws:region: {settings['region']}, but this AWS was started in {region}")
    keys = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if not all(keys):
        raise SandboxError("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: expected those that the sandbox printed")
    client = cache(partial(_client, endpoint, region, (*keys, None)))
    account = client("sts").get_caller_identity()["Account"]
    allowed, forbidden = settings.get("allowedAccountIds") or [account], settings.get("forbiddenAccountIds") or []
    if account not in allowed or account in forbidden:
        raise SandboxError(f"aws:allowedAccountIds: the sandbox's account {account} is not among those allowed")
    return Aws(client=client, region=region, account=account, root=root)


def _client(endpoint: str, region: str, credentials: tuple[Any, Any, None], service: str) -> Any:
    return enforce_limits(new_client(service, endpoint, region, credentials))
