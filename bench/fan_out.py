"""How long the sandbox takes for a Map state of many items, and with how many threads.

    .venv/bin/python -m bench.fan_out [--items N] [--repeat N]

Seconds count from StartExecution until it has ended, in a process of its own each. The clock is moved from one deadline
to the next, so that a wait takes no real time. A distributed Map runs 50 child executions at a time, an inline one 40
iterations, of which a history holds no more than some 6,000. Threads are the most that there were, memory is the
process's peak. Printed is the median; the range of the seconds is in brackets.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 60
CONCURRENCY = 50
# Four events each, of 25,000.
MAX_INLINE = 6000
STATES = {
    "pass": {"Type": "Pass", "End": True},
    "wait": {"Type": "Wait", "Seconds": 60, "End": True},
    "call": {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity",
        "Arguments": {},
        "Output": "called",
        "End": True,
    },
}
ROWS = {
    ("INLINE", "pass"): "inline, a Pass state each",
    ("DISTRIBUTED", "pass"): "distributed, a Pass state each",
    ("DISTRIBUTED", "wait"): "distributed, a Wait of a minute each",
    ("DISTRIBUTED", "call"): "distributed, a call of an AWS API each",
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "states.amazonaws.com"}},
    ],
}
RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "states:*", "Resource": "*"}]}


def definition(mode: str, kind: str, items: int) -> dict[str, Any]:
    """A machine of one Map state over numbers."""
    execution_type = {"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {}
    processor = {
        "ProcessorConfig": {"Mode": mode, **execution_type},
        "StartAt": "Item",
        "States": {"Item": STATES[kind]},
    }
    state = {
        "Type": "Map",
        "Items": f"{{% [1..{items}] %}}",
        "MaxConcurrency": CONCURRENCY,
        "ItemProcessor": processor,
        "Output": "{% $count($states.result) %}",
        "End": True,
    }
    return {"QueryLanguage": "JSONata", "StartAt": "Map", "States": {"Map": state}}


def measure(mode: str, kind: str, items: int) -> dict[str, float]:
    """Run the machine once in this process."""
    from sandbox.local_aws import LocalAws

    with LocalAws() as aws:
        iam, states = aws.client("iam"), aws.client("stepfunctions")
        role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName="bench", PolicyName="bench", PolicyDocument=json.dumps(RIGHTS))
        text = json.dumps(definition(mode, kind, items))
        arn = states.create_state_machine(name="bench", roleArn=role, definition=text)["stateMachineArn"]
        started = time.perf_counter()
        execution_arn = states.start_execution(stateMachineArn=arn)["executionArn"]
        threads = 0
        while True:
            threads = max(threads, threading.active_count())
            idle = aws.clock.wait_idle(0.05)
            described = states.describe_execution(executionArn=execution_arn)
            if described["status"] != "RUNNING":
                break
            deadline = aws.clock.next_deadline()
            if idle and deadline is not None:
                aws.clock.advance_to(deadline)
        seconds = time.perf_counter() - started
    if described.get("output") != str(items):
        raise SystemExit(f"{mode} {kind}: {described}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "threads": threads, "peak": peak}


def measure_apart(mode: str, kind: str, items: int) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "bench.fan_out", "--once", mode, kind, "--items", str(items)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout)


def main() -> None:
    """Print one row for each kind of Map."""
    parser = argparse.ArgumentParser(description="Time the sandbox's Map states.")
    parser.add_argument("--items", type=int, default=1000, help="how many items (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="how often to measure (default: %(default)s)")
    parser.add_argument("--once", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        mode, kind = arguments.once
        print(json.dumps(measure(mode, kind, arguments.items)))
        return
    print(f"{f'{arguments.items} items':40} {'seconds':>24} {'threads':>9} {'MiB':>6}")
    for (mode, kind), label in ROWS.items():
        if mode == "INLINE" and arguments.items > MAX_INLINE:
            continue
        found = [measure_apart(mode, kind, arguments.items) for _ in range(arguments.repeat)]
        seconds = sorted(each["seconds"] for each in found)
        spread = f"{statistics.median(seconds):.2f} [{seconds[0]:.2f} to {seconds[-1]:.2f}]"
        threads, peak = (statistics.median(each[key] for each in found) for key in ("threads", "peak"))
        print(f"{label:40} {spread:>24} {threads:>9.0f} {peak:>6.0f}")


if __name__ == "__main__":
    main()
