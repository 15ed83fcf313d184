"""What is deployed of a stack: its jobs' state machines and triggers, found by names and tags.

A job's resources have the name `<project>-<stack>-<job>`, and the tags below where AWS lets them be tagged. A job of
the kind TASK has no state machine: it is found by the rule that starts its tasks, or by the schedule, which has no tags
but names the cluster as its target.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
PACKAGE_TAG = "longhaul:package"
"""What a function is made from; without it, from an image."""
TASK = "task"
"""The kind of a job whose rule or schedule starts the ECS task itself."""


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
    """A job of a stack.

    Attributes:
        name: as the stack's file calls it.
        resource_name: `<project>-<stack>-<job>`, the name of its machine, trigger and task family.
        state_machine_arn: what runs it; None of a job of the kind TASK.
        task_trigger_arn: of such a job, the rule or the schedule whose target tells how a task of it is started.
        run_on: where it runs: `fargate`, `ec2`, `lambda`, `kubernetes`, or TASK.
        package: what its functions are made from, where that is no image.
        trigger: what starts it at its times; None for a job without any.
        has_starting_rules: whether other jobs' ends or objects start it too.
    """

    name: str
    resource_name: str
    state_machine_arn: str | None = None
    task_trigger_arn: str | None = None
    run_on: str = "fargate"
    package: str | None = None
    trigger: Trigger | None = None
    has_starting_rules: bool = False

    @property
    def arn(self) -> str:
        """What stands for it: its state machine, or else what starts its tasks."""
        return self.state_machine_arn or self.task_trigger_arn or ""

    @property
    def place(self) -> str:
        """Where it runs, and what its functions are made from, where that is no image."""
        return self.run_on if self.package is None else f"{self.run_on} with package: {self.package}"

    @property
    def machine_arn(self) -> str:
        """The ARN of its state machine. Raises NotFoundError for a job without one."""
        if self.state_machine_arn is None:
            raise NotFoundError(f"{self.name} has no state machine: EventBridge starts its tasks")
        return self.state_machine_arn

    @property
    def ledger_machine_arn(self) -> str:
        """The ARN of its state machine; of a job without one, of the one that it had if it has moved."""
        if self.state_machine_arn is not None:
            return self.state_machine_arn
        _, partition, _, region, account, _ = self.arn.split(":", 5)
        return f"arn:{partition}:states:{region}:{account}:stateMachine:{self.resource_name}"

    @property
    def stack_resource_name(self) -> str:
        """`<project>-<stack>`."""
        return self.resource_name.removesuffix(f"-{self.name}")

    def execution_arn(self, name: str) -> str:
        """The ARN of the execution of that name. Raises NotFoundError for a job without a state machine."""
        return f"{self.machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}"


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

    @property
    def machine_jobs(self) -> tuple[DeployedJob, ...]:
        """Those with a state machine."""
        return tuple(job for job in self.jobs if job.state_machine_arn is not None)

    @property
    def task_jobs(self) -> tuple[DeployedJob, ...]:
        """Those without."""
        return tuple(job for job in self.jobs if job.state_machine_arn is None)


def find_stack(aws: Aws, project: str, stack: str) -> DeployedStack:
    """The deployed jobs of a stack, with their triggers.

    Takes a call for each hundred jobs, rules and schedules, and one for each schedule, whose expression no list tells.
    Lists and tags are eventually consistent: what was deployed in the last seconds may be missing.

    Raises:
        NotFoundError: nothing of that stack is there.
        botocore's errors.
    """
    machines, name = find_machines(aws, project, stack), f"{project}-{stack}"
    rules = _rules(aws, f"{name}-", _tagged(aws, stack, "events:rule"))
    schedules = _listed_schedules(aws, name)
    tasks = tuple(_jobs_of_tasks(project, stack, rules, schedules))
    # One that has moved: its machine may go for minutes.
    moved = {job.resource_name for job in tasks}
    jobs = (*(job for job in machines if job.resource_name not in moved), *tasks)
    if not jobs:
        raise NotFoundError(
            f"there is no job of the stack {stack} of {project} in {aws.region}: is it deployed, and in this account?"
        )
    triggers = {rule["Name"]: _trigger_of(rule) for rule in rules if rule.get("ScheduleExpression")}
    starting = {rule["Name"].partition(".")[0] for rule in rules if _starts_by_event(rule)}
    wanted = {job.resource_name for job in jobs} - triggers.keys()
    triggers |= _read_schedules(aws, name, [each["Name"] for each in schedules if each["Name"] in wanted])
    found = (
        replace(
            job,
            trigger=triggers.get(job.resource_name),
            has_starting_rules=job.run_on != TASK and job.resource_name in starting,
        )
        for job in jobs
    )
    return DeployedStack(
        project=project, name=stack, region=aws.region, jobs=tuple(sorted(found, key=lambda job: job.name))
    )


def find_task_jobs(aws: Aws, project: str, stack: str) -> tuple[DeployedJob, ...]:
    """The deployed jobs of the kind TASK by name, without their triggers. Raises botocore's errors."""
    tagged = _tagged(aws, stack, "events:rule")
    if tagged is None:
        rules = _rules(aws, f"{project}-{stack}-", None)
    else:
        rules = [{"Name": arn.rpartition("/")[2], "Arn": arn, "Tags": tags} for arn, tags in tagged.items()]
    found = _jobs_of_tasks(project, stack, rules, _listed_schedules(aws, f"{project}-{stack}"))
    return tuple(sorted(found, key=lambda job: job.name))


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
            job = DeployedJob(name=str(name), resource_name=resource_name, state_machine_arn=arn)
            jobs.append(replace(job, run_on=tags.get(RUN_ON_TAG, job.run_on), package=tags.get(PACKAGE_TAG)))
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


def _jobs_of_tasks(
    project: str, stack: str, rules: Iterable[Mapping[str, Any]], schedules: Iterable[Mapping[str, Any]]
) -> Iterator[DeployedJob]:
    """The jobs of the kind TASK: a rule has their tags, and the target of a schedule is a cluster."""
    prefix, names = f"{project}-{stack}-", set[str]()
    for rule in rules:
        tags = rule["Tags"]
        name = tags.get(JOB_TAG)
        # Another project may have a stack of the same name, and what keeps a job's changes of state has its tags too.
        if tags.get(RUN_ON_TAG) == TASK and tags.get(STACK_TAG) == stack and rule["Name"] == f"{prefix}{name}":
            names.add(rule["Name"])
            yield DeployedJob(name=str(name), resource_name=rule["Name"], task_trigger_arn=rule["Arn"], run_on=TASK)
    for schedule in schedules:
        name = schedule["Name"]
        if is_cluster(schedule["Target"]["Arn"]) and name.startswith(prefix) and name not in names:
            job = name.removeprefix(prefix)
            yield DeployedJob(name=job, resource_name=name, task_trigger_arn=schedule["Arn"], run_on=TASK)


def is_cluster(arn: str) -> bool:
    """Whether an ARN is that of an ECS cluster: the target of what starts tasks."""
    return arn.split(":")[2:3] == ["ecs"] and ":cluster/" in arn


def _rules(aws: Aws, prefix: str, tags: dict[str, dict[str, str]] | None) -> list[dict[str, Any]]:
    """The rules whose names begin so that stand for a schedule or start jobs by events, as ListRules has them and with
    their `Tags` by name.

    As definitions/started_by.py calls the rules by which events start a job: by the job's resources, a dot, and what
    tells them apart. Others that have no schedule are the stack's own, or a job's of the kind TASK.
    """
    events, found = aws("events"), []
    for page in events.get_paginator("list_rules").paginate(NamePrefix=prefix, PaginationConfig={"PageSize": 100}):
        for rule in page["Rules"]:
            if tags is not None:
                of_rule = tags.get(rule["Arn"], {})
            else:
                of_rule = {} if _starts_by_event(rule) else _rule_tags(events, rule["Arn"])
            found.append({**rule, "Tags": of_rule})
    return found


def _starts_by_event(rule: Mapping[str, Any]) -> bool:
    return not rule.get("ScheduleExpression") and "." in rule["Name"]


def _trigger_of(rule: Mapping[str, Any]) -> Trigger:
    return Trigger(
        kind="rule",
        name=rule["Name"],
        group=None,
        arn=rule["Arn"],
        expression=rule["ScheduleExpression"],
        timezone="UTC",
        enabled=rule["State"] != "DISABLED",
        description=rule.get("Description", ""),
        tags=rule["Tags"],
    )


def _rule_tags(events: Any, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in events.list_tags_for_resource(ResourceARN=arn)["Tags"]}


def _listed_schedules(aws: Aws, group: str) -> list[dict[str, Any]]:
    """The schedules of a group as ListSchedules has them; none where there is no such group."""
    scheduler = aws("scheduler")
    pages = scheduler.get_paginator("list_schedules").paginate(GroupName=group, PaginationConfig={"PageSize": 100})
    try:
        return [entry for page in pages for entry in page["Schedules"]]
    except scheduler.exceptions.ResourceNotFoundException:
        return []


def _read_schedules(aws: Aws, group: str, names: Iterable[str]) -> dict[str, Trigger]:
    """The schedules of these names in a group, by name."""
    scheduler = aws("scheduler")

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
        return {trigger.name: trigger for trigger in pool.map(read, names) if trigger}
