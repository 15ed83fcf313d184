"""KMS: customer managed keys and their aliases."""

from typing import ClassVar

from sandbox.resources.aws import Aws
from sandbox.resources.handler import Created, Handler, Properties, undone_on_error
from sandbox.resources.tags import KMS, tag_list, tags_all


class Key(Handler):
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html"""

    token = "aws:kms/key:Key"
    fields: ClassVar = {
        "description": "Description",
        "policy": "Policy",
    }
    others = frozenset({"enableKeyRotation", "deletionWindowInDays"})
    defaults: ClassVar = {"enableKeyRotation": False}
    json_properties = ("policy",)
    tagging = KMS
    # How long AWS waits is said when the key is deleted.
    flags = frozenset({"deletionWindowInDays"})
    auto_named = None

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the key's."""
        kms = aws.client("kms")
        tags = tag_list(inputs, "Tags", "TagKey", "TagValue")
        made = kms.create_key(**self.request(inputs), **tags)["KeyMetadata"]
        with undone_on_error(lambda: kms.schedule_key_deletion(KeyId=made["KeyId"], PendingWindowInDays=7)):
            if inputs["enableKeyRotation"]:
                kms.enable_key_rotation(KeyId=made["KeyId"])
        created = Created(made["KeyId"], {**inputs, **tags_all(inputs), "keyId": made["KeyId"], "arn": made["Arn"]})
        # A key that was given no policy has AWS's.
        return created._replace(outputs={**created.outputs, **(self.look(aws, created) or {})})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Change description, policy and rotation, each by a call of its own."""
        kms = aws.client("kms")
        kms.update_key_description(KeyId=made.id, Description=inputs.get("description", ""))
        if "policy" in inputs:
            kms.put_key_policy(KeyId=made.id, PolicyName="default", Policy=inputs["policy"])
        rotate = kms.enable_key_rotation if inputs["enableKeyRotation"] else kms.disable_key_rotation
        rotate(KeyId=made.id)

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """Description, policy and rotation; nothing of a key that waits for its deletion."""
        kms = aws.client("kms")
        told = kms.describe_key(KeyId=made.id)["KeyMetadata"]
        if told["KeyState"] == "PendingDeletion":
            return None
        return {
            "description": told.get("Description") or made.outputs.get("description"),
            "policy": kms.get_key_policy(KeyId=made.id, PolicyName="default")["Policy"],
            "enableKeyRotation": kms.get_key_rotation_status(KeyId=made.id)["KeyRotationEnabled"],
        }

    def delete(self, aws: Aws, made: Created) -> None:
        """Have the key deleted once its waiting time is over."""
        days = int(made.outputs.get("deletionWindowInDays", 30))
        aws.client("kms").schedule_key_deletion(KeyId=made.id, PendingWindowInDays=days)


class Alias(Handler):
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html"""

    token = "aws:kms/alias:Alias"
    others = frozenset({"name", "targetKeyId"})
    required = frozenset({"targetKeyId"})

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the alias, `alias/...`."""
        aws.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
        return Created(inputs["name"], {**inputs, "arn": aws.arn("kms", inputs["name"])})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Have the alias mean another key."""
        aws.client("kms").update_alias(AliasName=made.id, TargetKeyId=inputs["targetKeyId"])

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What ListAliases tells of the alias."""
        pages = aws.client("kms").get_paginator("list_aliases").paginate()
        aliases = [alias for page in pages for alias in page["Aliases"] if alias["AliasName"] == made.id]
        return {"targetKeyId": aliases[0]["TargetKeyId"]} if aliases else None

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the alias, not the key."""
        aws.client("kms").delete_alias(AliasName=made.id)
