"""How an attempt of a job ended: told from what Step Functions and ECS say of it, in JSONata, once for all states.

A container that exits non-zero and one that never started both arrive as States.TaskFailed; only the Cause tells them
apart. It is JSON text of one ECS Task, usually. It may also be plain text, and any key of it may be missing or of
another type. JSONata has no way to catch an error, and an error in a Catch ends the execution with no name an operator
could search for: so everything here is looked at before it is used.
"""

from enum import StrEnum

from definitions.jsonata import expression, literal
from definitions.task_definition import CONTAINER_NAME, LOG_STREAM_PREFIX
from spec.job import JobSpec


class Outcome(StrEnum):
    """How an attempt ended: the error's name of a failed execution, and what an operator searches for."""

    SUCCEEDED = "SUCCEEDED"
    EXITED_NON_ZERO = "Job.ExitedNonZero"
    OUT_OF_MEMORY = "Job.OutOfMemory"
    TIMED_OUT = "Job.TimedOut"
    NEVER_STARTED = "Job.NeverStarted"
    NOT_PLACED = "Job.NotPlaced"
    REFUSED = "Job.Refused"
    INTERRUPTED = "Job.Interrupted"
    STOPPED = "Job.Stopped"
    INVALID_RESULT = "Job.InvalidResult"
    UNEXPLAINED = "Job.Unexplained"


def may_be(outcome: Outcome, container: JobSpec) -> bool:
    """Whether an attempt can end so, where its container runs: a task waits for room on EC2 alone."""
    return outcome is not Outcome.NOT_PLACED or container.run_on.kind == "ec2"


INTERRUPTING_STOP_CODES = ("SpotInterruption", "TerminationNotice", "InfrastructureHealth", "ServiceSchedulerInitiated")
"""AWS took the machine away. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html (stopCode)"""

PASSING_START_ERRORS = ("AmazonECS.Unknown", "ECS.AmazonECSException", "ECS.ServerException", "ECS.ThrottlingException")
"""Errors of RunTask that pass: RunTask's `failures`, no capacity, ECS's own trouble, throttling."""

CAPACITY_REASONS = "capacity is unavailable|limit on the number of (?:tasks|vcpus)"
PASSING_REASONS = (
    "rate exceeded|too ?many ?requests|throttl",
    CAPACITY_REASONS,
    "time(?:d )? ?out|deadline exceeded|connection (?:refused|reset)|tls handshake|i[.]o timeout|temporar|try again",
)
"""Why a task did not start, where waiting helps: throttling, no room, the network.

Some such errors share their name with errors that stay, such as ECS.InvalidParameterException; and a task that was
accepted and then could not start tells only by its reason. What matches none of these is not tried again.
"""

_NO_ROOM_REASONS = (
    "RESOURCE:[A-Z]+|EMPTY CAPACITY PROVIDER|NO ACTIVE INSTANCES|(?:^|[:;] )AGENT(?:;|$)"
    "|placement constraint unsatisfied|provisioning capacity limit|no container instances were found"
)
"""Why no instance took a task where another may: one of them in the reasons of several instances is enough.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html"""
_FULL_DISK = "no space left on device"
"""On Fargate it stays so; an instance's agent makes room, and another instance may have some.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/automated_image_cleanup.html"""
_WRONG_KIND_REASONS = "(?:^|[:;] )(?:ATTRIBUTE|LOCATION)(?:;|$)"
"""Why no instance will ever take it: they lack what its task definition needs, such as its processor."""

_ANSWERS_LOST = "ServerException|SdkClientException"
"""Errors after which RunTask may have started a task all the same."""

# AWS's sentence on a missing permission comes last in a reason and names role, action and resource, each by its ARN.
REASON_LENGTH = 1024

# Whether $cause is JSON, so that $parse cannot fail. Escapes and quotes go first, then every string becomes ' and every
# other scalar 0; then innermost arrays and objects become 0, until one 0 is left. An ECS Task is some six levels deep.
# \x5c is a backslash: JSONata's tokenizer would misread `\\` before a bracket.
PLAIN_CAUSE = r"""
    $plain := $replace($cause, /\x5c(?:["\x5cbfnrt\/]|u[0-9a-fA-F]{4})|'/, '_');
    $plain := $replace($plain, /"[^"\x5c\x00-\x1f]*"/, "'");
    $plain := $replace($plain, /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/, '0');
    $plain := $replace($plain, /[ \t\r\n]+/, '');
    $plain := $reduce([1..12], function($text, $level) {
        $replace($replace($text, /\[(?:['0](?:,['0])*)?\]/, '0'), /\{(?:':['0](?:,':['0])*)?\}/, '0')
    }, $plain);
"""
"""JSONata that sets `$plain` to '0' if the text in `$cause` is JSON, other than a text in quotes."""

_PARSED_CAUSE = rf"""
    $cause := $string($states.errorOutput.Cause);
    {PLAIN_CAUSE}
    $task := $plain = '0' ? $parse($cause);
"""

_FROM_RESULT = "$task := $states.result;"

_FROM_ERROR = f"$failure := $states.errorOutput.Error; {_PARSED_CAUSE}"

# Undefined values drop out of the object built at the end: a key is there only when AWS told it.
# Times come as milliseconds since 1970 (as seconds from some tools) or as ISO text.
_TOLD = rf"""
    $text := function($value) {{ $type($value) = 'string' and $value != '' ? $value }};
    $time := function($value) {{
        $type($value) != 'number' ? $text($value)
        : $value > 0 and $value < 100000000000 ? $fromMillis($floor($value * 1000))
        : $value > 0 and $value < 100000000000000 ? $fromMillis($floor($value))
    }};
    $container := ($task.Containers[Name = '{CONTAINER_NAME}'])[0];
    $exitCode := $type($container.ExitCode) = 'number' ? $container.ExitCode;
    $stopCode := $text($task.StopCode);
    $taskArn := $text($task.TaskArn);
    $startedAt := $time($task.StartedAt);
    $containerReason := $text($container.Reason);
    $ran := $exists($startedAt) or $exists($exitCode);
    $startError := $exists($failure) and $failure != 'States.TaskFailed' ? $failure;
    $refusals := $filter($task.Failures.Reason, function($value) {{ $type($value) = 'string' }});
    $told := $join($distinct([$text($task.StoppedReason), $containerReason, $refusals]), '; ');
    $reason := $told != '' ? $told : $not($exists($taskArn)) ? $cause;
"""

_PASSES = f"""
    $passes := $startError in {literal(list(PASSING_START_ERRORS))}
        or $contains($reason, /{"|".join(PASSING_REASONS)}/i);
"""

_PASSES_ON_EC2 = f"""
    $noRoom := $contains($reason, /{_NO_ROOM_REASONS}/i);
    $passes := $noRoom or ($not($contains($reason, /{_WRONG_KIND_REASONS}/)) and (
        $startError in {literal(list(PASSING_START_ERRORS))}
        or $contains($reason, /{"|".join((*PASSING_REASONS, _FULL_DISK))}/i)
    ));
"""

_STOPPED_OUTCOMES = f"""
        $stopCode = 'UserInitiated' ? '{Outcome.STOPPED}'
        : $stopCode in [{", ".join(f"'{code}'" for code in INTERRUPTING_STOP_CODES)}] ? '{Outcome.INTERRUPTED}'
        : $exitCode = 0 and $not($exists($failure)) ? '{Outcome.SUCCEEDED}'
        : $not($exitCode = 0) and $substring($containerReason, 0, 16) = 'OutOfMemoryError' ? '{Outcome.OUT_OF_MEMORY}'
        : $exists($exitCode) and $exitCode != 0 ? '{Outcome.EXITED_NON_ZERO}'"""

_OTHER_OUTCOMES = f"""
        : $exists($startError) or ($exists($taskArn) and $not($ran))
            ? ($passes ? '{Outcome.NEVER_STARTED}' : '{Outcome.REFUSED}')
        : $exists($taskArn) and $not($exists($exitCode)) ? '{Outcome.INTERRUPTED}'
        : '{Outcome.UNEXPLAINED}';
"""

_OUTCOME = f"{_PASSES}    $outcome :={_STOPPED_OUTCOMES}{_OTHER_OUTCOMES}"

# ECS has looked for an instance until it gave up. A task that is larger than any ends in the same way.
_OUTCOME_ON_EC2 = f"""{_PASSES_ON_EC2}    $outcome :={_STOPPED_OUTCOMES}
        : $exists($taskArn) and $not($ran) and $noRoom ? '{Outcome.NOT_PLACED}'{_OTHER_OUTCOMES}"""

_RECORD = rf"""
    {{
        'outcome': $outcome,
        'exitCode': $exitCode,
        'stopCode': $stopCode,
        'startError': $startError,
        'reason': $reason != '' ? $substring($replace($reason, /[ \t\r\n]+/, ' '), 0, {REASON_LENGTH}),
        'taskArn': $taskArn,
        'startedAt': $startedAt,
        'stoppedAt': $time($task.StoppedAt),
        'mayRunOn': $not(
            $task.LastStatus = 'STOPPED' or $exists($task.StoppedAt)
            or ($exists($startError) and $not($contains($startError, /{_ANSWERS_LOST}/)))
        ),
        'logStream': $ran and $exists($taskArn) ? '{LOG_STREAM_PREFIX}/{CONTAINER_NAME}/' & $split($taskArn, '/')[-1]
    }}
"""

AFTER_RESULT = expression(f"({_FROM_RESULT}{_TOLD}{_OUTCOME}{_RECORD})")
"""The record of an attempt that Step Functions calls a success: `$states.result` is one ECS Task."""

AFTER_ERROR = expression(f"({_FROM_ERROR}{_TOLD}{_OUTCOME}{_RECORD})")
"""The record of an attempt that failed: `$states.errorOutput` is its Error and Cause."""

AFTER_ERROR_ON_EC2 = expression(f"({_FROM_ERROR}{_TOLD}{_OUTCOME_ON_EC2}{_RECORD})")
"""The same of a task on an EC2 instance."""


def after_looking(found: str, waited: str) -> str:
    """The record of an attempt that timed out, as JSONata, when its task was found; nothing when it was not.

    Args:
        found: JSONata of the ECS Task.
        waited: why it was not placed, for one that has no instance.
    """
    return f"""(
        $task := {found};
        $exists($task) ? (
            {_TOLD}
            $placed := $ran or $exists($text($task.ContainerInstanceArn));
            $outcome := $placed ? '{Outcome.TIMED_OUT}' : '{Outcome.NOT_PLACED}';
            $reason := $placed ? $reason : {literal(waited)};
            {_RECORD}
        )
    )"""


AFTER_TIMEOUT = {"outcome": Outcome.TIMED_OUT.value, "mayRunOn": True}
"""The record of an attempt that was stopped at its timeout: States.Timeout comes without the task, before it ends."""
