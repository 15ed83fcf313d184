"""Rules between a job and the stack it runs in: names, the size of its input, its tags, its network."""

import re
from collections.abc import Iterable, Iterator

from spec.job import JobSpec
from spec.job_rules import tags_differ
from spec.model import Problem
from spec.network import NetworkSpec
from spec.overrides import input_room, input_size
from spec.stack import StackSettings, trigger_kind
from spec.start_input import start_input
from spec.step_containers import placed_containers, takes_large_inputs
from spec.task_overrides import task_overrides
from spec.words import listed, shown

ROLE_NAME_ENDINGS = ("-task", "-exec", "-states", "-start")
"""What the names of a job's IAM roles end in, before the suffix that Pulumi adds."""

_AUTO_NAME_SUFFIX = 8
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_ROLE_NAME = 64
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html,
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
_RULE_NAME = 64
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
_STATE_MACHINE_NAME = 80
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html
_INPUT_TEMPLATE = 8192
# 50 a resource, of which Longhaul's own and those of later versions take some.
_TAGS = 45
_ECR_HOST = ".dkr.ecr."
_CHINA = "cn-"
# Within ECR's grammar, the narrowest of all that is named so; awsx writes the repository's name in lower case.
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_NAME = "[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*"
_NAME_EXPECTS = "letters, digits, and single hyphens or underscores between them"


def name_mistake(project: str, stack: str, job: str, *, scheduled: bool) -> str | None:
    """What is wrong with the length of the names that AWS resources of this job get; None when all fit."""
    name = f"{project}-{stack}-{job}"
    longest_ending = max(ROLE_NAME_ENDINGS, key=len)
    limits = {
        f"an IAM role ({_ROLE_NAME}, with {longest_ending} and a suffix of {_AUTO_NAME_SUFFIX})": _ROLE_NAME
        - _AUTO_NAME_SUFFIX
        - len(longest_ending),
        f"a state machine ({_STATE_MACHINE_NAME})": _STATE_MACHINE_NAME,
    }
    if scheduled:
        limits[f"a rule or schedule ({_RULE_NAME})"] = _RULE_NAME
    exceeded = [what for what, limit in limits.items() if len(name) > limit]
    if not exceeded:
        return None
    limit, too_long = min(limits.values()), listed(exceeded, "and")
    return f"expected at most {limit} characters in {name}, found {len(name)}: too long for {too_long}"


def project_mistake(project: str) -> str | None:
    """What is wrong with a project's name as the beginning of every resource's name; None when nothing is."""
    if re.fullmatch(_NAME, project) and project[0].isalpha():
        return None
    expected = f"a name of {_NAME_EXPECTS}, a letter first, as AWS resources are named after it"
    return f"expected {expected}, found {shown(project)}"


def stack_mistake(stack: str, stacks: Iterable[str]) -> str | None:
    """What is wrong with a stack's name beside those of the project's other stacks; None when nothing is.

    The policies of the stack `dev` are for all that is called `<project>-dev-*`. A stack `dev-eu` would be within their
    reach, and its job `report` would have the name of the job `eu-report` of `dev`.
    """
    if not re.fullmatch(_NAME, stack):
        return f"expected a stack's name of {_NAME_EXPECTS}, as AWS resources are named after it, found {shown(stack)}"
    for other in stacks:
        if stack.startswith(f"{other}-"):
            instead = f"{other}_{stack.removeprefix(f'{other}-')}"
            expected = f'a stack\'s name that does not begin with "{other}-"'
            why = f"the roles of the stack {other} reach all that is named so; {instead} would do"
            return f'expected {expected}, found "{stack}": {why}'
    return None


def endpoints_mistake(region: str, network: NetworkSpec) -> str | None:
    """What is wrong with interface endpoints in a Region; None when nothing is."""
    # In China some endpoints' names begin with cn.com.amazonaws and others, by no rule, with com.amazonaws:
    # `aws ec2 describe-vpc-endpoint-services --region cn-north-1`.
    if network.endpoints is None or not region.startswith(_CHINA):
        return None
    return (
        f"expected no endpoints in {region}, found some: in China their names differ; use nat, or a VPC that has them"
    )


def problems(job: JobSpec, settings: StackSettings, stack: str) -> Iterator[Problem]:
    """The rules that do not hold for a job in a stack with these settings."""
    yield from _overrides_fit(job, stack)
    yield from _input_template_fits(job, settings, stack)
    yield from _tags_fit(job, settings)
    yield from _image_within_reach(job, settings)


def _overrides_fit(job: JobSpec, stack: str) -> Iterator[Problem]:
    if takes_large_inputs(job):
        return
    room, size = input_room(job, stack), input_size(job)
    if size > room:
        limit = f"at most {room:,} bytes of LONGHAUL_INPUT as JSON in JSON, what ECS leaves beside the other overrides"
        yield Problem(("input",), f"expected {limit}, found {size:,}: keep larger input in S3 and pass its name")


def _input_template_fits(job: JobSpec, settings: StackSettings, stack: str) -> Iterator[Problem]:
    # EventBridge Scheduler takes 256 KB, which the container overrides never let an input reach.
    if trigger_kind(job, settings) == "rule":
        template = start_input(job, "<time>")
        if job.run_on.kind == "task":
            template = task_overrides(job, stack, run="<event>", time="<time>")
        if len(template) > _INPUT_TEMPLATE:
            limit = f"at most {_INPUT_TEMPLATE:,} characters of a rule's input template with every < escaped"
            yield Problem(("input",), f"expected {limit}, found {len(template):,}", (("schedule",),))


def _tags_fit(job: JobSpec, settings: StackSettings) -> Iterator[Problem]:
    tags = {**settings.tags, **job.tags}
    if len(tags) > _TAGS:
        yield Problem(("tags",), f"expected at most {_TAGS} tags with the stack's, found {len(tags)}")
    if job.tags and settings.tags:
        yield from (problem for problem in tags_differ(tags) if problem.loc[-1] in job.tags)


def _image_within_reach(job: JobSpec, settings: StackSettings) -> Iterator[Problem]:
    # A machine pulls by its own network, as a cluster does, and whoever deploys a function pulls its image.
    if settings.network.endpoints is None or job.run_on.kind in ("ec2", "kubernetes", "lambda"):
        return
    parts = [(loc, container) for loc, _, container in placed_containers(job)] if job.steps else [((), job)]
    for loc, container in parts:
        if container.image is not None and _ECR_HOST not in container.image.partition("/")[0]:
            found = f'found "{container.image}": the stack\'s isolated subnets reach no other registry'
            yield Problem((*loc, "image"), f"expected an image in ECR, {found}")
