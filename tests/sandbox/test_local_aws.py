"""Starting and stopping the local AWS, in processes of their own: one is all that a process can hold."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from sandbox.errors import SandboxError
from sandbox.local_aws import LocalAws
from sandbox.server import listen
from tests.sandbox.test_processes import await_end

ROOT = Path(__file__).parents[2]


def python(program: str, **environment: str) -> str:
    """What a Python program prints that is run from the repository's root."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=rf"^cannot listen on port {port} of 127.0.0.1: it is in use, .*$"):
            listen(port)


def test_a_port_that_cannot_be_is_one_clear_line() -> None:
    with pytest.raises(SandboxError, match=r"^cannot listen on port 70000 of 127.0.0.1: .*$"):
        listen(70000)


def test_a_second_one_in_a_process_is_refused(local_aws: LocalAws) -> None:
    assert local_aws.endpoint
    with pytest.raises(SandboxError, match="runs in this process already"):
        LocalAws().start()


def test_it_listens_on_the_loopback_address_alone(local_aws: LocalAws) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", local_aws.endpoint)
    port = int(local_aws.endpoint.rpartition(":")[2])
    listening = Path("/proc/net/tcp").read_text().split()
    addresses = [
        entry for entry in listening if entry.endswith(f":{port:04X}") and not entry.startswith("00000000:0000")
    ]
    assert {address.rpartition(":")[0] for address in addresses} == {"0100007F"}


def test_its_environment_is_all_that_another_process_needs(local_aws: LocalAws) -> None:
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=plain | local_aws.environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"arn:aws:iam::{local_aws.account}:root"


def test_keys_are_new_at_each_start() -> None:
    one, other = LocalAws(), LocalAws()
    assert one.access_key != other.access_key
    assert one.secret_key != other.secret_key
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", one.access_key)


def test_services_that_it_has_not_are_refused(local_aws: LocalAws) -> None:
    for service, call in (
        ("rds", "describe_db_instances"),
        ("glue", "get_databases"),
        ("batch", "describe_job_queues"),
    ):
        with pytest.raises(ClientError, match="The sandbox does not offer") as refused:
            getattr(local_aws.client(service), call)()
        assert refused.value.response["Error"]["Code"] == "UnsupportedOperation"


def test_of_many_conditional_writes_at_once_one_wins(local_aws: LocalAws) -> None:
    # MiniStack checks and writes without a lock: whatever reaches it must come by HTTP, through its one event loop.
    dynamodb, rounds, winners = local_aws.client("dynamodb"), 15, []
    dynamodb.create_table(
        TableName="locks",
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def take(lock: str) -> None:
        with contextlib.suppress(dynamodb.exceptions.ConditionalCheckFailedException):
            dynamodb.put_item(
                TableName="locks", Item={"name": {"S": lock}}, ConditionExpression="attribute_not_exists(#n)",
                ExpressionAttributeNames={"#n": "name"},
            )  # fmt: skip
            winners.append(lock)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, [f"lock-{number}" for number in range(rounds) for _ in range(8)]))
    assert sorted(winners) == sorted(f"lock-{number}" for number in range(rounds))


TWO_STARTS = """
import json, os, threading, time
from sandbox.local_aws import LocalAws
seen = {"before": dict(os.environ)}
for name, start_time in (("first", None), ("second", 1_800_000_000)):
    with LocalAws(start_time=start_time) as aws:
        sqs = aws.client("sqs")
        seen[name] = {
            "own": aws.endpoint, "queue": sqs.create_queue(QueueName="q")["QueueUrl"],
            "found": len(aws.client("iam").list_roles()["Roles"]), "endpoint": os.environ["AWS_ENDPOINT_URL"],
            "profile": os.environ.get("AWS_PROFILE"), "file": os.environ["AWS_SHARED_CREDENTIALS_FILE"],
        }
        role = aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]
        seen[name]["made"] = role["CreateDate"].timestamp()
    aws.stop()
seen["after"] = dict(os.environ)
print(json.dumps(seen))
"""


def test_a_start_leaves_nothing_to_the_next_and_nothing_in_the_environment() -> None:
    seen = json.loads(python(TWO_STARTS, AWS_PROFILE="of-this-machine", AWS_SESSION_TOKEN="x"))
    assert seen["after"] == seen["before"]
    for start in (seen["first"], seen["second"]):
        assert start["endpoint"] == start["own"]
        assert start["queue"].startswith(start["own"])
        assert start["found"] == 0
        # Nothing in this process can reach a real account by its profile files meanwhile.
        assert (start["profile"], start["file"]) == (None, os.devnull)
    # The first reading of the clock can be chosen.
    assert 1_800_000_000 <= seen["second"]["made"] < 1_800_000_060


CUT_OFF = """
import socket
from urllib.parse import urlsplit
from sandbox.local_aws import LocalAws
with LocalAws() as aws:
    address = urlsplit(aws.endpoint)
    client = socket.create_connection((address.hostname, address.port))
    client.sendall(b"POST / HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 10\\r\\n\\r\\nabc")
    # Accepted after the other, so that by its answer the server has read both.
    aws.client("sts").get_caller_identity()
client.close()
"""


def test_a_request_that_is_cut_off_at_the_end_is_no_news() -> None:
    assert python(CUT_OFF) == ""


UNFINISHED = """
import json, threading
from sandbox.local_aws import LocalAws
trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "states.amazonaws.com"}}
waits = {"QueryLanguage": "JSONata", "StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 9, "End": True}}}
with LocalAws() as aws:
    role = aws.client("iam").create_role(
        RoleName="r", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    states = aws.client("stepfunctions")
    machine = states.create_state_machine(name="m", roleArn=role, definition=json.dumps(waits))["stateMachineArn"]
    for _ in range(3):
        states.start_execution(stateMachineArn=machine)
    running = [thread for thread in threading.enumerate() if thread.name.startswith("execution-")]
    assert len(running) == 3
print([thread.name for thread in running if thread.is_alive()])
"""


def test_an_execution_that_has_not_ended_does_not_go_on_without_its_sandbox() -> None:
    assert python(UNFINISHED) == "[]\n"


WITH_A_TASK = """
import sys, threading
from sandbox.local_aws import LocalAws
script = "sleep 1000 & echo $$ $! > $0.new; mv $0.new $0; wait"
container = {"name": "job", "image": "x", "command": ["sh", "-c", script, sys.argv[1]]}
try:
    with LocalAws() as aws:
        ecs, ec2 = aws.client("ecs"), aws.client("ec2")
        ecs.create_cluster(clusterName="c")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        ecs.register_task_definition(family="f", requiresCompatibilities=["FARGATE"], networkMode="awsvpc",
            cpu="256", memory="512", containerDefinitions=[container])
        ecs.run_task(cluster="c", taskDefinition="f", launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}})
        print("running", flush=True)
        # In turns: a signal that arrives just before a wait without a limit would be seen only after it.
        while not threading.Event().wait(0.05):
            pass
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_ctrl_c_leaves_no_process_behind(tmp_path: Path) -> None:
    ids = tmp_path / "ids"
    command = [sys.executable, "-c", WITH_A_TASK, str(ids)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sandbox:
        assert sandbox.stdout is not None
        assert sandbox.stdout.readline() == "running\n"
        while not ids.exists():
            assert sandbox.poll() is None
        children = [int(pid) for pid in ids.read_text().split()]
        sandbox.send_signal(signal.SIGINT)
        assert sandbox.stdout.read() == "stopped\n"
        assert sandbox.wait() == 0
    for pid in children:
        await_end(pid)
