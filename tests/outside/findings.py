"""What checkers find in a CloudFormation template, and which of it is accepted."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What one checker says of one resource.

    checker: who found it.
    rule: its name or number with that checker, "" where it gives none; with botocore the operation.
    resource: the logical id, "" for the template as a whole.
    text: the checker's own sentence.
    """

    checker: str
    rule: str
    resource: str
    text: str

    def __str__(self) -> str:
        return f"{self.resource}: {self.text} ({' '.join((self.checker, self.rule)).strip()})"


@dataclass(frozen=True)
class Accepted:
    """Findings that are none here: of this checker and rule, whose resource and text match (regular expressions)."""

    checker: str
    rule: str
    resource: str
    text: str
    why: str

    def covers(self, finding: Finding) -> bool:
        return (
            (self.checker, self.rule) == (finding.checker, finding.rule)
            and re.fullmatch(self.resource, finding.resource) is not None
            and re.fullmatch(self.text, finding.text) is not None
        )


ACCEPTED = (
    Accepted(
        "cfn-lint",
        "I3011",
        "Queue.*DeadLetters",
        "'(DeletionPolicy|UpdateReplacePolicy)' is a required property .*",
        "The queue goes with its stack: what lies in it says which starts of that stack were missed.",
    ),
    Accepted(
        "cfn-lint",
        "I3011",
        "Table.*Locks",
        "'(DeletionPolicy|UpdateReplacePolicy)' is a required property .*",
        "The table goes with its stack: a lock means nothing without the runs that hold it.",
    ),
    Accepted(
        "parliament",
        "RESOURCE_STAR",
        "RolePolicy.*States|ManagedPolicy.*",
        r"\['ecs:ListTasks'\]",
        "Lists by family have no resource to name, and the cluster is their condition: "
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security_iam_id-based-policy-examples.html",
    ),
    Accepted(
        "parliament",
        "RESOURCE_MISMATCH",
        "RolePolicy.*States|ManagedPolicy.*",
        r"\[\{'action': 'states:DescribeExecution', .*:express:.*",
        "It knows executions of Express machines only: "
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html",
    ),
    Accepted(
        "parliament",
        "RESOURCE_MISMATCH",
        "ManagedPolicy.*",
        r"\[\{'action': 'states:ListExecutions', .*:(mapRun|stateMachine):.*",
        "It wants a state machine and a map run in each statement; one lists the executions of either: "
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html",
    ),
    Accepted(
        "parliament",
        "PERMISSIONS_MANAGEMENT_ACTIONS",
        "ManagedPolicyOperator",
        "iam:passrole",
        "The stack's roles, and only to ECS, for tasks that people start, and to EventBridge Scheduler, which wants a "
        "role with every update of a schedule: "
        "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html",
    ),
    Accepted(
        "cfn-lint",
        "I3011",
        "Key.*Alerts",
        "'(DeletionPolicy|UpdateReplacePolicy)' is a required property .*",
        "The key goes with the topic that it is for, which keeps nothing.",
    ),
    Accepted(
        "parliament",
        "RESOURCE_STAR",
        "Key.*Alerts",
        r"\[('kms:\w+'(, )?)+\]",
        "In a key's policy it is that key: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html",
    ),
    Accepted(
        "parliament",
        "PERMISSIONS_MANAGEMENT_ACTIONS",
        "Key.*Alerts",
        "kms:creategrant, kms:createkey, kms:putkeypolicy, kms:retiregrant, kms:revokegrant",
        "Without it nobody administers the key: "
        "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html",
    ),
    Accepted(
        "cfn-lint",
        "E3003",
        "ClusterCapacityProviders.*",
        "'DefaultCapacityProviderStrategy' is a required property",
        "The provider sends an empty one where none is given. Nothing starts tasks by the cluster's default: every "
        "RunTask names its own strategy.",
    ),
    Accepted(
        "cfn-lint",
        "W3687",
        "SecurityGroup.*Tasks",
        r"\['FromPort', 'ToPort'\] are ignored when using 'IpProtocol' value '-1'",
        "The provider wants both to be 0 for a rule of all protocols.",
    ),
    Accepted(
        "cfn-lint",
        "E1150",
        ".*",
        "'sg-longhaul-.*' is not a 'AWS::EC2::SecurityGroup.Id' with pattern .*",
        "The recorder answers ids that tell which resource they are of; AWS's are numbers.",
    ),
    Accepted(
        "cfn-lint",
        "E1154",
        "EventRule.*|Schedule.*",
        "'subnet-isolated[0-9]' is not a 'AWS::EC2::Subnet.Id' with pattern .*",
        "So are those of subnets.",
    ),
    Accepted(
        "cfn-lint",
        "E3031",
        "Function.*",
        "'sg-longhaul-.*' does not match .*",
        "So are those of groups.",
    ),
    Accepted(
        "parliament",
        "RESOURCE_STAR",
        "RolePolicy.*Lambda",
        r"\['ec2:AssignPrivateIpAddresses', .*",
        "Interfaces of functions have no name to be told by, and the function's own code is denied all of it: "
        "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html",
    ),
    Accepted(
        "parliament",
        "UNKNOWN_CONDITION_FOR_ACTION",
        "RolePolicy.*Lambda",
        "Unknown condition lambda:SourceFunctionArn .*",
        "Every call of a function's code has it: "
        "https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html",
    ),
    Accepted(
        "parliament",
        "CREDENTIALS_EXPOSURE",
        "Role(?!Policy).*",
        "sts:assumerole",
        "This is what a trust policy is for.",
    ),
    Accepted(
        "parliament",
        "CREDENTIALS_EXPOSURE",
        "RolePolicy.*Exec",
        "ecr:getauthorizationtoken",
        "ECS pulls images from ECR with this role.",
    ),
    Accepted(
        "parliament",
        "PERMISSIONS_MANAGEMENT_ACTIONS",
        "RolePolicy.*States",
        "(iam:passrole, )?logs:putresourcepolicy",
        "The job's own two roles, and only to ECS, where it runs there; and what Step Functions asks of every state "
        "machine that logs: "
        "https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html",
    ),
    Accepted(
        "parliament",
        "PERMISSIONS_MANAGEMENT_ACTIONS",
        "RolePolicy.*Start",
        "iam:passrole",
        "The job's own two roles, and only to ECS: "
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/CWE_IAM_role.html",
    ),
)
"""Every exception. One that covers nothing any more fails the tests."""


def unaccepted(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that no exception covers."""
    return [finding for finding in findings if not any(accepted.covers(finding) for accepted in ACCEPTED)]
