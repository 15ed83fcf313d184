"""Why an attempt ended as it did, in plain words, and what to do about it.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from __future__ import annotations

import re

from ops.attempts import ABANDONED, GOES_ON, Attempt

_STOP_CODES = {
    "EssentialContainerExited": "its container ended",
    "TaskFailedToStart": "it could not be started",
    "UserInitiated": "somebody stopped it",
    "SpotInterruption": "AWS took its Spot capacity back",
    "TerminationNotice": "AWS retired the machine that it ran on",
    "InfrastructureHealth": "the machine that it ran on broke",
    "ServiceSchedulerInitiated": "ECS moved it",
}
_EXIT_CODES = {
    1: "the program failed",
    2: "the program failed, or was called with arguments that it does not take",
    126: "the command cannot be executed",
    127: "the command was not found in the image",
    134: "the program aborted itself",
    137: "it was killed (SIGKILL): it did not end within `stopTimeout`, or something in it ran out of memory",
    139: "the program crashed (a segmentation fault)",
    143: "it was told to end (SIGTERM)",
}
_OUTCOMES = {
    "SUCCEEDED": ("it succeeded", None),
    "Job.OutOfMemory": (
        "it used more memory than it has and was killed",
        "Give the job more `memory`, or have it hold less at a time.",
    ),
    "Job.TimedOut": (
        "it ran longer than its `timeout` and was stopped",
        "See in its log what took so long. If it needs the time, raise `timeout`.",
    ),
    "Job.NeverStarted": ("no line of the job's code ran", "Run it again; if that fails too, see AWS's health page."),
    "Job.NotPlaced": (
        "no instance took it",
        "Start more instances behind its capacity provider, or let it have more; see that the smallest of them can "
        "hold the job's `cpu` and `memory`.",
    ),
    "Job.Refused": ("AWS refused to start it", "Mend what AWS names, deploy, and run it again."),
    "Job.Interrupted": (
        "AWS took the machine away",
        "Run it again. If this happens often on Spot, set `capacity.onDemandAfter`, or `spot: false`.",
    ),
    "Job.Stopped": ("somebody stopped the task", "The reason may say who and why. Run it again when that is settled."),
    "Job.InvalidResult": (
        "it exited with code 0 and left no valid result",
        "See that the job puts JSON of up to 128 KiB where `LONGHAUL_RESULT_URL` says, or take its `results` away.",
    ),
    "Job.Unexplained": (
        "it failed, and AWS does not say why",
        "Read its log, and look at the task in the console while ECS still shows it, for an hour.",
    ),
    ABANDONED: (
        "the run was stopped while it went on",
        "If it was not meant, run it again, or continue it with `redrive`.",
    ),
    GOES_ON: ("it goes on", None),
}
_ON_EC2 = {
    "Job.TimedOut": (
        "it was not done when its `timeout` was over, the wait for an instance included",
        "See in its times how long it waited, and in its log what took so long. If it needs the time, raise `timeout`.",
    ),
    "Job.Interrupted": (
        "its instance was taken away",
        "Run it again. If this happens often, have the provider spare instances at work when it scales in (managed "
        "termination protection), or take none from Spot.",
    ),
}
_ON_LAMBDA = {
    "Job.TimedOut": (
        "it ran longer than its `timeout` and was cut off",
        "See in its log what took so long. If it needs the time, raise `timeout`, to 15m at most, or give it more "
        "`memory`, with which it gets more CPU. Beyond that, leave Lambda.",
    ),
    "Job.Refused": ("it was not started", "Mend what the reason names, deploy, and run it again."),
    "Job.Unexplained": (
        "it failed, and Lambda does not say why",
        "Read its log: Lambda's own lines about it are there.",
    ),
}
_UNANSWERED = {
    "Job.NeverStarted": (
        "Lambda did not say whether it ran",
        "See in its log group whether it did, before you run it again; then see AWS's health page.",
    ),
}
_NO_ANSWER = re.compile(r"Lambda\.(?:Service|AWSLambda|SdkClient|ClientExecutionTimeout)Exception")
"""After these a function may run all the same.
https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html"""
# Where the cluster is in the place of ECS.
_IN_CLUSTER = {
    "Job.OutOfMemory": (
        "it was killed, most likely as it used more memory than it has",
        "Give the job more `memory`, or have it hold less at a time.",
    ),
    "Job.TimedOut": (
        "it was not done when its `timeout` was over, the wait for a node and its image included",
        "See in the cluster whether it ran: events tell of a node, an image or a Secret that was missing. If it needs "
        "the time, raise `timeout`.",
    ),
    "Job.Refused": ("the cluster refused it", "Mend what the reason names, and run it again."),
    "Job.Interrupted": (
        "the cluster took its pod away",
        "Run it again: its node was drained or lost, or given to others.",
    ),
    "Job.Stopped": ("somebody deleted its Job", "Ask in the cluster who did. Run it again when that is settled."),
    "Job.Unexplained": (
        "it failed, and the cluster does not say why",
        "Look at its pod, and at the namespace's events, while the cluster keeps them.",
    ),
}
_OF_A_FUNCTIONS_SECRET = r"cannot read the secret \S+ from \S+: "
_REASONS = (
    (
        r"limit on the number of (?:tasks|vcpus)",
        "The account's quota of Fargate vCPUs is used up: ask for more, or move jobs apart.",
    ),
    (
        r"capacity is unavailable",
        "AWS had no capacity left: run it later, allow more subnets in other zones, or set `capacity.onDemandAfter`.",
    ),
    (
        r"resource:|empty capacity provider|no active instances|provisioning capacity limit",
        "Its capacity provider has no room: start more instances, or let it have more; see that the smallest of them "
        "can hold the job's `cpu` and `memory`.",
    ),
    (
        r"(?:^|[:; ])(?:attribute|location)(?:;|$)|placement constraint",
        "No instance is what the job asks for: see its `architecture`, its `networkMode` and its `constraints`, and "
        "docs/run-on-ec2.md on how instances are set up.",
    ),
    (
        r"(?:^|[:; ])agent(?:;|$)",
        "The agents of its instances are not connected: see that they run, and that they reach ECS.",
    ),
    (
        r"lambda\.toomanyrequests",
        "The account's concurrency of Lambda was used up: ask for more, or move schedules apart.",
    ),
    (
        r"subnetipaddresslimit|enilimit",
        "The subnets have no address left for functions, or the account no network interface: see what takes them.",
    ),
    (
        r"runtime\.invalidentrypoint",
        "The image has no `python3` on its PATH, which a function needs: put one there, or leave Lambda.",
    ),
    (
        rf"{_OF_A_FUNCTIONS_SECRET}(?:\w*throttl|toomanyrequests|\w*limitexceeded)",
        "Too many functions asked for their secrets at once: move schedules apart.",
    ),
    (
        rf"{_OF_A_FUNCTIONS_SECRET}\S+ (?:cannot be reached|broke off)",
        "The network did not let it out: look at the NAT gateway, the endpoints and the security groups.",
    ),
    (
        rf"{_OF_A_FUNCTIONS_SECRET}the certificate",
        "Its image has no certificates by which AWS is known: install them, as with the package ca-certificates.",
    ),
    (
        rf"{_OF_A_FUNCTIONS_SECRET}(?:internal|http status)",
        "Secrets Manager or SSM had trouble of its own: see AWS's health page, and run it again.",
    ),
    (
        r"cannot read the secret",
        "A secret cannot be read: see that it is there, with what the reason names, and that the function's role may "
        "read it.",
    ),
    (r"throttl|rate exceeded|too ?many ?requests", "Too many tasks started at once: move schedules apart."),
    (
        r"cannotpullcontainer.*(?:not found|does not exist|manifest unknown)",
        "The image is not there: push it or mend its name, and deploy.",
    ),
    (
        r"(?:cannotpullcontainer|resourceinitialization).*(?:time(?:d )?out|deadline|refused|reset|i/o)",
        "The network did not let it out: look at the NAT gateway, the endpoints and the security groups.",
    ),
    (
        r"no space left on device",
        "The disk is full: on Fargate give the job more `ephemeralStorage`, on EC2 its instances a larger disk.",
    ),
    (
        r"cannotpullcontainer",
        "The image cannot be pulled: see that it is there and that the execution role may read it.",
    ),
    (
        r"resourceinitialization.*(?:secret|parameter|ssm)",
        "A secret cannot be read: see that it is there and that the execution role may read it.",
    ),
    (r"characters that ecs takes", "Give it less input: keep it in S3, and pass its name."),
    (r"not authorized|accessdenied|access denied", "A permission is missing: grant what the reason names, and deploy."),
)


def in_words(attempt: Attempt) -> str:
    """Why an attempt ended as it did, for a person."""
    if attempt.outcome == "Job.ExitedNonZero":
        meaning = _EXIT_CODES.get(attempt.exit_code or 0)
        return f"it exited with code {attempt.exit_code}" + (f": {meaning}" if meaning else "")
    if attempt.outcome == ABANDONED and attempt.step is not None:
        return "it was stopped, as the run was, or another task that it ran beside had failed"
    words = _told(attempt, (f"it failed with {attempt.outcome}", None))[0]
    cause = _STOP_CODES.get(attempt.stop_code or "")
    if cause and attempt.outcome in ("Job.Interrupted", "Job.Unexplained", "Job.TimedOut", ABANDONED):
        words += f" ({cause})"
    return words


def advice(attempt: Attempt) -> str | None:
    """What to do about it; None where nothing needs to be done."""
    if attempt.outcome in ("SUCCEEDED", GOES_ON):
        return None
    if attempt.outcome == ABANDONED and attempt.step is not None:
        return "See which step failed, or who stopped the run."
    if attempt.outcome == "Job.ExitedNonZero":
        return "Read its log: the job's own code reported the failure."
    if attempt.outcome in ("Job.NeverStarted", "Job.NotPlaced", "Job.Refused"):
        text = f"{attempt.start_error or ''} {attempt.reason or ''}"
        for pattern, what in _REASONS:
            if re.search(pattern, text, re.IGNORECASE | re.DOTALL):
                return what
    return _told(attempt, ("", "Read what AWS says of it, and run it again."))[1]


def _told(attempt: Attempt, otherwise: tuple[str, str | None]) -> tuple[str, str | None]:
    """What an outcome means, and what to do about it."""
    return _there(attempt).get(attempt.outcome) or _OUTCOMES.get(attempt.outcome, otherwise)


def _there(attempt: Attempt) -> dict[str, tuple[str, str]]:
    """What is to be said otherwise where it ran."""
    if attempt.kubernetes_job is not None:
        return _IN_CLUSTER
    if attempt.function_arn is not None:
        return _ON_LAMBDA | (_UNANSWERED if _NO_ANSWER.fullmatch(attempt.start_error or "") else {})
    return _ON_EC2 if attempt.task.get("LaunchType") == "EC2" else {}
