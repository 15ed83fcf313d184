"""Who is to hear of failed runs: how it is written, and what people read when it is wrong."""

import pytest

from spec.alerts import AlertsSpec
from tests.spec.conftest import Repository

STACK = "config:\n  longhaul:jobs:\n    nightly: {image: alpine}\n"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"

MISTAKES = [
    ("ops@example.com", "expected a map with the keys email, https or topic, found text"),
    ("{mail: [ops@example.com]}", '.mail: expected a known key, found "mail": did you mean "email"?'),
    ("{email: ops@example.com}", ".email: expected a list such as [a, b], found text"),
    ("{email: [ops]}", '.email[0]: expected an e-mail address such as ops@example.com, found "ops"'),
    ("{email: [ops@example.com, ops@example.com]}", ".email[1]: expected each one once, found the same again"),
    ("{email: null}", ".email: expected a value, found nothing"),
    (
        "{https: [http://example.com/t0ken]}",
        ".https[0]: expected a URL that begins with https://, such as https://example.com/alerts, "
        "found text of another form",
    ),
    (
        "{https: ['https://me:secret@example.com/']}",
        ".https[0]: expected a URL that begins with https://, such as https://example.com/alerts, "
        "found a URL with a user or password, which does not belong in the stack's file",
    ),
    (
        "{https: ['https://example.com:port/']}",
        ".https[0]: expected a URL that begins with https://, such as https://example.com/alerts, "
        "found a URL in another form",
    ),
    (
        f"{{topic: {TOPIC}.fifo}}",
        f'.topic: expected the ARN of a standard SNS topic, arn:aws:sns:REGION:ACCOUNT:NAME, found "{TOPIC}.fifo"',
    ),
    (
        f"{{topic: {TOPIC}, email: [ops@example.com]}}",
        ".email: expected nothing beside topic, found a value: who hears of an existing topic is its own",
    ),
]


@pytest.mark.parametrize(("written", "expected"), MISTAKES, ids=[case[0] for case in MISTAKES])
def test_a_mistake_is_one_line(repository: Repository, written: str, expected: str) -> None:
    repository.write("Pulumi.dev.yaml", f"{STACK}  longhaul:alerts: {written}\n")

    colon = "" if expected.startswith(".") else ": "
    assert repository.mistakes() == [f"Pulumi.dev.yaml:4 longhaul:alerts{colon}{expected}"]


def test_a_topic_is_in_the_stacks_region(repository: Repository) -> None:
    repository.write("Pulumi.dev.yaml", f"{STACK}  aws:region: eu-central-1\n  longhaul:alerts: {{topic: {TOPIC}}}\n")

    assert repository.mistakes() == [
        "Pulumi.dev.yaml:5 longhaul:alerts.topic: expected a topic in eu-central-1, the stack's Region, "
        "found one in eu-west-1"
    ]
    repository.write("Pulumi.dev.yaml", f"{STACK}  aws:region: eu-west-1\n  longhaul:alerts: {{topic: {TOPIC}}}\n")
    assert repository.load().alerts == AlertsSpec(topic=TOPIC)


def test_what_is_written_is_read(repository: Repository) -> None:
    repository.write(
        "Pulumi.dev.yaml",
        f"{STACK}  longhaul:alerts:\n    email: [ops@example.com]\n    https: ['https://example.com:8443/a?b=c']\n",
    )

    alerts = repository.load().alerts
    assert (alerts.email, alerts.https, alerts.topic) == (
        ("ops@example.com",),
        ("https://example.com:8443/a?b=c",),
        None,
    )


@pytest.mark.parametrize("written", ["", "  longhaul:alerts: {}\n", "  longhaul:alerts: {email: []}\n"])
def test_without_anybody_there_are_none(repository: Repository, written: str) -> None:
    repository.write("Pulumi.dev.yaml", STACK + written)

    assert not repository.load().alerts.wanted
