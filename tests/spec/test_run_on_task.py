"""What a job without a state machine may say, what `check` has to say about it, and what others may say of it."""

import json

import pytest

from spec.run_on_rules import notes

STACK = "config:\n  longhaul:jobs:\n    beat: {{image: alpine, runOn: task, schedule: rate(1 hour){more}}}\n"
AT = "Pulumi.dev.yaml:3 longhaul:jobs.beat"
INSTEAD = "runOn: fargate would do it"
OVERLAP = "nothing keeps its runs apart, and one that is due starts whatever runs"


@pytest.mark.parametrize(
    ("more", "mistake"),
    [
        ("", f"runOn: overlap: expected allow with runOn: task, found none, which is skip: {OVERLAP}; {INSTEAD}"),
        (
            ", overlap: queue",
            f"overlap: expected allow with runOn: task, found queue: {OVERLAP}; {INSTEAD}",
        ),
        (
            ", overlap: {policy: allow, oncePerTime: true}",
            "overlap.oncePerTime: expected false with runOn: task, found true: nothing knows whether a time has been "
            f"started before; {INSTEAD}",
        ),
        (
            ", overlap: allow, count: 3",
            f"count: expected none with runOn: task, found some: EventBridge starts one task; {INSTEAD}",
        ),
        (
            ", overlap: allow, results: true",
            f"results: expected none with runOn: task, found some: nothing reads what a task leaves; {INSTEAD}",
        ),
        (
            ", overlap: allow, startedBy: {roles: [intake]}",
            "startedBy.roles: expected none with runOn: task, found some: its schedule and people start it, and what "
            f"else could has a state machine to start; {INSTEAD}",
        ),
        (
            ", overlap: allow, startedBy: {objects: [{bucket: sales}]}",
            "startedBy.objects: expected none with runOn: task, found some: its schedule and people start it, and what "
            f"else could has a state machine to start; {INSTEAD}",
        ),
    ],
)
def test_what_only_a_state_machine_can_do_is_refused(repository, more: str, mistake: str) -> None:
    repository.write("Pulumi.dev.yaml", STACK.format(more=more))
    assert repository.mistakes() == [f"{AT}.{mistake}"]


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("steps", "nothing takes one step after the other"),
        ("onFailure", "nothing notices that it failed but the alerts"),
    ],
)
def test_steps_are_refused(repository, key: str, why: str) -> None:
    steps = "steps: [{name: one}], onFailure: [{name: tell}]"
    repository.write("Pulumi.dev.yaml", STACK.format(more=f", overlap: allow, {steps}"))
    expected = f"{AT}.{key}: expected none with runOn: task, found some: {why}; {INSTEAD}"
    assert expected in repository.mistakes()


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("startedBy: {jobs: [beat]}", "startedBy.jobs[0]"),
        ("startedBy: {jobs: [{job: beat, on: failure}]}", "startedBy.jobs[0]"),
        ("steps: [{name: one, job: beat}]", "steps[0].job"),
        ("steps: [{name: all, parallel: [{name: one, job: beat}, {name: two}]}]", "steps[0].parallel[0].job"),
        ("steps: [{name: one}], onFailure: [{name: tell, job: beat}]", "onFailure[0].job"),
    ],
)
def test_no_other_job_waits_for_it_or_hears_its_end(repository, said: str, where: str) -> None:
    other = f"    other: {{image: alpine, {said}}}\n"
    repository.write("Pulumi.dev.yaml", STACK.format(more=", overlap: allow") + other)
    assert repository.mistakes() == [
        f'Pulumi.dev.yaml:4 longhaul:jobs.other.{where}: expected a job with a state machine, found "beat", which has '
        f"runOn: task: {INSTEAD}"
    ]


def test_without_a_schedule_nothing_knows_how_it_is_run(repository) -> None:
    repository.write("Pulumi.dev.yaml", STACK.format(more=", overlap: allow").replace(", schedule: rate(1 hour)", ""))
    assert repository.mistakes() == [
        f"{AT}.runOn: schedule: expected one with runOn: task, found none: what starts it on time is all that "
        "knows how its task is run, whoever starts it. One that is to be started by hand alone has enabled: false "
        "beside it"
    ]


def test_what_has_no_effect_is_a_note(repository) -> None:
    more = (
        ", overlap: allow, retries: {attempts: 2}, startRetries: {attempts: 3}, timeout: 1h, "
        "capacity: {spot: true, onDemandAfter: 2}"
    )
    repository.write("Pulumi.dev.yaml", STACK.format(more=more))
    (job,) = repository.load().jobs
    found = {".".join(map(str, note.loc)): note.message for note in notes(job)}
    assert found == {
        "retries": "has no effect with runOn: task: nothing runs it again",
        "startRetries": "has no effect with runOn: task: a start that ECS throttles is tried again until "
        "startDeadline, and a lost task is not started again",
        "timeout": "has no effect with runOn: task: nothing stops it: ECS has no timeout of a task",
        "capacity.onDemandAfter": "has no effect with runOn: task: a run is one task",
        "capacity.spot": "a task that Spot takes away is not started again with runOn: task",
    }


def test_nothing_is_said_of_what_is_not_written(repository) -> None:
    repository.write("Pulumi.dev.yaml", STACK.format(more=", overlap: allow"))
    (job,) = repository.load().jobs
    assert list(notes(job)) == []


def test_the_template_is_measured_as_a_rule_has_it(repository) -> None:
    """Each < is six characters of the template, and one of what ECS gets."""

    def write(length: int, kind: str, schedule: str) -> None:
        text = json.dumps({"text": "<" * length})
        stack = STACK.format(more=f", overlap: allow, input: {text}")
        stack = stack.replace("runOn: task", f"runOn: {kind}").replace("rate(1 hour)", schedule)
        repository.write("Pulumi.dev.yaml", stack)

    without = (
        '{"containerOverrides":[{"name":"job","environment":['
        '{"name":"LONGHAUL_JOB","value":"beat"},'
        '{"name":"LONGHAUL_STACK","value":"dev"},'
        '{"name":"LONGHAUL_EXECUTION","value":<event>},'
        '{"name":"LONGHAUL_SCHEDULED_TIME","value":<time>},'
        '{"name":"LONGHAUL_ATTEMPT","value":"1"},'
        r'{"name":"LONGHAUL_INPUT","value":"{\"text\":\"\"}"}'
        "]}]}"
    )
    most = (8192 - len(without)) // 6
    write(most, "task", "rate(1 hour)")
    assert repository.load()
    write(most + 1, "task", "rate(1 hour)")
    assert repository.mistakes() == [
        f"{AT}.input: expected at most 8,192 characters of a rule's input template with every < escaped, found "
        f"{len(without) + 6 * (most + 1):,}"
    ]
    write(most + 1, "fargate", "rate(1 hour)")
    assert repository.load()
    write(most + 1, "task", "at(2030-05-01T00:00:00)")
    assert repository.load()
