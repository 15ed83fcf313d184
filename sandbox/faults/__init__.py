"""Faults that the runs of a stack meet, each a small class: added, they happen until they are cleared.

    refused = aws.faults.add(RefuseCapacity(of="acme-dev-rollup", first=2))
    ...
    assert refused.struck == 2

They work on data alone. The rooms of the sandbox ask `Faults` at the one place where each can happen: RunTask, the
start of a container, a task that runs, what is told of one, the delivery of a scheduled time.
"""

from sandbox.faults.causes import SpoilCause
from sandbox.faults.clusters import LoseContact, RefuseJob, RejectPod
from sandbox.faults.deliveries import DeliverLate, DeliverTwice, SpoilChange
from sandbox.faults.fault import Fault
from sandbox.faults.functions import InvokeAnswer, RefuseInvoke, TimeOutFunction
from sandbox.faults.registry import Faults
from sandbox.faults.run_task import RefuseCapacity, RunTaskAnswer, Throttle
from sandbox.faults.starting import FailPull, LoseSecret
from sandbox.faults.stopping import InterruptSpot, LoseHost, RetireTask, RunOutOfMemory, TaskStop

__all__ = [
    "DeliverLate",
    "DeliverTwice",
    "FailPull",
    "Fault",
    "Faults",
    "InterruptSpot",
    "InvokeAnswer",
    "LoseContact",
    "LoseHost",
    "LoseSecret",
    "RefuseCapacity",
    "RefuseInvoke",
    "RefuseJob",
    "RejectPod",
    "RetireTask",
    "RunOutOfMemory",
    "RunTaskAnswer",
    "SpoilCause",
    "SpoilChange",
    "TaskStop",
    "Throttle",
    "TimeOutFunction",
]
