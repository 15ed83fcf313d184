"""A stack from nothing to nothing."""

from __future__ import annotations

from tests.e2e.conftest import inventory


def test_a_first_preview_shows_all_but_what_awsx_makes_of_an_image(engine):
    engine.restore_files()
    destroy(engine)
    previewed = engine.preview()
    created, _ = engine("up", "--yes", "--skip-preview")
    assert {operation.split()[0] for operation in created} == {"create"}
    # awsx makes the image once the repository's address is known.
    assert {one for one in created - previewed if not one.startswith("create Image ")} == set()
    assert previewed <= created
    assert engine.preview("--expect-no-changes") == set()


def test_a_stack_that_is_destroyed_leaves_revisions_of_task_definitions(pulumi, before):
    destroy(pulumi)
    after = inventory(pulumi)
    left = {kind: after[kind] - before[kind] for kind in after if after[kind] - before[kind]}
    assert left.keys() == {"task definitions"}
    assert all("task-definition/longhaul-dev-" in arn for arn in left["task definitions"])


def destroy(pulumi) -> None:
    pulumi("destroy", "--yes", "--skip-preview")
    pulumi.changed = True
