"""The objects of one cluster that somebody applied to it, as `kubectl apply` does: namespaces, secrets, RBAC."""

from __future__ import annotations

import base64
import binascii
import threading
from typing import Any

import yaml

from sandbox.errors import SandboxError
from sandbox.kubernetes.schema import problem

_NAMESPACED = frozenset({"ServiceAccount", "Secret", "Role", "RoleBinding"})
_CLUSTER_WIDE = frozenset({"Namespace", "ClusterRole", "ClusterRoleBinding"})
# "When a namespace is created", https://kubernetes.io/docs/concepts/security/service-accounts/
_DEFAULT_ACCOUNT = "default"
# https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#initial-namespaces
_INITIAL_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")

Object = dict[str, Any]


class Objects:
    """What is in one cluster beside Jobs and Pods, by kind, namespace ("" for none) and name.

    Args:
        version: the cluster's version of Kubernetes, as in `1.33`.
    """

    def __init__(self, version: str) -> None:
        self._version = version
        self._lock = threading.Lock()
        self._objects: dict[tuple[str, str, str], Object] = {}
        for name in _INITIAL_NAMESPACES:
            self._add_namespace({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def apply(self, text: str) -> None:
        """Create or replace the objects of a YAML text with any number of documents.

        Raises:
            SandboxError: the text is no YAML, or one of its objects is not as Kubernetes' published schema says, of a
                kind that the sandbox has no use for, or in a namespace that is not there.
        """
        try:
            documents = [document for document in yaml.safe_load_all(text) if document is not None]
        except yaml.YAMLError as error:
            raise SandboxError(f"what is applied to the cluster is no YAML: {error}") from error
        for document in documents:
            self._apply(document)

    def find(self, kind: str, namespace: str, name: str) -> Object | None:
        """The object; None if there is none."""
        with self._lock:
            return self._objects.get((kind, namespace, name))

    def remove(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object, as `kubectl delete` does. Raises KeyError if there is none."""
        with self._lock:
            del self._objects[kind, namespace, name]

    def all(self, kind: str, namespace: str = "") -> list[Object]:
        """The objects of a kind in a namespace."""
        with self._lock:
            return [found for key, found in self._objects.items() if key[:2] == (kind, namespace)]

    def secret_value(self, namespace: str, name: str, key: str) -> str | None:
        """The text of a Secret's key; None if there is no such Secret or key."""
        secret = self.find("Secret", namespace, name)
        if secret is None:
            return None
        if key in secret.get("stringData", {}):
            return secret["stringData"][key]
        encoded = secret.get("data", {}).get(key)
        return None if encoded is None else base64.b64decode(encoded).decode()

    def _apply(self, document: Any) -> None:
        what = _what(document)
        wrong = problem(document, self._version)
        if wrong is not None:
            raise SandboxError(f"{what}: {wrong}")
        kind, metadata = document["kind"], document.get("metadata", {})
        if kind not in _NAMESPACED | _CLUSTER_WIDE:
            known = ", ".join(sorted(_NAMESPACED | _CLUSTER_WIDE))
            raise SandboxError(f"{what}: the sandbox has no use for it in a cluster; it takes: {known}")
        if not metadata.get("name"):
            raise SandboxError(f"{what}: it has no metadata.name")
        if kind == "Namespace":
            self._add_namespace(document)
            return
        if kind == "Secret":
            _refuse_other_than_base64(what, document)
        namespace = metadata.get("namespace", "default") if kind in _NAMESPACED else ""
        if namespace and self.find("Namespace", "", namespace) is None:
            raise SandboxError(f"{what}: there is no namespace {namespace!r} in the cluster")
        with self._lock:
            self._objects[kind, namespace, metadata["name"]] = document

    def _add_namespace(self, document: Object) -> None:
        name = document["metadata"]["name"]
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _DEFAULT_ACCOUNT}}
        with self._lock:
            self._objects["Namespace", "", name] = document
            self._objects.setdefault(("ServiceAccount", name, _DEFAULT_ACCOUNT), account)


def _what(document: Any) -> str:
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise SandboxError(f"what is applied to the cluster is no Kubernetes object: {document!r}")
    metadata = document.get("metadata")
    return f"{document['kind']} {metadata.get('name', '') if isinstance(metadata, dict) else ''}".strip()


def _refuse_other_than_base64(what: str, document: Object) -> None:
    for key, value in document.get("data", {}).items():
        try:
            base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            # Without the value, which may be the secret itself.
            raise SandboxError(f"{what}: data.{key} is not text in base64") from error
