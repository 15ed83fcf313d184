"""What no installed checker of templates looks for, as small rules with names."""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.outside.findings import Finding
from tests.outside.translation import Template

Properties = Mapping[str, Any]
POLICIES = ("PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy")


def open_security_group(properties: Properties) -> Iterator[str]:
    """No way in from a range of addresses: groups may name each other."""
    for rule in properties.get("SecurityGroupIngress", []):
        if cidr := rule.get("CidrIp") or rule.get("CidrIpv6"):
            addresses = ipaddress.ip_network(cidr).num_addresses
            ports = f"{rule['IpProtocol']} {rule['FromPort']} to {rule['ToPort']}"
            yield f"{ports} are open to {addresses} addresses, {cidr}"


def unencrypted_queue(properties: Properties) -> Iterator[str]:
    """Said and not left to the default, which differs with the way a queue was made.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html
    """
    if properties.get("SqsManagedSseEnabled") is not True and "KmsMasterKeyId" not in properties:
        yield "neither SqsManagedSseEnabled nor KmsMasterKeyId is set"


def log_group_without_retention(properties: Properties) -> Iterator[str]:
    """CloudWatch Logs keeps, and charges for, events for ever where nothing is said.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
    """
    if "RetentionInDays" not in properties:
        yield "RetentionInDays is not set"


def wildcard_action(properties: Properties) -> Iterator[str]:
    """Each action by its name: a pattern grants what AWS will add to the service tomorrow."""
    for document in (properties[name] for name in POLICIES if name in properties):
        for statement in document["Statement"]:
            # What a pattern denies, it is to deny of tomorrow's actions too.
            actions = _list(statement.get("Action", [])) if statement["Effect"] == "Allow" else []
            for action in actions:
                if "*" in action or "?" in action:
                    yield f"the action {action} is a pattern"
            if "NotAction" in statement:
                yield "NotAction grants every action but those it names"


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


RULES: Mapping[str, tuple[frozenset[str], Callable[[Properties], Iterator[str]]]] = {
    "open-security-group": (frozenset({"AWS::EC2::SecurityGroup"}), open_security_group),
    "unencrypted-queue": (frozenset({"AWS::SQS::Queue"}), unencrypted_queue),
    "log-group-without-retention": (frozenset({"AWS::Logs::LogGroup"}), log_group_without_retention),
    "wildcard-action": (
        frozenset(
            {
                "AWS::IAM::ManagedPolicy",
                "AWS::IAM::Role",
                "AWS::IAM::RolePolicy",
                "AWS::S3::BucketPolicy",
                "AWS::SNS::TopicPolicy",
                "AWS::SQS::QueuePolicy",
            }
        ),
        wildcard_action,
    ),
}
"""Name to the types of resources it is about, and the rule."""


def house_findings(template: Template) -> Iterator[Finding]:
    """Whatever breaks a rule."""
    for logical_id, resource in template["Resources"].items():
        for name, (types, rule) in RULES.items():
            if resource["Type"] in types:
                for text in rule(resource["Properties"]):
                    yield Finding("house rule", name, logical_id, text)
