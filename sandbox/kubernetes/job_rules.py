"""What an API server refuses of a batch/v1 Job whose form is right: values that Kubernetes does not allow.

https://kubernetes.io/docs/concepts/workloads/controllers/job/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from sandbox.kubernetes.refused import not_in_the_sandbox

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_LABEL_PART = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_SECRET_KEY = re.compile(r"[-._a-zA-Z0-9]+")
# "any printable ASCII characters except '='",
# https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/
_FIELD = re.compile(r"metadata\.(name|namespace|uid)|metadata\.labels\['[^']+'\]|spec\.serviceAccountName")
_VARIABLE = re.compile(r"[ -<>-~]+")
_MAX_LABEL = 63
_MAX_SUBDOMAIN = 253
# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_QUANTITY = re.compile(r"(?P<number>[0-9]+(\.[0-9]*)?|\.[0-9]+)(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+|)")
_SUFFIXES = {
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
}
# https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/
_MAX_RULES = 20
_MAX_EXIT_CODES = 255
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_NOT_NEGATIVE = ("activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "parallelism", "completions")


def refuse_what_is_not_run(job: Mapping[str, Any]) -> None:
    """Raise Refused for what Kubernetes runs and this stand-in does not."""
    spec = job["spec"]
    pod = spec["template"].get("spec") or {}
    for field, usual in (("parallelism", 1), ("completions", 1), ("completionMode", "NonIndexed"), ("suspend", False)):
        if spec.get(field, usual) != usual:
            raise not_in_the_sandbox(f"Job with {field} {spec[field]}")
    for field in ("backoffLimitPerIndex", "successPolicy", "managedBy", "manualSelector", "selector"):
        if field in spec:
            raise not_in_the_sandbox(f"Job with {field}")
    if pod.get("initContainers") or len(pod.get("containers") or ()) > 1:
        raise not_in_the_sandbox("Pod of more than one container")
    if pod.get("restartPolicy") == "OnFailure":
        raise not_in_the_sandbox("Pod with restartPolicy OnFailure")
    if any(set(volume) - {"name", "emptyDir"} for volume in pod.get("volumes") or ()):
        raise not_in_the_sandbox("Pod with volumes other than emptyDir")
    for container in pod.get("containers") or ():
        for field in ("envFrom", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            if field in container:
                raise not_in_the_sandbox(f"container with {field}")
        for variable in container.get("env") or ():
            source = variable.get("valueFrom") or {}
            if set(source) - {"secretKeyRef", "fieldRef"}:
                raise not_in_the_sandbox("variable from anything but a Secret or a field of the Pod")
            if "fieldRef" in source and not _FIELD.fullmatch(source["fieldRef"]["fieldPath"]):
                raise not_in_the_sandbox(f"variable from the Pod's {source['fieldRef']['fieldPath']}")


def problems(job: Mapping[str, Any]) -> list[str]:
    """What is wrong, each with its field, in the API server's words as far as they are known."""
    metadata, spec = job.get("metadata") or {}, job["spec"]
    return [
        *_name(metadata),
        *_labels("metadata", metadata),
        *_numbers(spec),
        *_failure_policy(spec),
        *_labels("spec.template.metadata", spec["template"].get("metadata") or {}),
        *_pod(spec["template"].get("spec") or {}),
    ]


def _name(metadata: Mapping[str, Any]) -> Iterator[str]:
    name = metadata.get("name")
    if not name:
        yield "metadata.name: Required value: name or generateName is required"
    elif len(name) > _MAX_LABEL:
        # Of the label that carries it: https://kubernetes.io/docs/concepts/workloads/controllers/job/#writing-a-job-spec
        yield f'spec.template.labels: Invalid value: "{name}": must be no more than {_MAX_LABEL} characters'
    elif not _DNS_SUBDOMAIN.fullmatch(name):
        yield f'metadata.name: Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of lower case ' + (
            "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
        )


def _labels(at: str, metadata: Mapping[str, Any]) -> Iterator[str]:
    for field in ("labels", "annotations"):
        for key, value in (metadata.get(field) or {}).items():
            prefix, slash, part = key.rpartition("/")
            if len(part) > _MAX_LABEL or not _LABEL_PART.fullmatch(part) or (slash and not _is_subdomain(prefix)):
                yield f'{at}.{field}: Invalid value: "{key}": a name part must consist of alphanumeric characters, ' + (
                    "'-', '_' or '.', and must start and end with an alphanumeric character"
                )
            if field == "labels" and value and (len(value) > _MAX_LABEL or not _LABEL_PART.fullmatch(value)):
                yield f'{at}.labels: Invalid value: "{value}": a valid label must be an empty string or consist of ' + (
                    "at most 63 alphanumeric characters, '-', '_' or '.', and must start and end with an "
                    "alphanumeric character"
                )


def _numbers(spec: Mapping[str, Any]) -> Iterator[str]:
    for field in _NOT_NEGATIVE:
        if spec.get(field, 0) < 0:
            yield f"spec.{field}: Invalid value: {spec[field]}: must be greater than or equal to 0"


def _failure_policy(spec: Mapping[str, Any]) -> Iterator[str]:
    policy = spec.get("podFailurePolicy")
    if policy is None:
        return
    at = "spec.podFailurePolicy.rules"
    if spec["template"].get("spec", {}).get("restartPolicy") != "Never":
        yield 'spec.template.spec.restartPolicy: Invalid value: only "Never" is supported when podFailurePolicy is ' + (
            "specified"
        )
    if len(policy["rules"]) > _MAX_RULES:
        yield f"{at}: Too many: {len(policy['rules'])}: must have at most {_MAX_RULES} items"
    names = {container["name"] for container in spec["template"].get("spec", {}).get("containers") or ()}
    for index, rule in enumerate(policy["rules"]):
        place = f"{at}[{index}]"
        codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
        if (codes is None) == (not conditions):
            yield f"{place}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required"
        if rule["action"] not in _ACTIONS:
            yield f'{place}.action: Unsupported value: "{rule["action"]}": supported values: {_quoted(_ACTIONS)}'
        elif rule["action"] == "FailIndex":
            yield f'{place}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set'
        if codes is not None:
            yield from _exit_codes(f"{place}.onExitCodes", codes, names)
        for number, condition in enumerate(conditions or ()):
            if condition["status"] not in ("True", "False", "Unknown"):
                yield f'{place}.onPodConditions[{number}].status: Unsupported value: "{condition["status"]}"'


def _exit_codes(at: str, codes: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    values = codes["values"]
    if codes["operator"] not in ("In", "NotIn"):
        yield f'{at}.operator: Unsupported value: "{codes["operator"]}": supported values: "In", "NotIn"'
    if "containerName" in codes and codes["containerName"] not in names:
        yield f'{at}.containerName: Invalid value: "{codes["containerName"]}": must be one of the container or ' + (
            "initContainer names in the pod template"
        )
    if not values:
        yield f"{at}.values: Invalid value: []: at least one value is required"
    if len(values) > _MAX_EXIT_CODES:
        yield f"{at}.values: Too many: {len(values)}: must have at most {_MAX_EXIT_CODES} items"
    if values != sorted(values):
        yield f"{at}.values: Invalid value: {values}: must be ordered"
    if len(values) != len(set(values)):
        yield f"{at}.values: Duplicate value"
    if codes["operator"] == "In" and 0 in values:
        yield f"{at}.values: Invalid value: 0: must not be 0 for the In operator"


def _pod(pod: Mapping[str, Any]) -> Iterator[str]:
    at = "spec.template.spec"
    if "restartPolicy" not in pod:
        yield f'{at}.restartPolicy: Required value: valid values: "OnFailure", "Never"'
    elif pod["restartPolicy"] not in ("OnFailure", "Never"):
        yield f'{at}.restartPolicy: Unsupported value: "{pod["restartPolicy"]}": supported values: "OnFailure", "Never"'
    if pod.get("activeDeadlineSeconds", 1) < 1:
        yield f"{at}.activeDeadlineSeconds: Invalid value: {pod['activeDeadlineSeconds']}: must be between 1 and " + (
            "2147483647, inclusive"
        )
    if pod.get("terminationGracePeriodSeconds", 0) < 0:
        yield f"{at}.terminationGracePeriodSeconds: Invalid value: must be greater than or equal to 0"
    if "serviceAccountName" in pod and not _is_subdomain(pod["serviceAccountName"]):
        yield f'{at}.serviceAccountName: Invalid value: "{pod["serviceAccountName"]}"'
    volumes = [volume["name"] for volume in pod.get("volumes") or ()]
    for index, name in enumerate(volumes):
        if not _is_label(name):
            yield f'{at}.volumes[{index}].name: Invalid value: "{name}"'
        if name in volumes[:index]:
            yield f'{at}.volumes[{index}].name: Duplicate value: "{name}"'
    if not pod.get("containers"):
        yield f"{at}.containers: Required value"
    for index, container in enumerate(pod.get("containers") or ()):
        yield from _container(f"{at}.containers[{index}]", container, volumes)


def _container(at: str, container: Mapping[str, Any], volumes: Iterable[str]) -> Iterator[str]:
    if not _is_label(container["name"]):
        yield f'{at}.name: Invalid value: "{container["name"]}": a lowercase RFC 1123 label must consist of lower ' + (
            "case alphanumeric characters or '-', and must start and end with an alphanumeric character"
        )
    if not container.get("image"):
        yield f"{at}.image: Required value"
    elif container["image"] != container["image"].strip():
        yield f'{at}.image: Invalid value: "{container["image"]}": must not have leading or trailing whitespace'
    for index, variable in enumerate(container.get("env") or ()):
        yield from _variable(f"{at}.env[{index}]", variable)
    paths = [mount["mountPath"] for mount in container.get("volumeMounts") or ()]
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        if mount["name"] not in volumes:
            yield f'{at}.volumeMounts[{index}].name: Not found: "{mount["name"]}"'
        if mount["mountPath"] in paths[:index]:
            yield f'{at}.volumeMounts[{index}].mountPath: Invalid value: "{mount["mountPath"]}": must be unique'
    yield from _resources(f"{at}.resources", container.get("resources") or {})


def _variable(at: str, variable: Mapping[str, Any]) -> Iterator[str]:
    if not _VARIABLE.fullmatch(variable["name"]):
        yield f'{at}.name: Invalid value: "{variable["name"]}"'
    source = variable.get("valueFrom")
    if source is None:
        return
    if variable.get("value"):
        yield f"{at}.valueFrom: Invalid value: may not be specified when `value` is not empty"
    if len(source) != 1:
        yield f"{at}.valueFrom: Invalid value: must specify one of: `fieldRef`, `secretKeyRef`, ..."
    reference = source.get("secretKeyRef")
    if reference is not None:
        if not reference.get("name"):
            yield f"{at}.valueFrom.secretKeyRef.name: Required value"
        if not _SECRET_KEY.fullmatch(reference.get("key", "")):
            yield f'{at}.valueFrom.secretKeyRef.key: Invalid value: "{reference.get("key", "")}"'


def _resources(at: str, resources: Mapping[str, Any]) -> Iterator[str]:
    amounts: dict[str, dict[str, Decimal | None]] = {}
    for kind in ("limits", "requests"):
        amounts[kind] = {name: quantity(str(value)) for name, value in (resources.get(kind) or {}).items()}
        for name, amount in amounts[kind].items():
            if amount is None:
                yield f'{at}.{kind}.{name}: Invalid value: "{resources[kind][name]}": quantities must match the ' + (
                    "regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
                )
    for name, wanted in amounts["requests"].items():
        limit = amounts["limits"].get(name)
        if wanted is not None and limit is not None and wanted > limit:
            yield f'{at}.requests: Invalid value: "{resources["requests"][name]}": must be less than or equal to ' + (
                f"{name} limit of {resources['limits'][name]}"
            )


def quantity(text: str) -> Decimal | None:
    """The amount that Kubernetes reads in a text such as `500m` or `1Gi`; None if it is none."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None
    number, suffix = Decimal(found["number"]), found["suffix"]
    return number * (_SUFFIXES[suffix] if suffix in _SUFFIXES else Decimal(f"1{suffix}"))


def _is_label(name: str) -> bool:
    return len(name) <= _MAX_LABEL and _DNS_LABEL.fullmatch(name) is not None


def _is_subdomain(name: str) -> bool:
    return len(name) <= _MAX_SUBDOMAIN and _DNS_SUBDOMAIN.fullmatch(name) is not None


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)
