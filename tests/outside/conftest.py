"""The recorded resources that outsiders look at."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.components.conftest import Deployment, repository_stack, run_program, write_project

# What neither stack of this repository uses, so that outsiders see all that the program can make.
ELSEWHERE = """
longhaul:network: {endpoints: [sts]}
longhaul:alerts: {email: [ops@example.com], https: ["https://example.com/alerts"]}
longhaul:jobs:
  secretive:
    build: {context: code, dockerfile: code/Dockerfile}
    schedule: rate(1 day)
    secrets: {TOKEN: /report/token, PASSWORD: {from: sales/database, key: password}}
  large:
    image: "210987654321.dkr.ecr.eu-west-1.amazonaws.com/elsewhere:1"
    cpu: 2048
    memory: 8 GB
    ephemeralStorage: 100
    architecture: arm64
    readonlyRootFilesystem: true
    user: "1000:1000"
    command: [--all]
    results: true
    schedule: at(2027-01-01T03:15:00)
    input: {shops: [one, two]}
    startedBy:
      jobs: [secretive, {job: secretive, "on": failure}]
      objects: [{bucket: sales, prefix: in/, suffix: .csv}]
      roles: [importer]
  beat:
    image: "210987654321.dkr.ecr.eu-west-1.amazonaws.com/elsewhere:1"
    runOn: task
    overlap: allow
    schedule: rate(1 hour)
  beat-on-spot:
    image: "210987654321.dkr.ecr.eu-west-1.amazonaws.com/elsewhere:1"
    runOn: task
    overlap: allow
    schedule: rate(1 hour)
    capacity: {spot: true}
  tock:
    image: "210987654321.dkr.ecr.eu-west-1.amazonaws.com/elsewhere:1"
    runOn: task
    overlap: allow
    schedule: cron(15 3 * * ? *)
    timezone: Europe/Berlin
  tock-on-spot:
    image: "210987654321.dkr.ecr.eu-west-1.amazonaws.com/elsewhere:1"
    runOn: task
    overlap: allow
    schedule: cron(15 3 * * ? *)
    timezone: Europe/Berlin
    capacity: {spot: true}
  load:
    image: "210987654321.dkr.ecr.eu-west-1.amazonaws.com/elsewhere:1"
    cpu: 3000
    memory: 700 GB
    overlap: allow
    runOn: {kind: ec2, capacityProvider: warehouse, networkMode: host, constraints: ["attribute:disk exists"]}
  quick:
    description: Of seconds
    build: {context: code, dockerfile: code/Dockerfile}
    entrypoint: [quick]
    environment: {LEVEL: info}
    memory: 300
    ephemeralStorage: 2
    architecture: arm64
    timeout: 30s
    schedule: rate(5 minutes)
    permissions: [{actions: [s3:GetObject], resources: ["arn:aws:s3:::sales/*"]}]
    secrets: {TOKEN: /quick/token, PASSWORD: {from: sales/database, key: password}}
    runOn: lambda
  archived:
    build: {context: plain, dockerfile: plain/Dockerfile}
    environment: {LEVEL: info}
    timeout: 30s
    schedule: rate(5 minutes)
    runOn: {kind: lambda, package: zip}
  scoring:
    image: "210987654321.dkr.ecr.eu-west-1.amazonaws.com/elsewhere:1"
    overlap: allow
    runOn: {kind: kubernetes, cluster: analytics}
"""
STACKS = ("dev", "prod", "elsewhere")


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Deployment]:
    """A stack of this repository by its name, or `elsewhere`. Run once each, so nothing may change them."""

    @cache
    def run(stack: str) -> Deployment:
        if stack != "elsewhere":
            return repository_stack(stack)
        folder = tmp_path_factory.mktemp(stack)
        write_project(folder, ELSEWHERE)
        return run_program(folder, "test")

    return run
