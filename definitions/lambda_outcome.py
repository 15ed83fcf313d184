"""How an attempt ended that ran as a Lambda function: told from what Step Functions and Lambda say of it, in JSONata.

After a success the result's Payload is what the bootstrap says (components/lambda_image/bootstrap.py); it says the same
facts in the message of an error of its own. Whatever else ends a function has an error type of Lambda's, or none, which
Step Functions calls Lambda.Unknown. An invocation that Lambda did not take is named `Lambda.` and the exception.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html and
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html

The record has the keys of definitions/outcome.py but `stopCode` and `taskArn`, and `requestId`, of the invocation.
"""

from definitions.jsonata import expression, literal
from definitions.outcome import PASSING_REASONS, PLAIN_CAUSE, REASON_LENGTH, Outcome

EXITED_NON_ZERO = "Job.ExitedNonZero"
OUT_OF_MEMORY = "Job.OutOfMemory"
NOT_STARTED = "Job.NotStarted"
NEVER_STARTED = "Job.NeverStarted"
"""The bootstrap's own error types. The last one is of secrets that it could not ask AWS for, which passes."""

ANSWERS_LOST = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
)
"""Lambda's own trouble, after which the function may have been started all the same.
https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html"""

PASSING_ERRORS = (
    "Lambda.TooManyRequestsException",
    "Lambda.CodeArtifactUserPendingException",
    "Lambda.EC2ThrottledException",
    "Lambda.EC2UnexpectedException",
    "Lambda.ENILimitReachedException",
    "Lambda.ENINotReadyException",
    "Lambda.ResourceConflictException",
    "Lambda.ResourceNotReadyException",
    "Lambda.SubnetIPAddressLimitReachedException",
)
"""Reasons that pass for which the function was not started: throttling, no room in the subnets, a function that is not
ready, as one is at its first start after weeks without any. AWS documents no other end of them than waiting, or a
larger quota. https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html"""

_DENIED = "not authorized to perform|AccessDenied|cannot be assumed by Lambda"

# A path of an array gives an array, of which a text or a number must not be made.
_TOOLS = f"""
    $text := function($value) {{ $type($value) = 'string' and $value != '' ? $value }};
    $json := function($cause) {{( {PLAIN_CAUSE} $plain = '0' ? $parse($cause) )}};
"""

_FROM_RESULT = "$facts := $states.result.Payload; $reason := 'its function answered without an exit code';"

_FROM_ERROR = """
    $error := $string($states.errorOutput.Error);
    $cause := $string($states.errorOutput.Cause);
    $message := $text($json($cause).errorMessage);
    $facts := $exists($message) ? $json($message);
    $given := $text($facts.reason);
    $reason := $exists($given) ? $given : $type($facts) = 'object' ? '' : $exists($message) ? $message : $cause;
"""

_EXIT_CODE = "$exitCode := $type($facts.exitCode) = 'number' ? $facts.exitCode;"

# What the program itself says is in none of these texts: its output goes to the log alone.
_OUTCOME = f"""
    $isOwn := $error in {literal([NOT_STARTED, NEVER_STARTED])};
    $refusedHere := $not($isOwn) and ($error = 'States.Permissions' or $contains($reason, /{_DENIED}/));
    $lost := $error in {literal(list(ANSWERS_LOST))} and $not($refusedHere);
    $notTaken := $error != 'Lambda.Unknown' and $contains($error, /^Lambda[.]|^Runtime[.]Invalid/);
    $startError := $refusedHere or $notTaken ? $error;
    $passes := $lost or $error in {literal(list(PASSING_ERRORS))}
        or ($not($refusedHere) and $contains($reason, /{"|".join(PASSING_REASONS)}/i));
    $outcome :=
        $error = '{NOT_STARTED}' ? '{Outcome.REFUSED}'
        : $error = '{NEVER_STARTED}' ? '{Outcome.NEVER_STARTED}'
        : $error = '{OUT_OF_MEMORY}' ? '{Outcome.OUT_OF_MEMORY}'
        : $error = '{EXITED_NON_ZERO}' and $exists($exitCode) and $exitCode != 0 ? '{Outcome.EXITED_NON_ZERO}'
        : $exists($startError) ? ($passes ? '{Outcome.NEVER_STARTED}' : '{Outcome.REFUSED}')
        : $error = 'Sandbox.Timedout' or $contains($reason, /Task timed out after [0-9.]+ seconds/)
            ? '{Outcome.TIMED_OUT}'
        : $error = 'Runtime.OutOfMemory' or $contains($reason, /signal: killed|exit status 137/)
            ? '{Outcome.OUT_OF_MEMORY}'
        : '{Outcome.UNEXPLAINED}';
"""

_MAY_RUN_ON = "$lost or $error = 'States.TaskFailed'"
"""Only of an answer that was lost: with any other error of a function, or of Lambda, nothing runs."""

_REQUEST = "/(?:RequestId: |[0-9]Z )([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/"
"""Lambda's own messages begin with it, some after the time."""


def _record(outcome: str, may_run_on: str, told: str) -> str:
    return rf"""{{
        'outcome': {outcome},
        'exitCode': $exitCode,
        {told}
        'requestId': $requestId,
        'startedAt': $text($facts.startedAt),
        'stoppedAt': $text($facts.stoppedAt),
        'mayRunOn': {may_run_on},
        'logStream': $text($facts.logStream)
    }}"""


_REASON = rf"'reason': $reason != '' ? $substring($replace($reason, /[ \t\r\n]+/, ' '), 0, {REASON_LENGTH}),"

AFTER_RESULT = expression(f"""(
    {_TOOLS}{_FROM_RESULT}{_EXIT_CODE}
    $requestId := $text($facts.requestId);
    $succeeded := $exists($exitCode) and $exitCode = 0;
    {
    _record(
        f"$succeeded ? '{Outcome.SUCCEEDED}' : '{Outcome.UNEXPLAINED}'",
        "false",
        "'reason': $succeeded ? $nothing : $reason,",
    )
}
)""")
"""The record of an attempt that Step Functions calls a success."""

AFTER_ERROR = expression(f"""(
    {_TOOLS}{_FROM_ERROR}{_EXIT_CODE}{_OUTCOME}
    $own := $text($facts.requestId);
    $requestId := $exists($own) ? $own : $exists($startError) ? $nothing : $match($reason, {_REQUEST})[0].groups[0];
    {_record("$outcome", _MAY_RUN_ON, f"'startError': $startError, {_REASON}")}
)""")
"""The record of an attempt that failed: `$states.errorOutput` is its Error and Cause."""

AFTER_TIMEOUT = {"outcome": Outcome.TIMED_OUT.value, "mayRunOn": True}
"""The record of an attempt of which nothing was heard, after the function's own timeout and more."""
