"""What an execution says when it is over: the output of a success, and the cause of a failure.

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

    Keys: job, stack, status, exitCode, taskArn, startedAt, stoppedAt, scheduledTime, attempts, logGroup, logStream.
    Like every fact that AWS tells, one that AWS left out is left out here.
    """
    return expression(_facts(job, place, log_group_name, status="SUCCEEDED"))


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
        'logGroup': {literal(log_group_name)},
        'logStream': $run.logStream{", " + more if more else ""}
    }}"""


def _sentence(job: JobSpec, place: Place, log_group_name: str, outcome: Outcome) -> str:
    allowed = job.retries.attempts + 1
    which = f"{job.name} ({place.stack})"
    group = f"log group {log_group_name}"
    after = f"' after ' & $string($attempt) & {literal(' of ' + _count(allowed, 'attempt'))}"
    log = f"""($exists($run.logStream)
        ? {literal(f"; {group}, stream ")} & $run.logStream & '.'
        : {literal(f"; nothing was written to {group}.")})"""
    why = "($exists($run.reason) ? $run.reason : 'AWS gave no reason')"
    match outcome:
        case Outcome.EXITED_NON_ZERO:
            final = ", which is never retried,"
            codes = literal(list(job.retries.final_exit_codes))
            note = f"($run.exitCode in {codes} ? {literal(final)} : '') & " if job.retries.final_exit_codes else ""
            said = f"{literal(f'{which} exited with code ')} & $string($run.exitCode) & {note}{after}"
        case Outcome.OUT_OF_MEMORY:
            code = "($exists($run.exitCode) ? ' (exit code ' & $string($run.exitCode) & ')' : '')"
            said = f"{literal(f'{which} ran out of its {job.memory_mib} MiB of memory')} & {code} & {after}"
        case Outcome.TIMED_OUT:
            timeout = duration_text(job.timeout_seconds)
            said = f"{literal(f'{which} did not finish within its timeout of {timeout}')} & {after}"
            log = literal(f"; {group}, its latest stream {LOG_STREAM_PREFIX}/{CONTAINER_NAME}/... if it had started.")
        case Outcome.NEVER_STARTED:
            said = f"{literal(f'{which} never started (')} & {_start_error(why)} & ')' & {after}"
        case Outcome.INTERRUPTED:
            code = "($exists($run.stopCode) ? $run.stopCode & ': ' : '')"
            said = f"{literal(f'{which} lost its machine before it finished (')} & {code} & {why} & ')' & {after}"
        case Outcome.STOPPED:
            said = f"{literal(f'{which} was stopped by a person or a tool (')} & {why} & ')' & {after}"
        case Outcome.UNEXPLAINED:
            said = f"{literal(f'{which} failed, and what AWS says of it explains nothing (')} & {why} & ')' & {after}"
            log = literal(f"; look for its latest stream in {group}.")
        case Outcome.SUCCEEDED:
            raise ValueError("a success has an output, not a cause")
    return f"{said} & {log}"


def _start_error(why: str) -> str:
    return f"($exists($run.startError) ? $run.startError & ': ' : '') & {why}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
