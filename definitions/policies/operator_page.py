"""The page that tells what an operator's policies allow and why, as Markdown, from the table that they are made from.

`python -m definitions.policies.operator_page > docs/operator-permissions.md`
"""

import sys
from collections.abc import Iterable, Iterator

from definitions.policies.operator import needs
from definitions.policies.operator_needs import FINDING, READING, VERBS, Need

_INTRODUCTION = """\
<!-- Made by `python -m definitions.policies.operator_page`. Change operator_grants.py there, not this page. -->
# What an operator may do

The commands of [operating.md](operating.md) ask AWS as whoever calls them. What they need for one stack is printed
as an IAM policy by

```sh
./longhaul policy --stack dev                # every verb
./longhaul policy --stack dev --read-only    # those that only look
```

It fits into the 6,144 characters of a managed policy, for a user, a role or a permission set. It names the stack's
resources by their names: so it can be made before the stack is deployed, and holds for jobs to come, but also for
another stack whose name begins with this one's and a hyphen (`dev-two` beside `dev`). `--account` gives the account's
number; without it AWS is asked for the caller's own.

Each verb works with exactly these actions, and each action is needed by a verb. A verb that lacks one ends with exit
code 3 and names it; `doctor` names it as a finding, `not-checked`, and looks at everything else.
"""
_VERBS = """
## Verbs and their actions

Those in bold only look: the policy of `--read-only` is for them. `dead-letters list` is none of them, as SQS shows
letters only to whoever takes them in hand, where nobody else sees them. Every verb but `check --deployed` looks for the
stack's jobs and their triggers first, and needs for that

- {finding}.

Beside these it needs

| Verb | Actions |
| --- | --- |"""
_ACTIONS = """
## Actions and what they are for

| Action | On | What for | `--read-only` |
| --- | --- | --- | --- |"""
_END = """
Actions on anything are those for which AWS knows no resource to name: with them one also sees other stacks of the
account, by name, tag or definition. Of `ecs:ListTasks` the cluster is the condition.

## What is left out

Jobs are found by their tags, with `tag:GetResources`. Whoever may not do that is told of them one by one, which is
slower, with `states:ListStateMachines`, `states:ListTagsForResource` and `events:ListTagsForResource`. The policies
have the one way and not the other.

Where `longhaul:alerts` names a topic that is there already, `dead-letters retry` needs `sns:Publish` on that too, and
the use of its key.

Whoever deploys needs other permissions, and more: see [deploying.md](deploying.md).
"""


def page() -> str:
    """docs/operator-permissions.md."""
    finding = [need for _, need in needs(FINDING) if set(FINDING) <= set(need.verbs)]
    verbs = (f"| {_name(verb)} | {_actions(need for need in _of(verb) if need not in finding)} |" for verb in FINDING)
    others = (f"| {_name(verb)} | only {_actions(_of(verb))} |" for verb in VERBS if verb not in FINDING)
    actions = (
        f"| `{need.action}` | {grant.on} | {need.why} | {'yes' if set(need.verbs) & set(READING) else ''} |"
        for grant, need in needs(VERBS)
    )
    head = _INTRODUCTION + _VERBS.format(finding=_actions(finding))
    return "\n".join([head, *verbs, *others, _ACTIONS, *actions, _END])


def _of(verb: str) -> Iterator[Need]:
    return (need for _, need in needs((verb,)))


def _actions(wanted: Iterable[Need]) -> str:
    # On map runs another statement grants what one on machines does.
    return ", ".join(dict.fromkeys(f"`{need.action}`" for need in wanted))


def _name(verb: str) -> str:
    return f"**`{verb}`**" if verb in READING else f"`{verb}`"


if __name__ == "__main__":
    sys.stdout.write(page())
