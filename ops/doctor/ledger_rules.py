"""Is what happens written into the ledger? A rule writes the changes of executions, another those of lone tasks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ops.doctor.finding import REDEPLOY, Finding
from ops.doctor.patient import Patient

_WHOSE = {
    "aws.states": ("runs of state machines", "Step Functions forgets them after 90 days, and is slow to ask."),
    "aws.ecs": ("tasks without a state machine", "They are known for an hour after their end, and then by nobody."),
}
"""By the source of the events: of what they tell, and what it means where nobody writes them."""


def check(patient: Patient) -> list[Finding]:
    """Rules of the ledger that are missing or switched off; nothing of a stack without a ledger."""
    return patient.noting("the rules of the ledger", None, lambda: list(_findings(patient)))


def _findings(patient: Patient) -> Iterator[Finding]:
    if patient.ledger is None:
        return
    needed = {"aws.states": patient.stack.machine_jobs, "aws.ecs": patient.stack.task_jobs}
    for source in (source for source, jobs in needed.items() if jobs):
        # Those that start a job have a dot in their names, and there may be many.
        others = [rule for rule in patient.rules() if "." not in rule["Name"] and _source(rule) == source]
        writing = [rule for rule in others if _writes(patient, rule)]
        what, meaning = _WHOSE[source]
        off = writing[0] if writing and all(rule["State"] == "DISABLED" for rule in writing) else None
        if not writing:
            yield Finding(
                check="ledger-rule-missing",
                job=None,
                problem=f"No rule writes into the ledger what becomes of {what}. {meaning}",
                advice=f"{REDEPLOY}, which sees what is not as it was.",
                arn=None,
            )
        elif off is not None:
            yield Finding(
                check="ledger-rule-off",
                job=None,
                problem=f"The rule {off['Name']}, which writes into the ledger what becomes of {what}, is switched "
                f"off. {meaning}",
                advice=f"`aws events enable-rule --name {off['Name']}`. What happened meanwhile stays unwritten.",
                arn=off["Arn"],
            )


def _source(rule: dict[str, Any]) -> str | None:
    """The source of the events that a rule matches, where it matches those of one."""
    sources = json.loads(rule.get("EventPattern") or "{}").get("source", [])
    return sources[0] if len(sources) == 1 else None


def _writes(patient: Patient, rule: dict[str, Any]) -> bool:
    assert patient.ledger is not None
    targets = patient.aws("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    suffix = f":log-group:{patient.ledger.log_group}"
    return any(target["Arn"].removesuffix(":*").endswith(suffix) for target in targets)
