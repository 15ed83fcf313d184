"""SNS: topics, their policies and who is subscribed."""

import json
from typing import ClassVar

from botocore.exceptions import ClientError

from sandbox.resources.aws import Aws
from sandbox.resources.handler import Created, Handler, Properties
from sandbox.resources.tags import SNS, tag_list, tags_all

_OWNERS_ACTIONS = (
    *("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe"),
    *("ListSubscriptionsByTopic", "Publish"),
)


class Topic(Handler):
    """https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html"""

    token = "aws:sns/topic:Topic"
    # These are fields of the call's Attributes, where every value is text.
    fields: ClassVar = {"displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId"}
    others = frozenset({"name", "namePrefix"})
    tagging = SNS
    max_name_length = 256

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the topic's ARN."""
        answer = aws.client("sns").create_topic(
            Name=inputs["name"], Attributes=self.request(inputs), **tag_list(inputs)
        )
        arn = answer["TopicArn"]
        return Created(arn, {**inputs, **tags_all(inputs), "arn": arn})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Set each attribute; one that is no longer given is empty from then on."""
        for name, field in self.fields.items():
            aws.client("sns").set_topic_attributes(
                TopicArn=made.id, AttributeName=str(field), AttributeValue=inputs.get(name, "")
            )

    def look(self, aws: Aws, made: Created) -> Properties:
        """What GetTopicAttributes tells."""
        attributes = aws.client("sns").get_topic_attributes(TopicArn=made.id)["Attributes"]
        return {name: attributes.get(str(field)) or None for name, field in self.fields.items()}

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the topic with its subscriptions."""
        aws.client("sns").delete_topic(TopicArn=made.id)


class TopicPolicy(Handler):
    """https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html"""

    token = "aws:sns/topicPolicy:TopicPolicy"
    others = frozenset({"arn", "policy"})
    required = frozenset({"arn", "policy"})
    replace_on = frozenset({"arn"})
    json_properties = ("policy",)
    auto_named = None

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the topic's ARN."""
        _set_policy(aws, inputs["arn"], inputs["policy"])
        return Created(inputs["arn"], {**inputs, "owner": aws.account})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Put the new policy in the place of the old one."""
        _set_policy(aws, made.id, inputs["policy"])

    def look(self, aws: Aws, made: Created) -> Properties:
        """The policy, which every topic has."""
        return {"policy": aws.client("sns").get_topic_attributes(TopicArn=made.id)["Attributes"]["Policy"]}

    def delete(self, aws: Aws, made: Created) -> None:
        """Leave the topic with a policy that lets its owner do everything: a topic without one there is not."""
        statement = {
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [f"SNS:{action}" for action in _OWNERS_ACTIONS],
            "Resource": made.id,
            "Condition": {"StringEquals": {"AWS:SourceOwner": aws.account}},
        }
        policy = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
        _set_policy(aws, made.id, json.dumps(policy))


class TopicSubscription(Handler):
    """https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html"""

    token = "aws:sns/topicSubscription:TopicSubscription"
    others = frozenset({"topic", "protocol", "endpoint", "rawMessageDelivery"})
    required = frozenset({"topic", "protocol", "endpoint"})
    defaults: ClassVar = {"rawMessageDelivery": False}
    replace_on = frozenset({"topic", "protocol", "endpoint"})
    auto_named = None

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the subscription's ARN; whoever has to confirm it has not done so yet."""
        answer = aws.client("sns").subscribe(
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            Attributes=_raw(inputs),
            ReturnSubscriptionArn=True,
        )
        arn = answer["SubscriptionArn"]
        made = Created(arn, {**inputs, "arn": arn})
        return Created(arn, {**made.outputs, **self.look(aws, made)})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Set how messages are delivered."""
        for name, value in _raw(inputs).items():
            aws.client("sns").set_subscription_attributes(
                SubscriptionArn=made.id, AttributeName=name, AttributeValue=value
            )

    def look(self, aws: Aws, made: Created) -> Properties:
        """What GetSubscriptionAttributes tells."""
        attributes = aws.client("sns").get_subscription_attributes(SubscriptionArn=made.id)["Attributes"]
        return {
            "rawMessageDelivery": attributes["RawMessageDelivery"] == "true",
            "pendingConfirmation": attributes["PendingConfirmation"] == "true",
            "confirmationWasAuthenticated": attributes["ConfirmationWasAuthenticated"] == "true",
            "ownerId": attributes["Owner"],
        }

    def delete(self, aws: Aws, made: Created) -> None:
        """End the subscription; one that nobody has confirmed goes by itself after two days, and never before."""
        try:
            aws.client("sns").unsubscribe(SubscriptionArn=made.id)
        except ClientError as error:
            if "pending confirmation" not in error.response["Error"]["Message"]:
                raise


def _set_policy(aws: Aws, topic_arn: str, policy: str) -> None:
    aws.client("sns").set_topic_attributes(TopicArn=topic_arn, AttributeName="Policy", AttributeValue=policy)


def _raw(inputs: Properties) -> dict[str, str]:
    return {"RawMessageDelivery": str(inputs["rawMessageDelivery"]).lower()}
