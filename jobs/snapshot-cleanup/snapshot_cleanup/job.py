"""The run: find the snapshots that may go, then delete them one by one, or only say so."""

import os
from collections import Counter
from typing import Any

import boto3
from botocore.exceptions import ClientError

from snapshot_cleanup.outcome import Exit, JobError, exit_code_of_aws_error, log, stop_if_asked
from snapshot_cleanup.selection import reason_to_keep, snapshots_of_image
from snapshot_cleanup.settings import Settings

PAGE_SIZE = 1000


def clean_up(settings: Settings) -> None:
    """Cleans one region up; raises JobError or an error of botocore. What it has deleted by then stays deleted."""
    ec2 = boto3.client("ec2", region_name=os.environ.get("AWS_REGION"))
    run = {"execution": os.environ.get("LONGHAUL_EXECUTION"), "attempt": os.environ.get("LONGHAUL_ATTEMPT")}
    log(
        "info",
        f"looking for snapshots from before {settings.cutoff:%Y-%m-%dT%H:%M:%SZ}",
        dryRun=settings.dry_run,
        **run,
    )
    outcomes: Counter[str] = Counter()
    try:
        candidates = find_candidates(ec2, settings, outcomes)
        freed_gib = sum(_clean_up_one(ec2, settings, snapshot, outcomes) for snapshot in candidates)
    finally:
        log("info", "snapshots looked at", outcomes=dict(outcomes))
    verb = "would delete" if settings.dry_run else "deleted"
    log("info", f"{verb} {outcomes[verb]} of {outcomes.total()} snapshots (volumes of {freed_gib} GiB)")
    if outcomes["failed"]:
        raise JobError(Exit.TEMPORARY, f"{outcomes['failed']} snapshots could not be deleted, each named above")


def find_candidates(ec2: Any, settings: Settings, outcomes: Counter[str]) -> list[dict[str, Any]]:
    """The account's snapshots that no rule of `selection` keeps and no AMI uses, oldest first; counts the others."""
    old = []
    for page in ec2.get_paginator("describe_snapshots").paginate(
        OwnerIds=["self"], PaginationConfig={"PageSize": PAGE_SIZE}
    ):
        stop_if_asked()
        for snapshot in page["Snapshots"]:
            reason = reason_to_keep(snapshot, cutoff=settings.cutoff, keep_tag=settings.keep_tag)
            if reason:
                outcomes[reason] += 1
            else:
                old.append(snapshot)
    # After the snapshots, so that an AMI made meanwhile is seen. Deprecated and disabled AMIs are left out unless asked
    # for, and need their snapshots all the same.
    used: set[str] = set()
    for page in ec2.get_paginator("describe_images").paginate(
        Owners=["self"], IncludeDeprecated=True, IncludeDisabled=True, PaginationConfig={"PageSize": PAGE_SIZE}
    ):
        stop_if_asked()
        for image in page["Images"]:
            used |= snapshots_of_image(image)
    unused = [snapshot for snapshot in old if snapshot["SnapshotId"] not in used]
    outcomes["used by an AMI"] += len(old) - len(unused)
    return sorted(unused, key=lambda snapshot: (snapshot["StartTime"], snapshot["SnapshotId"]))


def _clean_up_one(ec2: Any, settings: Settings, snapshot: dict[str, Any], outcomes: Counter[str]) -> int:
    """Deletes one snapshot, or says that it would, and returns the size of its volume in GiB, 0 if it stays."""
    stop_if_asked()
    name = snapshot["SnapshotId"]
    about = {
        "snapshot": name,
        "volume": snapshot.get("VolumeId"),
        "started": f"{snapshot['StartTime']:%Y-%m-%dT%H:%M:%SZ}",
        "volumeGib": snapshot["VolumeSize"],
    }
    try:
        outcome = _delete(ec2, name, dry_run=settings.dry_run)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "InvalidSnapshot.NotFound":
            outcome = "gone"
        elif code == "InvalidSnapshot.InUse":
            outcome = "used by an AMI"
        elif exit_code_of_aws_error(error) is not Exit.BUG:
            raise  # Denied, throttled or not there: the other snapshots would fare the same.
        else:
            outcomes["failed"] += 1
            log("error", f"could not delete {name}: {error}", **about)
            return 0
    outcomes[outcome] += 1
    log("info", f"{name}: {outcome}", **about)
    return snapshot["VolumeSize"] if outcome in ("deleted", "would delete") else 0


def _delete(ec2: Any, name: str, *, dry_run: bool) -> str:
    """Deletes the snapshot unless it is shared; returns what became of it."""
    # Others may build on what was shared with them, and no list says so: it takes a call for each snapshot.
    attribute = ec2.describe_snapshot_attribute(SnapshotId=name, Attribute="createVolumePermission")
    if attribute.get("CreateVolumePermissions"):
        return "shared"
    if dry_run:
        return "would delete"
    ec2.delete_snapshot(SnapshotId=name)
    return "deleted"
