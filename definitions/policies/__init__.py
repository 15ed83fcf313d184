"""The IAM policies of a stack, least privilege: what each role and the dead-letter queue allow, and to whom."""

from definitions.policies.alerts import alert_key_policy, alert_topic_policy
from definitions.policies.execution_role import execution_role_policy, needs_own_execution_role
from definitions.policies.function_role import function_images_policy, function_role_policy
from definitions.policies.ledger import ledger_policy
from definitions.policies.results import results_bucket_policy
from definitions.policies.start_role import start_role_policy
from definitions.policies.starter import starter_policy
from definitions.policies.state_machine_role import state_machine_role_policy
from definitions.policies.task_role import task_role_policy
from definitions.policies.trigger_role import dead_letter_queue_policy, trigger_role_policy

__all__ = [
    "alert_key_policy",
    "alert_topic_policy",
    "dead_letter_queue_policy",
    "execution_role_policy",
    "function_images_policy",
    "function_role_policy",
    "ledger_policy",
    "needs_own_execution_role",
    "results_bucket_policy",
    "start_role_policy",
    "starter_policy",
    "state_machine_role_policy",
    "task_role_policy",
    "trigger_role_policy",
]
