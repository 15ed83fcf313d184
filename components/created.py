"""What a state machine runs, once it is created: of whatever kind it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi import Output

from components.roles import GrantedRole


@dataclass(frozen=True, kw_only=True)
class CreatedContainer:
    """One container of a job.

    what_runs: the exact revision of it, as `definitions.run_task.RunTarget` takes it.
    roles: what it runs with.
    """

    what_runs: Output[str]
    roles: tuple[GrantedRole, ...]


def roles_of(created: Mapping[str, CreatedContainer]) -> Sequence[GrantedRole]:
    """The roles that the containers have, each once, in their order."""
    roles = [role for one in created.values() for role in one.roles]
    return list({id(role): role for role in roles}.values())
