"""Which snapshots stay and why. Pure: takes what EC2 described."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

# Services that delete what they made by their own rules. AWS reserves tags that begin with "aws:" for itself.
MANAGED_BY = {"aws:backup:": "managed by AWS Backup", "aws:dlm:": "managed by Data Lifecycle Manager"}


def reason_to_keep(snapshot: Mapping[str, Any], *, cutoff: datetime, keep_tag: str) -> str | None:
    """Why DescribeSnapshots' entry alone says that the snapshot stays; None if it may go as far as that tells."""
    if snapshot["StartTime"] >= cutoff:
        return "recent"
    if snapshot["State"] != "completed":
        return "not completed"
    keys = [tag["Key"] for tag in snapshot.get("Tags", ())]
    if keep_tag in keys:
        return "tagged to keep"
    for prefix, reason in MANAGED_BY.items():
        if any(key.startswith(prefix) for key in keys):
            return reason
    return None


def snapshots_of_image(image: Mapping[str, Any]) -> set[str]:
    """The ids of all snapshots that an AMI, as DescribeImages shows it, is made of."""
    devices = (mapping.get("Ebs", {}) for mapping in image.get("BlockDeviceMappings", ()))
    return {device["SnapshotId"] for device in devices if device.get("SnapshotId")}
