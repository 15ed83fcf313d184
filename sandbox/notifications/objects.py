"""Has S3 tell EventBridge of objects as it does on AWS, where a bucket's notifications are switched on.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import contextvars
import json
import threading
from typing import TYPE_CHECKING, Any

from ministack.services import eventbridge, s3

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

_version: contextvars.ContextVar[str | None] = contextvars.ContextVar("sandbox_object_version", default=None)

_dispatch_event = eventbridge._dispatch_event


def install(aws: LocalAws) -> None:
    """As shipped, the clock may jump before an event is delivered, which tells fractions of a second and no version."""

    def fire(bucket: str, key: str, event_name: str, *told: Any, version_id: str | None = None, **more: Any) -> None:
        if bucket not in s3._bucket_notifications:
            return
        context, work = contextvars.copy_context(), aws.clock.working()
        # In the order of the requests, which threads do not keep.
        more["sequencer"] = s3._next_event_sequencer(event_name)
        more["version_id"] = version_id

        def deliver() -> None:
            with work:
                _version.set(version_id)
                s3._fire_s3_event(bucket, key, event_name, *told, **more)

        threading.Thread(target=context.run, args=(deliver,), daemon=True).start()

    def dispatch(event: dict[str, Any], view: Any = None) -> None:
        if event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            if _version.get() is not None:
                detail["object"]["version-id"] = _version.get()
            event = {**event, "Detail": json.dumps(detail), "Time": int(aws.clock.now())}
        _dispatch_event(event, view)

    s3._fire_s3_event_async = fire
    eventbridge._dispatch_event = dispatch
