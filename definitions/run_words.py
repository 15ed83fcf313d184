"""What an execution says of its run that depends on where the job runs: what ran, where its log is, how it ended."""

from dataclasses import dataclass, replace

from definitions.jsonata import literal
from definitions.outcome import Outcome
from definitions.task_definition import CONTAINER_NAME, LOG_STREAM_PREFIX
from spec.job import JobSpec

_UNSTARTED = literal([Outcome.NEVER_STARTED.value, Outcome.REFUSED.value])


@dataclass(frozen=True, kw_only=True)
class RunWords:
    """The words of one kind of place.

    Attributes:
        what_ran: the detail that names it, and those of its `log`: keys with their values, as JSONata.
        where_the_log_is: the end of a sentence, as JSONata.
        where_it_may_be: the same of an attempt that told nothing of its log and may have written one.
        ran_out: what comes before the memory that it had.
        its_timeout: what comes behind its timeout.
        refused: what was done to it.
        no_answer: what is said of one that never started where nobody has seen that it has not; None: somebody has.
    """

    what_ran: str
    log: str
    where_the_log_is: str
    where_it_may_be: str | None = None
    ran_out: str = "ran out of its"
    its_timeout: str = ""
    refused: str = "was refused and did not start"
    no_answer: str | None = None


def run_words(job: JobSpec, log_group_name: str) -> RunWords:
    """The words of where the job runs."""
    match job.run_on.kind:
        case "kubernetes":
            return _of_kubernetes_job(job)
        case "lambda":
            return _of_function(log_group_name)
        case "ec2":
            # A task that has waited for an instance has less time to run.
            return replace(_of_task(log_group_name), its_timeout=", its wait for an instance included,")
        case _:
            return _of_task(log_group_name)


def _of_task(log_group_name: str) -> RunWords:
    stream = f"; look for the latest stream {LOG_STREAM_PREFIX}/{CONTAINER_NAME}/... in log group {log_group_name}"
    return RunWords(
        what_ran="'taskArn': $run.taskArn",
        log=_log_stream(log_group_name),
        where_the_log_is=f"""($exists($run.logStream)
            ? {literal(f"; log group {log_group_name}, stream ")} & $run.logStream
            : {literal(f"; nothing was written to log group {log_group_name}")})""",
        where_it_may_be=literal(stream),
    )


def _of_function(log_group_name: str) -> RunWords:
    group = f"log group {log_group_name}"
    return RunWords(
        what_ran="'requestId': $run.requestId",
        log=_log_stream(log_group_name),
        where_the_log_is=f"""($exists($run.logStream)
            ? {literal(f"; {group}, stream ")} & $run.logStream
            : $exists($run.requestId) ? '; look for RequestId: ' & $run.requestId & {literal(f" in {group}")}
            : $run.mayRunOn or $not($run.outcome in {_UNSTARTED})
            ? {literal(f"; look for the latest stream in {group}")}
            : {literal(f"; nothing was written to {group}")})""",
        # Lambda's own trouble leaves it open: a function is not looked for, as a task is.
        no_answer="may have run: Lambda gave no answer",
    )


def _of_kubernetes_job(job: JobSpec) -> RunWords:
    kubectl = f"; kubectl logs --namespace {job.run_on.namespace} job/"
    there = f"($run.outcome in {_UNSTARTED} ? $run.mayRunOn : $run.outcome != {literal(Outcome.STOPPED.value)})"
    return RunWords(
        what_ran="'kubernetesJob': $run.kubernetesJob",
        # A cluster has a way of its own to keep logs, if it keeps them: here are the last lines.
        log="'log': $run.log",
        where_the_log_is=f"""($exists($run.kubernetesJob) and {there}
            ? {literal(kubectl)} & $split($run.kubernetesJob, '/')[1]
            : '; there is no Job of it in the cluster')""",
        # A Job's condition says no more than that its container was killed.
        ran_out="was killed, most likely for want of more than its",
        # A pod that waits for a node or an image until then ends in the same way.
        its_timeout=", its start included,",
        # A cluster may refuse to tell of a Job that runs.
        refused="was refused",
    )


def _log_stream(log_group_name: str) -> str:
    return f"'logGroup': {literal(log_group_name)}, 'logStream': $run.logStream"
