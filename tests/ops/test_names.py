"""What a person's words for a job or a run stand for, in a deployed stack with real runs."""

from __future__ import annotations

import pytest

from ops.errors import AmbiguousError, NotFoundError
from ops.names import find_job, find_jobs, find_run
from tests.ops.operated import Operated


def test_jobs_are_found_by_name_and_by_how_only_one_begins(operated: Operated) -> None:
    stack = operated.found()
    # Whole, although others begin so.
    assert find_job(stack, "obeys").name == "obeys"
    assert find_job(stack, "obeys-i").name == "obeys-in-line"
    assert [job.name for job in find_jobs(stack, ["idle", "obeys-a", "idle"])] == ["idle", "obeys-alone"]
    assert find_jobs(stack, []) == stack.jobs


def test_what_may_be_several_and_what_is_none(operated: Operated) -> None:
    stack = operated.found()
    with pytest.raises(AmbiguousError, match="'ob' may be obeys or obeys-alone or obeys-in-line"):
        find_job(stack, "ob")
    with pytest.raises(NotFoundError, match="no job 'absnet'; did you mean absent"):
        find_job(stack, "absnet")
    with pytest.raises(
        NotFoundError, match="it has absent, cut-off, idle, lodger, many, obeys, obeys-alone, obeys-in-line, tick, tock"
    ):
        find_job(stack, "")


def test_runs_are_found_by_arn_name_and_place(operated: Operated) -> None:
    stack = operated.found()
    first = operated.run("obeys-alone", {"input": {"exit": 3}}, name="first-of-three")
    second = operated.run("obeys-alone", {"input": {"exit": 4}})
    third = operated.run("obeys-alone")

    def found(text: str) -> tuple[str, str]:
        run = find_run(operated.aws, stack, text)
        return run.job.name, run.execution_arn

    for text in (first, "first-of-three", "obeys-a@first-of-three", "obeys-a@-3"):
        assert found(text) == ("obeys-alone", first), text
    assert found("obeys-alone@failed") == ("obeys-alone", second)
    for text in ("obeys-alone@latest", "obeys-alone@-1"):
        assert found(text) == ("obeys-alone", third), text


def test_an_execution_s_name_that_two_jobs_have_needs_the_job(operated: Operated) -> None:
    stack = operated.found()
    one = operated.run("obeys", name="the-same")
    operated.run("obeys-in-line", name="the-same")
    with pytest.raises(AmbiguousError, match="run of obeys and of obeys-in-line: write JOB@the-same"):
        find_run(operated.aws, stack, "the-same")
    assert find_run(operated.aws, stack, "obeys@the-same").execution_arn == one


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("never-was", "has no run 'never-was'"),
        ("idle@latest", "idle has no run that anybody knows of"),
        ("idle@failed", "idle has no failed run"),
        ("idle@-99999", "idle has no run"),
        ("obeys@0", "obeys has no run '0', or nobody knows how it ended"),
        ("obeys", "obeys is a job: write obeys@latest"),
        ("obeys@no such", "cannot be the name of a run"),
        ("arn:aws:states:eu-west-1:000000000000:execution:other-dev-obeys:x", "is no run of a job of the stack night"),
        ("idel@latest", "did you mean idle"),
    ],
)
def test_runs_that_are_not_there(operated: Operated, text: str, says: str) -> None:
    with pytest.raises(NotFoundError, match=says):
        find_run(operated.aws, operated.found(), text)
