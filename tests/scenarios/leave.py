"""What a job's container leaves as its result: `leave.py TEXT`, or `leave.py LENGTH CODE`, a text of one character."""

import os
import sys

import boto3

bucket, _, key = os.environ["LONGHAUL_RESULT_URL"].removeprefix("s3://").partition("/")
body = sys.argv[1] if len(sys.argv) == 2 else f'"{(int(sys.argv[1]) - 2) * chr(int(sys.argv[2]))}"'
boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body.encode())
