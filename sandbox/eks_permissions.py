"""What a call of EKS is checked on: the resource that it is about, and what of its request conditions may ask for.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from ministack.services import eks

_OF_A_CLUSTER = 3
"""As many parts has `clusters/NAME/access-entries`, of all of them; one more has that of a single one."""


def resource(path: str, region: str, account: str) -> str | None:
    """The ARN of what a call is about, by its path; None if it is about nothing that has one."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "tags":
        return unquote("/".join(parts[1:]))
    if parts[0] != "clusters" or len(parts) == 1:
        return None
    if len(parts) > _OF_A_CLUSTER:
        name, kind, of_it = parts[1], parts[2], "/".join(parts[3:])
        if kind == "access-entries":
            entry = eks._access_entries.get(eks._ae_key(name, of_it), {})
            # Of none the last part is unknown, and AWS asks about any.
            none = f"arn:aws:eks:{region}:{account}:access-entry/{name}/{whose(of_it)}/*"
            return entry.get("accessEntryArn", none)
        if kind == "pod-identity-associations":
            return eks._pod_identity_association_arn(name, of_it)
    return f"arn:aws:eks:{region}:{account}:cluster/{parts[1]}"


def whose(principal_arn: str) -> str:
    """What the ARN of an access entry says of its principal: kind, account and name, as `role/123456789012/states`."""
    account, _, resource = principal_arn.rpartition("::")[2].partition(":")
    kind, _, name = resource.partition("/")
    return f"{kind}/{account}/{name.rpartition('/')[2]}"


def context(action: str, body: bytes) -> dict[str, Any]:
    """The condition keys of EKS's own that a call has."""
    if action != "CreateAccessEntry":
        return {}
    request = json.loads(body)
    keys = {
        "eks:principalArn": request.get("principalArn"),
        "eks:kubernetesGroups": request.get("kubernetesGroups"),
        "eks:accessEntryType": request.get("type"),
        "eks:username": request.get("username"),
    }
    return {key.lower(): value for key, value in keys.items() if value}
