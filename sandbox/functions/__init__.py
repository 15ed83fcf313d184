"""Lambda functions of container images: each execution environment is a process on this machine.

It runs the image's program as the function's ImageConfig says, and talks to it by Lambda's Runtime API. Functions of
zip files are MiniStack's. As on AWS an environment takes one event at a time, is used again while it is warm and stands
still in between, so that a job meets what its last run has left; one that has had no event for a while is gone.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from sandbox.functions.environments import Environments

__all__ = ["Environments"]
