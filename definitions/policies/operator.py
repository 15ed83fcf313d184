"""What people who operate a stack may do: all that the verbs of the command line need, and nothing else."""

from collections.abc import Iterator
from typing import Any

from definitions.place import Place
from definitions.policies.operator_grants import GRANTS
from definitions.policies.operator_needs import READING, VERBS, Grant, Need
from definitions.policies.statements import allow, policy


def needs(verbs: tuple[str, ...]) -> Iterator[tuple[Grant, Need]]:
    """What any of these verbs needs, each with the grant that it is in."""
    return ((grant, need) for grant in GRANTS for need in grant.needs if set(verbs) & set(need.verbs))


def operator_policy(place: Place, *, read_only: bool = False) -> dict[str, Any]:
    """The policy for whoever operates a stack, or with `read_only` for whoever only looks at it.

    As names begin with the stack's, so do those of a stack whose name begins with this one's and a hyphen.
    """
    wanted: dict[Grant, list[str]] = {}
    for grant, need in needs(READING if read_only else VERBS):
        wanted.setdefault(grant, []).append(need.action)
    return policy(
        [
            allow(grant.sid, actions, grant.resource(place), grant.condition(place) if grant.condition else None)
            for grant, actions in wanted.items()
        ]
    )
