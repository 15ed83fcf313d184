"""EventBridge Scheduler: schedules and their groups."""

from datetime import datetime
from typing import ClassVar

from sandbox.resources.aws import Aws
from sandbox.resources.ecs_parameters import ECS_PARAMETERS, as_asked, as_written
from sandbox.resources.fields import Nested, observed
from sandbox.resources.handler import Created, Handler, Properties
from sandbox.resources.tags import SCHEDULER, tag_list, tags_all

DATES = {"StartDate", "EndDate"}


class ScheduleGroup(Handler):
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateScheduleGroup.html"""

    token = "aws:scheduler/scheduleGroup:ScheduleGroup"
    fields: ClassVar = {"name": "Name"}
    others = frozenset({"namePrefix"})
    tagging = SCHEDULER
    max_name_length = 64

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the group's name."""
        scheduler, name = aws.client("scheduler"), inputs["name"]
        arn = scheduler.create_schedule_group(**self.request(inputs), **tag_list(inputs))["ScheduleGroupArn"]
        group = scheduler.get_schedule_group(Name=name)
        outputs = {
            "arn": arn,
            "state": group["State"],
            "creationDate": group["CreationDate"].isoformat(),
            "lastModificationDate": group["LastModificationDate"].isoformat(),
        }
        return Created(name, {**inputs, **tags_all(inputs), **outputs})

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What GetScheduleGroup tells of a group that is not being deleted."""
        group = aws.client("scheduler").get_schedule_group(Name=made.id)
        return {"state": group["State"]} if group["State"] == "ACTIVE" else None

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the group, and with it the schedules that are still in it."""
        aws.client("scheduler").delete_schedule_group(Name=made.id)


class Schedule(Handler):
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html"""

    token = "aws:scheduler/schedule:Schedule"
    fields: ClassVar = {
        "name": "Name",
        "groupName": "GroupName",
        "description": "Description",
        "scheduleExpression": "ScheduleExpression",
        "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
        "flexibleTimeWindow": Nested(
            "FlexibleTimeWindow", {"mode": "Mode", "maximumWindowInMinutes": "MaximumWindowInMinutes"}
        ),
        "startDate": "StartDate",
        "endDate": "EndDate",
        "state": "State",
        "actionAfterCompletion": "ActionAfterCompletion",
        "kmsKeyArn": "KmsKeyArn",
        "target": Nested(
            "Target",
            {
                "arn": "Arn",
                "roleArn": "RoleArn",
                "input": "Input",
                "ecsParameters": ECS_PARAMETERS,
                "deadLetterConfig": Nested("DeadLetterConfig", {"arn": "Arn"}),
                "retryPolicy": Nested(
                    "RetryPolicy",
                    {
                        "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
                        "maximumRetryAttempts": "MaximumRetryAttempts",
                    },
                ),
            },
        ),
    }
    others = frozenset({"namePrefix"})
    required = frozenset({"scheduleExpression", "flexibleTimeWindow", "target"})
    defaults: ClassVar = {
        "groupName": "default",
        "scheduleExpressionTimezone": "UTC",
        "state": "ENABLED",
        "actionAfterCompletion": "NONE",
    }
    replace_on = frozenset({"groupName"})
    max_name_length = 64

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is `<group>/<schedule>`."""
        arn = aws.client("scheduler").create_schedule(**self._dated_request(inputs))["ScheduleArn"]
        return Created(f"{inputs['groupName']}/{inputs['name']}", {**inputs, "arn": arn})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:  # noqa: ARG002
        """Say all of it again: UpdateSchedule resets what it is not told."""
        aws.client("scheduler").update_schedule(**self._dated_request(inputs))

    def look(self, aws: Aws, made: Created) -> Properties:
        """What GetSchedule tells."""
        name, group = made.outputs["name"], made.outputs["groupName"]
        schedule = aws.client("scheduler").get_schedule(Name=name, GroupName=group)
        dates = {name: schedule[name].isoformat() for name in DATES & schedule.keys()}
        return observed({**schedule, "Target": as_written(schedule["Target"]), **dates}, self.fields)

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the schedule."""
        aws.client("scheduler").delete_schedule(Name=made.outputs["name"], GroupName=made.outputs["groupName"])

    def _dated_request(self, inputs: Properties) -> Properties:
        request = self.request(inputs)
        request["Target"] = as_asked(request["Target"])
        return request | {name: datetime.fromisoformat(request[name]) for name in DATES & request.keys()}
