"""What a run of a job with steps costs: its state transitions, and dollars.

    .venv/bin/python -m bench.steps

Transitions are counted in the histories of real executions in the sandbox: every state that was entered, every retry of
a call that Step Functions makes by itself, and for each item of a distributed Map one more, for the start of its
execution. Dollars are those of the transitions alone: Fargate, DynamoDB and S3 are left out. The runs take the lock, as
`overlap` has it by default, and nothing fails in them; their tasks are shells that end at once, or leave a number.
10,000 items are not run: they are reckoned from a hundred, whose part is taken a hundred times and the run's own once.

https://aws.amazon.com/step-functions/pricing/ counts states and retries. That the start of a child execution is one
more, AWS's workshop on Step Functions says: https://catalog.us-east-1.prod.workshops.aws, workshop
2a22e604-2f2e-4d7b-85a8-33b38c999234, "Standard child workflow execution cost".
"""

import json
from typing import TYPE_CHECKING, Any

from bench.contention import IMAGE, deployed
from review.prices import STATE_TRANSITION

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

AT_ONCE = 50
RUN_ITEMS, RECKONED_ITEMS = 100, 10_000
LEAVE = (
    'curl -sS --fail --aws-sigv4 "aws:amz:$AWS_REGION:s3" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"'
    ' -H "x-amz-security-token: $AWS_SESSION_TOKEN" -X PUT -d "$LONGHAUL_INPUT"'
    ' "$AWS_ENDPOINT_URL/${LONGHAUL_RESULT_URL#s3://}"'
)
"""A shell's command that leaves the task's input as its result: no Python, whose start takes longer than all else."""


def step(name: str, script: str = "exit 0", **fields: Any) -> dict[str, Any]:
    """A step that runs a shell."""
    return {"name": name, "entrypoint": ["sh", "-c", script], **fields}


def for_each(script: str = "exit 0", *, results: bool = False, **how: Any) -> dict[str, Any]:
    """A job of one step over the numbers from 1 to the run's input."""
    each = {"items": "{% [1..$input] %}", **how}
    return {"image": IMAGE, "steps": [step("take", script, forEach=each, results=results)]}


def line(script: str = "exit 0", *, results: bool = False) -> dict[str, Any]:
    """A job of three steps."""
    return {"image": IMAGE, "steps": [step(name, script, results=results) for name in ("one", "two", "three")]}


JOBS = {
    "line": line(),
    "line-results": line(LEAVE, results=True),
    "inline": for_each(),
    "inline-results": for_each(LEAVE, results=True),
    "distributed": for_each(maxConcurrency=AT_ONCE),
    "distributed-results": for_each(LEAVE, results=True, maxConcurrency=AT_ONCE),
}
ROWS = {
    "3 steps": ("line", 1),
    "3 steps, a result each": ("line-results", 1),
    "forEach of 1 item, inline": ("inline", 1),
    "forEach of 10 items, inline": ("inline", 10),
    "forEach of 100 items, inline": ("inline", 100),
    "forEach of 100 items, inline, a result each": ("inline-results", 100),
    "forEach of N items, distributed": ("distributed", RUN_ITEMS),
    "forEach of N items, distributed, a result each": ("distributed-results", RUN_ITEMS),
}


def transitions(events: list[dict[str, Any]]) -> int:
    """How many transitions of a history are billed, apart from the start of an execution that is an item's."""
    types = {event["id"]: event["type"] for event in events}
    retries = sum(
        event["type"] == "TaskScheduled" and not types[event["previousEventId"]].endswith("StateEntered")
        for event in events
    )
    return sum(name.endswith("StateEntered") for name in types.values()) + retries


def history(aws: "LocalAws", execution_arn: str) -> list[dict[str, Any]]:
    """All events of an execution."""
    pages = aws.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution_arn)
    return [event for page in pages for event in page["events"]]


def children(aws: "LocalAws", execution_arn: str) -> list[str]:
    """The ARNs of the executions of a run's distributed Maps."""
    states = aws.client("stepfunctions")
    runs = states.list_map_runs(executionArn=execution_arn)["mapRuns"]
    pages = [
        page for run in runs for page in states.get_paginator("list_executions").paginate(mapRunArn=run["mapRunArn"])
    ]
    return [execution["executionArn"] for page in pages for execution in page["executions"]]


def ended(aws: "LocalAws", machine: str, given: Any) -> dict[str, Any]:
    """A run from its start to its success, as DescribeExecution tells of it."""
    from sandbox.play import run_to_end

    states = aws.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=machine, input=json.dumps({"input": given}))["executionArn"]
    run_to_end(aws, arn)
    told = states.describe_execution(executionArn=arn)
    if told["status"] != "SUCCEEDED":
        raise SystemExit(f"error: {told['status']}: {told.get('error')}: {told.get('cause')}")
    return told


def main() -> None:
    """Run each kind of job, and print a row for each."""
    from sandbox.local_aws import LocalAws

    print(f"{'':52} {'the run':>8} {'its items':>10} {'in all':>7} {'US dollars':>11}")
    with LocalAws() as aws, deployed(aws, JOBS) as deployment:
        for label, (job, items) in ROWS.items():
            arn = ended(aws, deployment.outputs["stateMachines"][job], items)["executionArn"]
            own = transitions(history(aws, arn))
            each = [1 + transitions(history(aws, child)) for child in children(aws, arn)]
            print_row(label.replace("N", f"{RUN_ITEMS}"), own, sum(each))
            if each:
                label = label.replace("N", f"{RECKONED_ITEMS:,}")
                print_row(label, own, sum(each) * RECKONED_ITEMS // RUN_ITEMS)


def print_row(label: str, own: int, of_items: int) -> None:
    """Print the transitions of a run, those of the executions of its items, and what they cost."""
    in_all = own + of_items
    print(f"{label:52} {own:>8,} {of_items:>10,} {in_all:>7,} {in_all * STATE_TRANSITION:>11.6f}")


if __name__ == "__main__":
    main()
