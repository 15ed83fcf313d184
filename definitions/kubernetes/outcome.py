"""How an attempt ended that ran in a cluster: told from what Step Functions says of its Job, in JSONata.

After a success the result is the Job with its log. What AWS documents of a failure is its error's name after a status
of the Kubernetes API (`EKS.401`), with the API's answer in the cause. Of a Job that failed it documents nothing: the
Job's JSON is looked for in the cause, wherever it may be in there and even if its end is cut off. In JSON no quote
inside a text is without a backslash before it, so nothing that a job writes to its log is taken for a condition.

The record has the keys of `definitions.outcome`; for an ECS task's, `kubernetesJob` (`namespace/name`) and `log` (the
last lines).
"""

from typing import Any

from definitions.jsonata import expression, literal, one_line
from definitions.kubernetes import names
from definitions.kubernetes.manifest import DISRUPTED
from definitions.outcome import PASSING_REASONS, REASON_LENGTH, Outcome
from definitions.run_task import TaskRun
from definitions.task_definition import CONTAINER_NAME

LOG_LINES = 20
LOG_BYTES = 4096
"""How much of its log a run's record holds: the last lines, and of those at most so many bytes from the first on."""

OUT_OF_MEMORY_CODE = 137
"""128 and SIGKILL. Kubernetes does not say in a Job's condition who sent that: it is the kernel, for want of memory, as
a rule. https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/"""

_PASSING_STATUSES = "408|429|5[0-9][0-9]"
"""The API's own trouble, or too many requests."""

_QUOTA = "exceeded quota|cannot be fulfilled on resourcequotas"
"""In a refusal that passes: the namespace has no room, or others ask for room in the same instant.

https://kubernetes.io/docs/concepts/policy/resource-quotas/, https://github.com/kubernetes/kubernetes/issues/67761
"""


def after_result(task: TaskRun) -> str:
    """The record of an attempt that Step Functions calls a success: `$states.result` is the Job."""
    return expression(f"""(
        $text := function($value) {{ $type($value) = 'string' and $value != '' ? $value }};
        $logs := $states.result.logs.pods.*.containers.{CONTAINER_NAME}.log;
        {{
            'outcome': '{Outcome.SUCCEEDED}',
            'exitCode': 0,
            'kubernetesJob': {_job(task)},
            'startedAt': $text($states.result.status.startTime),
            'stoppedAt': $text($states.result.status.completionTime),
            'mayRunOn': false,
            'log': $text($logs[0])
        }}
    )""")


def after_error(task: TaskRun) -> str:
    """The record of an attempt that failed: `$states.errorOutput` is its Error and Cause."""
    return expression(f"({_TOLD}{_outcome()}{_record(task)})")


def after_timeout(task: TaskRun) -> dict[str, Any]:
    """The record of an attempt that Step Functions gave up waiting for, after the Job should have ended."""
    return {
        "outcome": Outcome.TIMED_OUT.value,
        "mayRunOn": True,
        "kubernetesJob": expression(_job(task)),
    }


def _job(task: TaskRun) -> str:
    return f"{literal(f'{task.job.run_on.namespace}/')} & {names.job_name(task)}"


_IN_TEXT = r"[^\x22\x5c]*(?:\x5c.[^\x22\x5c]*)*"
"""What may be between the quotes of a text in JSON: x22 is a quote, x5c a backslash."""


# What is said as a message, in JSON or by itself, as in
# https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
_SAYS = r"(?:^|\x22message\x22\s*:\s*\x22)"
_EXIT_CODE = rf"/{_SAYS}Container [^\x22]* failed with exit code ([0-9]{{1,9}}) matching FailJob rule/"
_DISRUPTION = rf"/{_SAYS}Pod [^\x22]* has condition {DISRUPTED} matching FailJob rule/"
_REASON = r"\x22reason\x22\s*:\s*\x22"
_TIME = r"\s*:\s*\x22([0-9TZ:.+-]+)\x22"

# Two conditions of a Job may say the same, one that it is about to fail and one that it has.
_TOLD = rf"""
    $error := $string($states.errorOutput.Error);
    $cause := $string($states.errorOutput.Cause);
    $status := $match($error, /^EKS[.]([0-9][0-9][0-9])$/)[0].groups[0];
    $code := $match($cause, {_EXIT_CODE})[-1].groups[0];
    $exitCode := $exists($code) and $not($exists($status)) ? $number($code);
    $disrupted := $contains($cause, {_DISRUPTION});
    $atDeadline := $contains($cause, /{_REASON}DeadlineExceeded\x22/);
    $failed := $exists($exitCode) or $disrupted or $atDeadline
        or $contains($cause, /{_REASON}BackoffLimitExceeded\x22/);
    $messages := $match($cause, /\x22message\x22\s*:\s*\x22({_IN_TEXT})\x22/);
    $message := $exists($status) ? $messages[0].groups[0] : $messages[-1].groups[0];
    $said := $exists($message) and $message != '' ? $join($split($message, '\\"'), '"') : $cause;
    $startError := $not($error in ['States.TaskFailed', 'States.DataLimitExceeded']) ? $error;
"""


def _outcome() -> str:
    # Where there is a status, the words have names in them, of a job and its role, that may read like the network's.
    return one_line(f"""
        $passes := $exists($status)
            ? $contains($status, /^(?:{_PASSING_STATUSES})$/) or $contains($said, /{_QUOTA}/)
            : $contains($said, /{"|".join(PASSING_REASONS)}/i);
        $deleted := $status = '404' and $contains($said, /^jobs[.]batch /);
        $outcome :=
            $deleted ? '{Outcome.STOPPED}'
            : $exists($startError) ? ($passes ? '{Outcome.NEVER_STARTED}' : '{Outcome.REFUSED}')
            : $disrupted ? '{Outcome.INTERRUPTED}'
            : $atDeadline ? '{Outcome.TIMED_OUT}'
            : $exitCode = {OUT_OF_MEMORY_CODE} ? '{Outcome.OUT_OF_MEMORY}'
            : $exists($exitCode) and $exitCode != 0 ? '{Outcome.EXITED_NON_ZERO}'
            : '{Outcome.UNEXPLAINED}';
    """)


def _record(task: TaskRun) -> str:
    place, namespace = task.place, task.job.run_on.namespace
    rights = f"./longhaul render {task.job.name} --stack {place.stack} --document kubernetes | kubectl apply -f -"
    advice = {
        "401": "the cluster does not know the role of the state machine: has somebody removed its access entry?",
        "403": f"its rights in the cluster are given by {rights}",
        "404": f"there must be a namespace {namespace} in the cluster",
        "409": "this attempt has a Job in the cluster already, which may be running",
    }
    advised = " : ".join(f"$about = '{status}' ? {literal(f' ({text})')}" for status, text in advice.items())
    return rf"""
        $verb := $match($said, / cannot ([a-z]+) resource /)[0].groups[0];
        $about := $deleted or $passes or ($status = '403' and $not($exists($verb))) ? '' : $status;
        $advice := {advised} : '';
        $refused := ($status in ['400', '404', '422'] and $not($deleted))
            or ($status = '403' and ($verb = 'create' or $not($exists($verb))));
        $log := $match($cause, /\x22{CONTAINER_NAME}\x22\s*:\s*\{{\s*\x22log\x22\s*:\s*\x22({_IN_TEXT})/)[-1].groups[0];
        {{
            'outcome': $outcome,
            'exitCode': $exitCode,
            'stopCode': $disrupted ? '{DISRUPTED}',
            'startError': $startError,
            'reason': $said != '' ? $substring($replace($said, /[ \t\r\n]+/, ' '), 0, {REASON_LENGTH}) & $advice,
            'kubernetesJob': {_job(task)},
            'startedAt': $match($cause, /\x22startTime\x22{_TIME}/)[-1].groups[0],
            'stoppedAt': $failed ? $match($cause, /\x22lastTransitionTime\x22{_TIME}/)[-1].groups[0],
            'mayRunOn': $not($failed or $refused),
            'log': $exists($log) and $log != '' ? $join($split($join($split($log, '\\n'), '\n'), '\\"'), '"')
        }}
    """
