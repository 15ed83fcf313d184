"""dynamodb:getItem, putItem, updateItem and deleteItem.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html
"""

import re
from typing import TYPE_CHECKING, Any

from sandbox.step_functions.history import Chain
from sandbox.step_functions.integrations.calls import Api, Failure, optimised_error
from sandbox.step_functions.integrations.events import TaskEvents
from sandbox.step_functions.integrations.metadata import sdk_metadata
from sandbox.step_functions.integrations.shapes import millisecond_time, pascal

if TYPE_CHECKING:
    from sandbox.step_functions.task_state import TaskCall

_fault = optimised_error("DynamoDB", "AmazonDynamoDBException", "AmazonDynamoDBv2")
_TABLE_NAME = "[a-zA-Z0-9_.-]+"


class ItemTask:
    """One operation on one item."""

    name = "dynamodb"
    waits_for_job = False

    def __init__(self, action: str) -> None:
        self._action = action
        self._api = Api(service="dynamodb", operation=pascal(action), fault=_fault, time_of=millisecond_time)

    def parameters(self, arguments: Any) -> Any:
        """See Integration."""
        return arguments

    def events(self, chain: Chain, region: str) -> TaskEvents:
        """See Integration."""
        return TaskEvents(chain, region, "dynamodb", self._action)

    def run(self, call: "TaskCall") -> Any:
        """The operation's answer."""
        request = self._api.request(call.parameters)
        check_table_name(self._api, request)
        client = call.client("dynamodb")
        answer = call.limited(lambda: self._api.call_raw(client, request))
        return {**self._api.result(answer), **sdk_metadata(answer["ResponseMetadata"])}


def check_table_name(api: Api, request: dict[str, Any]) -> None:
    """Refuse a table name that DynamoDB refuses before it looks for the table."""
    name = request.get("TableName")
    if isinstance(name, str) and not name.startswith("arn:") and not re.fullmatch(_TABLE_NAME, name):
        message = (
            f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {_TABLE_NAME}"
        )
        raise api.fault(api, Failure("ValidationException", message, 400))
