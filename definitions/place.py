"""Where a stack lives, and the names and ARNs that follow from it.

ARNs in policies are built here from partition, region, account and name. Taken from a resource's output they would
close a cycle: a machine needs its role, the role's policy needs the rule, the rule needs the machine.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Place:
    """One stack in one account and Region.

    Attributes:
        project: the project's name, the first part of every name.
        stack: the stack's name (`dev`, `prod`).
        partition: `aws`, `aws-cn`, `aws-us-gov`.
        region: `eu-west-1`.
        account: twelve digits.
    """

    project: str
    stack: str
    partition: str
    region: str
    account: str

    @property
    def prefix(self) -> str:
        """What every name in this stack begins with: `<project>-<stack>-`."""
        return f"{self.project}-{self.stack}-"

    def name(self, job_name: str) -> str:
        """The name of a job's state machine, rule, schedule and task family: `<project>-<stack>-<job>`."""
        return f"{self.prefix}{job_name}"

    def arn(self, service: str, resource: str) -> str:
        """An ARN in this account and Region: `resource` is all that follows the account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def state_machine_arn(self, job_name: str) -> str:
        """The ARN of a job's state machine."""
        return self.arn("states", f"stateMachine:{self.name(job_name)}")

    @property
    def state_machine_arn_pattern(self) -> str:
        """Matches the state machines of this stack's jobs, present and future."""
        return self.arn("states", f"stateMachine:{self.prefix}*")

    @property
    def rule_arn_pattern(self) -> str:
        """Matches the EventBridge rules of this stack's jobs, present and future."""
        return self.arn("events", f"rule/{self.prefix}*")

    @property
    def schedule_group_name(self) -> str:
        """The name of the EventBridge Scheduler group that holds the stack's schedules."""
        return f"{self.project}-{self.stack}"

    @property
    def schedule_group_arn(self) -> str:
        """The ARN of that group; it is the `aws:SourceArn` of every call a schedule of the group makes."""
        return self.arn("scheduler", f"schedule-group/{self.schedule_group_name}")

    def task_family_arn(self, job_name: str) -> str:
        """Matches every revision of a job's task definition."""
        return self.arn("ecs", f"task-definition/{self.name(job_name)}:*")

    def function_arn(self, job_name: str) -> str:
        """The ARN of a job's Lambda function, without a version."""
        return self.arn("lambda", f"function:{self.name(job_name)}")

    @property
    def stack_log_group_prefix(self) -> str:
        """What the name of every job's log group in this stack begins with: `/longhaul/<project>/<stack>/`."""
        return f"/longhaul/{self.project}/{self.stack}/"

    def log_group_prefix(self, job_name: str) -> str:
        """The name of a job's log group, to which Pulumi adds a suffix so that a removed job can come back."""
        return f"{self.stack_log_group_prefix}{job_name}"

    @property
    def ledger_prefix(self) -> str:
        """What the name of the ledger's log group begins with; Pulumi adds a suffix, as to those of the jobs."""
        # Only log groups under /aws/events/ are offered to rules in AWS's console.
        return f"/aws/events/{self.prefix}runs-"
