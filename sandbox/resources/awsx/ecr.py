"""awsx:ecr: a repository with its lifecycle policy, and an image that is built and pushed to it."""

import hashlib
import json
from typing import Any

from sandbox.errors import SandboxError
from sandbox.resources.awsx.component import Component, From, reference
from sandbox.resources.fields import refuse_unknown
from sandbox.resources.unknown import UNKNOWN, has_unknown

IMAGE_PROPERTIES = frozenset(
    {"repositoryUrl", "imageName", "imageTag", "context", "dockerfile", "target", "args", "platform"}
)


def repository(component: Component, inputs: dict[str, Any]) -> dict[str, From]:
    """Make the repository; unless told otherwise, with the policy that keeps one untagged image."""
    name = component.name.lower()
    policy = inputs.get("lifecyclePolicy") or {}
    refuse_unknown(policy, ("rules", "skip"), "lifecyclePolicy.")
    own = {key: value for key, value in inputs.items() if key != "lifecyclePolicy"}
    made = component.register("aws:ecr/repository:Repository", name, own, parent=component.urn)
    outputs = {"repository": From(reference(made), [made]), "url": From(made.outputs["repositoryUrl"], [made])}
    if policy.get("skip"):
        return outputs
    text = json.dumps({"rules": _rules(policy.get("rules"))})
    # awsx gives this one no parent, so its URN hangs off the stack.
    made_policy = component.register(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        name,
        {"repository": made.outputs["name"], "policy": text},
        parent=None,
        depends_on=[made],
    )
    return {**outputs, "lifecyclePolicy": From(reference(made_policy), [made_policy])}


def image(component: Component, inputs: dict[str, Any]) -> dict[str, From]:
    """Build an image and push it; the output `imageUri` names it by digest.

    As in awsx the image is made once all that it is built from is known: a preview of it and its repository, or of an
    image that it is made from, does not show it.
    """
    refuse_unknown(inputs, IMAGE_PROPERTIES)
    if has_unknown(inputs):
        return {"imageUri": From(UNKNOWN, [])}
    url = inputs["repositoryUrl"]
    tag = inputs.get("imageName") or inputs.get("imageTag") or _tag(inputs, component.urn)
    build = {
        "tags": [f"{url}:{tag}"],
        "push": True,
        "context": {"location": inputs.get("context", ".")},
        "dockerfile": {"location": inputs.get("dockerfile")},
        "buildArgs": inputs.get("args"),
        "platforms": [inputs["platform"]] if inputs.get("platform") else None,
        "target": inputs.get("target"),
    }
    made = component.register("docker-build:index:Image", tag, build, parent=component.urn)
    digest = made.outputs["digest"]
    return {"imageUri": From(UNKNOWN if digest == UNKNOWN else f"{url}@{digest}", [made])}


def _rules(rules: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """A lifecycle policy's rules: https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html"""
    if rules is None:
        rules = [{"description": "remove untagged images", "tagStatus": "untagged", "maximumNumberOfImages": 1}]
    # ECR wants the rule for images of any kind to have the lowest priority.
    ordered = sorted(rules, key=lambda rule: rule["tagStatus"] == "any")
    return [_rule(rule, priority) for priority, rule in enumerate(ordered, start=1)]


def _rule(rule: dict[str, Any], priority: int) -> dict[str, Any]:
    known = ("description", "tagStatus", "tagPrefixList", "maximumNumberOfImages", "maximumAgeLimit")
    refuse_unknown(rule, known, "lifecyclePolicy.rules.")
    selection: dict[str, Any] = {"tagStatus": rule["tagStatus"]}
    if rule["tagStatus"] == "tagged":
        selection["tagPrefixList"] = rule["tagPrefixList"]
    if rule.get("maximumNumberOfImages") is not None:
        selection |= {"countType": "imageCountMoreThan", "countNumber": rule["maximumNumberOfImages"]}
    elif rule.get("maximumAgeLimit") is not None:
        selection |= {"countType": "sinceImagePushed", "countNumber": rule["maximumAgeLimit"], "countUnit": "days"}
    else:
        raise SandboxError("a lifecycle rule needs maximumNumberOfImages or maximumAgeLimit")
    described = {"description": rule["description"]} if rule.get("description") else {}
    return {"rulePriority": priority, **described, "selection": selection, "action": {"type": "expire"}}


def _tag(inputs: dict[str, Any], urn: str) -> str:
    """A tag that follows where the image is built from, not what is in it."""
    source = json.dumps([urn, inputs.get("context"), inputs.get("dockerfile"), inputs.get("args")], sort_keys=True)
    return f"{hashlib.sha1(source.encode()).hexdigest()}-container"
