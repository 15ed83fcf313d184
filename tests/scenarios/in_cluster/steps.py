"""What happens in a scenario in a cluster, beside what happens in any."""

from __future__ import annotations

import json
from collections.abc import Callable

from sandbox.kubernetes.pod import DELETED
from tests.scenarios.in_cluster.scene import NAMESPACE, RIGHTS, ClusterScene
from tests.scenarios.scene import Scene
from tests.scenarios.steps import Step


def in_cluster(step: Callable[[ClusterScene], None]) -> Step:
    """A step that only such a scene has."""

    def of_any(scene: Scene) -> None:
        assert isinstance(scene, ClusterScene)
        step(scene)

    return of_any


@in_cluster
def somebody_asks(scene: ClusterScene) -> None:
    """Another request has taken what the API server answers in a second."""
    assert not scene.aws.faults.api_is_busy(scene.stack.family(scene.job("job")))


@in_cluster
def starts_again(scene: ClusterScene) -> None:
    """It has asked for a second Job."""
    scene.until(lambda: len(scene.names("run")) == 2 and scene.is_ready("run"), "it tries again")


@in_cluster
def its_pod_ends(scene: ClusterScene) -> None:
    """The last Pod of the run has ended."""
    scene.until(lambda: not scene.is_at_work(), "its pod has ended")


@in_cluster
def its_pod_runs_on(scene: ClusterScene) -> None:
    """Nobody has ended it."""
    assert scene.is_at_work()


@in_cluster
def somebody_deletes_the_job(scene: ClusterScene) -> None:
    """With kubectl."""
    eks, job = scene.stack.eks, scene.latest()
    assert job is not None
    user = eks.user(scene.stack.role_arn(scene.job("job")), "somebody")
    eks.delete_job(user, NAMESPACE, scene.names("run")[-1])
    scene.until(job.over.is_set, "its pod has ended")


@in_cluster
def somebody_deletes_the_pod(scene: ClusterScene) -> None:
    """With kubectl."""
    job = scene.latest()
    assert job is not None
    (pod,) = job.pods()
    assert pod.terminate(DELETED)


@in_cluster
def without_secret(scene: ClusterScene) -> None:
    """Nobody has made the Secret that the job names."""
    scene.stack.eks.objects.remove("Secret", NAMESPACE, "warehouse")


@in_cluster
def without_entry(scene: ClusterScene) -> None:
    """Somebody deletes the access entry of the machine's role."""
    eks, role = scene.aws.client("eks"), scene.stack.role_arn(scene.job("job"))
    place = {"clusterName": scene.stack.eks.name, "principalArn": role}
    entry = eks.describe_access_entry(**place)["accessEntry"]
    eks.delete_access_entry(**place)
    scene.rights.callback(
        eks.create_access_entry, **place, kubernetesGroups=entry["kubernetesGroups"], tags=entry["tags"]
    )


def without(kind: str) -> Step:
    """Somebody deletes an object of the cluster that the stack's rights are made of."""
    return in_cluster(lambda scene: _take_away(scene, kind, RIGHTS))


@in_cluster
def without_account(scene: ClusterScene) -> None:
    """Somebody deletes the job's service account."""
    _take_away(scene, "ServiceAccount", scene.job("job"))


def _take_away(scene: ClusterScene, kind: str, name: str) -> None:
    objects = scene.stack.eks.objects
    found = objects.find(kind, NAMESPACE, name)
    objects.remove(kind, NAMESPACE, name)
    scene.rights.callback(objects.apply, json.dumps(found))


def without_right(verb: str, resource: str) -> Step:
    """Somebody takes a right out of the stack's Role."""

    @in_cluster
    def step(scene: ClusterScene) -> None:
        objects = scene.stack.eks.objects
        found = objects.find("Role", NAMESPACE, RIGHTS)
        assert found is not None
        less = json.loads(json.dumps(found))
        for rule in less["rules"]:
            if resource in rule["resources"]:
                rule["verbs"].remove(verb)
        less["rules"] = [rule for rule in less["rules"] if rule["verbs"]]
        assert less != found
        objects.apply(json.dumps(less))
        scene.rights.callback(objects.apply, json.dumps(found))

    return step


@in_cluster
def without_association(scene: ClusterScene) -> None:
    """Somebody deletes what gives the job's role to its pods."""
    eks, cluster = scene.aws.client("eks"), scene.stack.eks.name
    place = {"clusterName": cluster, "namespace": NAMESPACE, "serviceAccount": scene.job("job")}
    (found,) = eks.list_pod_identity_associations(**place)["associations"]
    one = {"clusterName": cluster, "associationId": found["associationId"]}
    told = eks.describe_pod_identity_association(**one)["association"]
    eks.delete_pod_identity_association(**one)
    # Pulumi would not find the new one at the end: it has another id.
    scene.rights.callback(eks.create_pod_identity_association, **place, roleArn=told["roleArn"])


@in_cluster
def without_namespace(scene: ClusterScene) -> None:
    """The namespace is gone, and a role for all namespaces lets the machine's role in."""
    objects = scene.stack.eks.objects
    group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": RIGHTS}
    everywhere = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "everywhere"}}
    rules = [{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["*"]}]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "everywhere"}
    objects.apply(json.dumps({**everywhere, "kind": "ClusterRole", "rules": rules}))
    objects.apply(json.dumps({**everywhere, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [group]}))
    namespace = objects.find("Namespace", "", NAMESPACE)
    objects.remove("Namespace", "", NAMESPACE)
    scene.rights.callback(objects.apply, json.dumps(namespace))
    scene.rights.callback(objects.remove, "ClusterRoleBinding", "", "everywhere")
