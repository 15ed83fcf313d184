"""The states that look what an attempt had come to when it timed out.

States.Timeout comes without the task. Where a task may wait for room until then, one that ran too long has to be told
from one that never ran: it is found among those that have stopped.

Variable: `timedOut` (how far the list has been read, and the record once it is found).
"""

from typing import Any

from definitions.attempts import AttemptNames
from definitions.calls import call, rule
from definitions.jsonata import UNCHANGED, expression, literal
from definitions.left_over_task import SETTLING_SECONDS
from definitions.run_call import Search

_PAGE = 20
"""Tasks a page: with overrides of 8,192 characters each their descriptions stay below the 256 KiB of a state's data."""


def search_states(called: AttemptNames, search: Search | None) -> dict[str, Any]:
    """The states that find out what an attempt that timed out has done until then; none where it can only have run.

    Whatever they do not find out leaves it at that it timed out: they never end the execution.
    """
    if search is None:
        return {}
    in_vain = (("States.ALL", called.decide, {"Comment": "cannot be told"}),)
    return {
        called.let_it_stop: {
            "Comment": "Step Functions has its task stopped, and a list of tasks is believed a minute later.",
            "Type": "Wait",
            "Seconds": SETTLING_SECONDS,
            "Assign": {"timedOut": {"arns": []}},
            "Output": UNCHANGED,
            "Next": called.list_stopped,
        },
        called.list_stopped: call(
            "Lists the tasks of the job that have stopped.",
            "aws-sdk:ecs:listTasks",
            expression(f"""{{
                'Cluster': '{search.cluster_arn}',
                'Family': {literal(search.family)},
                'DesiredStatus': 'STOPPED',
                'MaxResults': {_PAGE},
                'NextToken': $timedOut.next
            }}"""),
            called.is_it_found,
            assign={"timedOut": expression("{'arns': [$states.result.TaskArns], 'next': $states.result.NextToken}")},
            expected=in_vain,
        ),
        called.describe_stopped: call(
            "Tells whether one of them is the attempt's own, and whether it was placed.",
            "aws-sdk:ecs:describeTasks",
            {"Cluster": search.cluster_arn, "Tasks": expression("[$timedOut.arns]")},
            called.is_it_found,
            assign={"timedOut": expression(f"{{'arns': [], 'next': $timedOut.next, 'record': {search.record}}}")},
            expected=in_vain,
        ),
        called.is_it_found: {
            "Comment": "Goes through the list to its end.",
            "Type": "Choice",
            "Choices": [
                rule("some are listed", "$count($timedOut.arns) > 0", called.describe_stopped),
                rule(
                    "found",
                    "$exists($timedOut.record)",
                    called.decide,
                    {"run": expression("$timedOut.record")},
                ),
                rule("more to list", "$exists($timedOut.next)", called.list_stopped),
            ],
            "Default": called.decide,
        },
    }
