"""Lambda functions: each execution environment is a process on this machine, and talks to Lambda's Runtime API.

That of a container image is what its image or the function's ImageConfig says; that of a zip archive is its wrapper
script, and archives without one are MiniStack's. As on AWS an environment takes one event at a time, is used again
while it is warm and stands still in between, so that a job meets what its last run has left; one that has had no event
for a while is gone.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from sandbox.functions.environments import Environments

__all__ = ["Environments"]
