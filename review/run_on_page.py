"""The page about where a job can run, as Markdown: the words are here, the tables come from what the program knows.

`python -m review.run_on_page > docs/run-on.md`
"""

import sys
from collections.abc import Iterable, Sequence

from review import prices
from review.costs import run_dollars, transitions
from review.moves import FACTS
from spec.durations import duration_text
from spec.job import JobSpec
from spec.run_on import RunOnKind

KINDS: tuple[RunOnKind, ...] = ("fargate", "ec2", "lambda", "task", "kubernetes")
NEEDED: dict[RunOnKind, dict[str, str]] = {
    "fargate": {},
    "ec2": {"capacityProvider": "warehouse"},
    "lambda": {},
    "task": {},
    "kubernetes": {"cluster": "analytics"},
}
"""What a kind of place must be told beside its name."""
COSTS_AFTER_SECONDS = (1, 60, 600, 3600)
LONGEST_ON_LAMBDA_SECONDS = 900

HOLDS, REFUSED, NO_EFFECT = "yes", "no: refused", "no: `check` says so"

FEATURES: dict[str, tuple[str, ...]] = {
    "`overlap: skip`, `queue`, `replace`": (HOLDS, HOLDS, HOLDS, REFUSED, REFUSED),
    "`overlap: {policy: allow, oncePerTime: true}`": (HOLDS, HOLDS, HOLDS, REFUSED, HOLDS),
    "`retries`": (HOLDS, HOLDS, HOLDS, NO_EFFECT, HOLDS),
    "`timeout`": (HOLDS, HOLDS, "yes, up to 15 minutes", NO_EFFECT, HOLDS),
    "`steps`, `count`": (HOLDS, HOLDS, HOLDS, REFUSED, HOLDS),
    "`results`": (HOLDS, HOLDS, HOLDS, REFUSED, HOLDS),
    "no `schedule`: people start it": (HOLDS, HOLDS, HOLDS, REFUSED, HOLDS),
    "`startedBy`": (HOLDS, HOLDS, HOLDS, REFUSED, HOLDS),
    "`secrets`": (HOLDS, HOLDS, HOLDS, HOLDS, "of the cluster"),
    "`capacity: {spot: true}`": (HOLDS, NO_EFFECT, NO_EFFECT, "yes; what Spot takes is not started again", NO_EFFECT),
    "alerts": (HOLDS, HOLDS, HOLDS, HOLDS, HOLDS),
    "`start`, `rerun`, `backfill`": (HOLDS, HOLDS, HOLDS, HOLDS, HOLDS),
    "`pause`, `resume`, `calendar`": (HOLDS, HOLDS, HOLDS, HOLDS, HOLDS),
    "`stop`": (HOLDS, HOLDS, "the run; its function goes on", HOLDS, HOLDS),
    "`redrive`": (HOLDS, HOLDS, HOLDS, "no: there is no execution", HOLDS),
    "`logs`": (HOLDS, HOLDS, HOLDS, HOLDS, "what Step Functions brings along"),
}
"""What of a job and of the operator's verbs means the same in each kind of place, in the order of KINDS."""

_INTRODUCTION = """\
<!-- Made by `python -m review.run_on_page`. Change that, not this page. -->
# Where a job runs

`runOn`, in `job.yaml`, in the stack's file or in `longhaul:defaults`, says where a job runs, with all its steps. It is
Fargate where nothing is said. Of a layer below that says another `kind` nothing is left.

```yaml
longhaul:jobs:
  daily-rollup:                      # its folder and its job.yaml stay as they are
    schedule: cron(15 3 * * ? *)
    runOn: lambda
  nightly-load:
    schedule: cron(0 1 * * ? *)
    runOn: {kind: ec2, capacityProvider: warehouse}
```

There is one list of jobs, one history and one command line for all of them. `./longhaul check` refuses what cannot be
kept where a job runs, and says what of it has no effect there; `./longhaul diff` says what a move changes: costs,
limits and IAM.

## Which one

- [`fargate`](state-machine.md): when nothing speaks for another. Nothing to keep, nothing paid while it rests, any
  length up to a year, every feature.
- [`lambda`](run-on-lambda.md): a job of seconds that starts often: it starts sooner, and no minute is billed that it
  does not use. Not beyond 15 minutes, and nothing can stop it before its end. A job
  that is Python and nothing else [needs no image](run-on-lambda.md#from-a-zip-archive) there.
- [`task`](run-on-task.md): a job so plain that nobody needs more than its log and its exit code: no retries, no
  timeout, no lock. It spares the state transitions, which is little where a run takes minutes.
- [`ec2`](run-on-ec2.md): machines that are there and paid anyway, or of a kind that Fargate does not sell.
- [`kubernetes`](run-on-kubernetes.md): an EKS cluster that is there anyway, where a team keeps its nodes, its quotas
  and its logs.
"""

_COSTS = f"""\
Of a job with a quarter of a vCPU and 512 MiB in a public subnet, with `overlap: allow`, at the list prices of
{prices.REGION} as seen on {prices.SEEN} (`review/prices.py`), in US dollars; logs, traffic and free tiers left out. The
machines of `ec2` and `kubernetes` are paid anyway. `.venv/bin/python -m bench.run_on` counts the transitions in real
histories.
"""

_MOVING = """\
## Moving a job

Change `runOn`, look at `./longhaul diff HEAD`, deploy. The state machine keeps its name, so that history, alerts and
schedule go on; `task` has none, so that a move to or from it takes one away or makes one. The history goes on all the
same: it has the runs of before the move [by the ledger](operating.md#jobs-that-have-moved). A deployment gives the
machine's role what the new place needs and takes what the old one needed, which a run that is at work may still need:
`./longhaul check STACK --deployed` says whether one is.
"""


def page() -> str:
    """The whole page."""
    head = ["", *(f"`{kind}`" for kind in KINDS)]
    parts = [
        _INTRODUCTION,
        "## Side by side\n",
        _table(head, _fact_rows()),
        "\n## What a run costs\n",
        _COSTS,
        _table(head, _cost_rows()),
        "\n## What means the same everywhere\n",
        _table(head, [[what, *cells] for what, cells in FEATURES.items()]),
        "",
        _MOVING,
    ]
    return "\n".join(parts)


def _fact_rows() -> Iterable[Sequence[str]]:
    return ([what, *(FACTS[kind][what] for kind in KINDS)] for what in FACTS["fargate"])


def _cost_rows() -> Iterable[Sequence[str]]:
    jobs = [_plain_job(kind) for kind in KINDS]
    yield ["state transitions", *(str(transitions(job)) for job in jobs)]
    for seconds in COSTS_AFTER_SECONDS:
        yield [f"a run of {duration_text(seconds)}", *(_dollars(job, seconds) for job in jobs)]


def _plain_job(kind: RunOnKind) -> JobSpec:
    run_on = {"kind": kind, **NEEDED[kind]}
    return JobSpec.model_validate(
        {
            "name": "job",
            "image": "alpine",
            "timeout": "15m",
            "overlap": "allow",
            "entrypoint": ["true"],
            "runOn": run_on,
            "schedule": "rate(1 day)",
        }
    )


def _dollars(job: JobSpec, seconds: int) -> str:
    if job.run_on.kind == "lambda" and seconds > LONGEST_ON_LAMBDA_SECONDS:
        return "-"
    return f"{run_dollars(job, seconds, public_ip=True):.6f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


if __name__ == "__main__":
    sys.stdout.write(page())
