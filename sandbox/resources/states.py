"""Step Functions: state machines."""

from typing import ClassVar

from botocore.exceptions import ClientError

from sandbox.resources.aws import Aws
from sandbox.resources.fields import Nested, observed, translate
from sandbox.resources.handler import Created, Handler, Properties, is_gone
from sandbox.resources.tags import STATES, lower_case_tag_list, tags_all

LOGGING: dict = {"level": "level", "includeExecutionData": "includeExecutionData", "logDestination": "logDestination"}


class StateMachine(Handler):
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html"""

    token = "aws:sfn/stateMachine:StateMachine"
    fields: ClassVar = {
        "name": "name",
        "definition": "definition",
        "roleArn": "roleArn",
        "type": "type",
        "tracingConfiguration": Nested("tracingConfiguration", {"enabled": "enabled"}),
    }
    others = frozenset({"namePrefix", "loggingConfiguration"})
    required = frozenset({"definition", "roleArn"})
    defaults: ClassVar = {"type": "STANDARD"}
    json_properties = ("definition",)
    tagging = STATES
    replace_on = frozenset({"type"})
    volatile = frozenset({"revisionId"})
    max_name_length = 80
    # https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/r/sfn_state_machine.html.markdown#timeouts
    seconds_to_be_gone = 300

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the machine's ARN."""
        states = aws.client("stepfunctions")
        logging = _logging_configuration(inputs.get("loggingConfiguration"))
        made = states.create_state_machine(**self.request(inputs), **logging, **lower_case_tag_list(inputs))
        arn = made["stateMachineArn"]
        machine = states.describe_state_machine(stateMachineArn=arn)
        outputs = {
            "arn": arn,
            "creationDate": made["creationDate"].isoformat(),
            "status": machine["status"],
            "revisionId": machine.get("revisionId", ""),
        }
        return Created(arn, {**inputs, **tags_all(inputs), **outputs})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Change definition, role, logging and tracing; executions that run go on with what they began with."""
        changeable = {name: value for name, value in inputs.items() if name not in ("name", "type")}
        logging = _logging_configuration(inputs.get("loggingConfiguration", {"level": "OFF"}))
        request = {**self.request(changeable), **logging}
        aws.client("stepfunctions").update_state_machine(stateMachineArn=made.id, **request)

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What DescribeStateMachine tells of a machine that is not being deleted."""
        machine = aws.client("stepfunctions").describe_state_machine(stateMachineArn=made.id)
        if machine["status"] == "DELETING":
            return None
        return {
            **observed(machine, self.fields),
            "loggingConfiguration": _logging_property(machine.get("loggingConfiguration")),
            "revisionId": machine.get("revisionId", ""),
        }

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the machine: at once, or when the executions that run have ended."""
        aws.client("stepfunctions").delete_state_machine(stateMachineArn=made.id)

    def lingers(self, aws: Aws, made: Created) -> str | None:
        """DELETING as long as executions run."""
        try:
            return aws.client("stepfunctions").describe_state_machine(stateMachineArn=made.id)["status"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise


def _logging_configuration(logging: Properties | None) -> Properties:
    if logging is None:
        return {}
    request = translate(logging, LOGGING, "loggingConfiguration.")
    destination = request.pop("logDestination", None)
    if destination:
        request["destinations"] = [{"cloudWatchLogsLogGroup": {"logGroupArn": destination}}]
    return {"loggingConfiguration": request}


def _logging_property(logging: Properties | None) -> Properties | None:
    if not logging or logging["level"] == "OFF":
        return None
    (destination,) = logging["destinations"]
    arn = destination["cloudWatchLogsLogGroup"]["logGroupArn"]
    return {"level": logging["level"], "includeExecutionData": logging["includeExecutionData"], "logDestination": arn}
