"""AWS's list prices that the project's figures are made with: us-east-1, in US dollars, as seen on 2026-11-29.

Without free tiers, discounts and taxes. https://aws.amazon.com/step-functions/pricing/,
https://aws.amazon.com/fargate/pricing/, https://aws.amazon.com/lambda/pricing/, https://aws.amazon.com/vpc/pricing/
"""

SEEN = "2026-11-29"
REGION = "us-east-1"

STATE_TRANSITION = 0.025 / 1_000
"""Step Functions, Standard, beyond the 4,000 transitions a month that are free."""

FARGATE_VCPU_HOUR = {"x86_64": 0.04048, "arm64": 0.03238}
FARGATE_GB_HOUR = {"x86_64": 0.004445, "arm64": 0.00356}
FARGATE_STORAGE_GB_HOUR = 0.000111
"""Of what a task has beyond the 20 GB that come with it."""
FARGATE_LEAST_SECONDS = 60
"""A task is billed by the second, and never for less than this. Spot's prices move, and are lower."""
PUBLIC_IPV4_HOUR = 0.005
"""Of a task's own address, in a public subnet."""

LAMBDA_GB_SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
LAMBDA_REQUEST = 0.20 / 1_000_000
LAMBDA_STORAGE_GB_SECOND = 0.0000000309
"""Of what a function has beyond 512 MB. A function is billed by the millisecond."""
