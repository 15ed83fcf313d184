"""What an execution says when it is over: the output of a success or of a skipped run, and the cause of a failure.

A cause is one sentence for a person, then a newline, then the same facts as JSON for a program.
"""

from definitions.jsonata import expression, literal
from definitions.outcome import Outcome
from definitions.place import Place
from definitions.run_task import SCHEDULED_TIME
from definitions.task_definition import CONTAINER_NAME, LOG_STREAM_PREFIX
from spec.durations import duration_text
from spec.job import JobSpec


def success_output(job: JobSpec, place: Place, log_group_name: str) -> str:
    """The output of a succeeded execution, as a JSONata expression.

    Keys: job, stack, status, exitCode, taskArn, startedAt, stoppedAt, scheduledTime, attempts, startRetries, logGroup,
    logStream; result, of a job that leaves one. Like every fact that AWS tells, one that AWS left out is left out here.
    """
    result = "'result': $result" if job.results else ""
    return expression(_facts(job, place, log_group_name, status="SUCCEEDED", more=result))


def skipped_output(job: JobSpec, place: Place) -> str:
    """The output of an execution that ended before its job was started, as a JSONata expression.

    Keys: job, stack, status (SKIPPED), reason (a sentence for a person), because (the execution it made way for, where
    that is known), scheduledTime.
    """
    return expression(f"""{{
        'job': {literal(job.name)},
        'stack': {literal(place.stack)},
        'status': 'SKIPPED',
        'reason': $skipped.reason,
        'because': $skipped.because,
        'scheduledTime': {SCHEDULED_TIME}
    }}""")


def failure_cause(job: JobSpec, place: Place, log_group_name: str, outcome: Outcome) -> str:
    """The Cause of a failed execution, as a JSONata expression.

    The details have the keys of the output and, where AWS told them, stopCode and reason.
    """
    facts = _facts(job, place, log_group_name, status="FAILED", more="'stopCode': $run.stopCode, 'reason': $run.reason")
    return expression(f"{_sentence(job, place, log_group_name, outcome)} & {literal(chr(10))} & $string({facts})")


def _facts(job: JobSpec, place: Place, log_group_name: str, *, status: str, more: str = "") -> str:
    return f"""{{
        'job': {literal(job.name)},
        'stack': {literal(place.stack)},
        'status': {literal(status)},
        'exitCode': $run.exitCode,
        'taskArn': $run.taskArn,
        'startedAt': $run.startedAt,
        'stoppedAt': $run.stoppedAt,
        'scheduledTime': {SCHEDULED_TIME},
        'attempts': $attempt,
        'startRetries': $startRetries,
        'logGroup': {literal(log_group_name)},
        'logStream': $run.logStream{", " + more if more else ""}
    }}"""


def _sentence(job: JobSpec, place: Place, log_group_name: str, outcome: Outcome) -> str:
    """What happened, in which attempt, and where the log is, as JSONata. It ends in a name, ready to be copied."""
    which = f"{job.name} ({place.stack})"
    group = f"log group {log_group_name}"
    log = f"""($exists($run.logStream)
        ? {literal(f"; {group}, stream ")} & $run.logStream
        : {literal(f"; nothing was written to {group}")})"""
    why = "' (' & ($exists($run.reason) ? $run.reason : 'AWS gave no reason') & ')'"
    after, within = _attempts(job)
    match outcome:
        case Outcome.EXITED_NON_ZERO:
            said = f"{literal(f'{which} exited with code ')} & $string($run.exitCode) & {_final(job)}{after}"
        case Outcome.OUT_OF_MEMORY:
            code = "($exists($run.exitCode) ? ' (exit code ' & $string($run.exitCode) & ')' : '')"
            said = f"{literal(f'{which} ran out of its {job.memory_mib} MiB of memory')} & {code} & {after}"
        case Outcome.TIMED_OUT:
            timeout = duration_text(job.timeout_seconds)
            said = f"{literal(f'{which} ran longer than its timeout of {timeout}')} & {within} & ' and was stopped'"
            log = literal(f"; look for the latest stream {LOG_STREAM_PREFIX}/{CONTAINER_NAME}/... in {group}")
        case Outcome.NEVER_STARTED:
            error = "($exists($run.startError) ? ': ' & $run.startError : '')"
            said = f"{literal(f'{which} never started')} & {within} & {error} & {why}"
        case Outcome.REFUSED:
            error = "($exists($run.startError) ? ': ' & $run.startError : '')"
            said = f"{literal(f'{which} was refused and did not start')} & {within} & {error} & {why}"
        case Outcome.INTERRUPTED:
            code = "($exists($run.stopCode) ? ': ' & $run.stopCode : '')"
            said = f"{literal(f'{which} lost its machine before it finished')} & {within} & {code} & {why}"
        case Outcome.STOPPED:
            said = f"{literal(f'{which} was stopped by a person or a tool')} & {within} & {why}"
        case Outcome.INVALID_RESULT:
            said = f"{literal(f'{which} exited with code 0')} & {within} & ' and left ' & $run.reason"
        case Outcome.UNEXPLAINED:
            said = f"{literal(f'{which} failed')} & {within} & ', and AWS did not explain it' & {why}"
            log = literal(f"; look for the latest stream {LOG_STREAM_PREFIX}/{CONTAINER_NAME}/... in {group}")
        case Outcome.SUCCEEDED:
            raise ValueError("a success has an output, not a cause")
    return f"{said} & {log}"


def _attempts(job: JobSpec) -> tuple[str, str]:
    """How many attempts of each kind there were, after them and within the last, as JSONata."""
    allowed, restarts = job.retries.attempts + 1, job.start_retries.attempts
    restarted = (
        f"($startRetries > 0 ? ' and ' & $string($startRetries) & {literal(f' of {restarts} start retries')} : '')"
    )
    if allowed == 1:
        return f"' after 1 attempt' & {restarted}", f"' in its only attempt' & {restarted}"
    return (
        f"' after ' & $string($attempt) & {literal(f' of {allowed} attempts')} & {restarted}",
        f"' in attempt ' & $string($attempt) & {literal(f' of {allowed}')} & {restarted}",
    )


def _final(job: JobSpec) -> str:
    """Says of an exit code that is never retried that it is, as JSONata to be followed by more."""
    if not job.retries.final_exit_codes:
        return ""
    return f"($run.exitCode in {literal(list(job.retries.final_exit_codes))} ? ', which is never retried,' : '') & "
