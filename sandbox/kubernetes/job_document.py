"""A batch/v1 Job as it comes in, and as the API server keeps it."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.kubernetes import job_rules
from sandbox.kubernetes.refused import bad_request, invalid
from sandbox.kubernetes.schema import problem

# https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy
_DEFAULT_BACKOFF_LIMIT = 6
# https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
_DEFAULT_GRACE_SECONDS = 30


def accepted(given: Any, version: str, namespace: str) -> dict[str, Any]:
    """The Job to run, from an object or its JSON text.

    Raises:
        Refused: it is no Job, or one that Kubernetes does not allow, or one that this stand-in does not run. What has a
            field that Jobs do not have is refused as with `fieldValidation=Strict`: without, an API server drops the
            field, and which of the two Step Functions asks for is not documented.
            https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
    """
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError as error:
            raise bad_request(f"the object provided is unrecognized: {error}") from error
    if not isinstance(given, dict) or (given.get("apiVersion"), given.get("kind")) != ("batch/v1", "Job"):
        raise bad_request("the object provided is unrecognized: it is no batch/v1 Job")
    wrong = problem(given, version)
    if wrong is not None:
        raise bad_request(f'Job in version "v1" cannot be handled as a Job: {wrong}')
    if "spec" not in given:
        raise bad_request('Job in version "v1" cannot be handled as a Job: it has no spec')
    metadata = given.get("metadata") or {}
    if metadata.get("namespace", namespace) != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    job_rules.refuse_what_is_not_run(given)
    if problems := job_rules.problems(given):
        raise invalid("Job.batch", metadata.get("name", ""), problems)
    return copy.deepcopy(given)


def kept(job: dict[str, Any], namespace: str, now: float) -> dict[str, Any]:
    """The Job as it is kept: with what the API server adds to it when it is created at `now` (epoch seconds)."""
    name, uid = job["metadata"]["name"], str(uuid.uuid4())
    # https://kubernetes.io/docs/reference/labels-annotations-taints/#batch-kubernetes-io-job-name
    own = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name}
    spec, template = job["spec"], job["spec"]["template"]
    pod = template["spec"]
    labels = {**(template.get("metadata", {}).get("labels") or {}), **own, "controller-uid": uid, "job-name": name}
    pod.setdefault("terminationGracePeriodSeconds", _DEFAULT_GRACE_SECONDS)
    pod.setdefault("serviceAccountName", "default")
    template["metadata"] = {**template.get("metadata", {}), "labels": labels}
    defaults = {"backoffLimit": _DEFAULT_BACKOFF_LIMIT, "completions": 1, "parallelism": 1}
    defaults |= {"completionMode": "NonIndexed", "suspend": False, "selector": {"matchLabels": dict(own)}}
    metadata = {
        **job["metadata"],
        "namespace": namespace,
        "uid": uid,
        "generation": 1,
        "creationTimestamp": stamp(now),
        "labels": labels if not job["metadata"].get("labels") else job["metadata"]["labels"],
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {**defaults, **spec}, "status": {}}


def called(labels: Mapping[str, str], name: str) -> str:
    """What faults call a Job or Pod: after the program and the part of it that it is, or by its own name.

    https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
    """
    part, of = labels.get("app.kubernetes.io/name"), labels.get("app.kubernetes.io/part-of")
    return f"{of}-{part}" if part and of else name


def stamp(epoch_seconds: float) -> str:
    """A time as Kubernetes writes it: in whole seconds."""
    return f"{datetime.fromtimestamp(int(epoch_seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"
