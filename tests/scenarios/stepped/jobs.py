"""The jobs of the stack that the scenarios of steps share. A start says what its steps do: `does(second="exit 3")`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

LEAVE = f"{sys.executable} {Path(__file__).parent.with_name('leave.py')}"
WAITS = "touch READY; until [ -e OPEN ]; do sleep 0.02; done"
"""Runs until a test opens its gate; a SIGTERM ends it at once."""
TAKES_TIME_TO_STOP = "trap 'sleep 0.3; exit 5' TERM; touch READY; while :; do sleep 0.02; done"
ENDS_WITH_0_ON_SIGTERM = "trap 'exit 0' TERM; touch READY; echo ready; while :; do sleep 0.02; done"

BUCKET = "objects-of-the-scenarios-of-steps"
PROVIDER = "stepped-scaled"
"""The capacity provider that jobs on EC2 name, with managed scaling and one instance of 2 GiB."""

# What the run's start says of the step in its environment, or else what the step does by itself.
_OBEYS = {
    "image": "public.ecr.aws/docker/library/alpine:3",
    "entrypoint": ["sh", "-c", 'does=$(printenv "DOES_$LONGHAUL_STEP"); eval "${does:-$DOES}"'],
    "environment": {"DOES": "exit 0"},
}
_LEAVES = {"results": True, "environment": {"DOES": f"""{LEAVE} "\\"$LONGHAUL_STEP\\"" """}}
_CLEANS = [
    {
        "name": "clean",
        "input": {"step": "{% $failure.step %}", "error": "{% $failure.error %}", "cause": "{% $failure.cause %}"},
    }
]
_LINE = [{"name": "first", **_LEAVES}, {"name": "second", "input": "{% $first %}"}, {"name": "third"}]
_SIDES = {
    "name": "sides",
    "parallel": [
        {"name": "left", **_LEAVES},
        {"name": "right", "steps": [{"name": "near"}, {"name": "far", "when": "{% $input = 'go' %}"}]},
        {"name": "deep", "parallel": [{"name": "deeper"}, {"name": "deepest", **_LEAVES}]},
    ],
}
_PART = {"name": "part", "forEach": "{% $input %}"}
_CHILD = {"name": "child", "forEach": {"items": "{% $input %}", "distributed": True}}
_LAST = {"name": "last"}


def does(**scripts: str) -> dict[str, dict[str, str]]:
    """What goes into the start of a run, so that its steps run these scripts."""
    return {"environment": {f"DOES_{step}": script for step, script in scripts.items()}}


def _every() -> list[dict[str, Any]]:
    """One step of each kind at the top level; each leaves its name, and gets what those before it left."""
    kinds: dict[str, Any] = {
        "one": _LEAVES,
        "two": {"parallel": [{"name": "left", **_LEAVES}, {"name": "right"}]},
        "three": {"forEach": ["x", "y"], **_LEAVES},
        "four": {"forEach": {"items": ["x", "y"], "distributed": True}, **_LEAVES},
        "five": {"job": "giver"},
        "six": {"when": "{% $input = 'six' %}", **_LEAVES},
        "seven": {},
    }
    steps, before = [], []
    for name, fields in kinds.items():
        given = {} if "parallel" in fields else {"input": {result: f"{{% ${result} %}}" for result in before}}
        steps.append({"name": name, **given, **fields})
        before += ["left"] if name == "two" else [name]
    return steps


JOBS: dict[str, dict[str, Any]] = {
    "line": {
        "steps": _LINE,
        "onFailure": _CLEANS,
        "timeout": "2m",
        "retries": {"attempts": 1, "interval": "1s"},
        "startRetries": {"attempts": 2},
    },
    "patient": {
        "steps": [{"name": "first"}, {"name": "second"}],
        "timeout": "2m",
        # Long enough for whoever sped the clock up to slow it down.
        "retries": {"attempts": 1, "onTimeout": True, "interval": "30m"},
    },
    "spot": {
        "steps": [{"name": "first"}, {"name": "second", **_LEAVES}],
        "capacity": {"spot": True},
        "startRetries": {"attempts": 1},
    },
    "undefined": {"steps": [{"name": "first", "input": {"files": ["{% $input.nothing %}"]}}], "onFailure": _CLEANS},
    "sides": {"steps": [_SIDES, {**_LAST, "input": ["{% $left %}", "{% $deepest %}"]}], "onFailure": _CLEANS},
    "part": {"steps": [_PART, _LAST], "onFailure": _CLEANS},
    "child": {"steps": [_CHILD, _LAST], "onFailure": _CLEANS},
    # Does not mind that what was begun fails.
    "tolerant": {"steps": [{"name": "child", "forEach": {**_CHILD["forEach"], "toleratedFailures": "100%"}}, _LAST]},
    "lists": {
        "overlap": "allow",
        "steps": [
            {**_PART, "forEach": {"items": "{% $input %}", "maxConcurrency": 1}, **_LEAVES},
            {**_CHILD, **_LEAVES},
            {"name": "last", "input": {"part": "{% $part %}", "child": "{% $child %}"}},
        ],
    },
    "outer": {
        "steps": [{"name": "nested", "job": "inner", "input": "{% $input %}"}, _LAST],
        "onFailure": _CLEANS,
    },
    # Does what its input says.
    "inner": {"entrypoint": ["sh", "-c", 'eval "eval $LONGHAUL_INPUT"'], "input": "exit 0"},
    "giver": _LEAVES,
    "every": {"steps": _every(), "overlap": "allow"},
    "large": {"steps": [{"name": "only", **_LEAVES}], "overlap": "allow"},
    "counted": {"count": "{% $input.tasks %}", "overlap": "allow", **_LEAVES},
    "scattered": {"count": {"tasks": "{% $input.tasks %}", "distributed": True}, "overlap": "allow", **_LEAVES},
    "breaks": {
        "overlap": "allow",
        "steps": [{"name": "first"}, {"name": "second"}],
        "onFailure": [{"name": "fails_too"}, *_CLEANS],
    },
    "spread": {
        "overlap": "allow",
        "steps": [{**_CHILD, "forEach": {"items": "{% $input %}", "toleratedFailures": "40%"}, **_LEAVES}],
    },
    "unread": {
        "overlap": "allow",
        "steps": [{**_CHILD, "forEach": {"items": "{% $input %}", "toleratedFailures": 2}}],
    },
    "batches": {
        "overlap": "allow",
        "steps": [
            {
                **_CHILD,
                "forEach": {"objects": {"bucket": BUCKET, "prefix": "in/"}, "batchSize": 2},
                "input": "{% $item.Key %}",
            }
        ],
    },
    "replacing": {"steps": [{"name": "first"}, {"name": "second"}], "overlap": "replace"},
    "grouped": {"steps": [{"name": "first"}, _PART], "overlap": {"policy": "queue", "group": "pair"}},
    "plain": {"overlap": {"policy": "queue", "group": "pair"}},
    "allowed": {"steps": _LINE, "overlap": "allow"},
    # One of them is larger than any instance.
    "packed": {
        "steps": [{"name": "first", **_LEAVES}, {"name": "second", "memory": 2049, "input": "{% $first %}"}],
        "onFailure": _CLEANS,
        "runOn": {"kind": "ec2", "capacityProvider": PROVIDER, "networkMode": "bridge"},
        "timeout": "2m",
        "startRetries": {"attempts": 1},
    },
}
JOBS = {name: {**_OBEYS, **fields} for name, fields in JOBS.items()}
