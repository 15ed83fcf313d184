"""The jobs of dev, and what a job is in AWS."""

from __future__ import annotations

from typing import Any

JOB = "daily-rollup"
# docs/resources.md. The image's own resource is named by its tag.
JOB_RESOURCES = (
    "EventRule {job}",
    "EventTarget {job}",
    "Image {job}",
    "Image {job}-x86_64",
    "LogGroup {job}",
    "Role {job}-states",
    "Role {job}-task",
    "RolePolicy {job}-states",
    "RolePolicy {job}-task",
    "ScheduledJob {job}",
    "StateMachine {job}",
    "TaskDefinition {job}",
)


def all_of(operation: str, job: str) -> set[str]:
    """That operation on each resource of a job with a rule and with permissions."""
    return {f"{operation} {resource.format(job=job)}" for resource in JOB_RESOURCES}


def jobs(config: dict[str, Any]) -> dict[str, Any]:
    """The stack's jobs, to be changed."""
    return config["longhaul:jobs"]


def like_rollup(config: dict[str, Any]) -> dict[str, Any]:
    """A job for another name over the same code."""
    same = {key: jobs(config)[JOB][key] for key in ("schedule", "environment", "permissions")}
    return {**same, **built_from(f"jobs/{JOB}")}


def built_from(folder: str) -> dict[str, Any]:
    """The part of a job that says what its image is made of."""
    return {"build": {"context": folder, "dockerfile": f"{folder}/Dockerfile"}}
