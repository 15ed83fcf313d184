"""What the steps of `stepping` and `mapping` run: they read a large input from S3, the first looks around and leaves a
result; a line for each call that is refused."""

import json
import os
import sys
import time

text = os.environ.get("LONGHAUL_INPUT")
work = json.loads(text) if text else ""
if work == "wait":
    time.sleep(1000)
is_first = os.environ["LONGHAUL_STEP"] == "first"
if work == "nothing" or (text and not is_first):
    sys.exit()

import boto3  # noqa: E402 - it takes a while
from botocore.exceptions import ClientError  # noqa: E402

s3, refused = boto3.client("s3"), 0


def place(variable: str) -> dict[str, str]:
    bucket, _, key = os.environ[variable].removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


calls = [] if text else [lambda: s3.get_object(**place("LONGHAUL_INPUT_URL"))]
if is_first:
    calls.append(lambda: s3.put_object(**place("LONGHAUL_RESULT_URL"), Body=b"{}"))
    calls.append(lambda: s3.list_objects_v2(Bucket=os.environ["BUCKET"]))
for call in calls:
    try:
        call()
    except ClientError as error:
        refused += 1
        sys.stdout.write(f"{error.response['Error']['Code']} {error.response['Error']['Message']}\n")
sys.exit(refused)
