"""What is secret is nowhere in Pulumi's state, and not shown."""

from __future__ import annotations

import pytest

from tests.e2e.jobs_of_dev import JOB, jobs


@pytest.mark.parametrize("place", ["fargate", "lambda"])
def test_no_secret_is_in_the_state(pulumi, place):
    planted = "planted-c2VjcmV0"
    pulumi.client("secretsmanager").create_secret(Name=f"planted/{place}", SecretString=planted)
    pulumi.configure(lambda config: jobs(config)[JOB].update(runOn=place, secrets={"TOKEN": f"planted/{place}"}))
    pulumi.deploy()
    known = [planted, pulumi.environment["AWS_SECRET_ACCESS_KEY"], pulumi.environment["PULUMI_CONFIG_PASSPHRASE"]]
    kept = [file for file in pulumi.state.rglob("*") if file.is_file()]
    assert any(f":secret:planted/{place}".encode() in file.read_bytes() for file in kept)
    for secret in known:
        assert not [file for file in kept if secret.encode() in file.read_bytes()]


def test_an_encrypted_setting_is_refused_and_not_shown(pulumi):
    # It would stand in plain text in a task definition, which is no place for a secret.
    stack_file = pulumi.project / "Pulumi.dev.yaml"
    right = stack_file.read_text()
    secret = ("config", "set", "--secret", "--path", f"longhaul:jobs.{JOB}.environment.TOKEN", "planted-dG9rZW4")
    try:
        pulumi.run(*secret)
        _, said = pulumi("preview", fails=True)
    finally:
        stack_file.write_text(right)
    assert "longhaul:jobs: expected no encrypted value" in said
    assert "planted-dG9rZW4" not in said
    # Once where it happened, and once in the summary.
    assert said.count("expected no encrypted value") == 2
