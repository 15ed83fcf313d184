"""A stack to nothing, and what docs/resources.md says stays of it."""

from __future__ import annotations

from tests.e2e.account import inventory


def test_a_stack_that_is_destroyed_leaves_revisions_of_task_definitions(pulumi, before):
    pulumi.destroy()
    after = inventory(pulumi)
    left = {kind: after[kind] - before[kind] for kind in after if after[kind] - before[kind]}
    assert left.keys() == {"task definitions"}
    assert all("task-definition/longhaul-dev-" in arn for arn in left["task definitions"])


def test_a_stack_that_keeps_its_logs_leaves_them_too_and_the_repository_with_its_images(engine):
    if engine.settled:
        engine.destroy()
    before = inventory(engine)
    engine.restore_files()
    engine.configure(lambda config: config.update({"longhaul:keepLogs": True}))
    engine.deploy()
    there = inventory(engine)
    engine.destroy()
    after = inventory(engine)
    left = {kind: after[kind] - before[kind] for kind in after if after[kind] - before[kind]}
    assert left.keys() == {"log groups", "repositories", "task definitions"}
    for kind, names in left.items():
        assert names == there[kind] - before[kind]
    (repository,) = left["repositories"]
    assert len(engine.client("ecr").list_images(repositoryName=repository)["imageIds"]) == 4
