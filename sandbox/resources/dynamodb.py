"""DynamoDB: tables."""

from typing import Any, ClassVar

from sandbox.errors import SandboxError
from sandbox.resources.aws import Aws
from sandbox.resources.fields import Fields, Nested, observed, translate
from sandbox.resources.handler import Created, Handler, Properties, undone_on_error
from sandbox.resources.tags import DYNAMODB, tag_list, tags_all

_TTL: Fields = {"attributeName": "AttributeName", "enabled": "Enabled"}
_RECOVERY: Fields = {"enabled": "PointInTimeRecoveryEnabled"}
_IN_PLACE = ("billingMode", "deletionProtectionEnabled", "serverSideEncryption")
# To the real provider a block that is missing asks for nothing, also not for the end of what it once asked for.
_BLOCKS = frozenset({"pointInTimeRecovery", "serverSideEncryption", "ttl"})


class Table(Handler):
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html"""

    token = "aws:dynamodb/table:Table"
    fields: ClassVar = {
        "name": "TableName",
        "attributes": Nested("AttributeDefinitions", {"name": "AttributeName", "type": "AttributeType"}),
        "billingMode": "BillingMode",
        "deletionProtectionEnabled": "DeletionProtectionEnabled",
        "serverSideEncryption": Nested("SSESpecification", {"enabled": "Enabled"}),
    }
    others = frozenset({"hashKey", "pointInTimeRecovery", "ttl"})
    required = frozenset({"attributes", "hashKey"})
    defaults: ClassVar = {"billingMode": "PROVISIONED", "deletionProtectionEnabled": False}
    tagging = DYNAMODB
    replace_on = frozenset({"hashKey"})

    def check(self, inputs: Properties, logical_name: str, seed: bytes) -> Properties:
        """As Handler.check; the provider refuses an attribute of a TTL that is off, and one that is on without."""
        checked = super().check(inputs, logical_name, seed)
        ttl = checked.get("ttl")
        if ttl is not None and bool(ttl.get("enabled")) != bool(ttl.get("attributeName")):
            raise SandboxError("the property 'ttl.attributeName' is required if 'ttl.enabled' is true, and only then")
        return checked

    def differing(self, old: Properties, new: Properties) -> set[str]:
        """As Handler.differing; a block that is no longer given is no difference."""
        return super().differing(old, new) - (_BLOCKS - new.keys())

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the table's name."""
        dynamodb, name = aws.client("dynamodb"), inputs["name"]
        schema = [{"AttributeName": inputs["hashKey"], "KeyType": "HASH"}]
        description = dynamodb.create_table(KeySchema=schema, **self.request(inputs), **tag_list(inputs))
        made = Created(name, {**inputs, **tags_all(inputs), "arn": description["TableDescription"]["TableArn"]})
        with undone_on_error(lambda: dynamodb.delete_table(TableName=name)):
            dynamodb.get_waiter("table_exists").wait(TableName=name)
            self._apply(aws, name, {}, inputs)
        return made

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Change what is not the same."""
        changed = self._changed_in_place(made.outputs, inputs)
        if "attributes" in changed:
            raise SandboxError("the sandbox cannot change attributes of a table that is there")
        request = self.request({name: inputs[name] for name in _IN_PLACE if name in changed})
        # One after the other: AWS takes one kind of change in a call.
        for field, value in request.items():
            aws.client("dynamodb").update_table(TableName=made.id, **{field: value})
        self._apply(aws, made.id, made.outputs, inputs)

    def look(self, aws: Aws, made: Created) -> Properties:
        """What DescribeTable, DescribeTimeToLive and DescribeContinuousBackups tell."""
        dynamodb = aws.client("dynamodb")
        table = dynamodb.describe_table(TableName=made.id)["Table"]
        (key,) = [element["AttributeName"] for element in table["KeySchema"] if element["KeyType"] == "HASH"]
        ttl = dynamodb.describe_time_to_live(TableName=made.id)["TimeToLiveDescription"]
        backups = dynamodb.describe_continuous_backups(TableName=made.id)["ContinuousBackupsDescription"]
        recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        encrypted = table.get("SSEDescription", {}).get("Status") == "ENABLED"
        ttl_enabled = ttl["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
        return {
            "attributes": observed(table, self.fields)["attributes"],
            "billingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
            "deletionProtectionEnabled": table["DeletionProtectionEnabled"],
            "hashKey": key,
            "pointInTimeRecovery": _switch(made, "pointInTimeRecovery", recovery),
            "serverSideEncryption": _switch(made, "serverSideEncryption", encrypted),
            "ttl": observed(ttl, _TTL) | {"enabled": True} if ttl_enabled else _switch(made, "ttl", False),
        }

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the table and what is in it; AWS refuses while `deletionProtectionEnabled` is set."""
        aws.client("dynamodb").delete_table(TableName=made.id)

    def _apply(self, aws: Aws, table: str, old: Properties, inputs: Properties) -> None:
        """Call for what CreateTable and UpdateTable do not take."""
        dynamodb = aws.client("dynamodb")
        recovery = inputs.get("pointInTimeRecovery")
        if recovery and recovery != old.get("pointInTimeRecovery", {"enabled": False}):
            dynamodb.update_continuous_backups(
                TableName=table, PointInTimeRecoverySpecification=translate(recovery, _RECOVERY)
            )
        now, wanted = (_ttl_attribute(properties) for properties in (old, inputs))
        if "ttl" in inputs and wanted != now:
            # The call wants the attribute's name to switch it off, too.
            specification = translate({"attributeName": wanted or now, "enabled": bool(wanted)}, _TTL)
            dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=specification)


def _ttl_attribute(properties: Properties) -> str | None:
    return (properties.get("ttl") or {}).get("attributeName")


def _switch(made: Created, name: str, enabled: bool) -> dict[str, Any] | None:
    """A block that says whether something is on; nothing for one that is off and that nobody asked for."""
    return {"enabled": enabled} if enabled or name in made.outputs else None
