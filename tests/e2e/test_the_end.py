"""A stack to nothing."""

from __future__ import annotations

from tests.e2e.account import inventory


def test_a_stack_that_is_destroyed_leaves_revisions_of_task_definitions(pulumi, before):
    pulumi.destroy()
    after = inventory(pulumi)
    left = {kind: after[kind] - before[kind] for kind in after if after[kind] - before[kind]}
    assert left.keys() == {"task definitions"}
    assert all("task-definition/longhaul-dev-" in arn for arn in left["task definitions"])
