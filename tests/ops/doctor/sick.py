"""A stack that tests break, each in its way, and mend again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from ops.doctor.patient import Patient
from ops.ledger import Ledger
from sandbox.deploy import deploy
from sandbox.instances_of_jobs import provide_instances
from sandbox.local_aws import LocalAws
from spec.load import load_stack
from tests.ops.operated import OBEYS, Operated
from tests.project import new_project

_OBEYING = {"image": "example.com/obeys:1", "entrypoint": ["python", "-c", OBEYS], "overlap": "allow"}
# Of a job that never succeeds.
_AFTER_SUCCESS = {"jobs": [{"job": "fails", "on": "success"}]}
JOBS = {
    "daily": _OBEYING | {"schedule": "cron(15 3 * * ? *)", "environment": {"COLOUR": "red"}},
    "paris": _OBEYING | {"schedule": "cron(30 7 * * ? *)", "timezone": "Europe/Paris"},
    "line": _OBEYING | {"schedule": "rate(1 hour)", "overlap": "queue"},
    "large": _OBEYING | {"schedule": "cron(0 5 * * ? *)", "cpu": 4096, "memory": 8192, "results": True},
    "spot": _OBEYING | {"schedule": "cron(0 5 * * ? *)", "cpu": 2048, "memory": 4096, "capacity": {"spot": True}},
    "instance": _OBEYING
    | {
        "schedule": "cron(0 5 * * ? *)",
        "cpu": "96 vCPU",
        "runOn": {"kind": "ec2", "capacityProvider": "sick-warehouse", "networkMode": "bridge"},
    },
    "once": _OBEYING | {"schedule": "at(2090-01-01T00:00:00)"},
    "off": _OBEYING | {"enabled": False, "startedBy": _AFTER_SUCCESS, "schedule": "cron(15 3 * * ? *)"},
    "steps": _OBEYING
    | {
        "schedule": "cron(0 8 * * ? *)",
        "steps": [
            {"name": "list", "results": True},
            {"name": "one", "forEach": {"items": "{% $list.items %}", "distributed": True}},
            {"name": "both", "parallel": [{"name": "left", "cpu": 512, "memory": 1024}, {"name": "b", "job": "daily"}]},
        ],
    },
    "fails": _OBEYING | {"entrypoint": ["python", "-c", "raise SystemExit(64)"], "schedule": "cron(15 3 * * ? *)"},
}


class Sick(Operated):
    """A deployed stack, `acme`'s `sick`."""

    name = "sick"
    deployed: datetime
    """When it was deployed. Other tests move the clock, and then times of its schedule have gone by."""

    @contextmanager
    def patient(self, *, now: datetime | None = None, ledger: Ledger | None = None) -> Iterator[Patient]:
        """The stack as it is now, for one check."""
        with ThreadPoolExecutor(4) as pool:
            patient = Patient(self.aws, self.found(), pool, now=now or self.now, ledger=ledger, triggers_known=True)
            yield patient
            assert patient.unchecked == []

    def project_with(self, **changes: dict[str, Any] | None) -> Path:
        """A checked-out project with other jobs, or with None without them."""
        jobs = {name: job for name, job in (JOBS | changes).items() if job is not None}
        root = Path(mkdtemp(prefix="longhaul-checked-out-"))
        _write(root, self.local_aws.region, jobs)
        return root


@cache
def sick_stack(local_aws: LocalAws) -> Sick:
    """The stack, deployed when it is first asked for; it ends with the local AWS."""
    root = Path(mkdtemp(prefix="longhaul-sick-"))
    _write(root, local_aws.region, JOBS)
    provide_instances(local_aws, load_stack(root, Sick.name).containers)
    stack = Sick(local_aws, root, deploy(root, Sick.name, local_aws))
    stack.deployed = stack.now
    return stack


def _write(root: Path, region: str, jobs: dict[str, Any]) -> None:
    new_project(root, "acme", {"aws:region": region, "longhaul:jobs": jobs}, stack=Sick.name)
