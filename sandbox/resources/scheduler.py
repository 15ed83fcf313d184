"""EventBridge Scheduler: schedules and their groups."""

from datetime import datetime
from typing import ClassVar

from sandbox.resources.aws import Aws
from sandbox.resources.fields import Nested
from sandbox.resources.handler import Created, Handler, Properties
from sandbox.resources.tags import tag_list, tags_all


class ScheduleGroup(Handler):
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateScheduleGroup.html"""

    token = "aws:scheduler/scheduleGroup:ScheduleGroup"
    fields: ClassVar = {"name": "Name"}
    others = frozenset({"namePrefix"})
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
    defaults: ClassVar = {"groupName": "default", "scheduleExpressionTimezone": "UTC", "state": "ENABLED"}
    taggable = False
    max_name_length = 64

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is `<group>/<schedule>`."""
        request = self.request(inputs)
        for name in {"StartDate", "EndDate"} & request.keys():
            request[name] = datetime.fromisoformat(request[name])
        arn = aws.client("scheduler").create_schedule(**request)["ScheduleArn"]
        return Created(f"{inputs['groupName']}/{inputs['name']}", {**inputs, "arn": arn})

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the schedule."""
        aws.client("scheduler").delete_schedule(Name=made.outputs["name"], GroupName=made.outputs["groupName"])
