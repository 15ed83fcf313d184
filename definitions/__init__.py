"""From a JobSpec to the AWS documents it becomes, as plain dicts: state machine, task definition, policies, trigger.

Everything here is a pure function of a JobSpec, a `Place` and plain strings (ARNs, names). Nothing imports pulumi or
boto3, so the same code serves the program, `longhaul render`, the sandbox and the tests.
"""
