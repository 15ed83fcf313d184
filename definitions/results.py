"""What a run returns beyond its exit code: JSON that its container leaves in S3, and the states that read it.

A success passes `Read the result` in the place of `How did it end?`, so that a result costs no state more. There the
request cannot be made of an attempt that did not succeed: States.QueryEvaluationError, which goes on to `How did it
end?` as any other end does. So does what is wrong with a result, as an outcome of its own.

Variables: `resultKey` (where the attempt that succeeded was to leave its result: a redrive reads the same), `result`.
"""

from typing import Any

from definitions.attempts import AttemptNames
from definitions.calls import call
from definitions.jsonata import expression, literal
from definitions.outcome import Outcome
from definitions.place import Place

MOST_BYTES = 128 * 1024
"""What a result may have. With all that an execution says of itself it stays below the 256 KiB of a state's data.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""

_PROPER = f"$run.outcome = {literal(Outcome.SUCCEEDED.value)}"
_TOO_LONG = "it has too many bytes: "
"""Before the number, in the error that a result too long raises: a catcher sees nothing else of it."""


def bucket_name_beginning(place: Place) -> str:
    """What the name of the stack's bucket for results begins with: Pulumi adds a hyphen and seven characters.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    return f"{place.prefix}results".lower().replace("_", "-")


def read_states(bucket: str, following: str, called: AttemptNames) -> dict[str, Any]:
    """The states that read the result of a success and go on to `following`, or else to `How did it end?`.

    A range tells the size of what is too long without reading it. But S3 refuses any range of an empty object, in words
    that Step Functions does not tell from other trouble (S3.S3Exception): then it is asked for whole.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    request = {
        "Bucket": expression(f"{_PROPER} ? {literal(bucket)} : $error('it did not succeed')"),
        "Key": expression("$resultKey"),
    }
    answers = (
        ("S3.NoSuchKeyException", called.decide, _invalid("left none", "'no result'", bucket)),
        ("States.QueryEvaluationError", called.decide, _after_evaluation_error(bucket)),
        (
            "States.DataLimitExceeded",
            called.decide,
            _invalid("too long", "'a result that is too long for Step Functions to read'", bucket),
        ),
    )
    return {
        called.read_result: call(
            "Reads what the container left, if it succeeded.",
            "aws-sdk:s3:getObject",
            {**request, "Range": f"bytes=0-{MOST_BYTES}"},
            following,
            assign={"result": expression(READ)},
            expected=(*answers, ("S3.S3Exception", called.read_whole, {"Comment": "no range of it, or trouble in S3"})),
        ),
        called.read_whole: call(
            "Reads it without a range, which an empty one has not.",
            "aws-sdk:s3:getObject",
            request,
            following,
            assign={"result": expression(READ)},
            expected=answers,
        ),
    }


READ = f"""(
    $range := $states.result.ContentRange;
    $size := $exists($range) ? $number($split($range, '/')[1]) : $states.result.ContentLength;
    $size > {MOST_BYTES} ? $error({literal(_TOO_LONG)} & $string($size)) : $parse($states.result.Body)
)"""


def _invalid(label: str, what: str, bucket: str) -> dict[str, Any]:
    """The fields of a catcher for a result that is not there or cannot be taken; `what` it is, as JSONata."""
    return {"Comment": label, "Assign": {"run": expression(_record(what, bucket))}}


def _record(what: str, bucket: str) -> str:
    outcome, reason = literal(Outcome.INVALID_RESULT.value), f"{what} & {literal(f' at s3://{bucket}/')} & $resultKey"
    return f"$merge([$run, {{'outcome': {outcome}, 'reason': {reason}}}])"


def _after_evaluation_error(bucket: str) -> dict[str, Any]:
    limit = f" bytes, of at most {MOST_BYTES:,},"
    run = f"""(
        $cause := $string($states.errorOutput.Cause);
        $size := $match($cause, /{_TOO_LONG}([0-9]+)/).groups[0];
        $what := $exists($size) ? 'a result of ' & $size & {literal(limit)} : 'a result that is not JSON';
        {_PROPER} ? {_record("$what", bucket)} : $run
    )"""
    return {"Comment": "did not succeed, or left what is no result", "Assign": {"run": expression(run)}}
