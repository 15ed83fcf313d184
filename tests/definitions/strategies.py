"""Any job that the spec accepts, as hypothesis strategies."""

from typing import Any

from hypothesis import strategies as st

from spec.aws_forms import RETENTION_DAYS
from spec.job import JobSpec

MAX_EXACT_INTEGER = 10**15 - 1
"""JSONata writes numbers with fifteen digits: longer ones are for texts."""

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_EXACT_INTEGER, MAX_EXACT_INTEGER)
    | st.integers(-8000, 8000).map(lambda eighths: eighths / 8)
    | st.text()
    | st.sampled_from(["<time>", '"<time>"', "<aws.scheduler.scheduled-time>", "%} {%", "\\u003c", "</a>", "'\"\\"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
variables = st.from_regex(r"V[A-Z0-9_]{0,10}", fullmatch=True)
tag_texts = st.from_regex(r"[a-z0-9 _.:/=+@-]{1,20}", fullmatch=True).filter(
    lambda text: not text.startswith(("aws:", "longhaul:"))
)
secrets = st.one_of(
    st.fixed_dictionaries(
        {"from": st.sampled_from(["sales/api", "arn:aws:secretsmanager:eu-central-1:210987654321:secret:db-a1B2c3"])},
        optional={
            "key": st.sampled_from(["password", "user"]),
            "kmsKey": st.just("arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-4e5f"),
        },
    ),
    st.sampled_from(["/sales/token", "arn:aws:ssm:eu-west-1:123456789012:parameter/sales/token"]),
)
permissions = st.fixed_dictionaries(
    {
        "actions": st.lists(st.sampled_from(["s3:GetObject", "s3:PutObject"]), min_size=1, max_size=2, unique=True),
        "resources": st.just(["arn:aws:s3:::sales/*"]),
    },
    optional={"conditions": st.just({"StringEquals": {"aws:ResourceAccount": "123456789012"}})},
)
schedules = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {"schedule": st.sampled_from(["cron(15 3 * * ? *)", "cron(0 9 ? * MON-FRI *)", "at(2030-01-01T00:00:00)"])},
        optional={"timezone": st.sampled_from(["Europe/Berlin", "UTC"]), "flexibleWindow": st.just("15m")},
    ),
    st.fixed_dictionaries({"schedule": st.sampled_from(["rate(1 day)", "rate(5 minutes)"])}),
)
retries = st.fixed_dictionaries(
    {},
    optional={
        "attempts": st.integers(0, 5),
        "interval": st.sampled_from(["1s", "10s"]),
        "backoffRate": st.floats(1, 100),
        "maxInterval": st.sampled_from(["1m", "1d"]),
        "finalExitCodes": st.lists(st.integers(1, 255), max_size=3),
    },
)


def _job(fields: dict[str, Any], size: tuple[int, int], schedule: dict[str, Any]) -> JobSpec:
    return JobSpec.model_validate({"cpu": size[0], "memory": size[1], **schedule, **fields})


jobs = st.builds(
    _job,
    st.fixed_dictionaries(
        {
            "name": st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8})?", fullmatch=True),
            "image": st.sampled_from(
                [
                    "public.ecr.aws/docker/library/alpine:3.22",
                    "210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/tool:1",
                ]
            ),
        },
        optional={
            "description": st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=512),
            "entrypoint": st.lists(words, min_size=1, max_size=3),
            "command": st.lists(words, min_size=1, max_size=3),
            "ephemeralStorage": st.integers(20, 200),
            "architecture": st.sampled_from(["arm64", "x86_64"]),
            "environment": st.dictionaries(variables, words, max_size=3),
            "secrets": st.dictionaries(variables.map(lambda name: f"S{name}"), secrets, max_size=3),
            "permissions": st.lists(permissions, max_size=2),
            "user": st.sampled_from(["1000:1000", "app"]),
            "readonlyRootFilesystem": st.booleans(),
            "capacity": st.fixed_dictionaries({"spot": st.booleans()}),
            "timeout": st.sampled_from(["1s", "90m", "3d"]),
            "stopTimeout": st.sampled_from(["2s", "2m"]),
            "retries": retries,
            "enabled": st.booleans(),
            "results": st.booleans(),
            "startDeadline": st.sampled_from(["1m", "1d"]),
            "input": json_values,
            "logRetention": st.sampled_from(RETENTION_DAYS),
            "tags": st.dictionaries(tag_texts, tag_texts, max_size=3),
        },
    ),
    st.sampled_from([(256, 512), (512, 1024), (1024, 8192), (16384, 122880)]),
    schedules,
)
