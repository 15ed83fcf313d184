"""How the layers of a job are laid over each other."""

import pytest

from spec.container import BuildSpec, SecretSpec
from spec.overlap import OverlapSpec
from spec.run_on import RunOnSpec

STACK = """\
config:
  longhaul:defaults:
{defaults}
  longhaul:jobs:
    nightly:
{entry}
"""


def write(repository, *, defaults: str = "{}", job: str = "", entry: str = "{}") -> None:
    def indented(text: str, spaces: int) -> str:
        return "\n".join(" " * spaces + line for line in text.splitlines())

    repository.write("Pulumi.dev.yaml", STACK.format(defaults=indented(defaults, 4), entry=indented(entry, 6)))
    repository.write_job("nightly", job)


def test_what_nobody_says_is_built_in(repository) -> None:
    write(repository)
    job = repository.load().job("nightly")
    assert (job.cpu_units, job.memory_mib, job.timeout_seconds) == (256, 512, 4 * 3600)
    assert (job.stop_timeout_seconds, job.start_deadline_seconds, job.log_retention_days) == (30, 3600, 30)
    assert (job.schedule, job.input, job.enabled, job.architecture) == (None, {}, True, "x86_64")


@pytest.mark.parametrize(
    ("defaults", "job", "entry", "seconds"),
    [
        ("timeout: 1h", "{}", "{}", 3600),
        ("timeout: 1h", "timeout: 2h", "{}", 7200),
        ("timeout: 1h", "timeout: 2h", "timeout: 3h", 10800),
        ("timeout: 1h", "{}", "timeout: 3h", 10800),
    ],
)
def test_the_stack_beats_the_job_which_beats_the_defaults(
    repository, defaults: str, job: str, entry: str, seconds: int
) -> None:
    write(repository, defaults=defaults, job=job, entry=entry)
    assert repository.load().job("nightly").timeout_seconds == seconds


def test_maps_merge_key_by_key(repository) -> None:
    write(
        repository,
        defaults="environment: {A: default, B: default, C: default}\nretries: {attempts: 1}",
        job="environment: {B: job, C: job}\nretries: {interval: 5m}",
        entry="environment: {C: stack, D: stack}\nretries: {maxInterval: 10m}",
    )
    job = repository.load().job("nightly")
    assert job.environment == {"A": "default", "B": "job", "C": "stack", "D": "stack"}
    assert (job.retries.attempts, job.retries.interval_seconds, job.retries.max_interval_seconds) == (1, 300, 600)


def test_lists_replace(repository) -> None:
    write(repository, job="command: [a, b, c]", entry="command: [d]")
    assert repository.load().job("nightly").command == ("d",)


def test_a_map_completes_a_map_and_a_name_replaces_it(repository) -> None:
    write(
        repository,
        job="secrets:\n  A: {from: prod/a, key: x}\n  B: {from: prod/b, key: x}",
        entry="secrets:\n  A: {key: y}\n  B: other",
    )
    assert repository.load().job("nightly").secrets == {
        "A": SecretSpec(source="prod/a", key="y"),
        "B": SecretSpec(source="other"),
    }


@pytest.mark.parametrize(
    ("job", "entry", "overlap"),
    [
        ("overlap: queue", "{}", OverlapSpec(policy="queue")),
        ("overlap: queue", "overlap: {queueLimit: 5}", OverlapSpec(policy="queue", queue_limit=5)),
        ("overlap: {policy: queue, queueLimit: 5}", "overlap: replace", OverlapSpec(policy="replace")),
        ("overlap: {policy: queue, group: loads}", "overlap:", OverlapSpec()),
        ("overlap: {group: loads}", "overlap: {policy: queue}", OverlapSpec(policy="queue", group="loads")),
        ("overlap: {policy: queue, group: loads}", "overlap: {group: null}", OverlapSpec(policy="queue")),
    ],
)
def test_a_map_completes_a_text_that_is_short_for_one(repository, job: str, entry: str, overlap: OverlapSpec) -> None:
    write(repository, job=job, entry=entry)
    assert repository.load().job("nightly").overlap == overlap


def test_a_map_completes_the_name_of_a_secret(repository) -> None:
    write(repository, job="secrets: {A: prod/a}", entry="secrets: {A: {key: x}}")
    assert repository.load().job("nightly").secrets == {"A": SecretSpec(source="prod/a", key="x")}


def test_what_is_replaced_is_not_blamed(repository) -> None:
    write(repository, job="overlap: {policy: queue, group: loads}", entry="overlap: skipp")
    assert repository.mistakes() == [
        "Pulumi.dev.yaml:6 longhaul:jobs.nightly.overlap.policy: expected skip, queue, replace or allow, "
        'found "skipp": did you mean "skip"?'
    ]


def test_maps_of_the_input_merge_and_hold_empty_values(repository) -> None:
    write(repository, job="input: {days: 1, filter: {shop: 7, all: true}}", entry="input: {filter: {shop: null}}")
    assert repository.load().job("nightly").input == {"days": 1, "filter": {"shop": None, "all": True}}


@pytest.mark.parametrize("value", ["[1, 2]", "text", "0", "false"])
def test_an_input_that_is_no_map_replaces(repository, value: str) -> None:
    write(repository, job="input: {a: 1}", entry=f"input: {value}")
    assert repository.load().job("nightly").input in ([1, 2], "text", 0, False)


def test_an_empty_value_takes_away_what_is_below(repository) -> None:
    write(
        repository,
        job="user: app\nenvironment: {A: a, TOKEN: x}\nsecrets: {KEY: prod/key}",
        entry="user:\nenvironment: {TOKEN: null}\nsecrets: {KEY: null, TOKEN: prod/token}",
    )
    job = repository.load().job("nightly")
    assert job.user is None
    assert job.environment == {"A": "a"}
    assert job.secrets == {"TOKEN": SecretSpec(source="prod/token")}


class TestImageOrBuild:
    def test_a_folder_is_built_from_its_dockerfile(self, repository) -> None:
        write(repository)
        job = repository.load().job("nightly")
        assert job.image is None
        assert job.build == BuildSpec(context="jobs/nightly", dockerfile="jobs/nightly/Dockerfile")

    def test_paths_in_job_yaml_are_relative_to_its_folder(self, repository) -> None:
        repository.write("docker/nightly.Dockerfile", "FROM scratch\n")
        write(repository, job="build: {context: ../.., dockerfile: ../../docker/nightly.Dockerfile, args: {A: b}}")
        assert repository.load().job("nightly").build == BuildSpec(
            context=".", dockerfile="docker/nightly.Dockerfile", args={"A": "b"}
        )

    def test_the_dockerfile_stays_the_folders_whatever_the_context(self, repository) -> None:
        write(repository, job="build: {context: ../..}")
        assert repository.load().job("nightly").build == BuildSpec(context=".", dockerfile="jobs/nightly/Dockerfile")

    def test_paths_in_the_stack_are_relative_to_the_repository(self, repository) -> None:
        repository.write("jobs/nightly/dev.Dockerfile", "FROM scratch\n")
        write(repository, job="build: {target: slim}", entry="build: {dockerfile: jobs/nightly/dev.Dockerfile}")
        assert repository.load().job("nightly").build == BuildSpec(
            context="jobs/nightly", dockerfile="jobs/nightly/dev.Dockerfile", target="slim"
        )

    def test_a_job_without_a_folder_may_be_built(self, repository) -> None:
        repository.write("tools/Dockerfile", "FROM scratch\n")
        repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    tool: {build: {context: tools}}\n")
        assert repository.load().job("tool").build == BuildSpec(context="tools", dockerfile="tools/Dockerfile")

    def test_an_image_in_the_stack_replaces_the_jobs_build(self, repository) -> None:
        write(repository, job="build: {target: slim}", entry="image: alpine")
        job = repository.load().job("nightly")
        assert (job.image, job.build) == ("alpine", None)

    def test_a_build_in_the_stack_replaces_the_jobs_image(self, repository) -> None:
        write(repository, job="image: alpine", entry="build: {target: slim}")
        job = repository.load().job("nightly")
        assert job.image is None
        assert job.build is not None
        assert job.build.target == "slim"

    def test_an_image_for_all_jobs_is_for_those_without_a_dockerfile(self, repository) -> None:
        write(repository, defaults="image: alpine")
        repository.write_job("plain", "command: [date]", dockerfile=False)
        repository.write(
            "Pulumi.dev.yaml",
            "config:\n  longhaul:defaults: {image: alpine}\n  longhaul:jobs: {nightly: , plain: , bare: }\n",
        )
        stack = repository.load()
        assert [job.image for job in stack.jobs] == [None, "alpine", "alpine"]

    def test_a_job_with_an_image_needs_no_folder(self, repository) -> None:
        repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    bare: {image: alpine}\n")
        assert repository.load().job("bare").image == "alpine"

    def test_a_missing_dockerfile_is_reported(self, repository) -> None:
        repository.write("Pulumi.dev.yaml", "config:\n  longhaul:jobs:\n    nightly:\n")
        repository.write_job("nightly", "cpu: 256\n", dockerfile=False)
        assert repository.mistakes() == [
            "Pulumi.dev.yaml:3 longhaul:jobs.nightly.build.dockerfile: "
            "expected the file jobs/nightly/Dockerfile, or an image in its place, found none"
        ]

    def test_a_build_outside_of_the_repository_is_refused(self, repository) -> None:
        write(repository, job="cpu: 256\nbuild:\n  context: ../../..\n")
        assert repository.mistakes() == [
            'jobs/nightly/job.yaml:3 build.context: expected a folder in the repository, found ".."'
        ]


class TestWhatHasNoEffectHere:
    def test_job_yaml_may_say_it_for_another_stack(self, repository) -> None:
        write(repository, job="timezone: Europe/Berlin\nstartDeadline: 10m\nenabled: false\nflexibleWindow: 5m")
        job = repository.load().job("nightly")
        assert (job.timezone, job.flexible_window_minutes, job.enabled) == (None, None, True)

    def test_a_rate_takes_no_time_zone_from_below(self, repository) -> None:
        write(repository, defaults="timezone: Europe/Berlin", entry="schedule: rate(1 day)")
        assert repository.load().job("nightly").timezone is None

    def test_a_rate_beside_its_time_zone_is_refused(self, repository) -> None:
        write(repository, job="timezone: Europe/Berlin\nschedule: rate(1 day)")
        assert repository.mistakes() == [
            "jobs/nightly/job.yaml:1 timezone: expected cron(...) or at(...) beside it, found rate(1 day): "
            "a rate has no time of day"
        ]

    def test_a_stack_may_switch_retries_off(self, repository) -> None:
        write(repository, job="retries: {attempts: 3, interval: 5m}", entry="retries: {attempts: 0}")
        assert repository.load().job("nightly").retries.attempts == 0

    @pytest.mark.parametrize(
        ("below", "entry"),
        [
            ("capacity: {spot: true, onDemandAfter: 2}", "capacity: {spot: false}"),
            ("retries: {attempts: 2, onTimeout: true}", "retries: {attempts: 0}"),
            ("overlap: {group: loads}", "overlap: {policy: allow}"),
            ("overlap: {policy: queue, queueLimit: 5}", "overlap: {policy: skip}"),
            ("overlap: {policy: allow, oncePerTime: true}", "overlap: {policy: skip}"),
        ],
    )
    @pytest.mark.parametrize("place", ["job", "defaults"])
    def test_what_goes_with_another_value_goes_where_a_stack_says_otherwise(
        self, repository, place: str, below: str, entry: str
    ) -> None:
        write(repository, **{place: below, "entry": entry})
        there = repository.load().job("nightly")
        write(repository, entry=entry)
        assert there == repository.load().job("nightly")

    @pytest.mark.parametrize(
        "text",
        ["capacity: {onDemandAfter: 2}", "retries: {onTimeout: true, interval: 5m}", "overlap: {queueLimit: 5}"],
    )
    def test_the_defaults_may_say_it_for_another_job(self, repository, text: str) -> None:
        write(repository, defaults=text)
        job = repository.load().job("nightly")
        assert (job.capacity.on_demand_after, job.retries.on_timeout, job.overlap.queue_limit) == (None, False, 100)

    def test_job_yaml_may_not(self, repository) -> None:
        write(repository, job="capacity: {onDemandAfter: 2}\noverlap: {queueLimit: 5}")
        assert [line.split(": expected")[0] for line in repository.mistakes()] == [
            "jobs/nightly/job.yaml:1 capacity.onDemandAfter",
            "jobs/nightly/job.yaml:2 overlap.queueLimit",
        ]

    def test_a_stack_that_says_it_is_told_what_it_needs(self, repository) -> None:
        write(repository, job="overlap: allow", entry="overlap: {group: loads}")
        assert repository.mistakes() == [
            "Pulumi.dev.yaml:6 longhaul:jobs.nightly.overlap.group: expected the policy skip, queue or replace beside "
            "it, found allow: runs that may overlap need no group"
        ]


@pytest.mark.parametrize(
    ("defaults", "entry", "expected"),
    [
        (
            "{kind: kubernetes, cluster: analytics}",
            "{kind: ec2, capacityProvider: warehouse}",
            {"kind": "ec2", "capacityProvider": "warehouse"},
        ),
        ("{kind: ec2, capacityProvider: warehouse}", "{kind: fargate}", {"kind": "fargate"}),
        ("{kind: ec2, capacityProvider: warehouse}", "fargate", {"kind": "fargate"}),
        (
            "{kind: ec2, capacityProvider: warehouse}",
            "{kind: ec2, networkMode: bridge}",
            {"kind": "ec2", "capacityProvider": "warehouse", "networkMode": "bridge"},
        ),
        (
            "{cluster: analytics}",
            "{kind: kubernetes, namespace: batch}",
            {"kind": "kubernetes", "cluster": "analytics", "namespace": "batch"},
        ),
    ],
)
def test_a_place_of_another_kind_takes_nothing_from_the_one_below(
    repository, defaults: str, entry: str, expected: dict[str, str]
) -> None:
    write(repository, defaults=f"image: alpine\noverlap: allow\nrunOn: {defaults}", entry=f"runOn: {entry}")
    assert repository.load().job("nightly").run_on == RunOnSpec.from_yaml(expected)


def test_a_field_of_another_kind_is_named_wherever_the_kind_was_said(repository) -> None:
    write(
        repository,
        defaults="image: alpine\nrunOn: {cluster: analytics}",
        entry="runOn: {kind: ec2, capacityProvider: x}",
    )
    assert repository.mistakes() == [
        "Pulumi.dev.yaml:7 longhaul:jobs.nightly.runOn.kind: expected kind: kubernetes beside cluster, found ec2"
    ]
