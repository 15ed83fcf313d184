"""What a stack asks for: `Pulumi.<stack>.yaml` and `jobs/<name>/job.yaml`, read, merged, checked and frozen.

Pure Python and pydantic: nothing here imports pulumi or boto3, and nothing talks to AWS. The way in is
`spec.load.load_stack`.
"""
