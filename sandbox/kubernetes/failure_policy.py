"""What a Job's podFailurePolicy makes of a Pod that failed.

https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.kubernetes.pod import Pod


@dataclass(frozen=True)
class Verdict:
    """Why a Job ends, in the words of its condition; with no reason the Pod counts towards the backoffLimit."""

    reason: str = ""
    message: str = ""


def verdict(policy: Mapping[str, Any] | None, pod: Pod) -> Verdict | None:
    """What becomes of the Job; None if the Pod does not count, and another takes its place."""
    for index, rule in enumerate(policy["rules"] if policy else ()):
        what = _match(rule, pod)
        if what is None:
            continue
        if rule["action"] == "Ignore":
            return None
        if rule["action"] == "FailJob":
            return Verdict("PodFailurePolicy", f"{what} matching FailJob rule at index {index}")
        return Verdict()
    return Verdict()


def _match(rule: Mapping[str, Any], pod: Pod) -> str | None:
    """How a rule matches, as the controller says it; None if it does not."""
    codes = rule.get("onExitCodes")
    if codes is not None:
        if not pod.exit_code or codes.get("containerName", pod.container) != pod.container:
            return None
        if (pod.exit_code in codes["values"]) != (codes["operator"] == "In"):
            return None
        return f"Container {pod.container} for pod {pod.namespace}/{pod.name} failed with exit code {pod.exit_code}"
    for condition in rule["onPodConditions"]:
        if condition["type"] == "DisruptionTarget" and condition["status"] == "True" and pod.disruption:
            return f"Pod {pod.namespace}/{pod.name} has condition DisruptionTarget"
    return None
