"""EC2: who may talk to whom."""

from typing import Any, ClassVar

from sandbox.resources.aws import Aws
from sandbox.resources.fields import refuse_unknown
from sandbox.resources.handler import Created, Handler, Properties, undone_on_error
from sandbox.resources.tags import EC2, tag_specifications, tags_all

INLINE_RULE = frozenset(
    {
        "protocol",
        "fromPort",
        "toPort",
        "description",
        "cidrBlocks",
        "ipv6CidrBlocks",
        "prefixListIds",
        "securityGroups",
        "self",
    }
)
ALL_PROTOCOLS = "-1"


class SecurityGroup(Handler):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html"""

    token = "aws:ec2/securityGroup:SecurityGroup"
    fields: ClassVar = {"name": "GroupName", "description": "Description", "vpcId": "VpcId"}
    others = frozenset({"namePrefix", "ingress", "egress", "revokeRulesOnDelete"})
    required = frozenset({"vpcId"})
    defaults: ClassVar = {"description": "Managed by Pulumi", "revokeRulesOnDelete": False}
    tagging = EC2
    replace_on = frozenset({"description", "vpcId"})
    flags = frozenset({"revokeRulesOnDelete"})

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the group's. AWS lets a new group talk to everyone; the provider takes that rule away again."""
        ec2 = aws.client("ec2")
        tags = tag_specifications("security-group", inputs)
        group_id = ec2.create_security_group(**self.request(inputs), **tags)["GroupId"]
        with undone_on_error(lambda: ec2.delete_security_group(GroupId=group_id)):
            allow_all = {"IpProtocol": ALL_PROTOCOLS, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=[allow_all])
            if inputs.get("egress"):
                rules = _permissions(inputs["egress"], group_id, "egress")
                ec2.authorize_security_group_egress(GroupId=group_id, IpPermissions=rules)
            if inputs.get("ingress"):
                rules = _permissions(inputs["ingress"], group_id, "ingress")
                ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=rules)
        outputs = {"arn": aws.arn("ec2", f"security-group/{group_id}"), "ownerId": aws.account}
        return Created(group_id, {**inputs, **tags_all(inputs), **outputs})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Take away the rules that are no longer wanted and add those that are missing."""
        ec2 = aws.client("ec2")
        for direction in ("ingress", "egress"):
            old = _permissions(made.outputs.get(direction) or [], made.id, direction)
            new = _permissions(inputs.get(direction) or [], made.id, direction)
            superfluous = [rule for rule in old if rule not in new]
            missing = [rule for rule in new if rule not in old]
            if superfluous:
                getattr(ec2, f"revoke_security_group_{direction}")(GroupId=made.id, IpPermissions=superfluous)
            if missing:
                getattr(ec2, f"authorize_security_group_{direction}")(GroupId=made.id, IpPermissions=missing)

    def look(self, aws: Aws, made: Created) -> Properties:
        """What DescribeSecurityGroups tells; rules that say the same as before are left as they were written."""
        (group,) = aws.client("ec2").describe_security_groups(GroupIds=[made.id])["SecurityGroups"]
        found: Properties = {"description": group["Description"], "vpcId": group["VpcId"]}
        for direction, field in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            present = [rule for permission in group[field] for rule in _inline_rules(permission)]
            before = made.outputs.get(direction) or []
            same = _peers(_permissions(before, made.id, direction)) == _peers(group[field])
            found[direction] = before if same else present
        return found

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the group; AWS refuses while a rule of another group names it."""
        aws.client("ec2").delete_security_group(GroupId=made.id)


class _SecurityGroupRule(Handler):
    """A rule of its own, beside its group."""

    others = frozenset(
        {
            "securityGroupId",
            "ipProtocol",
            "fromPort",
            "toPort",
            "cidrIpv4",
            "cidrIpv6",
            "prefixListId",
            "referencedSecurityGroupId",
            "description",
        }
    )
    required = frozenset({"securityGroupId", "ipProtocol"})
    auto_named = None
    tagging = EC2
    replace_on = frozenset({"securityGroupId"})
    direction: ClassVar[str]

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the rule's."""
        authorize = getattr(aws.client("ec2"), f"authorize_security_group_{self.direction}")
        (rule,) = authorize(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_permission(inputs)],
            **tag_specifications("security-group-rule", inputs),
        )["SecurityGroupRules"]
        rule_id = rule["SecurityGroupRuleId"]
        outputs = {"arn": aws.arn("ec2", f"security-group-rule/{rule_id}"), "securityGroupRuleId": rule_id}
        return Created(rule_id, {**inputs, **tags_all(inputs), **outputs})

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """Whether the rule is there."""
        rules = aws.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[made.id])["SecurityGroupRules"]
        return {} if rules else None

    def delete(self, aws: Aws, made: Created) -> None:
        """Take the rule out of its group."""
        revoke = getattr(aws.client("ec2"), f"revoke_security_group_{self.direction}")
        revoke(GroupId=made.outputs["securityGroupId"], SecurityGroupRuleIds=[made.id])


class SecurityGroupIngressRule(_SecurityGroupRule):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html"""

    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    direction = "ingress"


class SecurityGroupEgressRule(_SecurityGroupRule):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupEgress.html"""

    token = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    direction = "egress"


def _permissions(rules: list[Properties], group_id: str, direction: str) -> list[dict[str, Any]]:
    """The IpPermissions for rules written inside a security group."""
    permissions = []
    for rule in rules:
        refuse_unknown(rule, INLINE_RULE, f"{direction}.")
        groups = [*(rule.get("securityGroups") or []), *([group_id] if rule.get("self") else [])]
        permissions.append(
            _ip_permission(
                rule["protocol"],
                rule,
                cidrs=rule.get("cidrBlocks") or [],
                ipv6_cidrs=rule.get("ipv6CidrBlocks") or [],
                prefix_lists=rule.get("prefixListIds") or [],
                groups=groups,
            )
        )
    return permissions


def _permission(rule: Properties) -> dict[str, Any]:
    """The IpPermission for a rule that stands for itself: it names one peer."""

    def one(name: str) -> list[str]:
        return [rule[name]] if rule.get(name) else []

    return _ip_permission(
        rule["ipProtocol"],
        rule,
        cidrs=one("cidrIpv4"),
        ipv6_cidrs=one("cidrIpv6"),
        prefix_lists=one("prefixListId"),
        groups=one("referencedSecurityGroupId"),
    )


def _ip_permission(
    protocol: str,
    rule: Properties,
    *,
    cidrs: list[str],
    ipv6_cidrs: list[str],
    prefix_lists: list[str],
    groups: list[str],
) -> dict[str, Any]:
    """One entry of IpPermissions: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html"""
    described = {"Description": rule["description"]} if rule.get("description") else {}
    permission: dict[str, Any] = {"IpProtocol": protocol}
    # A rule for all protocols has no ports; the provider writes 0 to 0 for them.
    if protocol != ALL_PROTOCOLS:
        permission |= {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    if cidrs:
        permission["IpRanges"] = [{"CidrIp": cidr, **described} for cidr in cidrs]
    if ipv6_cidrs:
        permission["Ipv6Ranges"] = [{"CidrIpv6": cidr, **described} for cidr in ipv6_cidrs]
    if prefix_lists:
        permission["PrefixListIds"] = [{"PrefixListId": name, **described} for name in prefix_lists]
    if groups:
        permission["UserIdGroupPairs"] = [{"GroupId": group, **described} for group in groups]
    return permission


# How a permission lists each kind of peer, and the inline rule's property for it.
PEERS = {
    "IpRanges": ("CidrIp", "cidrBlocks"),
    "Ipv6Ranges": ("CidrIpv6", "ipv6CidrBlocks"),
    "PrefixListIds": ("PrefixListId", "prefixListIds"),
    "UserIdGroupPairs": ("GroupId", "securityGroups"),
}


def _inline_rules(permission: dict[str, Any]) -> list[Properties]:
    """The rules, one a peer, that an entry of IpPermissions stands for."""
    ports = {"fromPort": permission.get("FromPort", 0), "toPort": permission.get("ToPort", 0)}
    return [
        {
            "protocol": permission["IpProtocol"],
            **ports,
            name: [peer[key]],
            **({"description": peer["Description"]} if peer.get("Description") else {}),
        }
        for field, (key, name) in PEERS.items()
        for peer in permission.get(field, [])
    ]


def _peers(permissions: list[dict[str, Any]]) -> list[str]:
    """All rules of a list of permissions, in an order that does not depend on theirs."""
    return sorted(repr(sorted(rule.items())) for permission in permissions for rule in _inline_rules(permission))
