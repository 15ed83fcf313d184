"""A job that runs as Lambda functions: the functions, their roles, and who may have their images."""

from definitions import policies
from definitions.lambda_function import FunctionNetwork, is_in_vpc, lambda_function
from definitions.rendered.stand_ins import STAND_IN_ARCHIVE, Containers, StandIns, of_job_or_steps
from definitions.trust import function_trust_policy
from spec.step_containers import containers, task_rights


def functions(given: StandIns) -> Containers:
    """The functions of the job."""
    job, place, target = given.job, given.place, given.target
    in_vpc = is_in_vpc(assign_public_ip=target.assign_public_ip)
    network = FunctionNetwork(subnet_ids=target.subnet_ids, security_group_ids=target.security_group_ids)
    made = {
        container.name: lambda_function(
            container,
            place,
            code=STAND_IN_ARCHIVE if container.run_on.is_zip else given.built_image,
            role_arn=given.role_arn(f"{task_rights(job, container).name}-lambda"),
            log_group_name=given.log_group_name,
            network=network if in_vpc else None,
        )
        for container in containers(job)
    }
    rights = {one.name: one for one in (task_rights(job, container) for container in containers(job))}
    roles = {
        f"function-role{'' if one is job else f' {name}'}": {
            "trust": function_trust_policy(),
            "policy": policies.function_role_policy(
                one, job, place, results_bucket_arn=given.results_bucket_arn, in_vpc=in_vpc
            ),
        }
        for name, one in rights.items()
    }
    images = {} if job.run_on.is_zip else {"image-repository": {"policy": policies.function_images_policy(place)}}
    return Containers(
        documents={"function": of_job_or_steps(job, made)},
        policies={**roles, **images},
        what_runs={name: f"{place.function_arn(name)}:1" for name in made},
    )
