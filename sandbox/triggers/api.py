"""Has MiniStack refuse the rules, targets and schedules that AWS refuses, with AWS's messages.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import eventbridge, scheduler

from sandbox.local_aws import LocalAws
from sandbox.triggers.payload import PLACEHOLDER, RESERVED, is_template
from spec.schedule import At, ScheduleError, parse_schedule, time_zone

Answer = tuple[int, dict[str, str], bytes]

MOST_TARGETS = 5
LONGEST_INPUT = 8192
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
LONGEST_PATTERN = 2048
QUEUE_ARN = re.compile(r"arn:aws(-[a-z]+)*:sqs:[a-z0-9-]+:\d{12}:[a-zA-Z0-9_-]+")
LOG_GROUP_ARN = re.compile(r"arn:aws(-[a-z]+)*:logs:[a-z0-9-]+:\d{12}:log-group:.+")
CLUSTER_ARN = re.compile(r"arn:aws(-[a-z]+)*:ecs:[a-z0-9-]+:\d{12}:cluster/.+")
STATE_MACHINE_ARN = re.compile(r"arn:aws(-[a-z]+)*:states:[a-z0-9-]+:\d{12}:stateMachine:.+")

_put_rule = eventbridge._put_rule
_put_targets = eventbridge._put_targets
_delete_rule = eventbridge._delete_rule
_create_schedule = scheduler._create_schedule
_update_schedule = scheduler._update_schedule


class Refused(Exception):  # noqa: N818 - what the service does with the request
    """A request that AWS refuses with a ValidationException, or with the error of another code."""

    def __init__(self, message: str, code: str = "ValidationException") -> None:
        super().__init__(message)
        self.code = code


def install(aws: LocalAws) -> None:
    """Have the calls that make rules, targets and schedules check what they are given; again does no harm."""

    def now() -> float:
        return aws.clock.now()

    eventbridge._put_rule = _rule_call(_check_rule, _put_rule)
    eventbridge._put_targets = _rule_call(_check_targets, _put_targets)
    eventbridge._delete_rule = _rule_call(_check_no_targets, _delete_rule)
    scheduler._create_schedule = _schedule_call(_create_schedule, now)
    scheduler._update_schedule = _schedule_call(_update_schedule, now)


def _rule_call(check: Callable[[dict[str, Any]], None], call: Callable[..., Answer]) -> Callable[..., Answer]:
    def checked(request: dict[str, Any]) -> Answer:
        try:
            check(request)
        except Refused as refused:
            return error_response_json(refused.code, str(refused), 400)
        return call(request)

    return checked


def _schedule_call(call: Callable[..., Answer], now: Callable[[], float]) -> Callable[..., Answer]:
    def checked(name: str, request: dict[str, Any]) -> Answer:
        try:
            _check_schedule(request, now())
        except Refused as refused:
            return scheduler._error(400, refused.code, str(refused))
        return call(name, request)

    return checked


def _check_rule(request: dict[str, Any]) -> None:
    expression = request.get("ScheduleExpression", "")
    if not expression and not request.get("EventPattern"):
        raise Refused("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if len(request.get("EventPattern") or "") > LONGEST_PATTERN:
        raise Refused(f"Event pattern is longer than {LONGEST_PATTERN} characters.", "LimitExceededException")
    if not expression:
        return
    try:
        schedule = parse_schedule(expression)
    except ScheduleError:
        schedule = None
    if schedule is None or isinstance(schedule, At):
        raise Refused("Parameter ScheduleExpression is not valid.")
    if request.get("EventBusName", "default") != "default":
        raise Refused("ScheduleExpression is supported only on the default event bus.")


def _check_targets(request: dict[str, Any]) -> None:
    key = eventbridge._rule_key(request.get("Rule", ""), request.get("EventBusName", "default"))
    rule = eventbridge._rules.get(key)
    if rule is None:
        return
    targets = request.get("Targets", [])
    if len({target["Id"] for target in [*(eventbridge._targets.get(key) or []), *targets]}) > MOST_TARGETS:
        raise Refused("The requested resource exceeds the maximum number allowed.", "LimitExceededException")
    for target in targets:
        arn = target.get("Arn", "")
        startable = STATE_MACHINE_ARN.fullmatch(arn) or CLUSTER_ARN.fullmatch(arn)
        if rule["ScheduleExpression"] and not startable:
            raise Refused(f"The sandbox starts state machines and ECS tasks on a schedule and nothing else: {arn}")
        if CLUSTER_ARN.fullmatch(arn) and not rule["ScheduleExpression"]:
            raise Refused(f"The sandbox runs ECS tasks on a schedule and on nothing else: {arn}")
        if startable and not target.get("RoleArn"):
            raise Refused(f"RoleArn is required for target {arn}.")
        _check_task(target)
        if LOG_GROUP_ARN.fullmatch(arn):
            _check_log_group(target)
        _check_rule_input(target)
        _check_delivery(target)


def _check_log_group(target: dict[str, Any]) -> None:
    if target.get("RoleArn"):
        raise Refused(f"RoleArn is not supported for target {target['Arn']}.")
    if {"Input", "InputPath", "InputTransformer"} & target.keys():
        raise Refused(f"The sandbox writes whole events to log groups and nothing else: {target['Arn']}")


def _check_task(target: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EcsParameters.html, and Scheduler's."""
    parameters, of_a_cluster = target.get("EcsParameters"), CLUSTER_ARN.fullmatch(target.get("Arn", ""))
    if bool(of_a_cluster) != (parameters is not None):
        raise Refused(f"EcsParameters go with an ECS cluster as target, and it with them: {target.get('Arn')}")
    if parameters is None:
        return
    if not parameters.get("TaskDefinitionArn"):
        raise Refused("EcsParameters.TaskDefinitionArn is required.")
    if parameters.get("TaskCount", 1) != 1:
        raise Refused("The sandbox runs one ECS task at a time and no more: TaskCount")
    if "Tags" in parameters:
        raise Refused("The sandbox gives ECS tasks the tags of their definition and no others: Tags")


def _check_rule_input(target: dict[str, Any]) -> None:
    name = target["Id"]
    given = [field for field in ("Input", "InputPath", "InputTransformer") if field in target]
    if len(given) > 1:
        raise Refused(f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}.")
    if "Input" in target:
        _check_json(target["Input"], f"JSON syntax error in input for target {name}")
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        known = {*(transformer.get("InputPathsMap") or {}), *RESERVED}
        template = transformer.get("InputTemplate", "")
        if len(template) > LONGEST_INPUT:
            raise Refused(f"InputTemplate for target {name} is longer than {LONGEST_INPUT} characters.")
        unknown = [placeholder for placeholder in PLACEHOLDER.findall(template) if placeholder not in known]
        if unknown:
            raise Refused(f"InputTemplate for target {name} contains invalid placeholder {unknown[0]}.")
        if not is_template(template):
            raise Refused(f"Invalid InputTemplate for target {name} : it is neither JSON nor text in quotes.")


def _check_json(text: str, problem: str) -> None:
    if len(text) > LONGEST_INPUT:
        raise Refused(f"{problem} : it is longer than {LONGEST_INPUT} characters.")
    try:
        json.loads(text)
    except ValueError as error:
        raise Refused(f"{problem} : {error}") from None


def _check_delivery(target: dict[str, Any]) -> None:
    """The bounds of both services' retry policies and dead-letter queues."""
    policy = target.get("RetryPolicy") or {}
    age, attempts = policy.get("MaximumEventAgeInSeconds", 60), policy.get("MaximumRetryAttempts", 0)
    if not 60 <= age <= 86_400:
        raise Refused(f"MaximumEventAgeInSeconds is {age}, and 60 to 86400 are allowed.")
    if not 0 <= attempts <= 185:
        raise Refused(f"MaximumRetryAttempts is {attempts}, and 0 to 185 are allowed.")
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if queue and not QUEUE_ARN.fullmatch(queue):
        raise Refused(f"The dead-letter queue must be a standard SQS queue: {queue}")


def _check_no_targets(request: dict[str, Any]) -> None:
    key = eventbridge._rule_key(request.get("Name", ""), request.get("EventBusName", "default"))
    if eventbridge._targets.get(key):
        raise Refused("Rule can't be deleted since it has targets.")


def _check_schedule(request: dict[str, Any], now: float) -> None:
    expression = request.get("ScheduleExpression", "")
    try:
        schedule = parse_schedule(expression)
    except ScheduleError:
        raise Refused(f"Invalid Schedule Expression {expression}.") from None
    timezone = request.get("ScheduleExpressionTimezone")
    try:
        time_zone(timezone or "UTC")
    except ScheduleError:
        raise Refused(f"Invalid ScheduleExpressionTimezone {timezone}.") from None
    window = request.get("FlexibleTimeWindow") or {}
    mode, minutes = window.get("Mode"), window.get("MaximumWindowInMinutes")
    if mode not in ("OFF", "FLEXIBLE") or (mode == "FLEXIBLE") != (minutes is not None):
        raise Refused("FlexibleTimeWindow is OFF with no window, or FLEXIBLE with MaximumWindowInMinutes.")
    if minutes is not None and not 1 <= minutes <= 1440:
        raise Refused(f"MaximumWindowInMinutes is {minutes}, and 1 to 1440 are allowed.")
    if not isinstance(schedule, At):
        _check_dates(request, now)
    target = request.get("Target") or {}
    arn = target.get("Arn", "")
    if not STATE_MACHINE_ARN.fullmatch(arn) and not CLUSTER_ARN.fullmatch(arn):
        raise Refused(f"The sandbox starts state machines and ECS tasks on a schedule and nothing else: {arn}")
    if not target.get("RoleArn"):
        raise Refused("Target Arn and RoleArn are required.")
    _check_task(target)
    _check_delivery(target)


def _check_dates(request: dict[str, Any], now: float) -> None:
    start, end = (scheduler._to_epoch(request.get(name)) for name in ("StartDate", "EndDate"))
    if start is not None and start < now - 300:
        raise Refused("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if end is not None and end < (start if start is not None else now):
        raise Refused("The EndDate you specify cannot be earlier than the StartDate or now.")
