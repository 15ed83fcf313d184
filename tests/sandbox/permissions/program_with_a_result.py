"""What the job `returning` runs: it leaves a result, unless it is told not to, or a line that says why it could not."""

import json
import os
import sys
import time

work = json.loads(os.environ["LONGHAUL_INPUT"])
if work == "wait":
    time.sleep(1000)
if work == "nothing":
    sys.exit()

import boto3  # noqa: E402 - it takes a while
from botocore.exceptions import ClientError  # noqa: E402

bucket, _, key = os.environ["LONGHAUL_RESULT_URL"].removeprefix("s3://").partition("/")
try:
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=b"{}")
except ClientError as error:
    sys.stdout.write(f"{error.response['Error']['Code']} {error.response['Error']['Message']}\n")
    sys.exit(1)
