"""Validators that others wrote, each as a function from a document to what is wrong with it."""

import json
import re
import warnings
from functools import cache
from typing import Any

import botocore.session
import kubernetes_validate
from botocore.validate import ParamValidator
from statelint.linter import Linter

from definitions import names
from tests.definitions.kubernetes_samples import succeeded
from tests.definitions.lambda_samples import invoked
from tests.definitions.samples import task
from tests.definitions.walker import walk

with warnings.catch_warnings():
    # On import it uses an interface of setuptools that is to go.
    warnings.simplefilter("ignore")
    from parliament import analyze_policy_string

ROLE_ARN = "arn:aws:iam::123456789012:role/one"
REPOSITORY_ARN = "arn:aws:ecr:eu-west-1:123456789012:repository/one"

ACCEPTED_BY_STATELINT = {
    # Seconds may be an expression: https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
    r"State Machine(?:\.States\.[^.]+\.(?:ItemProcessor|Branches\[\d+\]))*"
    r"\.States\.[^.]+\.Seconds is \"\{% .* %\}\" but should be an Integer",
    # https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    r"Field \"Label\" not allowed in State Machine\.States\..+",
}

ACCEPTED_BY_PARLIAMENT = {
    # It knows executions of Express machines only.
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    ("RESOURCE_MISMATCH", "states:DescribeExecution"),
    # It wants a state machine and a map run in each statement; one lists the executions of either.
    ("RESOURCE_MISMATCH", "states:ListExecutions"),
    # Lists by family have no resource to name: the cluster is their condition.
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security_iam_id-based-policy-examples.html
    ("RESOURCE_STAR", "ecs:ListTasks"),
    # Interfaces of functions have no name to be told by.
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    ("RESOURCE_STAR", "ec2:CreateNetworkInterface"),
    # Every call of a function's code has it.
    # https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
    ("UNKNOWN_CONDITION_FOR_ACTION", "lambda:SourceFunctionArn"),
}
"""Finding and action."""


@cache
def _operation(service: str, operation: str) -> Any:
    model = botocore.session.get_session().get_service_model(service)
    return model.operation_model(operation).input_shape


def request_problems(service: str, operation: str, request: dict[str, Any]) -> list[str]:
    """What botocore would refuse to send."""
    report = ParamValidator().validate(request, _operation(service, operation))
    return [str(line) for line in report.generate_report().splitlines()]


def machine_problems(definition: dict[str, Any]) -> list[str]:
    """What statelint finds in a state machine; where that is nothing, what botocore finds in the requests it is for."""
    create = {"name": "one", "roleArn": ROLE_ARN, "definition": json.dumps(definition)}
    if found := statelint_problems(definition):
        return found
    found = request_problems("stepfunctions", "CreateStateMachine", create)
    # The requests of a job with steps are seen in the scenarios, which run it.
    run = definition["States"].get(names.RUN)
    if run is not None and run["Resource"] == "arn:aws:states:::lambda:invoke":
        found += request_problems("lambda", "Invoke", invoke_request(definition))
    elif run is not None and run["Resource"] == "arn:aws:states:::eks:runJob.sync":
        found += object_problems(walk(definition, {}, [succeeded()]).arguments[0]["Job"])
    elif run is not None:
        found += request_problems("ecs", "RunTask", run_task_request(definition))
    return found


def statelint_problems(definition: dict[str, Any]) -> list[str]:
    """What statelint finds in a state machine."""
    return [
        finding
        for finding in Linter.validate(definition)
        if not any(re.fullmatch(accepted, finding) for accepted in ACCEPTED_BY_STATELINT)
    ]


def run_task_request(definition: dict[str, Any]) -> dict[str, Any]:
    """The RunTask that a job's state machine makes."""
    return camel_case(walk(definition, {}, [task(0)]).arguments[0])


def invoke_request(definition: dict[str, Any]) -> dict[str, Any]:
    """The Invoke that the machine of a job on Lambda makes."""
    request = walk(definition, {}, [invoked()]).arguments[0]
    return {**request, "Payload": json.dumps(request["Payload"]).encode()}


def object_problems(one: dict[str, Any]) -> list[str]:
    """What Kubernetes' published schema finds in an object."""
    try:
        kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{one.get('kind')}: {error.message}"]
    return []


def cluster_problems(document: dict[str, Any]) -> list[str]:
    """What anybody finds in what is said of a job to its cluster, and to AWS of it."""
    entry = {"principalArn": ROLE_ARN, **document["access-entry"]}
    problems = request_problems("eks", "CreateAccessEntry", entry)
    for association in document["pod-identity-associations"].values():
        problems += request_problems("eks", "CreatePodIdentityAssociation", {"roleArn": ROLE_ARN, **association})
    return problems + [problem for one in document["objects"] for problem in object_problems(one)]


def camel_case(value: Any) -> Any:
    """Step Functions' PascalCase as the service itself writes it."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: camel_case(item) for key, item in value.items()}
    return [camel_case(item) for item in value] if isinstance(value, list) else value


def policy_problems(policy: dict[str, Any]) -> list[str]:
    """What parliament finds in a policy: unknown actions, resources and conditions that do not go with an action."""
    return [
        f"{finding.issue}: {finding.detail}"
        for finding in policy_findings(policy)
        if not any(finding.issue == issue and action in str(finding.detail) for issue, action in ACCEPTED_BY_PARLIAMENT)
    ]


def policy_findings(policy: dict[str, Any], *, auditors: bool = False) -> list[Any]:
    """parliament's findings in a policy: each with .issue, .detail and .location.

    auditors: also what may be right and should be looked at, such as ways to get more rights.
    """
    # parliament knows no trust policies, nor a repository's: what they are for is what they belong to.
    whole = [
        statement if "NotResource" in statement else {"Resource": _belongs_to(statement), **statement}
        for statement in policy["Statement"]
    ]
    text = json.dumps({**policy, "Statement": whole})
    return analyze_policy_string(text, include_community_auditors=auditors).findings


def _belongs_to(statement: dict[str, Any]) -> str:
    of_repository = statement["Action"] != "sts:AssumeRole" and statement["Action"][0].startswith("ecr:")
    return REPOSITORY_ARN if of_repository else ROLE_ARN


def document_problems(documents: dict[str, Any]) -> list[str]:
    """What anybody finds in the documents of a job, as `definitions.render` gives them."""
    trigger = documents["trigger"]
    problems = machine_problems(documents["state-machine"]) if "state-machine" in documents else []
    if "function" in documents:
        function = documents["function"]
        for one in [function] if "FunctionName" in function else function.values():
            problems += request_problems("lambda", "CreateFunction", one)
    elif "kubernetes" in documents:
        problems += cluster_problems(documents["kubernetes"])
    else:
        definition = documents["task-definition"]
        for one in [definition] if "family" in definition else definition.values():
            problems += request_problems("ecs", "RegisterTaskDefinition", one)
    for parts in documents["policies"].values():
        for policy in parts.values():
            problems += policy_problems(policy)
    for one in ([trigger] if "rule" in trigger else []) + trigger.get("startedBy", []):
        problems += request_problems("events", "PutRule", one["rule"])
        targets = {"Rule": one["rule"]["Name"], "Targets": [one["target"]]}
        problems += request_problems("events", "PutTargets", targets)
    if "schedule" in trigger:
        problems += request_problems("scheduler", "CreateSchedule", trigger["schedule"])
    return problems
