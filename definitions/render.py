"""All documents of a job at once, with stand-ins for what only a deployment knows: for reviewers and validators."""

from dataclasses import replace
from typing import Any

from definitions import policies, started_by, task_start, trigger
from definitions.kubernetes import access
from definitions.kubernetes.cluster import EksCluster
from definitions.lambda_function import FunctionNetwork, is_in_vpc, lambda_function
from definitions.machine import machine
from definitions.place import Place
from definitions.results import bucket_name_beginning
from definitions.run_task import RunTarget
from definitions.task_definition import task_definition
from definitions.trust import function_trust_policy, pod_trust_policy, trigger_trust_policy, trust_policy
from spec.job import JobSpec
from spec.service_accounts import service_account
from spec.stack import StackSpec, trigger_kind
from spec.step_containers import containers, needs_bucket, task_rights

STAND_IN_ACCOUNT = "123456789012"
STAND_IN_SUFFIX = "0a1b2c3"
"""Stands for the characters that Pulumi adds to the names it makes."""
_REGION = "us-east-1"
_EKS_CLUSTER = EksCluster(
    endpoint=f"https://{'0' * 32}.gr7.{_REGION}.eks.amazonaws.com", certificate_authority="QSBzdGFuZC1pbg=="
)


def documents(job: JobSpec, stack: StackSpec) -> dict[str, Any]:
    """What a job becomes in a stack, with stand-in ARNs (account 123456789012, partition aws).

    Args:
        job: one of the stack's jobs.
        stack: the stack; without a Region it is rendered for us-east-1.

    Returns:
        `state-machine` (but of a job that runs without one), `task-definition` (of a job with steps, one for each that
        has a container, by its name; of one on Kubernetes or Lambda, none), `function` (of a job on Lambda, in its
        place), `policies` (role, queue or repository to its documents) and `trigger` (`rule` with `target`, or
        `schedule`; nothing for a job without a schedule; and in `startedBy` the rules that other things start it by,
        each with its target); of a job on Kubernetes, `kubernetes` (what AWS is told of its access to the cluster, and
        the objects that must be there).
    """
    place = Place(
        project=stack.project,
        stack=stack.name,
        partition="aws",
        region=stack.region or _REGION,
        account=STAND_IN_ACCOUNT,
    )
    cluster_arn = place.arn("ecs", f"cluster/{place.prefix}cluster")
    dead_letter_arn = place.arn("sqs", f"{place.prefix}dead-letters-{STAND_IN_SUFFIX}")
    repository_arn = place.arn("ecr", f"repository/{place.project}-{place.stack}")
    results_bucket_arn = f"arn:{place.partition}:s3:::{_results_bucket(place)}"
    in_cluster, as_function = job.run_on.kind == "kubernetes", job.run_on.kind == "lambda"
    tasks = () if in_cluster or as_function else containers(job)
    roles = {
        container.name: {
            "execution_role_arn": _role_arn(place, f"{_execution_role_name(container)}execution"),
            "task_role_arn": _role_arn(place, f"{task_rights(job, container).name}-task"),
        }
        for container in tasks
    }
    log_group_name = f"{place.log_group_prefix(job.name)}-{STAND_IN_SUFFIX}"
    task_definitions = {
        container.name: task_definition(
            container,
            place,
            image=container.image or _built_image(place),
            log_group_name=log_group_name,
            **roles[container.name],
        )
        for container in tasks
    }
    what_runs = {name: place.arn("ecs", f"task-definition/{place.name(name)}:1") for name in task_definitions}
    if in_cluster:
        what_runs = {container.name: container.image or _built_image(place) for container in containers(job)}
    target = _target(job, stack, place, cluster_arn, log_group_name)
    functions = _functions(job, place, target) if as_function else {}
    if as_function:
        what_runs = {name: f"{place.function_arn(name)}:1" for name in functions}
    alone = job.run_on.kind == "task"
    passed_role_arns = [arn for of_one in roles.values() for arn in of_one.values()]
    return {
        **({} if alone else {"state-machine": machine(job, place, target, what_runs)}),
        "task-definition": task_definitions[job.name] if tasks and not job.steps else task_definitions,
        **({"function": functions if job.steps else functions[job.name]} if as_function else {}),
        **({"kubernetes": _in_cluster(job, place)} if in_cluster else {}),
        "policies": {
            **(
                _function_policies(job, place, target, results_bucket_arn)
                if as_function
                else _container_policies(job, place, repository_arn, results_bucket_arn)
            ),
            **(
                _start_role(job, stack, place, cluster_arn, passed_role_arns, dead_letter_arn)
                if alone
                else {
                    "state-machine-role": {
                        "trust": trust_policy("states", place),
                        "policy": policies.state_machine_role_policy(
                            job,
                            place,
                            rivals=stack.rivals(job),
                            cluster_arn=cluster_arn,
                            lock_table_arn=place.arn("dynamodb", f"table/{_lock_table_name(place)}"),
                            results_bucket_arn=results_bucket_arn,
                            passed_role_arns=passed_role_arns,
                        ),
                    },
                    "trigger-role": {
                        "trust": trigger_trust_policy(place),
                        "policy": policies.trigger_role_policy(place, dead_letter_arn=dead_letter_arn),
                    },
                }
            ),
            "dead-letter-queue": {"policy": policies.dead_letter_queue_policy(place, dead_letter_arn)},
            **(
                {"results-bucket": {"policy": policies.results_bucket_policy(place, results_bucket_arn)}}
                if needs_bucket(job)
                else {}
            ),
            **{
                f"starter {name}": {"policy": policies.starter_policy(job, place)} for name in job.started_by.role_names
            },
        },
        "trigger": (
            _task_trigger(job, stack, place, replace(target, what_runs=what_runs[job.name]), dead_letter_arn)
            if alone
            else _trigger(job, stack, place, dead_letter_arn)
        ),
    }


def _container_policies(
    job: JobSpec, place: Place, repository_arn: str, results_bucket_arn: str
) -> dict[str, dict[str, Any]]:
    """The documents of the roles that the containers have: the job's, and the steps' own."""
    found: dict[str, dict[str, Any]] = {}
    trust = trust_policy("ecs-tasks", place)
    in_cluster = job.run_on.kind == "kubernetes"
    for container in containers(job):
        own, rights = policies.needs_own_execution_role(container), task_rights(job, container)
        of_step = "" if container is job else f" {container.name}"
        reader = container.model_copy(update={"name": job.name})
        if in_cluster:
            trust = pod_trust_policy(place, job.run_on, service_account(job, container))
        else:
            found[f"execution-role{of_step if own else ''}"] = {
                "trust": trust,
                "policy": policies.execution_role_policy(
                    place, repository_arn=repository_arn if container.build else None, job=reader if own else None
                ),
            }
        granted = policies.task_role_policy(rights, job, results_bucket_arn=results_bucket_arn)
        found[f"task-role{'' if rights is job else of_step}"] = {
            "trust": trust,
            **({"policy": granted} if granted else {}),
        }
    return found


def _functions(job: JobSpec, place: Place, target: RunTarget) -> dict[str, dict[str, Any]]:
    """The functions of a job, by the names of its containers."""
    in_vpc = is_in_vpc(assign_public_ip=target.assign_public_ip)
    network = FunctionNetwork(subnet_ids=target.subnet_ids, security_group_ids=target.security_group_ids)
    return {
        container.name: lambda_function(
            container,
            place,
            image=_built_image(place),
            role_arn=_role_arn(place, f"{task_rights(job, container).name}-lambda"),
            log_group_name=target.log_group_name,
            network=network if in_vpc else None,
        )
        for container in containers(job)
    }


def _function_policies(
    job: JobSpec, place: Place, target: RunTarget, results_bucket_arn: str
) -> dict[str, dict[str, Any]]:
    """The documents of the roles that the functions have, and of the repository that holds their images."""
    in_vpc = is_in_vpc(assign_public_ip=target.assign_public_ip)
    rights = {one.name: one for one in (task_rights(job, container) for container in containers(job))}
    return {
        **{
            f"function-role{'' if one is job else f' {name}'}": {
                "trust": function_trust_policy(),
                "policy": policies.function_role_policy(
                    one, job, place, results_bucket_arn=results_bucket_arn, in_vpc=in_vpc
                ),
            }
            for name, one in rights.items()
        },
        "image-repository": {"policy": policies.function_images_policy(place)},
    }


def _in_cluster(job: JobSpec, place: Place) -> dict[str, Any]:
    return {
        "access-entry": access.access_entry(job, place),
        "pod-identity-associations": access.pod_identity_associations(job),
        "objects": access.objects(job, place),
    }


def _execution_role_name(container: JobSpec) -> str:
    return f"{container.name}-" if policies.needs_own_execution_role(container) else ""


def _trigger(job: JobSpec, stack: StackSpec, place: Place, dead_letter_arn: str) -> dict[str, Any]:
    arns = {"role_arn": _role_arn(place, "trigger"), "dead_letter_arn": dead_letter_arn}
    starting = [
        {"rule": started_by.rule(rule), "target": started_by.target(rule, job, place, **arns)}
        for rule in started_by.rules(job, place)
    ]
    others = {"startedBy": starting} if starting else {}
    match trigger_kind(job, stack):
        case "rule":
            return {"rule": trigger.rule(job, place), "target": trigger.rule_target(job, place, **arns), **others}
        case "scheduler":
            return {"schedule": trigger.schedule(job, place, **arns), **others}
        case None:
            return others


def _start_role(
    job: JobSpec,
    stack: StackSpec,
    place: Place,
    cluster_arn: str,
    passed_role_arns: list[str],
    dead_letter_arn: str,
) -> dict[str, dict[str, Any]]:
    """The documents of the role that starts the task of a job without a state machine; none where only people do."""
    kind = trigger_kind(job, stack)
    if kind is None:
        return {}
    granted = policies.start_role_policy(
        job,
        place,
        cluster_arn=cluster_arn,
        passed_role_arns=passed_role_arns,
        dead_letter_arn=dead_letter_arn if kind == "scheduler" else None,
    )
    trust = trust_policy("events" if kind == "rule" else "scheduler", place)
    return {"start-role": {"trust": trust, "policy": granted}}


def _task_trigger(
    job: JobSpec, stack: StackSpec, place: Place, target: RunTarget, dead_letter_arn: str
) -> dict[str, Any]:
    arns = {"role_arn": _role_arn(place, f"{job.name}-start"), "dead_letter_arn": dead_letter_arn}
    match trigger_kind(job, stack):
        case "rule":
            return {"rule": trigger.rule(job, place), "target": task_start.rule_target(job, place, target, **arns)}
        case "scheduler":
            of_schedule = task_start.schedule_target(job, place, target, **arns)
            return {"schedule": trigger.schedule_of(job, place, of_schedule)}
        case None:
            return {}


def _target(job: JobSpec, stack: StackSpec, place: Place, cluster_arn: str, log_group_name: str) -> RunTarget:
    network = stack.network
    return RunTarget(
        cluster_arn=cluster_arn,
        what_runs="",
        subnet_ids=network.subnet_ids or tuple(f"subnet-{number:08x}" for number in range(network.availability_zones)),
        security_group_ids=network.security_group_ids or ("sg-00000000",),
        assign_public_ip=network.gives_public_ips,
        log_group_name=log_group_name,
        lock_table_name=_lock_table_name(place),
        results_bucket=_results_bucket(place),
        has_other_families=stack.runs_steps_beside(job),
        eks_cluster=_EKS_CLUSTER if job.run_on.kind == "kubernetes" else None,
    )


def _lock_table_name(place: Place) -> str:
    return f"{place.prefix}locks-{STAND_IN_SUFFIX}"


def _results_bucket(place: Place) -> str:
    return f"{bucket_name_beginning(place)}-{STAND_IN_SUFFIX}"


def _built_image(place: Place) -> str:
    registry = f"{place.account}.dkr.ecr.{place.region}.amazonaws.com"
    return f"{registry}/{place.project}-{place.stack}@sha256:{'0' * 64}"


def _role_arn(place: Place, name: str) -> str:
    return f"arn:{place.partition}:iam::{place.account}:role/{place.prefix}{name}-{STAND_IN_SUFFIX}"
