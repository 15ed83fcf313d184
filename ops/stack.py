"""What is deployed of a stack: its jobs' state machines and triggers, found by names and tags.

A job's resources have the name `<project>-<stack>-<job>`, and the tags below where AWS lets them be tagged.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ops.aws import CALLS_AT_ONCE, Aws, denied
from ops.errors import NotFoundError

# As definitions/tags.py calls them.
STACK_TAG = "longhaul:stack"
JOB_TAG = "longhaul:job"
RUN_ON_TAG = "longhaul:runOn"
"""Where a job runs; without it, on Fargate."""


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """What starts a job at its times: an EventBridge rule, or a schedule of EventBridge Scheduler.

    Attributes:
        kind: which of the two.
        name: its name.
        group: the schedule's group; None for a rule, which is on the default bus.
        arn: its ARN.
        expression: `cron(...)`, `rate(...)`, or a schedule's `at(...)`.
        timezone: the IANA zone of the expression; UTC for a rule.
        window_minutes: how long after its time a schedule may fire; 0 for a rule.
        enabled: whether it fires.
        description: as its service keeps it.
        tags: of a rule; schedules have none.
    """

    kind: Literal["rule", "schedule"]
    name: str
    group: str | None
    arn: str
    expression: str
    timezone: str
    window_minutes: int = 0
    enabled: bool
    description: str
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DeployedJob:
    """A job that has a state machine.

    Attributes:
        name: as the stack's file calls it.
        resource_name: `<project>-<stack>-<job>`, the name of its machine, trigger and task family.
        state_machine_arn: what runs it.
        run_on: where it runs: `fargate`, `ec2`, `lambda`, `kubernetes`.
        trigger: what starts it at its times; None for a job without any.
        has_starting_rules: whether other jobs' ends or objects start it too.
    """

    name: str
    resource_name: str
    state_machine_arn: str
    run_on: str = "fargate"
    trigger: Trigger | None = None
    has_starting_rules: bool = False

    def execution_arn(self, name: str) -> str:
        """The ARN of the execution of that name."""
        return f"{self.state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}"


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """The jobs of one stack in one Region, by name."""

    project: str
    name: str
    region: str
    jobs: tuple[DeployedJob, ...]

    @property
    def resource_name(self) -> str:
        """`<project>-<stack>`: what the names of its resources begin with, and the name of its schedules' group."""
        return f"{self.project}-{self.name}"


def find_stack(aws: Aws, project: str, stack: str) -> DeployedStack:
    """The deployed jobs of a stack, with their triggers.

    Takes a call for each hundred jobs and rules, and one for each schedule, whose expression no list tells.
    Lists and tags are eventually consistent: what was deployed in the last seconds may be missing.

    Raises:
        NotFoundError: nothing of that stack is there.
        botocore's errors.
    """
    machines, rule_tags = find_machines(aws, project, stack), _tagged(aws, stack, "events:rule")
    if not machines:
        raise NotFoundError(
            f"there is no job of the stack {stack} of {project} in {aws.region}: is it deployed, and in this account?"
        )
    triggers, starting = _rules(aws, f"{project}-{stack}-", rule_tags)
    names = {job.resource_name for job in machines}
    if names - triggers.keys():
        triggers |= _schedules(aws, f"{project}-{stack}", names - triggers.keys())
    jobs = tuple(
        replace(job, trigger=triggers.get(job.resource_name), has_starting_rules=job.resource_name in starting)
        for job in machines
    )
    return DeployedStack(project=project, name=stack, region=aws.region, jobs=jobs)


def find_machines(aws: Aws, project: str, stack: str) -> tuple[DeployedJob, ...]:
    """The deployed jobs of a stack by name, without their triggers. Raises botocore's errors."""
    tagged = _tagged(aws, stack, "states:stateMachine")
    if tagged is None:
        tagged = _tagged_one_by_one(aws, f"{project}-{stack}-")
    jobs = []
    for arn, tags in tagged.items():
        resource_name, name = arn.rpartition(":")[2], tags.get(JOB_TAG)
        # Another project may have a stack of the same name.
        if tags.get(STACK_TAG) == stack and resource_name == f"{project}-{stack}-{name}":
            run_on = tags.get(RUN_ON_TAG, "fargate")
            jobs.append(DeployedJob(name=str(name), resource_name=resource_name, state_machine_arn=arn, run_on=run_on))
    return tuple(sorted(jobs, key=lambda job: job.name))


def _tagged(aws: Aws, stack: str, resource_type: str) -> dict[str, dict[str, str]] | None:
    """The tags of the stack's resources of a type, by ARN; None for who may not ask.

    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    try:
        pages = list(
            aws("resourcegroupstaggingapi")
            .get_paginator("get_resources")
            .paginate(
                TagFilters=[{"Key": STACK_TAG, "Values": [stack]}],
                ResourceTypeFilters=[resource_type],
                PaginationConfig={"PageSize": 100},
            )
        )
    except Exception as error:
        if denied(error):
            return None
        raise
    return {
        resource["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in resource.get("Tags", ())}
        for page in pages
        for resource in page["ResourceTagMappingList"]
    }


def _tagged_one_by_one(aws: Aws, prefix: str) -> dict[str, dict[str, str]]:
    """The tags of the state machines whose names begin so, by ARN: a call for each."""
    states = aws("stepfunctions")
    pages = states.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 1000})
    arns = [
        machine["stateMachineArn"]
        for page in pages
        for machine in page["stateMachines"]
        if machine["name"].startswith(prefix)
    ]

    def tags(arn: str) -> dict[str, str]:
        try:
            answer = states.list_tags_for_resource(resourceArn=arn)
        except states.exceptions.ResourceNotFound:  # It is gone by now.
            return {}
        return {tag["key"]: tag["value"] for tag in answer["tags"]}

    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        return dict(zip(arns, pool.map(tags, arns), strict=True))


def _rules(aws: Aws, prefix: str, tags: dict[str, dict[str, str]] | None) -> tuple[dict[str, Trigger], set[str]]:
    """The scheduled rules whose names begin so, by name; and the names of the jobs' resources that events start.

    As definitions/started_by.py calls the rules of those: by the job's resources, a dot, and what tells them apart.
    """
    events = aws("events")
    found, starting = {}, set()
    for page in events.get_paginator("list_rules").paginate(NamePrefix=prefix, PaginationConfig={"PageSize": 100}):
        for rule in page["Rules"]:
            if rule.get("ScheduleExpression"):
                found[rule["Name"]] = Trigger(
                    kind="rule",
                    name=rule["Name"],
                    group=None,
                    arn=rule["Arn"],
                    expression=rule["ScheduleExpression"],
                    timezone="UTC",
                    enabled=rule["State"] != "DISABLED",
                    description=rule.get("Description", ""),
                    tags=_rule_tags(events, rule["Arn"]) if tags is None else tags.get(rule["Arn"], {}),
                )
            elif "." in rule["Name"]:
                starting.add(rule["Name"].partition(".")[0])
    return found, starting


def _rule_tags(events: Any, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in events.list_tags_for_resource(ResourceARN=arn)["Tags"]}


def _schedules(aws: Aws, group: str, names: set[str]) -> dict[str, Trigger]:
    """The schedules of a group that have one of these names, by name; none where there is no such group."""
    scheduler = aws("scheduler")
    try:
        pages = list(
            scheduler.get_paginator("list_schedules").paginate(GroupName=group, PaginationConfig={"PageSize": 100})
        )
    except scheduler.exceptions.ResourceNotFoundException:
        return {}
    wanted = [entry["Name"] for page in pages for entry in page["Schedules"] if entry["Name"] in names]

    def read(name: str) -> Trigger | None:
        try:
            schedule = scheduler.get_schedule(GroupName=group, Name=name)
        except scheduler.exceptions.ResourceNotFoundException:  # It is gone by now.
            return None
        return Trigger(
            kind="schedule",
            name=name,
            group=group,
            arn=schedule["Arn"],
            expression=schedule["ScheduleExpression"],
            timezone=schedule.get("ScheduleExpressionTimezone", "UTC"),
            window_minutes=schedule.get("FlexibleTimeWindow", {}).get("MaximumWindowInMinutes", 0),
            enabled=schedule["State"] != "DISABLED",
            description=schedule.get("Description", ""),
        )

    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        return {trigger.name: trigger for trigger in pool.map(read, wanted) if trigger}
