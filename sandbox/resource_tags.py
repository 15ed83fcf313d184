"""What GetResources finds by tags.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from __future__ import annotations

from collections.abc import Generator

from ministack.services import cloudwatch_logs, stepfunctions, tagging

Tagged = Generator[tuple[str, list[dict[str, str]]], None, None]


def install() -> None:
    """As shipped, it finds neither state machines nor log groups."""
    tagging._COLLECTORS["states"] = _state_machines
    tagging._COLLECTORS["logs"] = _log_groups


def _state_machines() -> Tagged:
    for arn, tags in stepfunctions._tags.items():
        yield arn, [{"Key": tag["key"], "Value": tag["value"]} for tag in tags]


def _log_groups() -> Tagged:
    for group in cloudwatch_logs._log_groups.values():
        # Of its two forms the one without the `:*`.
        yield group["arn"].removesuffix(":*"), [{"Key": key, "Value": tag} for key, tag in group["tags"].items()]
