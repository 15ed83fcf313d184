"""The templates read as CloudFormation would deploy them into one account."""

import re
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "bootstrap"
ACCOUNT, REGION = "123456789012", "eu-west-1"
VALUES = {
    "AWS::Partition": "aws",
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "Repository": "acme/jobs",
    "Project": "longhaul",
    "Stack": "dev",
}
EXPORTS = {
    "longhaul-state-bucket-arn": "arn:aws:s3:::acme-state",
    "longhaul-secrets-key-arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d",
}


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, each as the long form it stands for."""


def _long_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Any:
    build = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence}
    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    return {name: build[type(node)](node)}


_Loader.add_multi_constructor("!", _long_form)


def template(name: str) -> dict[str, Any]:
    """A template as a dict, its functions in long form."""
    return yaml.load((FOLDER / name).read_text(), _Loader)


def resolved(value: Any) -> Any:
    """A part of `stack.yaml` with the values of VALUES and EXPORTS; what refers to a resource is its logical name."""
    match value:
        case {"Ref": name}:
            return VALUES.get(name, name)
        case {"Fn::ImportValue": name}:
            return EXPORTS[name]
        case {"Fn::Sub": [text, names]}:
            return _filled(text, {**VALUES, **{name: resolved(one) for name, one in names.items()}})
        case {"Fn::Sub": text}:
            return _filled(text, VALUES)
        case dict():
            return {key: resolved(item) for key, item in value.items()}
        case list():
            return [resolved(item) for item in value]
        case _:
            return value


def _filled(text: str, values: dict[str, Any]) -> str:
    return re.sub(r"\$\{([\w:]+)}", lambda found: values[found[1]], text)


def policies() -> dict[str, dict[str, Any]]:
    """The policies of `stack.yaml` by logical name."""
    resources = template("stack.yaml")["Resources"]
    return {
        name: resolved(resource["Properties"]["PolicyDocument"])
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
    }


def roles() -> dict[str, dict[str, Any]]:
    """The properties of the roles of `stack.yaml` by logical name."""
    resources = template("stack.yaml")["Resources"]
    return {
        name: resolved(resource["Properties"])
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Role"
    }
