"""What a Pod's container starts with: its command, and an environment with Secrets and the credentials of its role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.errors import TaskStartError
from sandbox.identity import RoleNotAssumable
from sandbox.images import Image
from sandbox.kubernetes.job_document import called
from sandbox.task_start import Launch, search_path

if TYPE_CHECKING:
    from sandbox.kubernetes.cluster import Cluster
    from sandbox.local_aws import LocalAws

# https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
_PRINCIPAL = "pods.eks.amazonaws.com"
_MAX_SESSION_NAME = 64
# https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
_REFERENCE = re.compile(r"\$(\$|\((?P<name>[^()]*)\))")
_LABEL_FIELD = re.compile(r"metadata\.labels\['(?P<key>[^']+)'\]")


@dataclass(frozen=True)
class Waits(Exception):  # noqa: N818 - it is no error: the Pod stays Pending, and the kubelet tries again
    """Why a Pod stays Pending: Kubernetes' reason, and what it says."""

    reason: str
    message: str


class PodStart:
    """Gets the container of one Pod ready.

    Args:
        aws: the local AWS.
        cluster: the Pod's cluster.
        pod: name, namespace, labels and spec of the Pod.
        scratch: an empty folder of its own, its container's HOME.
    """

    def __init__(self, aws: LocalAws, cluster: Cluster, pod: Mapping[str, Any], scratch: Path) -> None:
        self._aws = aws
        self._cluster = cluster
        self._metadata = pod["metadata"]
        self._spec = pod["spec"]
        self._scratch = scratch

    def launch(self) -> Launch:
        """What to start; raises Waits if it cannot be started for now."""
        labels = self._metadata["labels"]
        of = called(labels, labels["job-name"])
        if self._aws.faults.has_no_room(of):
            raise Waits("Unschedulable", "0/1 nodes are available: 1 Insufficient memory.")
        container = self._spec["containers"][0]
        try:
            self._aws.faults.start_container(of, container)
        except TaskStartError as error:
            raise Waits("ImagePullBackOff", str(error)) from error
        image = self._aws.images.find(container["image"])
        environment = {**(image.environment if image else {}), "HOSTNAME": self._metadata["name"]}
        environment |= self._identity()
        for variable in container.get("env") or ():
            value = self._value(variable)
            if value is not None:
                # Each sees those before it.
                environment[variable["name"]] = _expanded(value, environment) if "value" in variable else value
        command = tuple(_expanded(word, environment) for word in _command(container, image))
        environment["PATH"] = search_path(environment.get("PATH", ""))
        # Last, so that no container finds this machine's AWS files or is led to an AWS outside.
        environment["HOME"] = str(self._scratch)
        environment["AWS_ENDPOINT_URL"] = self._aws.endpoint
        environment["AWS_EC2_METADATA_DISABLED"] = "true"
        if image is None:
            return Launch(command, self._scratch, environment)
        return Launch(tuple(image.here(word) for word in command), image.folder or self._scratch, environment)

    def _value(self, variable: Mapping[str, Any]) -> str | None:
        source = variable.get("valueFrom")
        if source is None:
            return variable.get("value") or ""
        if "fieldRef" in source:
            return self._field(source["fieldRef"]["fieldPath"])
        reference = source["secretKeyRef"]
        namespace, name, key = self._metadata["namespace"], reference["name"], reference["key"]
        value = self._cluster.objects.secret_value(namespace, name, key)
        if value is not None or reference.get("optional"):
            return value
        missing = self._cluster.objects.find("Secret", namespace, name) is None
        what = f'secret "{name}" not found' if missing else f"couldn't find key {key} in Secret {namespace}/{name}"
        raise Waits("CreateContainerConfigError", what)

    def _field(self, path: str) -> str:
        label = _LABEL_FIELD.fullmatch(path)
        if label is not None:
            return self._metadata["labels"].get(label["key"], "")
        if path == "spec.serviceAccountName":
            return self._spec["serviceAccountName"]
        return self._metadata[path.removeprefix("metadata.")]

    def _identity(self) -> dict[str, str]:
        """What EKS Pod Identity gives: a region, and the credentials of the role that the service account has.

        On EKS the SDK gets the credentials from the agent on the node, which is refused where the role does not trust
        it: then the container starts without.
        https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
        """
        role_arn = self._cluster.pod_role(self._metadata["namespace"], self._spec["serviceAccountName"])
        if role_arn is None:
            return {}
        environment = {"AWS_REGION": self._aws.region, "AWS_DEFAULT_REGION": self._aws.region}
        try:
            credentials = self._aws.identity.credentials(
                role_arn,
                _PRINCIPAL,
                session_name=f"eks-{self._cluster.name}-{self._metadata['name']}"[:_MAX_SESSION_NAME],
                source_arn=self._cluster.arn,
                tags=self._session_tags(),
            )
        except RoleNotAssumable:
            return environment
        environment["AWS_ACCESS_KEY_ID"] = credentials.access_key
        environment["AWS_SECRET_ACCESS_KEY"] = credentials.secret_key
        environment["AWS_SESSION_TOKEN"] = credentials.session_token
        return environment

    def _session_tags(self) -> dict[str, str]:
        """Those of https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html."""
        return {
            "eks-cluster-arn": self._cluster.arn,
            "eks-cluster-name": self._cluster.name,
            "kubernetes-namespace": self._metadata["namespace"],
            "kubernetes-service-account": self._spec["serviceAccountName"],
            "kubernetes-pod-name": self._metadata["name"],
            "kubernetes-pod-uid": self._metadata["uid"],
        }


def _command(container: Mapping[str, Any], image: Image | None) -> tuple[str, ...]:
    """ENTRYPOINT and CMD as Kubernetes puts them together: a command of the container drops the image's CMD.

    https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
    """
    command, arguments = tuple(container.get("command") or ()), tuple(container.get("args") or ())
    if image is None and not command:
        raise Waits("ImagePullBackOff", f'Back-off pulling image "{container["image"]}"')
    if image is not None and not command:
        command, arguments = image.entry_point, arguments or image.command
    if not command + arguments:
        raise Waits("CreateContainerError", "failed to generate container spec: no command specified")
    return command + arguments


def _expanded(text: str, environment: Mapping[str, str]) -> str:
    """The text with each `$(NAME)` replaced that names a variable; `$$` is one `$`."""

    def value(found: re.Match[str]) -> str:
        if found["name"] is None:
            return "$"
        return environment.get(found["name"], found[0])

    return _REFERENCE.sub(value, text)
