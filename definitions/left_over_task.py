"""The part of a state machine that makes sure that no task of a run is left which is not stopped.

An execution that is stopped, or whose task times out, ends at once; its task has `stopTimeout` to end, and Step
Functions' own StopTask is best effort. So before another run takes the lock of one that ended without giving it back,
and before an attempt follows one that timed out, the tasks are asked for.

Lists are eventually consistent, each by itself. A task goes from the list of those that should run to the list of those
that should stop, and never back. So the first is read when the end has settled, and the second when the first has: a
task that was missing from the first had moved before, and by now the second knows.

Variables: `leaving` (whose tasks: `name`, `family`, its `entry` in the line, `since` when it has ended, `isSelf`),
`tasks` (how far the lists have been read).
"""

from typing import Any

from definitions import lock, names
from definitions.calls import CONDITION_FAILED, call, rule
from definitions.jsonata import ME, NOW_SECONDS, UNCHANGED, expression
from spec.job import JobSpec

SETTLING_SECONDS = 60
"""How old a change must be before a list of tasks is taken to know of it. ECS gives no bound:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""

_PAGE = 20
"""Tasks a page: with overrides of 8,192 characters each their descriptions stay below the 256 KiB of a state's data."""


def own_tasks() -> dict[str, Any]:
    """What to assign before the search for those of the run itself."""
    leaving = {
        "name": expression("$states.context.Execution.Name"),
        "family": expression(f"$split({ME}, ':')[6]"),
        "entry": expression("$entry"),
        "since": expression(NOW_SECONDS),
        "isSelf": True,
    }
    return {"leaving": leaving, "tasks": _search_from(NOW_SECONDS)}


def tasks_of_dead_run(ended_at: str) -> dict[str, Any]:
    """What to assign before the search for those of the run that has the lock; `ended_at` is JSONata."""
    leaving = {
        "name": expression("$split($seen.holder, ':')[7]"),
        # A state machine and its task family have the same name.
        "family": expression("$split($seen.holder, ':')[6]"),
        "entry": expression("$seen.head"),
        "since": expression(ended_at),
        "isSelf": False,
    }
    return {"leaving": leaving, "tasks": _search_from(ended_at)}


def _search_from(since: str) -> dict[str, Any]:
    """The value of `tasks` when a search begins for a run that ended at `since` (seconds since 1970, as JSONata)."""
    return {"desired": "RUNNING", "arns": [], "since": expression(since)}


def left_over_task_states(
    job: JobSpec,
    *,
    table: str,
    cluster_arn: str,
    when_self: str,
    when_self_assign: dict[str, Any] | None,
    any_family: bool = False,
) -> dict[str, Any]:
    """The states that look for the tasks of `leaving`, stop them, and wait until none is left.

    Args:
        job: the job whose lock it is about.
        table: the name of the stack's lock table.
        cluster_arn: the cluster they run on.
        when_self: the state that follows when the tasks were the run's own; a dead run's lock is cleared otherwise.
        when_self_assign: what to assign on the way there.
        any_family: whether they may be of other families than their job's: then all tasks of the cluster are listed.
    """
    return {
        names.SETTLE: {
            "Comment": "A list of tasks is believed a minute after what it has to tell.",
            "Type": "Wait",
            "Seconds": expression(f"$max([0, $ceil($tasks.since + {SETTLING_SECONDS} - {NOW_SECONDS})])"),
            "Output": UNCHANGED,
            "Next": names.LIST_TASKS,
        },
        names.LIST_TASKS: call(
            "Lists the tasks of the dead run's job, first those that should run, then those that should stop.",
            "aws-sdk:ecs:listTasks",
            expression(f"""{{
                'Cluster': '{cluster_arn}',
                {"" if any_family else "'Family': $leaving.family,"}
                'DesiredStatus': $tasks.desired,
                'MaxResults': {_PAGE},
                'NextToken': $tasks.next
            }}"""),
            names.LEFT_OVER,
            assign={
                "tasks": expression(
                    "{'desired': $tasks.desired, 'arns': [$states.result.TaskArns], 'next': $states.result.NextToken}"
                )
            },
        ),
        names.DESCRIBE_TASKS: call(
            "Tells which of them are the dead run's, and have not stopped.",
            "aws-sdk:ecs:describeTasks",
            {"Cluster": cluster_arn, "Tasks": expression("[$tasks.arns]")},
            names.LEFT_OVER,
            assign={
                "tasks": expression("""(
                    $live := $states.result.Tasks[Group = $leaving.name and LastStatus != 'STOPPED'];
                    {
                        'desired': $tasks.desired,
                        'arns': [],
                        'next': $tasks.next,
                        'live': $count($live),
                        'unstopped': $live[DesiredStatus = 'RUNNING'][0].TaskArn
                    }
                )""")
            },
        ),
        names.LEFT_OVER: _decide(when_self, when_self_assign),
        # By now the entry may be another life's of the same execution, and the task its rightful one.
        names.CONFIRM: call(
            "Nothing is stopped in the name of an entry that somebody else has cleared.",
            "dynamodb:updateItem",
            lock.confirm(job, table, "$leaving.entry"),
            names.STOP_TASK,
            expected=((CONDITION_FAILED, names.LOOK, {"Comment": "no longer"}),),
        ),
        names.STOP_TASK: call(
            "Stops a task that nothing watches any more.",
            "aws-sdk:ecs:stopTask",
            {
                "Cluster": cluster_arn,
                "Task": expression("$tasks.unstopped"),
                "Reason": expression("'The execution ' & $leaving.name & ' that started it has ended'"),
            },
            names.WAIT_FOR_TASKS,
        ),
        names.WAIT_FOR_TASKS: {
            "Comment": "Waits longer the longer it takes.",
            "Type": "Wait",
            "Seconds": expression(f"$max([10, $floor(({NOW_SECONDS} - $leaving.since) / 20)])"),
            "Assign": {"tasks": {"desired": expression("$tasks.desired"), "arns": []}},
            "Output": UNCHANGED,
            "Next": names.LIST_TASKS,
        },
    }


def _decide(when_self: str, assign: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "Comment": "Goes through both lists to their ends.",
        "Type": "Choice",
        "Choices": [
            rule("some are listed", "$count($tasks.arns) > 0", names.DESCRIBE_TASKS),
            rule("one runs on", "$exists($tasks.unstopped)", names.CONFIRM),
            rule("one is stopping", "$exists($tasks.live) and $tasks.live > 0", names.WAIT_FOR_TASKS),
            rule("more to list", "$exists($tasks.next)", names.LIST_TASKS),
            rule(
                "none should run",
                "$tasks.desired = 'RUNNING'",
                names.SETTLE,
                {"tasks": {"desired": "STOPPED", "arns": [], "since": expression(NOW_SECONDS)}},
            ),
            rule("its own have stopped", "$leaving.isSelf", when_self, assign),
        ],
        "Default": names.CLEAR,
    }
