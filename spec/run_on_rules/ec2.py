"""The rules of a job that runs on EC2 instances of a capacity provider."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from spec.model import Problem
from spec.run_on_rules.note import Note
from spec.run_on_rules.placed import notes_of_each
from spec.words import shown

if TYPE_CHECKING:
    from spec.job import JobSpec
    from spec.network import NetworkSpec

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html (name)
_NOT_OURS = re.compile("aws|ecs|fargate", re.IGNORECASE)
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementConstraint.html
_LONGEST_CONSTRAINT = 2000
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
_SUBJECTS = "attribute:|(?:task:group|agentConnected|agentVersion|ec2InstanceId|registeredAt|runningTasksCount)\\b"
_BEGINS_WITH_SUBJECT = re.compile(rf"(?:[\s(!]|not\b)*(?:{_SUBJECTS})", re.IGNORECASE)
_FREE_STORAGE_GIB = 20


def problems(job: JobSpec) -> Iterator[Problem]:
    """What would make a run of the job go wrong there."""
    provider = job.run_on.capacity_provider
    if provider is None:
        message = "expected an ECS capacity provider, as in runOn: {kind: ec2, capacityProvider: NAME}, found none"
        yield Problem(("runOn", "capacityProvider"), message, (("runOn", "kind"),))
    elif _NOT_OURS.match(provider):
        hint = ": did you mean runOn: fargate?" if provider.upper().startswith("FARGATE") else ""
        yield Problem(
            ("runOn", "capacityProvider"),
            f"expected a capacity provider of EC2 instances, whose name does not begin with aws, ecs or fargate, "
            f'found "{provider}"{hint}',
        )
    for number, constraint in enumerate(job.run_on.constraints):
        if len(constraint) > _LONGEST_CONSTRAINT:
            message = f"expected at most {_LONGEST_CONSTRAINT:,} characters, found {len(constraint):,}"
            yield Problem(("runOn", "constraints", number), message)
        elif not _BEGINS_WITH_SUBJECT.match(constraint):
            message = f"expected to begin with what it asks about, such as attribute:NAME, found {shown(constraint)}"
            yield Problem(("runOn", "constraints", number), message)


def notes(job: JobSpec) -> Iterator[Note]:
    """What the job says that has no effect there."""
    yield from notes_of_each(job, _notes)


def reach_notes(job: JobSpec, network: NetworkSpec) -> Iterator[Note]:
    """What its tasks cannot reach in the stack's network, instances of another one first."""
    if job.run_on.network_mode != "awsvpc":
        return
    loc = ("runOn", "networkMode")
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html
    if network.vpc_id is None:
        yield Note(
            loc,
            "is awsvpc, and an instance takes such a task in its own VPC alone: have the instances in this stack's, or "
            "name theirs by vpcId in longhaul:network. With networkMode: bridge it does not matter where they are",
        )
    if network.gives_public_ips:
        yield Note(
            loc,
            "is awsvpc, and on EC2 a task has no public address: in these public subnets it reaches nothing outside. "
            "networkMode: bridge has it use its machine's way out; NAT or endpoints in longhaul:network would do too",
        )


def _notes(container: JobSpec) -> Iterator[Note]:
    if container.capacity.spot:
        yield Note(
            ("capacity", "spot"),
            "has no effect with runOn: ec2: whether its machines are Spot is the provider's to say",
        )
    if container.ephemeral_storage_gib != _FREE_STORAGE_GIB:
        yield Note(("ephemeralStorage",), "has no effect with runOn: ec2: its tasks share the disk of their machine")
