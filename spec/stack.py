"""A stack: its settings, and the jobs that run in it."""

from typing import Annotated, Literal

from pydantic import Field

from spec.alerts import AlertsSpec
from spec.aws_forms import Tags, aws_region, retention_days
from spec.forms import choice, flag, whole_number
from spec.job import JobSpec
from spec.model import Spec
from spec.network import NetworkSpec
from spec.step_containers import containers, needs_bucket, runs_distributed


class StackSettings(Spec):
    """The `longhaul:*` keys of a stack's configuration that are for the stack as a whole."""

    network: NetworkSpec = Field(default_factory=NetworkSpec, description="Where tasks run.")
    trigger: Annotated[Literal["rule", "scheduler"], choice("rule", "scheduler")] = Field(
        default="rule",
        description="What starts jobs. `rule`: EventBridge rules (a bus holds 300); EventBridge Scheduler's schedules "
        "for jobs that need what rules lack: time zones, `at(...)`, flexible windows. `scheduler`: schedules for all.",
    )
    container_insights: Annotated[
        Literal["disabled", "enabled", "enhanced"], choice("disabled", "enabled", "enhanced")
    ] = Field(
        default="disabled",
        validation_alias="containerInsights",
        description="CloudWatch Container Insights of the cluster; its metrics are billed.",
    )
    keep_logs: Annotated[bool, flag()] = Field(
        default=False,
        validation_alias="keepLogs",
        description="Whether logs stay when a job or the stack is removed, and the image repository when the stack is: "
        "Pulumi then forgets them, and they cost until somebody deletes them.",
    )
    ledger_retention_days: Annotated[int, retention_days()] = Field(
        default=365,
        validation_alias="ledgerRetention",
        description="How long the ledger keeps the runs' changes of status, in days, one of those that "
        "[`logRetention`](#a-job) takes. Step Functions itself forgets a run 90 days after its end.",
    )
    result_retention_days: Annotated[int, whole_number(1, 3650)] = Field(
        default=90,
        validation_alias="resultRetention",
        description="How long the objects stay in S3 that jobs with `results` leave, in days. What is in them is in "
        "the runs' output too.",
    )
    alerts: AlertsSpec = Field(
        default_factory=AlertsSpec,
        description="Who hears of failed runs and of starts that could not be delivered; unset, nobody does.",
    )
    tags: Tags = Field(default_factory=dict, description="Tags of everything in the stack that can be tagged.")


class StackSpec(StackSettings):
    """A stack with its jobs, in the order of the file; `name` is the stack's, `region` None: named nowhere."""

    project: str
    name: str
    region: Annotated[str, aws_region()] | None = None
    jobs: tuple[JobSpec, ...] = ()

    def job(self, name: str) -> JobSpec:
        """The job of that name; raises KeyError."""
        for job in self.jobs:
            if job.name == name:
                return job
        raise KeyError(name)

    @property
    def needs_lock_table(self) -> bool:
        """Whether any job keeps its runs apart, or its scheduled times."""
        return any(job.overlap.needs_table for job in self.jobs)

    @property
    def needs_results_bucket(self) -> bool:
        """Whether any job leaves results, or has steps: ECS takes no large input."""
        return any(needs_bucket(job) for job in self.jobs)

    @property
    def containers(self) -> tuple[JobSpec, ...]:
        """What runs as a task of any job: see step_containers.py."""
        return tuple(container for job in self.jobs for container in containers(job))

    @property
    def has_map_runs(self) -> bool:
        """Whether any job starts executions for its items."""
        return any(runs_distributed(job) for job in self.jobs)

    @property
    def has_lone_tasks(self) -> bool:
        """Whether any job runs without a state machine."""
        return any(job.run_on.kind == "task" for job in self.jobs)

    def runs_steps_beside(self, job: JobSpec) -> bool:
        """Whether a job that shares the job's lock has steps, or the job itself."""
        return any(bool(self.job(name).steps) for name in self.rivals(job))

    def rivals(self, job: JobSpec) -> tuple[str, ...]:
        """The names of the jobs that share the job's lock, itself among them, in the order of the file."""
        group = job.overlap.group
        return tuple(
            one.name for one in self.jobs if one.name == job.name or (group is not None and one.overlap.group == group)
        )


def trigger_kind(job: JobSpec, stack: StackSettings) -> Literal["rule", "scheduler"] | None:
    """What starts a job: a rule, or a schedule where stack or job need one; None: people do."""
    if job.schedule is None:
        return None
    needs_scheduler = (
        job.timezone is not None or job.flexible_window_minutes is not None or job.schedule.startswith("at(")
    )
    return "scheduler" if needs_scheduler or stack.trigger == "scheduler" else "rule"
