"""Every action that a verb of the command line needs, and no other: what for, and on what.

Jobs are found by their tags, with tag:GetResources. Whoever may not do that is told of them one by one, with
states:ListStateMachines and ListTagsForResource: those are granted to nobody, as one way is enough.
"""

from definitions.policies.operator_needs import (
    BY_LEDGER,
    FINDING,
    LETTERS,
    OF_ATTEMPTS,
    OF_RUNS,
    OF_TASKS,
    STARTING,
    VERBS,
    WHERE_TASKS_ARE,
    Grant,
    Need,
)
from definitions.tags import RUN_ON_TAG
from spec.pause_note import TAG

GRANTS: tuple[Grant, ...] = (
    # https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    Grant(
        sid="TheseKnowNoResource",
        on="anything",
        resource=lambda _: "*",
        needs=(
            Need(action="tag:GetResources", verbs=VERBS, why="finds the jobs by their tags"),
            Need(action="events:ListRules", verbs=FINDING, why="finds the rules that start them"),
            Need(action="scheduler:ListSchedules", verbs=VERBS, why="finds the schedules that start the others"),
            Need(action="logs:DescribeLogGroups", verbs=OF_TASKS, why="finds the ledger"),
            Need(action="sqs:ListQueues", verbs=("doctor", *LETTERS), why="finds the dead-letter queue"),
            Need(
                action="ecs:DescribeTaskDefinition",
                verbs=("show", "logs", "doctor", "start"),
                why="tells what a task is, and where it logs; of `start`, with `--follow`",
            ),
            Need(action="servicequotas:GetServiceQuota", verbs=("doctor",), why="tells what the account was granted"),
            Need(
                action="servicequotas:GetAWSDefaultServiceQuota", verbs=("doctor",), why="tells what others start with"
            ),
        ),
    ),
    Grant(
        sid="Schedules",
        on="the jobs' schedules",
        resource=lambda place: place.arn("scheduler", f"schedule/{place.schedule_group_name}/{place.prefix}*"),
        needs=(
            Need(action="scheduler:GetSchedule", verbs=VERBS, why="reads a schedule, which no list tells whole"),
            Need(action="scheduler:UpdateSchedule", verbs=("pause", "resume"), why="switches a schedule off or on"),
        ),
    ),
    Grant(
        sid="OnlyTheClusterBoundsThisList",
        on="tasks of the stack's cluster",
        resource=lambda _: "*",
        condition=lambda place: {"ArnLike": {"ecs:cluster": place.arn("ecs", f"cluster/{place.prefix}*")}},
        needs=(
            Need(
                action="ecs:ListTasks",
                verbs=(*OF_TASKS, "check --deployed"),
                why="looks for tasks that were left running, and for those of jobs without a state machine",
            ),
        ),
    ),
    Grant(
        sid="Jobs",
        on="the jobs' state machines",
        resource=lambda place: place.state_machine_arn_pattern,
        needs=(
            Need(
                action="states:ListExecutions",
                verbs=(*BY_LEDGER, "check --deployed", *OF_RUNS, "backfill"),
                why="lists runs, and finds `JOB@latest`, `JOB@-2` and `JOB@failed`",
            ),
            Need(
                action="states:DescribeStateMachine",
                verbs=("doctor", "start", "rerun"),
                why="tells how a job is deployed; of `start`, with `--command`; of `rerun`, with `--from`; of both, "
                "with a large input",
            ),
            Need(action="states:StartExecution", verbs=STARTING, why="starts a run"),
        ),
    ),
    Grant(
        sid="Runs",
        on="their executions, those of map runs too",
        resource=lambda place: place.arn("states", f"execution:{place.prefix}*:*"),
        needs=(
            Need(
                action="states:DescribeExecution",
                verbs=(*BY_LEDGER, "start", *OF_RUNS, "backfill"),
                why="tells how a run is doing, or how it ended; of `start`, with `--wait` or `--follow`",
            ),
            Need(
                action="states:GetExecutionHistory",
                verbs=("show", "logs", "doctor", "start", "rerun", "redrive", "stop"),
                why="tells of steps, attempts and their tasks; of `start`, with `--follow`; of `rerun`, with `--set` "
                "or `--from`",
            ),
            Need(
                action="states:DescribeStateMachineForExecution",
                verbs=("stop",),
                why="tells which cluster a run's tasks are in",
            ),
            Need(action="states:RedriveExecution", verbs=("redrive",), why="continues a run"),
            Need(action="states:StopExecution", verbs=("stop",), why="ends a run"),
        ),
    ),
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    Grant(
        sid="MapRuns",
        on="their map runs",
        resource=lambda place: place.arn("states", f"mapRun:{place.prefix}*"),
        needs=(
            Need(
                action="states:DescribeMapRun",
                verbs=(*OF_ATTEMPTS, "rerun", "redrive", "stop"),
                why="counts the items of a step that are executions of their own; of `start`, with `--follow`; of "
                "`rerun`, with `--from`",
            ),
            Need(
                action="states:ListExecutions",
                verbs=OF_ATTEMPTS,
                why="lists those executions; of `start`, with `--follow`",
            ),
        ),
    ),
    Grant(
        sid="Tasks",
        on="tasks of the stack's cluster",
        resource=lambda place: place.arn("ecs", f"task/{place.prefix}*/*"),
        needs=(
            Need(
                action="ecs:DescribeTasks",
                verbs=WHERE_TASKS_ARE,
                why="tells how a task is doing, or why it ended; of `start`, with `--wait` or `--follow`",
            ),
            Need(
                action="ecs:StopTask",
                verbs=("stop",),
                why="stops a task that Step Functions left running, or that has no state machine",
            ),
        ),
    ),
    Grant(
        sid="Cluster",
        on="the stack's cluster",
        resource=lambda place: place.arn("ecs", f"cluster/{place.prefix}*"),
        needs=(
            Need(action="ecs:ListContainerInstances", verbs=("doctor",), why="lists the EC2 instances of the cluster"),
        ),
    ),
    Grant(
        sid="Instances",
        on="the container instances of the stack's cluster",
        resource=lambda place: place.arn("ecs", f"container-instance/{place.prefix}*/*"),
        needs=(
            Need(
                action="ecs:DescribeContainerInstances",
                verbs=("doctor",),
                why="tells whether one of them is large enough for a task",
            ),
        ),
    ),
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
    Grant(
        sid="RunTasks",
        on="the task definitions of jobs without a state machine, in the stack's cluster",
        resource=lambda place: place.arn("ecs", f"task-definition/{place.prefix}*:*"),
        condition=lambda place: {
            "ArnLike": {"ecs:cluster": place.arn("ecs", f"cluster/{place.prefix}*")},
            "StringEquals": {f"aws:ResourceTag/{RUN_ON_TAG}": "task"},
        },
        needs=(Need(action="ecs:RunTask", verbs=STARTING, why="starts a run of a job without a state machine"),),
    ),
    Grant(
        sid="TagThoseTasks",
        on="tasks that are being started in the stack's cluster",
        resource=lambda place: place.arn("ecs", f"task/{place.prefix}*/*"),
        condition=lambda _: {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        needs=(Need(action="ecs:TagResource", verbs=STARTING, why="gives such a task its job's tags"),),
    ),
    Grant(
        sid="GiveRoles",
        on="the stack's roles, for tasks of ECS and for schedules",
        resource=lambda place: f"arn:{place.partition}:iam::{place.account}:role/{place.prefix}*",
        condition=lambda _: {
            "StringEquals": {"iam:PassedToService": ["ecs-tasks.amazonaws.com", "scheduler.amazonaws.com"]}
        },
        needs=(
            # https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role
            Need(
                action="iam:PassRole",
                verbs=(*STARTING, "pause", "resume"),
                why="gives a task without a state machine the roles of its definition, and leaves a schedule its own: "
                "AWS has whoever updates one give it anew",
            ),
        ),
    ),
    # With its streams: who may filter a group's events reads every stream of it anyway.
    Grant(
        sid="Logs",
        on="the jobs' log groups",
        resource=lambda place: place.arn("logs", f"log-group:{place.stack_log_group_prefix}*"),
        needs=(
            Need(
                action="logs:GetLogEvents",
                verbs=OF_ATTEMPTS,
                why="reads what a task or a function wrote; of `start`, with `--follow`",
            ),
            Need(
                action="logs:FilterLogEvents",
                verbs=OF_ATTEMPTS,
                why="finds the log stream of a function that was cut off; of `start`, with `--follow`",
            ),
        ),
    ),
    Grant(
        sid="Functions",
        on="the jobs' Lambda functions",
        resource=lambda place: place.function_arn("*"),
        needs=(
            Need(
                action="lambda:GetFunctionConfiguration",
                verbs=OF_ATTEMPTS,
                why="tells where a function logs that was cut off; of `start`, with `--follow`",
            ),
        ),
    ),
    Grant(
        sid="Ledger",
        on="the ledger's log group",
        resource=lambda place: place.arn("logs", f"log-group:{place.ledger_prefix}*"),
        needs=(
            Need(action="logs:FilterLogEvents", verbs=OF_TASKS, why="reads the ledger"),
            Need(action="logs:CreateLogStream", verbs=("dead-letters retry",), why="makes a stream for a late line"),
            Need(action="logs:PutLogEvents", verbs=("dead-letters retry",), why="writes that line"),
        ),
    ),
    Grant(
        sid="Rules",
        on="the stack's rules",
        resource=lambda place: place.rule_arn_pattern,
        needs=(
            Need(action="events:DisableRule", verbs=("pause",), why="switches a rule off"),
            Need(action="events:EnableRule", verbs=("resume",), why="switches a rule on"),
            Need(
                action="events:ListTargetsByRule",
                verbs=WHERE_TASKS_ARE,
                why="tells what a rule delivers, and where to; how it starts a task without a state machine",
            ),
            Need(
                action="events:ListTagsForResource", verbs=("doctor",), why="tells whose a rule is that starts no job"
            ),
        ),
    ),
    Grant(
        sid="NotesOfPauses",
        on=f"the tag `{TAG}` of the jobs' rules",
        resource=lambda place: place.rule_arn_pattern,
        # By the other tags the jobs are found.
        condition=lambda _: {"ForAllValues:StringEquals": {"aws:TagKeys": [TAG]}},
        needs=(
            Need(action="events:TagResource", verbs=("pause",), why="notes who paused a job, when and why"),
            Need(action="events:UntagResource", verbs=("resume",), why="takes that away"),
        ),
    ),
    Grant(
        sid="DeadLetters",
        on="the dead-letter queue",
        resource=lambda place: place.arn("sqs", f"{place.prefix}dead-letters-*"),
        needs=(
            Need(action="sqs:GetQueueAttributes", verbs=("doctor", "dead-letters list"), why="counts letters"),
            Need(action="sqs:ReceiveMessage", verbs=LETTERS, why="takes letters in hand, to read them"),
            Need(action="sqs:ChangeMessageVisibility", verbs=LETTERS, why="gives back those that stay"),
            Need(
                action="sqs:DeleteMessage",
                verbs=("dead-letters retry", "dead-letters discard"),
                why="takes away those that do not",
            ),
        ),
    ),
    Grant(
        sid="Alerts",
        on="the stack's own topic",
        resource=lambda place: place.arn("sns", f"{place.prefix}alerts-*"),
        needs=(Need(action="sns:Publish", verbs=("dead-letters retry",), why="publishes a late alert"),),
    ),
    # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#sns-what-permissions-for-sse
    Grant(
        sid="KeyOfAlerts",
        on="keys, for the stack's own topic",
        resource=lambda place: place.arn("kms", "key/*"),
        condition=lambda place: {
            "StringLike": {"kms:EncryptionContext:aws:sns:topicArn": place.arn("sns", f"{place.prefix}alerts-*")}
        },
        needs=(
            Need(action="kms:GenerateDataKey", verbs=("dead-letters retry",), why="has SNS encrypt that alert"),
            Need(action="kms:Decrypt", verbs=("dead-letters retry",), why="lets SNS use the key that it is given"),
        ),
    ),
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
    Grant(
        sid="AccessEntries",
        on="the access entries that the stack's roles have in EKS clusters",
        resource=lambda place: place.arn("eks", f"access-entry/*/role/{place.account}/{place.prefix}*/*"),
        needs=(
            Need(
                action="eks:DescribeAccessEntry",
                verbs=("doctor",),
                why="tells whether a cluster lets the runs of its jobs in",
            ),
        ),
    ),
    Grant(
        sid="Roles",
        on="the stack's roles",
        resource=lambda place: f"arn:{place.partition}:iam::{place.account}:role/{place.prefix}*",
        needs=(
            Need(
                action="iam:SimulatePrincipalPolicy",
                verbs=("doctor",),
                why="tells whether triggers and runs may do what they have to",
            ),
        ),
    ),
)
