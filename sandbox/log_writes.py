"""PutLogEvents as AWS takes lines: none that is too old, too new, or older than its log group keeps.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core.responses import json_response
from ministack.services import cloudwatch_logs

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

_DAY = 24 * 3600
_OLDEST, _NEWEST = 14 * _DAY, 2 * 3600

_put = cloudwatch_logs._put_log_events


def install(aws: LocalAws) -> None:
    """As shipped, lines of any time are taken."""

    def put(data: dict[str, Any]) -> Any:
        lines, now = data.get("logEvents") or [], aws.clock.now()
        group = cloudwatch_logs._log_groups.get(data.get("logGroupName")) or {}
        kept = (group.get("retentionInDays") or 10**6) * _DAY
        ages = [now - line["timestamp"] / 1000 for line in lines]
        # Lines are in the order of their times, so what is refused is at the beginning and at the end.
        too_old, expired = (sum(age > limit for age in ages) for limit in (_OLDEST, kept))
        too_new = next((place for place, age in enumerate(ages) if age < -_NEWEST), len(ages))
        answer = _put({**data, "logEvents": lines[max(too_old, expired) : too_new]})
        refused = {
            **({"tooOldLogEventEndIndex": too_old} if too_old else {}),
            **({"expiredLogEventEndIndex": expired} if expired else {}),
            **({"tooNewLogEventStartIndex": too_new} if too_new < len(ages) else {}),
        }
        if answer[0] != 200 or not refused:
            return answer
        return json_response({**json.loads(answer[2]), "rejectedLogEventsInfo": refused})

    cloudwatch_logs._put_log_events = put
