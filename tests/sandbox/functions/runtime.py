"""A runtime that does what its events say: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

An event's keys: `say` is printed and `end` after it, `write` creates a file in HOME, `exit` ends the process with that
code, `kill` by that signal, `wait` has it wait for a file, `fail` is the type of an error to report, `leave` starts a
process that outlives the event, `size` makes the answer longer, `call` asks AWS who it is, or for buckets. The answer
tells of the environment.
"""

import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
BASE = "/2018-06-01/runtime/"


def call(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> tuple[int, dict, bytes]:
    connection = http.client.HTTPConnection(API)
    connection.request(method, BASE + path, body, headers or {})
    answer = connection.getresponse()
    found = answer.status, dict(answer.headers.items()), answer.read()
    connection.close()
    return found


def aws(what: str) -> str:
    import boto3
    from botocore.exceptions import ClientError

    if what == "who":
        return boto3.client("sts").get_caller_identity()["Arn"]
    try:
        boto3.client("s3").list_buckets()
    except ClientError as error:
        return error.response["Error"]["Message"]
    return "listed"


def handle(event: dict, headers: dict) -> dict:
    home = Path(os.environ["HOME"])
    if "say" in event:
        sys.stdout.write(event["say"] + event.get("end", "\n"))
        sys.stdout.flush()
    if "leave" in event:
        subprocess.Popen(["sleep", "1000"], start_new_session=True, stdout=subprocess.DEVNULL)
    while "wait" in event and not Path(event["wait"]).exists():
        time.sleep(0.01)
    if "kill" in event:
        os.kill(os.getpid(), event["kill"])
    if "exit" in event:
        sys.exit(event["exit"])
    left = sorted(each.name for each in home.iterdir())
    if "write" in event:
        (home / event["write"]).touch()
    return {
        "event": event,
        "left": left,
        "process": os.getpid(),
        "variables": dict(os.environ),
        "folder": os.getcwd(),  # noqa: PTH109
        "arguments": sys.argv[1:],
        "seconds": int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time(),
        "arn": headers["Lambda-Runtime-Invoked-Function-Arn"],
        "request": headers["Lambda-Runtime-Aws-Request-Id"],
        "aws": aws(event["call"]) if "call" in event else None,
        "padding": "x" * event.get("size", 0),
    }


def main() -> None:
    if "INIT_ERROR" in os.environ:
        report = {"errorType": "Config.Missing", "errorMessage": os.environ["INIT_ERROR"]}
        call(
            "POST", "init/error", json.dumps(report).encode(), {"Lambda-Runtime-Function-Error-Type": "Config.Missing"}
        )
        sys.exit(1)
    if "INIT_EXIT" in os.environ:
        sys.exit(int(os.environ["INIT_EXIT"]))
    while True:
        _, headers, body = call("GET", "invocation/next")
        request, event = headers["Lambda-Runtime-Aws-Request-Id"], json.loads(body)
        if "fail" in event:
            report = {"errorType": event["fail"], "errorMessage": "because", "stackTrace": []}
            call("POST", f"invocation/{request}/error", json.dumps(report).encode())
            continue
        answer = handle(event, headers)
        call("POST", f"invocation/{request}/response", json.dumps(answer).encode())


main()
