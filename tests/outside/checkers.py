"""Everyone who has an opinion on a template: cfn-lint on all of it, and others on the documents in it."""

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from cfnlint.config import ConfigMixIn
from cfnlint.decode.decode import decode_str
from cfnlint.runner import Runner

from definitions import names
from tests.components.provider_answers import REGION
from tests.definitions.validators import (
    camel_case,
    policy_findings,
    request_problems,
    run_task_request,
    statelint_problems,
)
from tests.outside.findings import Finding
from tests.outside.house_rules import POLICIES, house_findings
from tests.outside.translation import Template

# No settings of whoever runs this, down to informational rules, "1" is no number. There is no network in it.
OPTIONS = [
    *("--config-file", os.devnull),
    *("--regions", REGION),
    *("--include-checks", "I"),
    *("--configure-rule", "E3012:strict=true"),
]


def all_findings(template: Template) -> list[Finding]:
    """What cfn-lint, statelint, botocore, parliament and the house rules find in a template."""
    return [*cfn_lint_findings(template), *document_findings(template), *house_findings(template)]


@cache
def _cfn_lint() -> Runner:
    """Loaded once: its rules and schemas take longer to read than a template takes to check."""
    return Runner(ConfigMixIn(OPTIONS))


def cfn_lint_findings(template: Template) -> Iterator[Finding]:
    """All that cfn-lint has to say, down to its informational rules, against the schemas that came with it."""
    decoded, errors = decode_str(json.dumps(template))
    assert decoded is not None, errors
    for match in _cfn_lint().validate_template(decoded):
        path = getattr(match, "path", None) or []
        resource = path[1] if len(path) > 1 and path[0] == "Resources" else ""
        yield Finding("cfn-lint", match.rule.id, resource, match.message)


def document_findings(template: Template) -> Iterator[Finding]:
    """What is said of the policies, state machines and requests to AWS that the template holds."""
    for logical_id, resource in template["Resources"].items():
        type_, properties = resource["Type"], resource["Properties"]
        for name in POLICIES:
            if name in properties:
                for found in policy_findings(properties[name], auditors=True):
                    text = str(found.detail) or ", ".join(sorted(found.location["actions"]))
                    yield Finding("parliament", found.issue, logical_id, text)
        if type_ == "AWS::StepFunctions::StateMachine":
            for text in statelint_problems(properties["Definition"]):
                yield Finding("statelint", "", logical_id, text)
        for service, operation, request in _requests(type_, properties):
            for text in request_problems(service, operation, request):
                yield Finding("botocore", operation, logical_id, text)


def _requests(type_: str, properties: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The calls that make a resource, where the API has CloudFormation's words, and the one that a machine makes."""
    match type_:
        case "AWS::ECS::TaskDefinition":
            yield "ecs", "RegisterTaskDefinition", camel_case(properties)
        case "AWS::StepFunctions::StateMachine":
            name, type_, definition = (
                properties[key] for key in ("StateMachineName", "StateMachineType", "Definition")
            )
            rest = {"RoleArn", "LoggingConfiguration", "TracingConfiguration", "Tags"}
            request = camel_case({key: value for key, value in properties.items() if key in rest})
            request |= {"name": name, "type": type_, "definition": json.dumps(definition)}
            yield "stepfunctions", "CreateStateMachine", request
            # Those of a job with steps are seen where its own tests run it.
            run = definition["States"].get(names.RUN, {})
            if run.get("Resource") == "arn:aws:states:::ecs:runTask.sync":
                yield "ecs", "RunTask", run_task_request(definition)
        case "AWS::Scheduler::Schedule":
            yield "scheduler", "CreateSchedule", {**properties, "Target": _target(properties["Target"])}
        case "AWS::Events::Rule":
            rule = {name: value for name, value in properties.items() if name != "Targets"}
            if "EventPattern" in rule:
                rule["EventPattern"] = json.dumps(rule["EventPattern"])
            yield "events", "PutRule", rule
            targets = [_target(target) for target in properties["Targets"]]
            yield "events", "PutTargets", {"Rule": rule["Name"], "Targets": targets}


def _target(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A target in the words of both services, which have small letters where CloudFormation has none."""
    if "EcsParameters" not in properties:
        return dict(properties)
    parameters = dict(properties["EcsParameters"])
    ((_, network),) = parameters["NetworkConfiguration"].items()
    parameters["NetworkConfiguration"] = {"awsvpcConfiguration": network}
    if "CapacityProviderStrategy" in parameters:
        parameters["CapacityProviderStrategy"] = camel_case(parameters["CapacityProviderStrategy"])
    return {**properties, "EcsParameters": parameters}
