"""What the roles of a job may do, before and after: the statements of the policies that the job becomes."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from definitions.policies import needs_own_execution_role
from definitions.render import documents
from review.report import Grant, GrantChange
from spec.job import JobSpec
from spec.stack import StackSpec

TASK_ROLE = "task role"
_OWN = {
    "task-role": TASK_ROLE,
    "function-role": "function's role",
    "execution-role": "execution role",
    "state-machine-role": "state machine's role",
    "start-role": "role that starts the task",
}
_OF_ADDED_JOBS = ("task-role", "function-role", "execution-role")
"""Of a job that comes or goes: what runs or starts it has the same grants on its own task in each."""
_SHARED = {
    "execution-role": "shared execution role",
    "trigger-role": "trigger role",
    "dead-letter-queue": "dead-letter queue's policy",
    "image-repository": "image repository's policy",
}


class _Atom(NamedTuple):
    who: str
    effect: str
    action: str
    resource: str
    condition: str


def job_grants(before: JobSpec | None, after: JobSpec | None, old: StackSpec, new: StackSpec) -> GrantChange:
    """Statements that the roles of one job gain and lose; `before` or `after` is None for one that comes or goes.

    Both are rendered for the place of the stack `new`: that a Region or a name differs is said once for the stack.
    """
    roles = tuple(_OWN) if before is not None and after is not None else _OF_ADDED_JOBS
    return _change(_of_job(before, _moved(old, new), roles), _of_job(after, new, roles))


def shared_grants(old: StackSpec, new: StackSpec) -> GrantChange:
    """Statements that the roles shared by all jobs of a stack gain and lose."""
    return _change(_of_stack(_moved(old, new)), _of_stack(new))


def _moved(old: StackSpec, new: StackSpec) -> StackSpec:
    return old.model_copy(update={"project": new.project, "name": new.name, "region": new.region})


def _of_job(job: JobSpec | None, stack: StackSpec, roles: Iterable[str]) -> set[_Atom]:
    if job is None:
        return set()
    everything = documents(job, stack)
    rendered = everything["policies"]
    own = set(_in_cluster(job, everything)) if "state-machine-role" in roles else set[_Atom]()
    for name, role_documents in rendered.items():
        role, _, step = name.partition(" ")
        if role in roles and not (name == "execution-role" and _is_shared(job)):
            own.update(_atoms(f"{_OWN[role]} of {step}" if step else _OWN[role], role_documents.get("policy")))
    starters = (_atoms(f"role {name}", rendered[f"starter {name}"]["policy"]) for name in job.started_by.role_names)
    return own.union(*starters)


def _of_stack(stack: StackSpec) -> set[_Atom]:
    atoms: set[_Atom] = set()
    for job in stack.jobs:
        rendered = documents(job, stack)["policies"]
        own = set() if _is_shared(job) else {"execution-role"}
        for role in (_SHARED.keys() - own) & rendered.keys():
            atoms.update(_atoms(_SHARED[role], rendered[role]["policy"]))
    return atoms


def _in_cluster(job: JobSpec, rendered: dict[str, Any]) -> Iterator[_Atom]:
    """What the state machine may do in the job's cluster, by the group that its access entry puts it into."""
    for one in rendered.get("kubernetes", {}).get("objects", ()):
        for rule in one.get("rules", ()) if one["kind"] == "Role" else ():
            where = f"in the namespace {job.run_on.namespace} of the cluster {job.run_on.cluster}"
            for verb in rule["verbs"]:
                for resource in rule["resources"]:
                    yield _Atom("state machine's group", "Allow", verb, f"{resource} {where}", "")


def _is_shared(job: JobSpec) -> bool:
    """Whether the execution role that is called so, and is no step's own, is the stack's."""
    return bool(job.steps) or not needs_own_execution_role(job)


def _atoms(who: str, policy: dict[str, Any] | None) -> Iterator[_Atom]:
    for statement in policy["Statement"] if policy else ():
        condition = _in_words(statement.get("Condition", {}))
        for action in _listed(statement["Action"]):
            # What the policy of a repository allows is about itself.
            for resource in _listed(statement.get("Resource", "itself")):
                yield _Atom(who, statement["Effect"], action, resource, condition)


def _in_words(condition: dict[str, dict[str, Any]]) -> str:
    tests = (
        f"{key} {operator} {' or '.join(_listed(values))}"
        for operator, keys in sorted(condition.items())
        for key, values in sorted(keys.items())
    )
    return " and ".join(tests)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _change(old: set[_Atom], new: set[_Atom]) -> GrantChange:
    return GrantChange(gained=_gathered(new - old), lost=_gathered(old - new))


def _gathered(atoms: set[_Atom]) -> tuple[Grant, ...]:
    """Single permissions as few statements: actions on one resource together, then resources of the same actions."""
    actions: dict[tuple[str, str, str, str], list[str]] = {}
    for atom in sorted(atoms):
        actions.setdefault((atom.who, atom.effect, atom.condition, atom.resource), []).append(atom.action)
    resources: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = {}
    for (who, effect, condition, resource), found in sorted(actions.items()):
        resources.setdefault((who, effect, condition, tuple(found)), []).append(resource)
    return tuple(
        Grant(who=who, effect=effect, actions=found, resources=tuple(on), condition=condition)
        for (who, effect, condition, found), on in resources.items()
    )
