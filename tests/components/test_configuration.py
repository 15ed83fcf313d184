"""What the program makes of a configuration that is wrong."""

import contextvars
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime import config

from components.configuration import stack_configuration
from tests.components.conftest import Deployment


def read(values: Mapping[str, str], secret_keys: list[str] | None = None) -> dict[str, Any]:
    def run() -> dict[str, Any]:
        config.set_all_config(dict(values), secret_keys or [])
        return stack_configuration()

    return contextvars.copy_context().run(run)


def test_mistakes_stop_the_program_with_their_lines_alone(deploy: Callable[..., Deployment]) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        deploy(
            """
            longhaul:jobs:
              report:
                image: example.com/report:1
                cpu: 300
                timeuot: 2h
            """
        )

    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("Pulumi.test.yaml:5 longhaul:jobs.report.cpu: ")
    assert lines[1].startswith("Pulumi.test.yaml:6 longhaul:jobs.report.timeuot: ")
    # Pulumi prints the text of a RunError and nothing of where it came from.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_only_the_namespace_of_longhaul_is_read_and_values_are_decoded() -> None:
    values = read(
        {
            "aws:region": "eu-west-1",
            "longhaul:trigger": "scheduler",
            "longhaul:keepLogs": "true",
            "longhaul:network": '{"nat": "none"}',
            "other:jobs": "{}",
            "longhaul:misspelt": "x",
        }
    )

    assert values == {"trigger": "scheduler", "keepLogs": True, "network": {"nat": "none"}, "misspelt": "x"}


def test_an_encrypted_value_is_refused_without_showing_it() -> None:
    with pytest.raises(pulumi.RunError, match="longhaul:jobs: expected no encrypted value") as caught:
        read({"longhaul:jobs": '{"report": {"environment": {"TOKEN": "hunter2"}}}'}, ["longhaul:jobs"])

    assert "hunter2" not in str(caught.value)
