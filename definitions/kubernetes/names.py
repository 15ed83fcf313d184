"""What things are called in the cluster.

https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
"""

from definitions.jsonata import ME, default, literal
from definitions.place import Place
from definitions.run_task import TaskRun
from spec.service_accounts import cluster_label

_MOST_OF_A_NAME = 42
"""A Job's name is a label's value too, of at most 63 characters: what is left are a hyphen and the digits of a hash."""
_HASH_DIGITS = 20


def group(place: Place) -> str:
    """The Kubernetes group that the roles of the stack's state machines are in, and what its rights are called."""
    return f"{place.prefix}jobs"


def job_name(task: TaskRun) -> str:
    """The name of the Job of the attempt in hand, as JSONata: the container's, and a hash of what is the attempt's
    alone.

    Whoever asks twice for an attempt gets the same name, which Kubernetes refuses the second time.
    """
    readable = cluster_label(task.container)[:_MOST_OF_A_NAME].rstrip("-")
    attempt = f"$string({default('attempt', 1)}) & '-' & $string({default('startRetries', 0)})"
    # The execution's own ARN, where a map has each item run in one of its own too.
    parts = " & '/' & ".join([ME, f"$string({task.run.redrives})", *task.path, attempt])
    return f"{literal(f'{readable}-')} & $substring($hash({parts}, 'SHA-256'), 0, {_HASH_DIGITS})"
