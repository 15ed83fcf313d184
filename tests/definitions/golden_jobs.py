"""The jobs whose documents are kept as golden files."""

from spec.container import ImageStart
from spec.job import JobSpec
from spec.network import NetworkSpec
from spec.stack import StackSpec
from tests.definitions.lambda_samples import archived
from tests.definitions.samples import job

_BUILD = {"image": None, "build": {"context": "jobs/nightly", "dockerfile": "jobs/nightly/Dockerfile"}}

PLAIN = job(schedule="cron(15 3 * * ? *)", overlap="skip", **_BUILD)

EVERYTHING_SET = job(
    description="Adds up yesterday's sales by shop",
    build={
        "context": "jobs/nightly",
        "dockerfile": "jobs/nightly/Dockerfile",
        "target": "runtime",
        "args": {"PYTHON": "3.13"},
    },
    image=None,
    entrypoint=["python", "-m", "nightly"],
    command=["--verbose", "{% not an expression %}"],
    cpu="2 vCPU",
    memory="8 GB",
    ephemeralStorage=100,
    architecture="arm64",
    environment={"SHOP": "all", "BUCKET": "sales"},
    secrets={
        "DATABASE_PASSWORD": {
            "from": "sales/database",
            "key": "password",
            "kmsKey": "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-4e5f-6a7b-8c9d-0e1f2a3b4c5d",
        },
        "API_TOKEN": "/sales/api-token",
    },
    permissions=[
        {
            "actions": ["s3:GetObject", "s3:PutObject"],
            "resources": ["arn:aws:s3:::sales/*"],
            "conditions": {"StringEquals": {"aws:ResourceAccount": "123456789012"}},
        },
        {"actions": ["s3:DeleteObject"], "resources": ["arn:aws:s3:::sales/*"], "effect": "Deny"},
    ],
    user="1000:1000",
    readonlyRootFilesystem=True,
    capacity={"spot": False},
    timeout="2h30m",
    stopTimeout="90s",
    retries={
        "attempts": 3,
        "interval": "30s",
        "backoffRate": 3,
        "maxInterval": "5m",
        "finalExitCodes": [64, 65],
        "onTimeout": True,
    },
    startRetries={"attempts": 5, "interval": "10s", "backoffRate": 1.5, "maxInterval": "2m"},
    overlap={"policy": "queue", "group": "sales", "queueLimit": 20},
    schedule="cron(15 3 ? * MON-FRI *)",
    enabled=False,
    startDeadline="10m",
    input={"shops": ["<all>", 'the "new" one'], "limit": None},
    logRetention=90,
    tags={"team": "sales", "cost-center": "4711"},
)

SPOT = job(
    schedule="rate(6 hours)",
    capacity={"spot": True, "onDemandAfter": 2},
    retries={"attempts": 2},
    overlap="allow",
    **_BUILD,
)

REPLACE = job(schedule="rate(1 hour)", overlap="replace", **_BUILD)

ONCE_PER_TIME = job(schedule="rate(1 hour)", overlap={"policy": "allow", "oncePerTime": True}, **_BUILD)

SECRETS = job(
    image="210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/importer@sha256:" + "0a" * 32,
    secrets={
        "BY_NAME": "sales/database",
        "BY_ARN": "arn:aws:secretsmanager:eu-central-1:210987654321:secret:shared/token-a1B2c3",
        "ONE_KEY": {"from": "sales/database", "key": "user"},
        "PARAMETER": "/sales/api-token",
    },
)

SCHEDULER = job(
    schedule="cron(30 2 ? * SUN *)",
    timezone="Europe/Berlin",
    flexibleWindow="30m",
    input={"quote": '"', "placeholder": "<aws.scheduler.scheduled-time>"},
    **_BUILD,
)

RESULTS = job(results=True, **_BUILD)

RESULTS_WITH_LOCK = job(results=True, overlap="skip", retries={"attempts": 1}, **_BUILD)

STARTED_BY = job(
    startedBy={
        "jobs": ["daily-rollup", {"job": "daily-rollup", "on": "failure"}],
        "objects": [
            {"bucket": "sales", "prefix": "in/", "suffix": ".csv"},
            {"bucket": "sales", "suffix": ".ok"},
            {"bucket": "uploads"},
        ],
        "roles": ["importer", "arn:aws:iam::123456789012:role/service/api"],
    },
    startDeadline="10m",
    overlap={"policy": "allow", "oncePerTime": True},
    **_BUILD,
)

_STEPS = [
    {"name": "list", "command": ["list"], "results": True, "retries": {"attempts": 1}},
    {
        "name": "fetch",
        "forEach": "{% $list.files %}",
        "input": {"file": "{% $item %}", "day": "{% $input.day %}"},
        "results": True,
    },
    {
        "name": "sides",
        "parallel": [
            {"name": "add", "input": {"all": "{% $fetch %}"}, "results": True},
            {"name": "second", "steps": [{"name": "check"}, {"name": "tell", "when": "{% $input.loud %}"}]},
        ],
    },
    {"name": "report", "job": "daily-report", "input": {"sum": "{% $add.sum %}"}, "when": "{% $add.sum > 0 %}"},
]

STEPS = job(steps=_STEPS)
STEPS_WITH_LOCK = job(
    steps=_STEPS, overlap="queue", onFailure=[{"name": "clean", "input": {"why": "{% $failure.error %}"}}]
)
DISTRIBUTED = job(
    overlap="skip",
    steps=[
        {"name": "fetch", "forEach": {"objects": {"bucket": "sales", "prefix": "in/"}, "batchSize": 20}},
        {
            "name": "check",
            "forEach": {"items": "{% $input.files %}", "maxConcurrency": 200, "toleratedFailures": "5%"},
            "permissions": [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::sales/*"]}],
        },
    ],
)
COUNT = job(count={"tasks": "{% $input.shards %}", "maxConcurrency": 20}, results=True)

_STARTS = {"entrypoint": ("python", "-m", "nightly"), "command": ("--all",)}
_ON_LAMBDA = {
    "runOn": "lambda",
    "timeout": "10m",
    **_BUILD,
    "build": {**_BUILD["build"], "starts": ImageStart(**_STARTS)},
}

LAMBDA = job(schedule="rate(1 hour)", overlap="skip", retries={"attempts": 1}, **_ON_LAMBDA)
LAMBDA_EVERYTHING_SET = job(
    **{
        **_ON_LAMBDA,
        "description": "Adds up the last hour's sales by shop",
        "command": ["--verbose"],
        "memory": 1769,
        "ephemeralStorage": 2,
        "architecture": "arm64",
        "environment": {"SHOP": "all", "BUCKET": "sales"},
        "secrets": {
            "DATABASE_PASSWORD": {
                "from": "sales/database",
                "key": "password",
                "kmsKey": "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-4e5f-6a7b-8c9d-0e1f2a3b4c5d",
            },
            "API_TOKEN": "/sales/api-token",
        },
        "permissions": [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::sales/*"]}],
        "results": True,
        "overlap": "replace",
        "tags": {"team": "sales"},
    }
)
LAMBDA_ZIP = job(**archived(architecture="arm64", environment={"SHOP": "all"}, overlap="skip"))
LAMBDA_ZIP_STEPS = job(**archived(overlap="allow", steps=[{"name": "list"}, {"name": "add", "command": ["--one"]}]))
LAMBDA_STEPS = job(**{**_ON_LAMBDA, "overlap": "queue", "steps": _STEPS})

TASK = job(
    runOn="task", overlap="allow", schedule="rate(6 hours)", input={"shops": ["<all>", 'the "new" one']}, **_BUILD
)
TASK_SCHEDULER = job(
    runOn="task",
    overlap="allow",
    schedule="cron(30 2 ? * SUN *)",
    timezone="Europe/Berlin",
    startDeadline="10m",
    capacity={"spot": True},
    secrets={"API_TOKEN": "/sales/api-token"},
    input={"placeholder": "<aws.scheduler.scheduled-time>"},
    **_BUILD,
)

_IN_CLUSTER = {"runOn": {"kind": "kubernetes", "cluster": "analytics", "namespace": "batch"}, "overlap": "allow"}

KUBERNETES = job(schedule="rate(1 hour)", **_IN_CLUSTER, **_BUILD)
KUBERNETES_EVERYTHING_SET = job(
    description="Scores the last hour's sales",
    runOn={**_IN_CLUSTER["runOn"], "serviceAccount": "scorer"},
    overlap={"policy": "allow", "oncePerTime": True},
    entrypoint=["python", "-m", "nightly"],
    command=["--price", "$5", "{% not an expression %}"],
    cpu=1500,
    memory=3000,
    ephemeralStorage=100,
    architecture="arm64",
    environment={"SHOP": "$(ALL)", "BUCKET": "sales"},
    secrets={"DATABASE_PASSWORD": {"from": "database", "key": "password"}},
    permissions=[{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::sales/*"]}],
    user="1000:1000",
    readonlyRootFilesystem=True,
    timeout="2h30m",
    stopTimeout="90s",
    retries={"attempts": 3, "finalExitCodes": [64]},
    results=True,
    tags={"team": "sales"},
    **_BUILD,
)
KUBERNETES_STEPS = job(steps=_STEPS, **_IN_CLUSTER, **_BUILD)

_WAREHOUSE = {"kind": "ec2", "capacityProvider": "warehouse"}

EC2 = job(
    runOn={
        **_WAREHOUSE,
        "networkMode": "bridge",
        "placement": ["spread:attribute:ecs.availability-zone", "binpack:memory", "random"],
        "constraints": ["attribute:ecs.instance-type =~ r6.*", "attribute:disk == 'fast'"],
    },
    cpu=3000,
    memory="700 GB",
    architecture="arm64",
    ephemeralStorage=100,
    capacity={"spot": True, "onDemandAfter": 2},
    retries={"attempts": 1, "onTimeout": True},
    overlap="queue",
    **_BUILD,
)
EC2_STEPS = job(
    runOn=_WAREHOUSE,
    overlap="allow",
    steps=[{"name": "add", "forEach": "{% $input.days %}"}, {"name": "tell", "startRetries": {"attempts": 0}}],
)

JOBS: dict[str, JobSpec] = {
    "plain": PLAIN,
    "everything-set": EVERYTHING_SET,
    "spot": SPOT,
    "replace": REPLACE,
    "once-per-time": ONCE_PER_TIME,
    "secrets": SECRETS,
    "scheduler": SCHEDULER,
    "results": RESULTS,
    "results-with-lock": RESULTS_WITH_LOCK,
    "started-by": STARTED_BY,
    "steps": STEPS,
    "steps-with-lock": STEPS_WITH_LOCK,
    "distributed": DISTRIBUTED,
    "count": COUNT,
    "ec2": EC2,
    "ec2-steps": EC2_STEPS,
    "task": TASK,
    "task-scheduler": TASK_SCHEDULER,
    "lambda": LAMBDA,
    "lambda-everything-set": LAMBDA_EVERYTHING_SET,
    "lambda-steps": LAMBDA_STEPS,
    "lambda-zip": LAMBDA_ZIP,
    "lambda-zip-steps": LAMBDA_ZIP_STEPS,
    "kubernetes": KUBERNETES,
    "kubernetes-everything-set": KUBERNETES_EVERYTHING_SET,
    "kubernetes-steps": KUBERNETES_STEPS,
}


def stack_of(job: JobSpec) -> StackSpec:
    """The stack that the golden jobs run in."""
    return StackSpec(project="longhaul", name="dev", region="eu-west-1", network=NetworkSpec(nat="single"), jobs=(job,))
