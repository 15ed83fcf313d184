"""The batch/v1 Job that one attempt of a job is.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/
"""

from typing import Any

from definitions.jsonata import expression, literal
from definitions.kubernetes import names
from definitions.run_task import TOO_LARGE_ERROR, TaskRun, overrides
from definitions.task_definition import CONTAINER_NAME, FREE_EPHEMERAL_STORAGE_GIB
from spec.job import JobSpec
from spec.overrides import MOST_CHARACTERS
from spec.service_accounts import cluster_label, service_account

KEPT_SECONDS = 24 * 3600
"""How long a Job and its pod are kept when it has ended: for whoever looks at them with kubectl, and so that Step
Functions, which asks every one to five minutes, finds it ended and not gone."""

DISRUPTED = "DisruptionTarget"
"""The condition of a pod that the cluster took away: drained, preempted, evicted, its node gone.
https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions"""

_LATER_SECONDS = 60
"""How much later a pod would end itself than its Job ends it."""

_LET_IT_RUN = {"karpenter.sh/do-not-disrupt": "true", "cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
"""What keeps autoscalers from taking a node away under a pod only because it could be spared. EKS Auto Mode, which is
Karpenter, moves pods together by itself: a job of hours would begin anew each time.

https://karpenter.sh/docs/concepts/disruption/#pod-level-controls,
https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md
"""

_ARCHITECTURES = {"arm64": "arm64", "x86_64": "amd64"}


def job_manifest(task: TaskRun) -> dict[str, Any]:
    """The Job, with JSONata where it depends on the run."""
    container, run_on = task.container, task.job.run_on
    labels = {
        "app.kubernetes.io/name": cluster_label(container),
        "app.kubernetes.io/part-of": f"{task.place.project}-{task.place.stack}",
        "app.kubernetes.io/managed-by": "longhaul",
    }
    # An execution's name may be longer than a label's value.
    annotations = {"longhaul/execution": expression(task.run.name)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": expression(names.job_name(task)),
            "namespace": run_on.namespace,
            "labels": labels,
            "annotations": annotations,
        },
        "spec": {
            # The state machine retries: it knows which failure deserves that.
            "backoffLimit": 0,
            # The pod's wait for a node and an image included. It ends the pod too if Step Functions cannot.
            "activeDeadlineSeconds": container.timeout_seconds,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "podFailurePolicy": _what_a_job_says_of_its_end(),
            "template": {
                "metadata": {"labels": labels, "annotations": {**annotations, **_LET_IT_RUN}},
                "spec": _pod(task),
            },
        },
    }


def _what_a_job_says_of_its_end() -> dict[str, Any]:
    """Rules that, where nothing is retried, change only what the Job says of its end: a condition, or an exit code.

    https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
    """
    ends_with_code = {"containerName": CONTAINER_NAME, "operator": "NotIn", "values": [0]}
    return {
        "rules": [
            {"action": "FailJob", "onPodConditions": [{"type": DISRUPTED, "status": "True"}]},
            {"action": "FailJob", "onExitCodes": ends_with_code},
        ]
    }


def _pod(task: TaskRun) -> dict[str, Any]:
    return {
        "restartPolicy": "Never",
        # Of a Job that somebody deletes, Kubernetes keeps the pods unless told otherwise, and nothing else ends one.
        # https://kubernetes.io/docs/tasks/administer-cluster/use-cascading-deletion/
        "activeDeadlineSeconds": task.container.timeout_seconds + _LATER_SECONDS,
        "serviceAccountName": service_account(task.job, task.container),
        # Its role comes by another token. Kubernetes' own API is nothing that a job is given.
        "automountServiceAccountToken": False,
        # Without variables for each Service of the namespace: a job finds the same ones wherever it runs.
        "enableServiceLinks": False,
        # The container's program is not process 1 then, which without a handler of its own ignores SIGTERM.
        "shareProcessNamespace": True,
        "terminationGracePeriodSeconds": task.container.stop_timeout_seconds,
        "nodeSelector": {
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": _ARCHITECTURES[task.container.architecture],
        },
        "containers": [_container(task)],
    }


def _container(task: TaskRun) -> dict[str, Any]:
    job = task.container
    container: dict[str, Any] = {
        "name": CONTAINER_NAME,
        "image": task.target.what_runs,
        # As ECS does: a node may have an older image of the same tag.
        "imagePullPolicy": "Always",
    }
    # What people wrote is put into expressions: read as it is, `{% %}` in it would be one.
    if job.entrypoint is not None:
        container["command"] = expression(literal([_plain(part) for part in job.entrypoint]))
    if (arguments := _arguments(task)) is not None:
        container["args"] = arguments
    return {
        **container,
        "env": _environment(task),
        "resources": _resources(job),
        "securityContext": {**_user(job), "readOnlyRootFilesystem": job.readonly_root_filesystem},
    }


def _arguments(task: TaskRun) -> str | None:
    """The arguments of the entry point, as JSONata; an empty list leaves them to the image, as none does."""
    own = literal(list(task.container.command or ()))
    if task.takes_command:
        given = f"{task.run.given}.command"
        return expression(f"""(
            {_PLAIN}
            [$map($exists({given}) ? [{given}] : {own}, function($part) {{ $plain($string($part)) }})]
        )""")
    if task.container.command is None:
        return None
    return expression(literal([_plain(part) for part in task.container.command]))


def _environment(task: TaskRun) -> str:
    """The variables, as JSONata: later ones win, and of a secret's name there is no other.

    It fails for what ECS would not take either, so that a run's input fits wherever its job runs.
    """
    job, place = task.container, task.place
    # ECS says this to its tasks by itself.
    own = {"AWS_REGION": place.region, "AWS_DEFAULT_REGION": place.region, **dict(sorted(job.environment.items()))}
    secrets = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret.source, "key": secret.key}}}
        for name, secret in sorted(job.secrets.items())
    ]
    return expression(f"""(
        {overrides(task)}
        {_PLAIN}
        $told := $merge([{literal(own)}, $overrides[0].Environment{{Name: Value}}]);
        $plainly := $each($told, function($value, $name) {{
            $not($name in {literal(sorted(job.secrets))}) ? {{'name': $name, 'value': $plain($value)}}
        }});
        $size > {MOST_CHARACTERS}
            ? $error('{TOO_LARGE_ERROR}' & $string($size))
            : $append([$plainly], {literal(secrets)})
    )""")


def _resources(job: JobSpec) -> dict[str, Any]:
    """As much as Fargate gives and no more: a pod of the class Guaranteed, the last one to be evicted.

    https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
    """
    amounts = {"cpu": f"{-(-job.cpu_units * 1000 // 1024)}m", "memory": f"{job.memory_mib}Mi"}
    # What comes with every task of Fargate need not be free on a node.
    if job.ephemeral_storage_gib > FREE_EPHEMERAL_STORAGE_GIB:
        amounts["ephemeral-storage"] = f"{job.ephemeral_storage_gib}Gi"
    return {"requests": amounts, "limits": amounts}


def _user(job: JobSpec) -> dict[str, int]:
    if job.user is None:
        return {}
    user, _, user_group = job.user.partition(":")
    return {"runAsUser": int(user), **({"runAsGroup": int(user_group)} if user_group else {})}


# Kubernetes replaces $(NAME) in variables and arguments, and nothing else does where jobs run: $$ is a dollar sign.
# https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables
_PLAIN = "$plain := function($text) { $join($split($text, '$'), '$$') };"


def _plain(text: str) -> str:
    return text.replace("$", "$$")
