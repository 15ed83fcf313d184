"""A job that moves to another place to run in: what that changes beside the fields that people wrote."""

from __future__ import annotations

from review import prices
from review.costs import run_dollars
from review.report import Move, MoveLine
from spec.durations import duration_text
from spec.job import JobSpec
from spec.run_on import RunOnKind
from spec.run_on_rules import notes
from spec.stack import StackSpec
from spec.step_containers import containers
from spec.words import path_text

COSTS_AFTER_SECONDS = (10, 600)
"""The lengths of a run whose cost is told, where the job's timeout lets it last so long."""

PLACES: dict[RunOnKind, str] = {
    "fargate": "Fargate",
    "ec2": "EC2 machines of a capacity provider",
    "lambda": "Lambda",
    "task": "Fargate, without a state machine",
    "kubernetes": "Kubernetes",
}

_BY_BUDGETS = "tried again as retries and startRetries say"
_IN_STEP_FUNCTIONS = "Step Functions for 90 days, then the ledger"
_BY_POLICY = "as overlap says"
_NOTHING_TO_DO = "there is nothing to do"
_AT_ONCE = "at once"
_BY_ECS = "ECS, before it starts"
_READS_SECRETS = "its secrets are read by"

_PRICES = f"list prices of {prices.REGION}, {prices.SEEN}; without logs, traffic and free tiers"

# What to know about each place, in the same order for all of them.
FACTS: dict[RunOnKind, dict[str, str]] = {
    "fargate": {
        "an attempt lasts": "at most its timeout, up to a year",
        "it is as large as": "Fargate's sizes, up to 16 vCPU and 120 GiB",
        "its disk is": "20 GiB, or up to 200 GiB",
        "a failed attempt": _BY_BUDGETS,
        "runs that meet": _BY_POLICY,
        _READS_SECRETS: _BY_ECS,
        "its end is seen": _AT_ONCE,
        "stopping a run": "stops its task",
        "what is known of a run": _IN_STEP_FUNCTIONS,
        "before the first run": _NOTHING_TO_DO,
        "while it rests": "costs nothing",
    },
    "ec2": {
        "an attempt lasts": "at most its timeout, up to a year",
        "it is as large as": "what is free on one machine",
        "its disk is": "the machine's",
        "a failed attempt": f"{_BY_BUDGETS}; want of room too",
        "runs that meet": _BY_POLICY,
        _READS_SECRETS: _BY_ECS,
        "its end is seen": _AT_ONCE,
        "stopping a run": "stops its task",
        "what is known of a run": _IN_STEP_FUNCTIONS,
        "before the first run": "machines of the provider join the stack's cluster",
        "while it rests": "the machines cost what they cost",
    },
    "lambda": {
        "an attempt lasts": "at most its timeout, up to 15 minutes",
        "it is as large as": "10,240 MiB, with CPU by the memory (1 vCPU at 1,769 MiB)",
        "its disk is": "/tmp alone, half a GiB, or up to 10 GiB",
        "a failed attempt": _BY_BUDGETS,
        "runs that meet": _BY_POLICY,
        _READS_SECRETS: "the function itself, so that its code may read them, too",
        "its end is seen": _AT_ONCE,
        "stopping a run": "ends the run; its function goes on to its own end",
        "what is known of a run": _IN_STEP_FUNCTIONS,
        "before the first run": _NOTHING_TO_DO,
        "while it rests": "costs nothing",
    },
    "task": {
        "an attempt lasts": "until it ends: nothing stops it",
        "it is as large as": "Fargate's sizes, up to 16 vCPU and 120 GiB",
        "its disk is": "20 GiB, or up to 200 GiB",
        "a failed attempt": (
            "is the end of the run; only a start that ECS throttles is tried again, and one without room is lost"
        ),
        "runs that meet": "run side by side; a time that is delivered twice starts two",
        _READS_SECRETS: _BY_ECS,
        "its end is seen": _AT_ONCE,
        "stopping a run": "stops its task",
        "what is known of a run": "its changes of state, in the ledger",
        "before the first run": _NOTHING_TO_DO,
        "while it rests": "costs nothing",
    },
    "kubernetes": {
        "an attempt lasts": "at most its timeout, up to a year",
        "it is as large as": "what is free on one node",
        "its disk is": "the node's",
        "a failed attempt": _BY_BUDGETS,
        "runs that meet": "run side by side",
        _READS_SECRETS: "the cluster, which keeps them",
        "its end is seen": "up to five minutes late",
        "stopping a run": "deletes its Job",
        "what is known of a run": f"{_IN_STEP_FUNCTIONS}; its log is the cluster's",
        "before the first run": "somebody applies to the cluster what `render --document kubernetes` prints",
        "while it rests": "the cluster costs what it costs",
    },
}


ARCHIVE = "Lambda, from an archive"

# The same of what a function is made from.
PACKAGE_FACTS: dict[str, dict[str, str]] = {
    "image": {
        "it is made from": "the job's image and the bootstrap, up to 10 GB",
        "its Python is": "the image's",
        "other programs and libraries": "what the image has",
        "whoever deploys it needs": "Docker",
    },
    "zip": {
        "it is made from": "the files and packages of its Dockerfile and the bootstrap, less than 250 MiB",
        "its Python is": "Lambda's of the same version",
        "other programs and libraries": "what Lambda's Amazon Linux has",
        "whoever deploys it needs": "pip",
    },
}
_MADE_ANEW = (
    "runOn.package: the function is deleted and made anew: a run that is at work finds its version gone when it tries "
    "again, and fails"
)


def move(old: JobSpec, new: JobSpec, old_stack: StackSpec, new_stack: StackSpec) -> Move | None:
    """What changes with the place that a job runs in; None for one that stays."""
    before, after = old.run_on.kind, new.run_on.kind
    if before == after:
        return _package_change(old, new) if old.run_on.place != new.run_on.place else None
    facts = [
        MoveLine(what, FACTS[before][what], FACTS[after][what])
        for what in FACTS[before]
        if FACTS[before][what] != FACTS[after][what] and (what != _READS_SECRETS or _have_secrets(old, new))
    ]
    known = {note.message for note in notes(old, old_stack.network)}
    costs = _costs(old, new, old_stack, new_stack)
    return Move(
        before=_place(old),
        after=_place(new),
        lines=(*costs, *facts),
        notes=tuple(
            f"{path_text(note.loc)}: {note.message}"
            for note in notes(new, new_stack.network)
            if note.message not in known
        ),
        prices=_PRICES if costs else None,
    )


def _have_secrets(*jobs: JobSpec) -> bool:
    return any(container.secrets for job in jobs for container in containers(job))


def _package_change(old: JobSpec, new: JobSpec) -> Move:
    before, after = PACKAGE_FACTS[old.run_on.package], PACKAGE_FACTS[new.run_on.package]
    return Move(
        before=_place(old),
        after=_place(new),
        lines=tuple(MoveLine(what, before[what], after[what]) for what in before),
        notes=(_MADE_ANEW,),
        prices=None,
    )


def _place(job: JobSpec) -> str:
    return ARCHIVE if job.run_on.is_zip else PLACES[job.run_on.kind]


def _costs(old: JobSpec, new: JobSpec, old_stack: StackSpec, new_stack: StackSpec) -> list[MoveLine]:
    lines = []
    longest = min(old.timeout_seconds, new.timeout_seconds)
    for seconds in sorted({min(length, longest) for length in COSTS_AFTER_SECONDS}):
        before, after = _dollars(old, seconds, old_stack), _dollars(new, seconds, new_stack)
        if before is not None and after is not None:
            lines.append(MoveLine(f"a run of {duration_text(seconds)} costs", before, after))
    return lines


def _dollars(job: JobSpec, seconds: int, stack: StackSpec) -> str | None:
    dollars = run_dollars(job, seconds, public_ip=stack.network.gives_public_ips)
    if dollars is None:
        return None
    at_most = "at most " if job.capacity.spot and job.run_on.kind in ("fargate", "task") else ""
    return f"{at_most}${dollars:.6f}"
