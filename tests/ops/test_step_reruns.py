"""Runs that begin with a later step of an old one, and those that cannot be continued."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops.redriving import Redrivable, redrivable
from ops.rerunning import own_input, rerun_input
from ops.runs import Run, read_run
from ops.starting import UnfitInputError, check_input
from ops.step_reruns import beginning
from ops.stopping import see_tasks_stopped, stop_execution
from sandbox.local_aws import LocalAws
from tests.ops.stepped import Stepped, stepped_stack

LIST = {"result": {"items": [{"result": 1}, {"result": "two"}]}}


@pytest.fixture(scope="module")
def stepped(local_aws: LocalAws) -> Stepped:
    return stepped_stack(local_aws)


def run(stepped: Stepped, job: str, **given: object) -> Run:
    return read_run(stepped.aws, job, stepped.run(job, {"input": given}))


def test_the_results_of_the_steps_before_it_are_taken_over(stepped: Stepped) -> None:
    old = run(stepped, "line", list=LIST, last={"exit": 3})
    begins = beginning(stepped.aws, stepped.job("line"), old, "last")
    assert begins.left_out == ("list", "fetch", "extra")
    assert begins.results == {"list": LIST["result"], "fetch": [1, "two"]}
    given = begins.of({**rerun_input(old), "input": {"last": {"result": 7}}})
    assert (given["from"], given["rerunOf"]) == ("last", old.execution_arn)
    again = read_run(stepped.aws, "line", stepped.run("line", given))
    assert (again.status, again.result, again.rerun_of) == ("SUCCEEDED", 7, old.execution_arn)
    # What it took over can be taken over from it.
    assert beginning(stepped.aws, stepped.job("line"), again, "last").results == begins.results


def test_the_first_step_needs_nothing(stepped: Stepped) -> None:
    old = run(stepped, "line", list={"exit": 3})
    begins = beginning(stepped.aws, stepped.job("line"), old, "list")
    assert (begins.left_out, begins.results) == ((), {})


def test_steps_that_no_run_begins_with(stepped: Stepped) -> None:
    failed = run(stepped, "line", list={"exit": 3})
    sides = run(stepped, "sides", left={}, first={"exit": 3}, clean={})
    plain = run(stepped, "plain", exit=3)
    counted = run(stepped, "counted", exit=3)
    for job, old, step, says in (
        ("line", failed, "lst", "line has no step 'lst'; did you mean list?"),
        ("line", failed, "xyz", "line has no step 'xyz'; it has list, fetch, extra, last"),
        ("line", failed, "last", "it has no result of list, fetch; --from list runs that too"),
        ("sides", sides, "first", "first is within both, which runs as a whole: --from both"),
        ("sides", sides, "clean", "clean runs after a failure, and no run begins with it; it has both, last"),
        ("sides", sides, "last", "it has no result of left; --from both runs that too"),
        ("plain", plain, "last", "plain has no steps to begin with"),
        ("counted", counted, "task", "counted has no steps to begin with"),
    ):
        with pytest.raises(UnfitInputError) as refused:
            beginning(stepped.aws, stepped.job(job), old, step)
        assert says in str(refused.value)


def test_results_that_nobody_knows(stepped: Stepped) -> None:
    old, job = run(stepped, "line", list={"exit": 3}), stepped.job("line")
    arn = old.execution_arn
    for told, says in (
        ("arn:aws:ecs:eu-west-1:123456789012:task/acme/" + "0" * 32, "was a task without steps"),
        (f"{arn.rpartition(':')[0]}:forgotten", "Step Functions knows forgotten no more, nor what its steps left"),
    ):
        before = replace(old, execution_arn=told)
        with pytest.raises(UnfitInputError, match=says):
            beginning(stepped.aws, job, before, "last")
        # The first step needs nothing of it.
        assert beginning(stepped.aws, job, before, "list").results == {}


def test_results_that_no_input_holds(stepped: Stepped) -> None:
    # Each of 100,000 characters: StartExecution takes 262,144.
    items = [{"result": {"letters": 100_000}}, {"result": {"letters": 100_000}}]
    old = run(stepped, "line", list={"result": {"items": items}}, last={"exit": 3})
    begins = beginning(stepped.aws, stepped.job("line"), old, "last")
    assert len(begins.of({"input": {}})["results"]["fetch"]) == 2
    with pytest.raises(UnfitInputError, match=r"the results of list, fetch and the input take 2\d\d,\d{3} of "):
        begins.of({"input": "x" * 65_000})


def test_a_start_of_a_job_with_steps(stepped: Stepped) -> None:
    found = stepped.found()
    for job in ("line", "counted"):
        with pytest.raises(UnfitInputError, match=f"{job} has steps or a count, and takes no other command"):
            check_input(stepped.aws, found, stepped.job(job), "x", {"command": ["y"]})
    # A step's input may go through S3, but Step Functions has to take it.
    check_input(stepped.aws, found, stepped.job("line"), "x", {"input": "x" * 100_000})
    with pytest.raises(UnfitInputError, match="of the 262,144 bytes that Step Functions takes"):
        check_input(stepped.aws, found, stepped.job("line"), "x", {"input": "é" * 132_000})
    with pytest.raises(UnfitInputError, match="of the 8,192 characters that ECS takes"):
        check_input(stepped.aws, found, stepped.job("line"), "x", {"environment": {"A": "x" * 9000}})


def test_a_step_s_input_is_not_the_run_s(stepped: Stepped) -> None:
    assert own_input(stepped.aws, read_run(stepped.aws, "counted", stepped.run("counted"))) == {}
    with pytest.raises(UnfitInputError, match="give all of it with --input"):
        own_input(stepped.aws, read_run(stepped.aws, "line", stepped.run("line", {"input": {"list": {"exit": 3}}})))


@pytest.mark.parametrize(
    ("job", "given", "again_from"),
    [
        ("line", {"list": LIST, "last": {"exit": 3}}, "last"),
        ("line", {"list": {"result": {"items": [{"exit": 3}]}}}, "fetch"),
        ("sides", {"left": {}, "first": {"exit": 3}, "clean": {}}, "both"),
        # Its error is Step Functions' own.
        ("spread", {"items": [{"exit": 3}, {"exit": 3}]}, "one"),
    ],
)
def test_a_step_that_came_to_its_end_is_run_again(
    stepped: Stepped, job: str, given: dict[str, object], again_from: str
) -> None:
    found = redrivable(stepped.aws, stepped.run(job, {"input": given}))
    assert (found.status, found.again_from) == ("FAILED", again_from)
    assert "would only fail there again" in (found.why_not or "")


def test_what_is_continued(stepped: Stepped) -> None:
    failed = redrivable(stepped.aws, stepped.run("outer", {"input": {"inner": {"exit": 3}}}))
    assert (failed.why_not, failed.goes_on_with) == (None, ("inner",))
    execution_arn = stepped.start("line", {"input": {"list": {"seconds": 300}}})
    stepped.until_submitted(execution_arn)
    stepped.stop(execution_arn)
    stopped = redrivable(stepped.aws, execution_arn)
    assert (stopped.status, stopped.why_not, stopped.goes_on_with) == ("ABORTED", None, ("list",))


def test_what_runs_beside_others_does_not_get_the_lock_again(stepped: Stepped) -> None:
    def stopped(given: dict[str, object]) -> Redrivable:
        execution_arn = stepped.start("alone", {"input": given})
        while stepped.submitted(execution_arn) < len(given):
            pass
        stop_execution(stepped.aws, execution_arn, "because")
        assert see_tasks_stopped(stepped.aws, execution_arn, "because").left == ()
        # Gives back the lock of the run that has ended.
        stepped.run("alone", {"input": {"first": {}, "left": {}, "right": {}}})
        return redrivable(stepped.aws, execution_arn)

    by_itself = stopped({"first": {"seconds": 300}})
    assert (by_itself.why_not, by_itself.goes_on_with) == (None, ("first",))
    beside = stopped({"first": {}, "left": {"seconds": 300}, "right": {"seconds": 300}})
    assert (beside.again_from, beside.goes_on_with) == ("both", ())
    assert "cannot ask for the job's lock again" in (beside.why_not or "")
