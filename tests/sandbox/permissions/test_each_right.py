"""Every right of every role is needed: what uses it fails without it as on AWS, and works again once it is back."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.permissions.deployed import Jobs
from tests.sandbox.permissions.policies import Part, parts, without
from tests.sandbox.permissions.project import JOBS
from tests.sandbox.permissions.scenarios import NOT_FOR_A_RUN, job_of, kind, known_rights, names_all, scenarios

# The other jobs start with the shared execution role: their images are the stack's or public, and they have no secrets.
OF_SERVICES = ("exec", "secretive-exec", "elsewhere-exec", "trigger", *(f"{job}-states" for job in JOBS))
OF_CODE = ("permitted-task", "returning-task", "stepping-task", "stepping_first-task", "mapping-task")
HOLDERS = (*OF_SERVICES, *OF_CODE)


def test_no_role_is_left_out(jobs: Jobs) -> None:
    assert {holder for holder in jobs.roles if jobs.parts(holder)} == set(HOLDERS)
    # A job without permissions has a role that may do nothing; one that only runs other jobs has none.
    assert set(jobs.roles) - set(HOLDERS) == {f"{job}-task" for job in JOBS} - {"calling-task", *OF_CODE}


def test_each_right_has_a_scenario_or_a_page_that_asks_for_it(jobs: Jobs) -> None:
    granted = {(kind(holder), part.action) for holder in jobs.roles for part in jobs.parts(holder)}
    assert granted == known_rights()
    for entry in NOT_FOR_A_RUN:
        assert entry["page"].startswith("https://docs.aws.amazon.com/")
        assert not [action for action in entry["actions"] if scenarios(entry["role"], action)]


def test_every_job_succeeds_with_what_it_is_granted(jobs: Jobs) -> None:
    assert {job: jobs.run(job, "work").status for job in JOBS} == dict.fromkeys(JOBS, "SUCCEEDED")
    assert {job: jobs.fire(job).status for job in ("plain", "zoned")} == {"plain": "STARTED", "zoned": "STARTED"}


@pytest.mark.parametrize("holder", OF_SERVICES)
def test_without_a_right_what_needs_it_fails(jobs: Jobs, holder: str, subtests: pytest.Subtests) -> None:
    _, document = jobs.held(holder)
    for part in jobs.parts(holder):
        for scenario in scenarios(holder, part.action):
            with subtests.test(str(part)):
                with jobs.without(holder, part):
                    refused = scenario.act(jobs, holder)
                assert refused.error == scenario.error, refused
                assert not scenario.denied or names_all(refused.cause, jobs.roles[holder], part, document), refused
                assert not scenario.act(jobs, holder).error


@pytest.mark.parametrize("holder", OF_CODE)
def test_without_a_permission_the_jobs_own_code_is_refused(jobs: Jobs, holder: str, subtests: pytest.Subtests) -> None:
    _, document = jobs.held(holder)
    for part in jobs.parts(holder):
        (scenario,) = scenarios(holder, part.action)
        # Each run makes all calls, and one is refused: what was taken away before is back.
        with subtests.test(str(part)), jobs.without(holder, part):
            refused = scenario.act(jobs, holder)
            assert refused.error == scenario.error, refused
            assert names_all(refused.cause, jobs.roles[holder], part, document), refused
    assert jobs.run(job_of(holder), "work").status == "SUCCEEDED"


def test_the_jobs_own_code_is_its_role(jobs: Jobs) -> None:
    execution = jobs.run("permitted", "who")
    session = f"{jobs.roles['permitted-task']}/{execution.details['taskArn'].rpartition('/')[2]}"
    assert jobs.lines("permitted", execution) == [f"arn:aws:sts::{jobs.aws.account}:assumed-role/{session}"]


@pytest.mark.parametrize("job", JOBS)
def test_what_no_run_needs_is_asked_for_by_a_deployment(jobs: Jobs, job: str, subtests: pytest.Subtests) -> None:
    holder = f"{job}-states"
    said = {action: entry["without_it_a_deployment_says"] for entry in NOT_FOR_A_RUN for action in entry["actions"]}
    for part in jobs.parts(holder):
        if part.action not in said:
            continue
        with subtests.test(str(part)):
            with jobs.without(holder, part):
                if said[part.action] is None:
                    jobs.update(job)
                else:
                    with pytest.raises(ClientError) as refused:
                        jobs.update(job)
                    message = said[part.action].format(role=jobs.role_arn(holder))
                    assert refused.value.response["Error"] == {"Code": "AccessDeniedException", "Message": message}
            jobs.update(job)
    # Should a run come to need one of them, it is a scenario's.
    _, document = jobs.held(holder)
    while unneeded := [part for part in parts(document) if part.action in said]:
        document = without(document, unneeded[0])
    with jobs.holding(holder, document):
        assert jobs.run(job).status == "SUCCEEDED"


def test_a_part_is_taken_away_and_nothing_else() -> None:
    both = {"Action": ["a:One", "a:Two"], "Resource": ["x", "y"], "Condition": {"StringEquals": {"k": ["1", "2"]}}}
    document = {"Statement": [{"Action": "a:Three", "Resource": "*", "Condition": {"ArnLike": {"k": "1"}}}, both]}
    found = list(parts(document))
    assert found == [
        Part(0, "a:Three"),
        Part(0, "a:Three", condition=("ArnLike", "k", "1")),
        *(
            part
            for action in ("a:One", "a:Two")
            for part in (
                Part(1, action, "x"),
                Part(1, action, "y"),
                Part(1, action, condition=("StringEquals", "k", "1")),
                Part(1, action, condition=("StringEquals", "k", "2")),
            )
        ),
    ]
    first, second = document["Statement"]
    two = {**both, "Action": ["a:Two"]}
    assert without(document, found[0]) == {"Statement": [second]}
    assert without(document, found[1]) == {"Statement": [{**first, "Condition": {"ArnLike": {"k": "1-other"}}}, second]}
    assert without(document, found[2]) == {"Statement": [first, two, {**both, "Action": "a:One", "Resource": ["y"]}]}
    only_two = {**both, "Action": "a:One", "Condition": {"StringEquals": {"k": ["2"]}}}
    assert without(document, found[4]) == {"Statement": [first, two, only_two]}
