"""Map states in Distributed mode: a Map Run and its child executions.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""
