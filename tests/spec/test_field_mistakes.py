"""What people read when a field of a job is wrong, one field at a time."""

import pytest

IMAGE_JOB = "config:\n  longhaul:jobs:\n    nightly:\n      image: alpine\n"

# A field of a job as written in its entry, and the line without its place.
FIELD_MISTAKES = [
    # Keys.
    ("timout: 2h", 'timout: expected a known key, found "timout": did you mean "timeout"?'),
    (
        "timeout_seconds: 7200",
        'timeout_seconds: expected a known key, found "timeout_seconds": did you mean "timeout"?',
    ),
    ("LogRetention: 7", 'LogRetention: expected a known key, found "LogRetention": did you mean "logRetention"?'),
    ("capacity: {quux: true}", 'capacity.quux: expected a known key, found "quux": known are spot and onDemandAfter'),
    ("name: other", "name: expected no name here, found one: a job's name is its key in longhaul:jobs"),
    # Kinds.
    ("environment: [A]", "environment: expected a map, found a list"),
    ("capacity: spot", "capacity: expected a map with the keys spot or onDemandAfter, found text"),
    (
        "overlap: 1",
        "overlap: expected skip, queue, replace or allow, or a map with the keys policy, group, queueLimit or "
        "oncePerTime, found a number",
    ),
    (
        "secrets: {TOKEN: 1}",
        "secrets.TOKEN: expected the name or ARN of a secret in Secrets Manager, or of an SSM parameter "
        "(a name with a leading /), or a map with the keys from, key or kmsKey, found a number",
    ),
    ("command: python -m job", "command: expected a list such as [a, b], found text"),
    ("command: []", "command: expected at least 1 item, found none"),
    ("command: [run, 30]", 'command[1]: expected text that is not empty, found 30: write "30" in quotes'),
    ("permissions: {actions: [s3:GetObject]}", "permissions: expected a list such as [a, b], found a map"),
    ("description: [a]", "description: expected text of up to 512 characters, found a list"),
    # Bounds.
    ("retries: {attempts: -1}", "retries.attempts: expected a whole number from 0 to 100, found -1"),
    ("retries: {attempts: 1.5}", "retries.attempts: expected a whole number from 0 to 100, found 1.5"),
    (
        'retries: {attempts: "2"}',
        'retries.attempts: expected a whole number from 0 to 100, found "2": without the quotes',
    ),
    ("retries: {attempts: true}", "retries.attempts: expected a whole number from 0 to 100, found true"),
    ("retries: {attempts: 1, backoffRate: 0.5}", "retries.backoffRate: expected a number from 1 to 100, found 0.5"),
    (
        "retries: {attempts: 1, finalExitCodes: [64, 0]}",
        "retries.finalExitCodes[1]: expected a whole number from 1 to 255, found 0",
    ),
    ("architecture: arm", 'architecture: expected arm64 or x86_64, found "arm": did you mean "arm64"?'),
    ("readonlyRootFilesystem: yes", 'readonlyRootFilesystem: expected true or false, found "yes"'),
    ('capacity: {spot: "true"}', 'capacity.spot: expected true or false, found "true": without the quotes'),
    (
        "overlap: skipp",
        'overlap.policy: expected skip, queue, replace or allow, found "skipp": did you mean "skip"?',
    ),
    (
        "overlap: {group: Loads}",
        "overlap.group: expected a group's name of up to 64 lower-case letters, digits and single hyphens, "
        'a letter first, found "Loads"',
    ),
    (
        "overlap: {policy: queue, queueLimit: 501}",
        "overlap.queueLimit: expected a whole number from 1 to 500, found 501",
    ),
    (
        "startRetries: {maxInterval: 2d}",
        'startRetries.maxInterval: expected a duration from 1s to 1d, such as 90m or 2h30m, found "2d"',
    ),
    (
        "capacity: {spot: true, onDemandAfter: 0}",
        "capacity.onDemandAfter: expected a whole number from 1 to 100, found 0",
    ),
    # Durations.
    (
        "timeout: 90",
        "timeout: expected a duration from 1s to 365d, such as 90m or 2h30m, found 90: a unit is missing, as in 90s",
    ),
    ("timeout: 1.5h", 'timeout: expected a duration from 1s to 365d, such as 90m or 2h30m, found "1.5h"'),
    ("timeout: 30m2h", 'timeout: expected a duration from 1s to 365d, such as 90m or 2h30m, found "30m2h"'),
    ("timeout: 400d", 'timeout: expected a duration from 1s to 365d, such as 90m or 2h30m, found "400d"'),
    ("stopTimeout: 3m", 'stopTimeout: expected a duration from 2s to 2m, such as 45s, found "3m"'),
    ("stopTimeout: 1s", 'stopTimeout: expected a duration from 2s to 2m, such as 45s, found "1s"'),
    # Sizes.
    (
        "cpu: 1",
        "cpu: expected 256, 512, 1024, 2048, 4096, 8192 or 16384 CPU units, or as many vCPUs such as 0.25 vCPU, "
        "found 1: did you mean 1 vCPU?",
    ),
    (
        "cpu: 3 vCPU",
        "cpu: expected 256, 512, 1024, 2048, 4096, 8192 or 16384 CPU units, or as many vCPUs such as 0.25 vCPU, "
        "found 3072 (3 vCPU): the nearest are 2048 and 4096",
    ),
    (
        "memory: 4",
        "memory: expected memory in MiB, such as 512 or 2048, or in GB such as 2 GB, found 4: did you mean 4 GB?",
    ),
    (
        "cpu: 0.25",
        "cpu: expected CPU units such as 256 or 1024, or vCPUs such as 0.25 vCPU, found 0.25: did you mean 0.25 vCPU?",
    ),
    (
        "memory: 8",
        "memory: expected memory of a Fargate size in MiB, such as 512 or 2048, or in GB such as 2 GB, "
        "found 8: did you mean 8 GB?",
    ),
    (
        "memory: 1500",
        "memory: expected memory of a Fargate size in MiB, such as 512 or 2048, or in GB such as 2 GB, "
        "found 1500: the nearest are 1024 and 2048",
    ),
    (
        "memory: lots",
        'memory: expected memory in MiB, such as 512 or 2048, or in GB such as 2 GB, found "lots"',
    ),
    (
        "ephemeralStorage: 500",
        "ephemeralStorage: expected a whole number of GiB from 1 to 200, such as 100 or 100 GB, found 500",
    ),
    (
        "ephemeralStorage: 2",
        "ephemeralStorage: expected at least the 20 GiB that come with every task on Fargate, found 2",
    ),
    (
        "logRetention: 31",
        "logRetention: expected one of CloudWatch's retentions in days, found 31: the nearest are 30 and 60",
    ),
    (
        "logRetention: 9999",
        "logRetention: expected one of CloudWatch's retentions in days, found 9999: the nearest is 3653",
    ),
    # Environment and secrets. Values never show: they may be secrets in the wrong place.
    (
        "environment: {LONGHAUL_INPUT: x}",
        "environment.LONGHAUL_INPUT: expected the name of an environment variable, such as LOG_LEVEL, "
        'found "LONGHAUL_INPUT": the prefix LONGHAUL_ is reserved',
    ),
    (
        "secrets: {AWS_SECRET_ACCESS_KEY: prod/key}",
        "secrets.AWS_SECRET_ACCESS_KEY: expected the name of an environment variable, such as LOG_LEVEL, "
        'found "AWS_SECRET_ACCESS_KEY": the prefix AWS_ is reserved',
    ),
    (
        "environment: {log-level: x}",
        'environment.log-level: expected the name of an environment variable, such as LOG_LEVEL, found "log-level"',
    ),
    ("environment: {DEBUG: true}", 'environment.DEBUG: expected text, found true: write "true" in quotes'),
    ("environment: {PORT: 8080}", 'environment.PORT: expected text, found 8080: write "8080" in quotes'),
    (
        "secrets: {TOKEN: hunter2 is my password}",
        "secrets.TOKEN.from: expected the name or ARN of a secret in Secrets Manager, or of an SSM parameter "
        "(a name with a leading /), found text of another form",
    ),
    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
    (
        "secrets: {TOKEN: prod/db-secret}",
        "secrets.TOKEN.from: expected the name or ARN of a secret in Secrets Manager, or of an SSM parameter "
        "(a name with a leading /), found a name that ends in a hyphen and six characters, which Secrets Manager takes "
        "for a complete ARN: give the secret's ARN",
    ),
    (
        "secrets: {TOKEN: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db'}",
        "secrets.TOKEN.from: expected the name or ARN of a secret in Secrets Manager, or of an SSM parameter "
        "(a name with a leading /), found an ARN without the hyphen and six characters that Secrets Manager ends it "
        "with: give it whole",
    ),
    ("secrets: {TOKEN: {key: token}}", 'secrets.TOKEN: expected the key "from", found none'),
    (
        "secrets: {TOKEN: {from: prod/x, kmsKey: alias/mine}}",
        "secrets.TOKEN.kmsKey: expected the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID (not of an alias), "
        'found "alias/mine"',
    ),
    # IAM.
    (
        "permissions: [{actions: [GetObject], resources: ['*']}]",
        "permissions[0].actions[0]: expected an IAM action as service:Action, such as s3:GetObject or s3:Get*, "
        'found "GetObject"',
    ),
    (
        "permissions: [{actions: [s3:GetObject], resources: [my-bucket]}]",
        'permissions[0].resources[0]: expected the ARN of a resource, such as arn:aws:s3:::bucket/*, or "*", '
        'found "my-bucket"',
    ),
    (
        "permissions: [{actions: [s3:GetObject], resources: ['*'], effect: allow}]",
        'permissions[0].effect: expected Allow or Deny, found "allow": did you mean "Allow"?',
    ),
    (
        "permissions: [{actions: [s3:GetObject], resources: ['*'], conditions: {StringEqual: {aws:a: b}}}]",
        "permissions[0].conditions.StringEqual: expected an IAM condition operator such as StringEquals or "
        'ForAnyValue:StringLike, found "StringEqual": did you mean "StringEquals"?',
    ),
    (
        "permissions: [{actions: [s3:GetObject], resources: ['*'], conditions: {NullIfExists: {aws:a: 'true'}}}]",
        "permissions[0].conditions.NullIfExists: expected an IAM condition operator such as StringEquals or "
        'ForAnyValue:StringLike, found "NullIfExists"',
    ),
    (
        "permissions: [{actions: [s3:GetObject], resources: ['*'], conditions: {Bool: {aws:a: []}}}]",
        "permissions[0].conditions.Bool.aws:a: expected text, or a list of texts, found an empty list",
    ),
    (
        "permissions: [{actions: [s3:GetObject]}]",
        'permissions[0]: expected the key "resources", found none',
    ),
    # The container.
    (
        "image: 'https://example.com/x'",
        "image: expected an image reference such as "
        'public.ecr.aws/docker/library/alpine:3.22, found "https://example.com/x"',
    ),
    (
        "user: root user",
        'user: expected a user or user:group of the image, by name or number, such as "1000:1000", found "root user"',
    ),
    (
        "user: 1000",
        'user: expected a user or user:group of the image, by name or number, such as "1000:1000", found 1000: '
        'write "1000" in quotes',
    ),
    # The input.
    (
        "input: {ids: [1, 1234567890123456]}",
        "input: expected numbers of at most 15 digits, the most that JSONata writes, found 1234567890123456: "
        "write it in quotes",
    ),
    # Tags.
    (
        "tags: {aws:team: data}",
        "tags.aws:team: expected a tag's key of 1 to 128 letters, digits, spaces and _.:/=+-@, "
        'found "aws:team": the prefix aws: is reserved',
    ),
    (
        "tags: {longhaul:job: x}",
        "tags.longhaul:job: expected a tag's key of 1 to 128 letters, digits, spaces and _.:/=+-@, "
        'found "longhaul:job": the prefix longhaul: is reserved',
    ),
    (
        "tags: {team: 'a;b'}",
        "tags.team: expected a tag's value of 1 to 256 letters, digits, spaces and _.:/=+-@, found the character ';'",
    ),
    # https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Tag.html
    (
        "tags: {team: ''}",
        "tags.team: expected a tag's value of 1 to 256 letters, digits, spaces and _.:/=+-@, found empty text",
    ),
    # Empty values.
    (
        "user:",
        "user: expected a value, found nothing: it would take away what a lower layer says, and none says it",
    ),
    # No effect.
    ("timezone: Europe/Berlin", "timezone: expected a schedule beside it, found none"),
    ("enabled: false", "enabled: expected a schedule beside it, found none"),
    ("startDeadline: 5m", "startDeadline: expected a schedule beside it, found none"),
    ("flexibleWindow: 5m", "flexibleWindow: expected a schedule beside it, found none"),
    (
        "retries: {onTimeout: true}",
        "retries.onTimeout: expected attempts beside it, found none: without retries it has no effect",
    ),
    (
        "retries: {interval: 5m}",
        "retries.interval: expected attempts beside it, found none: without retries it has no effect",
    ),
    # Rules between fields.
    (
        "cpu: 1 vCPU",
        "cpu: expected memory of 2048 to 8192 MiB in steps of 1024 with cpu 1024, found 512: "
        "the nearest are cpu 1024 with memory 2048, and cpu 256 with memory 512",
    ),
    (
        "memory: 3 GB",
        "memory: expected memory of 512 to 2048 MiB with cpu 256, found 3072: "
        "the nearest are cpu 256 with memory 2048, and cpu 512 with memory 3072",
    ),
    ("build: {target: x}", "image: expected image or build, found both"),
    (
        "secrets: {TOKEN: {from: /prod/token, key: token}}",
        "secrets.TOKEN.key: expected a secret in Secrets Manager, found a key of an SSM parameter: ECS takes it whole",
    ),
    (
        "retries: {attempts: 1, interval: 2h}",
        "retries.interval: expected interval to be at most maxInterval, found 2h and 1h",
    ),
    (
        "timeout: 200d\n      retries: {attempts: 1}",
        "timeout: expected all starts of a run to end within the 365d of an execution, "
        "found 12 starts of 200d (1 for retries, 10 for startRetries) and the waits between them",
    ),
    # 365 days are 9 starts of 40 days and their waits: the first one and 8 more.
    (
        "timeout: 40d",
        "timeout: expected all starts of a run to end within the 365d of an execution, "
        "found 11 starts of 40d (0 for retries, 10 for startRetries) and the waits between them: "
        "startRetries: {attempts: 8} would do",
    ),
    (
        "startRetries: {attempts: 5, interval: 10m}",
        "startRetries.interval: expected interval to be at most maxInterval, found 10m and 5m",
    ),
    (
        "retries: {attempts: 0, onTimeout: true}",
        "retries.onTimeout: expected attempts beside it, found 0: without retries it has no effect",
    ),
    (
        "capacity: {onDemandAfter: 2}",
        "capacity.onDemandAfter: expected spot: true beside it, found false: without Spot every start is on demand",
    ),
    (
        "capacity: {spot: true, onDemandAfter: 11}",
        "capacity.onDemandAfter: expected at most the 10 attempts of startRetries, found 11: the run ends before",
    ),
    (
        "overlap: {policy: allow, group: loads}",
        "overlap.group: expected the policy skip, queue or replace beside it, found allow: "
        "runs that may overlap need no group",
    ),
    ("overlap: {queueLimit: 100}", "overlap.queueLimit: expected the policy queue beside it, found skip: no run waits"),
    (
        "overlap: {policy: queue, oncePerTime: false}",
        "overlap.oncePerTime: expected the policy allow beside it, found queue: "
        "with the others a scheduled time starts one run anyway",
    ),
]


@pytest.mark.parametrize(
    ("written", "expected"), FIELD_MISTAKES, ids=[case[0].split("\n")[0] for case in FIELD_MISTAKES]
)
def test_a_wrong_field_is_one_line(repository, written: str, expected: str) -> None:
    line = 4 if expected.startswith("image: expected image or") else 5
    text = IMAGE_JOB if not written.startswith("image:") else IMAGE_JOB.replace("      image: alpine\n", "\n")
    repository.write("Pulumi.dev.yaml", f"{text}      {written}\n")
    assert repository.mistakes() == [f"Pulumi.dev.yaml:{line} longhaul:jobs.nightly.{expected}"]
