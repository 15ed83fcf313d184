"""Groups with one member: a typo is a mistake, a job that is alone in this stack is none."""

import pytest


def write(repository, groups: dict[str, str]) -> None:
    jobs = "".join(f"    {job}: {{image: alpine, overlap: {{group: {group}}}}}\n" for job, group in groups.items())
    repository.write("Pulumi.dev.yaml", f"config:\n  longhaul:jobs:\n{jobs}")


@pytest.mark.parametrize(
    ("groups", "line", "job"),
    [
        ({"a": "loads", "b": "loads", "c": "laods"}, 5, "c"),
        ({"a": "laods", "b": "loads", "c": "loads"}, 3, "a"),
        ({"a": "loads", "b": "laods"}, 4, "b"),
    ],
)
def test_a_group_that_is_nearly_another_is_a_mistake(repository, groups: dict[str, str], line: int, job: str) -> None:
    write(repository, groups)
    assert repository.mistakes() == [
        f"Pulumi.dev.yaml:{line} longhaul:jobs.{job}.overlap.group: expected a group that another job of the stack "
        'names too, found "laods", which none does: did you mean "loads"?'
    ]


@pytest.mark.parametrize("misspelt", ["warehuse-loads", "warehouse-load", "warehouseloads", "warehouse-laods"])
def test_a_word_of_a_name_may_be_misspelt(repository, misspelt: str) -> None:
    write(repository, {"a": "warehouse-loads", "b": "warehouse-loads", "c": misspelt})
    (line,) = repository.mistakes()
    assert line.endswith('did you mean "warehouse-loads"?')


@pytest.mark.parametrize(
    "groups",
    [
        {"a": "loads"},
        {"a": "loads", "b": "sweeps"},
        {"a": "loads", "b": "loads", "c": "sweeps"},
        {"a": "load-eu", "b": "load-eu", "c": "load-us"},
        {"a": "shard1", "b": "shard1", "c": "shard2"},
        {"a": "loads", "b": "loads", "c": "laods", "d": "laods"},
    ],
)
def test_a_group_of_another_name_may_have_one_member(repository, groups: dict[str, str]) -> None:
    write(repository, groups)
    assert [job.overlap.group for job in repository.load().jobs] == list(groups.values())


def test_a_group_from_the_jobs_own_file_is_blamed_there(repository) -> None:
    repository.write_job("nightly", "overlap: {group: laods}\n")
    entry = "{image: alpine, overlap: {group: loads}}"
    repository.write("Pulumi.dev.yaml", f"config:\n  longhaul:jobs:\n    weekly: {entry}\n    nightly:\n")
    (line,) = repository.mistakes()
    assert line.startswith("jobs/nightly/job.yaml:1 overlap.group: expected a group that another job ")
