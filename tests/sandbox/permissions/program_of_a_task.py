"""What the job `permitted` runs: each call that its permissions allow, and a line for each that is refused."""

import json
import os
import sys
import time

work = json.loads(os.environ["LONGHAUL_INPUT"])
if work == "wait":
    time.sleep(1000)
if work == "idle":
    sys.exit()

import boto3  # noqa: E402 - it takes a while, and most runs need none of it
from botocore.exceptions import ClientError  # noqa: E402

if work == "who":
    sys.stdout.write(boto3.client("sts").get_caller_identity()["Arn"] + "\n")
    sys.exit()
s3, bucket = boto3.client("s3"), os.environ["BUCKET"]
refused = 0
for call in (
    lambda: s3.put_object(Bucket=bucket, Key="in/one", Body=b"1"),
    lambda: s3.get_object(Bucket=bucket, Key="in/one"),
    lambda: s3.list_objects_v2(Bucket=bucket, Prefix="in/"),
    lambda: s3.delete_object(Bucket=bucket, Key="in/old"),
    lambda: s3.delete_object(Bucket=bucket, Key="out/old"),
):
    try:
        call()
    except ClientError as error:
        refused += 1
        sys.stdout.write(f"{error.response['Error']['Code']} {error.response['Error']['Message']}\n")
sys.exit(refused)
