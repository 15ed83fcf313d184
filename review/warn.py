"""What a reviewer should think twice about: runs that meet themselves, the clocks, or each other."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import combinations, islice, pairwise, takewhile

from review.clock_changes import affected
from review.meetings import SECOND
from spec.durations import duration_text
from spec.job import JobSpec
from spec.run_length import longest_run_seconds
from spec.schedule import Rate, parse_schedule, times
from spec.stack import StackSpec
from spec.step_containers import containers
from spec.words import listed

HORIZON = timedelta(days=366)
MOST_RUNS = 2000
"""Of one schedule looked at: what a schedule does more often than that within a year, it has done by then."""
BIG_CPU_UNITS = 4096
"""From here on a task is big. A new account may run as few as 6 vCPU of Fargate at a time: two such do not fit.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
"""


def warnings(stack: StackSpec, start: datetime) -> list[str]:
    """One sentence for each warning about the jobs a stack starts by schedule, within a year from `start`."""
    scheduled = [job for job in stack.jobs if job.schedule is not None and job.enabled]
    found = [warning for job in scheduled for warning in (*_meets_itself(job, start), *_meets_the_clocks(job, start))]
    return [*found, *_meet_each_other(scheduled, start)]


def _runs(job: JobSpec, start: datetime) -> list[datetime]:
    schedule = parse_schedule(job.schedule or "")
    within = takewhile(lambda run: run <= start + HORIZON, times(schedule, start, job.timezone or "UTC"))
    return list(islice(within, MOST_RUNS))


def _meets_itself(job: JobSpec, start: datetime) -> Iterator[str]:
    shortest = min((later - run for run, later in pairwise(_runs(job, start))), default=None)
    if shortest is None:
        return
    interval, longest = int(shortest.total_seconds()), longest_run_seconds(job)
    if longest <= interval:
        return
    attempts = job.retries.attempts + 1
    timeout = duration_text(job.timeout_seconds)
    made_of = f"timeout {timeout}" if attempts == 1 else f"{attempts} attempts of {timeout} and the waits between them"
    made_of = "all its steps" if job.steps else made_of
    then = "two may run at once" if (does := SECOND.get(job.overlap.policy)) is None else f"the later one {does}"
    yield (
        f"{job.name}: a run may last {duration_text(longest)} ({made_of}), and the next one can be due "
        f"{duration_text(interval)} after its start: {then}"
    )


def _meets_the_clocks(job: JobSpec, start: datetime) -> Iterator[str]:
    timezone = job.timezone or "UTC"
    for met in affected(parse_schedule(job.schedule or ""), timezone, start, start + HORIZON):
        first, last = met.local_times[0], met.local_times[-1]
        several = len(met.local_times) > 1
        when = f"{first:%Y-%m-%d %H:%M}" + (f" to {last:%H:%M}" if several else "")
        happens = (
            f"{'do' if several else 'does'} not exist, clocks go forward: "
            f"{f'{len(met.local_times)} runs are' if several else 'the run is'} skipped"
            if met.skipped
            else f"{'come' if several else 'comes'} twice, clocks go back: "
            f"{'each of the' if several else 'the'} {f'{len(met.local_times)} runs' if several else 'run'} starts once"
        )
        yield f"{job.name}: {when} in {timezone} {happens}"


def _meet_each_other(jobs: list[JobSpec], start: datetime) -> Iterator[str]:
    # When a rate fires depends on the minute it was deployed.
    timed = [job for job in jobs if not isinstance(parse_schedule(job.schedule or ""), Rate)]
    concerned = [job for job in timed if _cpu_units(job) >= BIG_CPU_UNITS or job.overlap.group is not None]
    minutes = {job.name: {run.replace(second=0) for run in _runs(job, start)} for job in concerned}
    for one, other in combinations(concerned, 2):
        met = (
            _rivals(one, other) if one.overlap.group and one.overlap.group == other.overlap.group else _big(one, other)
        )
        shared = minutes[one.name] & minutes[other.name]
        if met is not None and shared:
            who, then = met
            yield f"{who} start at the same minute, first at {min(shared):%Y-%m-%d %H:%M} UTC{then}"


def _rivals(one: JobSpec, other: JobSpec) -> tuple[str, str] | None:
    """Two jobs of a group, and what becomes of the later one; None where both wait for each other."""
    policies = {job.overlap.policy for job in (one, other)}
    if policies == {"queue"}:
        return None
    who = f"{one.name} and {other.name} of the group {one.overlap.group}"
    if len(policies) == 1:
        return who, f": the later one {SECOND[one.overlap.policy]}"
    each = listed([f"{job.name} {SECOND[job.overlap.policy]}" for job in (one, other)], "and")
    return who, f": as the later one, {each}"


def _big(one: JobSpec, other: JobSpec) -> tuple[str, str] | None:
    """Two big jobs that run at once; None where one of them is not big."""
    if min(_cpu_units(one), _cpu_units(other)) < BIG_CPU_UNITS:
        return None
    return listed([f"{job.name} ({_cpu_units(job) / 1024:g} vCPU)" for job in (one, other)], "and"), ""


def _cpu_units(job: JobSpec) -> int:
    """Of its largest container."""
    return max((container.cpu_units for container in containers(job)), default=0)
