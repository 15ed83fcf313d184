"""AWS's list prices that the project's figures are made with: us-east-1, in US dollars, as seen on 2026-11-29.

https://aws.amazon.com/step-functions/pricing/ and https://aws.amazon.com/dynamodb/pricing/on-demand/
"""

STATE_TRANSITION = 0.025 / 1_000
"""Step Functions, Standard, beyond the 4,000 transitions a month that are free."""
