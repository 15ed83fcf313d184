"""What Pulumi writes into a stack's file on the sandbox's account does not stay there."""

from __future__ import annotations

from sandbox.engine.stack_settings import without_new_salts


def test_a_new_salt_goes_and_everything_else_stays(tmp_path):
    dev, prod = tmp_path / "Pulumi.dev.yaml", tmp_path / "Pulumi.prod.yaml"
    dev.write_text("# A comment.\nconfig:\n  aws:region: eu-west-1\n")
    prod.write_text("encryptionsalt: v1:own\nconfig: {}\n")
    with without_new_salts(tmp_path):
        dev.write_text("# A comment.\nencryptionsalt: v1:new\nconfig:\n  aws:region: eu-west-2\n")
    assert dev.read_text() == "# A comment.\nconfig:\n  aws:region: eu-west-2\n"
    assert prod.read_text() == "encryptionsalt: v1:own\nconfig: {}\n"
