"""What the job does. Exit codes: 0 done; 64 the input is wrong (not retried); 143 stopped before it was done."""

import json
import os
import signal
import sys
from types import FrameType


def stop(_signal: int, _frame: FrameType | None) -> None:
    """ECS sends SIGTERM before it stops a task: tidy up here, within the job's stopTimeout."""
    print("stopped before the work was done", flush=True)
    sys.exit(143)


def main() -> int:
    signal.signal(signal.SIGTERM, stop)
    job_input = json.loads(os.environ.get("LONGHAUL_INPUT", "{}"))
    if not isinstance(job_input, dict):
        print("expected the input to be an object", flush=True)
        return 64
    scheduled_time = os.environ.get("LONGHAUL_SCHEDULED_TIME", "now")
    print(f"hello, {job_input.get('name', 'world')}: this is the run of {scheduled_time}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
