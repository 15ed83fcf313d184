"""The API of Service Quotas, which MiniStack does not have.

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/Welcome.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import iam_actions, responses, router
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response

from sandbox.quotas import QUOTAS, AppliedQuotas, Quota

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

SERVICE = "servicequotas"
_TARGET = "ServiceQuotasV20190624"
_SERVICE_NAMES = {"events": "Amazon EventBridge (CloudWatch Events)", "fargate": "AWS Fargate", "lambda": "AWS Lambda"}


def install(aws: LocalAws) -> None:
    """Serve the API, each call checked for its action on `*`, as its actions know no resource."""
    router.SERVICE_PATTERNS[SERVICE] = {"target_prefixes": [_TARGET]}
    iam_actions.SERVICE_TO_IAM_NAMESPACE[SERVICE] = SERVICE
    iam_actions._DENIED_CODES[SERVICE] = "AccessDeniedException"
    responses._BOTOCORE_NAME[SERVICE] = "service-quotas"
    handlers: dict[str, Any] = app.SERVICE_HANDLERS

    async def handle(_method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: Any) -> Any:
        return answer(aws.quotas, headers.get("x-amz-target", "").rpartition(".")[2], json.loads(body or b"{}"))

    handlers[SERVICE] = handle


def answer(applied: AppliedQuotas, operation: str, request: Mapping[str, Any]) -> Any:
    """The answer to one call."""
    if operation == "ListServiceQuotas":
        return _list(applied, request)
    if operation not in ("GetServiceQuota", "GetAWSDefaultServiceQuota"):
        return error_response_json("UnsupportedOperation", f"The sandbox does not offer {operation}.", 400)
    quota = next((quota for quota in _of(request) if quota.code == request.get("QuotaCode")), None)
    if quota is None:
        return _no_such_resource()
    if operation == "GetAWSDefaultServiceQuota":
        return json_response({"Quota": _shown(quota, quota.default_in(get_region()), account="")})
    # "If the applied quota value is not available for a quota, the quota is not retrieved."
    # https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
    value = applied.value(quota)
    return _no_such_resource() if value is None else json_response({"Quota": _shown(quota, value)})


def _list(applied: AppliedQuotas, request: Mapping[str, Any]) -> Any:
    if not _of(request):
        return _no_such_resource()
    if request.get("NextToken"):
        return error_response_json("InvalidPaginationTokenException", "Invalid token.", 400)
    values = [(quota, applied.value(quota)) for quota in _of(request)]
    return json_response({"Quotas": [_shown(quota, value) for quota, value in values if value is not None]})


def _of(request: Mapping[str, Any]) -> list[Quota]:
    return [quota for quota in QUOTAS if quota.service == request.get("ServiceCode")]


def _shown(quota: Quota, value: float, account: str | None = None) -> dict[str, Any]:
    owner = get_account_id() if account is None else account
    return {
        "ServiceCode": quota.service,
        "ServiceName": _SERVICE_NAMES[quota.service],
        # AWS's defaults belong to no account.
        "QuotaArn": f"arn:aws:servicequotas:{get_region()}:{owner}:{quota.service}/{quota.code}",
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def _no_such_resource() -> Any:
    return error_response_json("NoSuchResourceException", "The request failed. The resource does not exist.", 400)
