"""What a job in an EKS cluster may say, and what `check` has to say about it."""

import pytest

from spec.run_on_rules import notes

STACK = """config:
  longhaul:jobs:
    scoring: {{image: alpine, runOn: {{kind: kubernetes, cluster: analytics}}, overlap: allow{more}}}
"""
AT = "Pulumi.dev.yaml:3 longhaul:jobs.scoring"
NAME = "the name of a Secret in the job's namespace with runOn: kubernetes"
BY_NUMBER = "expected a user or user:group by number with runOn: kubernetes, such as 1000:1000, found"
NO_NAMES = "Kubernetes does not look into the image for names"


@pytest.mark.parametrize(
    ("more", "mistakes"),
    [
        (
            "secrets: {KEY: {from: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1B2c3', key: password}}",
            [
                f".secrets.KEY.from: expected {NAME}, found an ARN: no pod reads Secrets Manager or SSM by itself. Let "
                "External Secrets, say, keep a Secret of it"
            ],
        ),
        (
            "secrets: {KEY: /sales/token}",
            [
                f".secrets.KEY.from: expected {NAME}, found the name of an SSM parameter, with a leading /: no pod "
                "reads SSM by itself",
                ".secrets.KEY.key: expected a key of the Secret with runOn: kubernetes, found none: a Secret is a map",
            ],
        ),
        (
            "secrets: {KEY: {from: Sales/Database, key: password}}",
            [f".secrets.KEY.from: expected {NAME}, of lower-case letters, digits, hyphens and dots, found another one"],
        ),
        (
            "secrets: {KEY: {from: database, key: 'pass word'}}",
            [
                ".secrets.KEY.key: expected a key of letters, digits, dots, hyphens and underscores with runOn: "
                'kubernetes, found "pass word"'
            ],
        ),
        (
            "secrets: {KEY: {from: database, key: p, kmsKey: 'arn:aws:kms:eu-west-1:123456789012:key/1'}}",
            [
                ".secrets.KEY.kmsKey: expected none with runOn: kubernetes, found one: the cluster keeps its Secrets "
                "by its own key"
            ],
        ),
        ("cpu: 2", [".cpu: expected at least 17 CPU units on Kubernetes, found 2: did you mean 2 vCPU?"]),
        ("user: app", [f".user: {BY_NUMBER} app: {NO_NAMES}"]),
        ("user: '1000:2147483648'", [f".user: {BY_NUMBER} 1000:2147483648: {NO_NAMES}"]),
        ("steps: [{name: load, user: root}]", [f".steps[0].user: {BY_NUMBER} root: {NO_NAMES}"]),
        (
            "steps: [{name: load_}]",
            [".steps[0].name: expected no underscore at its end with runOn: kubernetes, found load_"],
        ),
    ],
)
def test_what_a_cluster_cannot_do_is_refused(repository, more: str, mistakes: list[str]) -> None:
    repository.write("Pulumi.dev.yaml", STACK.format(more=f", {more}"))

    assert repository.mistakes() == [f"{AT}{mistake}" for mistake in mistakes]


def test_a_cluster_must_be_named(repository) -> None:
    repository.write(
        "Pulumi.dev.yaml",
        "config:\n  longhaul:jobs:\n    scoring: {image: alpine, runOn: kubernetes, overlap: allow}\n",
    )

    assert repository.mistakes() == [
        f"{AT}.runOn.cluster: expected an EKS cluster, as in runOn: {{kind: kubernetes, cluster: NAME}}, found none"
    ]


@pytest.mark.parametrize("overlap", ["", ", overlap: skip", ", overlap: queue", ", overlap: replace"])
def test_runs_must_be_allowed_to_overlap(repository, overlap: str) -> None:
    repository.write("Pulumi.dev.yaml", STACK.format(more="").replace(", overlap: allow", overlap))

    (mistake,) = repository.mistakes()

    blamed = "overlap" if overlap else "runOn: overlap"
    expected = f"expected allow with runOn: kubernetes, found {overlap[11:] or 'none, which is skip'}: "
    assert mistake.startswith(f"{AT}.{blamed}: {expected}")


@pytest.mark.parametrize(
    "more",
    [
        "secrets: {KEY: {from: database.sales, key: password_1}}",
        # In Secrets Manager, which ends its ARNs with a hyphen and six characters, such a name is refused.
        "secrets: {KEY: {from: db-secret, key: password}}",
        "user: '1000:2147483647'",
        "cpu: 100, memory: 300",
        "timeout: 3d, results: true, steps: [{name: load}, {name: sum_up}]",
        "overlap: {policy: allow, oncePerTime: true}",
    ],
)
def test_what_a_cluster_can_do_is_taken(repository, more: str) -> None:
    repository.write("Pulumi.dev.yaml", STACK.format(more=f", {more}").replace("overlap: allow, overlap", "overlap"))

    assert [job.name for job in repository.load().jobs] == ["scoring"]


def test_what_has_no_effect_there_is_worth_a_note(repository) -> None:
    repository.write(
        "Pulumi.dev.yaml", STACK.format(more=", capacity: {spot: true}, logRetention: 7, timeout: 2m, stopTimeout: 5s")
    )

    (job,) = repository.load().jobs

    assert [(note.job, note.loc) for note in notes(job)] == [
        ("scoring", ("logRetention",)),
        ("scoring", ("capacity", "spot")),
        ("scoring", ("timeout",)),
    ]


PAIR = """config:
  longhaul:jobs:
    scoring: {{image: alpine, runOn: {{kind: kubernetes, cluster: analytics}}, overlap: allow}}
    other:
      image: alpine
      overlap: allow
      runOn: {{kind: kubernetes, cluster: {cluster}, namespace: {namespace}, serviceAccount: scoring}}
"""


def test_two_jobs_cannot_have_one_service_account(repository) -> None:
    repository.write("Pulumi.dev.yaml", PAIR.format(cluster="analytics", namespace="default"))

    assert repository.mistakes() == [
        "Pulumi.dev.yaml:7 longhaul:jobs.other.runOn.serviceAccount: expected a service account that no other job has, "
        "found scoring, which scoring has: EKS gives a service account one role"
    ]


@pytest.mark.parametrize(("cluster", "namespace"), [("analytics", "batch"), ("other", "default")])
def test_another_namespace_or_cluster_has_service_accounts_of_its_own(repository, cluster: str, namespace: str) -> None:
    repository.write("Pulumi.dev.yaml", PAIR.format(cluster=cluster, namespace=namespace))

    assert len(repository.load().jobs) == 2


def test_a_cluster_reaches_what_the_stacks_subnets_do_not(repository) -> None:
    text = STACK.format(more="").replace("  longhaul:jobs", "  longhaul:network: {endpoints: []}\n  longhaul:jobs")
    repository.write("Pulumi.dev.yaml", text)

    assert [job.image for job in repository.load().jobs] == ["alpine"]


def test_a_place_that_cannot_be_read_says_nothing_of_the_size(repository) -> None:
    text = STACK.format(more=", cpu: 100, memory: 300, ephemeralStorage: 1").replace(
        "analytics", "analytics, namespace: B"
    )
    repository.write("Pulumi.dev.yaml", text)

    assert repository.mistakes() == [
        f"{AT}.runOn.namespace: expected a namespace's name of up to 63 lower-case letters, digits and hyphens, found "
        '"B"'
    ]
