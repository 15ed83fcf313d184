"""What starts a job and looks after it: a state machine with its trigger, or, without one, the trigger alone."""

from dataclasses import replace
from typing import Any

from definitions import policies, started_by, task_start, trigger
from definitions.machine import machine
from definitions.rendered.stand_ins import Containers, StandIns, Start
from definitions.trust import trigger_trust_policy, trust_policy
from spec.stack import trigger_kind


def by_machine(given: StandIns, runs: Containers) -> Start:
    """The state machine that runs `runs`, and what starts it."""
    job, place = given.job, given.place
    machine_role = policies.state_machine_role_policy(
        job,
        place,
        rivals=given.stack.rivals(job),
        cluster_arn=given.cluster_arn,
        lock_table_arn=place.arn("dynamodb", f"table/{given.lock_table_name}"),
        results_bucket_arn=given.results_bucket_arn,
        passed_role_arns=runs.passed_role_arns,
    )
    trigger_role = policies.trigger_role_policy(place, dead_letter_arn=given.dead_letter_arn)
    return Start(
        documents={"state-machine": machine(job, place, given.target, runs.what_runs)},
        policies={
            "state-machine-role": {"trust": trust_policy("states", place), "policy": machine_role},
            "trigger-role": {"trust": trigger_trust_policy(place), "policy": trigger_role},
        },
        trigger=_machine_trigger(given),
    )


def _machine_trigger(given: StandIns) -> dict[str, Any]:
    job, place = given.job, given.place
    arns = {"role_arn": given.role_arn("trigger"), "dead_letter_arn": given.dead_letter_arn}
    starting = [
        {"rule": started_by.rule(rule), "target": started_by.target(rule, job, place, **arns)}
        for rule in started_by.rules(job, place)
    ]
    others = {"startedBy": starting} if starting else {}
    match trigger_kind(job, given.stack):
        case "rule":
            return {"rule": trigger.rule(job, place), "target": trigger.rule_target(job, place, **arns), **others}
        case "scheduler":
            return {"schedule": trigger.schedule(job, place, **arns), **others}
        case None:
            return others


def alone(given: StandIns, runs: Containers) -> Start:
    """What starts the task of a job without a state machine, and with which role; nothing where only people do."""
    job, place = given.job, given.place
    kind = trigger_kind(job, given.stack)
    if kind is None:
        return Start(documents={}, policies={}, trigger={})
    granted = policies.start_role_policy(
        job,
        place,
        cluster_arn=given.cluster_arn,
        passed_role_arns=runs.passed_role_arns,
        dead_letter_arn=given.dead_letter_arn if kind == "scheduler" else None,
    )
    trust = trust_policy("events" if kind == "rule" else "scheduler", place)
    target = replace(given.target, what_runs=runs.what_runs[job.name])
    arns = {"role_arn": given.role_arn(f"{job.name}-start"), "dead_letter_arn": given.dead_letter_arn}
    if kind == "rule":
        starts = {"rule": trigger.rule(job, place), "target": task_start.rule_target(job, place, target, **arns)}
    else:
        of_schedule = task_start.schedule_target(job, place, target, **arns)
        starts = {"schedule": trigger.schedule_of(job, place, of_schedule)}
    return Start(documents={}, policies={"start-role": {"trust": trust, "policy": granted}}, trigger=starts)
