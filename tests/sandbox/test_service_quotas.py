"""What Service Quotas tells of an account.

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.local_aws import LocalAws
from tests.sandbox.conftest import policy

TASKS = "ecs-tasks.amazonaws.com"
RULES = {"ServiceCode": "events", "QuotaCode": "L-244521F2"}
VCPUS = {"ServiceCode": "fargate", "QuotaCode": "L-3032A538"}


def code_of(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["Error"]["Code"]


def test_the_defaults_are_those_that_aws_documents(local_aws: LocalAws) -> None:
    quotas = local_aws.client("service-quotas")
    rules = quotas.get_aws_default_service_quota(**RULES)["Quota"]
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
    assert (rules["QuotaName"], rules["Value"], rules["Adjustable"]) == ("Number of rules", 300.0, True)
    # https://docs.aws.amazon.com/general/latest/gr/ecs-service.html#service-quotas-fargate
    assert quotas.get_aws_default_service_quota(**VCPUS)["Quota"]["Value"] == 6.0


def test_what_was_granted_is_what_counts(local_aws: LocalAws) -> None:
    quotas = local_aws.client("service-quotas")
    assert code_of(quotas.get_service_quota, **VCPUS) == "NoSuchResourceException"
    local_aws.quotas.apply("fargate", "L-3032A538", 64)
    try:
        assert quotas.get_service_quota(**VCPUS)["Quota"]["Value"] == 64.0
        assert quotas.get_aws_default_service_quota(**VCPUS)["Quota"]["Value"] == 6.0
        listed = quotas.list_service_quotas(ServiceCode="fargate")["Quotas"]
        assert [(quota["QuotaCode"], quota["Value"]) for quota in listed] == [("L-3032A538", 64.0)]
    finally:
        local_aws.quotas.clear()
    assert code_of(quotas.get_service_quota, **VCPUS) == "NoSuchResourceException"


def test_what_there_is_not_is_refused(local_aws: LocalAws) -> None:
    quotas = local_aws.client("service-quotas")
    assert code_of(quotas.get_service_quota, ServiceCode="fargate", QuotaCode="L-0") == "NoSuchResourceException"
    assert code_of(quotas.list_service_quotas, ServiceCode="nothing") == "NoSuchResourceException"
    with pytest.raises(KeyError):
        local_aws.quotas.apply("fargate", "L-0", 1)


def test_each_call_needs_its_own_action(local_aws: LocalAws, role: Callable[..., str]) -> None:
    asks = role(TASKS, policy(("servicequotas:GetAWSDefaultServiceQuota", "*")))
    quotas = local_aws.identity.client("service-quotas", asks, TASKS)
    assert quotas.get_aws_default_service_quota(**VCPUS)["Quota"]["Value"] == 6.0
    assert code_of(quotas.get_service_quota, **VCPUS) == "AccessDeniedException"
