"""Who hears of it when a run fails or a start is lost."""

from collections.abc import Iterable
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from spec.forms import Form, text
from spec.model import Problem, Spec


def email_address() -> Form:
    """An e-mail address, as far as its form tells one from what is none."""
    part = r'[^@\s,;<>"]+'
    return text("an e-mail address such as ops@example.com", pattern=rf"{part}@{part}\.{part}")


def https_endpoint() -> Form:
    """A URL that SNS can post to. Never shown in an error: such URLs often hold a token."""

    def wrong(url: str) -> str | None:
        try:
            parts = urlsplit(url)
            in_form = bool(parts.hostname) and parts.port != 0
        except ValueError:
            return "a URL in another form"
        if "@" in parts.netloc:
            return "a URL with a user or password, which does not belong in the stack's file"
        return None if in_form else "a URL in another form"

    expects = "a URL that begins with https://, such as https://example.com/alerts"
    return text(expects, pattern=r"https://[!-~]+", check=wrong, echo=False)


def sns_topic() -> Form:
    """ARN of a standard topic. EventBridge delivers to no FIFO topic, whose names end in .fifo.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
    """
    pattern = r"arn:aws(?:-[a-z]+)*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}"
    return text("the ARN of a standard SNS topic, arn:aws:sns:REGION:ACCOUNT:NAME", pattern=pattern)


class AlertsSpec(Spec):
    """Who hears of runs that fail, time out or are aborted, and of starts that could not be delivered.

    Addresses and endpoints are subscribed to a topic of the stack's own, and must confirm that once. With `topic`, an
    existing topic gets the messages; what its policy must allow is in [resources.md](resources.md#alerts).
    """

    email: tuple[Annotated[str, email_address()], ...] = Field(
        default=(), description="E-mail addresses. AWS sends each a link to confirm with."
    )
    https: tuple[Annotated[str, https_endpoint()], ...] = Field(
        default=(), description="HTTPS endpoints. AWS posts each a request to confirm, then the messages."
    )
    topic: Annotated[str, sns_topic()] | None = Field(
        default=None,
        description="An existing topic in the stack's account and Region, in place of one of the stack's own.",
    )

    @property
    def wanted(self) -> bool:
        """Whether anybody is to hear of anything; otherwise nothing is created."""
        return bool(self.email or self.https or self.topic)

    def problems(self) -> Iterable[Problem]:
        """An existing topic has subscriptions of its own; nobody is subscribed twice."""
        for key, subscribers in (("email", self.email), ("https", self.https)):
            if subscribers and self.topic is not None:
                message = "expected nothing beside topic, found a value: who hears of an existing topic is its own"
                yield Problem((key,), message, (("topic",),))
            for index, subscriber in enumerate(subscribers):
                if subscriber in subscribers[:index]:
                    yield Problem((key, index), "expected each one once, found the same again")

    def region_mistake(self, region: str) -> str | None:
        """What is wrong with the topic for a stack in this Region; None when nothing is.

        Neither rules nor alarms reach a topic in another Region.
        """
        found = self.topic.split(":")[3] if self.topic is not None else region
        return None if found == region else f"expected a topic in {region}, the stack's Region, found one in {found}"
