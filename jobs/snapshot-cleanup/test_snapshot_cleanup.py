"""The job against a real EC2 endpoint: what it deletes, with which rights, and how it ends when it cannot."""

from __future__ import annotations

import signal
import subprocess
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest

# All snapshots of a region are in question, so each test has one of its own. They are made today and looked at later.
REGIONS = iter(["eu-central-1", "eu-north-1", "eu-south-1", "eu-west-3"])
LATER = "2090-01-01T05:30:00Z"
LOOK = [
    {"actions": ["ec2:DescribeSnapshots", "ec2:DescribeImages"], "resources": ["*"]},
    {"actions": ["ec2:DescribeSnapshotAttribute"], "resources": ["arn:aws:ec2:*::snapshot/*"]},
]
DELETE = {"actions": ["ec2:DeleteSnapshot"], "resources": ["arn:aws:ec2:*::snapshot/*"]}
ENVIRONMENT = {
    "DRY_RUN": "true",
    "OLDER_THAN_DAYS": "30",
    "KEEP_TAG": "longhaul:keep",
    "LONGHAUL_SCHEDULED_TIME": LATER,
}


class Region:
    """A region with a few snapshots, and how to make them."""

    def __init__(self, ec2: Any) -> None:
        self.ec2 = ec2
        self.environment = {**ENVIRONMENT, "AWS_REGION": ec2.meta.region_name}

    def snapshot(self, **tags: str) -> str:
        volume = self.ec2.create_volume(AvailabilityZone=f"{self.ec2.meta.region_name}a", Size=8)["VolumeId"]
        snapshot = self.ec2.create_snapshot(VolumeId=volume, Description="a test's")["SnapshotId"]
        for key, value in tags.items():
            self.ec2.create_tags(Resources=[snapshot], Tags=[{"Key": key.replace("_", ":"), "Value": value}])
        return snapshot

    def image_of(self, *snapshots: str) -> None:
        mappings = [
            {"DeviceName": f"/dev/sd{letter}", "Ebs": {"SnapshotId": snapshot}}
            for letter, snapshot in zip("fgh", snapshots, strict=False)
        ]
        self.ec2.register_image(Name=f"of-{snapshots[0]}", BlockDeviceMappings=mappings)

    @property
    def snapshots(self) -> set[str]:
        return {snapshot["SnapshotId"] for snapshot in self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}


@pytest.fixture
def region(local_aws) -> Region:
    return Region(boto3.client("ec2", region_name=next(REGIONS), **admin(local_aws)))


def admin(local_aws) -> dict[str, str]:
    return {
        "endpoint_url": local_aws.endpoint,
        "aws_access_key_id": local_aws.access_key,
        "aws_secret_access_key": local_aws.secret_key,
    }


def test_deletes_what_nothing_keeps_and_only_when_told_to(region, processes) -> None:
    unused = {region.snapshot(), region.snapshot(), region.snapshot(Name="weekly")}
    tagged = region.snapshot(longhaul_keep="")
    root, data = region.snapshot(), region.snapshot()
    region.image_of(root, data)
    shared = region.snapshot()
    region.ec2.modify_snapshot_attribute(
        SnapshotId=shared, Attribute="createVolumePermission", OperationType="add", UserIds=["111122223333"]
    )
    kept = {tagged, root, data, shared}

    # The dry run needs no right to delete.
    dry = processes.run("snapshot-cleanup", region.environment, LOOK)
    assert dry.exit_code == 0
    assert dry.last_message == "would delete 3 of 7 snapshots (volumes of 24 GiB)"
    assert {line["snapshot"] for line in dry.log if line["message"].endswith(": would delete")} == unused
    assert region.snapshots == unused | kept

    wet = processes.run("snapshot-cleanup", {**region.environment, "DRY_RUN": "false"}, [*LOOK, DELETE])
    assert wet.exit_code == 0
    assert wet.last_message == "deleted 3 of 7 snapshots (volumes of 24 GiB)"
    assert wet.log[-2]["outcomes"] == {"deleted": 3, "tagged to keep": 1, "used by an AMI": 2, "shared": 1}
    assert region.snapshots == kept

    again = processes.run("snapshot-cleanup", {**region.environment, "DRY_RUN": "false"}, [*LOOK, DELETE])
    assert (again.exit_code, again.last_message) == (0, "deleted 0 of 4 snapshots (volumes of 0 GiB)")
    assert region.snapshots == kept


def test_a_snapshot_younger_than_asked_for_stays_and_the_log_names_the_execution(region, processes) -> None:
    region.snapshot()
    # Some 63 years lie between the test and the scheduled time.
    environment = {"OLDER_THAN_DAYS": "36500", "LONGHAUL_EXECUTION": "tuesday", "LONGHAUL_ATTEMPT": "2"}
    finished = processes.run("snapshot-cleanup", {**region.environment, **environment}, LOOK)
    assert (finished.exit_code, finished.log[-2]["outcomes"]) == (0, {"recent": 1, "used by an AMI": 0})
    assert (finished.log[0]["execution"], finished.log[0]["attempt"]) == ("tuesday", "2")


def test_without_the_permission_to_delete_it_is_77_and_all_is_left(region, processes) -> None:
    snapshot = region.snapshot()
    finished = processes.run("snapshot-cleanup", {**region.environment, "DRY_RUN": "false"}, LOOK)
    assert finished.exit_code == 77
    assert "ec2:DeleteSnapshot" in finished.last_message
    assert region.snapshots == {snapshot}


@pytest.mark.parametrize("permission", ["ec2:DescribeSnapshots", "ec2:DescribeImages", "ec2:DescribeSnapshotAttribute"])
def test_needs_each_permission_to_look_and_says_which_is_missing(processes, local_aws, permission) -> None:
    region = Region(local_aws.client("ec2"))
    region.snapshot()
    left = [
        {**statement, "actions": [action for action in statement["actions"] if action != permission]}
        for statement in LOOK
    ]
    finished = processes.run("snapshot-cleanup", region.environment, [item for item in left if item["actions"]])
    assert finished.exit_code == 77
    assert permission in finished.last_message


class ScriptedEc2(ThreadingHTTPServer):
    """An EC2 with three old snapshots, which asks the job to stop while it carries out the first deletion."""

    ANSWERS = {  # noqa: RUF012 - a constant
        "DescribeSnapshots": "<snapshotSet>"
        + "".join(
            f"<item><snapshotId>snap-{number}</snapshotId><status>completed</status><volumeSize>8</volumeSize>"
            f"<startTime>2020-01-0{number}T00:00:00.000Z</startTime></item>"
            for number in (1, 2, 3)
        )
        + "</snapshotSet>",
        "DescribeImages": "<imagesSet/>",
        "DescribeSnapshotAttribute": "<createVolumePermission/>",
        "DeleteSnapshot": "<return>true</return>",
    }

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ScriptedEc2Answer)
        self.deleted: list[str] = []
        self.job: subprocess.Popen[str]
        self.job_known = threading.Event()


class ScriptedEc2Answer(BaseHTTPRequestHandler):
    """One request."""

    def do_POST(self) -> None:
        assert isinstance(self.server, ScriptedEc2)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        parameters = dict(urllib.parse.parse_qsl(body))
        action = parameters["Action"]
        if action == "DeleteSnapshot":
            assert self.server.job_known.wait(30)
            self.server.job.send_signal(signal.SIGTERM)
            self.server.deleted.append(parameters["SnapshotId"])
        answer = f"<{action}Response>{ScriptedEc2.ANSWERS[action]}</{action}Response>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server has it
        """Says nothing: the test's output is the job's."""


@pytest.fixture
def scripted_ec2() -> Iterator[ScriptedEc2]:
    with ScriptedEc2() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_sigterm_lets_the_deletion_under_way_end_and_be_logged(scripted_ec2, processes) -> None:
    environment = {
        **ENVIRONMENT,
        "DRY_RUN": "false",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{scripted_ec2.server_address[1]}",
    }
    scripted_ec2.job = processes.start("snapshot-cleanup", processes.environment(environment, ()))
    scripted_ec2.job_known.set()
    finished = processes.finish(scripted_ec2.job)
    assert finished.exit_code == 143
    assert scripted_ec2.deleted == ["snap-1"]
    assert [line["snapshot"] for line in finished.log if line["message"].endswith(": deleted")] == ["snap-1"]
    assert finished.log[-2]["outcomes"]["deleted"] == 1
    assert "SIGTERM" in finished.last_message
