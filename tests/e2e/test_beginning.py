"""A stack from nothing."""

from __future__ import annotations


def test_a_first_preview_shows_all_but_what_awsx_makes_of_an_image(engine):
    # The text of an Output is an error here, as in every other test.
    assert engine.environment["PULUMI_ERROR_OUTPUT_STRING"] == "true"
    if engine.settled:
        engine.destroy()
    engine.restore_files()
    previewed = engine.preview()
    created = engine.deploy()
    assert {operation.split()[0] for operation in created} == {"create"}
    # awsx makes the image once the repository's address is known.
    assert {one for one in created - previewed if not one.startswith("create Image ")} == set()
    assert previewed <= created
    assert engine.preview("--expect-no-changes") == set()


def test_a_deployed_stack_has_no_drift(pulumi):
    pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    # What a refresh took over as inputs is what the program says.
    assert pulumi.preview("--expect-no-changes") == set()
