"""How long the program takes to say what it wants, and in how much memory: the SDK and this repository, no AWS.

    .venv/bin/python bench/program.py [JOBS ...]

Each size runs in a process of its own, against mocks that answer at once. Seconds are wall time: `imports` is what
Python takes to load Pulumi and its AWS provider, `program` all that comes after. Peak memory is the whole process's.
"""

import argparse
import asyncio
import json
import resource
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SIZES = (1, 10, 100, 1000)
STACK = "bench"
REGION = "eu-west-1"
ACCOUNT = "123456789012"

# A usual job: nine resources, permissions and a rule among them.
JOB = {
    "image": "example.com/report:1",
    "schedule": "cron(15 3 * * ? *)",
    "environment": {"LEVEL": "info", "BUCKET": "sales"},
    "input": {"day": "yesterday"},
    "retries": {"attempts": 3, "finalExitCodes": [64]},
    "permissions": [{"actions": ["s3:GetObject", "s3:PutObject"], "resources": ["arn:aws:s3:::sales/*"]}],
}


def write_project(folder: Path, jobs: int) -> dict[str, str]:
    """A project of this program and a stack of that many jobs; returns its configuration as Pulumi gives it."""
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / name, folder)
    config = {"aws:region": REGION, "longhaul:jobs": {f"job-{number:04}": JOB for number in range(1, jobs + 1)}}
    # JSON is YAML too.
    (folder / f"Pulumi.{STACK}.yaml").write_text(json.dumps({"config": config}, indent=1))
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def evaluate(jobs: int) -> dict[str, Any]:
    """Run the program once in this process: seconds, resources, and the process's peak memory in MiB."""
    sys.path.insert(0, str(ROOT))
    started = time.perf_counter()
    import pulumi_aws
    import pulumi_awsx
    from pulumi.runtime import mocks, settings, stack
    from pulumi.runtime.config import set_all_config

    # Packages load when the first of their classes is asked for.
    aws, awsx = pulumi_aws, pulumi_awsx
    aws_classes = [aws.cloudwatch.LogGroup, aws.ec2.SecurityGroup, aws.ecs.Cluster, aws.iam.Role]
    aws_classes += [aws.scheduler.Schedule, aws.sfn.StateMachine, aws.sqs.Queue]
    assert all([*aws_classes, awsx.ec2.Vpc, awsx.ecr.Image])
    imported = time.perf_counter()

    class Answers(mocks.Mocks):
        resources = 0

        def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            self.resources += 1
            if args.typ == "awsx:ec2:Vpc":
                return "", {"vpcId": "vpc-1", "publicSubnetIds": ["subnet-1", "subnet-2"]}
            arn = f"arn:aws:service:{REGION}:{ACCOUNT}:{args.name}"
            return args.name, {"name": args.name, **args.inputs, "arn": arn, "url": args.name}

        def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
            answers = {"getRegion": {"region": REGION}, "getCallerIdentity": {"accountId": ACCOUNT}}
            return answers.get(args.token.rpartition(":")[2], {"partition": "aws"}), []

    async def program(path: Path) -> None:
        runpy.run_path(str(path), run_name="__main__")

    answers = Answers()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as executor:
        configuration = write_project(Path(folder), jobs)
        started_program = time.perf_counter()
        set_all_config(configuration)
        monitor = mocks.MockMonitor(answers)
        settings.configure(
            mocks.MockSettings(
                monitor=monitor,
                monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),
                engine=mocks.MockEngine(None),
                project="longhaul",
                stack=STACK,
                dry_run=False,
                organization="organization",
                callbacks=None,
            )
        )
        loop = asyncio.new_event_loop()
        loop.set_default_executor(executor)
        loop.run_until_complete(stack.run_in_stack(lambda: program(Path(folder, "__main__.py"))))
        finished = time.perf_counter()
        loop.close()
    return {
        "jobs": jobs,
        "resources": answers.resources,
        "imports": imported - started,
        "program": finished - started_program,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measure(jobs: int) -> dict[str, Any]:
    """Evaluate in a process of its own, so that one size does not warm up the next."""
    command = [sys.executable, __file__, "--once", str(jobs)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main() -> None:
    """Print a row for each size as it is measured."""
    parser = argparse.ArgumentParser(description="Time the program's evaluation against mocks.")
    parser.add_argument("jobs", nargs="*", type=int, default=SIZES, help="numbers of jobs (default: %(default)s)")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(evaluate(arguments.jobs[0])))
        return
    print(" jobs  resources  imports s  program s  ms a resource  peak MiB")
    for jobs in arguments.jobs:
        found = measure(jobs)
        milliseconds = found["program"] * 1000 / found["resources"]
        print(
            f"{jobs:5}  {found['resources']:9}  {found['imports']:9.2f}  {found['program']:9.2f}"
            f"  {milliseconds:13.2f}  {found['peak']:8.0f}"
        )


if __name__ == "__main__":
    main()
