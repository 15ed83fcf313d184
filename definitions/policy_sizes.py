"""Whether what the roles of a stack may do fits into what IAM lets a role have."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from definitions.render import documents
from spec.stack import StackSpec

MOST_CHARACTERS = 10_240
"""Of all inline policies of a role together; white space does not count.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""


@dataclass(frozen=True)
class LargePolicy:
    """A policy that IAM would refuse: of which job, whose (`state-machine-role`), and how many characters it has."""

    job: str
    role: str
    characters: int


def large_policies(stack: StackSpec) -> Iterator[LargePolicy]:
    """The policies of the stack's roles that are larger than IAM takes; one that jobs share, at the first of them."""
    said: set[str] = set()
    for job in stack.jobs:
        for role, rendered in documents(job, stack)["policies"].items():
            text = json.dumps(rendered.get("policy"), separators=(",", ":"))
            if "-role" in role and len(text) > MOST_CHARACTERS and text not in said:
                said.add(text)
                yield LargePolicy(job.name, role, len(text))
