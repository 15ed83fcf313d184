"""Steps that run other jobs of the stack: is each there, has it the result that is read, and does none run itself?"""

from collections.abc import Iterable, Iterator

from spec.job import JobSpec
from spec.model import Loc, Problem
from spec.step_containers import has_result
from spec.step_rules import reads
from spec.steps import StepSpec, all_steps
from spec.words import nearest_hint, shown

_ONE_AT_A_TIME = ("skip", "replace")
"""Policies with which of two runs at once one comes to nothing."""


def step_job_problems(jobs: Iterable[JobSpec], names: Iterable[str]) -> Iterator[tuple[JobSpec, Problem]]:
    """What is wrong with the steps that run other jobs.

    Args:
        jobs: the jobs of a stack, as far as they could be read.
        names: the names of all its jobs, readable or not.
    """
    by_name, names = {job.name: job for job in jobs}, tuple(names)
    for job in by_name.values():
        for loc, _, other in _run_by(job):
            if other not in names:
                hint = nearest_hint(other, [name for name in names if name != job.name])
                message = f"expected a job of this stack, found {shown(other)}, which is none"
                yield job, Problem((*loc, "job"), f"{message}: {hint}" if hint else message)
            elif (way := _way_back(by_name, other, job.name)) is not None:
                message = f"expected a job that does not run {job.name} itself, found {' -> '.join((job.name, *way))}"
                yield job, Problem((*loc, "job"), message)
        yield from ((job, problem) for problem in _runs_that_meet(job, by_name))
        without = {step.name: other for _, step, other in _run_by(job) if _lacks_result(other, by_name)}
        for loc, name in reads(job):
            if name in without:
                message = f"expected the result of a step, found ${name}: the job {without[name]} has no results: true"
                yield job, Problem(loc, message)


def _runs_that_meet(job: JobSpec, jobs: dict[str, JobSpec]) -> Iterator[Problem]:
    """Runs of other jobs that could not go on because of each other, or because of the run that waits for them."""
    for loc, step, name in _run_by(job):
        other = jobs.get(name)
        if other is None:
            continue
        rival = _rival(job, name, jobs)
        if rival is not None:
            message = f"expected a job outside of {job.name}'s own overlap group, found {shown(rival)} in it"
            yield Problem((*loc, "job"), f"{message}: it would wait for the run that waits for it")
        at_once = step.for_each.max_concurrency if step.for_each is not None else 1
        if at_once > 1 and other.overlap.policy in _ONE_AT_A_TIME:
            message = f"expected maxConcurrency: 1, or overlap: queue or allow of {name}, found {at_once} runs at once"
            yield Problem((*loc, "forEach"), f"{message} of a job with overlap: {other.overlap.policy}")
    for key, part in (("steps", job.steps), ("onFailure", job.on_failure)):
        for loc, step in all_steps(part, (key,)):
            yield from _side_by_side(loc, step, jobs)


def _side_by_side(loc: Loc, step: StepSpec, jobs: dict[str, JobSpec]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, branch in enumerate(step.parallel or ()):
        for inner, one in all_steps((branch,)):
            other = jobs.get(one.job) if one.job is not None else None
            if other is None or other.overlap.policy not in _ONE_AT_A_TIME:
                continue
            if seen.setdefault(other.name, index) != index:
                message = f"expected one of the parallel steps to run {other.name}, found two"
                why = f"with overlap: {other.overlap.policy} its runs do not run at once"
                yield Problem((*loc, "parallel", index, *inner[1:], "job"), f"{message}: {why}")


def _rival(job: JobSpec, name: str, jobs: dict[str, JobSpec], passed: tuple[str, ...] = ()) -> str | None:
    """The job in the same overlap group that is run by `name`, or is it; None where there is none."""
    group, other = job.overlap.group, jobs.get(name)
    if group is None or other is None or name in passed:
        return None
    if other.overlap.group == group:
        return name
    rivals = (_rival(job, inner, jobs, (*passed, name)) for _, _, inner in _run_by(other))
    return next((rival for rival in rivals if rival is not None), None)


def _run_by(job: JobSpec) -> Iterator[tuple[Loc, StepSpec, str]]:
    for key, part in (("steps", job.steps), ("onFailure", job.on_failure)):
        for loc, step in all_steps(part, (key,)):
            if step.job is not None:
                yield loc, step, step.job


def _way_back(jobs: dict[str, JobSpec], start: str, goal: str, passed: tuple[str, ...] = ()) -> tuple[str, ...] | None:
    """The jobs through which `start` runs `goal`, both included; None where it does not."""
    here = (*passed, start)
    if start == goal:
        return here
    if start in passed or start not in jobs:
        return None
    ways = (_way_back(jobs, other, goal, here) for _, _, other in _run_by(jobs[start]))
    return next((way for way in ways if way is not None), None)


def _lacks_result(name: str, jobs: dict[str, JobSpec], passed: tuple[str, ...] = ()) -> bool:
    """Whether the runs of a job have no result: that of its last step, where it has steps."""
    job = jobs.get(name)
    if job is None or name in passed:
        return False
    if not job.steps:
        return not job.results
    last = job.steps[-1]
    return _lacks_result(last.job, jobs, (*passed, name)) if last.job is not None else not has_result(job, last)
