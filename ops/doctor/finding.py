"""What is wrong with a deployed stack, in a sentence, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ops.aws import Denial, denial_of
from ops.errors import OpsError

NOT_CHECKED = "not-checked"
"""The key of a finding that tells what could not be looked at."""

REDEPLOY = "Deploy the stack again with `pulumi up --refresh`"
"""The beginning of an advice about what is not as it was deployed."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, or will be.

    Attributes:
        check: a key that never changes, such as `trigger-without-target`.
        job: the job; None for what is the stack's.
        problem: what is wrong, in a sentence.
        advice: what to do about it.
        arn: the resource; None where it has none.
    """

    check: str
    job: str | None
    problem: str
    advice: str
    arn: str | None


@dataclass(frozen=True, kw_only=True)
class Unchecked:
    """Something that could not be looked at.

    Attributes:
        what: in the words of a person, such as `the triggers`.
        job: of which job; None for the stack.
        why: AWS's answer, in a line.
        denial: the permission that the caller lacks; None where that was not it.
    """

    what: str
    job: str | None
    why: str
    denial: Denial | None


def unchecked(what: str, job: str | None, refusal: OpsError) -> Unchecked:
    """Something that could not be looked at because of `refusal`, which came of an error of botocore's."""
    return Unchecked(what=what, job=job, why=str(refusal), denial=denial_of(refusal.__cause__))


def utc_text(moment: datetime) -> str:
    """`2026-11-24 03:15 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def not_checked(everything: Iterable[Unchecked]) -> list[Finding]:
    """A finding for each permission that is missing for each thing, and for each other reason."""
    alike: dict[tuple[str, str], list[Unchecked]] = {}
    for each in everything:
        alike.setdefault((each.what, each.denial.action if each.denial else each.why), []).append(each)
    return sorted((_finding(of_a_kind) for of_a_kind in alike.values()), key=lambda finding: finding.problem)


def _finding(alike: list[Unchecked]) -> Finding:
    first, jobs = alike[0], list(dict.fromkeys(each.job for each in alike if each.job))
    whose = f" of {jobs[0]}" if len(jobs) == 1 else f" of {len(jobs)} jobs" if jobs else ""
    beginning = f"{first.what}{whose} could not be looked at: "
    job = jobs[0] if len(jobs) == 1 else None
    if first.denial is None:
        return Finding(
            check=NOT_CHECKED,
            job=job,
            problem=f"{beginning}{first.why}",
            advice="Try again; if it stays so, look at the network and at AWS's health page.",
            arn=None,
        )
    denial = first.denial
    resources = list(dict.fromkeys(each.denial.resource for each in alike if each.denial and each.denial.resource))
    on = f" on {resources[0]}" if resources else ""
    more = f" and {len(resources) - 1} more" if len(resources) > 1 else ""
    return Finding(
        check=NOT_CHECKED,
        job=job,
        problem=f"{beginning}{denial.who} lacks {denial.action}{on}{more}",
        advice=f"Have {denial.action} granted to whoever looks; `./longhaul policy` prints all that is needed.",
        arn=resources[0] if len(resources) == 1 and resources[0].startswith("arn:") else None,
    )
