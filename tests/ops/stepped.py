"""A deployed stack of jobs with steps, with a count, and with what they are run beside: real runs of real programs."""

from __future__ import annotations

from functools import cache
from typing import Any

from sandbox.local_aws import LocalAws
from tests.ops.operated import Operated, deployed

# Does what its input says: so many lines, then a pause, or one while a file is there, then a result where one is
# wanted, then an end with that code.
DOES = """\
import json, os, sys, time
wanted = json.loads(os.environ["LONGHAUL_INPUT"])
who = os.environ["LONGHAUL_STEP"], os.environ.get("LONGHAUL_INDEX", "-"), os.environ["LONGHAUL_ATTEMPT"]
for number in range(wanted.get("lines", 0)):
    print(*who, number, flush=True)
time.sleep(wanted.get("seconds", 0))
while os.path.exists(wanted.get("while", "")):
    time.sleep(0.01)
if "LONGHAUL_RESULT_URL" in os.environ and not wanted.get("exit"):
    import boto3
    bucket, _, key = os.environ["LONGHAUL_RESULT_URL"].removeprefix("s3://").partition("/")
    result = wanted.get("result")
    text = json.dumps("x" * result["letters"] if isinstance(result, dict) and "letters" in result else result)
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())
sys.exit(wanted.get("exit", 0))
"""
_DOING = {"image": "example.com/does:1", "entrypoint": ["python", "-c", DOES], "overlap": "allow"}


def _step(name: str, *, results: bool = False, **fields: Any) -> dict[str, Any]:
    return {"name": name, "results": results, "input": f"{{% $input.{name} %}}", **fields}


JOBS: dict[str, Any] = {
    # Each step does what the run's input says under its name; `fetch` does what `list` left.
    "line": _DOING
    | {
        "steps": [
            _step("list", results=True),
            {"name": "fetch", "forEach": "{% $list.items %}", "results": True, "input": "{% $item %}"},
            _step("extra", when="{% $exists($input.extra) %}"),
            _step("last", results=True, retries={"attempts": 1, "interval": "1m"}),
        ],
    },
    "sides": _DOING
    | {
        "steps": [
            {
                "name": "both",
                "parallel": [
                    _step("left", results=True),
                    {"name": "chain", "steps": [_step("first"), _step("second")]},
                ],
            },
            _step("last"),
        ],
        "onFailure": [_step("clean")],
    },
    "alone": _DOING
    | {"overlap": "skip", "steps": [_step("first"), {"name": "both", "parallel": [_step("left"), _step("right")]}]},
    "outer": _DOING | {"steps": [{"name": "inner", "job": "plain", "input": "{% $input.inner %}"}, _step("last")]},
    "plain": _DOING
    | {"entrypoint": ["python", "-c", DOES.replace('os.environ["LONGHAUL_STEP"]', '"plain"')], "results": True},
    "counted": _DOING | {"count": 3},
    "spread": _DOING
    | {
        "steps": [
            {
                "name": "one",
                "forEach": {"items": "{% $input.items %}", "distributed": True, "toleratedFailures": 1},
                "input": "{% $item %}",
                "results": True,
            },
            _step("last"),
        ]
    },
}


class Stepped(Operated):
    """A deployed stack, `acme`'s `stepped`."""

    name = "stepped"

    def submitted(self, execution_arn: str) -> int:
        """How many tasks and runs ECS and Step Functions have taken for a run, those of map runs left out."""
        return sum(event["type"] == "TaskSubmitted" for event in self.events(execution_arn))


@cache
def stepped_stack(local_aws: LocalAws) -> Stepped:
    """The stack, deployed when it is first asked for; it ends with the local AWS."""
    return deployed(local_aws, Stepped, JOBS)
